"""Shares of talk against science.md §1, and against scipy."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tkcore_monopoly.inequality import inequality, ordinary, spread, uneven_talk
from tkcore_monopoly.share import _finding, holding, share
from tkcore_monopoly.silent import quiet, silent
from tkcore_monopoly.style import PERMUTATIONS, Style, band, overlaps, reentries, styles
from tkcore_monopoly.talk import binomial_tail, clock, upper_bound, wilson

from tkcore import Head, Pause, Presence, SeatRow, Session, Silence, Turn, Withheld

G1 = [
    (0, 12, "T", "*"), (13, 40, "A", "T"), (41, 46, "T", "B"), (47, 60, "B", "T"), (60.5, 95, "A", "*"),
    (96, 100, "C", "A"), (100, 130, "A", "C"), (140, 146, "T", "*"), (158, 170, "D", "T"), (170, 200, "A", "D"),
    (199, 204, "C", "A"), (204.2, 230, "A", "C"), (231, 236, "B", "A"), (236, 238, "T", "D"), (239, 250, "D", "B"),
    (250.5, 258, "B", "D"), (258, 262, "C", "D"), (262, 280, "A", "*"), (285, 290, "T", "A"), (290, 296, "A", "T"),
    (296.5, 303, "C", "B"), (303, 309, "B", "C"), (310, 316, "D", "C"), (316, 320, "T", "*"),
]  # fmt: skip
NEAR = 5.1e-5
"""Half of the last printed digit."""

drawn = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def remade(session, change, *, more=(), head=None):
    """The same session with each row as `change` gives it; None leaves the row out."""
    rows = [change(row) for kind in session._rows.values() for row in kind]
    return Session(session.name, [r for r in (*rows, *more) if r], head or session.head)


def seat_of(result, seat):
    return next(s for s in result.seats if s.seat == seat)


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
    gate = Withheld("the source has no lengths", 100)
    assert found.p_ms == gate
    assert inequality(sitting("TABC", lines, length=1000)).uneven == gate
    shares = share(sitting("TABC", lines, length=1000), draws=20)
    # A has one turn more than B and C; that nobody holds the floor cannot be said
    assert {s.seat: s.finding for s in shares.seats} == {"T": "none", "A": "talks_most", "B": gate, "C": gate}
    assert {s.ms for s in shares.seats} == {s.share_ms_low for s in shares.seats} == {gate}
    assert {s.breaks for s in shares.seats if not s.leader} == {gate}
    assert list(holding(shares)) == []


def test_too_short_a_session(sitting):
    """Ten minutes are not judged."""
    found = share(sitting("TABCDE", floor(lambda _: 5, minutes=10)), draws=10)
    assert {s.finding for s in found.seats if not s.leader} == {
        Withheld("fewer than 15 recorded minutes", 10)
    }


def test_the_nulls_of_g1(sitting):
    """P(X ≥ 7 of 18 at 1/5)·5 = .2564: no alarm on turns; as much time as A's by chance: about .0012."""
    found = inequality(sitting("TABCDE", G1, length=330), draws=40_000)
    assert found.p_turns == pytest.approx(0.2564, abs=NEAR)
    assert found.p_ms == pytest.approx(0.0012, abs=0.0005)
    assert found.uneven == Withheld("fewer than 30 member turns", 18)
    assert list(uneven_talk(found)) == []


def test_the_ordinary_inequality():
    """Shares that fall by .685: six people as in Bales' table have G .3389, the first of them 35 %."""
    falling = [0.685**rank for rank in range(6)]
    assert ordinary(6) == pytest.approx(0.3389, abs=NEAR)
    whole = [round(10**9 * x) for x in falling]
    assert ordinary(6) == pytest.approx(spread("turns", "members", whole).gini, abs=1e-8)


def test_uneven_talk_and_its_alert(sitting):
    """One who talks half the time: the alert has two numbers and no seat. Not where he is asked, nor among equals."""
    mono = floor(lambda seat: 30 if seat == "A" else 4)
    found = inequality(sitting("TABCDE", mono), draws=50)
    time = found.spreads[-1]
    assert (found.uneven, found.asked) == (True, False)
    assert [(a.alert, a.seat, a.numbers) for a in uneven_talk(found)] == [
        (
            "monopoly.uneven",
            None,
            {"per_mille": round(1000 * time.gini), "ordinary": round(1000 * ordinary(5))},
        )
    ]
    assert found.said.id == "waktu bicara lebih terpusat daripada biasanya dalam kelompok"
    asked = inequality(sitting("TABCDE", floor(lambda seat: 30 if seat == "A" else 4, back="A")), draws=50)
    assert (asked.uneven, asked.asked, list(uneven_talk(asked))) == (True, True, [])
    equal = [(10 * at, 10 * at + 9, "ABCDE"[at % 5], "*") for at in range(100)]
    assert inequality(sitting("TABCDE", equal), draws=50).uneven is False
    assert list(uneven_talk(inequality(sitting("TABCDE", equal), draws=50))) == []


