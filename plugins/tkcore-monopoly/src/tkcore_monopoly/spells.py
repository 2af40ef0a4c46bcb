"""Stretches in which a member in the room had no turn, in recorded minutes (capture.md)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from msgspec import Struct

from tkcore import Activity, Alert, Said, Session, Turn, analysis
from tkcore_monopoly.talk import circle

MINUTE = 60_000

Span = tuple[int, int]


class Spell(Struct, frozen=True, kw_only=True):
    """No turn of a seat from `since` to `until` (ms on the session clock): `ms` recorded, `others` turns meanwhile.

    `open`: it goes on, and he is in the room.
    """

    seat: str
    since: int
    until: int
    ms: int
    others: int
    open: bool


class Spells(Struct, frozen=True, kw_only=True):
    """The spells of all `members`, in seat order."""

    members: int
    spells: tuple[Spell, ...]


def waiting(result: Spells) -> Iterable[Alert]:
    """A member in the room has had no turn for long: the minutes, and the other members' turns meanwhile."""
    for spell in result.spells:
        if spell.open:
            numbers = {"minutes": spell.ms // MINUTE, "others": spell.others}
            yield Alert(alert="monopoly.no_turn", seat=spell.seat, numbers=numbers)


SAYS = {
    "monopoly.no_turn": Said(
        id="{minutes} menit tanpa giliran dari satu kursi; {others} giliran anggota lain",
        en="{minutes} minutes without a turn of one seat; {others} turns of other members",
    )
}


@analysis(
    "monopoly.spells", version=1, reads=("turn", "presence", "seat", "activity"), alert=waiting, says=SAYS
)
def spells(session: Session, *, minutes: int = 15, others: int = 3, activities: bool = False) -> Spells:
    """When a member in the room had no turn for long.

    A spell runs from the end of his last turn, or from when he came, to his next turn, or to when he left; it is of
    `minutes` (15) recorded minutes or more, pauses left out, and other members had `others` (3) turns or more in it: a
    lecture, or a silence of all, is none.
    It is open when it reaches the last moment recorded. The time and the turns of an activity (prayer, role play) are
    left out unless `activities`; a turn of his own in one ends the spell. Where nobody was to record the floor of a
    seat, nothing is said of it. Source: capture.md (alerts); the fifteen minutes and the three turns are ours.

    Limits: minutes, and no test: `monopoly.silent` says how surprising no turn is. Silence has many meanings (culture,
    medication, attending) and is never resistance by itself. Talk of several at once is nobody's turn. A turn whose
    length nobody knows ends where it begins.
    """
    if minutes < 1 or others < 0:
        raise ValueError("minutes: at least 1; others: at least 0")
    members = circle(session).members
    clock = _Clock(session)
    out = [] if activities else clock.spans(session.activities)
    ends = [_end(session, turn) for turn in session.turns]
    found = []
    for seat in members:
        own = [(t.ts, end) for t, end in zip(session.turns, ends, strict=True) if t.sender == seat]
        meanwhile = [
            t.ts for t in session.turns
            if t.sender in members and t.sender != seat and (activities or t.activity is None)
        ]  # fmt: skip
        for begin, end, left in clock.stays(session, seat):
            for since, until, last in _free(own, begin, end):
                a, b = clock.recorded(since), clock.recorded(until)
                ms = b - a - sum(max(0, min(b, y) - max(a, x)) for x, y in out)
                turns = bisect_left(meanwhile, until) - bisect_left(meanwhile, since)
                if ms >= minutes * MINUTE and turns >= others:
                    found.append(
                        Spell(
                            seat=seat, since=since, until=until, ms=ms, others=turns, open=last and not left
                        )
                    )
    return Spells(members=len(members), spells=tuple(found))


def _end(session: Session, turn: Turn) -> int | None:
    """Return when a turn ended; None: its sender has the floor, the newest turn of a running session has no end."""
    if turn.dur is not None:
        return turn.ts + turn.dur
    running = not session.opened.closed and session.opened.lengths and turn is session.turns[-1]
    return None if running else turn.ts


def _free(turns: list[tuple[int, int | None]], begin: int, end: int) -> Iterable[tuple[int, int, bool]]:
    """Return what of a stay lies between the turns, and whether it is the last of it."""
    since = begin
    for ts, until in turns:
        if begin <= ts <= end:
            if ts > since:
                yield since, ts, False
            since = max(since, end if until is None else until)
    if end > since:
        yield since, end, True


class _Clock:
    """The session clock against recorded time, which stands still in a pause."""

    def __init__(self, session: Session) -> None:
        opened = session.opened
        self.start, self.whole = opened.ts, opened.recorded
        self.pauses = [(max(p.ts, opened.ts), p.ts + p.dur) for p in session.pauses if p.dur is not None]
        # a pause that goes on: recorded time has ended where it began
        begun = [p.ts for p in session.pauses if p.dur is None]
        self.now = min([*begun, self.session(self.whole)])

    def recorded(self, ts: int) -> int:
        """Return the recorded ms before a moment."""
        moment = max(ts, self.start)
        away = sum(max(0, min(moment, end) - begin) for begin, end in self.pauses)
        return min(moment - self.start - away, self.whole)

    def session(self, ms: int) -> int:
        """Return the moment at which so many ms were recorded: the earliest, where a pause lies there."""
        moment = self.start + ms
        for begin, end in sorted(self.pauses):
            if begin < moment:
                moment += max(0, end - begin)
        return moment

    def spans(self, rows: Iterable[Activity]) -> list[Span]:
        """Return the recorded time of rows that last, each ms once."""
        found: list[Span] = []
        for row in sorted(rows, key=lambda row: row.ts):
            begin = self.recorded(row.ts)
            end = self.whole if row.dur is None else min(self.whole, begin + row.dur)
            if found:
                begin = max(begin, found[-1][1])
            if end > begin:
                found.append((begin, end))
        return found

    def stays(self, session: Session, seat: str) -> Iterable[tuple[int, int, bool]]:
        """Return when a seat came and went on the session clock, and whether it left."""
        for stay in session.presences:
            if stay.seat == seat:
                left = stay.left_as is not None
                begin = max(stay.ts, self.start)
                end = self.now
                if left and stay.dur is not None:
                    end = min(self.now, self.session(self.recorded(stay.ts) + stay.dur))
                yield begin, end, left
