"""When a member in the room had no turn for long, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monopoly_cases import drawn, remade
from msgspec.structs import replace
from tkcore_monopoly.spells import spells, waiting

from tkcore import SeatRow
from tkcore.testing import session

MINUTE = 60_000


def of(whole, seat, **params):
    found = [s for s in spells(whole, **{"others": 1, **params}).spells if s.seat == seat]
    return [(s.since // 1000, s.until // 1000, s.ms // 1000, s.others, s.open) for s in found]


def told(whole, **params):
    return [
        (a.seat, a.numbers["minutes"], a.numbers["others"])
        for a in waiting(spells(whole, **{"others": 1, **params}))
    ]


def lines(*moments):
    """Turns of seats at moments, `("0:00", "a")`; each to the group."""
    return "; ".join(f"@{moment} {seat}." for moment, seat in moments)


@pytest.mark.parametrize(("now", "said"), [("15:09", []), ("15:10", [("B", 15, 1)])])
def test_fifteen_minutes_to_the_second(now, said):
    """B's turn ended at 0:10, A has the floor: B is told of at 15:10 and not a second sooner."""
    whole = session(f"{lines(('0:00', 'b'), ('0:10', 'a'))}; @{now} _", seats="T,A,B")
    assert told(whole) == said


def test_the_one_who_has_the_floor_is_not_silent():
    """Whoever speaks for twenty minutes has the floor; the others wait, with his one turn meanwhile."""
    whole = session(f"{lines(('0:00', 'b'), ('0:10', 'a'))}; @20:10 c!rn", seats="T,A,B,C")
    assert told(whole) == [("B", 20, 1), ("C", 20, 2)]


def test_a_lecture_is_no_silence_of_the_members():
    """Where the other members had no three turns, nobody is told of; nor where nobody spoke."""
    lecture = "; ".join(f"@{at}:30 t." for at in range(30))
    asked = lines(("0:00", "b"), ("0:10", "a"), ("5:10", "a"))
    assert told(session(f"{asked}; {lecture}; @30:00 _", seats="T,A,B"), others=3) == []
    asked = lines(("0:00", "b"), ("0:10", "a"), ("5:10", "a"), ("6:10", "a"))
    assert told(session(f"{asked}; {lecture}; @30:00 _", seats="T,A,B"), others=3) == [("B", 29, 3)]
    assert told(session("@0:00 _; @30:00 _", seats="T,A,B")) == []


def test_a_pause_is_no_time():
    """Ten minutes of pause are no minutes without a turn."""
    begun = lines(("0:00", "b"), ("0:10", "a"), ("4:00", "c"))
    whole = session(f"{begun}; @5:00 ||break; @15:00 ||; @15:30 a.; @25:09 _", seats="T,A,B,C")
    assert told(whole) == []
    whole = session(f"{begun}; @5:00 ||break; @15:00 ||; @15:30 a.; @25:10 _", seats="T,A,B,C")
    assert told(whole) == [("B", 15, 3)]
    # a pause that goes on stands still
    begun = lines(("0:00", "b"), ("0:10", "a"))
    assert told(session(f"{begun}; @14:00 ||break; @60:00 #x", seats="T,A,B")) == []


def test_an_activity_is_no_time():
    """The minutes of a prayer are left out, unless they are asked for; a turn in one is a turn."""
    begun = lines(("0:00", "b"), ("0:10", "a"))
    prayed = session(f"{begun}; @5:00 {{prayer}}; @10:00 {{}}; @16:00 a.; @16:10 _", seats="T,A,B")
    assert told(prayed) == []
    assert told(prayed, activities=True) == [("B", 16, 2)]
    spoke = session(f"{begun}; @5:00 {{prayer}}; @6:00 b.; @7:00 a.; @10:00 {{}}; @20:00 _", seats="T,A,B")
    assert told(spoke) == []


def test_who_came_late_and_who_left():
    """The minutes begin when he comes, and who has left is not told of."""
    begun = lines(("0:00", "a"), ("1:00", "c"), ("1:10", "a"))
    late = session(f"@0:00 -b:absent; {begun}; @10:00 +b; @20:00 a.; @24:59 _", seats="T,A,B,C")
    assert [seat for seat, *_ in told(late)] == ["C"]
    late = session(f"@0:00 -b:absent; {begun}; @10:00 +b; @20:00 a.; @25:00 _", seats="T,A,B,C")
    assert told(late)[0] == ("B", 15, 1)
    left = session(f"{begun}; @18:00 -b:short; @20:00 a.; @30:00 _", seats="T,A,B,C")
    assert of(left, "B") == [(0, 1080, 1080, 3, False)]
    assert [seat for seat, *_ in told(left)] == ["C"]


def test_a_spell_that_is_over():
    """From 0:10 to 20:00 is a spell of his that is over: it stays in the result and is told no more."""
    whole = session(
        f"{lines(('0:00', 'b'), ('0:10', 'a'), ('20:00', 'b'))}; @20:30 a.", seats="T,A,B", end="21:00"
    )
    assert of(whole, "B") == [(10, 1200, 1190, 1, False)]
    assert told(whole) == []


def test_a_seat_that_is_not_to_be_recorded():
    """Of a seat without consent nothing is said; of one whose floor alone is recorded, its minutes are."""
    whole = session(f"{lines(('0:00', 'b'), ('0:10', 'a'))}; @20:00 _", seats="T,A,B,C")

    def scoped(scope):
        return remade(
            whole, lambda r: replace(r, scope=scope) if isinstance(r, SeatRow) and r.seat == "B" else r
        )

    assert [seat for seat, *_ in told(scoped("none"))] == ["C"]
    assert [seat for seat, *_ in told(scoped("floor_only"))] == ["B", "C"]


def test_more_may_be_asked_for():
    """Other minutes and other numbers of turns; nonsense is refused."""
    whole = session(f"{lines(('0:00', 'b'), ('0:10', 'a'))}; @20:00 _", seats="T,A,B")
    assert told(whole, minutes=20) == []
    assert told(whole, others=2) == []
    assert (spells.params["minutes"], spells.params["others"]) == (15, 3)
    for wrong in ({"minutes": 0}, {"others": -1}):
        with pytest.raises(ValueError, match="at least"):
            spells(whole, **wrong)
    assert spells.alert is waiting


@given(turns=st.lists(st.tuples(st.integers(1, 240), st.sampled_from("TABC")), min_size=1, max_size=60))
@drawn
def test_spells_against_a_plain_look(sitting, turns):
    """Second by second: where a member has not spoken for so long, a spell of his covers it, and nothing else does."""
    at, typed = 0, []
    for length, seat in turns:
        typed.append((at, at + length, seat, "*"))
        at += length
    found = spells(sitting("TABC", typed), minutes=3, others=1)
    assert found.members == 3
    for seat in "ABC":
        quiet, runs = None, []
        for second in range(at + 1):
            speaks = second == at or any(a <= second < b and s == seat for a, b, s, _ in typed)
            if speaks and quiet is not None:
                runs.append((quiet, second))
                quiet = None
            elif not speaks and quiet is None:
                quiet = second
        expected = [
            (a, b) for a, b in runs
            if b - a >= 180 and any(a <= t < b and s in "ABC" and s != seat for t, _, s, _ in typed)
        ]  # fmt: skip
        own = [s for s in found.spells if s.seat == seat]
        assert [(s.since // 1000, s.until // 1000) for s in own] == expected
        assert all(s.ms == s.until - s.since for s in own)
