"""From what a line says to the events it stores, in the situation it was said in.

Everything is checked before anything is returned: a line is stored whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore.coding import code_, sits_on
from tkcore.context import Context, known, present, scoped
from tkcore.errors import GrammarError
from tkcore.room import come, exchange, leave, pause

STAR = "core.mark.star"


def resolve(line: g.Line, ctx: Context) -> list[e.Record]:
    """Return the events of a line that corrects nothing. Raises GrammarError.

    `ctx.now` is changed: it must be the caller's copy.
    """
    ctx.alone = not any(isinstance(item, g.Turn) for item in line.items)
    for item in line.items:
        _RESOLVE[type(item)](item, ctx)
    if line.note is not None:
        about = note_about(line.note, ctx)
        if about is None:
            turn = present(ctx)
            about = (turn.sender,) if turn and ctx.now.agreed(turn.sender) else ()
        ctx.put(e.NoteWritten(about=about, words=""))
    return ctx.events


def note_about(note: g.Note, ctx: Context) -> tuple[str, ...] | None:
    """Return the seats a note names. A number nobody sits on is the note's own text."""
    if note.about is None or (
        any(s.isdigit() for s in note.about) and not set(note.about) <= set(ctx.now.roles)
    ):
        return None
    return tuple(scoped(seat, ctx, note.column) for seat in note.about)


def _turn(item: g.Turn, ctx: Context) -> None:
    sender, how, receivers, inferred = item.sender, item.how, item.receivers, False
    last = present(ctx)
    if how in ("swap", "reply") and last is None:
        raise GrammarError("nobody has spoken yet: there is nobody to answer", column=item.column)
    if how == "swap":
        assert last is not None
        if len(last.receivers) != 1:
            raise GrammarError(
                "the last turn went to no single seat: write who answers, as in a<", column=item.column
            )
        sender, receivers, how = last.receivers[0], (last.sender,), "seats"
    assert sender is not None
    known(sender, ctx, item.column)
    if how == "reply":
        assert last is not None
        if last.sender == sender:
            raise GrammarError(
                "{seat} spoke last: to whom? Write it, as in ab", seat=sender, column=item.column
            )
        receivers, how = (last.sender,), "seats"
    elif how == "quick":
        other = next((t.sender for t in reversed(ctx.now.floor(ctx.observer)) if t.sender != sender), None)
        receivers, how, inferred = ((other,), "seats", True) if other else ((), "unknown", True)
    if ctx.now.scope.get(sender) == "none":
        raise GrammarError("{seat} did not agree to be recorded", seat=sender, column=item.column)
    for seat in receivers:
        known(seat, ctx, item.column)
    if how == "seats":
        receivers = tuple(seat for seat in receivers if ctx.now.agreed(seat))
        how = "seats" if receivers else "unknown"
        if len(receivers) > 12:
            receivers, how = (), "all"
    if ctx.observer in ctx.now.paused and not ctx.late:
        ctx.put(e.CaptureResumed())  # who records a turn has come back
    ctx.put(e.TurnTaken(sender=sender, audience=how, receivers=receivers, inferred=inferred, dur=item.dur))


def _hush(item: g.Hush, ctx: Context) -> None:
    if item.since > ctx.ts:
        raise GrammarError("the session is not that long yet", column=item.column)
    since = ctx.ts - item.since
    for turn in ctx.now.turns.get(ctx.observer, ()):
        if since < turn.ts <= ctx.ts and item.since:
            raise GrammarError(
                "{seat} began to speak {seconds} s ago: that was no silence",
                seat=turn.sender, seconds=(ctx.ts - turn.ts) // 1000, column=item.column,
            )  # fmt: skip
    ctx.put(e.FloorReleased(), since)


def _phase(item: g.Phase, ctx: Context) -> None:
    if ctx.observer != ctx.now.lead:
        raise GrammarError(
            "only {lead}, the lead observer, says which phase it is", lead=ctx.now.lead, column=item.column
        )
    setting = ctx.now.opened.setting if ctx.now.opened else None
    fits = {phase.id for book in ctx.books for phase in cb.find_phase(book, setting, item.word)}
    if len(fits) != 1:
        known_ = {p.id for b in ctx.books for p in cb.phases_of(b, setting)}
        near = tuple(sorted(fits or known_))
        raise GrammarError("no phase {word}. There are: {near_}", word=item.word, near_=", ".join(near), column=item.column, near=near)  # fmt: skip
    ctx.put(e.PhaseEntered(phase=fits.pop()))


def _crowd(_: g.Crowd, ctx: Context) -> None:
    ctx.put(e.FloorCrowded())


def _star(_: g.Star, ctx: Context) -> None:
    turn = present(ctx)
    ctx.put(e.MarkMade(code=STAR, turn_id=turn.id if turn else None))


def _activity(item: g.Activity, ctx: Context) -> None:
    running = ctx.now.activities.get(ctx.observer, [])
    if not item.word:
        if not running:
            raise GrammarError("no activity is running", column=item.column)
        last = running[-1]
        ctx.put(e.ActivityEnded(code=last.code, ref=last.id, attrs=dict(last.attrs)))
        return
    codes = [code for code in cb.find(ctx.books, item.word) if code.event == "activity.started"]
    if len(codes) != 1:
        near = tuple(
            c.base.rpartition(".")[2] for b in ctx.books for c in b.codes if c.event == "activity.started"
        )
        raise GrammarError("no activity {word}. There are: {near_}", word=item.word, near_=", ".join(near), column=item.column, near=near)  # fmt: skip
    if any(started.code == codes[0].stored for started in running):
        raise GrammarError("{word} is running already: {{}} ends it", word=item.word, column=item.column)
    turn = sits_on(codes[0], None, ctx)
    ctx.put(
        e.ActivityStarted(
            code=codes[0].stored, attrs=dict(codes[0].preset), turn_id=turn.id if turn else None
        )
    )


def _foreign(item: g.Foreign, ctx: Context) -> None:
    """A plugin's event is stored as it was typed: nobody here knows what it may say."""
    ctx.put(e.Opaque(t=item.t, v=item.v, body=item.body))


_RESOLVE: dict[type[g.Item], Callable[[Any, Context], None]] = {
    g.Turn: _turn,
    g.Code: code_,
    g.Hush: _hush,
    g.Phase: _phase,
    g.Star: _star,
    g.Crowd: _crowd,
    g.Activity: _activity,
    g.Pause: pause,
    g.Leave: leave,
    g.Come: come,
    g.Exchange: exchange,
    g.Foreign: _foreign,
}
