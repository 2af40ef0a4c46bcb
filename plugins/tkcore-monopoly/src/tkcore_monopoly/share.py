"""Each seat's share of the talk, and stretches in which one member holds the floor (science.md §1)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from msgspec import Struct

from tkcore import Alert, Said, Session, Turn, Withheld, analysis, gate, percentile_ends
from tkcore_monopoly.draws import numbers
from tkcore_monopoly.style import Style, overlaps, styles, unmeasured
from tkcore_monopoly.talk import (
    asked,
    circle,
    clock,
    counts,
    lengths,
    received,
    too_little,
    top,
    turns_of,
    unaddressed,
    untimed,
    wilson,
)

DOMINANT, MONOPOLISING, HALF = 1.5, 2.0, 0.40
MARKERS = 2

Number = float | Withheld


class Share(Struct, frozen=True, kw_only=True):
    """One seat, in seat order; `low` and `high` are 95 % bounds.

    Shares are of the members' talk (a leader's: of everyone's). `sent` is its share of everyone's turns, `received`
    of all acts to a named person; `asked`: `received` is at least `sent`. `initiatives`: turns by one not addressed
    in the turn before, of his own; `participatory`: (interruptions made - received)/(made + received). `longest`
    turn, `since` and `until` in ms. The four markers are those of `style.py`.
    """

    seat: str
    leader: bool
    turns: int
    ms: int | Withheld
    share_turns: Number
    share_turns_low: Number
    share_turns_high: Number
    share_ms: Number
    share_ms_low: Number
    share_ms_high: Number
    sent: Number
    received: Number
    asked: bool | Withheld
    initiatives: Number
    participatory: Number
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
    """`members` m and `turns` of members are what the gates look at; `recorded` ms.

    `measured`: member turns with a length; `symmetry` of two leaders: the smaller time by the larger.
    """

    members: int
    turns: int
    measured: int
    recorded: int
    symmetry: Number
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


SAYS = {
    key: Said(
        id="satu kursi memegang {per_mille} dari 1000 bagian waktu bicara anggota",
        en="one seat holds {per_mille} of 1000 parts of the members' time",
    )
    for key in ("monopoly.dominant", "monopoly.monopolising")
}


@analysis(
    "monopoly.share", version=1, reads=("turn", "address", "silence", "seat", "activity"), alert=holding, says=SAYS
)  # fmt: skip
def share(session: Session, *, block: int = 5, draws: int = 1000, activities: bool = False) -> Shares:
    """Who speaks how much, and whether one member holds the floor.

    Shares of turns (Wilson) and of time (circular bootstrap over blocks of 5 member turns, percentiles) among the
    members in the room; leaders apart. *talks most*: rank only. *dominant*: the lower bound of the time share is
    above 1.5/m. *monopolising*: above 2/m, the share at least .40, and two of four style markers; a marker that
    cannot be seen is withheld, and two of the others are needed. Not judged below 30 member turns or 15 recorded
    minutes; without lengths nothing above *talks most*. A member whose share of the acts received is at least his
    share of everyone's turns is asked and advised: nothing above *talks most*. The stretch of a finding is where his
    time exceeds the limit most (maximum subarray). Stretches of an activity are left out unless `activities`, and so
    is a seat that is not to be recorded. Source: science.md §1 (Linell et al. 1988 for initiatives and
    interruptions); the rule and the stretch are ours.

    Limits: one session can show a stretch, never a pattern; twice the equal share is ordinary. Turns depend on each
    other, hence blocks. With more than 20 % unknown receivers nobody can say whether he was asked, and the sentence
    says so.
    """
    if block < 1 or draws < 1:
        raise ValueError("block and draws: at least 1")
    people = circle(session)
    members, leaders = people.members, people.leaders
    turns = turns_of(session, activities=activities)
    own = tuple(t for t in turns if t.sender in members)
    timed, lost = untimed(session, turns), unaddressed(turns)
    number, time = counts(turns, people.everyone), lengths(turns, people.everyone)
    # one block would be the session itself, and the bounds a false certainty
    few = (gate("blocks of member turns", len(own), 2, each=block) if own else None) or Withheld(
        "nobody spoke", 0
    )
    bounds = {} if timed or len(own) < 2 * block else _bounds(session, own, members, block, draws)
    silences = [s for s in session.silences if activities or s.activity is None]
    style = styles(members, turns, silences, session.random, timed)
    unsaid = too_little(len(members), len(own), session.opened.recorded)
    got = received(session, people, activities=activities)
    directed = sum(got.values())
    openings = _initiatives(session, turns, people.everyone)
    interrupting = _interruptions(turns, people.everyone)
    first = top(members, number if timed else time)
    nobody, apart = Withheld("nobody spoke", 0), Withheld("leaders are not counted here", 0)
    found = []
    for seat in people.everyone:
        leader = seat in leaders
        base = turns if leader else own
        ms_base = sum(time[s] for s in (people.everyone if leader else members))
        floor_only = seat in people.floor_only
        unheard = lost or (
            Withheld("only the floor of this seat is recorded", number[seat]) if floor_only else None
        )
        share_ms = timed or (time[seat] / ms_base if ms_base else nobody)
        bound: tuple[Number, Number] = bounds.get(seat, (timed or (apart if leader else few),) * 2)
        is_asked = unheard or asked(seat, number, got)
        finding: str | Withheld = "none"
        limit = 0.0
        marks = style.get(seat, Style(reentry=apart, breaks=apart, long=apart, overlaps=apart))
        if unsaid and not leader:
            finding = unsaid
        elif not leader:
            finding, limit = _finding(
                seat, first, share_ms, bound[0], marks, len(members), is_asked=is_asked is True
            )
        stretch = _stretch(seat, own, limit) if limit else None
        counted: tuple[Number, Number] = wilson(number[seat], len(base)) if base else (nobody, nobody)
        found.append(
            Share(
                seat=seat, leader=leader, turns=number[seat], ms=timed or time[seat],
                share_turns=number[seat] / len(base) if base else nobody,
                share_turns_low=counted[0], share_turns_high=counted[1],
                share_ms=share_ms, share_ms_low=bound[0], share_ms_high=bound[1],
                sent=number[seat] / len(turns) if turns else nobody,
                received=unheard or (got[seat] / directed if directed else Withheld("no directed act", 0)),
                asked=is_asked, initiatives=openings[seat], participatory=interrupting[seat],
                longest=timed or max((t.dur or 0 for t in turns if t.sender == seat), default=0),
                reentry=marks.reentry, breaks=marks.breaks, long=marks.long, overlaps=marks.overlaps,
                finding=finding, since=stretch[0] if stretch else None, until=stretch[1] if stretch else None,
                said=_said(finding, stretch, is_asked),
            )
        )  # fmt: skip
    return Shares(
        members=len(members), turns=len(own), measured=sum(t.dur is not None for t in own),
        recorded=session.opened.recorded, symmetry=timed or _symmetry(session, leaders, time), seats=tuple(found),
    )  # fmt: skip


def _finding(
    seat: str,
    first: str | None,
    part: Number,
    low: float | Withheld,
    style: Style,
    m: int,
    *,
    is_asked: bool,
) -> tuple[str | Withheld, float]:
    """Return the level, and the share above which its stretch is sought (0: none)."""
    plain = "talks_most" if seat == first else "none"
    if isinstance(low, Withheld):
        # without an interval a rank can be seen, but not that nobody holds the floor
        return plain if seat == first else low, 0.0
    assert not isinstance(part, Withheld), "no share has no interval either"
    if is_asked:
        return plain, 0.0
    shown = sum(mark is True for mark in (style.reentry, style.breaks, style.long, style.overlaps))
    if low > MONOPOLISING / m and part >= HALF and shown >= MARKERS:
        return "monopolising", MONOPOLISING / m
    if low > DOMINANT / m:
        return "dominant", DOMINANT / m
    return plain, 0.0


def _bounds(
    session: Session, own: tuple[Turn, ...], members: tuple[str, ...], block: int, draws: int
) -> dict[str, tuple[float, float]]:
    """The block bootstrap of tkcore for the time shares of all members at once. Not of no time at all."""
    n = len(own)
    if not sum(t.dur or 0 for t in own):
        return {}
    place = {seat: at for at, seat in enumerate(members)}
    table = np.zeros((n, len(members)), dtype=np.int64)
    table[np.arange(n), [place[t.sender] for t in own]] = [t.dur or 0 for t in own]
    needed = -(-n // block)
    begins = (numbers(session.random, draws * needed) * n).astype(np.int64).reshape(draws, -1)
    # the sums of a block from each turn on, whole and cut to what the last block still needs
    whole, last = (
        sum((np.roll(table, -step, axis=0) for step in range(size)), np.zeros_like(table))
        for size in (block, n - (needed - 1) * block)
    )
    sums = whole[begins[:, :-1]].sum(axis=1) + last[begins[:, -1]]
    shares = np.sort(sums / np.maximum(1, sums.sum(axis=1, keepdims=True)), axis=0)
    low = percentile_ends(draws)
    return {seat: (float(shares[low, at]), float(shares[draws - 1 - low, at])) for seat, at in place.items()}


def _initiatives(session: Session, turns: tuple[Turn, ...], seats: tuple[str, ...]) -> dict[str, Number]:
    """Turns by somebody not individually addressed in the turn before, of his own turns.

    A visitor's turn may be the one before; after a turn with an unknown receiver nobody can say.
    """
    mine, opened, unclear = (dict.fromkeys(seats, 0) for _ in range(3))
    inside = {t.turn for t in turns}
    for before, turn in pairwise((None, *session.turns)):
        if turn is None or turn.turn not in inside:
            continue
        if before is not None and before.audience == "unknown":
            unclear[turn.sender] += 1
            continue
        mine[turn.sender] += 1
        opened[turn.sender] += before is None or turn.sender not in before.receivers
    return {
        seat: opened[seat] / mine[seat]
        if mine[seat]
        else Withheld("no turn after a known receiver", 0)
        if unclear[seat]
        else Withheld("no turn", 0)
        for seat in seats
    }


def _interruptions(turns: tuple[Turn, ...], seats: tuple[str, ...]) -> dict[str, Number]:
    """(made - received)/(made + received), made: starts into others' turns."""
    unseen = unmeasured(turns)
    made, suffered = dict.fromkeys(seats, 0), dict.fromkeys(seats, 0)
    for turn, speaking in overlaps(turns):
        made[turn.sender] += 1
        for seat in speaking:
            suffered[seat] += 1
    return {
        seat: unseen
        or (
            (made[seat] - suffered[seat]) / (made[seat] + suffered[seat])
            if made[seat] + suffered[seat]
            else Withheld("no overlap", 0)
        )
        for seat in seats
    }


