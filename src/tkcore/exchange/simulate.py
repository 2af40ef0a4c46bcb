"""Sessions that never were, as lines of the grammar: to learn with, to test with, to show (science.md §13).

Only `Random.random()` is drawn, so a seed gives the same lines everywhere; the distributions are made from it here.
"""

from __future__ import annotations

import math
from random import Random

from msgspec import Struct

from tkcore.errors import BadInput

LETTERS = "ABCDEFGHIJLMNOPQRSUVWXYZ"
STRUCTURES = {
    # leader's share of self-selected turns, member to leader, gamma shape of affinities
    "vertical": (0.48, 0.93, 2.0),
    "triangular": (0.35, 0.60, 2.0),
    "circular": (0.15, 0.20, 2.0),
    "horizontal": (0.04, 0.04, 0.35),
}
REPLY, CONTINUE, BACK = 0.60, 0.15, 0.45
TO_GROUP = {True: 0.62, False: 0.28}
RATIO = 0.75
SIGMA = 1.05
MEDIAN = {True: 6.0, False: 8.0}
SILENCES = 15 / 3600
"""Silences of 3 s and more per second of talk."""
INTERVENTIONS = ("gg", "gd", "gc", "ga", "gp", "dd", "de", "db", "pp", "ph", "pu", "sr", "ss", "ls")
FACTORS = ("fh", "fu", "fa", "fi", "fg", "fp", "fo", "fr")
RESISTANCES = ("rd", "rn", "rj", "rs", "rp", "rb")
PHASES = ("participation", "transition", "work", "termination")


class Script(Struct, frozen=True):
    """Lines for a session whose clock is given; `until` (ms) is where it ends."""

    seats: tuple[str, ...]
    lines: tuple[str, ...]
    until: int


class Plan(Struct, frozen=True, kw_only=True):
    """What to simulate. `towards`: the structure it grows into, linearly over the session; `holder`: the member who
    holds the floor (propensity × 3, length × 1.8, he ends most of the silences and often begins before the other has ended).
    """

    seed: int
    minutes: int = 90
    members: int = 7
    leaders: int = 1
    structure: str = "circular"
    towards: str | None = None
    holder: str | None = None
    codes: bool = True


def simulate(plan: Plan) -> Script:
    """Return the lines of one session. Raises BadInput for a plan that cannot be."""
    if (
        not 1 <= plan.members <= len(LETTERS)
        or plan.leaders not in (0, 1, 2)
        or not 1 <= plan.minutes <= 1440
    ):
        raise BadInput(
            "a simulation has 1 to {most} members, 0 to 2 leaders and 1 to 1440 minutes", most=len(LETTERS)
        )
    for name in (plan.structure, plan.towards or plan.structure):
        if name not in STRUCTURES:
            raise BadInput("no structure {name}. There are: {known}", name=name, known=", ".join(STRUCTURES))
    if plan.holder is not None and plan.holder not in LETTERS[: plan.members]:
        raise BadInput("the holder {seat} is no member", seat=plan.holder)
    return _Session(plan).run()


