"""Backups: what a workspace cannot be rebuilt without, in another folder, verified before and after copying.

A backup is a folder. Logs lie in it as in the workspace, so that a copied log verifies by itself; texts lie in its
vault; every other file lies under its digest. `BACKUP`, written last, is one JSON line sealed like a line of a log: it
says which files make the backup, and how much of each, so that a backup that is interrupted leaves the one before
whole. Nothing in the folder is written over or taken away: logs only grow, and what would have to shrink or change is
refused, for that is how a workspace that was set back is noticed. Keys are no texts and are not copied: they are
backed up apart (privacy.md §2).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, Struct, json

from tkcore.disk import Disk
from tkcore.errors import BadInput, Damaged, NotAllowed, NotFound, TkError
from tkcore.events import BackupRestored
from tkcore.log import GENESIS, Scan, follows, hash_of, seal, sound, walk
from tkcore.opening import Desk
from tkcore.recovery import append_once, unwritable
from tkcore.root import FILE
from tkcore.verifying import WORKSPACE, behind, verify

BACKUP = "BACKUP"
FORMAT = 1
STEP = 1 << 20
PATH = re.compile(r"(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]+(?:/(?=.)|$))+")
Progress = Callable[[int], object]


class Kept(Struct, frozen=True):
    """A file of the workspace: its path there, and the bytes of it that make the backup."""

    path: str
    size: int
    sha256: str


class LogCopy(Struct, frozen=True):
    """A log in the backup up to record `seq`; `fault` is the damage its original had when last looked at, if any."""

    log: str
    folder: str
    seq: int
    h: str
    fault: str = ""


class Backup(Struct, frozen=True, kw_only=True):
    """The BACKUP file; `before` is the `h` of the one it replaced. Without files: begun and never finished."""

    backup_format: int = FORMAT
    made: str
    tkcore: str
    before: str
    files: tuple[Kept, ...] = ()
    logs: tuple[LogCopy, ...] = ()


class Fault(Struct, frozen=True):
    """What is not as it should be, beside a backup that is whole; `path` is in the workspace."""

    path: str
    says: TkError


class Restored(Struct, frozen=True):
    """A workspace made from a backup: every log verified, `records` in all."""

    backup: Backup
    sha256: str
    records: int
    faults: tuple[Fault, ...]


def line_of(backup: Backup) -> bytes:
    """Return a BACKUP file."""
    return seal(json.encode(backup), GENESIS)[0]


def opened(folder: Path, disk: Disk) -> tuple[Backup, str, str]:
    """Return what a folder's BACKUP says, the digest of that file and its `h`. Raises NotFound, Damaged, NotAllowed."""
    try:
        data = disk.read(folder / BACKUP)
    except OSError:
        raise NotFound(
            "{folder} is no backup: it has no BACKUP file. Name the folder that tk backup wrote to",
            folder=folder,
        ) from None
    damaged = Damaged(
        "{path} is damaged: what the folder holds may still be whole. Keep it, and use another backup",
        path=folder / BACKUP,
    )
    line = data[:-1]
    if not (data.endswith(b"\n") and sound(line) and follows(line, GENESIS)):
        raise damaged
    try:
        theirs = json.decode(line, type=dict[str, object]).get("backup_format")
        if isinstance(theirs, int) and theirs > FORMAT:
            raise NotAllowed(
                "{folder} was written by a newer tkcore (backup format {theirs}, here {ours}). Install that version",
                folder=folder, theirs=theirs, ours=FORMAT,
            )  # fmt: skip
        backup = json.decode(line, type=Backup)
    except DecodeError:
        raise damaged from None
    if not all(PATH.fullmatch(path) for path in [*(k.path for k in backup.files), *(c.folder for c in backup.logs)]):  # fmt: skip
        raise damaged
    return backup, hashlib.sha256(data).hexdigest(), hash_of(line)


def place(folder: Path, kept: Kept) -> Path:
    """Return where a backup has a file: a segment or a text as in the workspace, any other under its digest."""
    if kept.path.endswith(".ndjson") or kept.path.startswith("vault/"):
        return folder / kept.path
    return folder / "files" / kept.sha256[:2] / kept.sha256