def _symmetry(session: Session, leaders: tuple[str, ...], time: dict[str, int]) -> Number:
    """Min/max of the two leaders' time.

    A co-therapist who records alone cannot tap while he speaks. Who the observer is stands in no row: one observer
    whose turns were tapped, not measured, is taken for him.
    """
    if len(leaders) != 2 or not any(time[seat] for seat in leaders):
        return Withheld("there are not two leaders who spoke", len(leaders))
    paired = any(s.role == "co_therapist" and s.seat in leaders for s in session.seats)
    if paired and len({turn.observer for turn in session.turns}) == 1 and unmeasured(session.turns):
        return Withheld("a co-therapist may be the only observer", 1)
    return min(time[seat] for seat in leaders) / max(time[seat] for seat in leaders)


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


def _said(finding: str | Withheld, stretch: tuple[int, int] | None, is_asked: bool | Withheld) -> Said | None:
    """Findings are stretches of time, never persons."""
    if stretch is not None:
        span = f"{clock(stretch[0])}–{clock(stretch[1])}"
        if isinstance(is_asked, Withheld):
            return Said(
                f"memegang pembicaraan {span}; siapa yang disapa tidak cukup tercatat",
                f"held the floor {span}; who was addressed is not recorded well enough",
            )
        return Said(f"memegang pembicaraan {span}", f"held the floor {span}")
    if finding != "talks_most":
        return None
    if is_asked is True:
        return Said("paling banyak bicara; ditanya dan dinasihati", "talks most; asked and advised")
    return Said("paling banyak bicara", "talks most")
