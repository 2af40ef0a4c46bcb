"""Codes: which one is meant, whose it is, on which turn it sits, to what it belongs."""

from __future__ import annotations

from typing import Any

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore.context import Context, scoped
from tkcore.errors import GrammarError
from tkcore.room import OTHER, nothing_else
from tkcore.situation import LEADERS, REPORTED, VISITOR

OF_A_TURN = (
    e.InterventionMade,
    e.ConflictArisen,
    e.ResistanceShown,
    e.FactorShown,
    e.MarkMade,
    e.ContractOpened,
)
OF_THE_ROOM = (VISITOR, "resistance.silence", REPORTED)
"""Codes of what no speaker does."""
SETTLES: dict[type[e.Coded], tuple[type[e.Event], ...]] = {
    e.ConflictSettled: (e.ConflictArisen,),
    e.ContractSettled: (e.ContractOpened,),
    e.ActivityEnded: (e.ActivityStarted,),
}


def find_code(word: str, ctx: Context, column: int) -> cb.Code:
    """Return the one code a word names. Raises GrammarError with candidates."""
    codes = cb.find(ctx.books, word)
    if len(codes) == 1:
        return codes[0]
    if codes:
        near = tuple(f"{code.key or ''} {code.id}".strip() for code in codes[:6])
        raise GrammarError(
            "{word} could be: {near_}", word=word, near_=", ".join(near), column=column, near=near
        )
    near = cb.near(ctx.books, word)
    raise GrammarError(
        "no code {word}. Near: {near_}", word=word, near_=", ".join(near) or "-", column=column, near=near
    )


def code_(item: g.Code, ctx: Context) -> None:
    code = find_code(item.word, ctx, item.column)
    if code.of != "session":
        raise GrammarError(
            "{code} belongs to the group's own list: tk group check GROUP {code}",
            code=code.id,
            column=item.column,
        )
    if code.event in OTHER:
        other, takes = OTHER[code.event]
        nothing_else(item, code, takes)
        other(item, code, ctx)
        return
    kind = e.EVENTS[code.event]
    if issubclass(kind, e.Coded):
        _coded(item, code, kind, ctx)
    else:
        raise GrammarError("{code} cannot be typed as a code", code=code.id, column=item.column)


def _coded(item: g.Code, code: cb.Code, kind: type[e.Coded], ctx: Context) -> None:
    author = scoped(item.author, ctx, item.column) if item.author else None
    own: dict[str, Any] = {"attrs": dict(code.preset)}
    spoken, chosen = sits_on(code, author, ctx), None
    if item.ref is not None:
        belongs = _belongs(item.ref, kind, ctx, item.column)
        own["ref"] = belongs.id
        if (
            isinstance(belongs, e.TurnTaken)
            and belongs.observer == ctx.observer
            and code.base not in OF_THE_ROOM
        ):
            chosen = belongs
            # a leader's code on a member's turn is still the leader's
            if code.author != "leader" or ctx.now.roles.get(chosen.sender) in LEADERS:
                spoken = chosen
    by = author or _author(code, spoken, ctx, item.column)
    turn = chosen or spoken
    own["targets"], own["audience"] = _targets(item, by, turn, ctx)
    _value(item, code, kind, own)
    if code.stored.endswith("." + VISITOR):
        own["attrs"]["visit"] = "out" if ctx.now.visitors.get(ctx.observer) else "in"
    stored = code.stored
    if kind in (e.ConflictSettled, e.ContractSettled):
        own["ref"] = own.get("ref") or _open(kind, by, own["targets"], ctx)
    elif kind in (e.ActivityStarted, e.ActivityEnded):
        running = ctx.now.activities.get(ctx.observer, [])
        same = next((s for s in reversed(running) if kind is e.ActivityEnded or s.code == stored), None)
        if same is not None:
            kind, own["ref"], stored, own["attrs"] = e.ActivityEnded, same.id, same.code, dict(same.attrs)
        elif kind is e.ActivityEnded:
            raise GrammarError("no activity is running", column=item.column)
    made = kind(code=stored, author=by, turn_id=turn.id if turn else None, intensity=item.intensity, **own)
    # typed after the turn it sits on, a code happened in that turn; when it was typed is `logged`
    own_time = ctx.timed or (author is not None and chosen is None)
    earlier = turn is not None and ctx.alone and not own_time and kind in OF_A_TURN
    ctx.put(made, turn.ts if turn is not None and earlier else None)


