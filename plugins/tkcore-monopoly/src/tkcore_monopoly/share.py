"""Each seat's share of the talk, and stretches in which one member holds the floor (science.md §1)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from tkcore import Alert, Said, Session, Turn, Withheld, analysis
from tkcore_monopoly.style import Style, styles
from tkcore_monopoly.talk import NO_LENGTHS, clock, counts, has_lengths, lengths, turns_of, wilson

LEAST_TURNS, LEAST_MS = 30, 900_000
DOMINANT, MONOPOLISING, HALF = 1.5, 2.0, 0.40
MARKERS = 2


class Share(Struct, frozen=True, kw_only=True):
    """One seat, in seat order; `low` and `high` are 95 % bounds, the four markers those of `style.py`. Shares are of the members' talk (a leader's: of everyone's). `received` and `sent`
    are shares of all directed acts; `asked`: he is asked and advised at least as much as he speaks. `longest` and
    `since`..`until` in ms.
    """

    seat: str
    leader: bool
    turns: int
    ms: int | Withheld
    share_turns: float | Withheld
    share_turns_low: float | Withheld
    share_turns_high: float | Withheld
    share_ms: float | Withheld
    share_ms_low: float | Withheld
    share_ms_high: float | Withheld
    sent: float | Withheld
    received: float | Withheld
    asked: bool
    initiatives: float | Withheld
    longest: int | Withheld
    reentry: bool | Withheld
    breaks: bool | Withheld
    long: bool | Withheld
    overlaps: bool | Withheld
    finding: str | Withheld
    since: int | None
    until: int | None
    said: Said | None


class Shares(Struct, frozen=True, kw_only=True):
    """`members` m and `turns` of members are what the gates look at; `recorded` ms."""

    members: int
    turns: int
    recorded: int
    symmetry: float | Withheld
    seats: tuple[Share, ...]


def holding(result: Shares) -> Iterable[Alert]:
    """A seat that holds the floor: its share in thousandths and the stretch in ms. None for one who is asked."""
    for seat in result.seats:
        if seat.finding in ("dominant", "monopolising") and isinstance(seat.share_ms, float):
            numbers = {
                "per_mille": round(1000 * seat.share_ms),
                "since": seat.since or 0,
                "until": seat.until or 0,
            }
            yield Alert(alert=f"monopoly.{seat.finding}", seat=seat.seat, numbers=numbers)


@analysis(
    "monopoly.share", version=1, reads=("turn", "address", "silence", "seat", "activity"), alert=holding
)
def share(session: Session, *, block: int = 5, draws: int = 1000, activities: bool = False) -> Shares:
    """Who speaks how much, and whether one member holds the floor.

    Shares of turns (Wilson) and of time (circular bootstrap over blocks of 5 member turns, percentiles) among the
    members in the room; leaders apart. *talks most*: rank only. *dominant*: the lower bound of the time share is
    above 1.5/m. *monopolising*: above 2/m, the share at least .40, and two of four style markers. Not judged below
    30 member turns or 15 recorded minutes. A member whose share of acts received is at least his share sent is asked
    and advised: nothing above *talks most*. The stretch of a finding is where his time exceeds the limit most
    (maximum subarray). Stretches of an activity are left out unless `activities`. Source: science.md §1; the rule
    and the stretch are ours.

    Limits: one session can show a stretch, never a pattern; twice the equal share is ordinary. Turns depend on each
    other, hence blocks.
    """
    turns = turns_of(session, activities=activities)
    members, leaders = session.members, session.leaders
    own = tuple(t for t in turns if t.sender in members)
    timed = has_lengths(session, turns)
    number, time = counts(turns, (*leaders, *members)), lengths(turns, (*leaders, *members))
    bounds = _bounds(session, own, members, block, draws) if timed else {}
    style = styles(members, turns, session.silences, session.random, timed=timed) if members else {}
    gate = _gate(len(own), session.opened.recorded)
    sent, received, directed = _acts(session, activities=activities)
    no_lengths = Withheld(NO_LENGTHS, len(turns))
    found = []
    top = _top(members, time if timed else number)
    for seat in (*leaders, *members):
        leader = seat in leaders
        base = turns if leader else own
        ms_base = sum(time[s] for s in ((*leaders, *members) if leader else members))
        asked = received.get(seat, 0) > 0 and received.get(seat, 0) >= sent.get(seat, 0)
        share_ms: float | Withheld = no_lengths
        if timed:
            share_ms = time[seat] / ms_base if ms_base else Withheld("nobody spoke", len(base))
        finding: str | Withheld = "none"
        limit = 0.0
        if not leader:
            finding, limit = (gate, 0.0) if gate else _finding(
                seat, top, share_ms, bounds.get(seat), style[seat], len(members), asked=asked
            )  # fmt: skip
        stretch = _stretch(seat, own, limit) if limit else None
        nobody = Withheld("nobody spoke", 0)
        counted: tuple[float | Withheld, float | Withheld] = (
            wilson(number[seat], len(base)) if base else (nobody, nobody)
        )
        none = (
            Withheld("intervals of time are of members", 0) if leader else no_lengths if not timed else nobody
        )
        bound: tuple[float | Withheld, float | Withheld] = bounds.get(seat, (none, none))
        apart = Withheld("markers are of members", 0)
        marks = style.get(seat, Style(reentry=apart, breaks=apart, long=apart, overlaps=apart))
        found.append(
            Share(
                seat=seat, leader=leader, turns=number[seat], ms=time[seat] if timed else no_lengths,
                share_turns=number[seat] / len(base) if base else Withheld("nobody spoke", 0),
                share_turns_low=counted[0], share_turns_high=counted[1],
                share_ms=share_ms,
                share_ms_low=bound[0], share_ms_high=bound[1],
                sent=sent.get(seat, 0) / directed if directed else Withheld("no directed act", 0),
                received=received.get(seat, 0) / directed if directed else Withheld("no directed act", 0),
                asked=asked, initiatives=_initiatives(seat, turns),
                longest=max((t.dur or 0 for t in turns if t.sender == seat), default=0) if timed else no_lengths,
                reentry=marks.reentry, breaks=marks.breaks, long=marks.long, overlaps=marks.overlaps,
                finding=finding, since=stretch[0] if stretch else None, until=stretch[1] if stretch else None,
                said=_said(finding, stretch, asked=asked),
            )
        )  # fmt: skip
    return Shares(
        members=len(members), turns=len(own), recorded=session.opened.recorded,
        symmetry=_symmetry([time[s] for s in leaders]) if timed else no_lengths, seats=tuple(found),
    )  # fmt: skip


def _gate(turns: int, recorded: int) -> Withheld | None:
    if turns < LEAST_TURNS:
        return Withheld("fewer than 30 member turns", turns)
    if recorded < LEAST_MS:
        return Withheld("fewer than 15 recorded minutes", recorded // 60_000)
    return None


def _top(members: tuple[str, ...], amount: dict[str, int]) -> str | None:
    """The member with the most; nobody where two are level."""
    ranked = sorted((amount[seat] for seat in members), reverse=True)
    if not ranked or not ranked[0] or (len(ranked) > 1 and ranked[0] == ranked[1]):
        return None
    return next(seat for seat in members if amount[seat] == ranked[0])


def _finding(
    seat: str,
    top: str | None,
    part: float | Withheld,
    bounds: tuple[float, float] | None,
    style: Style,
    m: int,
    *,
    asked: bool,
) -> tuple[str, float]:
    """Return the level, and the share above which its stretch is sought (0: none)."""
    plain = "talks_most" if seat == top else "none"
    if asked or bounds is None or isinstance(part, Withheld):
        return plain, 0.0
    shown = sum(mark is True for mark in (style.reentry, style.breaks, style.long, style.overlaps))
    if bounds[0] > MONOPOLISING / m and part >= HALF and shown >= MARKERS:
        return "monopolising", MONOPOLISING / m
    if bounds[0] > DOMINANT / m:
        return "dominant", DOMINANT / m
    return plain, 0.0


def _bounds(
    session: Session, own: tuple[Turn, ...], members: tuple[str, ...], block: int, draws: int
) -> dict[str, tuple[float, float]]:
    """Circular block bootstrap of the members' time shares: 2.5 and 97.5 percentiles."""
    n = len(own)
    if n == 0 or draws < 1 or not sum(t.dur or 0 for t in own):
        return {}
    place = {seat: at for at, seat in enumerate(members)}
    who = np.array([place[t.sender] for t in own])
    ms = np.array([t.dur or 0 for t in own], dtype=np.int64)
    table = np.zeros((n, len(members)), dtype=np.int64)
    table[np.arange(n), who] = ms
    needed = -(-n // block)
    steps = np.arange(block)
    shares = np.empty((draws, len(members)))
    for draw in range(draws):
        begins = np.array([int(session.random.random() * n) for _ in range(needed)])
        sums = table[((begins[:, None] + steps) % n).ravel()[:n]].sum(axis=0)
        shares[draw] = sums / max(1, int(sums.sum()))
    shares.sort(axis=0)
    low, high = int(0.025 * draws), min(draws - 1, int(0.975 * draws))
    return {seat: (float(shares[low, at]), float(shares[high, at])) for seat, at in place.items()}


def _acts(session: Session, *, activities: bool) -> tuple[dict[str, int], dict[str, int], int]:
    """Return directed acts sent and received by each seat, in parts of an act, and their sum."""
    inside = {*session.leaders, *session.members}
    sent: dict[str, int] = {}
    received: dict[str, int] = {}
    for act in session.addresses:
        if {act.sender, act.receiver} <= inside and (activities or act.activity is None):
            sent[act.sender] = sent.get(act.sender, 0) + act.weight
            received[act.receiver] = received.get(act.receiver, 0) + act.weight
    return sent, received, sum(sent.values())


def _initiatives(seat: str, turns: tuple[Turn, ...]) -> float | Withheld:
    """Turns by somebody not individually addressed in the turn before, of his own turns."""
    mine = [(before, t) for before, t in zip((None, *turns), turns, strict=False) if t.sender == seat]
    if not mine:
        return Withheld("no turn", 0)
    return sum(before is None or seat not in before.receivers for before, _ in mine) / len(mine)


def _symmetry(leaders: list[int]) -> float | Withheld:
    """Min/max of the two leaders' time."""
    if len(leaders) != 2 or not max(leaders):
        return Withheld("not two leaders who spoke", len(leaders))
    return min(leaders) / max(leaders)


def _stretch(seat: str, own: tuple[Turn, ...], limit: float) -> tuple[int, int] | None:
    """Return the stretch of member turns in which his time exceeds `limit` of all members' most, in ms."""
    per_mille = round(1000 * limit)
    best, best_span, running, begin = 0, None, 0, 0
    for at, turn in enumerate(own):
        ms = turn.dur or 0
        if running <= 0:
            running, begin = 0, at
        running += ms * (1000 - per_mille) if turn.sender == seat else -ms * per_mille
        if running > best:
            best, best_span = running, (begin, at)
    if best_span is None:
        return None
    last = own[best_span[1]]
    return own[best_span[0]].ts, last.ts + (last.dur or 0)


def _said(finding: str | Withheld, stretch: tuple[int, int] | None, *, asked: bool) -> Said | None:
    """Findings are stretches of time, never persons."""
    if stretch is not None:
        span = f"{clock(stretch[0])}–{clock(stretch[1])}"
        return Said(f"memegang pembicaraan {span}", f"held the floor {span}")
    if asked and finding == "talks_most":
        return Said("paling banyak bicara; ditanya dan dinasihati", "talks most; asked and advised")
    if finding == "talks_most":
        return Said("paling banyak bicara", "talks most")
    return None
