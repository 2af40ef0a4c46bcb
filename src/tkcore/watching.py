"""What is the case in a session that is watched: its seats, silences and codes at a record, and what was told of it.

`case_of` is a pure function of a prefix of the log, by the rows that analyses get: safety codes and private ones are in
no number here either. Turns and shares are those of `monopoly.share`: a leader's share is of everyone's talk, a
member's of the members', and a stretch of an activity is left out. `told` is a fold of what `tk live` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import rows as r
from tkcore.analyses import Said
from tkcore.effective import corrections
from tkcore.effective import held as holding
from tkcore.honesty.gates import cap
from tkcore.lines import FailedLine, LiveLine, LoweredLine, RaisedLine, ShownLine, WorkerLine
from tkcore.log import Head
from tkcore.observation import Observation
from tkcore.presenting import presented
from tkcore.reading import families
from tkcore.scheme import Label
from tkcore.session import LEADERS, Session

CODED = ("intervention", "resistance", "factor", "mark", "rating", "checklist", "conflict", "contract")
"""The kinds of row that are counted as codes, beside activities."""
ELSEWHERE = ("seat.", "place.", "capture.", "lead.")
"""What codes of a family of comings and goings store: it is seen at the seats, and such a family is not counted."""


class SeatCase(Struct, frozen=True, kw_only=True):
    """One seat: `turns`, their `ms`, its `share` of time (of turns where `Case.timed` is false), None where nobody
    knows; `quiet`: recorded ms since its last turn ended, or since it came; `speaking`: its turn is not over.

    `where` is in, left (at `left_at`), absent, or apart: not to be recorded.
    """

    seat: str
    leader: bool
    where: str
    turns: int
    ms: int | None
    share: float | None
    quiet: int | None
    speaking: bool = False
    left_at: int | None = None


class Coded(Struct, frozen=True):
    """How many codes of a family there are; None: nobody undertook to code it, which is not zero."""

    family: Label
    count: int | None


class Case(Struct, frozen=True, kw_only=True):
    """A session at record `seq`, `now` ms on its clock. `silence`: how long it is silent now, None while it is not or
    nobody knows; `silences` are those of three seconds and more that are over, `silent` ms together.
    """

    session: str
    seq: int
    number: int
    held: str
    now: int
    logged: int
    phase: Label | None
    activity: Label | None
    paused: bool
    closed: bool
    timed: bool
    seats: tuple[SeatCase, ...]
    silence: int | None
    silences: int
    silent: int
    codes: tuple[Coded, ...]


def case_of(
    records: Sequence[e.Record], session: str, head: Head, codebooks: Sequence[cb.Codebook]
) -> Case | None:
    """Return what is the case after these records; None before the session is opened."""
    held = [x for x in holding(records, corrections(records)) if isinstance(x, e.Event)]
    held.sort(key=lambda x: (x.ts, x.seq))
    opened = next((x for x in held if isinstance(x, e.SessionOpened)), None)
    if opened is None:
        return None
    seen = Observation(held, opened, families(codebooks))
    shown = presented(records, session, head, codebooks)
    of = shown.session
    closed = of.opened.closed
    talking = None if closed else _talking(of, opened)
    turns = _turns(of)
    timed = _timed(of, turns)
    return Case(
        session=session, seq=head.seq, number=of.opened.number, held=of.opened.held, now=seen.last,
        logged=max((x.logged for x in records), default=0),
        phase=_phase(of, codebooks), activity=_activity(of, codebooks),
        paused=not closed and any(pause.dur is None for pause in of.pauses), closed=closed, timed=timed,
        seats=tuple(_seat(row, of, seen, turns, talking, timed=timed) for row in of.seats),
        silence=None if closed else _silence(of, seen, talking),
        silences=len(of.silences), silent=sum(row.dur or 0 for row in of.silences),
        codes=_codes(of, shown.captured, codebooks),
    )  # fmt: skip


def _turns(of: Session) -> list[r.Turn]:
    """Return the turns that shares are made of: of leaders and members whose talk is recorded, outside activities."""
    apart = {row.seat for row in of.seats if row.scope == "none"}
    inside = {*of.leaders, *of.members} - apart
    return [turn for turn in of.turns if turn.sender in inside and turn.activity is None]


def _timed(of: Session, turns: Sequence[r.Turn]) -> bool:
    """Return whether something can be said in time: the newest turn of a running session has no length yet."""
    settled = turns[:-1] if turns and turns[-1].dur is None else turns
    missing = sum(turn.dur is None for turn in settled)
    if not of.opened.lengths or missing == len(settled):
        return False
    return cap("turns have no length", missing, len(settled), n=missing) is None


def _floor(of: Session) -> list[r.Turn | r.Crowd]:
    return sorted([*of.turns, *of.rows(r.Crowd)], key=lambda row: (row.ts, row.seq))


def _talking(of: Session, opened: e.SessionOpened) -> r.Turn | r.Crowd | None:
    """Return the turn, or the crowd, that is not over."""
    last = next(reversed(_floor(of)), None)
    open_ended = last is not None and last.dur is None and opened.turn_ends == "next"
    return last if open_ended else None


def _silence(of: Session, seen: Observation, talking: r.Turn | r.Crowd | None) -> int | None:
    floor = _floor(of)
    if not floor or talking is not None or floor[-1].dur is None:
        return None
    return seen.recorded(max(row.ts + (row.dur or 0) for row in floor), seen.last)


def _seat(
    row: r.SeatRow,
    of: Session,
    seen: Observation,
    turns: Sequence[r.Turn],
    talking: r.Turn | r.Crowd | None,
    *,
    timed: bool,
) -> SeatCase:
    leader = row.role in LEADERS
    own = [turn for turn in of.turns if turn.sender == row.seat and turn.activity is None]
    base = [turn for turn in turns if leader or turn.sender in of.members]
    part, whole = len(own), len(base)
    if timed:
        part, whole = (sum(turn.dur or 0 for turn in those) for those in (own, base))
    stays = [stay for stay in of.presences if stay.seat == row.seat]
    where, left_at = "in", None
    if row.scope == "none":
        where = "apart"
    elif not row.attended or not stays:
        where = "absent"
    elif stays[-1].left_as is not None:
        where, left_at = "left", _end(stays[-1], of)
    speaking = isinstance(talking, r.Turn) and talking.sender == row.seat
    counts = row.role == "member" or leader
    return SeatCase(
        seat=row.seat, leader=leader, where=where, turns=len(own),
        ms=sum(turn.dur or 0 for turn in own) if timed else None,
        share=part / whole if whole and counts and where not in ("apart", "absent") else None,
        quiet=_quiet(row.seat, of, seen, stays) if where == "in" and not speaking else None,
        speaking=speaking, left_at=left_at,
    )  # fmt: skip


def _quiet(seat: str, of: Session, seen: Observation, stays: Sequence[r.Presence]) -> int | None:
    spoken = [turn.ts + (turn.dur or 0) for turn in of.turns if turn.sender == seat]
    return seen.recorded(max([stays[-1].ts, *spoken]), seen.last)


def _end(stay: r.Presence, of: Session) -> int:
    """Return when a stay ended on the session clock; its length leaves out the pauses, which lie in between."""
    end = stay.ts + (stay.dur or 0)
    for pause in of.pauses:
        if stay.ts <= pause.ts < end:
            end += pause.dur or 0
    return end


def _phase(of: Session, codebooks: Sequence[cb.Codebook]) -> Label | None:
    last = next(reversed(of.rows(r.Phase)), None)
    if last is None:
        return None
    known = {phase.id: phase.label for book in codebooks for phase in cb.phases_of(book, of.opened.setting)}
    return known.get(last.phase, Label(id=last.phase, en=last.phase))


def _activity(of: Session, codebooks: Sequence[cb.Codebook]) -> Label | None:
    running = [row for row in of.activities if row.dur is None]
    if not running:
        return None
    code = cb.by_stored(codebooks, running[-1].activity, {})
    return code.label if code else Label(id=running[-1].activity, en=running[-1].activity)


def _codes(of: Session, captured: Collection[str], codebooks: Sequence[cb.Codebook]) -> tuple[Coded, ...]:
    """Return the families that codes can be of, in the codebooks' order."""
    able = {
        code.family for book in codebooks for code in book.codes if code.of == "session" and not code.private
    }
    able -= {code.family for book in codebooks for code in book.codes if code.event.startswith(ELSEWHERE)}
    family_of = families(codebooks)
    counts = Counter(
        row.family for kind in CODED for row in of.rows(r.KINDS[kind]) if isinstance(row, r.CodeRow)
    )
    begun = {row.id: row.activity for row in of.activities}  # one that is handed over has a row for each part
    counts.update(family_of(activity, {}) for activity in begun.values())
    found: dict[str, Coded] = {}
    for family in (family for book in codebooks for family in book.families):
        if family.id in able and not family.apart and family.id not in found:
            count = counts[family.id]
            found[family.id] = Coded(family.label, count if count or family.id in captured else None)
    return tuple(found.values())


