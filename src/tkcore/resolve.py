"""From what a line says to the events it stores, in the situation it was said in.

Everything is checked before anything is returned: a line is stored whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore.errors import GrammarError
from tkcore.situation import LEADERS, VISITOR, Situation

STAR = "core.mark.star"
PAUSES = ("escort", "incident", "break", "technical", "request", "unattended")
LEAVINGS = ("short", "excused", "escorted", "asked", "own_accord", "absent", "unknown")
ROLES = ("member", "visitor", "staff", "volunteer")
SCOPES = ("full", "floor_only", "none")
SIGNS = {"T": "therapist", "K": "co_therapist"}
OF_A_TURN = (
    e.InterventionMade,
    e.ConflictArisen,
    e.ResistanceShown,
    e.FactorShown,
    e.MarkMade,
    e.ContractOpened,
)
OF_THE_ROOM = (VISITOR, "resistance.silence")
"""Codes of what no speaker does."""
SETTLES: dict[type[e.Coded], tuple[type[e.Event], ...]] = {
    e.ConflictSettled: (e.ConflictArisen,),
    e.ContractSettled: (e.ContractOpened,),
    e.ActivityEnded: (e.ActivityStarted,),
}
SWAP_BACK = 300_000
"""An exchange of seats without a time reaches five minutes back."""


class Context(Struct):
    """All a line may refer to. `find` gives a record by its number, as it holds now."""

    books: Sequence[cb.Codebook]
    now: Situation
    observer: str
    ts: int
    clock: int
    entry: str
    find: Callable[[int, int], e.Event]
    """(number, column) → the effective record; raises GrammarError."""
    held: Callable[[], Iterable[e.Record]] = tuple
    timed: bool = False
    """Whether the line says its time."""
    late: bool = False
    """Whether it happened before what was recorded last."""
    alone: bool = True
    """Whether the line has no turn of its own: its codes belong to one that began earlier."""
    events: list[e.Event] = field(default_factory=list)

    def put(self, event: e.Event, ts: int | None = None) -> e.Event:
        """Add an event under the next id of the entry, at the line's time if none is given."""
        if len(self.events) > 255:
            raise GrammarError("too much for one line")
        stamped = replace(
            event,
            id=f"{self.entry}{len(self.events):02x}",
            ts=self.ts if ts is None else ts,
            observer=self.observer,
        )
        self.events.append(stamped)
        self.now.apply(stamped)
        return stamped


def resolve(line: g.Line, ctx: Context) -> list[e.Event]:
    """Return the events of a line that corrects nothing. Raises GrammarError.

    `ctx.now` is changed: it must be the caller's copy.
    """
    ctx.alone = not any(isinstance(item, g.Turn) for item in line.items)
    for item in line.items:
        _RESOLVE[type(item)](item, ctx)
    if line.note is not None:
        about = note_about(line.note, ctx)
        if about is None:
            turn = _present(ctx)
            about = (turn.sender,) if turn and ctx.now.agreed(turn.sender) else ()
        ctx.put(e.NoteWritten(about=about, words=""))
    return ctx.events


def note_about(note: g.Note, ctx: Context) -> tuple[str, ...] | None:
    """Return the seats a note names. A number nobody sits on is the note's own text."""
    if note.about is None or (
        any(s.isdigit() for s in note.about) and not set(note.about) <= set(ctx.now.roles)
    ):
        return None
    return tuple(_scoped(seat, ctx, note.column) for seat in note.about)


def known(seat: str, ctx: Context, column: int) -> str:
    """Return a seat of the session. Raises GrammarError with the nearest ones."""
    if seat not in ctx.now.roles:
        near = tuple(get_close_matches(seat, ctx.now.roles, 3, 0.3)) or tuple(sorted(ctx.now.roles))
        raise GrammarError(
            "no seat {seat} in this session (there are {seats}). A new one: +{low}:member",
            seat=seat, seats=" ".join(sorted(ctx.now.roles)), low=seat.lower(), column=column, near=near[:5],
        )  # fmt: skip
    return seat


def _scoped(seat: str, ctx: Context, column: int) -> str:
    """Return a seat that codes may name."""
    known(seat, ctx, column)
    if not ctx.now.agreed(seat):
        raise GrammarError(
            "{seat} did not agree to be coded: only the floor is kept", seat=seat, column=column
        )
    return seat


# -- the floor -------------------------------------------------------------------------------------------------


