"""The four style markers of one who holds the floor (science.md §1, rule P)."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from statistics import median

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tkcore import Silence, Turn, Withheld, percentile_ends
from tkcore_monopoly.draws import numbers

PERMUTATIONS = 200
MORE = 2
"""A marker shows from more than twice what the others do."""

Seats = npt.NDArray[np.int64]


class Style(Struct, frozen=True, kw_only=True):
    """`reentry`: speaks within two turns of another member's turn, above the 95 % band of permuted labels.

    `breaks`: his part of the silences that members break; `long`: his median turn; `overlaps`: starts into others'
    turns; each more than twice what is his share, or what the others do.
    """

    reentry: bool | Withheld
    breaks: bool | Withheld
    long: bool | Withheld
    overlaps: bool | Withheld


def styles(
    members: tuple[str, ...],
    turns: tuple[Turn, ...],
    silences: Iterable[Silence],
    random: Random,
    timed: Withheld | None,
) -> dict[str, Style]:
    """Return the markers of each member. `turns` in order of time, leaders' among them."""
    own = [t for t in turns if t.sender in members]
    place = {seat: at for at, seat in enumerate(members)}
    senders = np.array([place.get(t.sender, -1) for t in turns], dtype=np.int64)
    observed = reentries(senders[None, :], len(members))[0]
    limit = band(senders, len(members), random)
    broken = [s.breaker for s in silences if s.breaker in members]
    starts = dict.fromkeys(members, 0)
    for turn, _ in overlaps(turns):
        if turn.sender in starts:
            starts[turn.sender] += 1
    found = {}
    for seat in members:
        mine = [t.dur for t in own if t.sender == seat and t.dur is not None]
        others = [t.dur for t in own if t.sender != seat and t.dur is not None]
        count = sum(t.sender == seat for t in own)
        alone = Withheld("one of both sides has no turn", len(own)) if count in (0, len(own)) else None
        # breaks/all breaks > 2 · turns/all turns, in integers
        into, rest = starts[seat], sum(starts.values()) - starts[seat]
        found[seat] = Style(
            reentry=alone or bool(observed[place[seat]] > limit[place[seat]]),
            breaks=timed
            or (None if broken else Withheld("no silence broken by a member", 0))
            or broken.count(seat) * len(own) > MORE * count * len(broken),
            long=timed
            or (None if mine and others else alone or Withheld("no lengths to compare", len(mine)))
            or median(mine) > MORE * median(others),
            overlaps=unmeasured(turns) or alone or into * (len(own) - count) > MORE * rest * count,
        )
    return found


def reentries(senders: Seats, m: int) -> npt.NDArray[np.float64]:
    """P(seat speaks within two turns after another member's turn), for each row of turns; -1 is no member."""
    now, after = senders[:, :-1], senders[:, 1:]
    second = np.full_like(now, -1)
    second[:, :-1] = senders[:, 2:]
    found = np.zeros((len(senders), m))
    for seat in range(m):
        chance = (now >= 0) & (now != seat)
        hits = (chance & ((after == seat) | (second == seat))).sum(axis=1)
        found[:, seat] = hits / np.maximum(1, chance.sum(axis=1))
    return found


def band(senders: Seats, m: int, random: Random) -> npt.NDArray[np.float64]:
    """The upper end of the 95 % band when the members' labels are shuffled among their turns."""
    places = np.flatnonzero(senders >= 0)
    keys = numbers(random, PERMUTATIONS * len(places)).reshape(PERMUTATIONS, -1)
    shuffled = np.tile(senders, (PERMUTATIONS, 1))
    shuffled[:, places] = senders[places][np.argsort(keys, axis=1, kind="stable")]
    drawn = np.sort(reentries(shuffled, m), axis=0)
    end: npt.NDArray[np.float64] = drawn[-1 - percentile_ends(PERMUTATIONS)]
    return end


def unmeasured(turns: tuple[Turn, ...]) -> Withheld | None:
    """Return why overlaps cannot be seen, or None: a tap ends the turn before it."""
    return None if any(t.given for t in turns) else Withheld("lengths are not measured", len(turns))


def overlaps(turns: tuple[Turn, ...]) -> list[tuple[Turn, tuple[str, ...]]]:
    """Return each turn that starts into others' turns, with those who were speaking."""
    found = []
    until: dict[str, int] = {}
    for turn in turns:
        cut = tuple(seat for seat, end in until.items() if end > turn.ts and seat != turn.sender)
        if cut:
            found.append((turn, cut))
        until[turn.sender] = max(until.get(turn.sender, 0), turn.ts + (turn.dur or 0))
    return found
