"""Members who say nothing or next to nothing (science.md §1)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tkcore import Alert, Session, analysis
from tkcore_monopoly.talk import counts, turns_of, upper_bound

LEVEL = 0.05
QUIET = 0.5


class Quiet(Struct, frozen=True, kw_only=True):
    """A member. `p_zero` is the chance of no turn if all spoke alike, `p_zero_bonferroni` times m; `upper` the upper
    Clopper–Pearson bound of the share; `finding` none, silent, very_quiet or not_enough; `addressed` acts to him.
    """

    seat: str
    turns: int
    p_zero: float
    p_zero_bonferroni: float
    upper: float
    finding: str
    addressed: int
    kind: str | None


class Silents(Struct, frozen=True, kw_only=True):
    """All members in seat order; `turns` are the members' turns."""

    members: int
    turns: int
    seats: tuple[Quiet, ...]


def quiet(result: Silents) -> Iterable[Alert]:
    """A member who is silent or very quiet: turns, and acts addressed to him."""
    for seat in result.seats:
        if seat.finding in ("silent", "very_quiet"):
            numbers = {"turns": seat.turns, "addressed": seat.addressed}
            yield Alert(alert=f"monopoly.{seat.finding}", seat=seat.seat, numbers=numbers)


@analysis("monopoly.silent", version=1, reads=("turn", "address", "seat", "activity"), alert=quiet)
def silent(session: Session, *, activities: bool = False) -> Silents:
    """Which members were silent, as far as the number of turns lets one say.

    P(no turn of n | all alike) = (1 - 1/m)^n. *silent*: no turn and m·P below .05; *very quiet*: the upper
    Clopper–Pearson bound of his share of member turns below half an equal share; no turn and neither: not enough
    turns to say. A silent member was never addressed, or addressed and did not answer. Stretches of an activity are
    left out unless `activities`. Source: science.md §1.

    Limits: silence has many meanings (culture, medication, attending) and is never resistance by itself.
    """
    turns = turns_of(session, activities=activities)
    members = session.members
    m = len(members)
    number = counts(turns, members)
    n = sum(number.values())
    addressed = dict.fromkeys(members, 0)
    for act in session.addresses:
        if act.receiver in addressed and (activities or act.activity is None):
            addressed[act.receiver] += 1
    found = []
    for seat in members:
        p_zero = (1 - 1 / m) ** n
        bound = upper_bound(number[seat], n) if n else 1.0
        finding = "none"
        if number[seat] == 0:
            finding = "silent" if m > 1 and m * p_zero < LEVEL else "not_enough"
        if finding == "none" and bound < QUIET / m:
            finding = "very_quiet"
        kind = None
        if number[seat] == 0:
            kind = "addressed_not_answering" if addressed[seat] else "never_addressed"
        found.append(
            Quiet(
                seat=seat, turns=number[seat], p_zero=p_zero, p_zero_bonferroni=min(1.0, m * p_zero), upper=bound,
                finding=finding, addressed=addressed[seat], kind=kind,
            )
        )  # fmt: skip
    return Silents(members=m, turns=n, seats=tuple(found))
