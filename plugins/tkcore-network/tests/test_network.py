"""Network measures against science.md §2 and §3, and against networkx and scipy."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import combinations

import networkx as nx
import pytest
import scipy.stats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tkcore_network.course import evolution, kendall
from tkcore_network.measures import exchange, summary
from tkcore_network.structure import structure, vertical
from tkcore_network.trend import mann_kendall, theil_sen

from tkcore import Address, Head, SeatRow, Session, SessionRow, Turn, Withheld

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


def test_too_many_unknown_receivers(sitting):
    """With more than one turn in five to nobody known, no network is drawn."""
    lines = [(at, at + 1, "A", "B") for at in range(4)] + [(9, 10, "B", "?")]
    assert summary(sitting("TAB", lines)).unknown == 0.2
    withheld = Withheld("more than 20 % of turns have an unknown receiver", 6)
    assert summary(sitting("TAB", [*lines, (11, 12, "A", "?")])) == withheld
    assert structure(sitting("TAB", [*lines, (11, 12, "A", "?")]), draws=3) == withheld


@pytest.mark.parametrize(
    ("unknown", "turns", "drawn_"), [(3, 15, True), (3, 14, False), (1, 5, True), (1, 4, False)]
)
def test_exactly_a_fifth_is_drawn(sitting, unknown, turns, drawn_):
    """The gate is more than 20 %, not from 20 % on."""
    lines = [(at, at + 1, "A", "?" if at < unknown else "B") for at in range(turns)]
    assert isinstance(summary(sitting("TAB", lines)), Withheld) is not drawn_
    assert isinstance(structure(sitting("TAB", lines), draws=1), Withheld) is not drawn_


@pytest.mark.parametrize(
    ("through", "of", "kind"),
    [
        (91, 100, "vertical"), (90, 100, "triangular"), (58, 100, "triangular"), (57, 100, "circular"),
        (21, 100, "circular"), (20, 100, "horizontal_c"), (0, 20, "horizontal_c"), (0, 19, "insufficient"),
    ],
)  # fmt: skip
def test_the_limits_of_the_classes(sitting, through, of, kind):
    """θ0 = .4: λ .85 is θ .91, λ .30 is θ .58, λ -.50 is θ .20; and 20 acts are enough, 19 are not."""
    among = [a for p in pairs_of_four() for a in (p, p[::-1])]
    lines = ["TA"] * through + [among[at % 12] for at in range(of - through)]
    assert structure(sitting("TABCD", acts(*lines)), draws=1).structure == kind


@pytest.mark.parametrize(("exchanges", "kind"), [(7, "insufficient"), (8, "horizontal_d")])
def test_the_least_exchanges(sitting, exchanges, kind):
    """Eight exchanges decide between circular and horizontal (d), seven do not."""
    lines = [a for at in range(exchanges) for a in ("AB" if at % 2 else "CD",) * 3] + ["TA"] * 14
    found = structure(sitting("TABCD", acts(*lines)), draws=1)
    assert (found.exchanges, found.structure) == (exchanges, kind)


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
    ("number", "through", "among", "theta", "dominance", "schema", "exchanges", "pairs", "kappa", "kind"),
    [
        (1, 24, 0, 1, 1, 0, 0, 0, None, "vertical"),
        (2, 18, 6, 0.75, 0.5833, 0.4167, 6, 6, 1.5035, "triangular"),
        (3, 16, 24, 0.4, 0, 1, 12, 6, 1.1263, "circular"),
        (4, 0, 24, 0, -1, 1, 12, 2, 0.3754, "horizontal_c"),
        (5, 16, 32, 0.3333, -0.1667, 1, 16, 2, 0.3524, "horizontal_d"),
    ],
)
def test_the_five_structures(
    sitting, number, through, among, theta, dominance, schema, exchanges, pairs, kappa, kind
):
    """The five golden structures of science.md §3."""
    found = structure(sitting("TABCD", golden(number)), draws=20)
    assert (found.through_leaders, found.among_members, found.exchanges, found.pairs) == (
        through,
        among,
        exchanges,
        pairs,
    )
    assert found.theta0 == pytest.approx(0.4)
    assert found.theta == pytest.approx(theta, abs=NEAR)
    assert found.schema_ab == pytest.approx(schema, abs=NEAR)
    assert found.dominance_low <= found.dominance <= found.dominance_high
    assert found.dominance == pytest.approx(dominance, abs=NEAR)
    assert found.structure == kind
    if kappa is None:
        assert isinstance(found.kappa, Withheld)
    else:
        assert found.kappa == pytest.approx(kappa, abs=NEAR)
        # E of the example: distinct pairs by κ
        assert pairs / found.kappa == pytest.approx(6 * (1 - (5 / 6) ** exchanges))


def test_theta0_by_hand(sitting):
    """Seven members: .25 with one leader, .40 with two."""
    assert structure(sitting("TABCDEFG", acts("AB")), draws=1).theta0 == 0.25
    assert structure(sitting("TKABCDEFG", acts("AB")), draws=1).theta0 == 0.4


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
    assert (spread.kappa, spread.exchanges, spread.acts) == (found.kappa, 8, 24)


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


@given(st.lists(st.integers(0, 6), min_size=8, max_size=30))
@drawn
def test_scipy_agrees_on_tau(counts):
    """τ_b and its p are scipy's, ties and all."""
    found = kendall([(c, 6) for c in counts])
    if len(set(counts)) == 1:
        assert found is None
        return
    oracle = scipy.stats.kendalltau(range(len(counts)), counts, method="asymptotic")
    assert found == (pytest.approx(oracle.statistic, abs=1e-9), pytest.approx(oracle.pvalue, abs=1e-9))


