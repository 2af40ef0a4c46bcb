"""How the structure moves within a session (science.md §3, Evolution)."""

from __future__ import annotations

import math
from itertools import combinations

from msgspec import Struct

from tkcore import Session, Withheld, analysis
from tkcore_network.acts import directed

BLOCK, LEAST_BLOCKS = 10, 8


class Window(Struct, frozen=True):
    """Acts number `first` to `last`; `among_members` is their share MM."""

    first: int
    last: int
    among_members: float


class Evolution(Struct, frozen=True, kw_only=True):
    """`windows` for the picture; `blocks` (acts among members of each ten), `tau` and `p` for the test."""

    windows: tuple[Window, ...]
    blocks: tuple[float, ...]
    tau: float | Withheld
    p: float | Withheld


@analysis("network.evolution", version=1, reads=("turn", "address", "seat", "activity"))
def evolution(session: Session, *, window: int = 60, step: int = 15, activities: bool = False) -> Evolution:
    """The course of member-to-member talk.

    The share of acts among members in windows of 60 acts, every 15, is for the picture; the test is Kendall's τ_b of
    that share in consecutive blocks of ten acts with the block's number (ties corrected, two-sided p by the normal
    approximation with tie-corrected variance), from 8 blocks on. Acts between leaders are dropped; stretches of an
    activity are left out unless `activities`. Source: science.md §3.

    Limits: blocks follow each other, so p is optimistic; a trend is not a cause.
    """
    leaders = set(session.leaders)
    acts = [
        a
        for a in directed(session, activities=activities)
        if not (a.sender in leaders and a.receiver in leaders)
    ]
    among = [a.weight if a.sender not in leaders and a.receiver not in leaders else 0 for a in acts]
    weight = [a.weight for a in acts]
    windows = tuple(
        Window(at, at + window - 1, sum(among[at : at + window]) / sum(weight[at : at + window]))
        for at in range(0, len(acts) - window + 1, step)
    )
    starts = range(0, len(acts) - BLOCK + 1, BLOCK)
    # shares as exact fractions of one block, so that equal blocks tie
    shares = [(sum(among[at : at + BLOCK]), sum(weight[at : at + BLOCK])) for at in starts]
    tau: float | Withheld = Withheld("fewer than 8 blocks of 10 acts", len(shares))
    p: float | Withheld = tau
    if len(shares) >= LEAST_BLOCKS:
        found = kendall(shares)
        tau, p = found or (Withheld("all blocks are equal", len(shares)),) * 2
    return Evolution(windows=windows, blocks=tuple(10 * a / w if w else 0.0 for a, w in shares), tau=tau, p=p)


def kendall(shares: list[tuple[int, int]]) -> tuple[float, float] | None:
    """Return τ_b of a series of fractions with its index, and the two-sided p; None if all are equal."""
    n = len(shares)
    score = 0
    for (a, b), (c, d) in combinations(shares, 2):
        left, right = a * d, c * b
        score += (right > left) - (right < left)
    counts: dict[tuple[int, int], int] = {}
    for a, b in shares:
        part = math.gcd(a, b) or 1
        counts[a // part, b // part] = counts.get((a // part, b // part), 0) + 1
    ties = sorted(counts.values())
    pairs = n * (n - 1) // 2
    tied = sum(t * (t - 1) // 2 for t in ties)
    if tied == pairs:
        return None
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    z = score / math.sqrt(variance)
    return score / math.sqrt(pairs * (pairs - tied)), math.erfc(abs(z) / math.sqrt(2))
