"""Opening a log to write: what a crash has left is told apart, mended where that is safe, and put on record."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError

from tkcore.disk import Disk, Lock
from tkcore.errors import BadInput, Damaged, NotAllowed, TkError, WriteFailed
from tkcore.events import Event, Record
from tkcore.ledger import Ledger
from tkcore.log import Damage, Head, Scan, walk
from tkcore.records import decode
from tkcore.writer import Writer, holder

PATIENCE = 5.0
"""Seconds an append to a group's or the workspace's log waits for another's."""


def open_log(
    folder: Path, log: str, disk: Disk, *, now: str, logged: int, wait: float = 0.0
) -> tuple[Writer, Ledger]:
    """Lock a log, recover it and return its writer with what it holds; a new folder becomes a new log.

    Raises Locked; Damaged where a person must decide or the log may only be read; WriteFailed.
    """
    try:
        disk.make_folder(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    lock = disk.lock(folder / "LOCK", holder(now), wait=wait)
    try:
        # whoever made these names may have died before they were on the disk
        for place in (folder, *folder.parents[:3]):
            with suppress(PermissionError):
                disk.sync_folder(place)
        while True:
            found, ledger = Scan(log=log), Ledger(folder, disk)
            for line in walk(folder, disk, found, trust=True):
                ledger.put(line)
                if ledger.newer:
                    raise newer(log)
            if found.damage is None:
                return Writer(folder, log, found, disk, lock), ledger
            if found.owner:
                raise Damaged(
                    "{folder} holds the log of {owner}, not of {log}: a folder was renamed, copied or swapped",
                    folder=folder, owner=found.owner, log=log,
                )  # fmt: skip
            if found.damage.kind not in ("torn", "missing_newline"):
                raise refusal(log, found.damage)
            _mend(folder, log, found, disk, lock, logged=logged)
    except OSError as error:
        lock.close()
        raise unwritable(folder, error) from error
    except BaseException:
        lock.close()
        raise


def unwritable(folder: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        "{folder} cannot be written ({error}). Nothing was changed: check the disk, its room and whether it may be written to",
        folder=folder, error=error.strerror or error,
    )  # fmt: skip


def newer(log: str) -> NotAllowed:
    return NotAllowed(
        "{log} was written by a newer tkcore: it is read as far as this one can, and not written. Install that version",
        log=log,
    )


def refusal(log: str, damage: Damage) -> TkError:
    """Return the error that says where a log is damaged and what to do."""
    if damage.kind == "newer":
        return newer(log)
    if damage.kind == "damaged_tail":
        return Damaged(
            "{log}: the last line (record {seq}, {segment} from byte {offset}) was altered after it was written. "
            "Nothing is cut without a person's decision: copy the folder, then see `tk recover {log}`",
            log=log, seq=damage.seq, segment=damage.segment, offset=damage.offset,
        )  # fmt: skip
    return Damaged(
        "{log}: damaged at record {seq}, {segment} from byte {offset}: {detail}. "
        "It can be read up to there and is not written any more: keep the folder, and fetch the last backup",
        log=log, seq=damage.seq, segment=damage.segment, offset=damage.offset, detail=Damaged(damage.detail),
    )  # fmt: skip


def _mend(folder: Path, log: str, found: Scan, disk: Disk, lock: Lock, *, logged: int) -> None:
    """Undo what a crash in the middle of a write has left; each step may be cut short itself and done again."""
    assert found.damage is not None
    if found.damage.kind == "missing_newline":
        found.tail, found.sound = b"", found.sound + len(found.tail.rstrip(b"\0"))
        _shorten(found.segments[-1], found.sound, disk)
        writer = Writer(folder, log, found, disk, lock)
        writer.mend()
        writer.release()
    else:
        cut(folder, log, found, disk, lock, logged=logged)


def cut(folder: Path, log: str, found: Scan, disk: Disk, lock: Lock, *, logged: int) -> None:
    """Put what follows the last sound line aside, say so in a new segment, then cut it off.

    Once the new segment accounts for them the bytes no longer count: a crash between the steps changes nothing. A
    segment that never began is replaced by the new one.
    """
    assert found.damage is not None
    path = folder / found.damage.segment
    begun = path != found.stillborn and found.sound > 0
    if not begun:
        found.tail = disk.read(path)
        found.segments = [segment for segment in found.segments if segment != path]
    elif found.stillborn is not None:
        put_aside(folder, found.stillborn, 0, disk.read(found.stillborn), disk)
    put_aside(folder, path, found.sound if begun else 0, found.tail, disk)
    if not found.tail:
        disk.remove(path)
        return
    Writer(folder, log, found, disk, lock, logged=logged).release()
    if begun:
        _shorten(path, found.sound, disk)


def _shorten(path: Path, size: int, disk: Disk) -> None:
    if path.stat().st_size > size:
        fd = disk.open_append(path, create=False)
        try:
            disk.truncate(fd, size)
        finally:
            disk.close(fd)


def doubtful(folder: Path, log: str, disk: Disk) -> Scan:
    """Return a log whose end a person must decide about. Raises BadInput where that is not its state."""
    found = Scan(log=log)
    for _ in walk(folder, disk, found):
        pass
    if found.damage is None or found.damage.kind != "damaged_tail":
        if found.damage is not None and found.damage.kind == "corrupt":
            raise refusal(log, found.damage)
        raise BadInput("{log} needs no decision: tk verify {log} says what it is", log=log)
    return found


def accept_loss(folder: Path, log: str, disk: Disk, *, now: str, logged: int) -> None:
    """Cut off the altered last line of a log, kept aside and put on record, because a person said so.

    Raises Locked, BadInput, Damaged, WriteFailed.
    """
    lock = disk.lock(folder / "LOCK", holder(now))
    try:
        cut(folder, log, doubtful(folder, log, disk), disk, lock, logged=logged)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        lock.close()


def put_aside(folder: Path, path: Path, offset: int, tail: bytes, disk: Disk) -> None:
    """Keep the bytes that are cut off a segment."""
    if tail:
        digest = hashlib.sha256(tail).hexdigest()
        disk.store(folder / f"torn-{path.stem}-{offset}-{digest[:8]}.bin", tail)


def append_once(folder: Path, log: str, events: list[Event], disk: Disk, *, now: str, logged: int) -> Head:
    """Append one entry to a group's or the workspace's log, locked only for that."""
    writer, _ = open_log(folder, log, disk, now=now, logged=logged, wait=PATIENCE)
    try:
        writer.append(events)
        return writer.head
    finally:
        writer.close()


def read(folder: Path, disk: Disk, log: str = "") -> tuple[list[Record], Scan]:
    """Return what a log holds, for a reader: without a lock, up to the last whole line.

    What a writer may be about to finish is no damage; a torn tail is left to the next writer.
    Raises Damaged where a line that verifies is not a record.
    """
    for _ in range(3):
        found = Scan(log=log)
        try:
            records = [decode(line.data) for line in walk(folder, disk, found, trust=True)]
        except FileNotFoundError:
            continue  # a writer has just removed a segment that never began
        except DecodeError as error:
            raise Damaged(
                "{log}: a line that verifies is not a record: {error}", log=log, error=error
            ) from None
        if found.damage is not None and found.damage.kind in ("torn", "missing_newline"):
            found.damage = None
        return records, found
    raise Damaged("{folder} cannot be read: its segments come and go", folder=folder)
