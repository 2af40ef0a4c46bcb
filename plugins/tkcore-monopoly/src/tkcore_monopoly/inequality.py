"""Inequality of talk (science.md §1)."""

from __future__ import annotations

import math

from msgspec import Struct

from tkcore import Session, Withheld, analysis
from tkcore_monopoly.talk import NO_LENGTHS, counts, has_lengths, lengths, turns_of

Number = float | Withheld


class Spread(Struct, frozen=True, kw_only=True):
    """How a total is shared by n people: `of` turns or ms, `among` everyone (leaders and members) or members;
    `top_share` is scaled: 0 equal, 1 one person only.
    """

    of: str
    among: str
    n: int
    total: int
    gini: Number
    gini_corrected: Number
    entropy: Number
    cv: Number
    blau: Number
    blau_normalised: Number
    effective: Number
    top_share: Number


class Inequality(Struct, frozen=True):
    """For turns and for ms, over everyone and over the members alone."""

    spreads: tuple[Spread, ...]


@analysis("monopoly.inequality", version=1, reads=("turn", "seat", "activity"))
def inequality(session: Session, *, activities: bool = False) -> Inequality:
    """How equally talk is shared.

    Over those who were in the room: Gini 2Σi·x(i)/(nΣx) - (n+1)/n and its small-n correction G·n/(n-1), Shannon
    entropy divided by ln n, coefficient of variation (population), Blau 1 - Σp² and normalised, effective number
    1/Σp², scaled top share (n·p_max - 1)/(n - 1). Stretches of an activity are left out unless `activities`.
    Source: science.md §1 (Gini 1912; Blau 1977).

    Limits: ordinary inequality is large (in Bales' sessions the first of six made 43 % of the acts); read turns and
    time together.
    """
    turns = turns_of(session, activities=activities)
    everyone, members = (*session.leaders, *session.members), session.members
    timed = has_lengths(session, turns)
    found = []
    for among, seats in (("everyone", everyone), ("members", members)):
        found.append(spread("turns", among, list(counts(turns, seats).values())))
    for among, seats in (("everyone", everyone), ("members", members)):
        gate = None if timed else Withheld(NO_LENGTHS, len(turns))
        found.append(spread("ms", among, list(lengths(turns, seats).values()), gate))
    return Inequality(tuple(found))


def spread(of: str, among: str, values: list[int], gate: Withheld | None = None) -> Spread:
    """Return the measures of how a total is shared by n people; integers until the last division."""
    n, total = len(values), sum(values)
    if gate is None and n < 2:
        gate = Withheld("fewer than 2 people", n)
    if gate is None and total == 0:
        gate = Withheld("nobody spoke", n)
    if gate is not None:
        return Spread(
            of=of, among=among, n=n, total=total, gini=gate, gini_corrected=gate, entropy=gate, cv=gate, blau=gate,
            blau_normalised=gate, effective=gate, top_share=gate,
        )  # fmt: skip
    ordered = sorted(values)
    ranked = sum(rank * x for rank, x in enumerate(ordered, 1))
    gini = (2 * ranked - (n + 1) * total) / (n * total)
    squares = sum(x * x for x in values)
    blau = (total * total - squares) / (total * total)
    shares = [x / total for x in ordered if x]
    return Spread(
        of=of,
        among=among,
        n=n,
        total=total,
        gini=gini,
        gini_corrected=gini * n / (n - 1),
        entropy=-math.fsum(p * math.log(p) for p in shares) / math.log(n),
        cv=math.sqrt(n * squares - total * total) / total,
        blau=blau,
        blau_normalised=blau * n / (n - 1),
        effective=total * total / squares,
        top_share=(n * ordered[-1] - total) / (total * (n - 1)),
    )
