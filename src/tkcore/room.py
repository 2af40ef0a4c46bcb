"""Who comes and goes, what is recorded and by whom: items, and the codes that are events of their own."""

from __future__ import annotations

from collections.abc import Callable

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore.context import Context, known
from tkcore.errors import GrammarError
from tkcore.talk import N_

PAUSES = ("escort", "incident", "break", "technical", "request", "unattended")
LEAVINGS = ("short", "excused", "escorted", "asked", "own_accord", "absent", "unknown")
ROLES = ("member", "visitor", "staff", "volunteer")
SCOPES = ("full", "floor_only", "none")
SIGNS = {"T": "therapist", "K": "co_therapist"}
SWAP_BACK = 300_000
"""An exchange of seats without a time reaches five minutes back."""


def pause(item: g.Pause, ctx: Context) -> None:
    paused = ctx.observer in ctx.now.paused
    if paused and item.reason is None:
        ctx.put(e.CaptureResumed())
    elif paused:
        raise GrammarError("recording is paused already: || goes on", column=item.column)
    elif item.reason is None:
        raise GrammarError(
            "recording is not paused. To pause it: ||{reasons}", reasons="|".join(PAUSES), column=item.column
        )
    else:
        _pauses(item.reason, ctx, item.column)


def _pauses(reason: str | None, ctx: Context, column: int) -> None:
    if reason is not None and reason not in PAUSES:
        raise GrammarError("no reason {word}. There are: {near_}", word=reason, near_=", ".join(PAUSES), column=column, near=PAUSES)  # fmt: skip
    ctx.put(e.CapturePaused(reason=reason))


def leave(item: g.Leave, ctx: Context) -> None:
    known(item.seat, ctx, item.column)
    if item.reason is not None and item.reason not in LEAVINGS:
        raise GrammarError("no reason {word}. There are: {near_}", word=item.reason, near_=", ".join(LEAVINGS), column=item.column, near=LEAVINGS)  # fmt: skip
    if item.seat not in ctx.now.inside and item.reason != "absent":
        raise GrammarError("{seat} is not in the room", seat=item.seat, column=item.column)
    ctx.put(e.SeatLeft(seat=item.seat, reason=item.reason or "unknown"))


def come(item: g.Come, ctx: Context, reason: str | None = None) -> None:
    seat, word = item.seat, item.word
    if word in SCOPES:
        ctx.put(e.SeatScoped(seat=known(seat, ctx, item.column), scope=str(word)))
    elif word in ROLES or (word is None and seat[0] in SIGNS and seat not in ctx.now.roles):
        if seat[0] in SIGNS and word not in (None, "member"):
            raise GrammarError(
                "{seat} is a leader's sign: +{low} brings one in", seat=seat, low=seat.lower(), column=item.column
            )  # fmt: skip
        if seat in ctx.now.roles:
            raise GrammarError(
                "{seat} is a seat already: write +{low} when they come back",
                seat=seat,
                low=seat.lower(),
                column=item.column,
            )
        ctx.put(e.SeatAdded(seat=seat, role=SIGNS.get(seat[0], str(word))))
        if ctx.allowed.get(seat, "full") != "full":
            ctx.put(e.SeatScoped(seat=seat, scope=ctx.allowed[seat]))
    elif word is not None:
        raise GrammarError("no role {word}. There are: {near_}", word=word, near_=", ".join(ROLES + SCOPES), column=item.column, near=ROLES + SCOPES)  # fmt: skip
    else:
        known(seat, ctx, item.column)
        if seat in ctx.now.inside:
            raise GrammarError("{seat} is in the room already", seat=seat, column=item.column)
        ctx.put(e.SeatArrived(seat=seat, reason=reason or ("late" if seat in ctx.now.expected else None)))


def exchange(item: g.Exchange, ctx: Context) -> None:
    for wrong, right in item.seats.items():
        known(wrong, ctx, item.column)
        known(right, ctx, item.column)
        if wrong == right:
            raise GrammarError("{seat} for {seat} changes nothing", seat=wrong, column=item.column)
    since = ctx.ts if ctx.timed else max(0, ctx.clock - SWAP_BACK)
    for x in ctx.held():
        _agreed(x, item, ctx, since)
        if isinstance(x, e.TurnTaken) and x.observer == ctx.observer and since <= x.ts <= ctx.clock:
            sender = item.seats.get(x.sender, x.sender)
            if sender in [item.seats.get(seat, seat) for seat in x.receivers]:
                raise GrammarError(
                    "in record {seq} {seat} would speak to itself: exchange both, as in ~b=f,f=b",
                    seq=x.seq, seat=sender, column=item.column,
                )  # fmt: skip
    ctx.put(e.RangeAmended(since=since, until=ctx.clock, exchange=item.seats), ctx.clock)


