"""Who observed when, which records count, and which time nobody recorded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tkcore import events as e
from tkcore.ledger import RECORDER
from tkcore.spans import Span, breaks, cut

FamilyOf = Callable[[str, Mapping[str, str]], str]
"""From a stored code and its attributes to its family."""
Moment = tuple[int, int]
"""(ts, seq): the order of what holds."""
BEFORE, AFTER = -(1 << 62), 1 << 62
GAP = 30_000

_FAMILY: dict[type[e.Record], str] = {
    **dict.fromkeys(
        (e.TurnTaken, e.FloorReleased, e.FloorCrowded, e.CapturePaused, e.CaptureResumed), "floor"
    ),
    **dict.fromkeys((e.SeatAdded, e.SeatArrived, e.SeatLeft, e.SeatScoped, e.PlaceChanged), "presence"),
    e.PhaseEntered: "phase",
    # nobody undertakes to write notes, and nobody here knows what a plugin's record is about: the lead's count
    e.NoteWritten: "",
    e.Opaque: "",
}


class Steps(Struct):
    """A value that changes with time: what held at a moment."""

    at: list[Moment] = field(default_factory=list)
    value: list[Any] = field(default_factory=list)

    def put(self, moment: Moment, value: Any) -> None:
        """Change the value; what is the same as before is no step, and nothing comes before the first."""
        if value != (self.value[-1] if self.value else None):
            self.at.append(moment)
            self.value.append(value)

    def get(self, ts: int, seq: int) -> Any:
        found = bisect_right(self.at, (ts, seq)) - 1
        return self.value[found] if found >= 0 else None

    def after(self, ts: int, seq: int) -> int | None:
        """Return when the value of a moment ceases to hold."""
        found = bisect_right(self.at, (ts, seq))
        return self.at[found][0] if found < len(self.at) else None


class OfRecord:
    """The observer of record of each family at each moment: the one named for it, else the lead."""

    def __init__(self, held: Iterable[e.Record], opened: e.SessionOpened, family_of: FamilyOf) -> None:
        self.family_of = family_of
        self._lead = Steps()
        self._lead.put((BEFORE, 0), opened.lead or opened.observer)
        named: dict[str, Steps] = {}
        for family, coder in opened.coding.items():
            named.setdefault(family, Steps()).put((BEFORE, 0), coder)
        for x in held:
            if isinstance(x, e.LeadPassed) and x.lead:
                self._lead.put((x.ts, x.seq), x.lead)
            elif isinstance(x, e.CodingHandedOver) and x.family and x.coder:
                named.setdefault(x.family, Steps()).put((x.ts, x.seq), x.coder)
        self._named = {family: self._with_lead(steps) for family, steps in named.items()}

    def _with_lead(self, named: Steps) -> Steps:
        """The lead's until somebody is named; from then on a change of the lead changes nothing."""
        whole = Steps()
        for moment, lead in zip(self._lead.at, self._lead.value, strict=True):
            if moment < named.at[0]:
                whole.put(moment, lead)
        for moment, coder in zip(named.at, named.value, strict=True):
            whole.put(moment, coder)
        return whole

    def steps(self, family: str) -> Steps:
        return self._named.get(family, self._lead)

    def moments(self) -> set[Moment]:
        """Return every moment at which some family gets another observer of record."""
        return {moment for steps in (self._lead, *self._named.values()) for moment in steps.at[1:]}

    def at(self, family: str, ts: int, seq: int) -> str:
        """Return the observer whose rows of a family count at a moment."""
        steps = self.steps(family)
        return str(steps.get(ts, seq)) if len(steps.at) > 1 else str(steps.value[0])

    def coders(self, ts: int, seq: int) -> dict[str, str]:
        """Return the observer of record, at a moment, of each family that was ever given to somebody."""
        return {family: self.at(family, ts, seq) for family in sorted(self._named)}

    def counts(self, x: e.Record, family: str) -> bool:
        return x.observer == self.at(family, x.ts, x.seq)

    def family(self, x: e.Record) -> str | None:
        """Return a record's family: empty where it is the lead's, None for what is of the session itself."""
        return self.family_of(x.code, x.attrs) if isinstance(x, e.Coded) else _FAMILY.get(type(x))

    def counted(self, x: e.Record) -> bool:
        """Whether a record is its family's observer's; what is of the session itself is nobody's and counts."""
        family = self.family(x)
        return family is None or self.counts(x, family)

    def stretches(
        self, family: str, observer: str, start: int, end: int | None
    ) -> list[tuple[int, int | None, bool]]:
        """Divide what an observer says of start..end where he becomes or ceases to be of record: (start, end, counted).

        A hand-over at the very start has happened: what lasts no time before it is no stretch.
        """
        steps = self.steps(family)
        found: list[tuple[int, int | None, bool]] = []
        begun, counted = start, observer == steps.get(start, AFTER)
        for ts, _ in steps.at:
            now = observer == steps.get(ts, AFTER)
            if ts > start and (end is None or ts < end) and now != counted:
                found.append((begun, ts, counted))
                begun, counted = ts, now
        return [*found, (begun, end, counted)]


