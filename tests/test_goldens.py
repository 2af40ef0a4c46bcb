"""The worked examples of the measures, typed as a co-therapist would: from the line to the printed digits."""

from __future__ import annotations

import pytest
from tkcore_monopoly.inequality import inequality
from tkcore_monopoly.share import share
from tkcore_monopoly.silent import silent
from tkcore_network.measures import summary
from tkcore_network.structure import structure

from tkcore import Withheld

G1 = """
@0:00 t.=12;@0:13 at=27;@0:41 tb=5;@0:47 bt=13;@1:00.5 a.=34.5;@1:36 ca=4;@1:40 ac=30;@2:20 t.=6;@2:38 dt=12
@2:50 ad=30;@3:19 ca=5;@3:24.2 ac=25.8;@3:51 ba=5;@3:56 td=2;@3:59 db=11;@4:10.5 bd=7.5;@4:18 cd=4;@4:22 a.=18
@4:45 ta=5;@4:50 at=6;@4:56.5 cb=6.5;@5:03 bc=6;@5:10 dc=6;@5:16 t.=4
"""
NEAR = 5.1e-5


@pytest.fixture
def g1(typed):
    s = typed(seats="T,A,B,C,D,E")
    s.say(*G1.strip().replace("\n", ";").split(";"))
    s.recorder.close_session(330_000)
    return s.session()


def near(found, **expected):
    assert {n: getattr(found, n) for n in expected} == {
        n: pytest.approx(v, abs=NEAR) for n, v in expected.items()
    }


def test_g1_participation(g1):
    """§1: inequality of turns and of time, over everyone and over the members."""
    table = {
        ("turns", "everyone"): (0.3056, 0.3667, 0.8724, 0.5590, 0.7813, 0.9375, 4.5714),
        ("turns", "members"): (0.3333, 0.4167, 0.8291, 0.6236, 0.7222, 0.9028, 3.6000),
        ("ms", "everyone"): (0.5272, 0.6327, 0.6803, 1.1880, 0.5981, 0.7177, 2.4882),
        ("ms", "members"): (0.5644, 0.7055, 0.6021, 1.2241, 0.5003, 0.6254, 2.0012),
    }
    names = ("gini", "gini_corrected", "entropy", "cv", "blau", "blau_normalised", "effective")
    found = {(s.of, s.among): s for s in inequality(g1, draws=50).spreads}
    for key, numbers in table.items():
        near(found[key], **dict(zip(names, numbers, strict=True)))


def test_g1_shares_and_silence(g1):
    """§1: A has 38.9 % of the member turns (Wilson .203 to .614) and 68.2 % of their time; E cannot be called silent."""
    seats = {s.seat: s for s in share(g1, draws=50).seats}
    a = seats["A"]
    assert [round(x, 3) for x in (a.share_turns, a.share_turns_low, a.share_turns_high, a.share_ms)] == [
        0.389,
        0.203,
        0.614,
        0.682,
    ]
    assert round(a.initiatives, 4) == 0.5714
    assert {seat: (s.turns, s.ms) for seat, s in seats.items()} == {
        "T": (6, 34_000), "A": (7, 171_300), "B": (4, 31_500), "C": (4, 19_500), "D": (3, 29_000), "E": (0, 0),
    }  # fmt: skip
    assert isinstance(a.finding, Withheld)
    e = next(s for s in silent(g1).seats if s.seat == "E")
    near(e, p_zero=0.0180, p_zero_bonferroni=0.0901, upper=0.1853)
    assert (e.finding, e.kind) == ("not_enough", "never_addressed")
    assert [(s.ts, s.dur) for s in g1.silences] == [
        (130_000, 10_000),
        (146_000, 12_000),
        (280_000, 5000),
        (320_000, 10_000),
    ]


def test_g1_network(g1):
    """§2: every number of the network."""
    found = summary(g1)
    near(
        found, density=0.5333, reciprocity=0.8750, reciprocity_dyad=0.7778, rho=0.7321, reciprocity_weighted=0.8421,
        centralization_out=0.32, centralization_in=0.32, centralization_degree=0.30, centralization_betweenness=0.02,
        strength_out=0.1158, strength_in=0.0526, connectedness=0.6667, hierarchy=0, efficiency=0.25, lub=1, acts=19,
    )  # fmt: skip
    assert isinstance(found.centralization_closeness, Withheld)


def test_g1_structure(g1):
    """§3: one act too few for a class; the numbers all the same, and with the group's acts spread."""
    found = structure(g1, draws=20)
    near(found, theta=0.3684, theta0=0.3333, dominance=0.0526, schema_ab=0.9474, kappa=1.0535)
    assert (found.exchanges, found.pairs, found.structure, found.printed) == (
        8,
        6,
        "insufficient",
        ("insufficient",),
    )
    near(structure(g1, draws=5, spread=True), theta=0.4333, dominance=0.15)


SIX = ("ab", "cd", "ac", "bd", "ad", "bc")
STRUCTURES = {
    "vertical": (3 * ["ta", "at", "tb", "bt", "tc", "ct", "td", "dt"], {"dominance": 1.0, "theta": 1.0}, 0),
    "triangular": (
        [line for n, (x, y) in enumerate(SIX) for line in ((f"t{x}", f"{x}t", f"{x}{y}", f"t{y}") if n % 2 == 0 else (f"t{x}", f"{x}{y}", f"{y}t", f"t{y}"))],
        {"theta": 0.75, "dominance": 0.5833, "kappa": 1.5035}, 6,
    ),
    "circular": (
        2 * ([line for x, y in SIX for line in (f"{x}{y}", f"{y}{x}")] + [line for x in "abcd" for line in (f"t{x}", f"{x}t")]),
        {"dominance": 0.0, "kappa": 1.1263}, 12,
    ),
    "horizontal_c": (6 * ["ab", "ba", "cd", "dc"], {"dominance": -1.0, "kappa": 0.3754}, 12),
    "horizontal_d": (
        4 * ["ab", "ba", "cd", "dc", "ab", "ba", "ta", "cd", "dc", "ct", "tb", "dt"],
        {"theta": 0.3333, "dominance": -0.1667, "kappa": 0.3524}, 16,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_five_structures_typed(typed, name):
    """§3, golden 1 to 5: the class and its numbers, from lines."""
    lines, numbers, exchanges = STRUCTURES[name]
    s = typed(seats="T,A,B,C,D")
    s.say(*(f"@{n // 60}:{n % 60:02d} {line}" for n, line in enumerate(lines)))
    s.recorder.close_session(1000 * (len(lines) + 1))
    found = structure(s.session(), draws=50)
    near(found, theta0=0.4, **numbers)
    assert (found.structure, found.exchanges, found.acts) == (name, exchanges, len(lines))