def test_evolution_needs_eight_blocks(sitting):
    """With 79 acts there is no test; with 80 of a session that opens up there is, and windows of 60."""
    lines = golden(1)[:24] + golden(1)[:16] + golden(4) + golden(4)[:16]
    lines = [(at, at + 1, s, r) for at, (_, _, s, r) in enumerate(lines)]
    assert len(lines) == 80
    short = evolution(sitting("TABCD", lines[:79]))
    assert short.tau == short.p == Withheld("fewer than 8 blocks of 10 acts", 7)
    found = evolution(sitting("TABCD", lines))
    assert found.blocks == (0, 0, 0, 0, 10, 10, 10, 10)
    assert found.tau == pytest.approx(scipy.stats.kendalltau(range(8), found.blocks).statistic)
    assert [(w.first, w.last) for w in found.windows] == [(0, 59), (15, 74)]
    assert [(w.since, w.until, w.among_members) for w in found.windows] == [
        (0, 59_000, pytest.approx(20 / 60)), (15_000, 74_000, pytest.approx(35 / 60)),
    ]  # fmt: skip
    assert evolution(sitting("TABCD", lines[:59])).windows == Withheld("fewer acts than one window", 59)
    alone = evolution(sitting("ABCD", golden(4)))
    assert (alone.acts, alone.unknown) == (24, 0)
    assert alone.windows == alone.blocks == alone.tau == alone.p == Withheld("no leader present", 0)


def test_the_course_in_the_worked_example(sitting):
    """MM counts 1, 0, 1, 2 … of ten as turns: τ_b .7758, p .0008."""
    counts = (1, 0, 1, 2, 1, 2, 4, 5, 4, 6, 5, 5)
    found = evolution(sitting("TABCD", acts(*[a for c in counts for a in ["AB"] * c + ["TA"] * (10 - c)])))
    assert (found.acts, found.blocks) == (120, counts)
    assert (found.tau, found.p) == (pytest.approx(0.7758, abs=NEAR), pytest.approx(0.0008, abs=NEAR))


def test_the_trend_over_sessions():
    """λ of six sessions: S = -13, τ -.8667, exact p .0167, slope -.06."""
    course = (0.82, 0.74, 0.70, 0.61, 0.55, 0.58)
    score, tau, p = mann_kendall(course)
    assert (score, tau, p) == (-13, pytest.approx(-0.8667, abs=NEAR), pytest.approx(0.0167, abs=NEAR))
    assert theil_sen(course) == pytest.approx(-0.06)


@pytest.mark.parametrize(
    ("n", "score", "p"),
    [(4, 6, 0.083), (5, 10, 0.0167), (6, 13, 0.0167), (6, 11, 0.056), (7, 15, 0.030), (8, 18, 0.031), (8, 16, 0.061)],
)  # fmt: skip
def test_the_table_of_exact_p(n, score, p):
    """With few sessions little is testable: the table of science.md §3."""
    values = list(range(n))
    while mann_kendall(values)[0] > score:
        at = next(i for i in range(n - 1) if values[i] < values[i + 1])
        values[at], values[at + 1] = values[at + 1], values[at]
    assert mann_kendall(values)[0] == score
    assert mann_kendall(values)[2] == pytest.approx(p, abs=5.1e-4 if p > 0.02 else NEAR)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9, unique=True))
