"""Row 5: reading a log again. tkcore's way verifies each line (CRC and chain) and decodes it.

The bare side has the lines in memory, split, and only decodes them into the same types: it would not notice that one
was changed or lost. eventsourcing's side has its stored events in memory too and sends them through its mapper;
`Application.repository` would take longer. tkcore reads the file, hot. All is CPU time: nothing here waits for a disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Union
from uuid import UUID

import msgspec
from append import SESSION, ours, taken, turns
from data import Unsynced, plan, record, workspace
from eventsourcing.application import Application
from measure import Table, at_least, at_most, interleave, paired, short

from tkcore.disk import Disk
from tkcore.events import EVENTS
from tkcore.recovery import read

OURS, BARE, MAPPER = "tkcore, verified", "bare msgspec tagged union", "eventsourcing mapper"
REAL = ", simulated sessions"


def replay(rounds: int, folder: Path) -> Table:
    with TemporaryDirectory(dir=folder) as fresh:
        desk = workspace(Path(fresh, "workspace"))
        logs = []
        for number in range(4):
            record(desk, f"g/s{number}", plan(number))
            logs.append(desk.workspace.session(f"g/s{number}"))
        with ours(Unsynced()).opened(Path(fresh)) as store:
            store(turns(SESSION))
        alone = [Path(fresh, "log")]
        sides = {
            OURS: _verified(alone),
            BARE: _bare(alone),
            MAPPER: _mapper(),
            OURS + REAL: _verified(logs),
            BARE + REAL: _bare(logs),
        }
        costs = interleave(sides, rounds, lambda: None)
    other = {OURS: BARE, MAPPER: BARE, OURS + REAL: BARE + REAL}
    return Table(
        "Replay",
        f"{rounds} rounds x {SESSION:,} turns, or the records of 4 simulated sessions, all types mixed; CPU time.",
        ("side", "events/s", "us/event", "x bare, same lines"),
        [
            (
                name,
                f"{1 / median(cost):,.0f}",
                short(1e6 * median(cost)),
                str(paired(cost, costs[other[name]])) if name in other else "",
            )
            for name, cost in costs.items()
        ],
        (
            at_most(5, "verified replay / bare msgspec decode, turns", 4, paired(costs[OURS], costs[BARE])),
            at_most(
                5, "verified replay / bare, simulated sessions", 4, paired(costs[OURS + REAL], costs[BARE + REAL])
            ),
            at_least(5, "eventsourcing mapper / verified replay", 3, paired(costs[MAPPER], costs[OURS])),
        ),
    )  # fmt: skip


def _verified(logs: list[Path]) -> Callable[[], float]:
    disk = Disk()

    def once() -> float:
        start = process_time()
        count = sum(len(read(log, disk)[0]) for log in logs)
        return (process_time() - start) / count

    return once


def _bare(logs: list[Path]) -> Callable[[], float]:
    files = [path for log in logs for path in sorted(log.glob("*.ndjson"))]
    lines = [line for path in files for line in path.read_bytes().splitlines()[1:]]
    decode = msgspec.json.Decoder(Union[tuple(EVENTS.values())]).decode  # noqa: UP007 - a union of a computed tuple

    def once() -> float:
        start = process_time()
        records = [decode(line) for line in lines]
        return (process_time() - start) / len(records)

    return once


def _mapper() -> Callable[[], float]:
    mapper = Application[UUID]({"PERSISTENCE_MODULE": "eventsourcing.popo"}).mapper
    stored = [mapper.to_stored_event(event) for event in taken(turns(SESSION))]

    def once() -> float:
        start = process_time()
        events = [mapper.to_domain_event(event) for event in stored]
        return (process_time() - start) / len(events)

    return once