# -- what was told ---------------------------------------------------------------------------------------------


class Noticed(Struct, frozen=True, kw_only=True):
    """An alert and when it was raised (tick `since`), shown and lowered, in ms of the session clock."""

    alert: str
    seat: str | None
    says: Said
    since: int
    raised: int
    shown: int | None = None
    lowered: int | None = None


class Told(Struct, frozen=True):
    """The alerts in the order they were raised, the plugins whose process fails, and the analyses that do."""

    alerts: tuple[Noticed, ...] = ()
    plugins: dict[str, str] = {}
    analyses: dict[str, str] = {}


def told(before: Told, line: LiveLine) -> Told:
    """Return what is known after a line."""
    match line:
        case RaisedLine():
            one = Noticed(alert=line.alert, seat=line.seat, says=line.says, since=line.seq, raised=line.ts)
            return replace(before, alerts=(*before.alerts, one))
        case ShownLine():
            changed = [
                replace(a, shown=line.ts, says=line.says)
                if (a.alert, a.seat, a.since) == (line.alert, line.seat, line.since)
                else a
                for a in before.alerts
            ]
            return replace(before, alerts=tuple(changed))
        case LoweredLine():
            changed = [
                replace(a, lowered=line.ts)
                if (a.alert, a.seat) == (line.alert, line.seat) and a.lowered is None
                else a
                for a in before.alerts
            ]
            return replace(before, alerts=tuple(changed))
        case WorkerLine(state="started"):
            return replace(before, plugins=_without(before.plugins, line.plugin))
        case WorkerLine():
            return replace(before, plugins={**before.plugins, line.plugin: line.error or line.state})
        case FailedLine():
            return replace(before, analyses={**before.analyses, line.analysis: line.error})
    return before


def still(before: Told, failing: Collection[str]) -> Told:
    """Return what is known when of the analyses only these still fail."""
    return replace(before, analyses={name: why for name, why in before.analyses.items() if name in failing})


def _without(known: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in known.items() if key != name}
