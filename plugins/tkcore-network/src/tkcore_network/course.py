"""How the structure moves within a session (science.md §3, Evolution)."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

import tkcore
from tkcore import Session, Withheld, analysis, gate
from tkcore_network.acts import directed, turns_of, unknown

BLOCK = 10


class Window(Struct, frozen=True):
    """Acts number `first` to `last`, from `since` to `until` in ms (their beginnings).

    `among_members` is their share MM.
    """

    first: int
    last: int
    since: int
    until: int
    among_members: float


class Evolution(Struct, frozen=True, kw_only=True):
    """`windows` for the picture; `blocks` (acts among members of each ten), `tau` and `p` for the test.

    `unknown`: the share of turns with an unknown receiver.
    """

    acts: int
    unknown: float
    windows: tuple[Window, ...] | Withheld
    blocks: tuple[float, ...] | Withheld
    tau: float | Withheld
    p: float | Withheld


@analysis("network.evolution", version=1, reads=("turn", "address", "seat", "activity"))
def evolution(
    session: Session, *, window: int = 60, step: int = 15, activities: bool = False
) -> Evolution | Withheld:
    """The course of member-to-member talk.

    The share of acts among members in windows of 60 acts, every 15, is for the picture; the test is Kendall's τ_b of
    that share in consecutive blocks of ten acts with the block's number (ties corrected, two-sided p by the normal
    approximation with tie-corrected variance), from 8 blocks on. k receivers share an act; acts between leaders are
    dropped; stretches of an activity are left out unless `activities`. Withheld where more than 20 % of turns have
    an unknown receiver; without a leader in the room only the acts are counted. Source: science.md §3.

    Limits: blocks follow each other, so p is optimistic; every session opens with the leader, so a rise is ordinary;
    a trend is not a cause.
    """
    if window < 1 or step < 1:
        raise ValueError("window and step: at least 1")
    lost, unsaid = unknown(turns_of(session, activities=activities))
    if unsaid:
        return unsaid
    leaders = set(session.leaders)
    begins, among, weight = [], [], []
    for act in directed(session, activities=activities):
        to = [(seat, w) for seat, w in act.to if not {act.sender, seat} <= leaders]
        if to:
            begins.append(act.ts)
            weight.append(sum(w for _, w in to))
            among.append(sum(w for seat, w in to if act.sender not in leaders and seat not in leaders))
    n = len(weight)
    if not leaders:
        # all talk is among members: that share says nothing, the number of acts does
        none = Withheld("no leader present", 0)
        return Evolution(acts=n, unknown=lost, windows=none, blocks=none, tau=none, p=none)
    windows = tuple(
        Window(
            at,
            at + window - 1,
            begins[at],
            begins[at + window - 1],
            sum(among[at : at + window]) / sum(weight[at : at + window]),
        )
        for at in range(0, n - window + 1, step)
    )
    # shares as exact fractions of one block, so that equal blocks tie
    shares = [
        (sum(among[at : at + BLOCK]), sum(weight[at : at + BLOCK])) for at in range(0, n - BLOCK + 1, BLOCK)
    ]
    few = gate("blocks of 10 acts", len(shares), 8)
    level: tuple[float | Withheld, float | Withheld] = (
        few or Withheld("all blocks are equal", len(shares)),
    ) * 2
    tau, p = level if few else kendall(shares) or level
    return Evolution(
        acts=n,
        unknown=lost,
        windows=windows or Withheld("fewer acts than one window", n),
        blocks=tuple(BLOCK * a / w for a, w in shares),
        tau=tau,
        p=p,
    )


def kendall(shares: list[tuple[int, int]]) -> tuple[float, float] | None:
    """Return τ_b of a series of fractions with its index, and the two-sided p; None if all are equal."""
    return tkcore.kendall([Fraction(a, b) for a, b in shares])
