"""Making a backup: what of the workspace is verified, whether the backup's is the same, what it lacks.

Logs are read before what they name: a text, a codebook is on the disk before the record that needs it. What a writer
appends meanwhile is simply not in the backup.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field
from msgspec.structs import replace

from tkcore import __version__
from tkcore.backup import (
    BACKUP,
    PATH,
    STEP,
    Backup,
    Fault,
    Kept,
    LogCopy,
    Progress,
    check,
    is_kept,
    line_of,
    opened,
    part,
    place,
)
from tkcore.disk import Disk, Locked
from tkcore.errors import BadInput, Damaged, NotAllowed, NotFound, TkError, WriteFailed
from tkcore.events import BackupMade
from tkcore.log import GENESIS, Scan, sound, stub_of, walk
from tkcore.manifest import manifest_of, weigh
from tkcore.opening import Desk
from tkcore.records import decode
from tkcore.recovery import append_once, refusal, unwritable
from tkcore.root import FILE
from tkcore.verifying import NAMING, WORKSPACE, behind, logs, text_of
from tkcore.writer import holder

_TEXT = re.compile(r"vault/([0-9a-f]{2})/(\1[0-9a-f]{62})")
TRIES = 5
"""How often a log is looked at again that is being closed just now."""
PASSING = ("torn", "missing_newline")
"""What a writer may be about to finish, and the next one mends."""


class Made(Struct, frozen=True):
    """A backup that is whole; `sha256` is that of its BACKUP file, `copied` the bytes this run added."""

    backup: Backup
    sha256: str
    copied: int
    faults: tuple[Fault, ...]


class _Source(Struct):
    """A log as the workspace has it: its segments with their verified bytes, the whole files beside them."""

    copy: LogCopy
    segments: list[tuple[str, int]] = field(default_factory=list)
    beside: dict[str, bytes] = field(default_factory=dict)


class _Run(Struct):
    """One run, and what it has come to so far."""

    desk: Desk
    target: Path
    before: Backup
    progress: Progress
    earlier: dict[str, Kept]
    """What the backup before has, by path."""
    files: dict[str, Kept] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Every text that a record names, with its log."""
    copied: int = 0

    @property
    def disk(self) -> Disk:
        return self.desk.disk

    def here(self, path: str) -> Path:
        return self.desk.workspace.root / path


def make(desk: Desk, target: Path, progress: Progress = lambda _: None) -> Made:
    """Bring the backup in a folder up to date, verify all of it, and put that on record in the workspace's log.

    A log that does not verify is copied up to its damage, or stays as the backup has it where that is more; it is
    among the faults, and so is a text that is lost. Raises NotAllowed where the workspace is not what was backed up
    there, Damaged where the backup is not what it says it is, Locked, WriteFailed; the backup before stays whole.
    """
    target = target.expanduser().resolve()
    _usable(desk.workspace.root.resolve(), target)
    with _locked(desk, target):
        if not (target / BACKUP).exists():
            first = Backup(made=desk.now(), tkcore=__version__, before=GENESIS)
            desk.disk.store(target / BACKUP, line_of(first))
        before, _, link = opened(target, desk.disk)
        run = _Run(desk, target, before, progress, {k.path: k for k in before.files})
        sources = [x for log, folder in logs(desk.workspace, None) if (x := _source(run, log, folder))]
        copies = _agreed(run, sources)
        # logs before what they name: a text, a codebook is on the disk before the record that needs it
        for path in _settings(desk):
            _store(run, path, _read(run.disk, run.here(path)))
        _vault(run)
        made = Backup(
            made=desk.now(), tkcore=__version__, before=link, logs=tuple(copies),
            files=tuple(run.files[path] for path in sorted(run.files)),
        )  # fmt: skip
        wrong = check(made, target, run.disk, progress)
        if wrong:
            raise _spoilt(target / wrong[0])
        line = line_of(made)
        run.disk.store(target / BACKUP, line)
    digest = hashlib.sha256(line).hexdigest()
    _record(run, digest, made)
    return Made(made, digest, run.copied, tuple(run.faults))


