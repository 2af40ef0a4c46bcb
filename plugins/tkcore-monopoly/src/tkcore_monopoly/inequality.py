"""Inequality of talk (science.md §1)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from tkcore import (
    Alert,
    Said,
    Session,
    Turn,
    Withheld,
    analysis,
    binomial_at_least,
    bonferroni,
    gate,
    permutation_p,
)
from tkcore_monopoly.draws import numbers
from tkcore_monopoly.talk import (
    asked,
    circle,
    counts,
    lengths,
    received,
    too_little,
    top,
    turns_of,
    unaddressed,
    untimed,
)

Number = float | Withheld

BALES = 0.685
"""In Bales' groups each speaker has this part of the acts of the one before him."""


class Spread(Struct, frozen=True, kw_only=True):
    """How a total is shared by n people: `of` turns or ms, `among` everyone (leaders and members) or members.

    `top_share` is scaled: 0 equal, 1 one person only. `ordinary` is the Gini of n people in Bales' groups,
    `cv` the standard deviation over the mean.
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
    ordinary: Number


class Inequality(Struct, frozen=True, kw_only=True):
    """For turns and for ms, over everyone and over the members alone.

    `p_turns` and `p_ms`: the chance of the largest share, were every member turn anybody's. `uneven`: the Gini of the
    members' time is above `ordinary`. `asked`: the member with most of the talk is asked and advised.
    """

    spreads: tuple[Spread, ...]
    recorded: int
    p_turns: Number
    p_ms: Number
    uneven: bool | Withheld
    asked: bool | Withheld
    said: Said | None


def uneven_talk(result: Inequality) -> Iterable[Alert]:
    """Talk is shared less evenly than is ordinary: both Gini in thousandths. None where the first is asked."""
    time = next((s for s in result.spreads if (s.of, s.among) == ("ms", "members")), None)
    if (
        result.uneven is True
        and result.asked is not True
        and time
        and isinstance(time.gini, float)
        and isinstance(time.ordinary, float)
    ):
        numbers = {"per_mille": round(1000 * time.gini), "ordinary": round(1000 * time.ordinary)}
        yield Alert(alert="monopoly.uneven", numbers=numbers)


SAYS = {
    "monopoly.uneven": Said(
        id="bicara anggota terbagi lebih tidak rata daripada biasanya: Gini {per_mille} dari 1000",
        en="the members' talk is shared less evenly than is ordinary: Gini {per_mille} of 1000",
    )
}


@analysis(
    "monopoly.inequality",
    version=2,
    reads=("turn", "address", "seat", "activity"),
    alert=uneven_talk,
    says=SAYS,
)
def inequality(session: Session, *, draws: int = 1000, activities: bool = False) -> Inequality:
    """How equally talk is shared.

    Over those who were in the room: Gini 2Σi·x(i)/(nΣx) - (n+1)/n and its small-n correction G·n/(n-1), Shannon
    entropy divided by ln n, coefficient of variation (population), Blau 1 - Σp² and normalised, effective number
    1/Σp², scaled top share (n·p_max - 1)/(n - 1). p_turns is m·P(X ≥ the most turns of a member) of a binomial with
    chance 1/m; p_ms gives each member turn to a random member, `draws` times. Uneven: the Gini of the members' time
    is above that of Bales' groups (shares falling by .685 from one speaker to the next), from 30 member turns and 15
    recorded minutes on. Stretches of an activity are left out unless `activities`. Source: science.md §1 (Gini 1912;
    Deltas 2003; Blau 1977; Bales et al. 1951); the level *uneven* is ours.

    Limits: ordinary inequality is large (in Bales' sessions of six the first made 43 % of the acts); read turns and
    time together. The two p answer only whether talk is unequal: with many turns it always is. A late arrival or an
    early leaving counts as little talk.
    """
    if draws < 1:
        raise ValueError("draws: at least 1")
    people = circle(session)
    turns = turns_of(session, activities=activities)
    timed = untimed(session, turns)
    found = []
    for among, seats in (("everyone", people.everyone), ("members", people.members)):
        found.append(spread("turns", among, list(counts(turns, seats).values())))
    for among, seats in (("everyone", people.everyone), ("members", people.members)):
        found.append(spread("ms", among, list(lengths(turns, seats).values()), timed))
    time = found[-1]
    own = tuple(t for t in turns if t.sender in people.members)
    m, number, amount = len(people.members), counts(own, people.members), lengths(own, people.members)
    few = gate("members", m, 2) or (None if own else Withheld("nobody spoke", 0))
    unsaid = too_little(m, len(own), session.opened.recorded) or timed
    uneven: bool | Withheld = unsaid or False
    if isinstance(time.gini, float) and isinstance(time.ordinary, float) and not unsaid:
        uneven = time.gini > time.ordinary
    first = top(people.members, number if timed else amount)
    is_asked = unaddressed(turns) or (
        first is not None
        and asked(first, counts(turns, people.everyone), received(session, people, activities=activities))
    )
    return Inequality(
        spreads=tuple(found),
        recorded=session.opened.recorded,
        p_turns=few or bonferroni(binomial_at_least(max(number.values()), len(own), 1 / m), m),
        p_ms=few or timed or _chance_of_most(session, own, m, max(amount.values()), draws),
        uneven=uneven,
        asked=is_asked,
        said=_said(uneven=uneven is True, is_asked=is_asked is True),
    )


def _said(*, uneven: bool, is_asked: bool) -> Said | None:
    if not uneven:
        return None
    if is_asked:
        return Said(
            "waktu bicara terpusat; yang paling banyak bicara ditanya dan dinasihati",
            "talking time is concentrated; whoever talks most is asked and advised",
        )
    return Said(
        "waktu bicara lebih terpusat daripada biasanya dalam kelompok",
        "talking time is more concentrated than is ordinary in groups",
    )


def spread(of: str, among: str, values: list[int], unsaid: Withheld | None = None) -> Spread:
    """Return the measures of how a total is shared by n people; integers until the last division."""
    n, total = len(values), sum(values)
    unsaid = unsaid or gate("people", n, 2) or (None if total else Withheld("nobody spoke", n))
    if unsaid is not None:
        return Spread(
            of=of, among=among, n=n, total=total, gini=unsaid, gini_corrected=unsaid, entropy=unsaid, cv=unsaid,
            blau=unsaid, blau_normalised=unsaid, effective=unsaid, top_share=unsaid, ordinary=unsaid,
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
        entropy=abs(math.fsum(p * math.log(p) for p in shares)) / math.log(n),
        cv=math.sqrt(n * squares - total * total) / total,
        blau=blau,
        blau_normalised=blau * n / (n - 1),
        effective=total * total / squares,
        top_share=(n * ordered[-1] - total) / (total * (n - 1)),
        ordinary=ordinary(n),
    )


def ordinary(n: int) -> float:
    """Return the Gini of n shares of which each is .685 of the one before it."""
    falling = [BALES**rank for rank in range(n - 1, -1, -1)]
    return 2 * math.fsum(i * x for i, x in enumerate(falling, 1)) / (n * math.fsum(falling)) - (n + 1) / n


def _chance_of_most(session: Session, own: tuple[Turn, ...], m: int, most: int, draws: int) -> float:
    """(1 + draws in which somebody's time is at least the observed most) / (1 + draws)."""
    drawn = numbers(session.random, draws * len(own)).reshape(draws, -1)
    who = (drawn * m).astype(np.int64) + m * np.arange(draws)[:, None]
    # whole ms are exact as floats
    ms = np.tile(np.array([t.dur or 0 for t in own], dtype=np.float64), draws)
    sums = np.bincount(who.ravel(), weights=ms, minlength=draws * m).reshape(draws, m)
    return permutation_p(most, sums.max(axis=1).tolist())
