"""Opening a log to write: what a crash has left is told apart, mended where that is safe, and put on record."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tkcore.disk import Disk, Lock
from tkcore.errors import Damaged, WriteFailed
from tkcore.events import Event, LogRecovered
from tkcore.log import GENESIS, Damage, Head, Scan, scan
from tkcore.writer import Writer, holder


def open_log(folder: Path, log: str, disk: Disk, *, now: str, logged: int) -> tuple[Writer, Scan]:
    """Lock a log, recover it and return its writer with what it holds; a new folder becomes a new log.

    Raises Locked; Damaged where a person must decide or the log may only be read.
    """
    disk.make_folder(folder)
    lock = disk.lock(folder / "LOCK", holder(now))
    try:
        found = scan(folder, disk)
        if found.log and found.log != log:
            raise Damaged(
                "{folder} holds the log of {other}, not of {log}", folder=folder, other=found.log, log=log
            )
        if found.damage is None:
            return Writer(folder, log, found, disk, lock), found
        if found.damage.kind == "missing_newline":
            writer = Writer(folder, log, found, disk, lock)
            writer.mend()
            writer.close()
            return open_log(folder, log, disk, now=now, logged=logged)
        if found.damage.kind == "torn":
            return _cut(folder, log, found, disk, lock, logged=logged)
        raise refusal(log, found.damage)
    except BaseException:
        lock.close()
        raise


def refusal(log: str, damage: Damage) -> Damaged:
    """Return the error that says where a log is damaged and what to do."""
    if damage.kind == "damaged_tail":
        return Damaged(
            "{log}: the last line (record {seq}, {segment} from byte {offset}) was altered after it was written. "
            "Nothing is cut without a person's decision: copy the folder, then ask for help",
            log=log, seq=damage.seq, segment=damage.segment, offset=damage.offset,
        )  # fmt: skip
    return Damaged(
        "{log}: damaged at record {seq}, {segment} from byte {offset}: {detail}. "
        "It can be read up to there and is not written any more",
        log=log, seq=damage.seq, segment=damage.segment, offset=damage.offset, detail=damage.detail,
    )  # fmt: skip


def _cut(folder: Path, log: str, found: Scan, disk: Disk, lock: Lock, *, logged: int) -> tuple[Writer, Scan]:
    """Put a torn tail aside, cut it off, and say so in the log."""
    path, offset, tail = found.segments[-1], found.sound, found.tail
    if tail:
        disk.store(folder / f"torn-{path.stem}-{offset}.bin", tail)
    if offset == 0:
        # not even the header was written: the segment never began
        found.segments.pop()
        path.unlink()
        disk.sync_folder(folder)
        if found.segments:
            found.sound = len(disk.read(found.segments[-1]))
    else:
        fd = disk.open_append(path, create=False)
        try:
            disk.truncate(fd, offset)
        except OSError as error:
            raise WriteFailed(
                "{path} could not be mended: {error}", path=path, error=error.strerror
            ) from error
        finally:
            disk.close(fd)
    found.damage, found.tail = None, b""
    writer = Writer(folder, log, found, disk, lock)
    note = LogRecovered(
        dropped=len(tail), sha256=hashlib.sha256(tail).hexdigest(), logged=logged, ts=0, observer="recorder"
    )
    if tail:
        writer.append([note])
    return writer, scan(folder, disk)


def append_once(folder: Path, log: str, events: list[Event], disk: Disk, *, now: str, logged: int) -> Head:
    """Append one entry to a group's or the workspace's log, locked only for that."""
    writer, _ = open_log(folder, log, disk, now=now, logged=logged)
    try:
        writer.append(events)
        return writer.head
    finally:
        writer.close()


def read(folder: Path, disk: Disk) -> Scan:
    """Return what a log holds, for a reader: without a lock, up to the last whole line.

    What a writer may be about to finish is no damage; a torn tail is left to the next writer.
    """
    found = scan(folder, disk)
    if found.damage is not None and found.damage.kind in ("torn", "missing_newline"):
        found.damage = None
    return found


EMPTY = Head(-1, GENESIS)