class _Session:
    def __init__(self, plan: Plan) -> None:
        self.plan, self.draw = plan, Random(plan.seed).random
        self.leaders = ("T", "K")[: plan.leaders]
        self.members = tuple(LETTERS[: plan.members])
        ranks = list(range(plan.members))
        for at in range(len(ranks) - 1, 0, -1):
            other = int(self.draw() * (at + 1))
            ranks[at], ranks[other] = ranks[other], ranks[at]
        self.propensity = {seat: RATIO**rank for seat, rank in zip(self.members, ranks, strict=True)}
        if plan.holder:
            # of the group's most active: a member who never wanted to speak does not hold the floor
            self.propensity[plan.holder] = 3 * max(self.propensity.values())
        shape = STRUCTURES[plan.towards or plan.structure][2]
        self.affinity = {
            frozenset((a, b)): self._gamma(shape)
            for at, a in enumerate(self.members)
            for b in self.members[at + 1 :]
        }
        self.negative = False
        self.open_conflict = False

    # -- distributions, each from draws of (0, 1) --

    def _exponential(self, mean: float) -> float:
        return -mean * math.log(1 - self.draw())

    def _normal(self) -> float:
        return math.sqrt(-2 * math.log(1 - self.draw())) * math.cos(2 * math.pi * self.draw())

    def _gamma(self, shape: float) -> float:
        """Marsaglia and Tsang; below 1 by the power of one more draw."""
        if shape < 1:
            return self._gamma(shape + 1) * math.pow(1 - self.draw(), 1 / shape)
        d = shape - 1 / 3
        while True:
            x = self._normal()
            v = (1 + x / math.sqrt(9 * d)) ** 3
            if v > 0 and math.log(1 - self.draw()) < x * x / 2 + d - d * v + d * math.log(v):
                return d * v

    def _pick(self, weights: dict[str, float]) -> str:
        left = self.draw() * sum(weights.values())
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return next(reversed(weights))

    # -- who, to whom, how long --

    def _now(self, part: float) -> tuple[float, float]:
        """The structure's parameters, part of the way through the session."""
        a, b = STRUCTURES[self.plan.structure], STRUCTURES[self.plan.towards or self.plan.structure]
        return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])

    def _speaker(self, last: tuple[str, str | None] | None, part: float) -> str:
        if last is not None and last[1] is not None and self.draw() < REPLY:
            return last[1]
        leader_share = self._now(part)[0] if self.leaders else 0.0
        weights = {seat: leader_share / len(self.leaders) for seat in self.leaders}
        whole = sum(self.propensity.values())
        weights |= {seat: (1 - leader_share) * p / whole for seat, p in self.propensity.items()}
        if last is not None:
            weights[last[0]] *= CONTINUE
        return self._pick(weights)

    def _receiver(self, sender: str, last: tuple[str, str | None] | None, part: float) -> str | None:
        leader = sender in self.leaders
        if self.draw() < TO_GROUP[leader] or len(self.members) + len(self.leaders) < 2:
            return None
        to_leader = self._now(part)[1] if self.leaders else 0.0
        back = BACK
        if last is not None and not leader and last[0] not in self.leaders:
            # where nearly everything goes through the leader, members hardly answer each other: with .45 throughout
            # a vertical group would reach λ .80, not the .93 to .98 of science.md
            back *= min(1.0, 2.5 * (1 - to_leader))
        if last is not None and last[0] != sender and self.draw() < back:
            return last[0]
        if not leader and self.draw() < to_leader:
            return self.leaders[int(self.draw() * len(self.leaders))]
        weights = {
            other: self.propensity[other] if leader else self.affinity[frozenset((sender, other))]
            for other in self.members
            if other != sender
        }
        return self._pick(weights) if weights and sum(weights.values()) > 0 else None

    def _length(self, sender: str) -> float:
        median = MEDIAN[sender in self.leaders] * (1.8 if sender == self.plan.holder else 1.0)
        return min(240.0, max(1.0, median * math.exp(SIGMA * self._normal())))

    def _gap(self, length: float) -> tuple[float, bool]:
        """Return the gap after a turn, and whether it is a silence."""
        if self.draw() < SILENCES * (length + 2):
            return 3 + self._exponential(5), True
        return max(-0.5, 0.3 + math.sqrt(0.4) * self._normal() * 0.6), False

    # -- the session --

    def run(self) -> Script:
        until = self.plan.minutes * 60.0
        at, begun, silent = 0.0, 0.0, False
        last: tuple[str, str | None] | None = None
        lines: list[tuple[int, str]] = []
        group_silences = (
            {self.draw() * until for _ in range(int(self.draw() * 3))} if self.plan.minutes >= 30 else set()
        )
        phase = -1
        while at < until - 2:
            part = at / until
            if self.plan.codes and int(part * 4) > phase:
                phase = int(part * 4)
                lines.append((round(at * 1000), f"%{PHASES[phase]}"))
            sender = self._speaker(last, part)
            if silent and self.plan.holder and self.draw() < 0.7:
                sender = self.plan.holder
            if sender == self.plan.holder and last is not None and last[0] != sender and self.draw() < 0.5:
                at = max(begun + 0.5, at - 1.5)  # into the end of the other's turn
            receiver = self._receiver(sender, last, part)
            length = min(self._length(sender), until - at)
            to = f"{sender}." if receiver is None else f"{sender}>{receiver}"
            codes = self._codes(sender, receiver, part) if self.plan.codes else ""
            lines.append((round(at * 1000), f"{to}={_seconds(round(length * 1000))}{codes}".lower()))
            gap, silent = self._gap(length)
            if any(at <= moment < at + length + gap for moment in group_silences):
                gap, silent = 30 + self._exponential(20), True
            last, begun = (sender, receiver), at
            at = max(at + 0.5, at + length + gap)
        lines.sort(key=lambda line: line[0])
        return Script(
            (*self.leaders, *self.members),
            tuple(f"@{_clock(ts)} {line}" for ts, line in lines),
            round(until * 1000),
        )

    def _codes(self, sender: str, receiver: str | None, part: float) -> str:
        """What is coded on a turn, at rates per turn of about 15 s (science.md §13, 6)."""
        found = []
        if sender in self.leaders:
            if self.draw() < 0.55:
                found.append("!" + INTERVENTIONS[int(self.draw() * len(INTERVENTIONS))])
            return "".join(f" {code}" for code in found)
        if self.draw() < 0.30:
            found.append("!mm" if self.draw() < 0.2 + 0.3 * part else "!md" if self.draw() < 0.5 else "!ml")
        if receiver is not None and receiver not in self.leaders:
            if self.draw() < (0.4 if self.negative else 0.02):
                found.append(f"!bm>{receiver}")
                self.negative = self.open_conflict = True
            else:
                if self.open_conflict and not self.negative:
                    found.append("!bd")
                    self.open_conflict = False
                self.negative = False
        if self.draw() < 0.05:
            found.append("!" + FACTORS[int(self.draw() * len(FACTORS))])
        if self.draw() < 0.02:
            found.append("!" + RESISTANCES[int(self.draw() * len(RESISTANCES))])
        if self.draw() < 0.10:
            found.append("!uu")
        if self.draw() < 0.01:
            found.append(";")
        return "".join(f" {code}" for code in found)


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
