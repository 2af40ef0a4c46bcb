"""Intervals and tails of counts, against science.md §1 and scipy."""

from __future__ import annotations

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from monopoly_cases import NEAR, drawn
from tkcore_monopoly.talk import binomial_tail, clock, upper_bound, wilson


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


def test_the_clock_of_a_sentence():
    """Minutes and seconds of the session, as in 33:12–33:46, past the hour too."""
    assert (clock(33 * 60_000 + 12_999), clock(75 * 60_000)) == ("33:12", "75:00")
