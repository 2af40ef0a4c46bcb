"""The projection: what a log says after its corrections (`effective.py`), in typed rows.

`fold` walks what holds in (ts, seq) order. This is the only derivation: DuckDB and the analyses see its rows. Who
counts and what nobody recorded is `observation.py`'s, the floor `floor.py`'s, the people `people.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.effective import corrections
from tkcore.effective import held as holding
from tkcore.floor import floor
from tkcore.observation import FamilyOf, Observation, OfRecord, Steps
from tkcore.people import people
from tkcore.records import encode
from tkcore.sheet import Sheet
from tkcore.spans import cut

__all__ = ["FamilyOf", "Opaques", "fold", "opaques", "record_rows"]


def record_rows(
    records: Sequence[e.Record], session: str, family_of: FamilyOf | None = None
) -> list[r.RecordRow]:
    """Return every record as logged, with what has become of it, and whether it counts in the form it has now.

    Without `family_of` a code counts as its session's lead's.
    """
    made = corrections(records)
    held = sorted(holding(records, made), key=lambda x: (x.ts, x.seq))
    opened = next((x for x in held if isinstance(x, e.SessionOpened)), None)
    who = None if opened is None else OfRecord(held, opened, family_of or (lambda _stored, _attrs: ""))
    rows = []
    for at, record in enumerate(records):
        rows.append(
            r.RecordRow(
                session=session, seq=record.seq, id=record.id, t=e.name_of(record), v=record.v, ts=record.ts,
                logged=record.logged, observer=record.observer, state=made.state(at, record),
                counted=who is None or who.counted(made.form(at, record) or record),
                coders={} if who is None or not isinstance(record, e.Opaque) else who.coders(record.ts, record.seq),
                body=_body(record),
            )
        )  # fmt: skip
    return rows


def _body(record: e.Record) -> str:
    """Return a record's own fields as JSON: what stands behind the envelope, whose last member is the observer."""
    line = encode(record)
    behind = line.index(b'"', line.index(_OBSERVER) + len(_OBSERVER)) + 1
    return "{" + line[behind + 1 : -1].decode() + "}"


_OBSERVER = b'"observer":"'


class Opaques(Struct, frozen=True):
    """The records that hold and that only a plugin can read, in (ts, seq) order; `who` is of record of a family."""

    records: tuple[e.Opaque, ...] = ()
    who: OfRecord | None = None

    def counted(self, t: str, family: str) -> list[e.Opaque]:
        """Return the records of a type that are its family's observer's."""
        return [x for x in self.records if x.t == t and (self.who is None or self.who.counts(x, family))]


def opaques(records: Sequence[e.Record]) -> Opaques:
    """Return what of a log plugins read."""
    held = sorted(holding(records, corrections(records)), key=lambda x: (x.ts, x.seq))
    found = tuple(x for x in held if isinstance(x, e.Opaque))
    opened = next((x for x in held if isinstance(x, e.SessionOpened)), None)
    if not found or opened is None:
        return Opaques()
    return Opaques(found, OfRecord(held, opened, lambda _stored, _attrs: ""))


def fold(
    records: Sequence[e.Record],
    session: str,
    family_of: FamilyOf,
    without: Callable[[e.Coded], bool] | None = None,
) -> list[r.Row]:
    """Return the rows of relation `event`, numbered in (ts, seq) order; nothing before `session.opened`.

    Of codes that are to be left out (`without`) no row says anything; the session is as long with them.
    """
    held = [x for x in holding(records, corrections(records)) if isinstance(x, e.Event)]
    held.sort(key=lambda x: (x.ts, x.seq))
    opened = next((x for x in held if isinstance(x, e.SessionOpened)), None)
    if opened is None:
        return []
    seen = Observation(held, opened, family_of)
    if without is not None:
        for kind, found in seen.by_type.items():
            seen.by_type[kind] = [x for x in found if not (isinstance(x, e.Coded) and without(x))]
    sheet = Sheet(seen, session)
    _phases(sheet)
    _activities(sheet)
    floor(sheet)
    _codes(sheet)
    _notes(sheet)
    people(sheet)
    _pauses(sheet)
    _Exposures(sheet).put()
    _session(sheet)
    return sheet.rows()