def part(path: Path, disk: Disk, begin: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a stretch of a file. Raises BadInput where they cannot be read."""
    try:
        with disk.open_read(path) as source:
            source.seek(begin)
            while begin < end and (data := source.read(min(STEP, end - begin))):
                yield data
                begin += len(data)
    except OSError as error:
        raise BadInput("{path}: {error}", path=path, error=error.strerror or error) from error


def check(backup: Backup, folder: Path, disk: Disk, progress: Progress) -> list[str]:
    """Return the files and logs of a backup that are not what it says."""
    wrong = [kept.path for kept in backup.files if not is_kept(kept, place(folder, kept), disk, progress)]
    bad = {path.rpartition("/")[0] for path in wrong}
    return wrong + [c.folder for c in backup.logs if c.folder not in bad and not _holds(c, folder, disk)]


def is_kept(kept: Kept, path: Path, disk: Disk, progress: Progress) -> bool:
    digest, size = hashlib.sha256(), 0
    with suppress(BadInput):
        for data in part(path, disk, 0, kept.size):
            digest.update(data)
            size += len(data)
            progress(len(data))
    return (size, digest.hexdigest()) == (kept.size, kept.sha256)


def _holds(copy: LogCopy, folder: Path, disk: Disk) -> bool:
    """Whether a copied log is sound by itself and has its head; what an interrupted run left behind it is no fault."""
    found, there = Scan(log=copy.log), copy.seq < 0
    try:
        for line in walk(folder / copy.folder, disk, found):
            there = there or (line.seq == copy.seq and hash_of(line.data) == copy.h)
    except (OSError, TkError):
        return False
    return there and (found.damage is None or found.head.seq >= copy.seq)


def restore(folder: Path, desk: Desk, progress: Progress = lambda _: None) -> Restored:
    """Make a workspace, in the desk's folder, of a backup; nothing is one before everything is verified.

    What is derived comes as it was backed up; nothing is made anew. Raises NotFound, Damaged, NotAllowed, WriteFailed.
    """
    folder, root = folder.expanduser().resolve(), desk.workspace.root.resolve()
    backup, digest, _ = opened(folder, desk.disk)
    _vacant(folder, root)
    sound_or_raise(backup, folder, desk.disk, progress)
    config = next((kept for kept in backup.files if kept.path == FILE), None)
    if config is None:
        raise Damaged(
            "{folder} has no tk.toml in it: it was never finished. Take another backup", folder=folder
        )
    try:
        for place_of in (root, desk.workspace.groups, desk.workspace.vault, desk.workspace.codebooks):
            desk.disk.make_folder(place_of)
    except OSError as error:
        raise unwritable(root, error) from error
    for kept in backup.files:
        if kept is not config:
            source = part(place(folder, kept), desk.disk, 0, kept.size)
            desk.disk.extend(root / kept.path, 0, source)
    faults, records = _verified(backup, desk, progress)
    event = desk.stamp(
        BackupRestored(sha256=digest, logs=len(backup.logs), files=len(backup.files)), "backup"
    )
    append_once(desk.workspace.log, WORKSPACE, [event], desk.disk, now=desk.now(), logged=desk.clocks.wall())
    # tk.toml last: a folder is a workspace once everything else is there
    desk.disk.store(root / FILE, b"".join(part(place(folder, config), desk.disk, 0, config.size)))
    return Restored(backup, digest, records, tuple(faults))


def sound_or_raise(backup: Backup, folder: Path, disk: Disk, progress: Progress = lambda _: None) -> None:
    """Raise Damaged where a backup is not whole: empty, or with files that are not what it says."""
    if not backup.files:
        raise Damaged("{folder} was begun and never finished: it holds no backup yet", folder=folder)
    wrong = check(backup, folder, disk, progress)
    if wrong:
        raise Damaged(
            "{folder} is damaged in {count} places: {paths}. Nothing was restored. The other logs verify by themselves: "
            "keep the folder, and use another backup",
            folder=folder, count=len(wrong), paths=", ".join(wrong[:5]) + (", …" if len(wrong) > 5 else ""),
        )  # fmt: skip


def _vacant(folder: Path, root: Path) -> None:
    if root.is_relative_to(folder) or folder.is_relative_to(root):
        raise NotAllowed(
            "{root} and the backup {folder} lie one in the other. Choose a new folder",
            root=root,
            folder=folder,
        )
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise NotAllowed(
            "{root} is not empty. Restore into a new folder (a restore that was cut short leaves one without tk.toml: "
            "remove that first)",
            root=root,
        )


def _verified(backup: Backup, desk: Desk, progress: Progress) -> tuple[list[Fault], int]:
    """Verify every restored log; return what was wrong before it was backed up, and the number of records."""
    faults, records = [], 0
    away = behind(desk.workspace, desk.disk)
    for copy in backup.logs:
        verdict = verify(
            copy.log, desk.workspace.root / copy.folder, desk.workspace.vault, desk.disk, progress, away
        )
        records += verdict.records
        bad = [d for d in verdict.damage if d.kind not in ("lost_text", "derived")]
        if bad or verdict.refused is not None or verdict.seq < copy.seq:
            raise Damaged(
                "{log} was copied and does not verify: the disk of {root} is not to be trusted. Restore to another one",
                log=copy.log, root=desk.workspace.root,
            )  # fmt: skip
        for damage in verdict.damage:
            path = f"{copy.folder}/{damage.segment}"
            if damage.kind == "derived":
                faults.append(Fault(path, BadInput("{log}: its Parquet was not as closing made it. The log is whole: tk session close {log} makes it anew", log=copy.log)))  # fmt: skip
            else:
                faults.append(Fault(path, NotFound("{log}: the text of record {seq} was lost before the backup; the record is whole", log=copy.log, seq=damage.seq)))  # fmt: skip
        if copy.fault:
            faults.append(Fault(copy.folder, Damaged("{log} was damaged when it was backed up: it is whole up to record {seq}, and what came later is not in the backup", log=copy.log, seq=copy.seq)))  # fmt: skip
    return faults, records
