"""What a writer knows of its log without keeping it: where each record lies, and which entries are there.

A day's session has hundreds of thousands of records; a recorder must come back to it in little memory. Short logs
are kept decoded all the same: a correction looks at every record.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tkcore.disk import Disk
from tkcore.events import Record
from tkcore.log import COMMIT, Line, Stub, segment_name, stub_of
from tkcore.records import decode, is_newer

KEEP = 10_000
"""The most records that are kept decoded."""
_SEGMENT = 40
_OFFSET = (1 << _SEGMENT) - 1
"""A place is the segment's number above 40 bits of offset."""
RECORDER = "recorder"
"""The observer of what nobody typed: ticks, recoveries."""


class Ledger:
    """The records of one log by number and by entry, in bounded memory."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder, self.disk = folder, disk
        self._places = array("Q")
        self._first: dict[int | str, int] = {}
        self._more: dict[int | str, list[int]] = {}
        self._last: int | str = ""
        self._kept: list[Record] | None = []
        self.newer = False
        """Whether a record is of a version that only a newer tkcore knows."""

    def __len__(self) -> int:
        return len(self._places)

    def put(self, line: Line, record: Record | None = None) -> None:
        """Take in the next line; `record` is what it says, where that is known."""
        self._places.append(line.segment << _SEGMENT | line.offset)
        if self._kept is not None:
            self._kept.append(decode(line.data) if record is None else record)
            if len(self._kept) > KEEP:
                self._kept = None
        stub: Record | Stub = record or stub_of(line.data)
        self.newer |= isinstance(stub, Stub) and is_newer(stub.t, stub.v)
        if stub.id and stub.observer != RECORDER:
            self._index(stub.id, len(self._places) - 1)
        else:
            self._last = ""

    def _index(self, record_id: str, seq: int) -> None:
        entry = _key(record_id[:30])
        if entry not in self._first:
            self._first[entry] = seq
        elif entry != self._last:
            self._more.setdefault(entry, []).append(seq)
        self._last = entry

    def entry(self, entry: str) -> list[Record]:
        """Return the records stored under an entry's id, in order; none if it is not there."""
        key = _key(entry)
        if key not in self._first:
            return []
        found = []
        for begin in (self._first[key], *self._more.get(key, ())):
            for seq in range(begin, len(self)):
                record = self[seq]
                if record.id[:30] != entry:
                    break
                found.append(record)
        return found

    def line(self, seq: int) -> bytes:
        """Return the stored line of a record."""
        place = self._places[seq]
        with self.disk.open_read(self.folder / segment_name(place >> _SEGMENT)) as source:
            source.seek(place & _OFFSET)
            return source.readline(COMMIT + 1)[:-1]

    def __getitem__(self, seq: int) -> Record:
        return self._kept[seq] if self._kept is not None else decode(self.line(seq))

    def __iter__(self) -> Iterator[Record]:
        """The records so far, in log order; those of a long log come from the disk."""
        if self._kept is not None:
            yield from self._kept[:]
            return
        end = len(self)
        for segment, places in groupby(self._places[:end], lambda place: place >> _SEGMENT):
            with self.disk.open_read(self.folder / segment_name(segment)) as source:
                at = 0
                for place in places:
                    if at != place & _OFFSET:
                        at = source.seek(place & _OFFSET)
                    raw = source.readline(COMMIT + 1)
                    at += len(raw)
                    yield decode(raw[:-1])


def _key(entry: str) -> int | str:
    """A number takes half the memory of its digits; ids from elsewhere may be no digits."""
    try:
        return int(entry, 16)
    except ValueError:
        return entry
