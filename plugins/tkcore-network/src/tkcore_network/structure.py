"""The structure of communication: vertical, triangular, horizontal, circular (science.md §3)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from tkcore import WEIGHT, Said, Session, Withheld, analysis
from tkcore_network.acts import UNKNOWN_LIMIT, directed, people, spread_out, unknown

CLASSES = ("vertical", "triangular", "horizontal_c", "circular", "horizontal_d", "insufficient")
NAMES = {
    "vertical": ("vertikal", "vertical"),
    "triangular": ("segitiga", "triangular"),
    "horizontal_c": (
        "horizontal (c): terapis di luar pembicaraan",
        "horizontal (c): the leader outside the talk",
    ),
    "circular": ("sirkuler", "circular"),
    "horizontal_d": ("horizontal (d): pasangan tetap", "horizontal (d): fixed pairs"),
    "insufficient": ("belum cukup data", "not enough acts to say"),
}
SURE = 0.8
LEAST_ACTS, FIRM_ACTS, LEAST_EXCHANGES = 20, 60, 8


class Chance(Struct, frozen=True):
    """How often resampling gives a class."""

    structure: str
    probability: float


class Structure(Struct, frozen=True, kw_only=True):
    """`acts` N = `through_leaders` TM + `among_members` MM. `structure` is the class of the point estimate;
    `printed` what may be said: one class, or two with neither at .80; `provisional`: fewer than 60 acts.
    """

    acts: float
    through_leaders: float
    among_members: float
    theta: float | Withheld
    theta0: float | Withheld
    dominance: float | Withheld
    schema_ab: float | Withheld
    kappa: float | Withheld
    pairs: int
    exchanges: int
    structure: str | Withheld
    printed: tuple[str, ...] | Withheld
    said: Said
    probability: tuple[Chance, ...] | Withheld
    provisional: bool


class _Room(Struct):
    """Who is a leader, and the numbers the formulas need; acts as (kind, pair) codes."""

    leaders: int
    members: int
    scale: int
    kind: np.ndarray
    pair: np.ndarray
    weight: np.ndarray


@analysis("network.structure", version=1, reads=("turn", "address", "seat", "activity"))
def structure(
    session: Session, *, block: int = 10, draws: int = 1000, spread: bool = False, activities: bool = False
) -> Structure | Withheld:
    """The structure of communication on directed acts, and how sure it is.

    θ is the share of acts through leaders, θ0 what all-to-all talk gives (2l/(2l + m - 1)); dominance λ is θ against
    θ0 on a scale from -1 (leader outside) to 1 (everything through the leader); schema A-B min(1, 1 - λ). κ = D/E:
    distinct member pairs that met, against what as many exchanges would meet at random. Classes: λ ≥ .85 vertical,
    .30 to .85 triangular, ≤ -.50 horizontal (c); else κ ≥ .70 circular, below horizontal (d). A circular block
    bootstrap of the acts gives the probability of each class; a class is printed at .80, else the two likeliest.
    Acts between leaders are dropped; k addressees share an act; stretches of an activity are left out unless
    `activities`. Source: science.md §3; the thresholds are ours.

    Limits: a didactic opening makes any session begin vertical; who sits beside whom makes fixed pairs. One reading
    of one session, no grade of a group or a leader. Withheld where more than 20 % of receivers are unknown.
    """
    lost, turns = unknown(session)
    if lost * UNKNOWN_LIMIT > turns:
        return Withheld("more than 20 % of turns have an unknown receiver", turns)
    room = _room(session, spread=spread, activities=activities)
    point = _estimate(room, np.arange(len(room.kind)))
    no_leader = Withheld("no leader present", 0)
    chances: tuple[Chance, ...] | Withheld = no_leader
    printed: tuple[str, ...] | Withheld = no_leader
    kind: str | Withheld = no_leader
    if room.leaders:
        kind = point.kind
        chances = _resampled(session, room, block, draws)
        best = sorted(chances, key=lambda c: (-c.probability, CLASSES.index(c.structure)))
        if kind == "insufficient":
            printed = (kind,)
        elif best[0].probability >= SURE or len(best) == 1:
            printed = (best[0].structure,)
        else:
            printed = (best[0].structure, best[1].structure)
    return Structure(
        acts=point.total / room.scale,
        through_leaders=point.through / room.scale,
        among_members=(point.total - point.through) / room.scale,
        theta=_held(point.theta, room),
        theta0=point.theta0 if room.leaders else no_leader,
        dominance=_held(point.dominance, room),
        schema_ab=_held(None if point.dominance is None else min(1.0, 1 - point.dominance), room),
        kappa=point.kappa
        if point.kappa is not None
        else Withheld("no exchange among members", point.exchanges),
        pairs=point.pairs,
        exchanges=point.exchanges,
        structure=kind,
        printed=printed,
        said=_said(printed),
        probability=chances,
        provisional=LEAST_ACTS * room.scale <= point.total < FIRM_ACTS * room.scale,
    )


def _held(value: float | None, room: _Room) -> float | Withheld:
    if not room.leaders:
        return Withheld("no leader present", 0)
    return Withheld("no directed act", 0) if value is None else value


def _said(printed: tuple[str, ...] | Withheld) -> Said:
    if isinstance(printed, Withheld):
        return Said(
            "tidak ada terapis yang hadir: bentuk komunikasi tidak dinilai",
            "no leader present: no structure is named",
        )
    names = [NAMES[name] for name in printed]
    if len(names) == 1:
        return Said(names[0][0], names[0][1])
    return Said(f"antara {names[0][0]} dan {names[1][0]}", f"between {names[0][1]} and {names[1][1]}")


LEADER, MEMBERS = 0, 1


def _room(session: Session, *, spread: bool, activities: bool) -> _Room:
    """Code each act: kind (through a leader or among members), the unordered member pair, the weight in parts."""
    leaders, members = set(session.leaders), {seat: at for at, seat in enumerate(session.members)}
    n = len(people(session))
    scale = max(1, n - 1) if spread else 1
    acts = [(a, scale) for a in directed(session, activities=activities)]
    if spread:
        acts += [(a, 1) for a in spread_out(session, activities=activities)]
    kinds, pairs, weights = [], [], []
    for act, parts in acts:
        if act.sender in leaders and act.receiver in leaders:
            continue
        inside = act.sender in members and act.receiver in members
        low, high = sorted((members.get(act.sender, -1), members.get(act.receiver, -1)))
        kinds.append(MEMBERS if inside else LEADER)
        # an act to the group reaches pairs that did not meet: it counts in θ, not in κ
        pairs.append(
            low * len(members) + high if inside and not (spread and parts == 1 and scale > 1) else -1
        )
        weights.append(act.weight * parts)
    return _Room(
        len(leaders), len(members), WEIGHT * scale,
        np.array(kinds, dtype=np.int64), np.array(pairs, dtype=np.int64), np.array(weights, dtype=np.int64),
    )  # fmt: skip


class _Estimate(Struct):
    total: int
    through: int
    theta: float | None
    theta0: float
    dominance: float | None
    kappa: float | None
    pairs: int
    exchanges: int
    kind: str


def _estimate(room: _Room, order: np.ndarray) -> _Estimate:
    """The measures of the acts in one order; integers until the division."""
    kind, pair, weight = room.kind[order], room.pair[order], room.weight[order]
    total, through = int(weight.sum()), int(weight[kind == LEADER].sum())
    met = pair[pair >= 0]
    # an exchange is a maximal run of acts inside the same pair; any act with a leader ends it
    starts = (pair >= 0) & np.concatenate(([True], pair[1:] != pair[:-1]))[: len(pair)]
    exchanges, distinct = int(starts.sum()), len(np.unique(met))
    possible = room.members * (room.members - 1) // 2
    kappa = None
    if exchanges and possible:
        expected = possible * (1 - (1 - 1 / possible) ** exchanges)
        kappa = distinct / expected
    theta0 = (
        2 * room.leaders / (2 * room.leaders + room.members - 1) if room.leaders + room.members > 1 else 1.0
    )
    theta = through / total if total else None
    dominance = None
    if theta is not None and room.leaders:
        if theta >= theta0:
            dominance = (theta - theta0) / (1 - theta0) if theta0 < 1 else 1.0
        else:
            dominance = (theta - theta0) / theta0
    kind_ = _class(room, total, dominance, kappa, exchanges)
    return _Estimate(total, through, theta, theta0, dominance, kappa, distinct, exchanges, kind_)


def _class(room: _Room, total: int, dominance: float | None, kappa: float | None, exchanges: int) -> str:
    if dominance is None or total < LEAST_ACTS * room.scale or room.members < 3:
        return "insufficient"
    if dominance >= 0.85:
        return "vertical"
    if dominance >= 0.30:
        return "triangular"
    if dominance <= -0.50:
        return "horizontal_c"
    if exchanges < LEAST_EXCHANGES or kappa is None:
        return "insufficient"
    return "circular" if kappa >= 0.70 else "horizontal_d"


def _resampled(session: Session, room: _Room, block: int, draws: int) -> tuple[Chance, ...]:
    """Circular block bootstrap of the acts: blocks of `block` consecutive acts, as many acts as there were."""
    n = len(room.kind)
    if n == 0 or draws < 1:
        return (Chance("insufficient", 1.0),)
    needed = -(-n // block)
    tally = dict.fromkeys(CLASSES, 0)
    steps = np.arange(block)
    for _ in range(draws):
        begins = np.array([int(session.random.random() * n) for _ in range(needed)])
        order = ((begins[:, None] + steps) % n).ravel()[:n]
        tally[_estimate(room, order).kind] += 1
    return tuple(Chance(name, count / draws) for name, count in tally.items() if count)
