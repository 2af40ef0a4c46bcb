"""The trend over meetings."""

from __future__ import annotations

import pytest
from tkcore_network.meetings import trend
from tkcore_network.structure import structure

from tkcore import Group, Meeting, MeetingResult, Withheld
from tkcore.analyses import Done, Failed

LAMBDA = (0.82, 0.74, 0.70, 0.61, 0.55, 0.58)


@pytest.fixture
def group(sitting):
    """A group whose meetings have these λ and printed structures; None: the analysis failed there."""

    def make(values, printed=None):
        base = structure(sitting("TABC", [(n, n + 1, "T", "A") for n in range(30)]), draws=5)
        found = []
        for at, value in enumerate(values):
            meeting = Meeting(session=f"g/s{at}", number=at + 1, held=f"2026-01-{at + 1:02d}T16:00:00+07:00")
            common = {
                "analysis": "network.structure",
                "version": 1,
                "plugin": "p",
                "plugin_version": "1",
                "params": {},
            }
            if value is None:
                found.append(
                    MeetingResult(
                        meeting=meeting, outcome=Failed(**common, stage="run", error="x"), value=None
                    )
                )
                continue
            from msgspec.structs import replace

            said = ("circular",) if printed is None else printed[at]
            result = replace(base, dominance=value, structure="circular", printed=said)
            found.append(MeetingResult(meeting=meeting, outcome=Done(**common, value={}), value=result))
        return Group("g", [r.meeting for r in reversed(found)], {"network.structure": found[::-1]})

    return make


def test_the_example_of_the_handbook_of_measures(group):
    """science.md §3: S = -13, τ -.8667, exact p .0167, slope -.06 a session."""
    found = trend(group(LAMBDA))
    assert (found.n, found.score, round(found.tau, 4), round(found.p, 4), round(found.slope, 2)) == (
        6,
        -13,
        -0.8667,
        0.0167,
        -0.06,
    )
    assert found.said.en == "talk goes less through the leader from meeting to meeting"


@pytest.mark.parametrize(("n", "p"), [(5, 0.0167), (6, 0.0028), (7, 0.0004)])
def test_all_one_way(group, n, p):
    """Meetings that all point one way reach the smallest p there is."""
    assert round(trend(group([0.9 - 0.1 * at for at in range(n)])).p, 4) == p


def test_missing_is_missing(group):
    """A meeting without a λ is no meeting of the trend; below five the numbers are withheld and the gate shown."""
    found = trend(group((0.8, None, 0.7, 0.6, None, 0.5)))
    assert (found.n, len(found.meetings)) == (4, 6)
    assert found.tau == found.p == found.slope == Withheld("fewer than 5 meetings", 4)
    assert found.meetings[1].dominance == Withheld("no structure in this meeting", 0)
    assert found.said.id == "belum cukup pertemuan untuk melihat arah"


def test_no_direction(group):
    """What goes up and down has no direction."""
    assert trend(group((0.5, 0.4, 0.5, 0.4, 0.5, 0.4))).said.en == "no clear direction is seen"


def test_returns_are_counted(group):
    """Neighbouring meetings with one printed structure each: a step back towards vertical is a return."""
    printed = [
        ("vertical",),
        ("triangular",),
        ("circular", "triangular"),
        ("vertical",),
        ("circular",),
        ("triangular",),
    ]
    assert trend(group(LAMBDA, printed)).returns == 2


def test_meetings_stand_in_the_order_they_were_held(group):
    """Whatever order they come in, the first meeting is first."""
    assert [m.number for m in trend(group(LAMBDA)).meetings] == [1, 2, 3, 4, 5, 6]
