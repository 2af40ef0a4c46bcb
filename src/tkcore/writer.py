"""Appending to a log: one write, one sync, then the acknowledgement; what fails is never acknowledged."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from msgspec import json
from msgspec.structs import replace

from tkcore.disk import Disk, Lock
from tkcore.errors import BadInput, WriteFailed
from tkcore.events import Event, LogRecovered
from tkcore.log import COMMIT, Head, Header, Scan, hash_of, seal, segment_name
from tkcore.records import encode


def holder(now: str) -> str:
    """Return the line a lock shows to whoever comes second."""
    return f"process {os.getpid()} on {socket.gethostname()}, since {now}"


class Writer:
    """The one who appends: holds the lock for life, acknowledges after the sync.

    After a failed sync the segment is given up: what it holds beyond the last acknowledged record counts for
    nothing, and the next append begins a new segment (a second sync of the same file would lie).
    """

    def __init__(self, folder: Path, log: str, found: Scan, disk: Disk, lock: Lock) -> None:
        self.folder, self.log, self.disk = folder, log, disk
        self.head = found.head
        self.hashes = found.hashes
        self._lock = lock
        self._fd = -1
        self._segment = len(found.segments) - 1
        self._size = found.sound
        self._poisoned = False
        vouched = 0 if found.manifest is None else len(found.manifest.segments)
        if len(found.segments) > vouched:
            self._fd = disk.open_append(found.segments[-1], create=False)
        else:
            self._begin()

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Store the records of one entry, all or none, and return them with their numbers.

        Raises WriteFailed: nothing of the entry counts, and it may be tried again.
        """
        stamped: list[Event] = []
        parts: list[bytes] = []
        if self._poisoned:
            self._begin()
        head = self.head
        for event in events:
            record = replace(event, seq=head.seq + 1)
            line, h = seal(encode(record), head.h)
            head = Head(record.seq, h)
            stamped.append(record)
            parts.append(line)
        self._commit(b"".join(parts))
        self.hashes += [hash_of(line[:-1]) for line in parts]
        self.head = head
        return stamped

    def mend(self) -> None:
        """Give the last line the newline a crash has cut off."""
        self._commit(b"\n")

    def _commit(self, data: bytes) -> None:
        if len(data) > COMMIT:
            raise BadInput(
                "an entry of {size} bytes is too large (the most is {most})", size=len(data), most=COMMIT
            )
        try:
            written = self.disk.write(self._fd, data)
            if written != len(data):
                raise OSError(28, f"only {written} of {len(data)} bytes were written")
        except OSError as error:
            self._take_back(error)
        try:
            self.disk.sync(self._fd)
        except OSError as error:
            self._poisoned = True
            raise WriteFailed(
                "{log}: the disk did not confirm what was written ({error}). It is not stored: try again, and check the disk",
                log=self.log,
                error=error.strerror or error,
            ) from error
        self._size += len(data)

    def _take_back(self, error: OSError) -> None:
        try:
            self.disk.truncate(self._fd, self._size)
        except OSError:
            self._poisoned = True
        raise WriteFailed(
            "{log}: could not be written ({error}). Nothing of this entry is stored: make room on the disk, then try again",
            log=self.log,
            error=error.strerror or error,
        ) from error

    def _begin(self) -> None:
        """Begin the next segment; after an I/O error it accounts for what it leaves behind."""
        number = self._segment + 1
        path = self.folder / segment_name(number)
        left = b""
        if self._poisoned:
            left = self.disk.read(self.folder / segment_name(self._segment))[self._size :]
        header, h = seal(json.encode(Header(log=self.log, segment=number, prev=self.head.h)), self.head.h)
        data, head = header, Head(self.head.seq, h)
        if left:
            note = LogRecovered(
                dropped=len(left),
                sha256=hashlib.sha256(left).hexdigest(),
                seq=head.seq + 1,
                observer="recorder",
            )
            line, h = seal(encode(note), head.h)
            data, head = data + line, Head(note.seq, h)
        try:
            # a beginning that failed before may have left the file: it holds nothing acknowledged
            path.unlink(missing_ok=True)
            fd = self.disk.open_append(path, create=True)
            if self.disk.write(fd, data) != len(data):
                raise OSError(28, "No space left on device")
            self.disk.sync(fd)
            self.disk.sync_folder(self.folder)
        except OSError as error:
            raise WriteFailed(
                "{log}: no new segment could be written ({error}). Nothing is stored: make room on the disk, then try again",
                log=self.log,
                error=error.strerror or error,
            ) from error
        if self._fd >= 0:
            self.disk.close(self._fd)
        if left:
            self.hashes.append(head.h)
        self._fd, self._segment, self._size, self._poisoned, self.head = fd, number, len(data), False, head

    def close(self) -> None:
        if self._fd >= 0:
            self.disk.close(self._fd)
            self._fd = -1
        self._lock.close()
