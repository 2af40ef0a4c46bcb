"""Who said how much: turns and ms by seat, acts received, and what is too little to say."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

import tkcore
from tkcore import Session, Turn, Withheld, cap, gate
from tkcore import binomial_at_most as binomial_tail  # noqa: F401 - its tests know it by this name


class Circle(Struct, frozen=True):
    """Leaders and members whose talk is recorded, in seat order.

    Absent seats, visitors and staff are outside, and so is a seat that is not to be recorded: not coded is not
    silent. Of a seat in `floor_only` nobody stores that it was addressed.
    """

    leaders: tuple[str, ...]
    members: tuple[str, ...]
    floor_only: frozenset[str]

    @property
    def everyone(self) -> tuple[str, ...]:
        return self.leaders + self.members


def circle(session: Session) -> Circle:
    scope = {seat.seat: seat.scope for seat in session.seats}
    leaders, members = (
        tuple(seat for seat in seats if scope[seat] != "none") for seats in (session.leaders, session.members)
    )
    return Circle(leaders, members, frozenset(seat for seat, kind in scope.items() if kind == "floor_only"))


def turns_of(session: Session, *, activities: bool) -> tuple[Turn, ...]:
    """Return the turns of leaders and members; a stretch of an activity is left out unless asked for."""
    inside = set(circle(session).everyone)
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


def untimed(session: Session, turns: tuple[Turn, ...]) -> Withheld | None:
    """Return why nothing can be said in time, or None. The newest turn of a running session has no length yet."""
    settled = turns[:-1] if turns and turns[-1].dur is None else turns
    missing = sum(turn.dur is None for turn in settled)
    if not session.opened.lengths or missing == len(settled):
        return Withheld("the source has no lengths", len(turns))
    return cap("turns have no length", missing, len(settled), n=missing)


def unaddressed(turns: tuple[Turn, ...]) -> Withheld | None:
    """Return why nothing can be said of who was addressed, or None."""
    lost = sum(turn.audience == "unknown" for turn in turns)
    return cap("turns have an unknown receiver", lost, len(turns))


def received(session: Session, people: Circle, *, activities: bool) -> dict[str, int]:
    """Return the directed acts each seat received, in parts of 27720 to an act."""
    found = dict.fromkeys(people.everyone, 0)
    for act in session.addresses:
        if act.sender in found and act.receiver in found and (activities or act.activity is None):
            found[act.receiver] += act.weight
    return found


def asked(seat: str, number: dict[str, int], got: dict[str, int]) -> bool:
    """Whether a seat's share of the acts received is at least its share of everyone's turns."""
    return got[seat] > 0 and got[seat] * sum(number.values()) >= number[seat] * sum(got.values())


def too_little(members: int, turns: int, recorded: int) -> Withheld | None:
    """Return the gate of every judgement of how talk is shared (science.md §1), or None."""
    return (
        gate("members", members, 2)
        or gate("member turns", turns, 30)
        or gate("recorded minutes", recorded // 60_000, 15)
    )


def top(members: tuple[str, ...], amount: dict[str, int]) -> str | None:
    """The member with the most; nobody where two are level."""
    ranked = sorted((amount[seat] for seat in members), reverse=True)
    if not ranked or not ranked[0] or (len(ranked) > 1 and ranked[0] == ranked[1]):
        return None
    return next(seat for seat in members if amount[seat] == ranked[0])


def wilson(k: int, n: int) -> tuple[float, float]:
    """Return the bounds of Wilson's 95 % interval of k in n."""
    found = tkcore.wilson(k, n)
    return found.low, found.high


def upper_bound(k: int, n: int) -> float:
    """Return the upper end of the 95 % Clopper–Pearson interval."""
    return tkcore.clopper_pearson(k, n).high


def clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