def _usable(root: Path, target: Path) -> None:
    if target.is_relative_to(root) or root.is_relative_to(target):
        raise NotAllowed(
            "{target} and the workspace {root} lie one in the other. Choose a folder apart from it, best on another disk",
            target=target, root=root,
        )  # fmt: skip
    if (target / FILE).exists():
        raise NotAllowed("{target} is a workspace. Choose a new folder for the backup", target=target)
    if not target.exists() or (target / BACKUP).exists():
        return
    if not target.is_dir() or any(
        p.name != "LOCK" and not p.name.startswith(f".{BACKUP}") for p in target.iterdir()
    ):
        raise NotAllowed(
            "{target} is not empty and no backup. Name a new folder, such as {example}",
            target=target, example=target / "tk-backup",
        )  # fmt: skip


def _locked(desk: Desk, target: Path) -> AbstractContextManager[object]:
    """Keep a second backup out; where the disk knows no locks, verifying afterwards must do."""
    try:
        desk.disk.make_folder(target)
        return closing(desk.disk.lock(target / "LOCK", holder(desk.now())))
    except (Locked, WriteFailed):
        raise
    except NotAllowed:
        return nullcontext()
    except OSError as error:
        raise unwritable(target, error) from error


def _source(run: _Run, log: str, folder: Path) -> _Source | None:
    """Return a log as it is now, verified; None where there is none."""
    name = folder.relative_to(run.desk.workspace.root).as_posix()
    said: TkError = Damaged("{log} cannot be read: it is being written anew all the time", log=log)
    for attempt in range(TRIES):
        time.sleep(0.1 if attempt else 0)
        found, ends = Scan(log=log), {}
        try:
            for line in walk(folder, run.disk, found):
                ends[line.segment] = line.offset + len(line.data) + 1
                run.progress(len(line.data))
                _names(run, log, line.data)
            if not found.segments and found.damage is None:
                return None
            damage = None if found.damage is None or found.damage.kind in PASSING else found.damage
            source = _Source(LogCopy(log, name, found.head.seq, found.head.h, damage.kind if damage else ""))
            source.segments = _segments(run, name, found, ends, damaged=damage is not None)
            source.beside, stale = _beside(run, folder, name, found)
            if manifest_of(folder, run.disk) != found.manifest or (stale and attempt < TRIES - 1):
                continue  # it is being closed just now
        except OSError as error:  # a writer has just removed a segment that never began
            said = BadInput("{path}: {error}", path=folder, error=error.strerror or error)
            continue
        except TkError as error:
            said = error
            break
        if damage is not None:
            run.faults.append(Fault(f"{name}/{damage.segment}", refusal(log, damage)))
        run.faults += stale
        for path, _ in source.segments[-1:]:
            # a reader may see what a power cut would still take; copied, it would look as if the log had been set back
            with suppress(OSError):
                run.disk.confirm(run.here(path))
        return source
    run.faults.append(Fault(name, said))
    return _Source(LogCopy(log, name, -1, GENESIS, "unreadable"))


def _names(run: _Run, log: str, line: bytes) -> None:
    """Remember the text a record names."""
    if stub_of(line).t in NAMING and (digest := text_of(decode(line))):
        run.texts[digest] = log


def _vouched(found: Scan) -> int:
    """Return how many segments are byte for byte what the manifest says; all it names, or none."""
    count = 0 if found.manifest is None else len(found.manifest.segments)
    bad = "" if found.damage is None else found.damage.segment
    return 0 if bad and (bad == "MANIFEST" or int(bad[:6]) < count) else count


def _segments(
    run: _Run, name: str, found: Scan, ends: dict[int, int], *, damaged: bool
) -> list[tuple[str, int]]:
    """Return the segments with their bytes: whole as the manifest vouches, else up to the last sound line."""
    vouched = _vouched(found)
    result = []
    for number, path in enumerate(found.segments[: max(ends, default=-1) + 1] if damaged else found.segments):
        if number < vouched and found.manifest is not None:
            size = found.manifest.segments[number].size
        else:
            with run.disk.open_read(path) as file:
                head = file.readline(STEP)
            size = ends.get(number, len(head) if head.endswith(b"\n") and sound(head[:-1]) else 0)
        if size:
            result.append((f"{name}/{path.name}", size))
    return result


