"""Several tests at once: members by Holm, tables of transitions and associations by Benjamini and Hochberg.

A single test that was declared beforehand is not adjusted (science.md §12).
"""

from __future__ import annotations

from collections.abc import Sequence


def bonferroni(p: float, tests: int) -> float:
    """Return *p* of one of so many tests, at most 1."""
    return min(1.0, tests * _chance(p))


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Return the p of a family adjusted by Holm, in the order they were given: for tests of each member."""
    n, found, highest = len(ps), [0.0] * len(ps), 0.0
    for rank, at in enumerate(_ascending(ps)):
        highest = max(highest, bonferroni(ps[at], n - rank))
        found[at] = highest
    return tuple(found)


def benjamini_hochberg(ps: Sequence[float]) -> tuple[float, ...]:
    """Return the p of a family adjusted by Benjamini and Hochberg, in the order given: for the cells of a table."""
    n, found, lowest = len(ps), [0.0] * len(ps), 1.0
    for rank, at in reversed(list(enumerate(_ascending(ps), 1))):
        lowest = min(lowest, n * ps[at] / rank)
        found[at] = lowest
    return tuple(found)


def _ascending(ps: Sequence[float]) -> list[int]:
    return sorted(range(len(ps)), key=lambda at: _chance(ps[at]))


def _chance(p: float) -> float:
    if not 0 <= p <= 1:
        raise ValueError(f"p = {p}: from 0 to 1")
    return p
