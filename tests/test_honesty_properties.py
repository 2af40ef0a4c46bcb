"""What holds for all numbers of tkcore.honesty, and that scipy says the same."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import tkcore

drawn = settings(max_examples=60, deadline=None)
counted = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])
chances = st.lists(st.floats(0, 1), max_size=12)
METHODS = {"wilson": (tkcore.wilson, "wilson"), "clopper_pearson": (tkcore.clopper_pearson, "exact")}


@pytest.mark.parametrize("name", METHODS)
@given(counted, levels)
@drawn
def test_shares(name, pair, level):
    """Bounds lie in order around the value, in 0 to 1, and are scipy's."""
    (x, n), (ours, theirs) = pair, METHODS[name]
    found = ours(x, n, level=level)
    assert 0 <= found.low <= found.value <= found.high <= 1
    interval = scipy.stats.binomtest(x, n).proportion_ci(level, theirs)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


@pytest.mark.parametrize("name", METHODS)
@given(counted, levels)
@drawn
def test_shares_grow(name, pair, level):
    """One more of as many moves both bounds up; a higher level makes the interval wider."""
    (x, n), (ours, _) = pair, METHODS[name]
    found, more = ours(x, n, level=level), ours(min(n, x + 1), n, level=level)
    assert (found.low <= more.low, found.high <= more.high) == (True, True)
    wide = ours(x, n, level=0.999)
    assert (wide.low <= found.low, found.high <= wide.high) == (True, True)


@given(st.integers(0, 300), st.floats(0.01, 100), levels)
@drawn
def test_rates(x, exposure, level):
    """The bounds of a rate lie around it, and are those of the χ² distribution; one event more moves them up."""
    found, more = (tkcore.poisson_rate(count, exposure, level=level) for count in (x, x + 1))
    assert 0 <= found.low <= found.value <= found.high
    assert (found.low < more.low, found.high < more.high) == (True, True)
    tail = (1 - level) / 2
    low = scipy.stats.chi2.ppf(tail, 2 * x) / 2 if x else 0
    high = scipy.stats.chi2.ppf(1 - tail, 2 * x + 2) / 2
    assert (found.low * exposure, found.high * exposure) == pytest.approx((low, high), rel=1e-8)


@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.01, 0.99))
@drawn
def test_tails(k, n, p):
    """Both tails are scipy's, and a small one has digits."""
    assert tkcore.binomial_at_most(k, n, p) == pytest.approx(scipy.stats.binom.cdf(k, n, p), abs=1e-10)
    assert tkcore.binomial_at_least(k, n, p) == pytest.approx(
        scipy.stats.binom.sf(k - 1, n, p), rel=1e-6, abs=1e-290
    )


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 200), st.integers(1, 200))
@drawn
def test_two_rates_are_a_binomial_test(x, other, exposure, beside):
    """It is scipy's p of the conditional binomial, the same from either side."""
    p = tkcore.two_rates(x, exposure, other, beside)
    assert 0 < p <= 1
    assert p == tkcore.two_rates(other, beside, x, exposure)
    if x + other:
        chance = exposure / (exposure + beside)
        assert p == pytest.approx(scipy.stats.binomtest(x, x + other, chance).pvalue, rel=1e-6)


@given(chances)
@drawn
def test_families(ps):
    """Adjusted p are not below the given ones, at most 1, in the same order; Holm's are not below Hochberg's."""
    holm, bh = tkcore.holm(ps), tkcore.benjamini_hochberg(ps)
    for p, adjusted, milder in zip(ps, holm, bh, strict=True):
        assert p <= milder + 1e-15
        assert milder <= adjusted + 1e-15 <= 1 + 1e-14
        assert adjusted <= tkcore.bonferroni(p, len(ps))
    order = sorted(range(len(ps)), key=ps.__getitem__)
    for found in (holm, bh):
        assert sorted(found) == [found[at] for at in order]
    if ps:
        assert bh == pytest.approx(tuple(scipy.stats.false_discovery_control(ps)), abs=1e-12)


@given(st.lists(st.integers(0, 9), min_size=8, max_size=40))
@drawn
def test_trends(values):
    """τ_b, its p and the slope are scipy's, for fractions too."""
    found = tkcore.kendall([Fraction(v, 9) for v in values])
    if found is None:
        assert len(set(values)) == 1
        return
    theirs = scipy.stats.kendalltau(range(len(values)), values, method="asymptotic")
    assert found == pytest.approx((theirs.statistic, theirs.pvalue))
    assert found == tkcore.kendall(values)
    assert tkcore.theil_sen(values) == pytest.approx(scipy.stats.theilslopes(values).slope)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8, unique=True))
@drawn
def test_exact_trends(values):
    """S of different values has scipy's exact p; the reversed series has the same p and the opposite S."""
    score, tau, p = tkcore.mann_kendall(values)
    theirs = scipy.stats.kendalltau(range(len(values)), values, method="exact")
    assert (tau, p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert tkcore.mann_kendall(values[::-1]) == (-score, -tau, p)


@given(
    st.lists(st.integers(0, 20), min_size=6, max_size=40),
    st.integers(1, 3),
    st.booleans(),
    st.integers(0, 99),
)
@drawn
def test_resampling(values, block, circular, seed):
    """Bounds are in order and within what can be drawn; a resample has as many values, in blocks that were neighbours."""
    met = []

    def mean(resample):
        met.append(list(resample))
        return sum(resample) / len(resample)

    given_ = {"block": block, "draws": 40, "circular": circular}
    found = tkcore.block_bootstrap(values, mean, random=Random(seed), **given_)
    assert min(values) <= found.low <= found.high <= max(values)
    twice = values + values if circular else values
    pieces = {tuple(twice[at : at + block]) for at in range(len(twice) - block + 1)}
    for resample in met[:40]:
        assert len(resample) == len(values)
        assert all(
            tuple(resample[at : at + block]) in pieces
            for at in range(0, len(values) - block + 1, block)
        )  # fmt: skip
    starts = tkcore.block_starts(len(values), random=Random(seed), **given_)
    assert max(starts) <= (len(values) - 1 if circular else len(values) - block)
