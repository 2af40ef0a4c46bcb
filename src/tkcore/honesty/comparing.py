"""Tests for few numbers: exact where that can be, by permutation else, and the trend of a short series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from statistics import median


def two_rates(x: int, exposure: float, other: int, other_exposure: float) -> float:
    """Return the two-sided p that two counts come of one rate: the conditional binomial.

    Given both counts together, *x* of them fall on its exposure with the chance exposure / (exposure +
    other_exposure). Two-sided: all outcomes no more likely than the one observed. Exact. Source: science.md §7.
    Raises ValueError if a count is negative or an exposure not above 0.
    """
    if x < 0 or other < 0 or not (exposure > 0 and other_exposure > 0):
        raise ValueError("counts: not negative; exposures: above 0")
    n = x + other
    chance = Fraction(exposure) / (Fraction(exposure) + Fraction(other_exposure))
    into, beside = chance.numerator, chance.denominator - chance.numerator
    masses: list[int] = [math.comb(n, i) * into**i * beside ** (n - i) for i in range(n + 1)]
    return sum(mass for mass in masses if mass <= masses[x]) / sum(masses)


def permutation_p(observed: float, drawn: Iterable[float]) -> float:
    """Return (1 + draws that are at least the observed) / (1 + draws): p of a test by random draws, never 0."""
    hits = draws = 0
    for value in drawn:
        draws += 1
        hits += value >= observed
    return (1 + hits) / (1 + draws)


def exact_p(hits: int, of: int) -> float:
    """Return the share of all *of* arrangements that are at least the observed one, which is among the *hits*.

    Raises ValueError if the observed one was not counted: p is never 0.
    """
    if not 1 <= hits <= of:
        raise ValueError("hits: from 1 (the observed arrangement) to all")
    return hits / of


def mann_kendall(values: Sequence[float]) -> tuple[int, float, float]:
    """Return S, τ = S/(n(n-1)/2) and the exact two-sided p of a series against its order.

    The distribution is that of n different values; with ties p is a little too large. Source: science.md §3.
    """
    n = len(values)
    score = sum((b > a) - (b < a) for a, b in combinations(values, 2))
    pairs = math.comb(n, 2)
    # orders of 1..n by their number of inversions
    orders = [1]
    for size in range(2, n + 1):
        orders = [sum(orders[max(0, at - size + 1) : at + 1]) for at in range(len(orders) + size - 1)]
    tail = sum(orders[: (pairs - abs(score)) // 2 + 1])
    return score, score / pairs if pairs else 0.0, min(1.0, 2 * tail / math.factorial(n))


def theil_sen(values: Sequence[float]) -> float:
    """Return the median of the slopes between any two values, per step. Source: science.md §3."""
    return median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(values), 2))


def kendall(values: Sequence[float | Fraction]) -> tuple[float, float] | None:
    """Return τ_b of a series with its order, and the two-sided p of the normal approximation; None if all are equal.

    Ties are corrected for; give fractions where equal shares must tie. From 8 values on. Source: science.md §3.
    """
    n = len(values)
    score = sum((b > a) - (b < a) for a, b in combinations(values, 2))
    counts: dict[float | Fraction, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    ties = sorted(counts.values())
    pairs = n * (n - 1) // 2
    tied = sum(t * (t - 1) // 2 for t in ties)
    if tied == pairs:
        return None
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    z = score / math.sqrt(variance)
    return score / math.sqrt(pairs * (pairs - tied)), math.erfc(abs(z) / math.sqrt(2))
