"""What the tests of the shares have in common: the worked example of science.md, sessions made up or made over."""

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


def remade(session, change, *, more=(), head=None):
    """The same session with each row as `change` gives it; None leaves the row out."""
    rows = [change(row) for kind in session._rows.values() for row in kind]
    return Session(session.name, [r for r in (*rows, *more) if r], head or session.head)


def seat_of(result, seat):
    return next(s for s in result.seats if s.seat == seat)


def floor(length_of, minutes=30, to="*", holder="A", back=None):
    """Five members in turn for some minutes; `holder` speaks every other turn, `back` addresses him instead."""
    rng, at, lines = random.Random(7), 0.0, []
    others = [seat for seat in "ABCDE" if seat != holder]
    while at < 60 * minutes:
        for seat, receiver in ((holder, to), (rng.choice(others), back or "*")):
            length = length_of(seat) * (0.5 + rng.random())
            # his turns come in two, and whoever has been silent for long is followed by him
            lines.append((at, at + length, seat, receiver))
            at += length + (4 if seat != holder else 0.5)
    return lines
