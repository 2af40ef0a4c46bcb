"""The share of each member and what may be said of it, against science.md §1."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monopoly_cases import G1, NEAR, drawn, floor, remade, seat_of
from msgspec.structs import replace
from tkcore_monopoly.share import _finding, holding, share
from tkcore_monopoly.style import Style

from tkcore import SeatRow, Turn, Withheld


def test_the_share_of_g1s_a(sitting):
    """A has 38.9 % of the member turns (.203–.614) and 68.2 % of the time; four of seven turns are initiatives."""
    found = share(sitting("TABCDE", G1, length=330), draws=50)
    a = next(s for s in found.seats if s.seat == "A")
    assert (a.turns, a.ms, found.turns) == (7, 171_300, 18)
    assert a.share_turns == pytest.approx(0.3889, abs=NEAR)
    assert (a.share_turns_low, a.share_turns_high) == (pytest.approx(0.203, abs=5e-4), pytest.approx(0.614, abs=5e-4))  # fmt: skip
    assert a.share_ms == pytest.approx(0.6817, abs=NEAR)
    assert a.initiatives == pytest.approx(0.5714, abs=NEAR)
    assert (a.sent, a.received, a.asked) == (7 / 24, 4 / 19, False)
    assert found.measured == 18
    # C starts into A's turn 10: the only overlap
    assert {s.seat: s.participatory for s in found.seats} == {
        "A": -1, "C": 1, **dict.fromkeys("TBDE", Withheld("no overlap", 0)),
    }  # fmt: skip
    assert a.finding == Withheld("fewer than 30 member turns", 18)
    assert list(holding(found)) == []
    assert [s.seat for s in found.seats] == list("TABCDE")


def test_one_member_holds_the_floor(sitting):
    """Long turns, half of all, into every silence: a stretch is named, never a person."""
    found = share(sitting("TABCDE", floor(lambda seat: 30 if seat == "A" else 8)), draws=200)
    a = next(s for s in found.seats if s.seat == "A")
    assert a.finding == "monopolising"
    assert a.long is True
    assert a.said.id.startswith("memegang pembicaraan 0:0")
    assert "monopoli" not in a.said.id + a.said.en
    assert 0 <= a.since < a.until <= 2_100_000
    alert = next(iter(holding(found)))
    assert (alert.alert, alert.seat) == ("monopoly.monopolising", "A")
    assert alert.numbers["per_mille"] == round(1000 * a.share_ms)


def test_dominant_without_style(sitting):
    """A large share without two markers is dominant and no more."""
    rng = random.Random(3)
    lines, at = [], 0.0
    for _ in range(200):
        seat = "A" if rng.random() < 0.5 else rng.choice("BCDE")
        lines.append((at, at + 9, seat, "*"))
        at += 9.5
    found = share(sitting("TABCDE", lines), draws=200)
    a = next(s for s in found.seats if s.seat == "A")
    assert a.finding == "dominant"
    assert sum(m is True for m in (a.reentry, a.breaks, a.long, a.overlaps)) < 2


def test_who_is_asked_is_not_monopolising(sitting):
    """The same talk, but everybody addresses him: talks most, and says that he is asked and advised."""
    lines = floor(lambda seat: 30 if seat == "A" else 8, to="B", back="A")
    found = share(sitting("TABCDE", lines), draws=100)
    a = next(s for s in found.seats if s.seat == "A")
    assert (a.asked, a.finding, a.since) == (True, "talks_most", None)
    assert a.said.id == "paling banyak bicara; ditanya dan dinasihati"
    assert list(holding(found)) == []


def test_too_short_a_session(sitting):
    """Ten minutes are not judged."""
    found = share(sitting("TABCDE", floor(lambda _: 5, minutes=10)), draws=10)
    assert {s.finding for s in found.seats if not s.leader} == {
        Withheld("fewer than 15 recorded minutes", 10)
    }


@given(
    seed=st.integers(0, 10**6), turns=st.integers(2, 60), block=st.integers(1, 9), draws=st.integers(1, 120)
)
@settings(drawn, max_examples=30)
def test_the_bootstrap_in_plain_python(sitting, seed, turns, block, draws):
    """Bounds of the fast bootstrap are those of the plain one to the bit."""
    rng = random.Random(seed)
    lines, at = [], 0.0
    for _ in range(turns):
        length = rng.randint(0, 40_000) / 1000
        lines.append((at, at + length, rng.choice("TABC"), "*"))
        at += length
    session = sitting("TABC", lines)
    params = {"block": block, "draws": draws, "activities": False}
    found = share.make(session.seeded(share.name, share.version, params), **params)
    stream = session.seeded(share.name, share.version, params).random
    own = [t for t in session.turns if t.sender != "T"]
    if len(own) < 2 * block:
        # one block would be the session itself, and the bounds a false certainty
        assert isinstance(found.seats[1].share_ms_low, Withheld)
        return
    if not sum(t.dur for t in own):
        return
    shares = {seat: [] for seat in "ABC"}
    for _ in range(draws):
        chosen = []
        while len(chosen) < len(own):
            begin = int(stream.random() * len(own))
            chosen += [own[(begin + step) % len(own)] for step in range(block)]
        chosen = chosen[: len(own)]
        total = max(1, sum(t.dur for t in chosen))
        for seat, values in shares.items():
            values.append(sum(t.dur for t in chosen if t.sender == seat) / total)
    for seat, values in shares.items():
        values.sort()
        s = seat_of(found, seat)
        assert (s.share_ms_low, s.share_ms_high) == (values[draws // 40], values[draws - 1 - draws // 40])


def test_long_is_not_monopolising_at_two_of_seven(sitting):
    """The lower bound decides, not the share: .45 of the time in few turns is dominant at the most."""
    found = share(sitting("TABCDE", floor(lambda seat: 12 if seat == "A" else 8)), draws=200)
    a = seat_of(found, "A")
    assert a.share_ms > 0.4
    assert (a.share_ms_low > 2 / 5, a.long) == (True, False)
    # the levels follow from the printed bounds and markers
    shown = sum(mark is True for mark in (a.reentry, a.breaks, a.long, a.overlaps))
    assert a.finding == ("monopolising" if shown >= 2 else "dominant")


@given(seed=st.integers(0, 10**6))
@settings(drawn, max_examples=25)
def test_the_rule_follows_the_printed_numbers(sitting, seed):
    """Every finding is what its bounds, markers and shares of acts say, and every alert what the findings say."""
    rng = random.Random(seed)
    pull, lines, at = rng.uniform(0, 0.7), [], 0.0
    for _ in range(160):
        seat = "A" if rng.random() < pull else rng.choice("TBCD")
        to = rng.choice([s for s in "TABCD" if s != seat] + ["*"] * rng.randint(0, 4))
        length = rng.expovariate(0.1) * (2.5 if seat == "A" else 1)
        lines.append((at, at + length, seat, to))
        at += length + rng.uniform(-1, 4)
    found = share(sitting("TABCD", lines), draws=60)
    m = found.members
    rank = max(found.seats[1:], key=lambda s: s.ms).seat
    for s in found.seats[1:]:
        assert s.asked == (s.received >= s.sent)
        shown = sum(mark is True for mark in (s.reentry, s.breaks, s.long, s.overlaps))
        expected = "talks_most" if s.seat == rank else "none"
        if isinstance(s.finding, Withheld):
            assert found.recorded < 900_000
            continue
        if not s.asked and s.share_ms_low > 1.5 / m:
            expected = "dominant"
            if s.share_ms_low > 2 / m and s.share_ms >= 0.4 and shown >= 2:
                expected = "monopolising"
        assert s.finding == expected
        assert (s.since is None) == (expected in {"none", "talks_most"})
    levels = [s.seat for s in found.seats if s.finding in ("dominant", "monopolising")]
    assert [a.seat for a in holding(found)] == levels


def test_a_monologue_to_the_group_is_not_being_asked(sitting):
    """He speaks to the group half the time, and two of the few directed acts are to him: nobody asked him that."""
    lines = floor(lambda seat: 30 if seat == "A" else 8)
    lines[1], lines[3] = (*lines[1][:3], "A"), (*lines[3][:3], "A")
    for at in range(5, 21, 2):
        lines[at] = (*lines[at][:3], "T")
    a = seat_of(share(sitting("TABCDE", lines), draws=100), "A")
    assert (a.received, a.sent, a.asked) == (2 / 10, 0.5, False)
    assert a.finding == "monopolising"


def test_the_members_of_the_walkthrough(sitting):
    """A sent 18 turns and received 22: four people advised her. No alert (walkthrough, finding A8)."""
    lines, at = [], 0.0
    for number in range(22):
        for seat, to, length in (("BCDE"[number % 4], "A", 8), ("A", "*", 60)):
            if seat == "A" and number >= 18:
                continue
            lines.append((at, at + length, seat, to))
            at += length
    found = share(sitting("TABCDE", lines), draws=100)
    a = seat_of(found, "A")
    assert (a.turns, a.received, a.asked, a.finding) == (18, 1, True, "talks_most")
    assert a.share_ms_low > 2 / 5
    assert list(holding(found)) == []
    assert "ditanya dan dinasihati" in a.said.id


def test_some_lengths_are_missing(sitting):
    """The newest turn has none yet; with more than a fifth missing nothing is said in time."""
    lines = [(10 * at, 10 * at + 9, "ABC"[at % 3], "*") for at in range(40)]
    newest = share(sitting("TABC", [*lines, (400, None, "A", "*")]), draws=10)
    assert (seat_of(newest, "A").ms, newest.measured, newest.turns) == (14 * 9000, 40, 41)
    lines += [(400 + at, None, "B", "*") for at in range(12)]
    many = share(sitting("TABC", lines), draws=10)
    assert seat_of(many, "A").ms == Withheld("more than 20 % of turns have no length", 11)


def test_too_short_for_an_interval(sitting):
    """Blocks longer than half the session give no bounds, and without bounds nobody is said to hold the floor."""
    found = share(sitting("TABCDE", floor(lambda seat: 30 if seat == "A" else 8)), draws=20, block=100)
    gate = Withheld("fewer than 2 blocks of member turns", found.turns)
    a, b = seat_of(found, "A"), seat_of(found, "B")
    assert (a.share_ms_low, a.finding, b.finding) == (gate, "talks_most", gate)


def test_two_leaders(sitting):
    """Symmetry of two leaders; withheld where one of them was the only observer, or there are not two."""
    lines = [(0, 10, "T", "*"), (10, 14, "K", "*"), (14, 20, "A", "*")]
    other = sitting("TKAB", lines)
    tapped = remade(other, lambda row: replace(row, given=False) if isinstance(row, Turn) else row)
    assert share(tapped, draws=5).symmetry == Withheld("a co-therapist may be the only observer", 1)
    two = remade(
        tapped, lambda row: replace(row, observer="X") if isinstance(row, Turn) and row.sender == "K" else row
    )
    assert share(two, draws=5).symmetry == 0.4
    assert share(other, draws=5).symmetry == 0.4
    assert share(sitting("TAB", lines[:1]), draws=5).symmetry == Withheld(
        "there are not two leaders who spoke", 1
    )
    t = share(other, draws=5).seats[0]
    assert (t.leader, t.share_ms, t.share_ms_low) == (True, 0.5, Withheld("leaders are not counted here", 0))


def test_no_leader(sitting):
    """Members alone: shares and silence need no leader."""
    found = share(sitting("ABCDE", floor(lambda seat: 30 if seat == "A" else 8)), draws=50)
    assert seat_of(found, "A").finding == "monopolising"


def test_receivers_share_an_act(sitting):
    """A turn to three gives each a third of an act."""
    found = share(sitting("TABC", [(0, 1, "T", "A,B,C"), (1, 2, "A", "B")]), draws=2)
    assert [s.received for s in found.seats] == [0, 1 / 6, pytest.approx(4 / 6), pytest.approx(1 / 6)]


def test_initiatives_after_an_unknown_receiver(sitting):
    """Whether B was addressed before his turn, nobody knows: it is in no count. A visitor's question is one."""
    found = share(
        sitting("TAB", [(0, 1, "A", "?"), (1, 2, "B", "A"), (2, 3, "A", "*"), (3, 4, "B", "*")]), draws=2
    )
    assert (seat_of(found, "A").initiatives, seat_of(found, "B").initiatives) == (0.5, 1)
    session = remade(
        sitting("TABV", [(0, 1, "V", "A"), (1, 2, "A", "*")]),
        lambda row: replace(row, role="visitor") if isinstance(row, SeatRow) and row.seat == "V" else row,
    )
    assert seat_of(share(session, draws=2), "A").initiatives == 0


