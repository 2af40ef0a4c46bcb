"""Corrections resolved: which records of a log hold, and in what form.

The projection folds what comes out of here; the recorder judges a line by it. A log may be long: nothing here keeps
more of it than its corrections and what came late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge

from msgspec import Struct, ValidationError
from msgspec.structs import replace

from tkcore import events as e
from tkcore.records import build

CORRECTIONS = (e.RecordRetracted, e.RecordAmended, e.RangeAmended)


class Corrections(Struct):
    """What a log's corrections come to: by record number, the state and the form (with the number that made it)."""

    states: dict[int, str]
    forms: dict[int, tuple[e.Record, int]]
    ranges: list[e.RangeAmended]

    def state(self, seq: int, record: e.Record) -> str:
        """Return effective, retracted, amended or opaque."""
        return self.states.get(seq, "opaque" if isinstance(record, e.Opaque) else "effective")

    def form(self, seq: int, record: e.Record) -> e.Record | None:
        """Return a record as it holds now; None if it was retracted."""
        if self.states.get(seq) == "retracted":
            return None
        held, made = self.forms.get(seq, (record, seq))
        for change in self.ranges:
            if (
                change.observer == record.observer
                and change.seq > made
                and change.since <= held.ts <= change.until
            ):
                held = _exchanged(held, change.exchange)
        return held


def corrections(records: Iterable[e.Record]) -> Corrections:
    """Resolve corrections from the last record backwards: a retracted correction never counts.

    Nobody corrects another observer's record: what one observer writes leaves the rows of the others alone.
    `records` is walked twice, so it is no iterator.
    """
    found = Corrections({}, {}, [])
    made = [(at, record) for at, record in enumerate(records) if isinstance(record, CORRECTIONS)]
    if not made:
        return found
    named = {x.record_id for _, x in made if not isinstance(x, e.RangeAmended)}
    place = {record.id: (at, record) for at, record in enumerate(records) if record.id in named}
    for at, record in reversed(made):
        if found.states.get(at) == "retracted":
            continue
        if isinstance(record, e.RangeAmended):
            found.ranges.insert(0, record)
            continue
        target, old = place.get(record.record_id, (at, record))
        if target >= at or old.observer != record.observer:
            continue
        if isinstance(record, e.RecordRetracted):
            found.states[target] = "retracted"
        elif target not in found.states:
            new = _replacement(record, old)
            if new is not None:
                found.states[target] = "amended"
                found.forms[target] = (new, at)
    return found


def held(records: Iterable[e.Record], made: Corrections) -> Iterator[e.Record]:
    """Yield the records that hold, in the order of the log."""
    if not made.states and not made.ranges:
        yield from records
        return
    for at, record in enumerate(records):
        form = made.form(at, record)
        if form is not None:
            yield form


def in_order(records: Iterable[e.Record], made: Corrections) -> Iterator[e.Record]:
    """Yield the records that hold in (ts, seq) order, keeping only those that came late; walks `records` twice."""
    late = [x for x, is_late in _late(held(records, made)) if is_late]
    late.sort(key=_moment)
    rest = (x for x, is_late in _late(held(records, made)) if not is_late)
    return merge(rest, late, key=_moment)


def _late(records: Iterable[e.Record]) -> Iterator[tuple[e.Record, bool]]:
    latest: tuple[int, int] = (-1, -1)
    for record in records:
        moment = _moment(record)
        yield record, moment < latest
        latest = max(latest, moment)


def _moment(record: e.Record) -> tuple[int, int]:
    return record.ts, record.seq


class Effective(Struct):
    """Records that hold, amended ones in their last form, in (ts, seq) order; `state` by position in the log."""

    records: list[e.Record]
    state: list[str]


def effective(records: Sequence[e.Record]) -> Effective:
    """Return what of a log in memory holds."""
    made = corrections(records)
    kept = sorted(held(records, made), key=_moment)
    return Effective(kept, [made.state(at, record) for at, record in enumerate(records)])


def _replacement(amendment: e.RecordAmended, old: e.Record) -> e.Event | None:
    """Return the amended event under the old record's number, id and observer; None where it does not fit."""
    if isinstance(old, e.Opaque) or amendment.replacement.get("t") != e.name_of(old):
        return None
    try:
        new = build(type(old), {k: v for k, v in amendment.replacement.items() if k != "t"}, exact=False)
    except ValidationError:
        return None
    return replace(new, seq=old.seq, id=old.id, logged=old.logged, observer=old.observer)


def _exchanged(record: e.Record, seats: Mapping[str, str]) -> e.Record:
    if isinstance(record, e.TurnTaken):
        sender = seats.get(record.sender, record.sender)
        # nobody speaks to himself or to one seat twice, whatever an exchange makes of it
        named = _changed(record.receivers, seats)
        receivers = tuple(seat for seat in named if seat != sender)
        lost = bool(named) and not receivers
        audience = "unknown" if lost else record.audience
        return replace(record, sender=sender, receivers=receivers, audience=audience)
    if isinstance(record, e.Coded):
        author = record.author
        return replace(
            record,
            author=seats.get(author, author) if author is not None else None,
            targets=_changed(record.targets, seats),
        )
    return record


def _changed(named: Sequence[str], seats: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(seats.get(seat, seat) for seat in named))


class Past:
    """A log as it was before a record."""

    def __init__(self, records: Sequence[e.Record]) -> None:
        self.records = records
        self.corrections = corrections(records)

    def entry(self, entry: str) -> list[e.Record]:
        return [x for x in self.records if x.id[:30] == entry]

    def held(self) -> Iterator[e.Record]:
        return in_order(self.records, self.corrections)

    def state(self, seq: int) -> str:
        return self.corrections.state(seq, self.records[seq])