@drawn
def test_scipy_agrees_on_trends(values):
    """Exact p and slope are scipy's."""
    oracle = scipy.stats.kendalltau(range(len(values)), values, method="exact")
    _, tau, p = mann_kendall(values)
    assert (tau, p) == (pytest.approx(oracle.statistic, abs=1e-9), pytest.approx(oracle.pvalue, abs=1e-9))
    assert theil_sen(values) == pytest.approx(scipy.stats.theilslopes(values).slope)


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


def plainly(session, lines, *, leaders, members, block, draws, spread):
    """The block bootstrap of science.md §3 in plain Python, act by act."""
    n = len(leaders) + len(members)
    unit = 27720 * ((n - 1) if spread else 1)
    turns = []
    for _, _, sender, to in lines:
        if to == "*" and not spread:
            continue
        receivers = [s for s in leaders + members if s != sender] if to == "*" else to.split(",")
        weight = 27720 if to == "*" else unit // len(receivers)
        parts = [(sender, r, weight, to == "*") for r in receivers if not {sender, r} <= set(leaders)]
        if parts:
            turns.append(parts)
    tally, dominances = {}, []
    for _ in range(draws):
        chosen = []
        while len(chosen) < len(turns):
            begin = int(session.random.random() * len(turns))
            chosen += [turns[(begin + step) % len(turns)] for step in range(block)]
        total = through = exchanges = 0
        met, running = set(), None
        for sender, receiver, weight, whole in [part for parts in chosen[: len(turns)] for part in parts]:
            total += weight
            led = sender in leaders or receiver in leaders
            through += weight if led else 0
            if whole:
                continue
            pair = None if led else frozenset((sender, receiver))
            if pair:
                met.add(pair)
                exchanges += pair != running
            running = pair
        possible, l, m = math.comb(len(members), 2), len(leaders), len(members)  # noqa: E741
        theta, theta0 = Fraction(through, total), Fraction(2 * l, 2 * l + m - 1)
        dominance = float((theta - theta0) / ((1 - theta0) if theta >= theta0 else theta0))
        dominances.append(dominance)
        kappa = len(met) / (possible * (1 - (1 - 1 / possible) ** exchanges)) if exchanges else 0
        if total < 20 * unit:
            kind = "insufficient"
        elif dominance >= 0.3:
            kind = "vertical" if dominance >= 0.85 else "triangular"
        elif dominance <= -0.5:
            kind = "horizontal_c"
        elif exchanges < 8:
            kind = "insufficient"
        else:
            kind = "circular" if kappa >= 0.7 else "horizontal_d"
        tally[kind] = tally.get(kind, 0) + 1
    dominances.sort()
    return {k: v / draws for k, v in tally.items()}, dominances[draws // 40], dominances[-1 - draws // 40]


@given(
    seed=st.integers(0, 10**6), turns=st.integers(25, 140), block=st.integers(1, 12), spread=st.booleans(),
    leaders=st.sampled_from(["T", "TK"]), several=st.sampled_from([0, 0.3]),
)  # fmt: skip
@settings(drawn, max_examples=25)
def test_the_bootstrap_in_plain_python(sitting, seed, turns, block, spread, leaders, several):
    """The fast bootstrap and the plain one agree to the bit, and draw the same numbers."""
    lines = chatter(seed, leaders + "ABCDE", turns, several)
    given_ = {"block": block, "draws": 80, "spread": spread, "activities": False}
    session = sitting(leaders + "ABCDE", lines)
    seeded = session.seeded(structure.name, structure.version, given_)
    found = structure.make(seeded, **given_)
    twin = session.seeded(structure.name, structure.version, given_)
    expected = plainly(twin, lines, leaders=leaders, members="ABCDE", block=block, draws=80, spread=spread)
    got = {c.structure: c.probability for c in found.probability}
    assert got == expected[0]
    if isinstance(found.dominance_low, Withheld):
        assert found.dominance_low.n < 2 * block
    else:
        assert (found.dominance_low, found.dominance_high) == expected[1:]
    assert seeded.random.getstate() == twin.random.getstate()


def test_a_bootstrap_that_loses_its_order_would_show(sitting):
    """Blocks of one act are another result than blocks of ten: the oracle can tell."""
    one, ten = (structure(sitting("TABCDE", chatter(5)), block=b, draws=200) for b in (1, 10))
    assert (one.dominance_low, one.dominance_high) != (ten.dominance_low, ten.dominance_high)


def test_one_block_is_no_interval(sitting):
    """Nineteen acts are less than two blocks: every resample would be the session itself."""
    gate = Withheld("fewer than 2 blocks of acts", 19)
    found = structure(sitting("TABCDE", G1), draws=20)
    assert (found.dominance_low, found.dominance_high) == (gate, gate)
    assert isinstance(structure(sitting("TABCD", golden(2)), draws=20).dominance_low, float)


def test_head_and_observer_move_nothing(sitting):
    """The next tick, a foreign record or another observer's name leave every number where it was."""
    session = sitting("TABCDE", chatter(1))
    other = remade(
        session, lambda row: replace(row, observer="X", seq=row.seq + 9), head=Head(10**6, "f" * 64)
    )
    for analysis in (structure, summary, evolution):
        assert analysis(session) == analysis(other)


def test_which_class_is_printed(sitting):
    """What resampling makes of the point estimate: its class, or it and the likeliest other; never another alone."""
    for seed in range(12):
        found = structure(sitting("TABCDE", chatter(seed, turns=70)), draws=60)
        sure = {c.structure: c.probability for c in found.probability}.get(found.structure, 0)
        assert found.structure in found.printed
        assert len(found.printed) == (1 if found.structure == "insufficient" or sure >= 0.8 else 2)


def inpatient(session):
    return remade(
        session, lambda row: replace(row, setting="inpatient") if isinstance(row, SessionRow) else row
    )


def test_vertical_and_its_alert(sitting):
    """Vertical on 60 acts raises the alert; on fewer, or where the handbook expects it, nothing."""
    long = acts(*[a for x in "ABCD" for a in (f"T{x}", f"{x}T")], times=10)
    found = structure(sitting("TABCD", long), draws=30)
    assert [(a.alert, a.seat, a.numbers) for a in vertical(found)] == [
        ("network.vertical", None, {"per_mille": 1000, "acts": 80})
    ]
    assert structure.alert is vertical
    few = structure(sitting("TABCD", golden(1)), draws=30)
    assert (few.printed, few.provisional, list(vertical(few))) == (("vertical",), True, [])
    ward = structure(inpatient(sitting("TABCD", long)), draws=30)
    assert (ward.printed, ward.expected, list(vertical(ward))) == (("vertical",), True, [])
    assert ward.said.id == "vertikal; wajar untuk kelompok rawat inap (satu kemungkinan bacaan)"
    early = structure(inpatient(sitting("TABCD", golden(1))), draws=30)
    assert early.printed == Withheld("fewer than 60 acts of an inpatient group", 24)
    assert early.said.en == "inpatient: a structure is named only from 60 acts on"
    assert list(vertical(structure(sitting("TABCD", golden(3)), draws=30))) == []


def test_with_and_without_the_opening_stage(sitting):
    """A didactic opening is vertical; what follows it is read alone as well."""
    lines = golden(1) + [(100 + a, 101 + a, s, r) for a, _, s, r in golden(4)]
    session = sitting("TABCD", lines)
    gate = Withheld("no phase was recorded", 48)
    plain = structure(session, draws=20)
    assert (plain.dominance_later, plain.structure_later) == (gate, gate)
    staged = remade(
        session,
        lambda row: (
            replace(row, phase="participation" if row.ts < 100_000 else "work")
            if isinstance(row, (Turn, Address))
            else row
        ),
    )
    found = structure(staged, draws=20)
    assert (found.dominance_later, found.structure_later) == (-1, "horizontal_c")
    assert found.dominance == plain.dominance


def test_role_play_is_not_the_members_own(sitting):
    """A stretch of an activity is left out, its unknown receivers too, unless asked for."""
    lines = [*acts("AB", "BA", "TA"), *[(10 + at, 11 + at, "C", "?") for at in range(9)], (30, 31, "C", "A")]
    played = remade(
        sitting("TABC", lines),
        lambda row: (
            replace(row, activity="handbook.activity.role_play")
            if isinstance(row, (Turn, Address)) and row.ts >= 10_000
            else row
        ),
    )
    assert (summary(played).acts, structure(played, draws=2).acts, evolution(played).acts) == (3, 3, 3)
    gate = Withheld("more than 20 % of turns have an unknown receiver", 13)
    assert {f(played, activities=True) for f in (summary, evolution)} == {gate}
    assert structure(played, activities=True, draws=2) == gate


def test_visitors_and_seats_not_recorded_are_outside(sitting):
    """A visitor, a seat of which only the floor is stored, one not recorded, one absent: in no denominator."""
    lines = acts("AB", "BA", "TA", "VA", "AV", "FA")
    change = {
        "V": {"role": "visitor"},
        "F": {"scope": "floor_only"},
        "N": {"scope": "none"},
        "X": {"attended": False},
    }

    def row_of(row):
        return replace(row, **change.get(row.seat, {})) if isinstance(row, SeatRow) else row

    session = remade(sitting("TABVFNX", lines), row_of)
    found = summary(session)
    assert (found.n, found.acts, found.density) == (3, 3, 0.5)
    assert structure(session, draws=2).theta0 == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("seats", "kind"), [("TABC", "vertical"), ("TAB", "insufficient"), ("TA", "insufficient")]
)
def test_three_members_are_the_least(sitting, seats, kind):
    """Two members make no structure, one not even a dominance."""
    lines = acts(*[a for x in seats[1:] for a in (f"T{x}", f"{x}T")], times=12)
    found = structure(sitting(seats, lines), draws=10)
    assert found.structure == kind
    if seats == "TA":
        assert found.dominance == found.schema_ab == Withheld("fewer than 2 members", 1)


