"""Intervals of counts and rates: Wilson, Clopper–Pearson and the exact one of Poisson.

Plain Python: bounds without a closed form are found by bisection.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from msgspec import Struct

LEVEL = 0.95
_Z = {0.95: 1.959963984540054}
"""`NormalDist` is off in the last digit here, where every report looks."""


class Estimate(Struct, frozen=True, kw_only=True):
    """A value and the bounds `low` and `high` of its interval: what they rest on (`n`), which interval, which level.

    `n` of a share is what was counted, of a rate the events in it.
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = LEVEL


def wilson(x: int, n: int, *, level: float = LEVEL) -> Estimate:
    """Return the share of *x* in *n* with Wilson's interval. Raises ValueError unless 0 <= x <= n and n > 0."""
    _counted(x, n)
    z = _Z.get(level) or NormalDist().inv_cdf(1 - outside(level))
    p, square = x / n, z * z
    middle = (p + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
    # none and all lie on a bound: rounding must not put them outside
    low, high = 0.0 if x == 0 else max(0.0, middle - half), 1.0 if x == n else min(1.0, middle + half)
    return Estimate(value=p, low=low, high=high, n=n, method="wilson", level=level)


def clopper_pearson(x: int, n: int, *, level: float = LEVEL) -> Estimate:
    """Return the share of *x* in *n* with the exact interval of Clopper and Pearson.

    Raises ValueError unless 0 <= x <= n and n > 0.
    """
    _counted(x, n)
    return Estimate(
        value=x / n, low=_lower(x, n, level), high=_upper(x, n, level), n=n, method="clopper_pearson", level=level
    )  # fmt: skip


def poisson_rate(x: int, exposure: float, *, level: float = LEVEL) -> Estimate:
    """Return *x* events per unit of *exposure* with the exact interval of Poisson; give hours for a rate per hour.

    Raises ValueError if *x* is negative or *exposure* is not above 0.
    """
    if x < 0 or not (exposure > 0 and math.isfinite(exposure)):
        raise ValueError("x: not negative; exposure: above 0")
    tail = outside(level)
    logs = [-math.lgamma(i + 1) for i in range(x + 1)]

    def at_most(count: int, mean: float) -> float:
        if count < 0 or mean <= 0:
            return float(count >= 0)
        up = math.log(mean)
        return math.fsum(math.exp(log + i * up - mean) for i, log in enumerate(logs[: count + 1]))

    most = x + 1.0
    while at_most(x, most) > tail:
        most *= 2
    low = bisected(lambda mean: at_most(x - 1, mean) > 1 - tail, 0.0, float(x)) if x else 0.0
    high = bisected(lambda mean: at_most(x, mean) > tail, float(x), most)
    return Estimate(
        value=x / exposure, low=low / exposure, high=high / exposure, n=x, method="poisson_exact", level=level
    )  # fmt: skip


def binomial_at_most(k: int, n: int, p: float) -> float:
    """Return P(X ≤ k) of n draws with chance p."""
    if k < 0 or k >= n or p <= 0 or p >= 1:
        return float(k >= n or (k >= 0 and p <= 0))
    return _tail(_coefficients(k, n), n, p)


def binomial_at_least(k: int, n: int, p: float) -> float:
    """Return P(X ≥ k) of n draws with chance p."""
    found = 1 - binomial_at_most(k - 1, n, p)
    # where next to nothing is left of 1 the digits are those of its rounding
    return found if found > 1e-6 else binomial_at_most(n - k, n, 1 - p)


def outside(level: float) -> float:
    """Return what an interval leaves out at each end: .025 of .95. Raises ValueError outside 0 to 1."""
    if not 0 < level < 1:
        raise ValueError("level: between 0 and 1")
    return round((1 - level) / 2, 12)


def bisected(below: Callable[[float], bool], low: float, high: float, steps: int = 100) -> float:
    """Return where *below* ceases to hold between *low* and *high*."""
    for _ in range(steps):
        middle = (low + high) / 2
        if below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _counted(x: int, n: int) -> None:
    if not 0 <= x <= n or n < 1:
        raise ValueError(f"{x} of {n}: x from 0 to n, n at least 1")


def _upper(k: int, n: int, level: float) -> float:
    """Return the p at which P(X ≤ k) is what the level leaves out."""
    tail = outside(level)
    if k >= n:
        return 1.0
    coefficients = _coefficients(k, n)
    return bisected(lambda p: _tail(coefficients, n, p) > tail, k / n, 1.0, steps=50)


def _lower(k: int, n: int, level: float) -> float:
    """Return the p at which P(X ≥ k) is what the level leaves out, by the few outcomes below k."""
    most = 1 - outside(level)
    if k == 0:
        return 0.0
    coefficients = _coefficients(k - 1, n)
    return bisected(lambda p: _tail(coefficients, n, p) > most, 0.0, k / n)


def _coefficients(k: int, n: int) -> list[float]:
    """Logarithms: the coefficients of a few thousand turns are no floats."""
    whole = math.lgamma(n + 1)
    return [whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(k + 1)]


def _tail(coefficients: list[float], n: int, p: float) -> float:
    if p <= 0:
        return 1.0
    up, down = math.log(p), math.log1p(-p)
    return math.fsum(math.exp(c + i * up + (n - i) * down) for i, c in enumerate(coefficients))