def _present(ctx: Context) -> e.TurnTaken | None:
    turns = ctx.now.floor(ctx.observer)
    return turns[-1] if turns else None


def _turn(item: g.Turn, ctx: Context) -> None:
    sender, how, receivers, inferred = item.sender, item.how, item.receivers, False
    last = _present(ctx)
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


# -- codes -----------------------------------------------------------------------------------------------------


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


def _code(item: g.Code, ctx: Context) -> None:
    code = find_code(item.word, ctx, item.column)
    if code.event in _OTHER:
        other, takes = _OTHER[code.event]
        _nothing_else(item, code, takes)
        other(item, code, ctx)
        return
    kind = e.EVENTS[code.event]
    if issubclass(kind, e.Coded):
        _coded(item, code, kind, ctx)
    else:
        raise GrammarError("{code} cannot be typed as a code", code=code.id, column=item.column)


def _coded(item: g.Code, code: cb.Code, kind: type[e.Coded], ctx: Context) -> None:
    author = _scoped(item.author, ctx, item.column) if item.author else None
    turn = _sits_on(code, author, ctx)
    by = author or _author(code, turn, ctx, item.column)
    own: dict[str, Any] = {"attrs": dict(code.preset)}
    own["targets"], own["audience"] = _targets(item, by, turn, ctx)
    _value(item, code, kind, own)
    if item.ref is not None:
        own["ref"] = _belongs(item.ref, kind, ctx, item.column)
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
    earlier = turn is not None and ctx.alone and not ctx.timed and author is None and kind in OF_A_TURN
    ctx.put(made, turn.ts if turn is not None and earlier else None)


def _sits_on(code: cb.Code, author: str | None, ctx: Context) -> e.TurnTaken | None:
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
    return _scoped(turn.sender, ctx, column)


def _belongs(seq: int, kind: type[e.Coded], ctx: Context, column: int) -> str:
    """Return the id of the record a code belongs to; what settles belongs to what it can settle."""
    record = ctx.find(seq, column)
    wanted = SETTLES.get(kind, (e.TurnTaken, e.Coded, e.NoteWritten, e.PhaseEntered))
    if not isinstance(record, wanted):
        raise GrammarError(
            "record {seq} is {kind}: this cannot belong to it", seq=seq, kind=e.name_of(record), column=column
        )
    return record.id


def _targets(
    item: g.Code, by: str | None, turn: e.TurnTaken | None, ctx: Context
) -> tuple[tuple[str, ...], str]:
    """Who is named; else whom the turn goes to, if the author is the one who speaks."""
    if item.everybody:
        return (), "all"
    if item.targets:
        return tuple(_scoped(seat, ctx, item.column) for seat in item.targets), "seats"
    if turn is not None and by == turn.sender:
        return turn.receivers, turn.audience
    return (), "seats"


YES, NO = ("1", "yes", "ya", "y"), ("0", "no", "tidak", "n")


def _value(item: g.Code, code: cb.Code, kind: type[e.Coded], own: dict[str, Any]) -> None:
    """`=value`: a rating's number, a checklist's answer, else the value of an attribute."""
    value = item.value
    if value is None:
        return
    if kind is e.RatingGiven:
        low, high = code.scale or (1, 5)
        if not value.isdecimal() or not low <= int(value) <= high:
            raise GrammarError("={value}: {code} goes from {low} to {high}", value=value, code=code.id, low=low, high=high, column=item.column)  # fmt: skip
        own["score"] = int(value)
    elif kind is e.ChecklistAnswered:
        if value not in YES + NO:
            raise GrammarError("={value}: answer yes or no", value=value, column=item.column)
        own["score"] = int(value in YES)
    else:
        fits = [name for name, values in cb.values_of(code).items() if value in values]
        if len(fits) != 1:
            may = sorted(v for values in cb.values_of(code).values() for v in values)
            raise GrammarError("={value}: {code} takes {may}", value=value, code=code.id, may=", ".join(may) or "-", column=item.column, near=tuple(may[:8]))  # fmt: skip
        own["attrs"][fits[0]] = value


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


# -- codes that are events of their own ------------------------------------------------------------------------


