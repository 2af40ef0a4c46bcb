"""Whether the last turns went through a leader, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from network_cases import acts, drawn, golden, remade
from tkcore_network.recent import recent, vertical_lately

from tkcore import SessionRow, Withheld


def told(session, **params):
    return [(a.alert, a.seat, a.numbers) for a in vertical_lately(recent(session, **params))]


@pytest.mark.parametrize(("through", "told_of"), [(21, False), (22, True)])
def test_more_than_seventy_of_a_hundred(sitting, through, told_of):
    """21 of the last 30 are seventy per cent and nothing; 22 are more."""
    lines = acts(*["AB"] * 50, *["TA", "AT"] * 15)[: 50 + through] + [
        (200 + at, 201 + at, "B", "A") for at in range(30 - through)
    ]
    found = recent(sitting("TABC", lines))
    assert (found.turns, found.through, found.since, found.vertical) == (30, through, 50_000, told_of)
    assert told(sitting("TABC", lines)) == (
        [("network.vertical_recent", None, {"through": 22, "turns": 30})] if told_of else []
    )
    assert found.share == through / 30


def test_the_interval_is_wilsons(sitting):
    """22 of 30: .7333 [.5555, .8582]."""
    lines = acts(*["TA"] * 22, *["AB"] * 8)
    found = recent(sitting("TABC", lines))
    assert (found.share, found.share_low, found.share_high) == (
        pytest.approx(0.7333, abs=5e-5), pytest.approx(0.5555, abs=5e-5), pytest.approx(0.8582, abs=5e-5),
    )  # fmt: skip


def test_what_has_a_leader_at_one_end(sitting):
    """A leader's turn to the group has, a member's to the group has not; one of two receivers is enough."""
    lines = [
        *((at, at + 1, "T", "*") for at in range(10)),
        *((10 + at, 11 + at, "A", "*") for at in range(10)),
        *((20 + at, 21 + at, "A", "B,K") for at in range(10)),
    ]
    assert recent(sitting("TKABC", lines)).through == 20


def test_turns_between_leaders_are_left_out(sitting):
    """What two leaders say to each other is no talk with the group; to a member as well, it is."""
    lines = acts(*["AB"] * 30, *["TK", "KT"] * 10)
    found = recent(sitting("TKABC", lines))
    assert (found.turns, found.through) == (30, 0)
    assert recent(sitting("TKABC", [*lines, (100, 101, "T", "K,A")])).through == 1


def test_not_enough_to_say(sitting):
    """29 turns, two members, no leader, or receivers nobody knows: the gate is said and nothing told."""
    assert recent(sitting("TABC", acts(*["TA"] * 29))).vertical == Withheld(
        "fewer turns than are looked at", 29
    )
    assert recent(sitting("TAB", acts(*["TA"] * 30))).vertical == Withheld("fewer than 3 members", 2)
    assert recent(sitting("ABC", acts(*["AB"] * 30))).vertical == Withheld("no leader present", 0)
    lost = [*acts(*["TA"] * 23), *((50 + at, 51 + at, "A", "?") for at in range(7))]
    gate = Withheld("more than 20 % of turns have an unknown receiver", 30)
    found = recent(sitting("TABC", lost))
    assert (found.vertical, found.share, found.through) == (gate, gate, 23)
    assert told(sitting("TABC", lost)) == []
    # to whomever a leader speaks, one end is his
    lecture = [(at, at + 1, "T", "?") for at in range(30)]
    assert recent(sitting("TABC", lecture)).vertical is True


def test_where_the_handbook_expects_it(sitting):
    """In an inpatient group talk through the leader is expected, and nothing is told."""
    ward = remade(
        sitting("TABCD", golden(1) * 2),
        lambda row: replace(row, setting="inpatient") if isinstance(row, SessionRow) else row,
    )
    found = recent(ward)
    assert (found.vertical, found.expected, told(ward)) == (True, True, [])
    assert told(sitting("TABCD", golden(1) * 2))
    assert recent.alert is vertical_lately


def test_limits_that_make_no_sense(sitting):
    """No turn at all, nothing in a hundred or all of it are refused."""
    for wrong in ({"last": 0}, {"percent": 0}, {"percent": 100}):
        with pytest.raises(ValueError, match="last"):
            recent(sitting("TABC", acts("TA")), **wrong)


@given(
    pairs=st.lists(st.sampled_from(["TA", "AT", "AB", "BC", "TK", "CK"]), max_size=60),
    last=st.integers(1, 30),
)
@drawn
def test_the_last_turns_against_a_plain_count(sitting, pairs, last):
    """What came before the last turns moves nothing."""
    kept = [pair for pair in pairs if pair != "TK"][-last:]
    found = recent(sitting("TKABC", acts(*pairs)), last=last)
    through = sum("T" in pair or "K" in pair for pair in kept)
    assert (found.turns, found.through) == (len(kept), through)
    if len(kept) == last:
        assert found.vertical is (100 * through > 70 * last)
    else:
        assert isinstance(found.vertical, Withheld)
