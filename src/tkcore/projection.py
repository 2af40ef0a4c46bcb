"""The projection: what a log says after its corrections (`effective.py`), in typed rows.

`fold` walks what holds in (ts, seq) order. This is the only derivation: DuckDB and the analyses see its rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import json, to_builtins
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.effective import effective
from tkcore.observation import Observation, Steps
from tkcore.spans import Span, cut, uncovered

SILENCE = 3000
FamilyOf = Callable[[str, Mapping[str, str]], str]
"""From a stored code and its attributes to its family."""


def record_rows(records: Sequence[e.Record], session: str) -> list[r.RecordRow]:
    """Return every record as logged, with what has become of it."""
    found = effective(records)
    rows = []
    for record, state in zip(records, found.state, strict=True):
        body = record.body if isinstance(record, e.Opaque) else to_builtins(record)
        own = {k: v for k, v in body.items() if k != "t" and k not in e.ENVELOPE}
        rows.append(
            r.RecordRow(
                session=session, seq=record.seq, id=record.id, t=e.name_of(record), v=record.v, ts=record.ts,
                logged=record.logged, observer=record.observer, state=state,
                body=json.encode(own, order="deterministic").decode(),
            )
        )  # fmt: skip
    return rows


def fold(records: Sequence[e.Record], session: str, family_of: FamilyOf) -> list[r.Row]:
    """Return the rows of relation `event`, numbered in (ts, seq) order; nothing before `session.opened`."""
    held = [record for record in effective(records).records if isinstance(record, e.Event)]
    opened = next((record for record in held if isinstance(record, e.SessionOpened)), None)
    if opened is None:
        return []
    return _Fold(held, opened, session, family_of).rows()


class _Fold:
    """One walk: the state every row needs, then the rows by subject."""

    def __init__(
        self, held: list[e.Event], opened: e.SessionOpened, session: str, family_of: FamilyOf
    ) -> None:
        self.held, self.session, self.family_of = held, session, family_of
        seen = self.seen = Observation(held, opened)
        self.opened, self.last, self.end = seen.opened, seen.last, seen.end
        self.of_record, self.counts, self.recorded = seen.of_record, seen.counts, seen.recorded
        self.role: dict[str, str] = {s.seat: s.role for s in opened.seats}
        self.phase, self.activity = Steps([], []), Steps([], [])
        self.out: list[tuple[int, int, int, r.Row]] = []

    # -- rows --

    def rows(self) -> list[r.Row]:
        self._phases()
        self._activities()
        self._floor()
        self._codes()
        self._people()
        self._frame()
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
        ts = x.ts if ts is None else ts
        row = kind(
            session=self.session,
            n=0,
            seq=x.seq,
            id=x.id,
            ts=ts,
            dur=dur,
            observer=x.observer,
            counted=counted,
            **own,
        )
        self.out.append((ts, x.seq, len(self.out), row))

    def around(self, x: e.Event) -> dict[str, Any]:
        """Return the phase and the activity at a record."""
        return {"phase": self.phase.get(x.ts, x.seq), "activity": self.activity.get(x.ts, x.seq)}

    def _phases(self) -> None:
        by_observer: dict[str, list[e.PhaseEntered]] = {}
        for x in self.held:
            if isinstance(x, e.PhaseEntered):
                by_observer.setdefault(x.observer, []).append(x)
                if self.counts(x, "phase"):
                    self.phase.put(x, x.phase)
        for observer, entered in by_observer.items():
            for at, x in enumerate(entered):
                end = entered[at + 1].ts if at + 1 < len(entered) else self.end
                dur = None if end is None else self.recorded(x.ts, end, observer)
                self.put(r.Phase, x, dur, counted=self.counts(x, "phase"), phase=x.phase)

    def _activities(self) -> None:
        running: dict[str, list[e.ActivityStarted]] = {}
        ended: list[tuple[e.ActivityStarted, int | None]] = []
        for x in self.held:
            stack = running.setdefault(x.observer, [])
            if isinstance(x, e.ActivityStarted):
                stack.append(x)
            elif isinstance(x, e.ActivityEnded) and stack:
                match = next((s for s in reversed(stack) if s.id == x.ref), stack[-1])
                stack.remove(match)
                ended.append((match, x.ts))
            else:
                continue
            if self.counts(x, self.family(x)):
                self.activity.put(x, stack[-1].code if stack else None)
        ended += [(s, self.end) for stack in running.values() for s in stack]
        for start, end in sorted(ended, key=lambda pair: (pair[0].ts, pair[0].seq)):
            dur = None if end is None else self.recorded(start.ts, end, start.observer)
            self.put(
                r.Activity, start, dur, counted=self.counts(start, self.family(start)), activity=start.code
            )

    def family(self, x: e.Coded) -> str:
        return self.family_of(x.code, x.attrs)

    def _floor(self) -> None:
        lanes: dict[str, list[e.Event]] = {}
        for x in self.held:
            if isinstance(x, (e.TurnTaken, e.FloorReleased, e.FloorCrowded)):
                lanes.setdefault(x.observer, []).append(x)
        for observer, lane in lanes.items():
            ends = self._ends(observer, lane)
            for x, end in zip(lane, ends, strict=True):
                counted = self.counts(x, "floor")
                if isinstance(x, e.TurnTaken):
                    self._turn(x, end, counted=counted)
                elif isinstance(x, e.FloorCrowded):
                    dur = None if end is None else end - x.ts
                    self.put(r.Crowd, x, dur, counted=counted, **self.around(x))
            self._silences(observer, lane, ends)

    def _ends(self, observer: str, lane: list[e.Event]) -> list[int | None]:
        """Where each floor event ends: a given length stands; else the next of the same observer, or what was last
        recorded before a pause or a gap; None where nothing follows.
        """
        stops = [(x.ts, x.seq) for x, _ in self.seen.pauses.get(observer, [])]
        stops += [(gap.start, 1 << 62) for gap in self.seen.gaps]
        if self.end is not None:
            stops.append((self.end, 1 << 62))
        stops.sort()
        ends: list[int | None] = []
        for at, x in enumerate(lane):
            if isinstance(x, e.TurnTaken) and (x.dur is not None or self.opened.turn_ends == "given"):
                ends.append(None if x.dur is None else x.ts + x.dur)
                continue
            following = [lane[at + 1].ts] if at + 1 < len(lane) else []
            stop = bisect_right(stops, (x.ts, x.seq))
            following += [stops[stop][0]] if stop < len(stops) else []
            ends.append(min(following, default=None))
        return ends

    def _turn(self, x: e.TurnTaken, end: int | None, *, counted: bool) -> None:
        dur = None if end is None else end - x.ts
        whole = x.audience == "all" or len(x.receivers) > 12
        receivers = () if whole else x.receivers
        place = self.around(x)
        role = self.role.get(x.sender, "member")
        self.put(
            r.Turn, x, dur, counted=counted, turn=x.id, sender=x.sender, role=role,
            audience="all" if whole else x.audience, receivers=receivers, inferred=x.inferred,
            given=x.dur is not None, **place,
        )  # fmt: skip
        for receiver in receivers:
            self.put(
                r.Address, x, dur, counted=counted, turn=x.id, sender=x.sender, receiver=receiver, role=role,
                receiver_role=self.role.get(receiver, "member"), fanout=len(receivers),
                weight=r.WEIGHT // len(receivers), inferred=x.inferred, **place,
            )  # fmt: skip

    def _silences(self, observer: str, lane: list[e.Event], ends: list[int | None]) -> None:
        """Three seconds and more in which no floor is held, once anybody has spoken."""
        held: list[Span] = []
        for at, (x, end) in enumerate(zip(lane, ends, strict=True)):
            if not isinstance(x, e.FloorReleased):
                unknown = lane[at + 1].ts if at + 1 < len(lane) else self.last
                held.append(Span(x.ts, unknown if end is None else end))
        edges = sorted({ts for ts, _ in self.activity.at})
        begun = {x.ts: x for x in reversed(lane) if isinstance(x, e.TurnTaken)}
        source = {x.ts: x for x in reversed(lane)}
        starts = [x.ts for x in lane]
        for gap in cut(uncovered(held, lane[0].ts, self.last), self.seen.away(observer), at=edges):
            ended = gap.end < self.last or gap.end in source or self.end is not None
            if gap.end - gap.start < SILENCE or not ended:
                continue
            x = source[starts[bisect_right(starts, gap.start) - 1]]
            breaker = begun.get(gap.end)
            self.put(
                r.Silence, x, gap.end - gap.start, counted=self.of_record("floor", gap.start, x.seq) == observer,
                ts=gap.start, breaker=breaker.sender if breaker else None,
                breaker_role=self.role.get(breaker.sender, "member") if breaker else None,
                phase=self.phase.get(gap.start, 1 << 62), activity=self.activity.get(gap.start, 1 << 62),
            )  # fmt: skip

    def _codes(self) -> None:
        turns = {x.id for x in self.held if isinstance(x, e.TurnTaken)}
        settled: dict[str, e.Coded] = {}
        openings = {x.id for x in self.held if isinstance(x, (e.ConflictArisen, e.ContractOpened))}
        for x in self.held:
            if isinstance(x, (e.ConflictSettled, e.ContractSettled)) and x.ref in openings:
                settled.setdefault(str(x.ref), x)
        for x in self.held:
            if isinstance(x, e.NoteWritten):
                self.put(r.Note, x, None, counted=True, about=x.about, words=x.words, **self.around(x))
            if not isinstance(x, e.Coded) or isinstance(x, (e.ActivityStarted, e.ActivityEnded)):
                continue
            kind = _KIND[type(x)]
            own: dict[str, Any] = {}
            dur = None
            if isinstance(x, (e.RatingGiven, e.ChecklistAnswered)):
                own["score"] = x.score
            elif isinstance(x, (e.ConflictArisen, e.ContractOpened)):
                close = settled.get(x.id)
                own["outcome"] = _outcome(close) if close else "open"
                dur = None if close is None else self.recorded(x.ts, close.ts, x.observer)
            elif isinstance(x, (e.ConflictSettled, e.ContractSettled)):
                if x.ref in openings:
                    continue
                own["outcome"] = _outcome(x)
            self.put(
                kind, x, dur, counted=self.counts(x, self.family(x)), family=self.family(x), code=x.code,
                author=x.author, author_role=self.role.get(x.author, "member") if x.author else None,
                target=x.targets[0] if len(x.targets) == 1 else None, targets=x.targets, audience=x.audience,
                intensity=x.intensity, ref=x.ref, turn=x.turn_id if x.turn_id in turns else None, made=x.made,
                attrs=x.attrs, **self.around(x), **own,
            )  # fmt: skip

    def _people(self) -> None:
        opened = self.opened
        observer = self.of_record("presence", opened.ts, opened.seq)
        place = {s.seat: s.place for s in opened.seats}
        scope = {s.seat: s.scope for s in opened.seats}
        inside: dict[str, tuple[e.Event, str | None]] = {
            s.seat: (opened, None) for s in opened.seats if s.seat not in opened.absent
        }
        present: dict[str, int] = {}

        def leave(seat: str, ts: int | None, how: str | None) -> None:
            since, arrived = inside.pop(seat)
            end = ts if ts is not None else self.end
            dur = None if end is None else self.recorded(since.ts, end, observer)
            present[seat] = present.get(seat, 0) + self.recorded(
                since.ts, self.last if end is None else end, observer
            )
            self.put(
                r.Presence,
                since,
                dur,
                counted=True,
                seat=seat,
                role=self.role[seat],
                arrived=arrived,
                left_as=how,
            )

        for x in self.held:
            if isinstance(x, e.TurnTaken) and self.counts(x, "floor") and x.sender not in inside:
                self.role.setdefault(x.sender, "member")
                inside[x.sender] = (x, "implied")
            if not self.counts(x, "presence"):
                continue
            if isinstance(x, e.SeatAdded):
                self.role.setdefault(x.seat, x.role)
                place.setdefault(x.seat, x.place)
                inside.setdefault(x.seat, (x, "added"))
            elif isinstance(x, e.SeatArrived) and x.seat in self.role:
                inside.setdefault(x.seat, (x, x.reason))
            elif isinstance(x, e.SeatLeft) and x.seat in inside:
                leave(x.seat, x.ts, x.reason)
            elif isinstance(x, e.SeatScoped):
                scope[x.seat] = x.scope
            elif isinstance(x, e.PlaceChanged):
                place[x.seat] = x.place
        for seat in list(inside):
            leave(seat, None, None)
        for seat, role in self.role.items():
            self.put(
                r.SeatRow, opened, None, counted=True, seat=seat, role=role, place=place.get(seat),
                scope=scope.get(seat, "full"), attended=seat in present, present=present.get(seat, 0),
            )  # fmt: skip

    def _frame(self) -> None:
        opened, lead = self.opened, self.of_record("floor", self.opened.ts, self.opened.seq)
        for observer, pauses in self.seen.pauses.items():
            for x, end in pauses:
                counted = observer == self.of_record("floor", x.ts, x.seq)
                self.put(r.Pause, x, None if end is None else end - x.ts, counted=counted, reason=x.reason)
        for gap in self.seen.gaps:
            self.put(r.Pause, opened, gap.end - gap.start, counted=True, ts=gap.start, reason="gap")
        self._exposure()
        has_turns = any(isinstance(row, r.Turn) and row.dur is not None for *_, row in self.out)
        recorded = self.recorded(opened.ts, self.last, lead)
        self.put(
            r.SessionRow, opened, self.last - opened.ts if self.end is not None else None, counted=True,
            group_id=opened.group_id, number=opened.number, held=opened.held, zone=opened.zone, clock=opened.clock,
            format=opened.format, setting=opened.setting, population=opened.population, level=opened.level,
            planned=opened.planned, lead=opened.lead, recorded=recorded, closed=self.end is not None,
            lengths=opened.turn_ends == "next" or has_turns,
        )  # fmt: skip

    def _exposure(self) -> None:
        running: dict[tuple[str, str], e.Event] = {}

        def change(x: e.Event, observer: str, families: tuple[str, ...], end: int | None) -> None:
            for who, family in [key for key in running if key[0] == observer and key[1] not in families]:
                since = running.pop((who, family))
                dur = None if end is None else self.recorded(since.ts, end, observer)
                counted = observer == self.of_record(family, since.ts, since.seq)
                self.put(r.Exposure, replace(since, observer=observer), dur, counted=counted, family=family)
            for family in families:
                running.setdefault((observer, family), x)

        for capture in self.opened.captures:
            change(self.opened, capture.observer, capture.families, None)
        for x in self.held:
            if isinstance(x, (e.CapturesChanged, e.ObserverJoined)):
                change(x, x.observer, x.families, x.ts)
        for observer in sorted({key[0] for key in running}):
            change(self.opened, observer, (), self.end)


def _outcome(close: e.Coded) -> str:
    return close.attrs.get("outcome", "settled")


_KIND: dict[type[e.Event], type[r.Row]] = {
    e.InterventionMade: r.Intervention,
    e.ConflictArisen: r.Conflict,
    e.ConflictSettled: r.Conflict,
    e.ResistanceShown: r.Resistance,
    e.FactorShown: r.Factor,
    e.MarkMade: r.Mark,
    e.RatingGiven: r.Rating,
    e.ChecklistAnswered: r.Checklist,
    e.ContractOpened: r.Contract,
    e.ContractSettled: r.Contract,
}
