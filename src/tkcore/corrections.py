"""Corrections as lines: taking back and amending. Nothing is removed; each is a record of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from tkcore import events as e
from tkcore import grammar as g
from tkcore import resolve as rs
from tkcore.errors import GrammarError
from tkcore.ledger import Ledger
from tkcore.situation import situation

FIXED = (e.SessionOpened, e.ClockTicked, e.ClockResumed, e.ClockChecked, e.LogRecovered)


class Log(Protocol):
    """What a correction asks of the log it corrects."""

    @property
    def ledger(self) -> Ledger: ...

    def held(self) -> Iterator[e.Record]: ...

    def state(self, seq: int) -> str: ...


def range_or_undo(item: g.Undo, ctx: rs.Context, log: Log) -> list[e.Event]:
    """Return the retractions of an undo: record `seq`, or all of the observer's last entry that still holds."""
    if item.seq is not None:
        targets = [_own(item.seq, item.column, ctx, log)]
    else:
        targets = _last_entry(ctx, log)
        if not targets:
            raise GrammarError("there is nothing to take back", column=item.column)
    ids = [x.id for x in targets]
    for x in log.held():
        if isinstance(x, e.Coded) and x.turn_id in ids and x.id not in ids and x.observer == ctx.observer:
            ids.append(x.id)  # a turn taken back takes its codes along
    for record_id in ids:
        ctx.put(e.RecordRetracted(record_id=record_id, ts=ctx.clock))
    return ctx.events


def _own(seq: int, column: int, ctx: rs.Context, log: Log) -> e.Record:
    if not 0 <= seq < len(log.ledger):
        raise GrammarError("there is no record {seq}", seq=seq, column=column)
    record = log.ledger[seq]
    if log.state(seq) == "retracted":
        raise GrammarError("record {seq} was taken back already", seq=seq, column=column)
    if isinstance(record, FIXED) or not record.id:
        raise GrammarError(
            "record {seq} ({kind}) cannot be taken back", seq=seq, kind=e.name_of(record), column=column
        )
    if record.observer != ctx.observer:
        raise GrammarError(
            "record {seq} is {observer}'s: only who recorded it corrects it",
            seq=seq, observer=record.observer, column=column,
        )  # fmt: skip
    return record


def _last_entry(ctx: rs.Context, log: Log) -> list[e.Record]:
    """Return what still holds of the observer's last entry that is no taking back."""
    for seq in range(len(log.ledger) - 1, -1, -1):
        record = log.ledger[seq]
        if (
            record.observer == ctx.observer
            and record.id
            and not isinstance(record, (*FIXED, e.RecordRetracted, e.SessionClosed))
            and log.state(seq) != "retracted"
        ):
            return [x for x in log.ledger.entry(record.id[:30]) if log.state(x.seq) != "retracted"]
    return []


def amendment(line: g.Line, ctx: rs.Context, log: Log, *, timed: bool) -> e.Event:
    """Return the record that puts another in an earlier one's place; what the line does not say stays."""
    assert line.amends is not None
    target = _own(line.amends, 1, ctx, log)
    old = ctx.find(line.amends, 1)
    if isinstance(old, (e.RecordRetracted, e.RecordAmended, e.RangeAmended)):
        raise GrammarError("record {seq} is a correction: take it back with ~{seq}", seq=line.amends)
    ts = ctx.ts if timed else old.ts
    before = situation((x for x in log.held() if x.id != target.id and (x.ts, x.seq) < (ts, old.seq)), ts)
    before.opened, before.roles = before.opened or ctx.now.opened, {**ctx.now.roles, **before.roles}
    inner = rs.Context(ctx.books, before, ctx.observer, ts, ctx.clock, ctx.entry, ctx.find)
    made = rs.resolve(g.Line(items=line.items, note=line.note), inner)
    new = next((x for x in made if type(x) is type(old)), None)
    if new is None:
        raise GrammarError(
            "record {seq} is {kind}: a correction must be one too",
            seq=line.amends, kind=e.name_of(old), column=line.items[0].column if line.items else 1,
        )  # fmt: skip
    values = rs.plain(new)
    values.update(_kept(line, old))
    values["ts"] = ts
    return ctx.put(e.RecordAmended(record_id=target.id, replacement=values, ts=ctx.clock))


def _kept(line: g.Line, old: e.Event) -> dict[str, Any]:
    """What the line leaves as it was."""
    kept: dict[str, Any] = {}
    if line.note is not None:
        if line.note.about is None and isinstance(old, e.NoteWritten):
            kept["about"] = list(old.about)
        return kept
    item = line.items[0]
    if isinstance(item, g.Turn) and isinstance(old, e.TurnTaken) and item.dur is None:
        kept["dur"] = old.dur
    if isinstance(item, g.Code) and isinstance(old, e.Coded):
        kept |= {"turn_id": old.turn_id, "made": old.made}
        if item.author is None:
            kept["author"] = old.author
        if not item.targets and not item.everybody:
            kept |= {"targets": list(old.targets), "audience": old.audience}
        if item.intensity is None:
            kept["intensity"] = old.intensity
        if item.ref is None:
            kept["ref"] = old.ref
        if item.value is None and isinstance(old, (e.RatingGiven, e.ChecklistAnswered)):
            kept["score"] = old.score
    return kept