GONE = Withheld("not seen", 0)


@pytest.mark.parametrize(
    ("low", "part", "marks", "expected"),
    [
        (0.30, 0.45, (True,) * 4, "talks_most"),
        (0.31, 0.45, (True,) * 4, "dominant"),
        (0.40, 0.45, (True,) * 4, "dominant"),
        (0.41, 0.45, (True,) * 4, "monopolising"),
        (0.41, 0.45, (True, True, False, False), "monopolising"),
        (0.41, 0.45, (True, False, False, False), "dominant"),
        (0.41, 0.45, (GONE, True, True, GONE), "monopolising"),
        (0.41, 0.45, (GONE, True, False, GONE), "dominant"),
        (0.41, 0.40, (True,) * 4, "monopolising"),
        (0.41, 0.39, (True,) * 4, "dominant"),
    ],
)
def test_the_three_levels(low, part, marks, expected):
    """Five members: 1.5/m is .30, 2/m is .40, and a withheld marker shows nothing."""
    style = Style(reentry=marks[0], breaks=marks[1], long=marks[2], overlaps=marks[3])
    assert _finding("A", "A", part, low, style, 5, is_asked=False)[0] == expected
    assert _finding("A", "A", part, low, style, 5, is_asked=True)[0] == "talks_most"
    assert _finding("A", "B", part, 0.1, style, 5, is_asked=False)[0] == "none"


def test_overlaps_need_measured_lengths(sitting):
    """Marker (d) shows starts into others' turns, and only where lengths were measured."""
    lines = [(0, 10, "B", "*"), (8, 18, "A", "*"), (18, 28, "B", "*"), (26, 36, "A", "*"), (37, 40, "C", "*")]
    seats = {s.seat: s for s in share(sitting("TABC", lines), draws=5).seats}
    assert (seats["A"].overlaps, seats["B"].overlaps) == (True, False)


def test_the_same_twice(sitting):
    """Two runs agree to the last digit."""
    one, two = (share(sitting("TABCDE", G1, length=330), draws=40) for _ in range(2))
    assert one == two
