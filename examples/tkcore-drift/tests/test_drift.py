"""Numbers counted by hand."""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path

import pytest
from tkcore import Alert, Paragraph, Said, Session, Withheld
from tkcore.testing import session

import tkcore_drift
from tkcore_drift.drawn import lengths
from tkcore_drift.length import Length, Stretch, length, median, shrinks
from tkcore_drift.seen import NOTICED, notices

README = Path(__file__).resolve().parent.parent / "README.md"


def lasting(*seconds: int) -> Session:
    """Return a session of turns that last so many seconds, A and B in alternation."""
    begins = [0, *accumulate(seconds)]
    said = [f"@0:{at:02d} {'ab' if n % 2 == 0 else 'ba'}" for n, at in enumerate(begins[:-1])]
    return session("; ".join(said), end=f"0:{begins[-1]:02d}")


def test_shorter() -> None:
    """Six turns, two in a third: (8 + 6) / 2 = 7 s from 0 to 14 s, then (2 + 3) / 2 = 2.5 s from 24 to 29 s."""
    found = length(lasting(8, 6, 5, 5, 2, 3), least=6)
    assert found == Length(
        measured=6,
        unmeasured=0,
        first=Stretch(since_ms=0, until_ms=14_000, turns=2, median_ms=7000),
        last=Stretch(since_ms=24_000, until_ms=29_000, turns=2, median_ms=2500),
        change_ms=-4500,
        direction="shorter",
    )


def test_longer() -> None:
    """Seven turns: a third is two, the three between are left out; 1.5 s, then 6 s."""
    found = length(lasting(1, 2, 9, 9, 9, 5, 7), least=7)
    assert (found.first.median_ms, found.last.median_ms, found.change_ms) == (1500, 6000, 4500)
    assert found.direction == "longer"


def test_same() -> None:
    """Three turns of four seconds do not drift."""
    found = length(lasting(4, 4, 4), least=3)
    assert (found.change_ms, found.direction) == (0, "same")


def test_too_few() -> None:
    """Eleven measured turns are one too few, and two are too few whatever is asked for."""
    assert length(lasting(*[1] * 11)) == Withheld("fewer measured turns than needed", 11)
    assert length(lasting(*[1] * 12)).measured == 12
    assert length(lasting(1, 1), least=1) == Withheld("fewer measured turns than needed", 2)
    assert length(session("@0:05 _", end="0:20")) == Withheld("fewer measured turns than needed", 0)


def test_an_open_turn_is_not_measured() -> None:
    """The last turn of a session that goes on has no length."""
    found = length(session("@0:00 ab; @0:04 ba; @0:07 ab; @0:09 ba"), least=3)
    assert (found.measured, found.unmeasured) == (3, 1)
    assert (found.first.median_ms, found.last.median_ms) == (4000, 2000)


def test_whole_ms() -> None:
    """The mean of the middle two is rounded down."""
    assert median([3, 1, 2]) == 2
    assert median([1, 2]) == 1


def test_the_alert() -> None:
    """Half is not said, less than half is."""
    half = length(lasting(8, 5, 4), least=3)
    assert list(shrinks(half)) == []
    less = length(lasting(8, 5, 3), least=3)
    assert list(shrinks(less)) == [
        Alert(alert="drift.shrinks", numbers={"first": 8000, "last": 3000, "turns": 3})
    ]


def test_notices() -> None:
    """Two of three say shorter; no direction, no seat and a misspelt field are left out."""
    lines = (
        "@0:00 ab; @0:02 drift.noticed seat=A direction=shorter; @0:05 drift.noticed seat=A direction=longer; "
        "@0:07 drift.noticed seat=B direction=shorter; @0:08 drift.noticed seat=B direction=up; "
        "@0:09 drift.noticed direction=longer; @0:10 drift.noticed seat=B dir=longer"
    )
    talk = session(lines, end="0:20", events=[NOTICED])
    assert talk.sql(notices.sql) == [
        ("g/s", "longer", 1, 5000, 5000),
        ("g/s", "shorter", 2, 2000, 7000),
    ]
    assert [(one.ts, one.body.seat) for one in talk.events(NOTICED)] == [
        (2000, "A"),
        (5000, "A"),
        (7000, "B"),
        (8000, "B"),
    ]


def test_the_section() -> None:
    """The sentence says both stretches and both medians, in both languages."""
    first, *rest = lengths.draw(length(lasting(8, 6, 5, 5, 2, 3), least=6))
    assert first == Paragraph(
        Said(
            id="Giliran bicara menjadi lebih pendek: median 7000 ms dari 0:00 sampai 0:14, "
            "2500 ms dari 0:24 sampai 0:29.",
            en="Turns became shorter: median 7000 ms from 0:00 to 0:14, 2500 ms from 0:24 to 0:29.",
        )
    )
    assert [type(part).__name__ for part in rest] == ["Bars", "Table"]


@pytest.fixture
def typed(tk_workspace, tk_cli):
    """A workspace with the codebook and two sessions: codes and an event in the first, too little in the second."""
    added = tk_cli("codebook", "add", "drift", plugins=[tkcore_drift])
    assert added.code == 0, added.err
    said = [f"@0:{8 * n:02d} {'ab' if n % 2 == 0 else 'ba'}" for n in range(4)]  # four turns of 8 s
    said += [f"@0:{32 + 2 * n} {'ab' if n % 2 == 0 else 'ba'}" for n in range(8)]  # eight of 2 s
    said += ["@0:46 !qq", "@0:46 !qq", "@0:46 !qh", "@0:46 drift.noticed seat=B direction=shorter"]
    tk_workspace.open("g/s1").say(*said).close("0:48")
    tk_workspace.open("g/s2").say("@0:00 ab").close("0:05")
    return tk_cli


def test_codes_and_events_in_tk(typed) -> None:
    """`!qq` twice, `!qh` once, one notice."""
    ran = typed("analyze", "g/s1", "drift.pace", "drift.notices", "--json")
    assert ran.code == 0, ran.err
    value = {one["analysis"]: one["value"] for one in ran.json["outcomes"]}
    assert value["drift.pace"] == [
        {"code": "drift.pace.holds", "times": 1},
        {"code": "drift.pace.quickens", "times": 2},
    ]
    assert value["drift.notices"] == [
        {"direction": "shorter", "times": 1, "since_ms": 46_000, "until_ms": 46_000}
    ]


def test_not_looked_for(tk_workspace, tk_cli) -> None:
    """A session that was opened without the codebook says nothing of its codes: that is not zero."""
    tk_workspace.open("g/s").say("@0:00 ab").close("0:05")
    ran = tk_cli("analyze", "g/s", "drift.pace", "drift.notices", "--json", plugins=[tkcore_drift])
    assert ran.code == 0, ran.err
    assert {one["outcome"] for one in ran.json["outcomes"]} == {"not_applicable"}


def test_the_command(typed) -> None:
    """8 s, then 2 s; and one turn is too few."""
    ran = typed("--lang", "en", "drift", "list")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == ["g/s1  8000 -> 2000 ms  shorter", "g/s2  too few measured turns: 1"]


def test_the_readme() -> None:
    """The example in the README is true."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})  # noqa: S102 - our own example
