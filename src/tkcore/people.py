"""The people in the room in rows: when each seat was there, and what became of it."""

from __future__ import annotations

from tkcore import events as e
from tkcore import rows as r
from tkcore.sheet import Sheet


def people(sheet: Sheet) -> None:
    """Put the presences and the seats."""
    _Room(sheet).put()


class _Room:
    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.seen = sheet, sheet.seen
        opened = self.opened = self.seen.opened
        self.place = {s.seat: s.place for s in opened.seats}
        self.scope = {s.seat: s.scope for s in opened.seats}
        self.inside: dict[str, tuple[e.Event, str | None]] = {
            s.seat: (opened, None) for s in opened.seats if s.seat not in opened.absent
        }
        self.spoke: set[str] = set()
        self.present: dict[str, int] = {}

    def put(self) -> None:
        for x in self.seen.of(
            e.TurnTaken, e.SeatAdded, e.SeatArrived, e.SeatLeft, e.SeatScoped, e.PlaceChanged
        ):  # fmt: skip
            # what was written down for after the meeting moves nobody
            if self.seen.end is None or x.ts <= self.seen.end:
                self._apply(x)
        for seat in list(self.inside):
            self._leave(seat, None, None)
        for seat, role in self.sheet.roles.items():
            self.sheet.put(
                r.SeatRow, self.opened, None, counted=True, seat=seat, role=role, place=self.place.get(seat),
                scope=self.scope.get(seat, "full"), attended=seat in self.present, present=self.present.get(seat, 0),
            )  # fmt: skip

    def _apply(self, x: e.Event) -> None:
        if isinstance(x, e.TurnTaken):
            if self.sheet.who.counts(x, "floor"):
                self.sheet.roles.setdefault(x.sender, "member")
                self.inside.setdefault(x.sender, (x, "implied"))
                self.spoke.add(x.sender)
            return
        if not self.sheet.who.counts(x, "presence"):
            return
        if isinstance(x, e.SeatAdded):
            self.place.setdefault(x.seat, x.place)
            self.inside.setdefault(x.seat, (x, "added"))
        elif isinstance(x, e.SeatArrived) and x.seat in self.sheet.roles:
            self.inside.setdefault(x.seat, (x, x.reason))
        elif isinstance(x, e.SeatLeft) and x.seat in self.inside:
            if x.reason == "absent" and self.inside[x.seat][0] is self.opened and x.seat not in self.spoke:
                # the observer has noticed that somebody never came
                del self.inside[x.seat]
            else:
                self._leave(x.seat, x.ts, x.reason)
        elif isinstance(x, e.SeatScoped):
            self.scope[x.seat] = x.scope
        elif isinstance(x, e.PlaceChanged):
            self.place[x.seat] = x.place

    def _leave(self, seat: str, ts: int | None, how: str | None) -> None:
        since, arrived = self.inside.pop(seat)
        end = self.seen.end if ts is None else ts
        known = self.seen.recorded(since.ts, self.seen.last if end is None else end)
        self.present[seat] = self.present.get(seat, 0) + (known or 0)
        self.sheet.put(
            r.Presence, since, None if end is None else known, counted=True, seat=seat,
            role=self.sheet.role(seat), arrived=arrived, left_as=how,
        )  # fmt: skip
