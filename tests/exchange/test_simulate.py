"""Simulated sessions against the ranges of science.md §13."""

from __future__ import annotations

import re
from statistics import median

import pytest

from tkcore.errors import BadInput
from tkcore.exchange.simulate import Plan, simulate
from tkcore.grammar import parse

RANGES = {
    "vertical": ((368, 449), (0.42, 0.46), (0.91, 0.98)),
    "triangular": ((368, 449), (0.30, 0.35), (0.42, 0.60)),
    "circular": ((348, 423), (0.13, 0.18), (-0.18, 0.10)),
    "horizontal": ((348, 423), (0.03, 0.07), (-0.87, -0.59)),
}


def measured(structure: str, seed: int) -> tuple[int, float, float]:
    """Return turns, the leader's share of them, and λ."""
    script = simulate(Plan(seed=seed, structure=structure, codes=False))
    turns = [re.match(r"@\S+ (\w)(?:>(\w)|\.)=", line).groups() for line in script.lines]
    directed = [pair for pair in turns if pair[1]]
    theta = sum("t" in pair for pair in directed) / len(directed)
    dominance = (theta - 0.25) / 0.75 if theta >= 0.25 else (theta - 0.25) / 0.25
    return len(turns), sum(pair[0] == "t" for pair in turns) / len(turns), dominance


def test_a_seed_is_a_session():
    """The same seed gives the same lines, another one others; every line is in the grammar."""
    one = simulate(Plan(seed=1))
    assert one == simulate(Plan(seed=1)) != simulate(Plan(seed=2))
    for line in one.lines:
        assert parse(line).time is not None


@pytest.mark.parametrize("structure", RANGES)
@pytest.mark.parametrize("runs", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_the_middle_session_is_an_ordinary_one(structure, runs):
    """The median of turns, leader's share and λ lies in the range that science.md gives (±5 % for few runs)."""
    found = [measured(structure, seed) for seed in range(runs)]
    for at, (low, high) in enumerate(RANGES[structure]):
        middle, slack = (
            median(one[at] for one in found),
            0.05 * (high - low) if runs > 100 else 0.4 * (high - low),
        )
        assert low - slack <= middle <= high + slack


@pytest.mark.parametrize(
    "plan",
    [
        Plan(seed=1, members=0),
        Plan(seed=1, structure="oval"),
        Plan(seed=1, holder="Z"),
        Plan(seed=1, minutes=0),
    ],
)
def test_a_plan_that_cannot_be(plan):
    """Bad plans are refused in a sentence."""
    with pytest.raises(BadInput):
        simulate(plan)


@pytest.mark.parametrize(
    "more",
    [
        {"members": 1, "leaders": 0},
        {"members": 3},
        {"members": 12, "minutes": 120, "leaders": 2},
        {"minutes": 1},
    ],
)
def test_odd_groups(more):
    """One person, three members, twelve for two hours with two leaders, a single minute."""
    assert simulate(Plan(seed=4, **more)).lines