# -- what lasts --


def _phases(sheet: Sheet) -> None:
    entered: dict[str, list[e.PhaseEntered]] = {}
    lanes: dict[str, Steps] = {}
    for x in sheet.seen.of(e.PhaseEntered):
        assert isinstance(x, e.PhaseEntered)
        entered.setdefault(x.observer, []).append(x)
        lanes.setdefault(x.observer, Steps()).put((x.ts, x.seq), x)
    sheet.phase = sheet.of_record(lanes, lambda _x: "phase", lambda x: str(x.phase))
    for own in entered.values():
        for at, x in enumerate(own):
            end = own[at + 1].ts if at + 1 < len(own) else None
            sheet.state(r.Phase, x, "phase", end, phase=x.phase)


def _activities(sheet: Sheet) -> None:
    running: dict[str, list[e.ActivityStarted]] = {}
    lanes: dict[str, Steps] = {}
    ended: list[tuple[e.ActivityStarted, int | None]] = []
    for x in sheet.seen.of(e.ActivityStarted, e.ActivityEnded):
        stack = running.setdefault(x.observer, [])
        if isinstance(x, e.ActivityStarted):
            stack.append(x)
        elif isinstance(x, e.ActivityEnded) and stack:
            match = next((s for s in reversed(stack) if s.id == x.ref), stack[-1])
            stack.remove(match)
            ended.append((match, x.ts))
        lanes.setdefault(x.observer, Steps()).put((x.ts, x.seq), stack[-1] if stack else None)
    sheet.activity = sheet.of_record(lanes, lambda x: _family(sheet, x), lambda x: str(x.code))
    ended += [(start, None) for stack in running.values() for start in stack]
    for start, end in sorted(ended, key=lambda pair: (pair[0].ts, pair[0].seq)):
        sheet.state(r.Activity, start, _family(sheet, start), end, activity=start.code)


def _family(sheet: Sheet, x: e.Coded) -> str:
    return sheet.who.family_of(x.code, x.attrs)


# -- codes and notes --


def _codes(sheet: Sheet) -> None:
    seen = sheet.seen
    turns = {x.id for x in seen.of(e.TurnTaken)}
    openings = {(x.id, x.observer) for x in seen.of(e.ConflictArisen, e.ContractOpened)}
    settled: dict[tuple[str, str], e.Coded] = {}
    for x in seen.of(e.ConflictSettled, e.ContractSettled):
        # an episode is one observer's: what another says of its end is a row of his own
        if isinstance(x, e.Coded) and (x.ref, x.observer) in openings:
            settled.setdefault((str(x.ref), x.observer), x)
    for x in seen.of(*_KIND):
        assert isinstance(x, e.Coded)
        own: dict[str, Any] = {}
        dur = None
        if isinstance(x, (e.RatingGiven, e.ChecklistAnswered)):
            own["score"] = x.score
        elif isinstance(x, (e.ConflictArisen, e.ContractOpened)):
            close = settled.get((x.id, x.observer))
            own["outcome"] = _outcome(close) if close else "open"
            dur = None if close is None else seen.recorded(x.ts, close.ts, x.observer)
        elif isinstance(x, (e.ConflictSettled, e.ContractSettled)):
            if (x.ref, x.observer) in openings:
                continue
            own["outcome"] = _outcome(x)
        family = _family(sheet, x)
        sheet.put(
            _KIND[type(x)], x, dur, counted=sheet.who.counts(x, family), family=family, code=x.code,
            author=x.author, author_role=sheet.role(x.author) if x.author else None,
            target=x.targets[0] if len(x.targets) == 1 else None, targets=x.targets, audience=x.audience,
            intensity=x.intensity, ref=x.ref, turn=x.turn_id if x.turn_id in turns else None, made=x.made,
            attrs=x.attrs, **sheet.around(x.ts, x.seq), **own,
        )  # fmt: skip


