"""How unevenly talk is spread, against science.md §1, numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from monopoly_cases import G1, NEAR, drawn, floor
from tkcore_monopoly.inequality import inequality, ordinary, spread, uneven_talk

from tkcore import Withheld


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
