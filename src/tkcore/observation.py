"""Who observed when, and which time nobody recorded."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tkcore import events as e
from tkcore.spans import Span, breaks, cut

FRAME = (
    e.ClockTicked,
    e.ClockResumed,
    e.LogRecovered,
    e.RecordRetracted,
    e.RecordAmended,
    e.RangeAmended,
)
"""Records whose time is not a moment of the meeting."""


class Steps(Struct):
    """A value that changes with time: what held at a moment."""

    at: list[tuple[int, int]]
    value: list[Any]

    def put(self, record: e.Event, value: Any) -> None:
        self.at.append((record.ts, record.seq))
        self.value.append(value)

    def get(self, ts: int, seq: int) -> Any:
        found = bisect_right(self.at, (ts, seq)) - 1
        return self.value[found] if found >= 0 else None


class Observation:
    """The observer of record of each family at each moment, the pauses and gaps, the session's first and last moment.

    `end` is where a closed session ended, None while it is open; `last` the end, or what was recorded last.
    """

    def __init__(self, held: list[e.Event], opened: e.SessionOpened) -> None:
        self.held = held
        self.opened = replace(opened, ts=_start(held, opened))
        closed = next((x for x in reversed(held) if isinstance(x, e.SessionClosed)), None)
        # a recorder that comes back after closing ticks on, but the meeting is over
        frame = FRAME if closed else FRAME[2:]
        self.last = max(x.ts for x in held if not isinstance(x, frame))
        self.end = self.last if closed else None
        self.lead = Steps([], [])
        self.coder: dict[str, Steps] = {}
        self._who_codes()
        self.gaps = self._gaps()
        self.pauses = {o: self._pauses(o) for o in {x.observer for x in held}}

    # -- who counts --

    def _who_codes(self) -> None:
        self.lead.put(self.opened, self.opened.lead or self.opened.observer)
        for family, coder in self.opened.coding.items():
            self.coder.setdefault(family, Steps([], [])).put(self.opened, coder)
        for x in self.held:
            if isinstance(x, e.LeadPassed):
                self.lead.put(x, x.lead)
            elif isinstance(x, e.CodingHandedOver):
                self.coder.setdefault(x.family, Steps([], [])).put(x, x.coder)

    def of_record(self, family: str, ts: int, seq: int) -> str:
        """Return the observer whose rows of a family count at a moment."""
        named = self.coder[family].get(ts, seq) if family in self.coder else None
        return str(named or self.lead.get(ts, seq) or self.opened.observer)

    def counts(self, x: e.Event, family: str) -> bool:
        return x.observer == self.of_record(family, x.ts, x.seq)

    # -- time nobody recorded --

    def _gaps(self) -> list[Span]:
        """The longest hole between two ticks that are more than 30 s apart."""
        ticks = sorted({x.ts for x in self.held if isinstance(x, e.ClockTicked)})
        marks = sorted({x.ts for x in self.held})
        found = []
        for one, two in zip(ticks, ticks[1:], strict=False):
            if two - one > 30_000:
                between = marks[bisect_right(marks, one) - 1 : bisect_right(marks, two)]
                start, end = max(zip(between, between[1:], strict=False), key=lambda hole: hole[1] - hole[0])
                found.append(Span(start, end))
        return found

    def _pauses(self, observer: str) -> list[tuple[e.CapturePaused, int | None]]:
        found: list[tuple[e.CapturePaused, int | None]] = []
        running: e.CapturePaused | None = None
        for x in self.held:
            if x.observer != observer:
                continue
            if isinstance(x, e.CapturePaused) and running is None:
                running = x
            elif running is not None and isinstance(x, e.CaptureResumed):
                found.append((running, x.ts))
                running = None
        if running is not None:
            found.append((running, self.end))
        return found

    def away(self, observer: str) -> list[Span]:
        """Spans an observer did not record, merged and in order."""
        paused = [Span(x.ts, self.last if end is None else end) for x, end in self.pauses.get(observer, [])]
        return breaks(paused + self.gaps)

    def recorded(self, start: int, end: int, observer: str) -> int:
        """Return the ms of a stretch in which the observer recorded."""
        return sum(s.end - s.start for s in cut([Span(start, end)], self.away(observer)))


def _start(held: list[e.Event], opened: e.SessionOpened) -> int:
    """A live session begins when it is opened, one with a given clock at its first line."""
    if opened.clock == "live":
        return opened.ts
    frame = (e.SessionOpened, *FRAME[1:])
    return min((x.ts for x in held if not isinstance(x, frame)), default=opened.ts)
