"""How every benchmark measures: the sides take turns, a claim is the median of the ratios of each round.

What else the machine does moves both sides of a round alike, so a ratio within a round says more than two
averages. Rounds begin with another side each, so that none always follows the same neighbour.
"""

from __future__ import annotations

import gc
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

PACKAGES = ("click", "duckdb", "eventsourcing", "msgspec", "networkx", "polars", "rustworkx")


@dataclass(frozen=True)
class Ratio:
    """The median of the paired per-round ratios, and the extremes."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return " ".join((short(self.middle), f"[{short(self.least)}..{short(self.most)}]"))


@dataclass(frozen=True)
class Target:
    """One bound of storage.md, "Targets", and what this run says to it."""

    row: int
    what: str
    bound: str
    measured: str
    met: bool | None
    """None: not measured in this run."""


@dataclass(frozen=True)
class Table:
    """A table of the report; the first column is text, the others numbers."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    targets: Sequence[Target] = field(default=())


def interleave(
    sides: Mapping[str, Callable[[], float]], rounds: int, settle: Callable[[], None]
) -> dict[str, list[float]]:
    """Run each side once a round and return its costs, round by round; `settle` runs before each, untimed."""
    names = list(sides)
    costs: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            settle()
            costs[name].append(sides[name]())
        talk(f"\r  round {turn + 1} of {rounds} ")
    talk("\n")
    return costs


def paired(above: Sequence[float], below: Sequence[float]) -> Ratio:
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def at_least(row: int, what: str, bound: float, ratio: Ratio) -> Target:
    return Target(row, what, f">= {bound:.2f}", str(ratio), ratio.middle >= bound)


def at_most(row: int, what: str, bound: float, ratio: Ratio) -> Target:
    return Target(row, what, f"<= {bound:.2f}", str(ratio), ratio.middle <= bound)


def short(number: float) -> str:
    """Return a number with the digits that mean something."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}" if number >= 0.1 else f"{number:.2g}"


def talk(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that reads as well in a terminal as on a page: numbers to the right."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    aligned = [
        [
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (head, *rows)
    ]
    rule = ["-" * width if at == 0 else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (aligned[0], rule, *aligned[1:]))


# -- the machine -----------------------------------------------------------------------------------------


def file_system(folder: Path) -> str:
    """Return the type of the file system a folder is on, `ext4 (no journal)`; "unknown" off Linux."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return "unknown"
    number = os.stat(folder).st_dev
    found = f"{os.major(number)}:{os.minor(number)}"
    for mount in mounts:
        if mount[2] == found:
            kind, device = mount[mount.index("-") + 1 : mount.index("-") + 3]
            if kind != "ext4":
                return kind
            journal = any(Path("/proc/fs/jbd2").glob(f"{Path(device).name}-*"))
            return f"ext4 ({'journal' if journal else 'no journal'})"
    return "unknown"


def machine(folder: Path) -> list[str]:
    """Describe what was measured, and on what."""
    libraries = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"tkcore {version('tkcore')} at {_revision()}; Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}, {libraries}",
        f"CPU: {os.cpu_count()} x {_processor()}",
        f"kernel: {platform.system()} {platform.release()}",
        f"file system of the folder measured: {file_system(folder)}",
    ]


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def _revision() -> str:
    """Return the commit, and whether the sources differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=all", "--", "../src")
    return (git("rev-parse", "--short", "HEAD") or "?") + (" with changes in src" if changed else "")