def test_every_analysis_has_its_alert():
    """The declared alert is the function tested here."""
    assert (inequality.alert, share.alert, silent.alert) == (uneven_talk, holding, quiet)


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


@given(st.integers(0, 10**6), st.lists(st.integers(-1, 3), min_size=1, max_size=40))
@settings(drawn, max_examples=30)
def test_the_permutations_in_plain_python(seed, senders):
    """Re-entry and its band, turn by turn; -1 is a leader."""

    def plainly(labels):
        found = []
        for seat in range(4):
            before = [at for at in range(len(labels) - 1) if labels[at] not in {-1, seat}]
            hits = [at for at in before if seat in labels[at + 1 : at + 3]]
            found.append(len(hits) / len(before) if before else 0)
        return found

    assert reentries(np.array([senders]), 4)[0].tolist() == plainly(senders)
    stream = random.Random(seed)
    places = [at for at, sender in enumerate(senders) if sender >= 0]
    values = []
    for _ in range(PERMUTATIONS):
        keys = [stream.random() for _ in places]
        shuffled = list(senders)
        for at, source in zip(places, sorted(range(len(places)), key=keys.__getitem__), strict=True):
            shuffled[at] = senders[places[source]]
        values.append(plainly(shuffled))
    expected = [sorted(column)[194] for column in zip(*values, strict=True)]
    assert band(np.array(senders), 4, random.Random(seed)).tolist() == expected


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 9000)), min_size=1, max_size=30))
@drawn
def test_the_time_null_in_plain_python(sitting, turns):
    """The chance of the largest time, by giving each turn away one by one."""
    lines, at = [], 0.0
    for seat, ms in turns:
        lines.append((at, at + ms / 1000, seat, "*"))
        at += 10
    session = sitting("ABCD", lines)
    params = {"draws": 30, "activities": False}
    found = inequality.make(session.seeded(inequality.name, inequality.version, params), **params)
    if not any(ms for _, ms in turns):
        return
    stream = session.seeded(inequality.name, inequality.version, params).random
    most = max(sum(ms for s, ms in turns if s == seat) for seat in "ABCD")
    reached = 0
    for _ in range(30):
        sums = [0] * 4
        for _, ms in turns:
            sums[int(stream.random() * 4)] += ms
        reached += max(sums) >= most
    assert found.p_ms == (1 + reached) / 31


@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.01, 0.99))
@drawn
def test_scipy_agrees_on_counts(k, n, p):
    """Binomial tail, Wilson and Clopper–Pearson are scipy's."""
    k = min(k, n)
    assert binomial_tail(k, n, p) == pytest.approx(scipy.stats.binom.cdf(k, n, p), abs=1e-9)
    test = scipy.stats.binomtest(k, n)
    assert upper_bound(k, n) == pytest.approx(test.proportion_ci(0.95, "exact").high, abs=1e-7)
    score = test.proportion_ci(0.95, "wilson")
    assert wilson(k, n) == (pytest.approx(score.low, abs=1e-9), pytest.approx(score.high, abs=1e-9))


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=12).filter(sum))
@drawn
def test_numpy_agrees_on_inequality(values):
    """Gini by all differences, entropy, CV and Blau, as numpy and scipy have them."""
    found = spread("ms", "members", values)
    x = np.array(values, dtype=float)
    n, p = len(x), x / x.sum()
    gini = np.abs(x[:, None] - x).sum() / (2 * n * n * x.mean())
    assert found.gini == pytest.approx(gini, abs=1e-9)
    assert found.gini_corrected == pytest.approx(gini * n / (n - 1), abs=1e-9)
    assert found.entropy == pytest.approx(scipy.stats.entropy(p) / math.log(n), abs=1e-9)
    assert found.cv == pytest.approx(x.std() / x.mean(), abs=1e-6)
    assert found.blau_normalised == pytest.approx((1 - (p**2).sum()) * n / (n - 1), abs=1e-9)
    assert found.top_share == pytest.approx((n * p.max() - 1) / (n - 1), abs=1e-9)


def test_head_and_observer_move_nothing(sitting):
    """The next tick, a foreign record or another observer's name leave every number where it was."""
    session = sitting("TABCDE", floor(lambda seat: 20 if seat == "A" else 8))
    other = remade(
        session, lambda row: replace(row, observer="X", seq=row.seq + 9), head=Head(10**6, "f" * 64)
    )
    for analysis in (inequality, silent, share):
        assert analysis(session) == analysis(other)


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


