"""Rows 14 and 15: what forty installed and enabled plugins cost those who do not use them.

Both sides are the same program in the same kind of workspace; beside one of them lie forty packages with their
dist-info, all enabled, as after `pip install`. `tk --help` lists the core's commands and has no reason to look at
plugins; a word that is no command of the core's is looked for among them, so that row is the price of the look. No
target is set for it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from data import workspace
from generated import install
from measure import Table, Target, at_most, interleave, paired
from startup import TK

from tkcore.config import Config, dump
from tkcore.root import FILE

MANY = 40


def plugins(rounds: int, folder: Path) -> Table:
    """Measure whole processes with none and with forty."""
    with TemporaryDirectory(dir=folder) as fresh:
        places = {count: _installed(Path(fresh, str(count)), count) for count in (0, MANY)}

        def timed(count: int, leaves: int, *words: str) -> Callable[[], float]:
            where = places[count]
            env = {
                **os.environ,
                "PYTHONPATH": str(where / "packages"),
                "PYTHONPYCACHEPREFIX": f"{fresh}/cache",
                "TK_WORKSPACE": str(where / "workspace"),
                "LC_ALL": "C.UTF-8",
            }
            env.pop("PYTHONDONTWRITEBYTECODE", None)

            def once() -> float:
                start = perf_counter()
                done = subprocess.run([TK, *words], env=env, capture_output=True, check=False, cwd=where)
                took = perf_counter() - start
                if done.returncode != leaves:
                    raise RuntimeError(f"tk {' '.join(words)}: {done.returncode}, {done.stderr.decode()}")
                return took

            once()  # the first run writes the bytecode
            return once

        costs = interleave(
            {
                "tk --help": timed(0, 0, "--help"),
                f"tk --help, {MANY} plugins": timed(MANY, 0, "--help"),
                "tk gaze, no such command": timed(0, 2, "gaze"),
                f"tk gaze, {MANY} plugins": timed(MANY, 2, "gaze"),
            },
            rounds,
            lambda: None,
        )
    helped, helped_many, unknown, unknown_many = costs.values()
    return Table(
        f"{MANY} plugins, whole processes",
        f"{rounds} rounds, bytecode warm; {MANY} packages with an analysis and a command each, all enabled.",
        ("side", "ms", "x tk --help", "x without plugins"),
        [
            (name, f"{1000 * median(cost):.1f}", str(paired(cost, helped)), str(paired(cost, without)))
            for (name, cost), without in zip(costs.items(), (helped, helped, unknown, unknown), strict=True)
        ],
        (
            at_most(14, f"tk --help with {MANY} plugins / with none", 1.2, paired(helped_many, helped)),
            Target(
                15,
                f"an unknown command with {MANY} plugins / with none",
                "-",
                str(paired(unknown_many, unknown)),
                None,
            ),
        ),
    )


def _installed(where: Path, count: int) -> Path:
    """Make a folder of packages and a workspace in which they are enabled."""
    packages = where / "packages"
    packages.mkdir(parents=True)
    enabled = install(packages, [f"p{n:02d}" for n in range(count)])
    if len(enabled) != count:
        raise RuntimeError(f"{len(enabled)} of {count} plugins were found")
    desk = workspace(where / "workspace")
    desk.disk.store(desk.workspace.root / FILE, dump(Config(language="en", plugins=enabled)))
    return where
