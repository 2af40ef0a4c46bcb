"""The directed acts of a session: who to whom, with integer weights."""

from __future__ import annotations

from msgspec import Struct

from tkcore import WEIGHT, Session, Turn, Withheld, cap

OPENING = frozenset({"participation", "preparation"})
"""The stage a session opens with, outpatient and inpatient."""


class Act(Struct, frozen=True):
    """A turn to somebody: its receivers share it, each with a weight in parts.

    `whole`: it went to the group, and is an act only where acts to the group are spread.
    """

    ts: int
    sender: str
    to: tuple[tuple[str, int], ...]
    whole: bool
    phase: str | None


def people(session: Session) -> tuple[str, ...]:
    """Return leaders and members who were in the room, in seat order.

    Visitors and staff are outside. So is a seat of which no receiver is stored: not coded is not unaddressed.
    """
    full = {seat.seat for seat in session.seats if seat.scope == "full"}
    return tuple(seat for seat in session.leaders + session.members if seat in full)


def turns_of(session: Session, *, activities: bool) -> list[Turn]:
    """Return the turns of these people; a stretch of an activity is left out unless asked for."""
    inside = set(people(session))
    return [t for t in session.turns if t.sender in inside and (activities or t.activity is None)]


def unit(session: Session, *, spread: bool) -> int:
    """Return the parts that make one act: 27720, times n - 1 where acts to the group are spread."""
    return WEIGHT * (max(1, len(people(session)) - 1) if spread else 1)


def directed(session: Session, *, spread: bool = False, activities: bool = False) -> list[Act]:
    """Return the acts between leaders and members in order of time.

    k receivers share an act (1/k each); with `spread` everyone else shares an act to the group (1/(n-1) each).
    """
    inside = people(session)
    receivers: dict[str, list[tuple[str, int]]] = {}
    scale = unit(session, spread=spread) // WEIGHT
    for address in session.addresses:
        if address.receiver in inside:
            receivers.setdefault(address.turn, []).append((address.receiver, address.weight * scale))
    found = []
    for turn in turns_of(session, activities=activities):
        whole = turn.audience == "all"
        to = receivers.get(turn.turn, [])
        if whole and spread:
            to = [(other, WEIGHT) for other in inside if other != turn.sender]
        if to:
            found.append(Act(turn.ts, turn.sender, tuple(to), whole, turn.phase))
    return found


def unknown(turns: list[Turn]) -> tuple[float, Withheld | None]:
    """Return the share of turns with an unknown receiver, and the gate of every network (science.md §0)."""
    lost = sum(turn.audience == "unknown" for turn in turns)
    unsaid = cap("turns have an unknown receiver", lost, len(turns))
    return lost / len(turns) if turns else 0.0, unsaid
