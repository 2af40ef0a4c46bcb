"""Shares of talk against science.md §1, and against scipy."""

from __future__ import annotations

import random

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from tkcore_monopoly.inequality import inequality, spread
from tkcore_monopoly.share import holding, share
from tkcore_monopoly.silent import quiet, silent
from tkcore_monopoly.talk import binomial_tail, upper_bound, wilson

from tkcore import Withheld

G1 = [
    (0, 12, "T", "*"), (13, 40, "A", "T"), (41, 46, "T", "B"), (47, 60, "B", "T"), (60.5, 95, "A", "*"),
    (96, 100, "C", "A"), (100, 130, "A", "C"), (140, 146, "T", "*"), (158, 170, "D", "T"), (170, 200, "A", "D"),
    (199, 204, "C", "A"), (204.2, 230, "A", "C"), (231, 236, "B", "A"), (236, 238, "T", "D"), (239, 250, "D", "B"),
    (250.5, 258, "B", "D"), (258, 262, "C", "D"), (262, 280, "A", "*"), (285, 290, "T", "A"), (290, 296, "A", "T"),
    (296.5, 303, "C", "B"), (303, 309, "B", "C"), (310, 316, "D", "C"), (316, 320, "T", "*"),
]  # fmt: skip
NEAR = 5e-4


def floor(length_of, minutes=30, to="*", holder="A", back=None):
    """Five members in turn for some minutes; `holder` speaks every other turn, `back` addresses him instead."""
    rng, at, lines = random.Random(7), 0.0, []
    others = [seat for seat in "ABCDE" if seat != holder]
    while at < 60 * minutes:
        for seat, receiver in ((holder, to), (rng.choice(others), back or "*")):
            length = length_of(seat) * (0.5 + rng.random())
            # his turns come in two, and whoever has been silent for long is followed by him
            lines.append((at, at + length, seat, receiver))
            at += length + (4 if seat != holder else 0.5)
    return lines


def test_equal_talk():
    """Two who speak alike: no inequality, two effective speakers."""
    found = spread("turns", "members", [3, 3])
    assert (found.gini, found.entropy, found.cv, found.blau, found.effective, found.top_share) == (
        0,
        1,
        0,
        0.5,
        2,
        0,
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("turns_everyone", (0.3056, 0.3667, 0.8724, 0.5590, 0.7813, 0.9375, 4.5714)),
        ("turns_members", (0.3333, 0.4167, 0.8291, 0.6236, 0.7222, 0.9028, 3.6000)),
        ("ms_everyone", (0.5272, 0.6327, 0.6803, 1.1880, 0.5981, 0.7177, 2.4882)),
        ("ms_members", (0.5644, 0.7055, 0.6021, 1.2241, 0.5003, 0.6254, 2.0012)),
    ],
)
def test_the_table_of_g1(sitting, part, expected):
    """The four rows of G1 in science.md §1, to the printed digits."""
    of, _, among = part.partition("_")
    s = next(
        x for x in inequality(sitting("TABCDE", G1, length=330)).spreads if (x.of, x.among) == (of, among)
    )
    measured = (s.gini, s.gini_corrected, s.entropy, s.cv, s.blau, s.blau_normalised, s.effective)
    assert tuple(pytest.approx(v, abs=NEAR) for v in expected) == measured


def test_the_share_of_g1s_a(sitting):
    """A has 38.9 % of the member turns (.203–.614) and 68.2 % of the time; four of seven turns are initiatives."""
    found = share(sitting("TABCDE", G1, length=330), draws=50)
    a = next(s for s in found.seats if s.seat == "A")
    assert (a.turns, a.ms, found.turns) == (7, 171_300, 18)
    assert a.share_turns == pytest.approx(0.3889, abs=NEAR)
    assert (a.share_turns_low, a.share_turns_high) == (pytest.approx(0.203, abs=NEAR), pytest.approx(0.614, abs=NEAR))  # fmt: skip
    assert a.share_ms == pytest.approx(0.6817, abs=NEAR)
    assert a.initiatives == pytest.approx(0.5714, abs=NEAR)
    assert (a.sent, a.received) == (5 / 19, 4 / 19)
    assert a.finding == Withheld("fewer than 30 member turns", 18)
    assert list(holding(found)) == []
    assert [s.seat for s in found.seats] == list("TABCDE")


def test_the_silence_of_g1s_e(sitting):
    """E said nothing, but 18 turns are not enough to call that silence."""
    found = silent(sitting("TABCDE", G1, length=330))
    e = found.seats[-1]
    assert (e.p_zero, e.p_zero_bonferroni) == (
        pytest.approx(0.0180, abs=NEAR),
        pytest.approx(0.0901, abs=NEAR),
    )
    assert e.upper == pytest.approx(0.1853, abs=NEAR)
    assert (e.finding, e.kind) == ("not_enough", "never_addressed")
    assert list(quiet(found)) == []


