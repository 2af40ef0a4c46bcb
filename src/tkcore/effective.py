"""Corrections resolved: which records of a log hold, and in what form.

The projection folds what comes out of here; the recorder judges a line by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, ValidationError
from msgspec.structs import replace

from tkcore import events as e
from tkcore.records import build


class Effective(Struct):
    """Records that hold, amended ones in their last form, in (ts, seq) order; `state` by position in the log."""

    records: list[e.Record]
    state: list[str]


def effective(records: Sequence[e.Record]) -> Effective:
    """Resolve corrections from the last record backwards: a retracted correction never counts."""
    place = {record.id: at for at, record in enumerate(records) if record.id}
    state = ["opaque" if isinstance(record, e.Opaque) else "effective" for record in records]
    form: dict[int, tuple[e.Record, int]] = {}
    ranges: list[e.RangeAmended] = []
    for at in range(len(records) - 1, -1, -1):
        record = records[at]
        if state[at] == "retracted":
            continue
        if isinstance(record, e.RecordRetracted):
            target = place.get(record.record_id, at)
            if target < at:
                state[target] = "retracted"
        elif isinstance(record, e.RecordAmended):
            target = place.get(record.record_id, at)
            new = _replacement(record, records[target]) if target < at else None
            if new is not None and state[target] == "effective":
                state[target] = "amended"
                form[target] = (new, at)
        elif isinstance(record, e.RangeAmended):
            ranges.append(record)
    ranges.reverse()
    kept: list[e.Record] = []
    for at, record in enumerate(records):
        if state[at] == "retracted":
            continue
        held, made = form.get(at, (record, at))
        for change in ranges:
            if change.seq > made and change.since <= held.ts <= change.until:
                held = _exchanged(held, change.exchange)
        kept.append(held)
    kept.sort(key=lambda record: (record.ts, record.seq))
    return Effective(kept, state)


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
        return replace(
            record,
            sender=seats.get(record.sender, record.sender),
            receivers=tuple(seats.get(seat, seat) for seat in record.receivers),
        )
    if isinstance(record, e.Coded):
        author = record.author
        return replace(
            record,
            author=seats.get(author, author) if author is not None else None,
            targets=tuple(seats.get(seat, seat) for seat in record.targets),
        )
    return record
