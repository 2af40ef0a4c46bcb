"""The four style markers of one who holds the floor (science.md §1, rule P)."""

from __future__ import annotations

from random import Random
from statistics import median

from msgspec import Struct

from tkcore import Silence, Turn, Withheld

PERMUTATIONS = 200
MORE = 2
"""A marker shows from more than twice what the others do."""


class Style(Struct, frozen=True, kw_only=True):
    """`reentry` speaks again within two turns of another member, above the 95 % band of permuted labels; `breaks`
    his share of the silences members break; `long` his median turn; `overlaps` starts into others' turns.
    """

    reentry: bool | Withheld
    breaks: bool | Withheld
    long: bool | Withheld
    overlaps: bool | Withheld


def styles(
    members: tuple[str, ...],
    turns: tuple[Turn, ...],
    silences: tuple[Silence, ...],
    random: Random,
    *,
    timed: bool,
) -> dict[str, Style]:
    """Return the markers of each member. `turns` in order of time, leaders' among them."""
    own = [t for t in turns if t.sender in members]
    senders = [t.sender for t in turns]
    observed = _reentry(senders, members)
    band = _band(senders, members, random)
    broken = [s.breaker for s in silences if s.breaker in members]
    found = {}
    no_lengths = Withheld("the source has no lengths", len(own))
    for seat in members:
        mine = [t.dur for t in own if t.sender == seat and t.dur is not None]
        others = [t.dur for t in own if t.sender != seat and t.dur is not None]
        count = sum(t.sender == seat for t in own)
        found[seat] = Style(
            reentry=observed[seat] > band[seat],
            # breaks/all breaks > 2 · turns/all turns, in integers
            breaks=broken.count(seat) * len(own) > MORE * count * len(broken) if timed else no_lengths,
            long=bool(mine and others and median(mine) > MORE * median(others)) if timed else no_lengths,
            overlaps=_overlaps(seat, members, turns),
        )
    return found


def _reentry(senders: list[str], members: tuple[str, ...]) -> dict[str, float]:
    """P(seat speaks within two turns after another member's turn)."""
    chances, hits = dict.fromkeys(members, 0), dict.fromkeys(members, 0)
    inside = set(members)
    total = 0
    spoken = dict.fromkeys(members, 0)
    for at, sender in enumerate(senders[:-1]):
        if sender not in inside:
            continue
        total += 1
        spoken[sender] += 1
        for following in set(senders[at + 1 : at + 3]) - {sender}:
            if following in inside:
                hits[following] += 1
    for seat in members:
        chances[seat] = total - spoken[seat]
    return {seat: hits[seat] / chances[seat] if chances[seat] else 0.0 for seat in members}


def _band(senders: list[str], members: tuple[str, ...], random: Random) -> dict[str, float]:
    """The upper end of the 95 % band when the members' labels are shuffled among their turns."""
    places = [at for at, sender in enumerate(senders) if sender in members]
    labels = [senders[at] for at in places]
    drawn: dict[str, list[float]] = {seat: [] for seat in members}
    shuffled = list(senders)
    for _ in range(PERMUTATIONS):
        for at in range(len(labels) - 1, 0, -1):
            other = int(random.random() * (at + 1))
            labels[at], labels[other] = labels[other], labels[at]
        for at, label in zip(places, labels, strict=True):
            shuffled[at] = label
        for seat, value in _reentry(shuffled, members).items():
            drawn[seat].append(value)
    top = -(-PERMUTATIONS * 95 // 100) - 1
    return {seat: sorted(values)[top] for seat, values in drawn.items()}


def _overlaps(seat: str, members: tuple[str, ...], turns: tuple[Turn, ...]) -> bool | Withheld:
    """Starts before the turn in front has ended, per turn, against the other members'."""
    if not any(t.given for t in turns):
        return Withheld("lengths are not measured", len(turns))
    starts, others, mine, theirs = 0, 0, 0, 0
    for before, turn in zip(turns, turns[1:], strict=False):
        over = before.dur is not None and turn.ts < before.ts + before.dur and before.sender != turn.sender
        if turn.sender == seat:
            starts, mine = starts + over, mine + 1
        elif turn.sender in members:
            others, theirs = others + over, theirs + 1
    return bool(mine and theirs and starts * theirs > MORE * others * mine)
