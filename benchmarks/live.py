"""Row 16: whether what listens to a recording slows it down.

A session is typed at a steady pace into the real recorder, each line on the disk before the next, and the wait for
each answer is measured: its 99th percentile is what a co-therapist would notice. Beside it nothing runs; or
`tk live SESSION --json` with three plugins, one of which burns a core from the moment it is loaded; or, to see what of
that is the machine's doing, three bare Python processes that do nothing but burn.

The pace is life's made faster: a line every 5 ms, a tick every 100 lines, so that there is one every half second
instead of every ten. The clock starts once every plugin has said that it started, and a round counts only if what runs
beside it did use the processor meanwhile, which is read from /proc (Linux only) and shown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import IO

from data import workspace
from generated import BURNING, install
from measure import Table, at_most, interleave, paired
from startup import TK

from tkcore.config import Config, dump
from tkcore.disk import Disk
from tkcore.opening import Desk, Opening, open_session, seatings, start
from tkcore.reading import books
from tkcore.recorder import Recorder
from tkcore.root import FILE

WARM, TIMED = 100, 1000
PACE = 0.005
STEP = 100
"""Milliseconds of the session between two lines: a tick, every 10 s of the session, comes every hundred."""
PLUGINS = {"calm": None, "quiet": None, "burner": BURNING}
PATIENCE = 60.0


class Round:
    """What one side's rounds came to, beside the cost that is compared."""

    def __init__(self) -> None:
        self.middle: list[float] = []
        self.burnt: list[float] = []


def live(rounds: int, folder: Path) -> Table:
    """Measure a recording alone, beside `tk live`, and beside processes that burn."""
    with TemporaryDirectory(dir=folder) as fresh:
        packages = Path(fresh, "packages")
        packages.mkdir()
        enabled: dict[str, str] = {}
        for name, module in PLUGINS.items():
            enabled = install(packages, [name], module) if module else install(packages, [name])
        made = workspace(Path(fresh, "workspace"))
        desk = Desk(made.workspace, Disk(), made.clocks, made.random)  # this disk syncs
        desk.disk.store(desk.workspace.root / FILE, dump(Config(language="en", plugins=enabled)))
        env = {**os.environ, "PYTHONPATH": str(packages), "LC_ALL": "C.UTF-8"}
        words = {
            "alone": None,
            "beside tk live, three plugins, one burning": [TK, "-w", str(desk.workspace.root), "live"],
            "beside three bare processes that burn": [sys.executable, "-c", BARE],
        }
        seen = {name: Round() for name in words}
        number = iter(range(10**6))

        def side(name: str) -> float:
            full = f"g/s{next(number)}"
            return _recorded(desk, full, words[name], env, seen[name])

        costs = interleave({name: lambda name=name: side(name) for name in words}, rounds, lambda: None)
    alone, beside, _ = costs.values()
    return Table(
        "Recording beside `tk live`",
        f"{rounds} rounds x {TIMED:,} lines, one every {1000 * PACE:.0f} ms, a tick every {10_000 // STEP} lines, "
        f"{os.cpu_count()} processors;\n"
        "milliseconds from a line to its answer, which comes when it is on the disk.",
        ("side", "p50, ms", "p99, ms", "p99 x alone", "processors used beside it"),
        [
            (
                name,
                f"{1000 * median(seen[name].middle):.2f}",
                f"{1000 * median(cost):.2f}",
                str(paired(cost, alone)),
                f"{median(seen[name].burnt):.2f}",
            )
            for name, cost in costs.items()
        ],
        (at_most(16, "p99 append, tk live and three plugins beside it / alone", 1.5, paired(beside, alone)),),
    )


BARE = """
import os
for _ in range(2):
    if not os.fork():
        break
while True:
    pass
"""


def _recorded(desk: Desk, full: str, beside: list[str] | None, env: dict[str, str], seen: Round) -> float:
    """Record a session beside a program and return the 99th percentile of the wait for an answer."""
    codebooks = books(desk.workspace)
    open_session(desk, full, Opening(seats=seatings("TABCDE"), clock="given"), codebooks)
    recorder, writer = start(desk, full, codebooks)
    try:
        for n in range(WARM):
            recorder.enter(_line(n))
        with running(beside, full, env) as first:
            began, used = monotonic(), _used(first)
            waits = sorted(_wait(recorder, n) for n in range(WARM, WARM + TIMED))
            burnt = (_used(first) - used) / (monotonic() - began)
    finally:
        writer.close()
    if beside is not None and burnt < 0.5:
        raise RuntimeError(f"{beside[0]} used {burnt:.2f} of a processor: nothing burnt beside {full}")
    seen.middle.append(waits[TIMED // 2])
    seen.burnt.append(burnt)
    return waits[TIMED * 99 // 100]


def _line(n: int) -> str:
    ms = n * STEP
    return f"@{ms // 60_000}:{ms // 1000 % 60:02d}.{ms % 1000:03d} {'abcde'[n % 5]}{'abcde'[(n + 1) % 5]}"


def _wait(recorder: Recorder, n: int) -> float:
    sleep(PACE)
    line = _line(n)
    asked = perf_counter()
    recorder.enter(line)
    return perf_counter() - asked


@contextmanager
def running(
    beside: list[str] | None, full: str, env: dict[str, str], plugins: Collection[str] = tuple(PLUGINS)
) -> Iterator[int | None]:
    """Keep a program running, with what it starts, once it is at work, `tk live` with these plugins; give its number."""
    if beside is None:
        yield None
        return
    is_live = beside[-1] == "live"
    words = [*beside, full, "--json"] if is_live else beside
    with tempfile.TemporaryFile("w+b") as said, tempfile.TemporaryFile("w+b") as told:
        child = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=told)
        try:
            until = monotonic() + PATIENCE
            while _used(child.pid) < 1.0 or (is_live and _started(said) < set(plugins)):
                if child.poll() is not None or monotonic() > until:
                    told.seek(0)
                    raise RuntimeError(f"{' '.join(words)} did not get to work: {told.read().decode()}")
                sleep(0.1)
            yield child.pid
        finally:
            began = _below(child.pid)
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pid, stat in began.items():
                # what has the number and the beginning of one that was ours is ours
                if _below(pid).get(pid, stat[:20])[19] == stat[19]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, 9)


def _started(said: IO[bytes]) -> set[str]:
    """Return the plugins that `tk live` has said of that they started."""
    size = os.fstat(said.fileno()).st_size
    lines = [
        json.loads(line)
        for line in os.pread(said.fileno(), size, 0).splitlines(keepends=True)
        if line[-1:] == b"\n"
    ]
    return {x["plugin"] for x in lines if x["line"] == "worker" and x["state"] == "started"}


def _below(first: int) -> dict[int, list[str]]:
    """Return a process and all that came of it, with what /proc/PID/stat has behind the name.

    Workers have sessions of their own: the way down goes by parents.
    """
    stats = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stats[int(place.name)] = (place / "stat").read_text().rpartition(")")[2].split()
    found: dict[int, list[str]] = {}
    parents = {first}
    while parents:
        found |= {pid: stats[pid] for pid in parents if pid in stats}
        parents = {pid for pid, stat in stats.items() if int(stat[1]) in parents}
    return found


def _used(first: int | None) -> float:
    """Return the seconds of processor that a process and all that came of it have used."""
    if first is None:
        return 0.0
    ticks = sum(sum(map(int, stat[11:15])) for stat in _below(first).values())
    return ticks / os.sysconf("SC_CLK_TCK")