class Pause(Struct, frozen=True):
    """A pause as an observer recorded it; `resumed` is None while it goes on."""

    x: e.CapturePaused
    resumed: Moment | None


class Observation:
    """Who counts, the pauses and gaps, the session's first and last moment.

    `end` is where a closed session ended, None while it is open; `last` the end, or the last tick or counted record:
    what another observer adds moves none of them.
    """

    def __init__(self, held: Sequence[e.Event], opened: e.SessionOpened, family_of: FamilyOf) -> None:
        self.held = held
        self.by_type: dict[type[e.Event], list[e.Event]] = {}
        for x in held:
            self.by_type.setdefault(type(x), []).append(x)
        self.who = OfRecord(self.of(e.LeadPassed, e.CodingHandedOver), opened, family_of)
        closed = self.by_type.get(e.SessionClosed)
        self.end = closed[-1].ts if closed else None
        ticks = self._ticks()
        first = self._first(ticks, opened)
        self.start = first if self.end is None else min(first, self.end)
        self.last = max(self._latest(ticks), self.start) if self.end is None else self.end
        self.opened = replace(opened, ts=self.start)
        self.gaps = self.inside(self._gaps(ticks))
        self.pauses = self._pauses()
        self._away: dict[str, list[Span]] = {}
        self.paused = self.inside(
            Span(start, self.last if end is None else end)
            for _, start, end, counted in self.pieces()
            if counted
        )
        self.away_of_record = breaks([*self.paused, *self.gaps])
        """Time the observer of record of the floor, whoever that was, did not record."""

    def of(self, *types: type[e.Event]) -> list[e.Event]:
        """Return the records of some types in order."""
        found = [x for kind in types for x in self.by_type.get(kind, ())]
        return sorted(found, key=_moment) if len(types) > 1 else found

    # -- the session's first and last moment --

    def _ticks(self) -> list[e.Event]:
        """Return the recorder's ticks of the meeting, one a time; another observer's copy of them tells nothing."""
        ticks: list[e.Event] = []
        for x in self.by_type.get(e.ClockTicked, ()):
            own = x.observer == RECORDER or self.who.counts(x, "")
            if own and (self.end is None or x.ts <= self.end) and (not ticks or ticks[-1].ts != x.ts):
                ticks.append(x)
        return ticks

    def _observed(self, x: e.Event) -> bool:
        """Whether a record says that its observer, the one of record, was looking."""
        family = self.who.family(x)
        return family is not None and self.who.counts(x, family)

    def _first(self, ticks: Sequence[e.Event], opened: e.SessionOpened) -> int:
        """A live session begins at its first tick, one with a given clock at its first tick or line."""
        first = ticks[0].ts if ticks else None
        if opened.clock != "live":
            line = next((x.ts for x in self.held if self._observed(x)), first)
            first = line if first is None or line is None else min(first, line)
        return opened.ts if first is None else first

    def _latest(self, ticks: Sequence[e.Event]) -> int:
        seen = next((x.ts for x in reversed(self.held) if self._observed(x)), BEFORE)
        return max(seen, ticks[-1].ts) if ticks else seen

    # -- time nobody recorded --

    def inside(self, spans: Iterable[Span]) -> list[Span]:
        """Return the spans as far as they lie in the session, merged."""
        return breaks(Span(max(s.start, self.start), min(s.end, self.last)) for s in spans)

    def _gaps(self, ticks: Sequence[e.Event]) -> list[Span]:
        """Between ticks more than 30 s apart: from the last that was recorded then to when somebody was back."""
        apart = [(one, two) for one, two in pairwise(ticks) if two.ts - one.ts > GAP]
        if not apart:
            return []
        by_seq = sorted(self.held, key=lambda x: x.seq)
        seqs = [x.seq for x in by_seq]
        found: list[Span] = []
        for one, two in apart:
            between = by_seq[bisect_right(seqs, one.seq) : bisect_left(seqs, two.seq)]
            marks = list(self._marks(between, one.ts, two.ts))
            start = one.ts
            for resumed, ts in marks:
                # a resume is as good as a tick: what follows it is a gap of its own only if it is as long as one
                if resumed:
                    found.append(Span(start, ts))
                start = ts
            if two.ts - start > GAP or not any(resumed for resumed, _ in marks):
                found.append(Span(start, two.ts))
        return found

    def _marks(self, between: Sequence[e.Event], start: int, end: int) -> Iterator[tuple[bool, int]]:
        """Yield the times of what was logged as it happened: counted records, and resumes (True)."""
        for x in between:
            resumed = isinstance(x, e.ClockResumed)
            if start <= x.ts <= end and (resumed or self._observed(x)):
                start = x.ts
                yield resumed, start

    def _pauses(self) -> dict[str, list[Pause]]:
        found: dict[str, list[Pause]] = {}
        running: dict[str, e.CapturePaused] = {}
        for x in self.of(e.CapturePaused, e.CaptureResumed):
            if isinstance(x, e.CapturePaused):
                running.setdefault(x.observer, x)
            elif x.observer in running:
                found.setdefault(x.observer, []).append(Pause(running.pop(x.observer), _moment(x)))
        for observer, begun in running.items():
            found.setdefault(observer, []).append(Pause(begun, None))
        return found

    def pieces(self) -> Iterator[tuple[e.CapturePaused, int, int | None, bool]]:
        """Yield the pauses inside the session, divided at hand-overs of the floor: (record, start, end, counted)."""
        for observer, pauses in self.pauses.items():
            for pause in pauses:
                end = self.end if pause.resumed is None else min(pause.resumed[0], self.last)
                if pause.x.ts <= self.last and (end is None or end >= self.start):
                    start = max(pause.x.ts, self.start)
                    for piece in self.who.stretches("floor", observer, start, end):
                        yield (pause.x, *piece)

    def away(self, observer: str) -> list[Span]:
        """Spans an observer did not record, merged and in order."""
        if observer not in self._away:
            ends = (
                (p.x.ts, self.last if p.resumed is None else p.resumed[0])
                for p in self.pauses.get(observer, [])
            )
            self._away[observer] = breaks([*self.inside(Span(*ends_) for ends_ in ends), *self.gaps])
        return self._away[observer]

    def stops(self, observer: str) -> list[tuple[Moment, Moment]]:
        """Stretches, merged and in order, in which no turn of an observer runs: away, or outside the session."""
        spans = [(_moment(p.x), p.resumed or (AFTER, 0)) for p in self.pauses.get(observer, [])]
        spans += [((gap.start, -1), (gap.end, -1)) for gap in self.gaps]
        spans.append(((BEFORE, 0), (self.start, -1)))
        if self.end is not None:
            spans.append(((self.end, AFTER), (AFTER, 0)))
        merged: list[tuple[Moment, Moment]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return merged

    def recorded(self, start: int, end: int | None, observer: str | None = None) -> int | None:
        """Return the ms of a stretch in which an observer recorded (None: the one of record); None without an end."""
        if end is None:
            return None
        away = self.away_of_record if observer is None else self.away(observer)
        return sum(s.end - s.start for s in cut([Span(max(start, self.start), min(end, self.last))], away))


def _moment(x: e.Event) -> Moment:
    return x.ts, x.seq
