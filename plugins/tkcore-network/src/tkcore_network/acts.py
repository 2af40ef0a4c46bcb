"""The directed acts of a session: who to whom, with integer weights."""

from __future__ import annotations

from msgspec import Struct

from tkcore import WEIGHT, Session

UNKNOWN_LIMIT = 5
"""More than one turn in five with an unknown receiver: no network is drawn (science.md §0)."""


class Act(Struct, frozen=True):
    """One sender, one receiver; `weight` of 27720 parts."""

    sender: str
    receiver: str
    weight: int


def people(session: Session) -> tuple[str, ...]:
    """Return leaders and members who were in the room; visitors and staff are outside."""
    return session.leaders + session.members


def directed(session: Session, *, activities: bool = True) -> list[Act]:
    """Return the acts between leaders and members in order of time."""
    inside = set(people(session))
    return [
        Act(a.sender, a.receiver, a.weight)
        for a in session.addresses
        if a.sender in inside and a.receiver in inside and (activities or a.activity is None)
    ]


def spread_out(session: Session, *, activities: bool = True) -> list[Act]:
    """Return an act to each other person for every turn to the group, 1/(n-1) each, in parts of 27720·(n-1)."""
    inside = people(session)
    return [
        Act(turn.sender, other, WEIGHT)
        for turn in session.turns
        if turn.audience == "all" and turn.sender in inside and (activities or turn.activity is None)
        for other in inside
        if other != turn.sender
    ]


def unknown(session: Session) -> tuple[int, int]:
    """Return how many turns have an unknown receiver, and how many there are."""
    return sum(turn.audience == "unknown" for turn in session.turns), len(session.turns)


def matrix(session: Session, *, spread: bool) -> tuple[tuple[str, ...], dict[tuple[str, str], int], int]:
    """Return the people, W in integer parts, and the parts that make one act."""
    inside = people(session)
    scale = max(1, len(inside) - 1) if spread else 1
    weights: dict[tuple[str, str], int] = {}
    for act in directed(session):
        pair = (act.sender, act.receiver)
        weights[pair] = weights.get(pair, 0) + act.weight * scale
    for act in spread_out(session) if spread else ():
        pair = (act.sender, act.receiver)
        weights[pair] = weights.get(pair, 0) + act.weight
    return inside, weights, WEIGHT * scale
