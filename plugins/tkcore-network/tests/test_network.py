"""Network measures against science.md §2 and §3, and against networkx and scipy."""

from __future__ import annotations

import random

import networkx as nx
import pytest
import scipy.stats
from tkcore_network.course import evolution, kendall
from tkcore_network.measures import exchange, summary
from tkcore_network.structure import structure

from tkcore import Withheld

G1 = [
    (0, 12, "T", "*"), (13, 40, "A", "T"), (41, 46, "T", "B"), (47, 60, "B", "T"), (60.5, 95, "A", "*"),
    (96, 100, "C", "A"), (100, 130, "A", "C"), (140, 146, "T", "*"), (158, 170, "D", "T"), (170, 200, "A", "D"),
    (199, 204, "C", "A"), (204.2, 230, "A", "C"), (231, 236, "B", "A"), (236, 238, "T", "D"), (239, 250, "D", "B"),
    (250.5, 258, "B", "D"), (258, 262, "C", "D"), (262, 280, "A", "*"), (285, 290, "T", "A"), (290, 296, "A", "T"),
    (296.5, 303, "C", "B"), (303, 309, "B", "C"), (310, 316, "D", "C"), (316, 320, "T", "*"),
]  # fmt: skip
NEAR = 5e-4


def acts(*pairs: str, times: int = 1):
    """`AB` is A to B; one act a second."""
    lines = list(pairs) * times
    return [(at, at + 1, pair[0], pair[1]) for at, pair in enumerate(lines)]


def both(*edges: str):
    return acts(*[e for edge in edges for e in (edge, edge[::-1])])


def test_two_people_who_answer(sitting):
    """Two members who speak to each other: everything is 1, and what needs three people is withheld."""
    found = summary(sitting("AB", acts("AB", "BA")))
    assert (found.density, found.reciprocity, found.reciprocity_weighted, found.strength_out) == (1, 1, 1, 0)
    assert found.centralization_degree == Withheld("fewer than 3 people", 2)


def test_the_measures_of_g1(sitting):
    """G1 gives every number of science.md §2 to the printed digits."""
    found = summary(sitting("TABCDE", G1, length=330))
    expected = {
        "density": 0.5333, "reciprocity": 0.8750, "reciprocity_dyad": 0.7778, "rho": 0.7321,
        "reciprocity_weighted": 0.8421, "centralization_out": 0.32, "centralization_in": 0.32,
        "centralization_degree": 0.30, "centralization_betweenness": 0.02, "strength_out": 0.1158,
        "strength_in": 0.0526, "connectedness": 0.6667, "hierarchy": 0, "efficiency": 0.25, "lub": 1,
    }  # fmt: skip
    assert {name: pytest.approx(value, abs=NEAR) for name, value in expected.items()} == {
        name: getattr(found, name) for name in expected
    }
    assert (found.n, found.acts) == (6, 19)
    assert found.centralization_closeness == Withheld("not connected", 2)


@pytest.mark.parametrize(
    ("edges", "density", "degree", "between", "close"),
    [
        (("AB", "AC", "AD", "AE"), 0.4, 1, 1, 1),
        (("AB", "BC", "CD", "DE"), 0.4, 0.1667, 0.4167, 0.4222),
        (("AB", "BC", "CD", "DE", "EA"), 0.5, 0, 0, 0),
        (("AB", "AC", "AD", "AE", "BC", "BD", "BE", "CD", "CE", "DE"), 1, 0, 0, 0),
    ],
)
def test_the_five_person_graphs(sitting, edges, density, degree, between, close):
    """Wheel, chain, circle and all-channel have the centralisations of Bavelas' graphs."""
    found = summary(sitting("ABCDE", both(*edges)))
    measured = (
        found.density,
        found.centralization_degree,
        found.centralization_betweenness,
        found.centralization_closeness,
    )
    assert tuple(pytest.approx(v, abs=NEAR) for v in (density, degree, between, close)) == measured


def test_krackhardts_tree(sitting):
    """An out-tree is a perfect hierarchy; one arc upward leaves 1 - 3/17 of it."""
    tree = ("AB", "AC", "BD", "BE", "CF", "CG")
    found = summary(sitting("ABCDEFG", acts(*tree)))
    assert (found.connectedness, found.hierarchy, found.efficiency, found.lub) == (1, 1, 1, 1)
    found = summary(sitting("ABCDEFG", acts(*tree, "DA")))
    assert found.hierarchy == pytest.approx(0.8235, abs=NEAR)
    assert (found.connectedness, found.lub) == (1, 1)
    assert found.efficiency == pytest.approx(0.9722, abs=NEAR)