def test_receivers_nobody_coded(sitting):
    """With a fifth of the receivers unknown, asked, received and the kind of silence are withheld, and it is said."""
    lines = floor(lambda seat: 30 if seat == "A" else 8, to="?")
    found = share(sitting("TABCDEF", lines), draws=100)
    gate = Withheld("more than 20 % of turns have an unknown receiver", len(lines))
    a = seat_of(found, "A")
    assert (a.asked, a.received) == (gate, gate)
    assert a.said.id.endswith("; siapa yang disapa tidak cukup tercatat")
    assert isinstance(seat_of(found, "B").initiatives, Withheld)
    f = seat_of(silent(sitting("TABCDEF", lines)), "F")
    assert (f.finding, f.kind, f.addressed) == ("silent", gate, gate)
    assert next(iter(quiet(silent(sitting("TABCDEF", lines))))).numbers == {"turns": 0, "of": f.of}
    assert inequality(sitting("TABCDEF", lines), draws=5).asked == gate


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


def test_one_speaker(sitting):
    """One member speaks and two are silent: all inequality there is."""
    lines = [(10 * at, 10 * at + 9, "A", "*") for at in range(120)]
    found = inequality(sitting("TABC", lines), draws=20)
    members = {s.of: s for s in found.spreads if s.among == "members"}
    for s in members.values():
        assert (s.gini_corrected, s.entropy, s.top_share, s.effective) == (pytest.approx(1), 0, 1, 1)
    shares = share(sitting("TABC", lines), draws=20)
    assert seat_of(shares, "A").long == Withheld("one of both sides has no turn", 120)
    assert [(s.seat, s.finding) for s in silent(sitting("TABC", lines)).seats] == [
        ("A", "none"), ("B", "silent"), ("C", "silent"),
    ]  # fmt: skip


def test_two_members_and_one(sitting):
    """One member is judged by nothing; of two the first talks most and no more."""
    one = [(10 * at, 10 * at + 9, "TA"[at % 2], "*") for at in range(120)]
    assert seat_of(share(sitting("TA", one), draws=5), "A").finding == Withheld("fewer than 2 members", 1)
    assert inequality(sitting("TA", one), draws=5).p_turns == Withheld("fewer than 2 members", 1)
    two = [(10 * at, 10 * at + 9, "AAB"[at % 3], "*") for at in range(120)]
    assert seat_of(share(sitting("TAB", two), draws=50), "A").finding == "talks_most"


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


def test_activities_are_left_out(sitting):
    """A prayer led by A for ten minutes, and the silence in it, are no talk of his unless asked for."""
    lines = [(10 * at, 10 * at + 9, "ABC"[at % 3], "*") for at in range(120)]
    lines += [(1200, 1800, "A", "*"), (1900, 1910, "B", "*")]
    session = remade(
        sitting("TABC", lines),
        lambda row: (
            replace(row, activity="handbook.activity.prayer")
            if isinstance(row, (Turn, Silence)) and 1200_000 <= row.ts < 1900_000
            else row
        ),
    )
    assert len(session.silences) == 1
    a = seat_of(share(session, draws=20), "A")
    assert (a.turns, a.ms, a.finding) == (40, 360_000, "none")
    assert seat_of(share(session, draws=20, activities=True), "A").ms == 960_000
    b = [seat_of(share(session, draws=20, activities=x), "B").breaks for x in (False, True)]
    assert b == [Withheld("no silence broken by a member", 0), True]
    assert [inequality(session, draws=5, activities=x).spreads[3].total for x in (False, True)] == [1_090_000, 1_690_000]  # fmt: skip
    assert [silent(session, activities=x).turns for x in (False, True)] == [121, 122]


def test_visitors_absent_and_seats_not_recorded(sitting):
    """They are in no denominator; a seat nobody may record is not called silent."""
    lines = [(10 * at, 10 * at + 9, "ABCV"[at % 4], "*") for at in range(120)]
    change = {
        "V": {"role": "visitor"},
        "N": {"scope": "none"},
        "X": {"attended": False},
        "F": {"scope": "floor_only"},
    }

    def row_of(row):
        return replace(row, **change.get(row.seat, {})) if isinstance(row, SeatRow) else row

    session = remade(sitting("TABCVNXF", lines), row_of)
    found = silent(session)
    assert [s.seat for s in found.seats] == list("ABCF")
    gate = Withheld("only the floor of this seat is recorded", 0)
    assert (seat_of(found, "F").finding, seat_of(found, "F").kind) == ("silent", gate)
    shares = share(session, draws=5)
    assert (shares.members, shares.turns, seat_of(shares, "A").sent) == (4, 90, 30 / 90)
    assert seat_of(shares, "F").asked == gate
    assert [s.n for s in inequality(session, draws=5).spreads] == [5, 4, 5, 4]


