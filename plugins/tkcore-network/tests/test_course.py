"""The course within a session against science.md §3 and scipy."""

from __future__ import annotations

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from network_cases import NEAR, acts, drawn, golden
from tkcore_network.course import evolution, kendall

from tkcore import Withheld


def test_kendalls_golden():
    """The block series of science.md: τ_b .7758, p .0008, as scipy says."""
    counts = (1, 0, 1, 2, 1, 2, 4, 5, 4, 6, 5, 5)
    tau, p = kendall([(c, 10) for c in counts])
    assert (tau, p) == (pytest.approx(0.7758, abs=NEAR), pytest.approx(0.0008, abs=5e-5))
    oracle = scipy.stats.kendalltau(range(len(counts)), counts, method="asymptotic")
    assert (tau, p) == (pytest.approx(oracle.statistic, abs=1e-12), pytest.approx(oracle.pvalue, abs=1e-12))


@given(st.lists(st.integers(0, 6), min_size=8, max_size=30))
@drawn
def test_scipy_agrees_on_tau(counts):
    """τ_b and its p are scipy's, ties and all."""
    found = kendall([(c, 6) for c in counts])
    if len(set(counts)) == 1:
        assert found is None
        return
    oracle = scipy.stats.kendalltau(range(len(counts)), counts, method="asymptotic")
    assert found == (pytest.approx(oracle.statistic, abs=1e-9), pytest.approx(oracle.pvalue, abs=1e-9))


def test_evolution_needs_eight_blocks(sitting):
    """With 79 acts there is no test; with 80 of a session that opens up there is, and windows of 60."""
    lines = golden(1)[:24] + golden(1)[:16] + golden(4) + golden(4)[:16]
    lines = [(at, at + 1, s, r) for at, (_, _, s, r) in enumerate(lines)]
    assert len(lines) == 80
    short = evolution(sitting("TABCD", lines[:79]))
    assert short.tau == short.p == Withheld("fewer than 8 blocks of 10 acts", 7)
    found = evolution(sitting("TABCD", lines))
    assert found.blocks == (0, 0, 0, 0, 10, 10, 10, 10)
    assert found.tau == pytest.approx(scipy.stats.kendalltau(range(8), found.blocks).statistic)
    assert [(w.first, w.last) for w in found.windows] == [(0, 59), (15, 74)]
    assert [(w.since, w.until, w.among_members) for w in found.windows] == [
        (0, 59_000, pytest.approx(20 / 60)), (15_000, 74_000, pytest.approx(35 / 60)),
    ]  # fmt: skip
    assert evolution(sitting("TABCD", lines[:59])).windows == Withheld("fewer acts than one window", 59)
    alone = evolution(sitting("ABCD", golden(4)))
    assert (alone.acts, alone.unknown) == (24, 0)
    assert alone.windows == alone.blocks == alone.tau == alone.p == Withheld("no leader present", 0)


def test_the_course_in_the_worked_example(sitting):
    """MM counts 1, 0, 1, 2 … of ten as turns: τ_b .7758, p .0008."""
    counts = (1, 0, 1, 2, 1, 2, 4, 5, 4, 6, 5, 5)
    found = evolution(sitting("TABCD", acts(*[a for c in counts for a in ["AB"] * c + ["TA"] * (10 - c)])))
    assert (found.acts, found.blocks) == (120, counts)
    assert (found.tau, found.p) == (pytest.approx(0.7758, abs=NEAR), pytest.approx(0.0008, abs=NEAR))