def test_the_binomial_of_g1():
    """P(X ≥ 7 of 18 at 1/5) is .0513, five times that .2564."""
    p = 1 - binomial_tail(6, 18, 0.2)
    assert (p, 5 * p) == (pytest.approx(0.0513, abs=NEAR), pytest.approx(0.2564, abs=NEAR))


@pytest.mark.parametrize(("k", "n"), [(0, 18), (1, 40), (7, 18), (39, 40), (18, 18), (3, 300), (1115, 3882)])
def test_scipy_agrees_on_intervals(k, n):
    """Wilson and Clopper–Pearson are scipy's."""
    exact = scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")
    score = scipy.stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert upper_bound(k, n) == pytest.approx(exact.high, abs=1e-9)
    assert wilson(k, n) == (pytest.approx(score.low, abs=1e-9), pytest.approx(score.high, abs=1e-9))


def test_silent_and_very_quiet(sitting):
    """With 60 member turns one without any is silent, one with a single turn very quiet; both raise an alert."""
    lines = [(2 * at, 2 * at + 1, "ABC"[at % 3], "D" if at == 5 else "*") for at in range(80)]
    lines.append((200, 201, "E", "*"))
    found = silent(sitting("TABCDE", lines))
    findings = {s.seat: (s.finding, s.kind) for s in found.seats}
    assert findings["D"] == ("silent", "addressed_not_answering")
    assert findings["E"] == ("very_quiet", None)
    assert findings["A"] == ("none", None)
    assert [(a.alert, a.seat) for a in quiet(found)] == [
        ("monopoly.silent", "D"),
        ("monopoly.very_quiet", "E"),
    ]


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


def test_without_lengths(sitting):
    """A source without lengths gives turns; every result in ms is withheld and says why."""
    lines = [(10 * at, None, "ABC"[at % 3], "*") for at in range(100)]
    found = inequality(sitting("TABC", lines))
    gini = {(s.of, s.among): s.gini for s in found.spreads}
    assert (gini["ms", "members"], gini["ms", "everyone"]) == (
        Withheld("the source has no lengths", 100),
    ) * 2
    assert {s.total for s in found.spreads if s.of == "turns"} == {100}
    shares = share(sitting("TABC", lines, length=1000), draws=20)
    assert {s.finding for s in shares.seats} <= {"none", "talks_most"}
    assert all(isinstance(s.ms, Withheld) for s in shares.seats)


def test_too_short_a_session(sitting):
    """Ten minutes are not judged."""
    found = share(sitting("TABCDE", floor(lambda _: 5, minutes=10)), draws=10)
    assert {s.finding for s in found.seats if not s.leader} == {
        Withheld("fewer than 15 recorded minutes", 10)
    }


def test_overlaps_need_measured_lengths(sitting):
    """Marker (d) shows starts into others' turns, and only where lengths were measured."""
    lines = [(0, 10, "B", "*"), (8, 18, "A", "*"), (18, 28, "B", "*"), (26, 36, "A", "*"), (37, 40, "C", "*")]
    seats = {s.seat: s for s in share(sitting("TABC", lines), draws=5).seats}
    assert (seats["A"].overlaps, seats["B"].overlaps) == (True, False)


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=12))
def test_measures_stay_in_bounds(values):
    """Every measure lies in its bounds and does not care for the order of the seats."""
    found = spread("turns", "members", values)
    if sum(values) == 0:
        assert found.gini == Withheld("nobody spoke", len(values))
        return
    assert 0 <= found.gini <= 1
    assert -1e-12 <= found.gini_corrected <= 1 + 1e-12
    assert -1e-12 <= found.entropy <= 1 + 1e-12
    assert 1 - 1e-9 <= found.effective <= len(values) + 1e-9
    assert spread("turns", "members", values[::-1]) == found


def test_the_same_twice(sitting):
    """Two runs agree to the last digit."""
    one, two = (share(sitting("TABCDE", G1, length=330), draws=40) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("lines", [[], [(0, 1, "T", "A")], [(0, 1, "A", "?")], [(0, None, "A", "*")]])
@pytest.mark.parametrize("seats", ["TAB", "TA", "T", "A"])
def test_hardly_anything(sitting, seats, lines):
    """Nobody, one turn, one member: gates, never an exception."""
    lines = [line for line in lines if {line[2], *line[3].split(",")} <= {*seats, "*", "?"}]
    for analysis in (inequality, silent):
        assert analysis(sitting(seats, lines)) is not None
    assert share(sitting(seats, lines), draws=5).recorded >= 0