def sits_on(code: cb.Code, author: str | None, ctx: Context) -> e.TurnTaken | None:
    """A leader's code sits on the last leader turn, any other on the present turn."""
    if code.base in OF_THE_ROOM:
        return None
    turns = ctx.now.floor(ctx.observer)
    if code.author != "leader":
        return turns[-1] if turns else None
    for turn in reversed(turns):
        if turn.sender == author or (author is None and ctx.now.roles.get(turn.sender) in LEADERS):
            return turn
    return None


def _author(code: cb.Code, turn: e.TurnTaken | None, ctx: Context, column: int) -> str | None:
    """The turn's sender; a member's code on a leader's turn is its single receiver's."""
    if turn is None or code.author == "group":
        return None
    if code.author in ("member", "member_or_group") and ctx.now.roles.get(turn.sender) in LEADERS:
        return turn.receivers[0] if len(turn.receivers) == 1 else None
    return scoped(turn.sender, ctx, column)


def _belongs(seq: int, kind: type[e.Coded], ctx: Context, column: int) -> e.Record:
    """Return the record a code belongs to; what settles belongs to what it can settle."""
    record = ctx.find(seq, column)
    wanted = SETTLES.get(kind, (e.TurnTaken, e.Coded, e.NoteWritten, e.PhaseEntered))
    if not isinstance(record, wanted):
        raise GrammarError(
            "record {seq} is {kind}: this cannot belong to it", seq=seq, kind=e.name_of(record), column=column
        )
    return record


def _targets(
    item: g.Code, by: str | None, turn: e.TurnTaken | None, ctx: Context
) -> tuple[tuple[str, ...], str]:
    """Who is named; else whom the turn goes to, if the author is the one who speaks."""
    if item.everybody:
        return (), "all"
    if item.targets:
        return tuple(scoped(seat, ctx, item.column) for seat in item.targets), "seats"
    if turn is not None and by == turn.sender:
        return turn.receivers, turn.audience
    return (), "seats"


YES, NO, NA = ("1", "yes", "ya", "y"), ("0", "no", "tidak", "n"), ("na", "tidak_berlaku")


def _value(item: g.Code, code: cb.Code, kind: type[e.Coded], own: dict[str, Any]) -> None:
    """`=value`: a rating's number, a checklist's answer, else values of attributes, `=worth,advice`."""
    value = item.value
    if value is None:
        return
    if kind is e.RatingGiven:
        low, high = code.scale or (1, 5)
        if not value.isdecimal() or not low <= int(value) <= high:
            raise GrammarError("={value}: {code} goes from {low} to {high}", value=value, code=code.id, low=low, high=high, column=item.column)  # fmt: skip
        own["score"] = int(value)
    elif kind is e.ChecklistAnswered:
        if value not in YES + NO + NA:
            raise GrammarError("={value}: answer yes, no or na", value=value, column=item.column)
        own["score"] = None if value in NA else int(value in YES)
    else:
        said: set[str] = set()
        for one in value.split(","):
            fits = [name for name, values in cb.values_of(code).items() if one in values]
            if len(fits) != 1:
                may = sorted(v for values in cb.values_of(code).values() for v in values)
                raise GrammarError("={value}: {code} takes {may}", value=one, code=code.id, may=", ".join(may) or "-", column=item.column, near=tuple(may[:8]))  # fmt: skip
            if fits[0] in said:
                raise GrammarError(
                    "={value}: {name} is said twice", value=value, name=fits[0], column=item.column
                )
            said.add(fits[0])
            own["attrs"][fits[0]] = one


def _open(kind: type[e.Coded], by: str | None, targets: tuple[str, ...], ctx: Context) -> str | None:
    """The last open conflict of that pair, else the last of all; the last open contract of its author."""
    episodes: list[e.Coded] = list(
        ctx.now.conflicts.values() if kind is e.ConflictSettled else ctx.now.contracts.values()
    )
    mine = [x for x in episodes if x.observer == ctx.observer]
    if kind is e.ContractSettled and by is not None:
        mine = [x for x in mine if x.author == by]
    if kind is e.ConflictSettled:
        pair = {by, *targets}
        mine = [x for x in mine if {x.author, *x.targets} == pair] or mine
    return mine[-1].id if mine else None
