"""Rows 10 and 11: how long `tk --help` takes as a whole process, and what it loads.

The other side is what anybody would write with click: a group with as many commands as tk had when the target was
set, all defined at once, no language, no plugin. Milliseconds are the machine's; the modules that may not be loaded
are the cause, and no timing decides about them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import Table, Target, at_most, interleave, paired

NEVER = ("duckdb", "structlog", "pyarrow", "asyncio", "rich", "networkx")
TK = str(Path(sys.executable).with_name("tk"))

TWELVE = '''
"""Twelve commands."""

import click


@click.group()
@click.version_option("1.0")
def main():
    """Do one of twelve things."""


{commands}
'''
COMMAND = '''
@main.command()
@click.argument("name")
@click.option("--json", is_flag=True, help="for programs")
def command{n}(name, json):
    """Do thing {n}."""
'''
MODULES = """
import sys
from tkcore.cli import run
run(["--help"])
print(len(sys.modules), *sorted(set(sys.modules) & set({never!r})), file=sys.stderr)
"""


def startup(rounds: int, folder: Path) -> Table:
    with TemporaryDirectory(dir=folder) as fresh:
        commands = "\n".join(COMMAND.format(n=n) for n in range(12))
        Path(fresh, "twelve.py").write_text(TWELVE.format(commands=commands), encoding="utf-8")
        # bytecode is kept, whatever the environment says, and is kept out of the sources
        env = {
            **os.environ,
            "PYTHONPATH": fresh,
            "PYTHONPYCACHEPREFIX": f"{fresh}/cache",
            "LC_ALL": "C.UTF-8",
        }
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        def timed(*words: str) -> Callable[[], float]:
            def once() -> float:
                start = perf_counter()
                subprocess.run(words, env=env, stdout=subprocess.DEVNULL, check=True)
                return perf_counter() - start

            once()  # the first run writes the bytecode
            return once

        sides = {
            "python -c pass": timed(sys.executable, "-c", "pass"),
            "12-command click group, --help": timed(
                sys.executable, "-c", "import sys; from twelve import main; sys.exit(main())", "--help"
            ),
            "tk --help": timed(TK, "--help"),
            "tk --lang id --help": timed(TK, "--lang", "id", "--help"),
        }
        costs = interleave(sides, rounds, lambda: None)
        loaded = _modules(env)
    bare, group, ours, _ = costs.values()
    return Table(
        "Start-up, whole processes",
        f"{rounds} rounds, bytecode warm. `tk --help` ends with {loaded[0]} modules loaded; forbidden are\n"
        f"{', '.join(NEVER)}.",
        ("side", "ms", "x python", "tk --help / this"),
        [
            (
                name,
                f"{1000 * median(cost):.1f}",
                str(paired(cost, bare)),
                "" if cost is ours else str(paired(ours, cost)),
            )
            for name, cost in costs.items()
        ],
        (
            at_most(10, "tk --help / a bare 12-command click group", 1.8, paired(ours, group)),
            at_most(10, "tk --help / bare python", 8, paired(ours, bare)),
            Target(11, "forbidden modules after tk --help", "0", " ".join(loaded[1:]) or "0", not loaded[1:]),
        ),
    )


def _modules(env: dict[str, str]) -> list[str]:
    """Return how many modules `tk --help` has loaded, and those of them that it may not."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES.format(never=NEVER)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.split()
