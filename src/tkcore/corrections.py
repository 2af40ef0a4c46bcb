"""Corrections as lines: taking back and amending. Nothing is removed; each is a record of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore.context import Context, plain
from tkcore.errors import GrammarError
from tkcore.resolve import resolve
from tkcore.situation import SAFETY, situation

FIXED = (
    e.SessionOpened, e.ClockTicked, e.ClockResumed, e.ClockChecked, e.LogRecovered, e.AlertShown, e.AlertDismissed,
)  # fmt: skip
"""What was the case whatever anybody says later; `~` passes it by."""


class Records(Protocol):
    """Records by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, seq: int, /) -> e.Record: ...


class Log(Protocol):
    """What a correction asks of the log it corrects."""

    @property
    def records(self) -> Records: ...

    def entry(self, entry: str) -> list[e.Record]: ...

    def held(self) -> Iterator[e.Record]: ...

    def state(self, seq: int) -> str: ...


def undo(item: g.Undo, ctx: Context, log: Log) -> list[e.Record]:
    """Return the retractions of an undo: record `seq`, or all of the observer's last entry that still holds.

    A turn takes its codes along, but for what happened whoever spoke; taking back a taking back brings all back that
    went together.
    """
    if item.seq is not None:
        target = _own(item.seq, item.column, ctx, log)
        targets = [target]
        if isinstance(target, e.RecordRetracted):
            same = log.entry(target.id[:30])
            targets = [x for x in same if isinstance(x, e.RecordRetracted) and _holds(x, log)]
    else:
        targets = _last_entry(ctx, log)
        if not targets:
            raise GrammarError("there is nothing to take back", column=item.column)
    ids = dict.fromkeys(x.id for x in targets)
    turns = {x.id for x in targets if isinstance(x, e.TurnTaken)}
    if turns:
        for x in log.held():
            own = x.observer == ctx.observer
            if isinstance(x, e.Coded) and own and x.turn_id in turns and not _stays(x, ctx.books):
                ids[x.id] = None
    for record_id in ids:
        ctx.put(e.RecordRetracted(record_id=record_id), ctx.clock)
    return ctx.events


def _stays(code: e.Coded, books: Sequence[cb.Codebook]) -> bool:
    """Whether it happened whoever spoke: an activity that began or ended meanwhile, danger."""
    found = cb.by_stored(books, code.code, code.attrs)
    return isinstance(code, (e.ActivityStarted, e.ActivityEnded)) or (
        found is not None and found.family == SAFETY
    )


def _holds(record: e.Record, log: Log) -> bool:
    return log.state(record.seq) != "retracted"


def _own(seq: int, column: int, ctx: Context, log: Log) -> e.Record:
    """Return a record its observer may correct. Raises GrammarError."""
    if not 0 <= seq < len(log.records):
        raise GrammarError("there is no record {seq}", seq=seq, column=column)
    record = log.records[seq]
    if not _holds(record, log):
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


def _last_entry(ctx: Context, log: Log) -> list[e.Record]:
    """Return what still holds of the observer's last entry that is no taking back."""
    for seq in range(len(log.records) - 1, -1, -1):
        record = log.records[seq]
        if (
            record.observer == ctx.observer
            and record.id
            and not isinstance(record, (*FIXED, e.RecordRetracted, e.SessionClosed))
            and _holds(record, log)
        ):
            return [x for x in log.entry(record.id[:30]) if _holds(x, log)]
    return []


