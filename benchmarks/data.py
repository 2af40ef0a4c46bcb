"""Sessions to measure with: simulated ones through the real recorder, and a large archive made of them.

Nobody waits for 10,000 sessions to be recorded: 250 are, and their rows are taken again under other names. That
flatters the sizes of files (a copy differs by its session's name alone), not the queries. What was made is kept in
benchmarks/.data; delete it to have it made anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from measure import talk

from tkcore.codebook import handbook
from tkcore.config import Config, Workspace, dump
from tkcore.disk import Disk
from tkcore.exchange.simulate import STRUCTURES, Plan, simulate
from tkcore.opening import Desk, Opening, open_session, seatings, start
from tkcore.reading import Read, books, read_session, rows_of
from tkcore.recorder import Clocks
from tkcore.relations import encode_rows
from tkcore.root import FILE

DATA = Path(__file__).with_name(".data")
RECORDED = 250


class Unsynced(Disk):
    """A disk that is trusted to write some day."""

    def sync(self, fd: int) -> None:
        """Do nothing."""


def workspace(root: Path) -> Desk:
    """Make an empty workspace with the handbook's codes."""
    desk = Desk(Workspace(root), Unsynced(), Clocks(), os.urandom)
    desk.disk.make_folder(desk.workspace.codebooks)
    desk.disk.store(desk.workspace.codebooks / "handbook.toml", handbook())
    desk.disk.store(root / FILE, dump(Config(language="en")))
    return desk


def record(desk: Desk, full: str, plan: Plan) -> Read:
    """Record a simulated session, left open, and return what its log says."""
    script, codebooks = simulate(plan), books(desk.workspace)
    open_session(desk, full, Opening(seats=seatings(script.seats), clock="given"), codebooks)
    recorder, writer = start(desk, full, codebooks)
    for line in script.lines:
        recorder.enter(line)
    writer.close()
    return read_session(desk.workspace, full, desk.disk)


def plan(number: int, minutes: int = 90) -> Plan:
    """Return the plan of one of many sessions: 7 to 11 people, each structure in turn."""
    return Plan(
        seed=number, minutes=minutes, members=6 + number % 5, structure=list(STRUCTURES)[number % len(STRUCTURES)]
    )  # fmt: skip


def made(path: Path, make: Callable[[Path], object]) -> Path:
    """Return a file or folder, made where it is missing; half of one is never taken for it."""
    if not path.exists():
        talk(f"  making {path}\n")
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.draft")
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
        make(draft)
        draft.rename(path)
    return path


def many_rows(events: int, folder: Path) -> Path:
    """Return about so many rows of relation `event` as NDJSON, as tkcore folds and encodes them."""

    def multiply(draft: Path) -> None:
        once = made(
            folder.parent / f"recorded-{folder.name.partition('-')[2]}.ndjson", _recorded
        ).read_bytes()
        with draft.open("wb") as file:
            for copy in range(round(events / once.count(b"\n"))):
                file.write(once.replace(b'"session":"real/', b'"session":"c%03d/' % copy))

    return made(folder / "rows.ndjson", multiply)


def _recorded(draft: Path) -> None:
    place = draft.with_name("workspace")
    shutil.rmtree(place, ignore_errors=True)
    desk = workspace(place)
    codebooks = books(desk.workspace)
    with draft.open("wb") as file:
        for number in range(RECORDED):
            session = record(desk, f"real/s{number:03d}", plan(number))
            file.write(encode_rows(rows_of(session, codebooks)))
            talk(f"\r  session {number + 1} of {RECORDED} ")
    talk("\n")
    shutil.rmtree(place)