def test_leaders_alone(sitting):
    """Two leaders and nobody else: acts between leaders are dropped, and θ0 is no number above 1."""
    found = structure(sitting("TK", acts("TK", "KT")), draws=3)
    assert (found.acts, found.theta0, found.structure) == (0, Withheld("no member", 0), "insufficient")


def test_acts_between_leaders_are_dropped(sitting):
    """T and K among themselves are in no θ; a turn to K and A counts its half to A."""
    found = structure(sitting("TKABC", [*acts("TK", "AB"), (5, 6, "T", "K,A")]), draws=3)
    assert (found.acts, found.through_leaders, found.among_members) == (1.5, 0.5, 1)


def test_all_to_the_group(sitting):
    """Turns to the group are no acts: everything of pairs is withheld; with `spread` all-to-all talk is flat."""
    lines = [(at, at + 1, "TABC"[at % 4], "*") for at in range(40)]
    found = summary(sitting("TABC", lines))
    assert (found.acts, found.density, found.connectedness) == (0, 0, 0)
    gate = Withheld("no directed act", 0)
    assert {found.reciprocity, found.strength_out, found.hierarchy, found.centralization_degree} == {gate}
    assert structure(sitting("TABC", lines), draws=3).theta == gate
    wide = summary(sitting("TABC", lines), spread=True)
    assert (wide.acts, wide.density, wide.strength_in) == (40, 1, 0)
    assert structure(sitting("TABC", lines), draws=3, spread=True).dominance == 0


