"""Following a log while it is written: without a lock, each new line verified once, across its segments.

A line counts when its newline is there. What looks damaged from where the reader stands is read again from the
beginning before it is believed: after an I/O error a writer gives lines up that a reader may have seen, and the next
segment goes on before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tkcore.disk import Disk
from tkcore.errors import Damaged
from tkcore.log import (
    GENESIS,
    Damage,
    Line,
    Scan,
    abandoned,
    hash_of,
    segment_lines,
    segment_name,
    unborn,
    walk,
)
from tkcore.talk import N_

UNFINISHED = ("torn", "missing_newline")
"""What a writer at work leaves behind its last whole line, for a moment."""
_TRIES = 3


class Tail(Struct):
    """How far a log has been read; `more` goes on from there."""

    folder: Path
    log: str
    disk: Disk
    scan: Scan | None = None


class News(Struct, frozen=True):
    """Lines that came; `again`: they are the whole log, and what was read before counts for nothing.

    With `damage` nothing comes behind them any more.
    """

    lines: tuple[Line, ...] = ()
    again: bool = False
    damage: Damage | None = None


def more(tail: Tail) -> News:
    """Return what has come since the last time, at first the whole log.

    Raises Damaged where the segments come and go or the manifest cannot be read.
    """
    for _ in range(_TRIES):
        try:
            return _more(tail)
        except FileNotFoundError:
            continue  # a writer has just removed a segment that never began
    raise Damaged("{folder} cannot be read: its segments come and go", folder=tail.folder)


def _more(tail: Tail) -> News:
    before = tail.scan
    seen = (-1, GENESIS) if before is None else (before.head.seq, before.head.h)
    if before is not None and before.segments:
        last = before.segments[-1]
        if last.stat().st_size >= before.sound:
            ahead = Scan(
                log=before.log,
                head=before.head,
                chain=before.chain,
                segments=before.segments,
                sound=before.sound,
            )
            lines = tuple(grown(tail.folder, tail.disk, ahead))
            if _finished(ahead):
                tail.scan = ahead
                return News(lines)
    found = Scan(log=tail.log)
    lines = tuple(walk(tail.folder, tail.disk, found))
    damage = None if _finished(found) else found.damage
    tail.scan = found
    seq, h = seen
    if seq < 0:
        return News(lines, damage=damage)
    if seq < len(lines) and hash_of(lines[seq].data) == h:
        return News(lines[seq + 1 :], damage=damage)
    return News(lines, again=True, damage=damage)


def grown(folder: Path, disk: Disk, found: Scan) -> Iterator[Line]:
    """Yield the sound lines that have come since a walk ended, and tell `found` how they end now.

    Only they are verified: the chain goes on where it was. The manifest is not asked, it vouches for what was read.
    """
    known, begin = len(found.segments), found.sound
    found.damage, found.tail, found.stillborn = None, b"", None
    found.segments = sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9][0-9].ndjson"))
    if len(found.segments) > known and unborn(found.segments[-1], disk):
        found.stillborn = found.segments.pop()
    names = [segment_name(number) for number in range(max(known, len(found.segments)))]
    if not known or [path.name for path in found.segments] != names:
        return found.stop("corrupt", segment_name(known), 0, N_("the segment is missing"))
    for number in range(known - 1, len(found.segments)):
        path, following = found.segments[number], found.segments[number + 1 : number + 2]
        limit = abandoned(following[0], disk) if following else None
        with disk.open_read(path) as source:
            yield from segment_lines(
                found, source, path, number, limit, last=not following, trusted=False, begin=begin
            )
        if found.damage is not None:
            return None
        begin = 0
    return None


def _finished(found: Scan) -> bool:
    """Whether a log is sound as far as it was written."""
    return found.damage is None or found.damage.kind in UNFINISHED