@pytest.mark.parametrize("seed", range(30))
def test_networkx_agrees(sitting, seed):
    """Betweenness, closeness, density, reciprocity and degree of random networks are networkx's."""
    rng = random.Random(seed)
    people = "ABCDEFGH"[: rng.randint(3, 8)]
    pairs = [a + b for a in people for b in people if a != b and rng.random() < rng.choice((0.2, 0.5, 0.9))]
    found = summary(sitting(people, acts(*(pairs or ["AB"]))))
    g = nx.DiGraph()
    g.add_nodes_from(people)
    g.add_edges_from([tuple(p) for p in (pairs or ["AB"])])
    u, n = g.to_undirected(), len(people)
    between = nx.betweenness_centrality(u)
    assert found.density == pytest.approx(nx.density(g), abs=1e-9)
    assert found.reciprocity == pytest.approx(nx.reciprocity(g), abs=1e-9)
    assert found.centralization_betweenness == pytest.approx(sum(max(between.values()) - v for v in between.values()) / (n - 1), abs=1e-9)  # fmt: skip
    if nx.is_connected(u):
        close = nx.closeness_centrality(u)
        assert found.centralization_closeness == pytest.approx(
            sum(max(close.values()) - v for v in close.values()) * (2 * n - 3) / ((n - 1) * (n - 2)), abs=1e-9
        )
    else:
        assert isinstance(found.centralization_closeness, Withheld)


def test_too_many_unknown_receivers(sitting):
    """With more than one turn in five to nobody known, no network is drawn."""
    lines = [(at, at + 1, "A", "B") for at in range(4)] + [(9, 10, "B", "?")]
    assert summary(sitting("TAB", lines)).unknown == 0.2
    withheld = Withheld("more than 20 % of turns have an unknown receiver", 6)
    assert summary(sitting("TAB", [*lines, (11, 12, "A", "?")])) == withheld
    assert structure(sitting("TAB", [*lines, (11, 12, "A", "?")]), draws=3) == withheld


def test_binary_measures_take_a_threshold(sitting):
    """With k = 2 a pair counts only from its second act."""
    found = summary(sitting("ABC", acts("AB", "AB", "BC")), k=2)
    assert found.density == pytest.approx(1 / 6)


def test_a_turn_to_three_is_one_act(sitting):
    """Three receivers share one act."""
    assert summary(sitting("ABCD", [(0, 1, "A", "B,C,D")])).acts == 1


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


@pytest.mark.parametrize(
    ("number", "through", "among", "dominance", "exchanges", "pairs", "kappa", "kind"),
    [
        (1, 24, 0, 1, 0, 0, None, "vertical"),
        (2, 18, 6, 0.5833, 6, 6, 1.5035, "triangular"),
        (3, 16, 24, 0, 12, 6, 1.1263, "circular"),
        (4, 0, 24, -1, 12, 2, 0.3754, "horizontal_c"),
        (5, 16, 32, -0.1667, 16, 2, 0.3524, "horizontal_d"),
    ],
)
def test_the_five_structures(sitting, number, through, among, dominance, exchanges, pairs, kappa, kind):
    """The five golden structures of science.md §3."""
    found = structure(sitting("TABCD", golden(number)), draws=20)
    assert (found.through_leaders, found.among_members, found.exchanges, found.pairs) == (
        through,
        among,
        exchanges,
        pairs,
    )
    assert found.theta0 == pytest.approx(0.4)
    assert found.dominance == pytest.approx(dominance, abs=NEAR)
    assert found.structure == kind
    if kappa is None:
        assert isinstance(found.kappa, Withheld)
    else:
        assert found.kappa == pytest.approx(kappa, abs=NEAR)


def test_the_structure_of_g1(sitting):
    """G1 has 19 acts, one too few for a class; with `spread` θ is .4333."""
    found = structure(sitting("TABCDE", G1, length=330), draws=20)
    assert (found.through_leaders, found.among_members, found.exchanges, found.pairs) == (7, 12, 8, 6)
    measured = (found.theta, found.theta0, found.dominance, found.schema_ab, found.kappa)
    assert measured == tuple(pytest.approx(v, abs=NEAR) for v in (0.3684, 0.3333, 0.0526, 0.9474, 1.0535))
    assert (found.structure, found.printed) == ("insufficient", ("insufficient",))
    spread = structure(sitting("TABCDE", G1, length=330), draws=5, spread=True)
    assert (spread.theta, spread.dominance) == (
        pytest.approx(0.4333, abs=NEAR),
        pytest.approx(0.15, abs=NEAR),
    )


