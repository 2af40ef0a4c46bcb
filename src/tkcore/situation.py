"""What is the case in the room at a moment, as far as a line needs it: who is there, who spoke, what is open."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from tkcore import events as e

LEADERS = frozenset({"therapist", "co_therapist"})
LAST = 200
VISITOR, REPORTED = "mark.visitor", "mark.handed_to_duty"
SAFETY = "safety"
"""The family of danger."""


class Situation(Struct):
    """Folded from effective records in (ts, seq) order; turns, pauses and episodes are an observer's own."""

    opened: e.SessionOpened | None = None
    closed: int | None = None
    """When the meeting ended."""
    lead: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)
    """Seats absent at the opening that have not come yet."""
    scope: dict[str, str] = field(default_factory=dict)
    turns: dict[str, deque[e.TurnTaken]] = field(default_factory=dict)
    """The last ones: more than a line can ask for."""
    activities: dict[str, list[e.ActivityStarted]] = field(default_factory=dict)
    paused: dict[str, e.CapturePaused] = field(default_factory=dict)
    contracts: dict[str, e.ContractOpened] = field(default_factory=dict)
    conflicts: dict[str, e.ConflictArisen] = field(default_factory=dict)
    visitors: dict[str, bool] = field(default_factory=dict)
    observers: dict[str, str] = field(default_factory=dict)
    """Who records, and as what."""
    apart: bool = False
    """Whether an observer refers to nobody's turns but his own."""

    def floor(self, observer: str) -> Sequence[e.TurnTaken]:
        """The turns an observer refers to: his own, or the lead's if he codes no floor."""
        own: Sequence[e.TurnTaken] = self.turns.get(observer, ())
        return own or (() if self.apart else self.turns.get(self.lead, ()))

    def agreed(self, seat: str) -> bool:
        """Whether more than the floor may be kept of a seat."""
        return self.scope.get(seat, "full") == "full"

    def apply(self, x: e.Record) -> None:
        """Take in the next record."""
        match x:
            case e.SessionOpened():
                if self.opened is None:
                    self.opened, self.lead = x, x.lead or x.observer
                    self.roles = {s.seat: s.role for s in x.seats}
                    self.scope = {s.seat: s.scope for s in x.seats}
                    self.expected = set(x.absent)
                    self.inside = set(self.roles) - self.expected
                    self.observers = {self.lead: "co_therapist", **{c.observer: c.role for c in x.captures}}
            case e.SessionClosed():
                self.closed = x.ts
            case e.TurnTaken():
                self.turns.setdefault(x.observer, deque(maxlen=LAST)).append(x)
                self._enters(x.sender)
            case e.SeatAdded():
                self.roles.setdefault(x.seat, x.role)
                self._enters(x.seat)
            case e.SeatArrived():
                self._enters(x.seat)
            case e.SeatLeft():
                self.inside.discard(x.seat)
            case e.SeatScoped():
                self.scope[x.seat] = x.scope
            case e.CapturePaused():
                self.paused.setdefault(x.observer, x)
            case e.CaptureResumed():
                self.paused.pop(x.observer, None)
            case e.ObserverJoined():
                self.observers.setdefault(x.observer, x.role)
            case e.LeadPassed():
                self.lead = x.lead
            case e.Coded():
                self._coded(x)
            case _:
                pass

    def _enters(self, seat: str) -> None:
        self.roles.setdefault(seat, "member")
        self.inside.add(seat)
        self.expected.discard(seat)

    def _coded(self, x: e.Coded) -> None:
        match x:
            case e.ActivityStarted():
                self.activities.setdefault(x.observer, []).append(x)
            case e.ActivityEnded():
                running = self.activities.get(x.observer, [])
                self.activities[x.observer] = [s for s in running if s.id != x.ref]
            case e.ContractOpened():
                self.contracts[x.id] = x
            case e.ContractSettled():
                self.contracts.pop(x.ref or "", None)
            case e.ConflictArisen():
                self.conflicts[x.id] = x
            case e.ConflictSettled():
                self.conflicts.pop(x.ref or "", None)
            case e.MarkMade() if x.code.endswith("." + VISITOR):
                self.visitors[x.observer] = x.attrs.get("visit") == "in"
            case _:
                pass


def situation(records: Iterable[e.Record], until: int | None = None) -> Situation:
    """Return the situation after effective records, or at `until` (ms)."""
    found = Situation()
    for record in records:
        if until is None or record.ts <= until or isinstance(record, e.SessionOpened):
            found.apply(record)
    return found


def copy(now: Situation) -> Situation:
    """Return a situation that a line may change while it is being checked."""
    twin = Situation(**{name: getattr(now, name) for name in now.__struct_fields__})
    for name in ("roles", "inside", "expected", "scope", "paused", "contracts", "conflicts", "visitors"):
        setattr(twin, name, type(getattr(now, name))(getattr(now, name)))
    twin.turns = {observer: turns.copy() for observer, turns in now.turns.items()}
    twin.activities = {observer: list(running) for observer, running in now.activities.items()}
    return twin
