"""The trend over sessions against scipy."""

from __future__ import annotations

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from network_cases import NEAR, drawn
from tkcore_network.trend import mann_kendall, theil_sen


def test_the_trend_over_sessions():
    """λ of six sessions: S = -13, τ -.8667, exact p .0167, slope -.06."""
    course = (0.82, 0.74, 0.70, 0.61, 0.55, 0.58)
    score, tau, p = mann_kendall(course)
    assert (score, tau, p) == (-13, pytest.approx(-0.8667, abs=NEAR), pytest.approx(0.0167, abs=NEAR))
    assert theil_sen(course) == pytest.approx(-0.06)


@pytest.mark.parametrize(
    ("n", "score", "p"),
    [(4, 6, 0.083), (5, 10, 0.0167), (6, 13, 0.0167), (6, 11, 0.056), (7, 15, 0.030), (8, 18, 0.031), (8, 16, 0.061)],
)  # fmt: skip
def test_the_table_of_exact_p(n, score, p):
    """With few sessions little is testable: the table of science.md §3."""
    values = list(range(n))
    while mann_kendall(values)[0] > score:
        at = next(i for i in range(n - 1) if values[i] < values[i + 1])
        values[at], values[at + 1] = values[at + 1], values[at]
    assert mann_kendall(values)[0] == score
    assert mann_kendall(values)[2] == pytest.approx(p, abs=5.1e-4 if p > 0.02 else NEAR)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9, unique=True))
@drawn
def test_scipy_agrees_on_trends(values):
    """Exact p and slope are scipy's."""
    oracle = scipy.stats.kendalltau(range(len(values)), values, method="exact")
    _, tau, p = mann_kendall(values)
    assert (tau, p) == (pytest.approx(oracle.statistic, abs=1e-9), pytest.approx(oracle.pvalue, abs=1e-9))
    assert theil_sen(values) == pytest.approx(scipy.stats.theilslopes(values).slope)
