"""Whether talk has gone through the leaders lately: the last turns, whole ones (capture.md)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tkcore import Alert, Said, Session, Turn, Withheld, analysis, bounded, cap, gate, wilson
from tkcore_network.acts import people, turns_of


class Recent(Struct, frozen=True, kw_only=True):
    """Of the last `turns`, from `since` on (ms), those `through` a leader; `share` with its 95 % bounds.

    `vertical`: the share is above the limit; `expected`: the handbook expects that of an inpatient group.
    """

    turns: int
    through: int
    since: int | None
    share: float | Withheld
    share_low: float | Withheld
    share_high: float | Withheld
    vertical: bool | Withheld
    expected: bool


def vertical_lately(result: Recent) -> Iterable[Alert]:
    """The last turns went through the leaders, where the handbook does not expect it: how many of how many."""
    if result.vertical is True and not result.expected:
        yield Alert(
            alert="network.vertical_recent", numbers={"through": result.through, "turns": result.turns}
        )


SAYS = {
    "network.vertical_recent": Said(
        id="{through} dari {turns} giliran terakhir dari atau kepada terapis",
        en="{through} of the last {turns} turns are a leader's or to a leader",
    )
}


@analysis("network.recent", version=1, reads=("turn", "seat", "activity"), alert=vertical_lately, says=SAYS)
def recent(session: Session, *, last: int = 30, percent: int = 70, activities: bool = False) -> Recent:
    """How many of the last turns had a leader at one end.

    Of the `last` (30) turns: those of a leader, to whomever, and those to a leader, alone or among others. *vertical*:
    more than `percent` (70) of them, in whole numbers, 22 of 30. Turns between leaders are left out, and stretches of
    an activity unless `activities`. The share has Wilson's interval; the limit is on the share itself. Not said below
    that many turns, with fewer than 3 members, without a leader in the room, or where more than 20 % of these turns
    are a member's to nobody knows whom. Source: capture.md (alerts); the limit is ours.

    Limits: another thing than the class of `network.structure`: whole turns, those to the group among them, and a
    few minutes of a session. Where a leader answers each member, or two lead, half the turns are theirs at once:
    seventy in a hundred are soon reached, and are no fault of anybody. A lecture is a leader's turns to the group.
    """
    if last < 1 or not 0 < percent < 100:
        raise ValueError("last: at least 1; percent: from 1 to 99")
    inside = people(session)
    leaders = {seat for seat in session.leaders if seat in inside}
    seen = [t for t in turns_of(session, activities=activities) if not _between(t, leaders)][-last:]
    through = sum(t.sender in leaders or not leaders.isdisjoint(t.receivers) for t in seen)
    lost = sum(t.sender not in leaders and t.audience == "unknown" for t in seen)
    unsaid = (
        (None if leaders else Withheld("no leader present", 0))
        or gate("members", len(inside) - len(leaders), 3)
        or (Withheld("fewer turns than are looked at", len(seen)) if len(seen) < last else None)
        or cap("turns have an unknown receiver", lost, len(seen))
    )
    value, low, high = bounded(unsaid or wilson(through, len(seen)))
    return Recent(
        turns=len(seen), through=through, since=seen[0].ts if seen else None, share=value, share_low=low,
        share_high=high, vertical=unsaid or through * 100 > percent * len(seen),
        expected=session.opened.setting == "inpatient",
    )  # fmt: skip


def _between(turn: Turn, leaders: set[str]) -> bool:
    """Whether a turn is a leader's to leaders only."""
    return turn.sender in leaders and bool(turn.receivers) and leaders.issuperset(turn.receivers)
