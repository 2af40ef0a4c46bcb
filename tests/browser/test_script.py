"""A lively group from a script, once by touch alone and once by keys alone: both logs say what the script says."""

from __future__ import annotations

import random

import pytest

MEMBERS, LEADERS = "ABCDEF", "TK"
BY_LEADERS, BY_MEMBERS = ("gg", "gd", "dd", "sr", "pp", "ls"), ("uu", "un", "rj", "bm", "fu", "md")
KEY = {**dict(zip("ABCDEF", "123456", strict=True)), "T": "t", "K": "k"}
SIGN = {"_": "#hush", "&": "#crowd", ";": "#star"}
PRESS = {"_": "Space", "&": "x", ";": ";"}


def script(count: int, seed: int) -> list[str]:
    """Return what happens, a line each; the first is a turn of each leader, so that every code has its turn."""
    chance = random.Random(seed)
    lines = ["T>A", "A>K"]
    while len(lines) < count:
        what = chance.random()
        if what < 0.55:
            lines.append(">".join(chance.sample(MEMBERS + LEADERS, 2)))
        elif what < 0.62:
            lines.append(f"{chance.choice(MEMBERS + LEADERS)}>*")
        elif what < 0.82:
            lines.append("!" + chance.choice(BY_LEADERS + BY_MEMBERS))
        elif what < 0.92:
            lines.append(chance.choice("_&;"))
        else:
            lines.append("~")
    return lines


def by_touch(tablet, line: str) -> None:
    if ">" in line:
        tablet.seats(line.replace(">*", ".").replace(">", ""))
    elif line[0] == "!":
        tablet.code(line[1:])
    else:
        tablet.tap(SIGN.get(line, "#undo"))


def by_keys(tablet, line: str) -> None:
    if ">" in line:
        tablet.press(KEY[line[0]], KEY.get(line[2], "."))
    elif line[0] == "!":
        tablet.typed(line[1:])
    else:
        tablet.press(PRESS.get(line, "Backspace"))


def expected(lines: list[str]) -> list[str]:
    """Return the floor as the script has it, with a mark for a code and for each undone entry."""
    return [line if line[0] not in "!~;" else line[0] for line in lines]


@pytest.mark.parametrize("way", [by_touch, by_keys])
def test_a_script_is_the_log(served, tablet, way) -> None:
    """120 things in a row, among them codes and undone ones: the log has them in this order."""
    lines = script(120, 6)
    for line in lines:
        way(tablet, line)
    tablet.settled()
    entries: list[str] = []
    before = ""
    for record, said in zip(served.records(), served.said(), strict=True):
        if record["id"][:30] == before:
            continue  # an undo takes a turn's codes along
        before = record["id"][:30]
        mark = ";" if said.endswith("mark.star") else "!" if "!" in said else said
        entries.append("~" if said[0] == "~" else mark)
    assert entries == expected(lines)