def amendment(line: g.Line, ctx: Context, log: Log) -> list[e.Record]:
    """Return the record that puts another in an earlier one's place; what the line does not say stays.

    Codes that had their author or target from a turn are amended with it.
    """
    assert line.amends is not None
    column = line.items[0].column if line.items else 1
    target = _own(line.amends, 1, ctx, log)
    old = ctx.find(line.amends, 1)
    if isinstance(old, e.Opaque):
        raise GrammarError(
            "record {seq} ({kind}) is a plugin's: take it back with ~{seq}, then write it again with its time",
            seq=line.amends, kind=old.t,
        )  # fmt: skip
    if isinstance(old, (e.RecordRetracted, e.RecordAmended, e.RangeAmended)):
        raise GrammarError("record {seq} is a correction: take it back with ~{seq}", seq=line.amends)
    if line.items and isinstance(line.items[0], (g.Undo, g.Exchange)):
        raise GrammarError("a correction says what the record should say, as in ~17: ac", column=column)
    ts = ctx.ts if ctx.timed else old.ts
    before = situation((x for x in log.held() if x.id != target.id and (x.ts, x.seq) < (ts, old.seq)), ts)
    before.apart = ctx.now.apart
    before.opened, before.roles = before.opened or ctx.now.opened, {**ctx.now.roles, **before.roles}
    if isinstance(old, e.SeatAdded):
        before.roles.pop(old.seat, None)
    inner = Context(ctx.books, before, ctx.observer, ts, ctx.clock, ctx.entry, ctx.find, late=True)
    made = resolve(g.Line(items=line.items, note=line.note), inner)
    new = next((x for x in made if isinstance(x, e.Event) and type(x) is type(old)), None)
    if new is None:
        raise GrammarError(
            "record {seq} is {kind}: a correction must be one too",
            seq=line.amends, kind=e.name_of(old), column=column,
        )  # fmt: skip
    values = plain(new)
    values.update(_kept(line, old, new, ctx.books))
    values["ts"] = ts if isinstance(new, e.Coded) else new.ts
    ctx.put(e.RecordAmended(record_id=target.id, replacement=values), ctx.clock)
    if isinstance(old, e.TurnTaken) and isinstance(new, e.TurnTaken):
        _codes_follow(old, new, ctx, log)
    return ctx.events


def _codes_follow(old: e.TurnTaken, new: e.TurnTaken, ctx: Context, log: Log) -> None:
    """Amend the codes on a turn whose author or target was the turn's sender or receiver."""
    single = new.receivers[0] if len(new.receivers) == 1 else None
    for x in log.held():
        if not isinstance(x, e.Coded) or x.turn_id != old.id or x.observer != ctx.observer:
            continue
        changed: dict[str, Any] = {}
        if x.author == old.sender and new.sender != old.sender:
            changed["author"] = new.sender
        elif (x.author,) == old.receivers and single != x.author:
            changed["author"] = single
        if (x.targets, x.audience) == (old.receivers, old.audience) and new.receivers != old.receivers:
            changed |= {"targets": list(new.receivers), "audience": new.audience}
        if changed:
            ctx.put(e.RecordAmended(record_id=x.id, replacement={**plain(x), **changed}), ctx.clock)


def _kept(line: g.Line, old: e.Event, new: e.Event, books: Sequence[cb.Codebook]) -> dict[str, Any]:
    """What the line leaves as it was."""
    kept: dict[str, Any] = {}
    if line.note is not None:
        if line.note.about is None and isinstance(old, e.NoteWritten):
            kept["about"] = list(old.about)
        return kept
    item = line.items[0]
    if isinstance(item, g.Turn) and isinstance(old, e.TurnTaken) and item.dur is None:
        kept["dur"] = old.dur
    if isinstance(item, g.Code) and isinstance(old, e.Coded) and isinstance(new, e.Coded):
        kept |= {"turn_id": old.turn_id, "made": old.made}
        attrs = _attrs(old, new, books)
        if attrs:
            kept["attrs"] = attrs
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


def _attrs(old: e.Coded, new: e.Coded, books: Sequence[cb.Codebook]) -> dict[str, str]:
    """Return the values beside a code: those it had, as far as the code that stands there now takes them, and the new."""
    was, now = cb.by_stored(books, old.code, old.attrs), cb.by_stored(books, new.code, new.attrs)
    if was is None or now is None:
        return dict(new.attrs)
    said = {name: value for name, value in old.attrs.items() if name not in was.preset}
    return {**{name: value for name, value in said.items() if name in now.attributes}, **new.attrs}


def as_made(events: list[e.Record], made: str) -> list[e.Record]:
    """Return events whose codes, also those that a correction puts in another's place, say when they were made."""
    if made == "live":
        return events
    found: list[e.Record] = []
    for x in events:
        if isinstance(x, e.Coded):
            found.append(replace(x, made=made))
        elif isinstance(x, e.RecordAmended) and "made" in x.replacement:
            found.append(replace(x, replacement={**x.replacement, "made": made}))
        else:
            found.append(x)
    return found
