"""A record as the page shows it: one row, whose text is the line that would say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.foreign import line_of
from tkcore.recorder import Recorder
from tkcore.resolve import STAR

UNSHOWN = (e.ClockTicked, e.ClockResumed, e.ClockChecked, e.SessionOpened, e.LogRecovered)
"""What nobody did."""

FRAME = frozenset({"session", "clock", "observer", "log", "captures", "lead", "coding", "alert"})
"""First parts of the types that are no entry of anybody: the page's strip and its review show none of them."""

OF_THE_ROOM = (
    e.SessionClosed, e.SeatAdded, e.SeatArrived, e.SeatLeft, e.SeatScoped, e.PlaceChanged, e.PhaseEntered,
    e.CapturePaused, e.CaptureResumed, e.ActivityStarted, e.ActivityEnded, e.ObserverJoined, e.LeadPassed,
    e.CapturesChanged, e.CodingHandedOver,
)  # fmt: skip
"""What everybody is told, also observers who are kept apart."""


class Row(Struct, frozen=True, kw_only=True):
    """A record; `entry` (and `id`) is the entry it came in, `state` effective, retracted, amended or opaque."""

    seq: int
    entry: str
    id: str
    ts: int
    text: str
    kind: str
    state: str
    observer: str


class Said(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A record as it came; `changes` are the earlier ones that a correction has changed, as they are since."""

    changes: tuple[Row, ...] = ()


def shown(record: e.Record) -> bool:
    """Whether the page has a row for a record."""
    return not isinstance(record, UNSHOWN)


def framing(record: e.Record) -> bool:
    """Whether a record is no entry of anybody."""
    return e.name_of(record).partition(".")[0] in FRAME


def private(recorder: Recorder, record: e.Record) -> bool:
    """Whether a record is its observer's own mark, or corrects one."""
    if isinstance(record, (e.RecordRetracted, e.RecordAmended)):
        touched = _touched(recorder, record)
        return not touched or any(private(recorder, x) for x in touched)
    return not isinstance(record, OF_THE_ROOM)


def may_see(recorder: Recorder, record: e.Record, observer: str) -> bool:
    """Whether an observer's device is told a record."""
    return not recorder.apart or record.observer == observer or not private(recorder, record)


def row(recorder: Recorder, record: e.Record) -> Row:
    """Return a record as it stands now."""
    return Row(**_fields(recorder, record))


def said(recorder: Recorder, record: e.Record) -> Said:
    """Return a record with what it has changed."""
    changed = {x.seq: x for x in _touched(recorder, record)}
    return Said(
        **_fields(recorder, record), changes=tuple(row(recorder, changed[seq]) for seq in sorted(changed))
    )


def _fields(recorder: Recorder, record: e.Record) -> dict[str, Any]:
    held = recorder.corrections.form(record.seq, record) or record
    entry = record.id[:30]
    return {
        "seq": record.seq, "entry": entry, "id": entry, "ts": held.ts, "text": text_of(recorder, held),
        "kind": e.name_of(record), "state": recorder.state(record.seq), "observer": record.observer,
    }  # fmt: skip


def _touched(recorder: Recorder, record: e.Record) -> list[e.Record]:
    """Return the records a correction is about; of the taking back of a correction, those that one is about too."""
    if isinstance(record, (e.RecordRetracted, e.RecordAmended)):
        target = _named(recorder, record.record_id)
        if target is None or target.seq >= record.seq:
            return []
        return [target, *_touched(recorder, target)]
    if isinstance(record, e.RangeAmended):
        return [
            x for x in recorder.ledger
            if isinstance(x, (e.TurnTaken, e.Coded)) and x.observer == record.observer and x.seq < record.seq
            and record.since <= x.ts <= record.until
        ]  # fmt: skip
    return []


def _named(recorder: Recorder, record_id: str) -> e.Record | None:
    return next((x for x in recorder.ledger.entry(record_id[:30]) if x.id == record_id), None)


# -- lines -------------------------------------------------------------------------------------------------------------


def text_of(recorder: Recorder, record: e.Record) -> str:
    """Return the line that says a record, without its time; a note's without its words, which stay in the vault."""
    match record:
        case e.TurnTaken():
            return f"{record.sender}>{_to(record.audience, record.receivers)}"
        case e.FloorReleased():
            return "_"
        case e.FloorCrowded():
            return "&"
        case e.PhaseEntered():
            return f"%{record.phase}"
        case e.NoteWritten():
            return f"#{','.join(record.about)}: …" if record.about else "# …"
        case e.SeatAdded():
            return f"+{record.seat}:{record.role}"
        case e.SeatArrived():
            return f"+{record.seat}"
        case e.SeatLeft():
            return f"-{record.seat}:{record.reason}"
        case e.SeatScoped():
            return f"+{record.seat}:{record.scope}"
        case e.CapturePaused():
            return f"||{record.reason or ''}"
        case e.CaptureResumed():
            return "||"
        case e.RecordRetracted() | e.RecordAmended():
            target = _named(recorder, record.record_id)
            number = "" if target is None else str(target.seq)
            return f"~{number}" if isinstance(record, e.RecordRetracted) else f"~{number}:"
        case e.RangeAmended():
            return "~" + ",".join(f"{wrong}={right}" for wrong, right in record.exchange.items())
        case e.Coded():
            return _code(record, recorder.books)
        case e.Opaque():
            return _foreign(record)
        case _:
            return _other(record, recorder.books)


def _to(audience: str, receivers: Sequence[str]) -> str:
    return {"all": "*", "unknown": "?"}.get(audience, ",".join(receivers))


def _code(record: e.Coded, books: Sequence[cb.Codebook]) -> str:
    if record.code == STAR:
        return ";"
    code = cb.by_stored(books, record.code, record.attrs)
    word = record.code if code is None else code.key or code.id
    to = _to(record.audience, record.targets)
    value = f"={record.score}" if isinstance(record, e.RatingGiven) else ""
    level = f"^{record.intensity}" if record.intensity else ""
    return f"{record.author or ''}!{word}{f'>{to}' if to and to != '?' else ''}{level}{value}"


_OF_OTHERS = {"place.changed": ("seat", "place"), "lead.passed": ("", "lead")}


def _other(record: e.Event, books: Sequence[cb.Codebook]) -> str:
    """Return the code that is an event of its own, else the event's name."""
    name = e.name_of(record)
    who, what = _OF_OTHERS.get(name, ("", ""))
    code = next((c for book in books for c in book.code if c.event == name and c.key), None)
    if code is None or not what:
        return name
    return f"{getattr(record, who) if who else ''}!{code.key}={getattr(record, what)}"


def _foreign(record: e.Opaque) -> str:
    try:
        return line_of(record)
    except ValueError:
        return record.t
