"""Network measures against science.md §2, worked examples and networkx."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_cases import G1, NEAR, acts, drawn
from tkcore_network.measures import exchange, summary

from tkcore import Withheld


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
        "centralization_betweenness_directed": 0.02, "mutual": 7, "asymmetric": 2, "null": 6,
        "strength_in": 0.0526, "connectedness": 0.6667, "hierarchy": 0, "efficiency": 0.25, "lub": 1,
    }  # fmt: skip
    assert {name: pytest.approx(value, abs=NEAR) for name, value in expected.items()} == {
        name: getattr(found, name) for name in expected
    }
    assert (found.n, found.acts) == (6, 19)
    assert found.centralization_closeness == Withheld("not connected", 2)


WHEEL, CHAIN, CIRCLE = ("AB", "AC", "AD", "AE"), ("AB", "BC", "CD", "DE"), ("AB", "BC", "CD", "DE", "EA")


ALL_CHANNEL = tuple(a + b for a, b in combinations("ABCDE", 2))


@pytest.mark.parametrize(
    ("edges", "central", "steps", "leavitt"),
    [
        (WHEEL, (0.4, 1, 1, 1), (4, 7, 7, 7, 7), (8, 4.571, 4.571, 4.571, 4.571)),
        (CHAIN, (0.4, 0.1667, 0.4167, 0.4222), (10, 7, 6, 7, 10), (4, 5.714, 6.667, 5.714, 4)),
        (CIRCLE, (0.5, 0, 0, 0), (6,) * 5, (5,) * 5),
        (ALL_CHANNEL, (1, 0, 0, 0), (4,) * 5, (5,) * 5),
    ],
    ids=["wheel", "chain", "circle", "all-channel"],
)
def test_the_five_person_graphs(sitting, edges, central, steps, leavitt):
    """Wheel, chain, circle and all-channel: the table of science.md §2, to the printed digits."""
    found = summary(sitting("ABCDE", both(*edges)))
    measured = (found.density, found.centralization_degree, found.centralization_betweenness, found.centralization_closeness)  # fmt: skip
    assert measured == tuple(pytest.approx(v, abs=NEAR) for v in central)
    assert tuple(d.steps for d in found.distances) == steps
    assert tuple(d.centrality for d in found.distances) == tuple(pytest.approx(v, abs=5e-4) for v in leavitt)
    assert [d.seat for d in found.distances] == list("ABCDE")


def test_krackhardts_tree(sitting):
    """An out-tree is a perfect hierarchy; one arc upward leaves 1 - 3/17 of it."""
    tree = ("AB", "AC", "BD", "BE", "CF", "CG")
    found = summary(sitting("ABCDEFG", acts(*tree)))
    assert (found.connectedness, found.hierarchy, found.efficiency, found.lub) == (1, 1, 1, 1)
    found = summary(sitting("ABCDEFG", acts(*tree, "DA")))
    assert found.hierarchy == pytest.approx(0.8235, abs=NEAR)
    assert (found.connectedness, found.lub) == (1, 1)
    assert found.efficiency == pytest.approx(0.9722, abs=NEAR)


@given(data=st.data())
@drawn
def test_networkx_agrees(sitting, data):
    """Every measure networkx has, on random networks of weighted acts, at a random threshold."""
    people = "ABCDEFGH"[: data.draw(st.integers(3, 8))]
    every = [a + b for a in people for b in people if a != b]
    lines = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=60))
    k = data.draw(st.integers(1, 2))
    found = summary(sitting(people, acts(*lines)), k=k)
    n = len(people)
    g = nx.DiGraph()
    g.add_nodes_from(people)
    g.add_edges_from(pair for pair in every if lines.count(pair) >= k)
    u = g.to_undirected()
    assert found.density == pytest.approx(nx.density(g), abs=1e-12)
    assert found.strength_out == pytest.approx((n * max(sum(x[0] == s for x in lines) for s in people) / len(lines) - 1) / (n - 1))  # fmt: skip
    assert found.strength_in == pytest.approx((n * max(sum(x[1] == s for x in lines) for s in people) / len(lines) - 1) / (n - 1))  # fmt: skip
    twice = sum(2 * min(lines.count(a + b), lines.count(b + a)) for a, b in combinations(people, 2))
    assert found.reciprocity_weighted == pytest.approx(twice / len(lines), abs=1e-12)
    if not g.edges:
        gate = Withheld("no pair with as many acts as k", 0)
        assert {found.reciprocity, found.rho, found.centralization_out, found.hierarchy, found.lub} == {gate}
        return

    def central(values, most):
        return pytest.approx(sum(max(values) - v for v in values) / most, abs=1e-9)

    assert found.reciprocity == pytest.approx(nx.reciprocity(g), abs=1e-12)
    assert found.centralization_out == central([d for _, d in g.out_degree()], (n - 1) ** 2)
    assert found.centralization_in == central([d for _, d in g.in_degree()], (n - 1) ** 2)
    assert found.centralization_degree == central([d for _, d in u.degree()], (n - 1) * (n - 2))
    assert found.centralization_betweenness == central(nx.betweenness_centrality(u).values(), n - 1)
    assert found.centralization_betweenness_directed == central(nx.betweenness_centrality(g).values(), n - 1)
    pairs = list(combinations(people, 2))
    assert found.connectedness == pytest.approx(sum(nx.has_path(u, *p) for p in pairs) / len(pairs))
    one = [p for p in pairs if nx.has_path(g, *p) or nx.has_path(g, *p[::-1])]
    two = [p for p in one if nx.has_path(g, *p) and nx.has_path(g, *p[::-1])]
    assert found.hierarchy == pytest.approx(1 - len(two) / len(one))
    parts = [g.subgraph(c) for c in nx.connected_components(u)]
    trees = sum(len(c) - 1 for c in parts)
    assert found.efficiency == pytest.approx(1 - (len(g.edges) - trees) / (sum(len(c) * (len(c) - 1) for c in parts) - trees))  # fmt: skip
    if nx.is_connected(u):
        assert found.centralization_closeness == central(nx.closeness_centrality(u).values(), (n - 1) * (n - 2) / (2 * n - 3))  # fmt: skip
        assert [d.steps for d in found.distances] == [sum(nx.shortest_path_length(u, s).values()) for s in people]  # fmt: skip
    else:
        assert found.centralization_closeness == found.distances == Withheld("not connected", len(parts))


def test_a_pair_without_a_least_upper_bound(sitting):
    """C and D both have A and B above them, and neither is above the other: one pair of three lacks one."""
    found = summary(sitting("ABCD", acts("AC", "AD", "BC", "BD")))
    # A-B have no bound at all, C-D two of them: 1 - 2/((4-1)(4-2)/2)
    assert found.lub == pytest.approx(1 / 3)


def test_binary_measures_take_a_threshold(sitting):
    """With k = 2 a pair counts only from its second act."""
    found = summary(sitting("ABC", acts("AB", "AB", "BC")), k=2)
    assert found.density == pytest.approx(1 / 6)


def test_a_turn_to_three_is_one_act(sitting):
    """Three receivers share one act."""
    assert summary(sitting("ABCD", [(0, 1, "A", "B,C,D")])).acts == 1


def test_exchange_counts_address_rows(sitting):
    """The query counts each sender and receiver once for every act."""
    import duckdb

    con = duckdb.connect()
    con.execute("create table address (session varchar, sender varchar, receiver varchar)")
    con.executemany("insert into address values ('g/s', ?, ?)", [("A", "B"), ("A", "B"), ("B", "A")])
    assert con.execute(exchange.sql).fetchall() == [("g/s", "A", "B", 2), ("g/s", "B", "A", 1)]
