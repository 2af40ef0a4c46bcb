"""Logs to break, and the ways to look at what is left of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from tkcore import events as e
from tkcore.disk import Disk
from tkcore.log import Scan, scan, segment_name
from tkcore.recovery import open_log, read
from tkcore.writer import Stored

LOG = "g/s"
SHAPE = (1, 1, 3, 1, 2, 1, 4, 1, 1, 2, 1, 3, 1, 2)
"""The records of each entry of the usual log: 24 in all."""
FIRST = segment_name(0)


class Quick(Disk):
    """The real disk, but nothing waits for it: what a power cut leaves is laid out by hand here."""

    def sync(self, fd: int) -> None:
        pass


class Altered(Disk):
    """A disk that reads some files otherwise than they are; the names come from the folder."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def read(self, path: Path) -> bytes:
        return self.files[path.name] if path.name in self.files else super().read(path)

    def open_read(self, path: Path):
        return io.BytesIO(self.files[path.name]) if path.name in self.files else super().open_read(path)


def entry(n: int, size: int = 1, tick: bool = False) -> list[e.Event]:
    """The nth entry: so many turns with one entry id, after a tick if one is due."""
    turns: list[e.Event] = [
        e.TurnTaken(
            sender="J", audience="seats", receivers=tuple("ABCDEFGHIJKLMNOP"[: n * 7 % 13 + 1]), ts=1000 * n,
            id=f"{n:030x}{at:02x}", observer="obs1", logged=1_700_000_000_000 + n,
        )
        for at in range(size)
    ]  # fmt: skip
    ticked = e.ClockTicked(ts=1000 * n, id=f"{n + 4096:030x}00", observer="recorder", logged=1)
    return [ticked, *turns] if tick else turns


def start(folder: Path, disk: Disk | None = None):
    return open_log(folder, LOG, disk or Quick(), now="now", logged=5)


def make(folder: Path, shape: Iterable[int] = SHAPE, disk: Disk | None = None) -> list[list[Stored]]:
    """Write a log of entries of so many records and return what was acknowledged, entry by entry."""
    writer, _ = start(folder, disk)
    stored = [writer.append(entry(n, size)) for n, size in enumerate(shape)]
    writer.close()
    return stored


def typed(records: Iterable[object]) -> list[str]:
    """The ids of what somebody typed: everything but the recorder's own records."""
    return [x.id for x in records if x.observer != "recorder"]


def go_on(folder: Path, n: int = 999) -> tuple[list[str], Scan]:
    """Open a log as its next writer, add an entry, and return the ids it had and how it stands afterwards."""
    writer, ledger = start(folder)
    had = typed(ledger)
    try:
        writer.append(entry(n))
    finally:
        writer.close()
    after = scan(folder, Quick(), LOG)
    assert after.damage is None
    records, _ = read(folder, Quick(), LOG)
    assert typed(records) == [*had, f"{n:030x}00"]
    assert [x.seq for x in records] == list(range(len(records)))
    return had, after


def is_kept(had: Sequence[str], acked: Sequence[str], trying: Sequence[str] = ()) -> bool:
    """Whether a log holds all that was acknowledged, once and in order, and beyond it at most a beginning of the rest."""
    rest = list(had[len(acked) :])
    return list(had[: len(acked)]) == list(acked) and rest == list(trying[: len(rest)])