def test_a_member_who_left_and_returned(sitting):
    """Only the member turns taken while he was in the room count against him; the pause in it is no absence."""
    lines = [(10 * at, 10 * at + 9, "ABC"[at % 3], "*") for at in range(90)]
    session = sitting("TABCD", lines)
    end = session.opened.dur
    stay = next(p for p in session.presences if p.seat == "D")
    stays = (
        replace(stay, ts=0, dur=150_000, left_as="short"),
        replace(stay, ts=800_000, dur=end - 800_000),
    )
    pause = Pause(
        session=session.name, n=0, seq=0, id="0" * 32, ts=100_000, dur=50_000, observer="K", reason="break"
    )
    session = remade(
        session,
        lambda row: None if isinstance(row, Presence) and row.seat == "D" else row,
        more=(*stays, pause),
    )
    d = seat_of(silent(session), "D")
    # 0–200 s with a pause of 50 s in it, then 800–900 s
    assert (d.turns, d.of, d.present) == (0, 30, True)
    assert d.p_zero == pytest.approx(0.75**30)
    assert [a.seat for a in quiet(silent(session))] == ["D"]
    gone = remade(
        session, lambda row: None if isinstance(row, Presence) and row.seat == "D" and row.ts else row
    )
    d = seat_of(silent(gone), "D")
    assert (d.of, d.present, d.finding) == (20, False, "silent")
    assert list(quiet(silent(gone))) == []
    short = remade(
        gone, lambda row: replace(row, dur=50_000) if isinstance(row, Presence) and row.seat == "D" else row
    )
    assert seat_of(silent(short), "D").finding == "not_enough"


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


def test_an_overlap_into_a_turn_further_back(sitting):
    """B still speaks when A starts, though C's short turn came in between."""
    session = sitting("TABC", [(0, 30, "B", "*"), (5, 6, "C", "*"), (20, 25, "A", "*"), (40, 41, "B", "*")])
    assert [(t.sender, who) for t, who in overlaps(session.turns)] == [("C", ("B",)), ("A", ("B",))]


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


@pytest.mark.parametrize(("turns", "minutes", "judged"), [(30, 15, True), (29, 15, False), (30, 14.9, False)])
def test_the_gate_of_every_judgement(sitting, turns, minutes, judged):
    """Thirty member turns and fifteen recorded minutes; leaders' turns do not count."""
    lines = [(at, at + 0.9, "ABC"[at % 3], "*") for at in range(turns)]
    lines += [(100 + at, 101 + at, "T", "*") for at in range(20)]
    session = sitting("TABC", lines, length=60 * minutes)
    assert isinstance(seat_of(share(session, draws=3), "A").finding, str) is judged
    assert isinstance(inequality(session, draws=3).uneven, bool) is judged


def test_the_markers_are_more_than_twice(sitting):
    """Long turns, silences broken and overlaps: twice is not enough, a little more is."""

    def marks(lines):
        session = sitting("TABC", lines)
        return styles(("A", "B", "C"), session.turns, session.silences, random.Random(1), None)

    for length, expected in ((8, False), (8.1, True)):
        lines = [(20 * at, 20 * at + (length if at % 3 == 0 else 4), "ABC"[at % 3], "*") for at in range(12)]
        assert marks(lines)["A"].long is expected
        assert marks(lines)["B"].long is False
    # A breaks k of six silences with a third of the turns: 4 of 6 is exactly twice
    for k, expected in ((4, False), (5, True)):
        lines, at = [(0, 1, "A", "*")], 1
        for number, seat in enumerate("A" * 5 + "B" * 6 + "C" * 6):
            silent_before = number < k or 5 <= number < 5 + 6 - k
            at += 4 if silent_before else 0
            lines.append((at, at + 1, seat, "*"))
            at += 1
        assert marks(lines)["A"].breaks is expected
        assert marks(lines)["C"].breaks is False
    # A starts into 2 or 3 of 4 turns, B and C together into 2 of 8
    for k, expected in ((2, False), (3, True)):
        lines, at = [(0, 10, "T", "*")], 10
        for number, seat in enumerate("AAAABBBBCCCC"):
            over = number < k or number in {4, 8}
            lines += [(at, at + 10, "T", "*"), (at + (9 if over else 10), at + 12, seat, "*")]
            at += 12
        assert marks(lines)["A"].overlaps is expected


def test_the_clock_of_a_sentence():
    """Minutes and seconds of the session, as in 33:12–33:46, past the hour too."""
    assert (clock(33 * 60_000 + 12_999), clock(75 * 60_000)) == ("33:12", "75:00")


@pytest.mark.parametrize("wrong", [{"block": 0}, {"draws": 0}])
def test_parameters_below_one_are_refused(sitting, wrong):
    """No silent answer to a question without sense."""
    with pytest.raises(ValueError, match="at least 1"):
        share(sitting("TAB", []), **wrong)
    with pytest.raises(ValueError, match="at least 1"):
        inequality(sitting("TAB", []), draws=0)


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