def test_all_receivers_unknown(sitting):
    """Nobody coded to whom: no network at all, for every analysis that draws one."""
    session = sitting("TAB", [(at, at + 1, "A", "?") for at in range(10)])
    gate = Withheld("more than 20 % of turns have an unknown receiver", 10)
    assert (summary(session), structure(session, draws=2), evolution(session)) == (gate,) * 3


def test_lengths_do_not_matter(sitting):
    """Acts are counted: without lengths, and with overlaps, the network is the same."""
    timed = chatter(9)
    bare = [(a, None, s, r) for a, _, s, r in timed]
    over = [(a, b + 5, s, r) for a, b, s, r in timed]
    for analysis in (summary, structure, evolution):
        one, two, three = (analysis(sitting("TABCDE", lines)) for lines in (timed, bare, over))
        assert one == two == three


@pytest.mark.parametrize("wrong", [{"block": 0}, {"draws": 0}])
def test_parameters_below_one_are_refused(sitting, wrong):
    """No silent answer to a question without sense."""
    with pytest.raises(ValueError, match="at least 1"):
        structure(sitting("TAB", acts("AB")), **wrong)
    with pytest.raises(ValueError, match="at least 1"):
        summary(sitting("TAB", acts("AB")), k=0)
    with pytest.raises(ValueError, match="at least 1"):
        evolution(sitting("TAB", acts("AB")), step=0)


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
