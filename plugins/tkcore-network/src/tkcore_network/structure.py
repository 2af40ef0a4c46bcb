"""The structure of communication: vertical, triangular, horizontal, circular (science.md §3)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tkcore import Alert, Said, Session, Withheld, analysis, gate, percentile_ends
from tkcore_network.acts import OPENING, Act, directed, people, turns_of, unit, unknown
from tkcore_network.draws import numbers

CLASSES = ("vertical", "triangular", "horizontal_c", "circular", "horizontal_d", "insufficient")
NAMES = {
    "vertical": Said("vertikal", "vertical"),
    "triangular": Said("segitiga", "triangular"),
    "horizontal_c": Said(
        "horizontal (c), terapis di luar pembicaraan", "horizontal (c), the leader outside the talk"
    ),
    "circular": Said("sirkuler", "circular"),
    "horizontal_d": Said("horizontal (d), pasangan tetap", "horizontal (d), fixed pairs"),
    "insufficient": Said("belum cukup data", "not enough acts to say"),
}
SURE = 0.8
LEAST_ACTS, FIRM_ACTS, LEAST_EXCHANGES = 20, 60, 8
APART, NO_ONE = -1, -2
"""In place of a member pair: an act with a leader ends an exchange; an act to the group neither makes nor ends one."""

Numbers = npt.NDArray[np.int64]


class Chance(Struct, frozen=True):
    """How often resampling gives a class."""

    structure: str
    probability: float


class Structure(Struct, frozen=True, kw_only=True):
    """`acts` N = `through_leaders` TM + `among_members` MM; `unknown`: share of turns with an unknown receiver.

    `pairs` D distinct member pairs that met in `exchanges` R. `dominance_low` and `_high` are 95 % bounds.
    `structure` is the class of the point estimate, `printed` what may be said: one class, or two with neither at .80;
    `provisional`: fewer than 60 acts; `expected`: the handbook expects this of an inpatient group. `_later`: without
    the opening stage.
    """

    acts: float
    unknown: float
    through_leaders: float
    among_members: float
    theta: float | Withheld
    theta0: float | Withheld
    dominance: float | Withheld
    dominance_low: float | Withheld
    dominance_high: float | Withheld
    schema_ab: float | Withheld
    kappa: float | Withheld
    pairs: int
    exchanges: int
    structure: str | Withheld
    printed: tuple[str, ...] | Withheld
    said: Said
    probability: tuple[Chance, ...] | Withheld
    provisional: bool
    expected: bool
    dominance_later: float | Withheld
    structure_later: str | Withheld


def vertical(result: Structure) -> Iterable[Alert]:
    """Talk goes through the leader, surely so, on 60 acts or more, where the handbook does not expect it.

    θ in thousandths, and the acts.
    """
    if (
        result.printed == ("vertical",)
        and not (result.provisional or result.expected)
        and isinstance(result.theta, float)
    ):
        numbers = {"per_mille": round(1000 * result.theta), "acts": int(result.acts)}
        yield Alert(alert="network.vertical", numbers=numbers)


SAYS = {
    "network.vertical": Said(
        id="pembicaraan berjalan lewat terapis: {per_mille} dari 1000, {acts} tindak tutur",
        en="talk goes through the leader: {per_mille} of 1000, {acts} acts",
    )
}


@analysis(
    "network.structure", version=1, reads=("turn", "address", "seat", "activity"), alert=vertical, says=SAYS
)
def structure(
    session: Session, *, block: int = 10, draws: int = 1000, spread: bool = False, activities: bool = False
) -> Structure | Withheld:
    """The structure of communication on directed acts, and how sure it is.

    θ is the share of acts through leaders, θ0 what all-to-all talk gives (2l/(2l + m - 1)); dominance λ is θ against
    θ0 on a scale from -1 (leader outside) to 1 (everything through the leader): (θ - θ0)/(1 - θ0) from θ0 up,
    (θ - θ0)/θ0 below; schema A-B min(1, 1 - λ). κ = D/E: distinct member pairs that met, against what R exchanges
    would meet at random, E = P(1 - (1 - 1/P)^R). Classes: λ ≥ .85 vertical, .30 to .85 triangular, ≤ -.50 horizontal
    (c); else κ ≥ .70 circular, below horizontal (d). Fewer than 20 acts or 3 members, or 8 exchanges where κ decides:
    insufficient. A circular block bootstrap (10 acts) gives the probability of each class and the bounds of λ; a class
    is printed at .80, else it and the likeliest other; of an inpatient group none below 60 acts. Acts between leaders
    are dropped; k addressees share an act; with `spread` an act to the group counts 1/(n-1) to each in θ, not in κ.
    Stretches of an activity are left out unless `activities`. Source: science.md §3; κ, λ and the thresholds are
    ours.

    Limits: a didactic opening makes any session begin vertical, hence the class without the opening stage; who sits
    beside whom makes fixed pairs. The schema rises to 1 when the leader falls silent: read it with the class. One
    reading of one session, no grade of a group or a leader. Withheld where more than 20 % of receivers are unknown.
    """
    if block < 1 or draws < 1:
        raise ValueError("block and draws: at least 1")
    lost, unsaid = unknown(turns_of(session, activities=activities))
    if unsaid:
        return unsaid
    acts = directed(session, spread=spread, activities=activities)
    room = _room(session, acts, unit(session, spread=spread))
    point = estimate(room, np.arange(len(room.weight))[None, :])[0]
    without = _apart_from_opening(session, acts, room)
    no_leader = Withheld("no leader present", 0)
    drawn = _resampled(session, room, block, draws)
    tally = {name: sum(e.kind == name for e in drawn) for name in CLASSES}
    inpatient = session.opened.setting == "inpatient"
    printed: tuple[str, ...] | Withheld = no_leader
    if room.leaders:
        printed = _printed(point.kind, tally, len(drawn))
        if inpatient and point.kind != "insufficient":
            printed = gate("acts of an inpatient group", point.total // room.unit, 60) or printed
    expected = inpatient and printed == ("vertical",)
    bounds = sorted(e.dominance for e in drawn if e.dominance is not None)
    low = percentile_ends(len(bounds))
    # one block would be the session itself, and the bounds a false certainty
    few = gate("blocks of acts", len(room.weight), 2, each=block)
    return Structure(
        acts=point.total / room.unit,
        unknown=lost,
        through_leaders=point.through / room.unit,
        among_members=(point.total - point.through) / room.unit,
        theta=_held(point.theta, room),
        theta0=no_leader
        if not room.leaders
        else Withheld("no member", 0)
        if not room.members
        else point.theta0,
        dominance=_held(point.dominance, room),
        dominance_low=few or _held(bounds[low] if bounds else None, room),
        dominance_high=few or _held(bounds[-1 - low] if bounds else None, room),
        schema_ab=_held(None if point.dominance is None else min(1.0, 1 - point.dominance), room),
        kappa=Withheld("no exchange among members", 0) if point.kappa is None else point.kappa,
        pairs=point.pairs,
        exchanges=point.exchanges,
        structure=point.kind if room.leaders else no_leader,
        printed=printed,
        said=_said(printed, expected=expected),
        probability=tuple(Chance(name, count / len(drawn)) for name, count in tally.items() if count)
        if room.leaders
        else no_leader,
        provisional=LEAST_ACTS * room.unit <= point.total < FIRM_ACTS * room.unit,
        expected=expected,
        dominance_later=without if isinstance(without, Withheld) else _held(without.dominance, room),
        structure_later=without if isinstance(without, Withheld) else without.kind,
    )


def _held(value: float | None, room: Room) -> float | Withheld:
    if not room.leaders:
        return Withheld("no leader present", 0)
    few = gate("members", room.members, 2)
    return few or (Withheld("no directed act", 0) if value is None else value)


def _printed(kind: str, tally: dict[str, int], draws: int) -> tuple[str, ...]:
    """The class of the point estimate if resampling gives it at .80, else it and the likeliest other."""
    if kind == "insufficient" or tally[kind] >= SURE * draws:
        return (kind,)
    other = max((name for name in CLASSES if name != kind), key=lambda name: tally[name])
    return (kind, other) if tally[kind] >= tally[other] else (other, kind)


def _said(printed: tuple[str, ...] | Withheld, *, expected: bool) -> Said:
    if isinstance(printed, Withheld):
        if printed.gate == "no leader present":
            return Said(
                "tidak ada terapis yang hadir: bentuk komunikasi tidak dinilai",
                "no leader present: no structure is named",
            )
        return Said(
            "rawat inap: bentuk komunikasi baru disebut dari 60 sapaan",
            "inpatient: a structure is named only from 60 acts on",
        )
    if expected:
        return Said(
            "vertikal; wajar untuk kelompok rawat inap (satu kemungkinan bacaan)",
            "vertical; to be expected of an inpatient group (one possible reading)",
        )
    names = [NAMES[name] for name in printed if name != "insufficient"]
    if not names:
        return NAMES["insufficient"]
    if len(names) < len(printed):
        return Said(
            f"mungkin {names[0].id}; belum cukup data untuk memastikan",
            f"perhaps {names[0].en}; not enough acts to be sure",
        )
    if len(names) == 1:
        return names[0]
    return Said(f"antara {names[0].id} dan {names[1].id}", f"between {names[0].en} and {names[1].en}")


class Room(Struct, frozen=True):
    """How many there are, and an array entry for each act: its parts, those through a leader, and member pairs.

    `first` and `last` are the pairs an act begins and ends with, `inner` the exchanges that begin in it if the act
    before was another pair's, `met` which pairs it is among.
    """

    leaders: int
    members: int
    unit: int
    weight: Numbers
    through: Numbers
    first: Numbers
    last: Numbers
    inner: Numbers
    met: npt.NDArray[np.float32]


def _room(session: Session, acts: list[Act], parts: int) -> Room:
    inside = people(session)
    leaders = [seat for seat in session.leaders if seat in inside]
    members = {seat: at for at, seat in enumerate(s for s in inside if s not in leaders)}
    m = len(members)
    rows: list[tuple[int, int, int, int, int]] = []
    met: list[set[int]] = []
    for act in acts:
        weight = through = 0
        series: list[int] = []
        for seat, part in act.to:
            if act.sender in leaders and seat in leaders:
                continue
            weight += part
            pair = APART
            if act.sender in leaders or seat in leaders:
                through += part
            else:
                low, high = sorted((members[act.sender], members[seat]))
                pair = low * m + high
            series.append(NO_ONE if act.whole else pair)
        if weight:
            begun = sum(pair >= 0 and (at == 0 or pair != series[at - 1]) for at, pair in enumerate(series))
            rows.append((weight, through, series[0], series[-1], begun))
            met.append({pair for pair in series if pair >= 0})
    weights, throughs, firsts, lasts, inners = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    table = np.zeros((len(rows), m * m), dtype=np.float32)
    for at, those in enumerate(met):
        table[at, sorted(those)] = 1
    return Room(len(leaders), m, parts, weights, throughs, firsts, lasts, inners, table)


class Estimate(Struct, frozen=True):
    total: int
    through: int
    theta: float | None
    theta0: float
    dominance: float | None
    kappa: float | None
    pairs: int
    exchanges: int
    kind: str


def estimate(room: Room, orders: Numbers) -> list[Estimate]:
    """Return the measures of the acts in each order (a row of numbers of acts); integers until the division."""
    draws, n = orders.shape
    if n == 0:
        return [judge(room, 0, 0, 0, 0)] * draws
    total, through = room.weight[orders].sum(axis=1), room.through[orders].sum(axis=1)
    # an exchange is a maximal run of acts inside the same pair; any act with a leader ends it
    first, last = room.first[orders], room.last[orders]
    if (room.last == NO_ONE).any():
        latest = np.maximum.accumulate(np.where(last == NO_ONE, -1, np.arange(n)), axis=1)
        last = np.where(latest < 0, NO_ONE, np.take_along_axis(last, np.maximum(latest, 0), axis=1))
    joined = ((first[:, 1:] >= 0) & (first[:, 1:] == last[:, :-1])).sum(axis=1)
    exchanges = room.inner[orders].sum(axis=1) - joined
    present = np.zeros((draws, len(room.weight)), dtype=np.float32)
    present[np.arange(draws)[:, None], orders] = 1
    pairs = (present @ room.met > 0).sum(axis=1)
    return [
        judge(room, *numbers)
        for numbers in zip(total.tolist(), through.tolist(), pairs.tolist(), exchanges.tolist(), strict=True)
    ]


def judge(room: Room, total: int, through: int, pairs: int, exchanges: int) -> Estimate:
    """Return θ, λ, κ and the class of TM of N parts, D pairs in R exchanges."""
    l, m = room.leaders, room.members  # noqa: E741 - the names of the formulas
    possible = m * (m - 1) // 2
    kappa = None
    if exchanges and possible:
        kappa = pairs / (possible * (1 - (1 - 1 / possible) ** exchanges))
    # θ0 = part/whole; λ in one division, so that a limit of the classes is met exactly
    part, whole = 2 * l, 2 * l + m - 1
    dominance = None
    if total and l and m > 1:
        above = through * whole - part * total
        dominance = above / (total * (whole - part if above >= 0 else part))
    kind = "insufficient"
    if dominance is None or total < LEAST_ACTS * room.unit or m < 3:
        pass
    elif dominance >= 0.85:
        kind = "vertical"
    elif dominance >= 0.30:
        kind = "triangular"
    elif dominance <= -0.50:
        kind = "horizontal_c"
    elif exchanges >= LEAST_EXCHANGES and kappa is not None:
        kind = "circular" if kappa >= 0.70 else "horizontal_d"
    return Estimate(
        total, through, through / total if total else None, part / whole if l and m else 0.0, dominance, kappa, pairs,
        exchanges, kind,
    )  # fmt: skip


def _resampled(session: Session, room: Room, block: int, draws: int) -> list[Estimate]:
    """The block bootstrap of tkcore: blocks of `block` consecutive acts, as many acts as there were."""
    n = len(room.weight)
    needed = -(-n // block)
    begins = (numbers(session.random, draws * needed) * n).astype(np.int64)
    orders = (begins.reshape(draws, needed, 1) + np.arange(block)) % max(1, n)
    return estimate(room, orders.reshape(draws, -1)[:, :n])


def _apart_from_opening(session: Session, acts: list[Act], room: Room) -> Estimate | Withheld:
    """The point estimate of the acts after the opening stage."""
    if not room.leaders:
        return Withheld("no leader present", 0)
    if all(act.phase is None for act in acts):
        return Withheld("no phase was recorded", len(acts))
    rest = _room(session, [act for act in acts if act.phase not in OPENING], room.unit)
    return estimate(rest, np.arange(len(rest.weight))[None, :])[0]
