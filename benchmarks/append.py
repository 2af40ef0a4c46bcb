"""Rows 1 to 4: what it costs to store an event, beside what one would store it with instead.

Every side stores the same turns, and gets them in the form that suits it, made before the clock starts: tkcore,
SQLite and DuckDB the events, the JSON sides plain dicts. Encoding is timed: it is part of storing. The raw side
has nothing left to do but write and sync: it is the limit. tkcore goes the recorder's way, through
`recovery.open_log` and `Writer.append`: it numbers, encodes, chains and checksums each record. No other side here
would notice a changed, lost or swapped event.

The choices on the other sides are the ones that are kind to them: msgspec encodes for SQLite and DuckDB, DuckDB
takes a batch as one statement, eventsourcing is entered at its event store, below `Application.save`, and the
project file that is written whole has no indentation, as BORIS by default.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from uuid import UUID

import duckdb
import msgspec
from data import Unsynced
from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from measure import Table, at_least, interleave, paired, short

from tkcore.disk import Disk
from tkcore.events import TurnTaken
from tkcore.recovery import open_log

Turns = Sequence[TurnTaken]
Store = Callable[[Any], object]

SESSION = 3000
"""Events of a 90-minute session."""
REWRITTEN = 1000
"""Events in the file that is written whole each time: a third of a session."""
COLUMNS = "create table event (seq integer primary key, body text)"


@dataclass(frozen=True)
class Side:
    """`prepare` makes of the turns of one commit what `opened` yields a function for."""

    prepare: Callable[[Turns], Any]
    opened: Callable[[Path], AbstractContextManager[Store]]
    most: int = SESSION
    """Events a round, where more would take minutes."""


def turns(count: int) -> list[TurnTaken]:
    """Return turns as the recorder hands them to the writer, but numbered: the other sides need a number."""
    return [
        TurnTaken(
            seq=n, id=f"{n * 7919:030x}00", ts=1800 * n, logged=1_760_000_000_000 + 1800 * n, observer="K",
            sender="ABCDEFGH"[n % 8], audience="seats", receivers=("ABCDEFGH"[(n + 3) % 8],),
        )
        for n in range(count)
    ]  # fmt: skip


# -- the sides -------------------------------------------------------------------------------------------


def ours(disk: Disk) -> Side:
    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        writer, _ = open_log(folder / "log", "g/s", disk, now="now", logged=0)
        with closing(writer):
            yield writer.append

    return Side(list, opened)


def raw(*, sync: bool) -> Side:
    """The bytes of the events, without chain and checksum, and nothing but the system calls."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        fd = os.open(folder / "raw", os.O_RDWR | os.O_APPEND | os.O_CREAT)

        def store(data: bytes) -> None:
            os.write(fd, data)
            if sync:
                os.fdatasync(fd)

        yield store
        os.close(fd)

    return Side(lambda commit: b"".join(msgspec.json.encode(turn) + b"\n" for turn in commit), opened)


def plain(commit: Turns) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(turn) for turn in commit]


def json_lines(*, sync: bool = False, flush: bool = True) -> Side:
    """What a script does: json.dumps, a line, a file object."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        with (folder / "lines").open("a", encoding="utf-8") as file:

            def store(commit: list[dict[str, Any]]) -> None:
                for event in commit:
                    file.write(json.dumps(event) + "\n")
                if flush:
                    file.flush()
                if sync:
                    os.fsync(file.fileno())

            yield store

    return Side(plain, opened)


def whole_file() -> Side:
    """The whole project written anew for each event, in place and without a sync, as BORIS saves."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        project = {"observations": {"s": {"events": plain(turns(REWRITTEN))}}}

        def store(commit: list[dict[str, Any]]) -> None:
            project["observations"]["s"]["events"] += commit
            with (folder / "project.boris").open("w", encoding="utf-8") as file:
                file.write(json.dumps(project))

        yield store

    return Side(plain, opened, most=30)


def sqlite(synchronous: str) -> Side:
    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        with closing(sqlite3.connect(folder / "db")) as db:
            db.execute("pragma journal_mode = wal")
            db.execute(f"pragma synchronous = {synchronous}")
            db.execute(COLUMNS)
            db.commit()

            def store(commit: Turns) -> None:
                db.executemany("insert into event values (?, ?)", rows(commit))
                db.commit()

            yield store

    return Side(list, opened)


def rows(commit: Turns) -> list[tuple[int, str]]:
    return [(turn.seq, msgspec.json.encode(turn).decode()) for turn in commit]


def duck() -> Side:
    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        with closing(duckdb.connect(folder / "db")) as db:
            db.execute(COLUMNS)

            def store(commit: Turns) -> None:
                if len(commit) == 1:
                    db.execute("insert into event values (?, ?)", rows(commit)[0])
                else:
                    db.execute(
                        "insert into event select unnest(?), unnest(?)", list(zip(*rows(commit), strict=True))
                    )

            yield store

    return Side(list, opened)