def test_without_a_leader(sitting):
    """No leader in the room: class, θ, λ and the schema are withheld, κ stays."""
    found = structure(sitting("ABCD", golden(4)), draws=5)
    gate = Withheld("no leader present", 0)
    assert (found.theta, found.dominance, found.schema_ab, found.structure, found.printed) == (gate,) * 5
    assert found.kappa == pytest.approx(0.3754, abs=NEAR)


def test_a_class_is_printed_only_when_sure(sitting):
    """At .80 one class is printed, below it two; few acts are provisional."""
    found = structure(sitting("TABCD", golden(1)), draws=50)
    assert (found.printed, found.provisional, found.said.id) == (("vertical",), True, "vertikal")
    close = structure(sitting("TABCD", golden(2)), draws=200)
    sure = max(c.probability for c in close.probability)
    assert len(close.printed) == (1 if sure >= 0.8 else 2)
    mixed = [*golden(1), *[(100 + a, 101 + a, s, r) for a, _, s, r in golden(4)]]
    doubtful = structure(sitting("TABCD", mixed), draws=200)
    assert len(doubtful.printed) == 2
    assert doubtful.said.id.startswith("antara ")
    assert sum(c.probability for c in doubtful.probability) == pytest.approx(1)


def test_the_same_twice(sitting):
    """Two runs of the same session agree to the last digit; another session's bootstrap is its own."""
    one, two = (structure(sitting("TABCD", golden(3)), draws=60) for _ in range(2))
    assert one == two
    other = structure(sitting("TABCD", golden(3), name="g/other"), draws=60)
    assert (other.theta, other.kappa) == (one.theta, one.kappa)


def test_kendalls_golden():
    """The block series of science.md: τ_b .7758, p .0008, as scipy says."""
    counts = (1, 0, 1, 2, 1, 2, 4, 5, 4, 6, 5, 5)
    tau, p = kendall([(c, 10) for c in counts])
    assert (tau, p) == (pytest.approx(0.7758, abs=NEAR), pytest.approx(0.0008, abs=5e-5))
    oracle = scipy.stats.kendalltau(range(len(counts)), counts, method="asymptotic")
    assert (tau, p) == (pytest.approx(oracle.statistic, abs=1e-12), pytest.approx(oracle.pvalue, abs=1e-12))


def test_evolution_needs_eight_blocks(sitting):
    """With 79 acts there is no test; with 80 of a session that opens up there is, and windows of 60."""
    lines = golden(1)[:24] + golden(1)[:16] + golden(4) + golden(4)[:16]
    lines = [(at, at + 1, s, r) for at, (_, _, s, r) in enumerate(lines)]
    assert len(lines) == 80
    short = evolution(sitting("TABCD", lines[:79]))
    assert short.tau == Withheld("fewer than 8 blocks of 10 acts", 7)
    found = evolution(sitting("TABCD", lines))
    assert found.blocks == (0, 0, 0, 0, 10, 10, 10, 10)
    assert found.tau > 0.7
    assert [(w.first, w.last) for w in found.windows] == [(0, 59), (15, 74)]


def test_exchange_counts_address_rows(sitting):
    """The query counts each sender and receiver once for every act."""
    import duckdb

    con = duckdb.connect()
    con.execute("create table address (session varchar, sender varchar, receiver varchar)")
    con.executemany("insert into address values ('g/s', ?, ?)", [("A", "B"), ("A", "B"), ("B", "A")])
    assert con.execute(exchange.sql).fetchall() == [("g/s", "A", "B", 2), ("g/s", "B", "A", 1)]


@pytest.mark.parametrize("lines", [[], [(0, 1, "T", "A")], [(0, 1, "A", "?")], [(0, None, "A", "*")]])
def test_hardly_anything(sitting, lines):
    """An empty session, one turn, unknown receivers: an answer with gates, never an exception."""
    for analysis in (summary, structure, evolution):
        assert analysis(sitting("TAB", lines)) is not None
    assert analysis(sitting("", [])) is not None
