"""The archive: closed sessions compacted into Parquet parts of whole sessions, ordered by kind and session.

A part is derived and never changed: `INDEX` says which parts there are and which sessions, at which heads, they hold.
A new state is written beside the old one and becomes the state when the index is replaced; what it no longer names is
kept until the next compaction, for a reader that has begun. A session whose head has moved is read from its own files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import DecodeError, Struct, json

from tkcore import codebook as cb
from tkcore.archive import FORMAT, connected, copy_sorted, fresh
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.errors import TkError
from tkcore.log import Head, Scan
from tkcore.manifest import SegmentFile, manifest_of, weigh
from tkcore.reading import read_session, records_of, rows_of
from tkcore.relations import RELATIONS, encode_records, encode_rows

INDEX = "INDEX"
PART = 10_000_000
"""The records a part holds, about."""
SMALL = PART // 2
"""A part with fewer is written anew together with what has come since."""


class Part(Struct, frozen=True, kw_only=True):
    """`files` are those of the two relations; `sessions` the head each was compacted at."""

    files: tuple[SegmentFile, ...]
    sessions: dict[str, Head]
    records: int


class Index(Struct, frozen=True, kw_only=True):
    """The state of the archive; `retired` files were replaced by it and may still be read by who began before."""

    index_format: int = 1
    rows: str = FORMAT
    parts: tuple[Part, ...] = ()
    retired: tuple[str, ...] = ()


class Compacted(Struct, frozen=True, kw_only=True):
    """What a compaction did; `left` are closed sessions it could not read, with the reason."""

    sessions: int
    written: int
    parts: int
    left: tuple[tuple[str, TkError], ...]


def index_of(workspace: Workspace, disk: Disk) -> Index:
    """Return the archive's state; an empty one where it is missing, damaged or of other rows than today's."""
    path = workspace.archive / INDEX
    try:
        index = json.decode(disk.read(path), type=Index)
    except (OSError, DecodeError, UnicodeDecodeError):
        return Index()
    return index if index.rows == FORMAT and index.index_format == 1 else Index(retired=_names(index))


def settled(folder: Path, disk: Disk) -> Head | None:
    """Return the head of a session that is as closing left it, by its files' names and sizes; None for any other."""
    try:
        manifest = manifest_of(folder, disk)
        if manifest is None:
            return None
        paths = sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9][0-9].ndjson"))
        now = [(path.name, path.stat().st_size) for path in paths]
    except (OSError, TkError):
        return None
    whole = now == [(segment.name, segment.size) for segment in manifest.segments]
    return Head(manifest.seq, manifest.h) if whole else None


def whole(part: Part, folder: Path, disk: Disk, relations: Iterable[str] = RELATIONS) -> bool:
    """Whether a part's files are byte for byte those that were written."""
    wanted = tuple(relations)
    try:
        return all(
            weigh(folder / file.name, disk) == file for file in part.files if file.name.startswith(wanted)
        )
    except OSError:
        return False


def compact(
    workspace: Workspace,
    codebooks: Sequence[cb.Codebook],
    disk: Disk,
    progress: Callable[[str], object],
    *,
    part: int = PART,
) -> Compacted:
    """Bring every closed session into a part at its present head; `progress` is told each session.

    Whenever it is interrupted, the state before stays whole. Raises WriteFailed.
    """
    index = index_of(workspace, disk)
    heads = {name: settled(workspace.session(name), disk) for name in workspace.session_names()}
    now = {name: head for name, head in heads.items() if head is not None}
    kept = [
        p
        for p in index.parts
        if all(now.get(name) == head for name, head in p.sessions.items())
        and whole(p, workspace.archive, disk)
    ]
    todo = sorted(set(now) - {name for p in kept for name in p.sessions})
    if todo and kept and kept[-1].records < min(SMALL, part // 2):
        todo = sorted([*todo, *kept.pop().sessions])
    if not todo and len(kept) == len(index.parts):
        return Compacted(sessions=len(now), written=0, parts=len(kept), left=())
    disk.make_folder(workspace.archive)
    number = 1 + max(
        (int(p.stem.rpartition("-")[2]) for p in workspace.archive.glob("*-*.parquet")), default=0
    )
    left: list[tuple[str, TkError]] = []
    written = 0
    for batch in _batches(todo, workspace, disk, part):
        made = _write(workspace, codebooks, {name: now[name] for name in batch}, number, disk, progress, left)
        if made is not None:
            kept.append(made)
            number += 1
            written += len(made.sessions)
    _replace(workspace.archive, index, tuple(kept), disk)
    return Compacted(sessions=len(now), written=written, parts=len(kept), left=tuple(left))


def _batches(names: Sequence[str], workspace: Workspace, disk: Disk, part: int) -> list[list[str]]:
    """Divide sessions into parts of about `part` records."""
    batches: list[list[str]] = []
    records = part
    for name in names:
        manifest = manifest_of(workspace.session(name), disk)
        count = 0 if manifest is None else manifest.count
        if records + count > part:
            batches.append([])
            records = 0
        batches[-1].append(name)
        records += count
    return batches


def _write(
    workspace: Workspace,
    codebooks: Sequence[cb.Codebook],
    heads: dict[str, Head],
    number: int,
    disk: Disk,
    progress: Callable[[str], object],
    left: list[tuple[str, TkError]],
) -> Part | None:
    """Write one part: sessions from their own Parquet where it is fresh, else from their logs."""
    own: dict[str, list[Path]] = {relation: [] for relation in RELATIONS}
    done: dict[str, Head] = {}
    records = 0
    with tempfile.TemporaryDirectory(prefix="tkcore-", dir=workspace.archive) as place:
        folded = {relation: Path(place) / f"{relation}.ndjson" for relation in RELATIONS}
        with folded["event"].open("wb") as event, folded["record"].open("wb") as record:
            for name, head in heads.items():
                progress(name)
                folder = workspace.session(name)
                found = Scan(head=head, manifest=manifest_of(folder, disk))
                paths = fresh(folder, found)
                if paths is not None:
                    for relation, path in zip(RELATIONS, paths, strict=True):
                        own[relation].append(path)
                else:
                    try:
                        read = read_session(workspace, name, disk)
                    except TkError as error:
                        left.append((name, error))
                        continue
                    if read.scan.head != head:
                        continue  # somebody is writing to it: the next compaction takes it
                    event.write(encode_rows(rows_of(read, codebooks)))
                    record.write(encode_records(records_of(read, codebooks)))
                done[name] = head
                records += head.seq + 1
        if not done:
            return None
        files = []
        for relation in RELATIONS:
            draft = Path(place) / f"{relation}.parquet"
            with connected(Path(place)) as con:
                copy_sorted(con, relation, own[relation], folded[relation], draft)
            target = workspace.archive / f"{relation}-{number:06d}.parquet"
            disk.adopt(draft, target)
            files.append(weigh(target, disk))
    return Part(files=tuple(files), sessions=done, records=records)


def _replace(folder: Path, old: Index, parts: tuple[Part, ...], disk: Disk) -> None:
    """Make the new state the state, then remove what nobody can be reading any more."""
    now = {file.name for part in parts for file in part.files}
    retired = tuple(sorted(set(_names(old)) - now - set(old.retired)))
    disk.store(folder / INDEX, json.format(json.encode(Index(parts=parts, retired=retired)), indent=1))
    for path in folder.glob("*.parquet"):
        if path.name not in now and path.name not in retired:
            disk.remove(path)


def _names(index: Index) -> tuple[str, ...]:
    return tuple(file.name for part in index.parts for file in part.files)