class Taken(DomainEvent):
    """A turn as an event of eventsourcing."""

    id: str
    ts: int
    logged: int
    observer: str
    sender: str
    audience: str
    receivers: list[str]
    inferred: bool
    dur: int | None


def eventsourcing() -> Side:
    @contextmanager
    def opened(folder: Path) -> Iterator[Store]:
        app = Application[UUID](
            {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "db")}
        )
        with closing(app):
            yield app.events.put

    return Side(taken, opened)


def taken(commit: Turns) -> list[Taken]:
    session, now = UUID(int=1), datetime.now(UTC)
    return [
        Taken(session, turn.seq + 1, now, turn.id, turn.ts, turn.logged, turn.observer, turn.sender, turn.audience,
              list(turn.receivers), turn.inferred, turn.dur)
        for turn in commit
    ]  # fmt: skip


# -- the tables ------------------------------------------------------------------------------------------

RAW, OURS, FULL, OFF, ES, LINES = (
    "raw bytes, the limit",
    "tkcore",
    "SQLite WAL, synchronous=FULL",
    "SQLite WAL, synchronous=OFF",
    "eventsourcing, SQLite",
    "json.dumps + file",
)


def durable(rounds: int, folder: Path) -> Table:
    sides = {
        RAW: raw(sync=True),
        OURS: ours(Disk()),
        LINES + " + fsync": json_lines(sync=True),
        FULL: sqlite("full"),
        ES: eventsourcing(),
        "DuckDB": duck(),
        "whole JSON file (1,000), no sync": whole_file(),
    }
    costs = _run(sides, rounds, folder, events=300, commit=1)
    return Table(
        "Append, one event a commit, on the disk before it is acknowledged",
        f"{rounds} rounds x 300 events (30 where the whole JSON file of 1,000 is written), a fresh file a round.",
        *_rows(costs),
        (
            at_least(1, "durable append / raw write + fdatasync", 0.80, paired(costs[RAW], costs[OURS])),
            at_least(2, "durable append / SQLite WAL FULL", 1.1, paired(costs[FULL], costs[OURS])),
            at_least(2, "durable append / eventsourcing", 1.4, paired(costs[ES], costs[OURS])),
        ),
    )


def batched(rounds: int, folder: Path) -> Table:
    sides = {
        RAW: raw(sync=True),
        OURS: ours(Disk()),
        LINES + " + fsync": json_lines(sync=True),
        FULL: sqlite("full"),
        ES: eventsourcing(),
        "DuckDB": duck(),
    }
    costs = _run(sides, rounds, folder, events=SESSION, commit=100)
    return Table(
        "Append, 100 events a commit, on the disk before they are acknowledged",
        f"{rounds} rounds x 3,000 events, a fresh file a round.",
        *_rows(costs),
        (
            at_least(3, "batch of 100 / raw write + fdatasync", 0.40, paired(costs[RAW], costs[OURS])),
            at_least(3, "batch of 100 / eventsourcing", 5, paired(costs[ES], costs[OURS])),
        ),
    )


def buffered(rounds: int, folder: Path) -> Table:
    sides = {
        RAW: raw(sync=False),
        OURS: ours(Unsynced()),
        LINES: json_lines(),
        LINES + ", not flushed": json_lines(flush=False),
        OFF: sqlite("off"),
    }
    costs = _run(sides, rounds, folder, events=SESSION, commit=1)
    return Table(
        "Append, one event a commit, handed to the system and not synced",
        f"{rounds} rounds x 3,000 events, a fresh file a round. What is not flushed is lost with the process.",
        *_rows(costs),
        (
            at_least(4, "buffered append / json.dumps + file object", 1.3, paired(costs[LINES], costs[OURS])),
            at_least(4, "buffered append / SQLite synchronous=OFF", 2.5, paired(costs[OFF], costs[OURS])),
        ),
    )


def _run(
    sides: dict[str, Side], rounds: int, folder: Path, *, events: int, commit: int
) -> dict[str, list[float]]:
    every = turns(events)

    def timed(side: Side) -> Callable[[], float]:
        count = min(events, side.most)
        commits = [side.prepare(every[at : at + commit]) for at in range(0, count, commit)]

        def once() -> float:
            with TemporaryDirectory(dir=folder) as fresh, side.opened(Path(fresh)) as store:
                start = perf_counter()
                for prepared in commits:
                    store(prepared)
                return (perf_counter() - start) / count

        return once

    # what one side left unwritten must not be written in the time of the next
    return interleave({name: timed(side) for name, side in sides.items()}, rounds, os.sync)


def _rows(costs: dict[str, list[float]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head = ("side", "events/s", "us/event", "x raw", "tkcore / this")
    return head, [
        (
            name,
            f"{1 / median(cost):,.0f}",
            short(1e6 * median(cost)),
            str(paired(costs[RAW], cost)),
            "" if name == OURS else str(paired(cost, costs[OURS])),
        )
        for name, cost in costs.items()
    ]
