"""What the tests of the network have in common: the worked example of science.md, acts made up, sessions made over."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, settings

from tkcore import Session

G1 = [
    (0, 12, "T", "*"), (13, 40, "A", "T"), (41, 46, "T", "B"), (47, 60, "B", "T"), (60.5, 95, "A", "*"),
    (96, 100, "C", "A"), (100, 130, "A", "C"), (140, 146, "T", "*"), (158, 170, "D", "T"), (170, 200, "A", "D"),
    (199, 204, "C", "A"), (204.2, 230, "A", "C"), (231, 236, "B", "A"), (236, 238, "T", "D"), (239, 250, "D", "B"),
    (250.5, 258, "B", "D"), (258, 262, "C", "D"), (262, 280, "A", "*"), (285, 290, "T", "A"), (290, 296, "A", "T"),
    (296.5, 303, "C", "B"), (303, 309, "B", "C"), (310, 316, "D", "C"), (316, 320, "T", "*"),
]  # fmt: skip
NEAR = 5.1e-5
"""Half of the last printed digit."""

drawn = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def remade(session, change, **other):
    """The same session with each row as `change` gives it; None leaves the row out."""
    rows = [change(row) for kind in session._rows.values() for row in kind]
    return Session(other.get("name", session.name), [r for r in rows if r], other.get("head", session.head))


def acts(*pairs: str, times: int = 1):
    """`AB` is A to B; one act a second."""
    lines = list(pairs) * times
    return [(at, at + 1, pair[0], pair[1]) for at, pair in enumerate(lines)]


def pairs_of_four():
    return ("AB", "CD", "AC", "BD", "AD", "BC")


def golden(number):
    if number == 1:
        return acts("TA", "AT", "TB", "BT", "TC", "CT", "TD", "DT", times=3)
    if number == 2:
        lines = []
        for at, (x, y) in enumerate(pairs_of_four()):
            lines += (
                [f"T{x}", f"{x}T", f"{x}{y}", f"T{y}"]
                if at % 2 == 0
                else [f"T{x}", f"{x}{y}", f"{y}T", f"T{y}"]
            )
        return acts(*lines)
    if number == 3:
        one = [a for p in pairs_of_four() for a in (p, p[::-1])] + [
            a for x in "ABCD" for a in (f"T{x}", f"{x}T")
        ]
        return acts(*one, times=2)
    if number == 4:
        return acts("AB", "BA", "CD", "DC", times=6)
    return acts("AB", "BA", "CD", "DC", "AB", "BA", "TA", "CD", "DC", "CT", "TB", "DT", times=4)


def chatter(seed, seats="TABCDE", turns=120, several=0.1, group=0.2):
    """Random turns: to one, to several, to the group."""
    rng = random.Random(seed)
    lines = []
    for at in range(turns):
        sender = rng.choice(seats)
        others = [s for s in seats if s != sender]
        chance = rng.random()
        to = "*" if chance < group else ",".join(rng.sample(others, 2 if chance < group + several else 1))
        lines.append((at, at + 1, sender, to))
    return lines
