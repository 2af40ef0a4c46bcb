"""Appending to a log: one write, one sync, then the acknowledgement; what fails is never acknowledged."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, json
from msgspec.structs import replace

from tkcore.disk import Disk, Lock
from tkcore.errors import BadInput, WriteFailed
from tkcore.events import LogRecovered, Record
from tkcore.log import COMMIT, Head, Header, Line, Scan, chained, segment_name
from tkcore.manifest import Manifest, weigh
from tkcore.records import encode, encode_event


def holder(now: str) -> str:
    """Return the line a lock shows to whoever comes second."""
    return f"process {os.getpid()} on {socket.gethostname()}, since {now}"


class Stored(Struct, frozen=True, gc=False):
    """A record that is on the disk, and its line."""

    record: Record
    line: Line


class Writer:
    """The one who appends: holds the lock for life, acknowledges after the sync.

    After a failed sync the segment is given up: what it holds beyond the last acknowledged record counts for
    nothing, and the next append begins a new segment (a second sync of the same file would lie).
    """

    def __init__(
        self, folder: Path, log: str, found: Scan, disk: Disk, lock: Lock, *, logged: int = 0
    ) -> None:
        self.folder, self.log, self.disk = folder, log, disk
        self.head, self._chain = found.head, bytes.fromhex(found.chain)
        self._unsaid: list[Stored] = []
        """What was recorded by itself and not yet returned."""
        self._lock = lock
        self._fd = -1
        self._segment = len(found.segments) - 1
        self._size = found.sound
        self._poisoned = False
        self._tried = 0
        vouched = 0 if found.manifest is None else len(found.manifest.segments)
        if len(found.segments) > vouched:
            # a writer that died may have left lines that look written and were never synced
            disk.settle(found.segments[-1], COMMIT)
            if not found.tail:
                self._fd = disk.open_append(found.segments[-1], create=False)
        if found.tail or not found.segments:
            self._begin(found.tail, logged)

    def append(self, events: Sequence[Record]) -> list[Stored]:
        """Store the records of one entry, all or none, and return them with their numbers.

        A record of what was given up after an I/O error may stand before them.
        Raises WriteFailed: nothing of the entry counts, and it may be tried again.
        """
        logged = events[0].logged if events else 0
        if self._poisoned:
            self._begin(self._left(), logged)
        elif self._fd < 0:
            self._begin(b"", logged)
        seq, chain, at, segment = self.head.seq, self._chain, self._size, self._segment
        stored, lines = [], []
        for event in events:
            seq += 1
            record = replace(event, seq=seq)
            line, chain = chained(encode(record), chain)
            stored.append(Stored(record, Line(seq, segment, at, line)))
            lines.append(line)
            at += len(line) + 1
        self._commit(b"\n".join(lines) + b"\n" if lines else b"")
        if lines:
            self.head, self._chain = Head(seq, chain.hex()), chain
        self._poisoned = False
        unsaid, self._unsaid = self._unsaid, []
        return unsaid + stored

    def mend(self) -> None:
        """Give the last line the newline a crash has cut off."""
        self._commit(b"\n")
        self._poisoned = False

    def _commit(self, data: bytes) -> None:
        if len(data) > COMMIT:
            raise BadInput(
                "an entry of {size} bytes is too large (the most is {most})", size=len(data), most=COMMIT
            )
        # until it is known to be on the disk, or off it again, nothing may be written behind it
        self._poisoned, self._tried = True, len(data)
        try:
            written = self.disk.write(self._fd, data)
            if written != len(data):
                raise OSError(28, f"only {written} of {len(data)} bytes were written")
        except OSError as error:
            self._take_back(error)
        try:
            self.disk.sync(self._fd)
        except OSError as error:
            raise WriteFailed(
                "{log}: the disk did not confirm what was written ({error}). It is not stored: try again, and check the disk",
                log=self.log,
                error=error.strerror or error,
            ) from error
        self._size += len(data)

    def _take_back(self, error: OSError) -> None:
        try:
            self.disk.truncate(self._fd, self._size)
            self._poisoned = False
        except OSError:
            pass
        raise WriteFailed(
            "{log}: could not be written ({error}). Nothing of this entry is stored: make room on the disk, then try again",
            log=self.log,
            error=error.strerror or error,
        ) from error

    def _left(self) -> bytes:
        """Return what the segment holds beyond the last acknowledged record."""
        try:
            return self.disk.read(self.folder / segment_name(self._segment))[self._size :]
        except OSError:
            return b""

    def _begin(self, left: bytes, logged: int) -> None:
        """Begin the next segment, which accounts for what the one before it holds beyond its last record.

        It is there whole or not at all.
        """
        number = self._segment + 1
        path = self.folder / segment_name(number)
        header = Header(log=self.log, segment=number, prev=self._chain.hex())
        line, chain = chained(json.encode(header), self._chain)
        data, head, note = line + b"\n", self.head, None
        dropped = max(len(left), self._tried if self._poisoned else 0)
        if dropped:
            record = LogRecovered(
                dropped=dropped, sha256=hashlib.sha256(left).hexdigest(), seq=head.seq + 1, logged=logged,
                observer="recorder",
            )  # fmt: skip
            line, chain = chained(encode_event(record), chain)
            note = Stored(record, Line(record.seq, number, len(data), line))
            data, head = data + line + b"\n", Head(record.seq, chain.hex())
        try:
            self.disk.store(path, data)
            fd = self.disk.open_append(path, create=False)
        except (WriteFailed, OSError) as error:
            raise WriteFailed(
                "{log}: no new segment could be written ({error}). Nothing is stored: make room on the disk, then try again",
                log=self.log, error=getattr(error, "strerror", None) or error,
            ) from error  # fmt: skip
        self.release()
        self._fd, self._segment, self._size, self._poisoned = fd, number, len(data), False
        self.head, self._chain = head, chain
        if note is not None:
            self._unsaid.append(note)

    def release(self) -> None:
        """Close the file and keep the lock."""
        if self._fd >= 0:
            with suppress(OSError):  # what was acknowledged has been synced
                self.disk.close(self._fd)
            self._fd = -1

    def close(self) -> None:
        self.release()
        self._lock.close()


def vouch(folder: Path, found: Scan, parquet: Iterable[Path], disk: Disk) -> Manifest:
    """Write the MANIFEST of a log that is whole; an earlier one is kept as MANIFEST.<seq>.

    Raises WriteFailed; the manifest there was stays.
    """
    old = folder / "MANIFEST"
    before = () if found.manifest is None else found.manifest.segments
    try:
        for path in found.segments[len(before) :]:
            # what was given up after an I/O error may be in the cache alone, and is weighed with the rest
            disk.settle(path, COMMIT)
        if found.manifest is not None:
            disk.store(folder / f"MANIFEST.{found.manifest.seq}", disk.read(old))
        manifest = Manifest(
            log=found.log,
            segments=tuple(weigh(path, disk) for path in found.segments),
            seq=found.head.seq,
            h=found.head.h,
            count=found.head.seq + 1,
            parquet=tuple(weigh(path, disk) for path in parquet),
        )
    except OSError as error:
        raise WriteFailed(
            "{folder} cannot be closed ({error}). Its records are safe: check the disk and close it again",
            folder=folder, error=error.strerror or error,
        ) from error  # fmt: skip
    disk.store(old, json.format(json.encode(manifest), indent=1))
    return manifest
