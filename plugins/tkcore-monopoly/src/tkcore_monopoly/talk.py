"""Who said how much: turns and ms by seat, and the intervals of counts."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tkcore import Session, Turn

NO_LENGTHS = "the source has no lengths"


def turns_of(session: Session, *, activities: bool) -> tuple[Turn, ...]:
    """Return the turns of leaders and members; a stretch of an activity is left out unless asked for."""
    inside = {*session.leaders, *session.members}
    return tuple(t for t in session.turns if t.sender in inside and (activities or t.activity is None))


def counts(turns: Iterable[Turn], seats: Iterable[str]) -> dict[str, int]:
    """Return the number of turns of each seat; a seat that is present and silent has 0."""
    found = dict.fromkeys(seats, 0)
    for turn in turns:
        if turn.sender in found:
            found[turn.sender] += 1
    return found


def lengths(turns: Iterable[Turn], seats: Iterable[str]) -> dict[str, int]:
    """Return the ms of each seat; a turn without a length adds none."""
    found = dict.fromkeys(seats, 0)
    for turn in turns:
        if turn.sender in found:
            found[turn.sender] += turn.dur or 0
    return found


def has_lengths(session: Session, turns: Iterable[Turn]) -> bool:
    return session.opened.lengths and any(turn.dur is not None for turn in turns)


def wilson(k: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return Wilson's 95 % interval of k in n."""
    p, square = k / n, z * z
    middle = (p + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def binomial_tail(k: int, n: int, p: float) -> float:
    """Return P(X ≤ k) of n draws with chance p."""
    if p <= 0 or p >= 1:
        return float(p <= 0 or k >= n)
    # by logarithms: the coefficients of a few thousand turns are no floats
    up, down, whole = math.log(p), math.log1p(-p), math.lgamma(n + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * up + (n - i) * down)
        for i in range(k + 1)
    )


def upper_bound(k: int, n: int) -> float:
    """Return the upper end of the 95 % Clopper–Pearson interval: the p at which P(X ≤ k) is .025."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        if binomial_tail(k, n, middle) > 0.025:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
