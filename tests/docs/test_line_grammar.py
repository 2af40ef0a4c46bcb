"""docs/line-grammar.md shows lines that the recorder takes."""

from __future__ import annotations

import re

import pytest
from pages import DOCS

from tkcore.grammar import parse
from tkcore.testing import sample, session

PAGE = (DOCS / "line-grammar.md").read_text("utf-8")
PARTS = ("!", "true", "false", "one,two", "v=2")
"""What the table shows that is no line of its own."""
BEFORE = {"{prayer}": [], "+g": ["-g"], "+c": ["-c"], "||": ["||break"]}
"""What must have happened before some lines; before all others a game has begun."""


def shown() -> list[str]:
    rows = re.findall(r"^\| (`.*)\|$", PAGE, re.MULTILINE)
    found = [line.replace("\\|", "|") for row in rows for line in re.findall(r"`([^`]+)`", row)]
    return [line for line in found if line not in PARTS]


@pytest.mark.parametrize("line", shown())
def test_line(line):
    """Each line of the table is taken by a session in which somebody has already spoken."""
    if line.startswith("@-"):
        assert parse(line).time  # a session from paper has no now to count back from
        return
    lines = ["ba", "ab", "ca", "ab !uu", *BEFORE.get(line, ["{game}"])]
    lines += ["ab"] * 20 if "~17" in line else []
    timed = [f"@0:{n:02d} {text}" for n, text in enumerate(lines)]
    last = line if line.startswith(("@", "~17:")) else f"@12:00 {line}"
    before = len(sample("before", timed, seats="T,K,A,B,C,G", setting="outpatient").records)
    after = sample("after", [*timed, last], seats="T,K,A,B,C,G", setting="outpatient")
    assert len(after.records) > before


def test_example():
    """The example of a given clock is a session with three turns."""
    lines = re.search(r"```\n(@.*?)```", PAGE, re.DOTALL)
    assert lines
    assert len(session(lines[1], seats="T,A,B").turns) == 3
