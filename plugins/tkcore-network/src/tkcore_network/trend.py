"""A trend over the sessions of a group: few values, so exact (science.md §3, Evolution)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, factorial
from statistics import median


def mann_kendall(values: Sequence[float]) -> tuple[int, float, float]:
    """Return S, τ = S/(n(n-1)/2) and the exact two-sided p of a series against its order.

    The distribution is that of n different values; with ties p is a little too large. Source: science.md §3.
    """
    n = len(values)
    score = sum((b > a) - (b < a) for a, b in combinations(values, 2))
    pairs = comb(n, 2)
    # orders of 1..n by their number of inversions
    orders = [1]
    for size in range(2, n + 1):
        orders = [sum(orders[max(0, at - size + 1) : at + 1]) for at in range(len(orders) + size - 1)]
    tail = sum(orders[: (pairs - abs(score)) // 2 + 1])
    return score, score / pairs if pairs else 0.0, min(1.0, 2 * tail / factorial(n))


def theil_sen(values: Sequence[float]) -> float:
    """Return the median of the slopes between any two values, per step. Source: science.md §3."""
    return median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(values), 2))