def _nothing_else(item: g.Code, code: cb.Code, takes: str) -> None:
    """Refuse what an event has no place for: what is acknowledged is stored."""
    parts = {
        "author": item.author is not None, "target": bool(item.targets) or item.everybody,
        "intensity": item.intensity is not None, "value": item.value is not None, "record": item.ref is not None,
    }  # fmt: skip
    for part, given in parts.items():
        if given and part not in takes:
            raise GrammarError(
                "{code} takes no {part}", code=code.key or code.id, part=part, column=item.column
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
    _come(g.Come(seat=_whose(item, code), column=item.column), ctx, reason=code.preset.get("reason"))


def _added(item: g.Code, code: cb.Code, ctx: Context) -> None:
    _come(g.Come(seat=_whose(item, code), word=item.value or "member", column=item.column), ctx)


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
        raise GrammarError("only {lead}, who leads, passes it on", lead=ctx.now.lead, column=item.column)
    ctx.put(e.LeadPassed(lead=item.value))


# -- the rest --------------------------------------------------------------------------------------------------


def _phase(item: g.Phase, ctx: Context) -> None:
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
    turn = _present(ctx)
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
    turn = _sits_on(codes[0], None, ctx)
    ctx.put(
        e.ActivityStarted(
            code=codes[0].stored, attrs=dict(codes[0].preset), turn_id=turn.id if turn else None
        )
    )


def _pause(item: g.Pause, ctx: Context) -> None:
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


def _leave(item: g.Leave, ctx: Context) -> None:
    known(item.seat, ctx, item.column)
    if item.reason is not None and item.reason not in LEAVINGS:
        raise GrammarError("no reason {word}. There are: {near_}", word=item.reason, near_=", ".join(LEAVINGS), column=item.column, near=LEAVINGS)  # fmt: skip
    if item.seat not in ctx.now.inside and item.reason != "absent":
        raise GrammarError("{seat} is not in the room", seat=item.seat, column=item.column)
    ctx.put(e.SeatLeft(seat=item.seat, reason=item.reason or "unknown"))


def _come(item: g.Come, ctx: Context, reason: str | None = None) -> None:
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
    elif word is not None:
        raise GrammarError("no role {word}. There are: {near_}", word=word, near_=", ".join(ROLES + SCOPES), column=item.column, near=ROLES + SCOPES)  # fmt: skip
    else:
        known(seat, ctx, item.column)
        if seat in ctx.now.inside:
            raise GrammarError("{seat} is in the room already", seat=seat, column=item.column)
        ctx.put(e.SeatArrived(seat=seat, reason=reason or ("late" if seat in ctx.now.expected else None)))


def _exchange(item: g.Exchange, ctx: Context) -> None:
    for wrong, right in item.seats.items():
        known(wrong, ctx, item.column)
        known(right, ctx, item.column)
        if wrong == right:
            raise GrammarError("{seat} for {seat} changes nothing", seat=wrong, column=item.column)
    since = ctx.ts if ctx.timed else max(0, ctx.clock - SWAP_BACK)
    for x in ctx.held():
        if isinstance(x, e.TurnTaken) and x.observer == ctx.observer and since <= x.ts <= ctx.clock:
            sender = item.seats.get(x.sender, x.sender)
            if sender in [item.seats.get(seat, seat) for seat in x.receivers]:
                raise GrammarError(
                    "in record {seq} {seat} would speak to itself: exchange both, as in ~b=f,f=b",
                    seq=x.seq, seat=sender, column=item.column,
                )  # fmt: skip
    ctx.put(e.RangeAmended(since=since, until=ctx.clock, exchange=item.seats), ctx.clock)


def plain(event: e.Event) -> dict[str, Any]:
    """Return an event as a replacement carries it: type, time and own fields."""
    return {k: v for k, v in to_builtins(event).items() if k not in ("v", "seq", "id", "logged", "observer")}


_OTHER: dict[str, tuple[Callable[[g.Code, cb.Code, Context], None], str]] = {
    "seat.left": (_left, "author value"),
    "seat.arrived": (_arrived, "author"),
    "seat.added": (_added, "author value"),
    "place.changed": (_place, "author value"),
    "capture.paused": (_capture, "value"),
    "lead.passed": (_lead, "value"),
}
"""Codes that are events of their own, and the parts of a code they take."""
_RESOLVE: dict[type[g.Item], Callable[[Any, Context], None]] = {
    g.Turn: _turn,
    g.Code: _code,
    g.Hush: _hush,
    g.Phase: _phase,
    g.Star: _star,
    g.Crowd: _crowd,
    g.Activity: _activity,
    g.Pause: _pause,
    g.Leave: _leave,
    g.Come: _come,
    g.Exchange: _exchange,
}