def _beside(run: _Run, folder: Path, name: str, found: Scan) -> tuple[dict[str, bytes], list[Fault]]:
    """Return what lies beside the segments and is worth keeping, and what closing did not make."""
    files, stale = [*folder.glob("torn-*.bin")], []
    if found.manifest is not None and _vouched(found):
        files += [*folder.glob("MANIFEST"), *folder.glob("MANIFEST.*")]
        for derived in found.manifest.parquet:
            path = folder / derived.name
            if path.is_file() and weigh(path, run.disk) == derived:
                files.append(path)
            else:
                says = Damaged("{path} is not the file that closing made. The log is whole: tk session close {log} makes it anew", path=path, log=found.log)  # fmt: skip
                stale.append(Fault(f"{name}/{derived.name}", says))
    return {f"{name}/{path.name}": run.disk.read(path) for path in files}, stale


def _agreed(run: _Run, sources: list[_Source]) -> list[LogCopy]:
    """Bring the logs into the backup and return them as it has them then; nothing is written before all agree."""
    there = {c.folder: c for c in run.before.logs}
    for gone in sorted(there.keys() - {s.copy.folder for s in sources}):
        raise _set_back(there[gone].log, run.here(gone))
    growing: dict[str, tuple[int, int]] = {}
    copies = []
    for source in sources:
        old, new = there.get(source.copy.folder), source.copy
        stays = old is not None and bool(new.fault) and old.seq >= new.seq
        if old is not None and old.seq > new.seq and not stays:
            raise _set_back(new.log, run.here(new.folder))
        for path, size in source.segments:
            begin = _common(run, new.log, path, size, longer=stays)
            if not stays:
                growing[path] = (begin, max(begin, size))
        if old is not None and stays:
            source.beside = {}
            copies.append(replace(old, fault=new.fault))
            run.files |= {k.path: k for k in run.before.files if k.path.rpartition("/")[0] == old.folder}
        elif source.segments:
            copies.append(new)
    for path, (begin, size) in growing.items():
        if begin < size or (run.target / path).stat().st_size > size:
            run.disk.extend(run.target / path, begin, part(run.here(path), run.disk, begin, size))
            run.copied += size - begin
        kept = _weighed(run.disk, run.here(path), path, size)
        if not is_kept(kept, run.target / path, run.disk, run.progress):
            raise _spoilt(run.target / path)
        run.files[path] = kept
    for source in sources:
        for path, data in source.beside.items():
            _store(run, path, data)
    return copies


def _weighed(disk: Disk, file: Path, path: str, size: int) -> Kept:
    digest = hashlib.sha256()
    for data in part(file, disk, 0, size):
        digest.update(data)
    return Kept(path, size, digest.hexdigest())


def _common(run: _Run, log: str, path: str, size: int, *, longer: bool) -> int:
    """Return the bytes of a copied segment that the workspace's has too: all of it, or all that was ever sound.

    Raises Damaged where the backup has changed, NotAllowed where the workspace has.
    """
    copy, vouched = run.target / path, run.earlier.get(path)
    if not copy.exists():
        if vouched is not None:
            raise _spoilt(copy)
        return 0
    with run.disk.open_read(copy) as theirs, run.disk.open_read(run.here(path)) as ours:
        same, length = _alike(theirs, ours), theirs.seek(0, 2)
        if vouched is not None and length < vouched.size:
            raise _spoilt(copy)
        if same == length or (longer and same >= size):
            return same
        begin = _line_start(theirs, same)
        line = theirs.readline(STEP)
    if vouched is not None and not is_kept(vouched, copy, run.disk, run.progress):
        raise _spoilt(copy)
    if (vouched is None or begin >= vouched.size) and not (line.endswith(b"\n") and sound(line[:-1])):
        return begin  # what a run that was cut short has left
    raise _set_back(log, run.here(path))


