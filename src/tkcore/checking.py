"""Conformance of an installed plugin: pytest in a process of its own, over a file that is written for it and gone after."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct, json

from tkcore.errors import BadInput, NotAllowed
from tkcore.plugins import Found

TEST = """\
from importlib import import_module
from tkcore.testing import conformance
test_conforms = conformance(import_module({module!r}), name={name!r})
"""
REPORTER = """\
import json, os
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        said = report.longrepr
        if isinstance(said, tuple):
            said = said[2].removeprefix("Skipped: ")
        elif said is not None:
            crash = getattr(said, "reprcrash", None)
            said = crash.message if crash is not None else str(said)
            said = said.removeprefix("AssertionError: ").partition("\\nassert ")[0]
        item = report.nodeid.partition("[")[2].rstrip("]") or report.nodeid
        with open(os.environ["TK_CHECKED"], "a") as out:
            out.write(json.dumps({"item": item, "outcome": report.outcome, "says": said or ""}) + "\\n")
def pytest_collectreport(report):
    if report.failed:
        with open(os.environ["TK_CHECKED"], "a") as out:
            out.write(json.dumps({"item": "import", "outcome": "failed", "says": str(report.longrepr).strip().splitlines()[-1].removeprefix("E   ")}) + "\\n")
"""
TOO_LONG = 1800
"""Seconds after which checking is given up."""


class Checked(Struct, frozen=True):
    """What came of one check of one contribution: passed, failed or skipped, and why."""

    item: str
    outcome: str
    says: str


def checked(found: Found, *, timeout: float = TOO_LONG) -> list[Checked]:
    """Return what came of each check of an installed plugin. Raises NotAllowed without pytest, BadInput if it hangs."""
    if importlib.util.find_spec("pytest") is None:
        raise NotAllowed(
            "checking needs pytest, which is not installed here: {python} -m pip install pytest",
            python=sys.executable,
        )
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        folder = Path(place)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "conftest.py").write_text(REPORTER)
        (folder / "test_conformance.py").write_text(TEST.format(module=found.entry.module, name=found.name))
        told = folder / "checked.ndjson"
        env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pytest.ini", "."],
                check=False, capture_output=True, text=True, cwd=folder, timeout=timeout, stdin=subprocess.DEVNULL,
                env={**env, "TK_CHECKED": str(told)},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise BadInput(
                "checking {plugin} took longer than {seconds} s and was ended",
                plugin=found.name,
                seconds=timeout,
            ) from None
        lines = told.read_bytes().splitlines() if told.exists() else []
        results = [json.decode(line, type=Checked) for line in lines]
        if done.returncode not in (0, 1) or not results:
            last = (done.stdout + done.stderr).strip().splitlines()[-1:] or [f"exit {done.returncode}"]
            results.append(Checked("pytest", "failed", last[0]))
        return results