def _notes(sheet: Sheet) -> None:
    for x in sheet.seen.of(e.NoteWritten):
        assert isinstance(x, e.NoteWritten)
        place = sheet.around(x.ts, x.seq)
        sheet.put(r.Note, x, None, counted=sheet.who.counted(x), about=x.about, words=x.words, **place)


# -- the frame --


def _pauses(sheet: Sheet) -> None:
    seen = sheet.seen
    for x, start, end, counted in seen.pieces():
        dur = None if end is None else end - start
        sheet.put(r.Pause, x, dur, counted=counted, ts=start, reason=x.reason)
    for gap in cut(seen.gaps, seen.paused):
        # a pause in which the recorder stood still is one time nobody recorded, not two
        sheet.put(r.Pause, seen.opened, gap.end - gap.start, counted=True, ts=gap.start, reason="gap")


def _session(sheet: Sheet) -> None:
    seen, opened = sheet.seen, sheet.seen.opened
    has_turns = any(isinstance(row, r.Turn) and row.counted and row.dur is not None for *_, row in sheet.out)
    sheet.put(
        r.SessionRow, opened, None if seen.end is None else seen.end - seen.start, counted=True,
        group_id=opened.group_id, number=opened.number, held=opened.held, zone=opened.zone, clock=opened.clock,
        format=opened.format, setting=opened.setting, population=opened.population, level=opened.level,
        planned=opened.planned, details=opened.details, lead=opened.lead, recorded=seen.recorded(seen.start, seen.last),
        closed=seen.end is not None, lengths=opened.turn_ends == "next" or has_turns,
    )  # fmt: skip


class _Exposures:
    """What each observer undertakes to code, from when to when; a hand-over takes it along."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.who = sheet, sheet.who
        self.running: dict[tuple[str, str], e.Event] = {}
        self.declared: set[str] = set()

    def put(self) -> None:
        opened = self.sheet.seen.opened
        for capture in opened.captures:
            self._undertake(opened, capture.observer, capture.families)
        for x in self.sheet.seen.of(e.CapturesChanged, e.ObserverJoined, e.LeadPassed, e.CodingHandedOver):
            if isinstance(x, e.CapturesChanged) or (isinstance(x, e.ObserverJoined) and x.families):
                self._undertake(x, x.observer, x.families)
            elif isinstance(x, e.LeadPassed) and x.lead not in self.declared:
                self._take_over(x, x.lead, [family for _, family in self.running])
            elif isinstance(x, e.CodingHandedOver):
                self._take_over(x, x.coder, [x.family])
        for key in sorted(self.running, key=lambda key: key[0]):
            self._end(key, None)

    def _undertake(self, x: e.Event, observer: str, families: Sequence[str]) -> None:
        self.declared.add(observer)
        for key in [key for key in self.running if key[0] == observer and key[1] not in families]:
            self._end(key, x.ts)
        for family in families:
            self.running.setdefault((observer, family), x)

    def _take_over(self, x: e.Event, observer: str, families: Sequence[str]) -> None:
        """Who becomes the observer of record of a family codes it from now on, if it was coded until now."""
        for family in families:
            before = self.who.at(family, x.ts, x.seq - 1)
            if self.who.at(family, x.ts, x.seq) == observer and (before, family) in self.running:
                self.running.setdefault((observer, family), x)

    def _end(self, key: tuple[str, str], end: int | None) -> None:
        observer, family = key
        since = self.running.pop(key)
        if self.sheet.seen.end is None or since.ts <= self.sheet.seen.end:
            self.sheet.state(r.Exposure, replace(since, observer=observer), family, end, family=family)


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