def _agreed(x: e.Record, item: g.Exchange, ctx: Context, since: int) -> None:
    """Refuse to give a seat what its consent keeps away from it."""
    if x.observer != ctx.observer or not since <= x.ts <= ctx.clock:
        return
    if isinstance(x, e.TurnTaken):
        seat = item.seats.get(x.sender, "")
        if ctx.now.scope.get(seat) == "none":
            raise GrammarError("{seat} did not agree to be recorded", seat=seat, column=item.column)
    elif isinstance(x, e.Coded):
        for named in (x.author, *x.targets):
            seat = item.seats.get(named or "", "")
            if seat and not ctx.now.agreed(seat):
                raise GrammarError(
                    "{seat} did not agree to be coded: only the floor is kept", seat=seat, column=item.column
                )


# -- codes that are events of their own ------------------------------------------------------------------------


def nothing_else(item: g.Code, code: cb.Code, takes: str) -> None:
    """Refuse what an event has no place for: what is acknowledged is stored."""
    parts = {
        N_("author"): item.author is not None,
        N_("target"): bool(item.targets) or item.everybody,
        N_("intensity"): item.intensity is not None,
        N_("value"): item.value is not None,
        N_("record number"): item.ref is not None,
    }
    for part, given in parts.items():
        if given and part not in takes:
            raise GrammarError(
                "{code} takes no {part}",
                code=code.key or code.id,
                part=GrammarError(part),
                column=item.column,
            )


def _whose(item: g.Code, code: cb.Code) -> str:
    if item.author is None:
        raise GrammarError(
            "whose? Write the seat before it, as in b!{key}", key=code.key or code.id, column=item.column
        )
    return item.author


def _left(item: g.Code, code: cb.Code, ctx: Context) -> None:
    seat = known(_whose(item, code), ctx, item.column)
    reason = code.preset.get("reason")
    if reason is None and seat not in ctx.now.inside:
        ctx.put(e.SeatArrived(seat=seat))
        return
    escort = known(item.value.upper(), ctx, item.column) if item.value else None
    ctx.put(e.SeatLeft(seat=seat, reason=reason or "short", escort=escort))


def _arrived(item: g.Code, code: cb.Code, ctx: Context) -> None:
    come(g.Come(seat=_whose(item, code), column=item.column), ctx, reason=code.preset.get("reason"))


def _added(item: g.Code, code: cb.Code, ctx: Context) -> None:
    come(g.Come(seat=_whose(item, code), word=item.value or "member", column=item.column), ctx)


def _place(item: g.Code, code: cb.Code, ctx: Context) -> None:
    seat = known(_whose(item, code), ctx, item.column)
    if item.value is None or not item.value.isdecimal() or not 1 <= int(item.value) <= 99:
        raise GrammarError("the new place is a number, as in b!hs=3", column=item.column)
    ctx.put(e.PlaceChanged(seat=seat, place=int(item.value)))


def _capture(item: g.Code, _: cb.Code, ctx: Context) -> None:
    if ctx.observer in ctx.now.paused:
        ctx.put(e.CaptureResumed())
    else:
        _pauses(item.value, ctx, item.column)


def _lead(item: g.Code, _: cb.Code, ctx: Context) -> None:
    if item.value is None or not e.STRING.fullmatch(item.value):
        raise GrammarError("to whom? Write the observer, as in !hg=obs2", column=item.column)
    if ctx.observer != ctx.now.lead:
        raise GrammarError(
            "only {lead}, the lead observer, passes it on", lead=ctx.now.lead, column=item.column
        )
    ctx.put(e.LeadPassed(lead=item.value))


OTHER: dict[str, tuple[Callable[[g.Code, cb.Code, Context], None], str]] = {
    "seat.left": (_left, "author value"),
    "seat.arrived": (_arrived, "author"),
    "seat.added": (_added, "author value"),
    "place.changed": (_place, "author value"),
    "capture.paused": (_capture, "value"),
    "lead.passed": (_lead, "value"),
}
"""Codes that are events of their own, and the parts of a code they take."""