def _alike(a: BinaryIO, b: BinaryIO) -> int:
    at = 0
    while True:
        x, y = a.read(STEP), b.read(STEP)
        if x != y or not x:
            most = min(len(x), len(y))
            return at + next((n for n in range(most) if x[n] != y[n]), most)
        at += len(x)


def _line_start(file: BinaryIO, at: int) -> int:
    """Return where the line around a byte begins, and leave the file there."""
    begin = max(0, at - STEP)
    file.seek(begin)
    begin += file.read(at - begin).rfind(b"\n") + 1
    return file.seek(begin)


def _store(run: _Run, path: str, data: bytes) -> None:
    """Keep a whole file under its digest."""
    kept = Kept(path, len(data), hashlib.sha256(data).hexdigest())
    where = place(run.target, kept)
    if not where.exists():
        try:
            run.disk.make_folder(where.parent)
        except OSError as error:
            raise unwritable(where.parent, error) from error
        run.disk.store(where, data)
        run.copied += len(data)
    run.files[path] = kept


def _settings(desk: Desk) -> list[str]:
    """Return tk.toml and the codebooks."""
    books = (f"codebooks/{file.name}" for file in sorted(desk.workspace.codebooks.glob("*.toml")))
    return [FILE, *(path for path in books if PATH.fullmatch(path))]


def _read(disk: Disk, path: Path) -> bytes:
    try:
        return disk.read(path)
    except OSError as error:
        raise BadInput("{path}: {error}", path=path, error=error.strerror or error) from error


def _vault(run: _Run) -> None:
    """Keep every text; one that the workspace has lost stays in the backup."""
    run.files |= {k.path: k for k in run.before.files if _TEXT.fullmatch(k.path)}
    missing = set(run.texts) - behind(run.desk.workspace, run.disk)
    for file in sorted(run.desk.workspace.vault.glob("??/*")):
        path = file.relative_to(run.desk.workspace.root).as_posix()
        match = _TEXT.fullmatch(path)
        if match is None:
            continue
        data = _read(run.disk, file)
        if hashlib.sha256(data).hexdigest() == match[2]:
            _store(run, path, data)
            missing.discard(match[2])
        elif match[2] not in missing:
            run.faults.append(Fault(path, NotFound("the text {digest} in the vault is damaged", digest=match[2])))  # fmt: skip
    for digest in sorted(missing):
        path = f"vault/{digest[:2]}/{digest}"
        saved = path in run.files
        says = (
            NotFound("{log}: a text is lost or damaged in the vault; the backup has it, and tk restore brings it back", log=run.texts[digest])
            if saved
            else NotFound("{log}: a text is lost or damaged in the vault, and the backup has never had it", log=run.texts[digest])
        )  # fmt: skip
        run.faults.append(Fault(path, says))


def _record(run: _Run, digest: str, made: Backup) -> None:
    """Put a backup on record; a workspace that cannot be written any more was worth copying all the same."""
    desk = run.desk
    event = desk.stamp(BackupMade(sha256=digest, logs=len(made.logs), files=len(made.files)), "backup")
    try:
        append_once(
            desk.workspace.log, WORKSPACE, [event], desk.disk, now=desk.now(), logged=desk.clocks.wall()
        )
    except TkError as error:
        run.faults.append(
            Fault("log", NotAllowed("the backup is whole but is not on record in the workspace's log: {error}", error=error))
        )  # fmt: skip


def _spoilt(path: Path) -> Damaged:
    return Damaged(
        "{path} is not what was backed up: the backup is damaged. Keep it as it is, check its disk, and back up into a new folder",
        path=path,
    )


def _set_back(log: str, path: Path) -> NotAllowed:
    return NotAllowed(
        "{path}: {log} is not what was backed up: the backup holds records that the workspace has not. The workspace was "
        "set back, or this is another one. Nothing was written: keep both, compare them, and back up into a new folder",
        path=path, log=log,
    )  # fmt: skip
