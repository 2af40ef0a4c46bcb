"""Which file answers for which session: an archive part, the session's own Parquet, or its log. Each exactly once.

What was decided for a session holds for the whole question: a head that moves meanwhile is the next question's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from tkcore import codebook as cb
from tkcore.archive import fresh
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.errors import Damaged
from tkcore.log import Head, Scan
from tkcore.manifest import manifest_of
from tkcore.parts import index_of, settled, whole
from tkcore.reading import read_session, records_of, rows_of
from tkcore.relations import PartFile, Sources, encode_records, encode_rows
from tkcore.talk import N_

MOVED = N_(
    "{session} has changed since it was closed: read from its log. `tk session close` makes it fast again"
)
MISSING = N_(
    "the Parquet of {session} is missing or damaged: read from its log. `tk session close` makes it anew"
)
NEWER = N_("{session}: a newer tkcore has written part of it; what this one knows is answered")
PART = N_("a part of the archive is damaged: its sessions are read one by one. `tk archive` makes it anew")
MANY = N_("{count} closed sessions are read one by one. `tk archive` makes that fast")
MANY_FROM = 200


class Left(Struct, frozen=True):
    """A session that does not answer, and why."""

    session: str
    reason: Damaged


def gather(
    workspace: Workspace,
    names: Sequence[str],
    codebooks: Sequence[cb.Codebook],
    disk: Disk,
    folder: Path,
    tell: Callable[..., None],
    progress: Callable[[str], object],
    *,
    records: bool = True,
) -> tuple[Sources, list[Left]]:
    """Return the files that answer for these sessions; what must be folded is folded into `folder`.

    `records`: whether relation `record` is asked for too. Damaged sessions are left out and named.
    """
    relations = ("event", "record") if records else ("event",)
    parts, rest = _parts(workspace, names, disk, relations, tell)
    own: list[tuple[Path, Path]] = []
    left: list[Left] = []
    event, record = folder / "event.ndjson", folder / "record.ndjson"
    with event.open("wb") as events, record.open("wb") as all_records:
        for name in rest:
            progress(name)
            where = workspace.session(name)
            head = settled(where, disk)
            paths = None
            if head is not None:
                paths = fresh(where, Scan(head=head, manifest=manifest_of(where, disk)))
            if paths is not None:
                own.append(paths)
                continue
            try:
                read = read_session(workspace, name, disk)
            except Damaged as error:
                left.append(Left(name, error))
                continue
            if read.partial:
                tell(NEWER, session=name)
            elif read.scan.manifest is not None:
                manifest = read.scan.manifest
                tell(MISSING if Head(manifest.seq, manifest.h) == read.scan.head else MOVED, session=name)
            events.write(encode_rows(rows_of(read, codebooks)))
            if records:
                all_records.write(encode_records(records_of(read, codebooks)))
    if len(own) >= MANY_FROM:
        tell(MANY, count=len(own))
    sources = Sources(
        event=(str(event),), record=(str(record),) if records else (),
        event_parquet=tuple(str(p[0]) for p in own), record_parquet=tuple(str(p[1]) for p in own) if records else (),
        event_parts=tuple(parts["event"]), record_parts=tuple(parts["record"]),
    )  # fmt: skip
    return sources, left


def _parts(
    workspace: Workspace,
    names: Sequence[str],
    disk: Disk,
    relations: tuple[str, ...],
    tell: Callable[..., None],
) -> tuple[dict[str, list[PartFile]], list[str]]:
    """Return what the archive answers, and the sessions it does not."""
    found: dict[str, list[PartFile]] = {"event": [], "record": []}
    wanted = dict.fromkeys(names)
    for part in index_of(workspace, disk).parts:
        inside = [
            n
            for n, head in part.sessions.items()
            if n in wanted and settled(workspace.session(n), disk) == head
        ]
        if not inside:
            continue
        if not whole(part, workspace.archive, disk, relations):
            tell(PART)
            continue
        for name in inside:
            del wanted[name]
        chosen = None if len(inside) == len(part.sessions) else tuple(inside)
        for relation in relations:
            name = next(file.name for file in part.files if file.name.startswith(relation))
            found[relation].append(PartFile(str(workspace.archive / name), chosen))
    return found, list(wanted)
