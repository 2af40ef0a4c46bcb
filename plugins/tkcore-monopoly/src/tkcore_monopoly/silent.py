"""Members who say nothing or next to nothing (science.md §1)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from tkcore import Alert, Presence, Said, Session, Withheld, analysis, bonferroni
from tkcore_monopoly.talk import circle, turns_of, unaddressed, upper_bound

LEVEL = 0.05
QUIET = 0.5
KINDS = ("never_addressed", "addressed_not_answering")
SAID = {
    "silent": Said("belum bicara", "has not spoken"),
    "very_quiet": Said("sangat sedikit bicara", "has spoken very little"),
    "not_enough": Said("belum bicara; giliran belum cukup untuk dinilai", "has not spoken; not enough turns to say"),
}  # fmt: skip


class Quiet(Struct, frozen=True, kw_only=True):
    """A member. `turns` of the `of` member turns taken while he was in the room; `present`: he did not leave.

    `p_zero` is the chance of no turn if all spoke alike, `p_zero_bonferroni` times m; `upper` the upper
    Clopper–Pearson bound of his share; `finding` none, silent, very_quiet or not_enough; `addressed` acts to him;
    `kind` of one without a turn: never_addressed or addressed_not_answering.
    """

    seat: str
    turns: int
    of: int
    present: bool
    p_zero: float
    p_zero_bonferroni: float
    upper: float
    finding: str
    addressed: int | Withheld
    kind: str | Withheld | None
    said: Said | None


class Silents(Struct, frozen=True, kw_only=True):
    """All members in seat order; `turns` are the members' turns."""

    members: int
    turns: int
    seats: tuple[Quiet, ...]


def quiet(result: Silents) -> Iterable[Alert]:
    """A member in the room who is silent or very quiet: turns, and acts addressed to him where they are known."""
    for seat in result.seats:
        if seat.present and seat.finding in ("silent", "very_quiet"):
            numbers = {"turns": seat.turns, "of": seat.of}
            if isinstance(seat.addressed, int):
                numbers["addressed"] = seat.addressed
            yield Alert(alert=f"monopoly.{seat.finding}", seat=seat.seat, numbers=numbers)


SAYS = {
    "monopoly.silent": Said(
        id="belum ada giliran bicara dari satu kursi di antara {of} giliran",
        en="no turn of one seat among {of}",
    ),
    "monopoly.very_quiet": Said(
        id="{turns} dari {of} giliran dari satu kursi", en="{turns} of {of} turns are one seat's"
    ),
}


@analysis(
    "monopoly.silent", version=1, reads=("turn", "address", "presence", "seat", "activity"), alert=quiet, says=SAYS
)  # fmt: skip
def silent(session: Session, *, activities: bool = False) -> Silents:
    """Which members were silent, as far as the number of turns lets one say.

    Of the n member turns taken while he was in the room: P(no turn | all alike) = (1 - 1/m)^n. *silent*: no turn and
    m·P below .05; *very quiet*: the upper Clopper–Pearson bound of his share below half an equal share; no turn and
    neither: not enough turns to say. A silent member was never addressed, or addressed and did not answer; with more
    than 20 % unknown receivers, or of a seat of which only the floor is recorded, nobody can say which. A seat that
    is not to be recorded is left out. Stretches of an activity are left out unless `activities`. Source: science.md
    §1.

    Limits: silence has many meanings (culture, medication, attending) and is never resistance by itself. m counts
    everybody who was in the room at any time, so that a late arrival is called silent later rather than sooner.
    """
    people = circle(session)
    members, m = people.members, len(people.members)
    turns = turns_of(session, activities=activities)
    own = [(t.ts, t.sender) for t in turns if t.sender in members]
    lost = unaddressed(turns)
    got = dict.fromkeys(members, 0)
    for act in session.addresses:
        if act.receiver in got and (activities or act.activity is None):
            got[act.receiver] += 1
    found = []
    for seat in members:
        stays = [stay for stay in session.presences if stay.seat == seat]
        spans = [(stay.ts, _end(session, stay)) for stay in stays]
        turned = sum(sender == seat for _, sender in own)
        of = sum(sender == seat or any(a <= ts < b for a, b in spans) for ts, sender in own)
        p_zero = (1 - 1 / m) ** of
        bound = upper_bound(turned, of) if of else 1.0
        finding = "none"
        if turned == 0:
            finding = "silent" if m > 1 and m * p_zero < LEVEL else "not_enough"
        elif m > 1 and bound < QUIET / m:
            finding = "very_quiet"
        addressed: int | Withheld = lost or got[seat]
        if seat in people.floor_only:
            addressed = Withheld("only the floor of this seat is recorded", got[seat])
        kind: str | Withheld | None = None
        if turned == 0:
            kind = addressed if isinstance(addressed, Withheld) else KINDS[addressed > 0]
        found.append(
            Quiet(
                seat=seat, turns=turned, of=of, present=bool(stays) and stays[-1].left_as is None, p_zero=p_zero,
                p_zero_bonferroni=bonferroni(p_zero, m), upper=bound, finding=finding, addressed=addressed, kind=kind,
                said=SAID.get(finding),
            )
        )  # fmt: skip
    return Silents(members=m, turns=len(own), seats=tuple(found))


def _end(session: Session, stay: Presence) -> float:
    """Return when a stay ended on the session clock; its length leaves out the pauses, which lie in between."""
    if stay.dur is None or stay.left_as is None:
        return math.inf
    end = stay.ts + stay.dur
    for pause in session.pauses:
        if stay.ts <= pause.ts < end:
            end += pause.dur or 0
    return end
