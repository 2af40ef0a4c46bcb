"""What every row needs while a session is folded: who counts, the roles, phase and activity; and the rows so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.observation import Moment, Observation, Steps


class Sheet:
    """The rows of one session, as they are made."""

    def __init__(self, seen: Observation, session: str) -> None:
        self.seen, self.who, self.session = seen, seen.who, session
        self.roles = _roles(seen)
        self.phase, self.activity = Steps(), Steps()
        self.out: list[tuple[int, int, int, r.Row]] = []

    def rows(self) -> list[r.Row]:
        """Return the rows in (ts, seq) order, numbered."""
        self.out.sort(key=lambda entry: entry[:3])
        return [replace(row, n=n) for n, (_, _, _, row) in enumerate(self.out)]

    def put(
        self,
        kind: type[r.Row],
        x: e.Event,
        dur: int | None,
        *,
        counted: bool,
        ts: int | None = None,
        **own: Any,
    ) -> None:
        """Put one row, at its record's time unless it says another."""
        ts = x.ts if ts is None else ts
        row = kind(
            session=self.session, n=0, seq=x.seq, id=x.id, ts=ts, dur=dur, observer=x.observer, counted=counted, **own
        )  # fmt: skip
        self.out.append((ts, x.seq, len(self.out), row))

    def role(self, seat: str) -> str:
        return self.roles.get(seat, "member")

    def around(self, ts: int, seq: int) -> dict[str, Any]:
        """Return the phase and the activity at a moment, as the observers of record have them."""
        return {"phase": self.phase.get(ts, seq), "activity": self.activity.get(ts, seq)}

    def until(self, start: int, end: int | None) -> int | None:
        """Return the end of what began at `start` and has ended at `end` or with the session."""
        ends = [ts for ts in (end, self.seen.end) if ts is not None]
        return max(start, min(ends)) if ends else None

    def state(self, kind: type[r.Row], x: e.Event, family: str, end: int | None, /, **own: Any) -> None:
        """Put a row for each stretch of something that lasts and in which its observer is or is not of record."""
        for start, until, counted in self.who.stretches(family, x.observer, x.ts, self.until(x.ts, end)):
            dur = self.seen.recorded(start, until, x.observer)
            self.put(kind, x, dur, counted=counted, ts=start, **own)

    def of_record(
        self, lanes: Mapping[str, Steps], family: Callable[[Any], str], name: Callable[[Any], str]
    ) -> Steps:
        """Return of each observer's states those of whoever is of record, by name; a step only where it changes."""
        whole = Steps()
        moments: set[Moment] = self.who.moments() if lanes else set()
        for moment in sorted(moments.union(*(steps.at for steps in lanes.values()))):
            found = [
                x
                for observer, steps in lanes.items()
                if (x := steps.get(*moment)) is not None and self.who.at(family(x), *moment) == observer
            ]
            latest = max(found, key=lambda x: (x.ts, x.seq), default=None)
            whole.put(moment, None if latest is None else name(latest))
        return whole


def _roles(seen: Observation) -> dict[str, str]:
    """Return every seat's role, also of those added later: rows made before must have it too. The first wins."""
    roles = {s.seat: s.role for s in seen.opened.seats}
    for x in seen.of(e.SeatAdded):
        if isinstance(x, e.SeatAdded) and seen.who.counts(x, "presence"):
            roles.setdefault(x.seat, x.role)
    return roles
