"""Who said how much: turns and ms by seat, acts received, and the intervals of counts."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from tkcore import Session, Turn, Withheld

LIMIT = 5
"""More than one turn in five without a length, or without a known receiver: what needs it is not said."""

LEAST_TURNS, LEAST_MS = 30, 900_000


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
    if missing * LIMIT > len(settled):
        return Withheld("more than 20 % of turns have no length", missing)
    return None


def unaddressed(turns: tuple[Turn, ...]) -> Withheld | None:
    """Return why nothing can be said of who was addressed, or None."""
    if sum(turn.audience == "unknown" for turn in turns) * LIMIT > len(turns):
        return Withheld("more than 20 % of turns have an unknown receiver", len(turns))
    return None


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
    if members < 2:
        return Withheld("fewer than 2 members", members)
    if turns < LEAST_TURNS:
        return Withheld("fewer than 30 member turns", turns)
    if recorded < LEAST_MS:
        return Withheld("fewer than 15 recorded minutes", recorded // 60_000)
    return None


def top(members: tuple[str, ...], amount: dict[str, int]) -> str | None:
    """The member with the most; nobody where two are level."""
    ranked = sorted((amount[seat] for seat in members), reverse=True)
    if not ranked or not ranked[0] or (len(ranked) > 1 and ranked[0] == ranked[1]):
        return None
    return next(seat for seat in members if amount[seat] == ranked[0])


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
    return _tail(_coefficients(k, n), n, p)


def _coefficients(k: int, n: int) -> list[float]:
    """Logarithms: the coefficients of a few thousand turns are no floats."""
    whole = math.lgamma(n + 1)
    return [whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(k + 1)]


def _tail(coefficients: list[float], n: int, p: float) -> float:
    up, down = math.log(p), math.log1p(-p)
    return math.fsum(math.exp(c + i * up + (n - i) * down) for i, c in enumerate(coefficients))


def upper_bound(k: int, n: int) -> float:
    """Return the upper end of the 95 % Clopper–Pearson interval: the p at which P(X ≤ k) is .025."""
    if k >= n:
        return 1.0
    low, high, coefficients = k / n, 1.0, _coefficients(k, n)
    for _ in range(50):
        middle = (low + high) / 2
        if _tail(coefficients, n, middle) > 0.025:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
