"""Row 12: the measures of the network, by tkcore-network and by networkx.

First betweenness alone, as the target names it: the graph from its edges, then the centralisation, of the arcs and of
the pairs. Then the whole `network.summary` from a session's rows, beside every measure of it that networkx has
functions for: density, reciprocity, the five centralisations, distances, connectedness, hierarchy. (The summary has
the others too: three of weights, dyads, efficiency, least upper bound.) networkx gets its acts by tkcore-network's
`directed` as well. An edge is three acts or more: at one act nearly everybody is joined to everybody, and
betweenness is 0. CPU time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import networkx as nx
import rustworkx as rx
from data import plan, record, workspace
from measure import Table, Target, at_most, interleave, paired
from msgspec import structs
from tkcore_network import measures
from tkcore_network.acts import directed, people, unit

from tkcore import Withheld
from tkcore.reading import books, rows_of
from tkcore.session import Session

SESSIONS, ACTS = 20, 3
OURS, THEIRS = "tkcore-network, summary", "networkx, the same measures"
BETWEEN = ", betweenness alone"


def network(rounds: int, folder: Path) -> Table:
    sessions = []
    with TemporaryDirectory(dir=folder) as fresh:
        desk = workspace(Path(fresh, "workspace"))
        codebooks = books(desk.workspace)
        for number in range(SESSIONS):
            read = record(desk, f"g/s{number}", plan(number))
            sessions.append(Session(read.name, rows_of(read, codebooks), read.scan.head))
    edges = [(len(people(session)), _edges(session)) for session in sessions]

    def each(things: Iterable[object], work: Callable[..., object]) -> Callable[[], float]:
        things = list(things)

        def once() -> float:
            start = process_time()
            for thing in things:
                work(thing)
            return (process_time() - start) / len(things)

        return once

    sides = {
        OURS: each(sessions, lambda session: measures.summary(session, k=ACTS)),
        THEIRS: each(sessions, _networkx),
        "tkcore-network" + BETWEEN: each(edges, lambda pair: _ours_between(*pair)),
        "networkx" + BETWEEN: each(edges, lambda pair: _their_between(*pair)),
    }
    for side in sides.values():
        side()  # the first call loads what it needs
    costs = interleave(sides, rounds, lambda: None)
    apart = max(map(_apart, sessions))
    ours, theirs, our_between, their_between = costs.values()
    other = {OURS: theirs, "tkcore-network" + BETWEEN: their_between}
    return Table(
        "Networks",
        f"{rounds} rounds x {SESSIONS} simulated sessions of 7 to 11 people; CPU time.",
        ("side", "us/session", "x networkx"),
        [
            (name, f"{1e6 * median(cost):.0f}", str(paired(cost, other[name])) if name in other else "")
            for name, cost in costs.items()
        ],
        (
            at_most(12, "betweenness / networkx", 0.35, paired(our_between, their_between)),
            at_most(12, "summary / the same measures by networkx", 0.5, paired(ours, theirs)),
            Target(12, "largest difference of a measure", "<= 1e-9", f"{apart:.0e}", apart <= 1e-9),
        ),
    )


def _apart(session: Session) -> float:
    """Return the largest difference between the two sides' measures."""
    ours = structs.asdict(measures.summary(session, k=ACTS))
    if not isinstance(ours["distances"], Withheld):
        ours["distances"] = sum(one.steps for one in ours["distances"])
    return max(abs(value - ours[name]) for name, value in _networkx(session).items())


def _edges(session: Session) -> set[tuple[int, int]]:
    place = {seat: at for at, seat in enumerate(people(session))}
    weights: dict[tuple[int, int], int] = {}
    for act in directed(session):
        for receiver, weight in act.to:
            pair = (place[act.sender], place[receiver])
            weights[pair] = weights.get(pair, 0) + weight
    return {pair for pair, weight in weights.items() if weight >= ACTS * unit(session, spread=False)}


def _graph(n: int, edges: set[tuple[int, int]]) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    return graph


def _freeman(values: Iterable[float], most: float) -> float:
    values = list(values)
    return sum(max(values) - value for value in values) / most


def _networkx(session: Session) -> dict[str, float]:
    n = len(people(session))
    graph = _graph(n, _edges(session))
    pairs = graph.to_undirected()
    components = [len(part) for part in nx.connected_components(pairs)]
    closure = nx.transitive_closure(graph)
    one = [(a, b) for a, b in combinations(range(n), 2) if closure.has_edge(a, b) or closure.has_edge(b, a)]
    two = sum(closure.has_edge(a, b) and closure.has_edge(b, a) for a, b in one)
    found = {
        "density": nx.density(graph),
        "reciprocity": nx.reciprocity(graph),
        "centralization_out": _freeman((degree for _, degree in graph.out_degree()), (n - 1) ** 2),
        "centralization_in": _freeman((degree for _, degree in graph.in_degree()), (n - 1) ** 2),
        "centralization_degree": _freeman((degree for _, degree in pairs.degree()), (n - 1) * (n - 2)),
        "centralization_betweenness": _freeman(nx.betweenness_centrality(pairs).values(), n - 1),
        "centralization_betweenness_directed": _freeman(nx.betweenness_centrality(graph).values(), n - 1),
        "connectedness": sum(size * (size - 1) for size in components) / (n * (n - 1)),
        "hierarchy": 1 - two / len(one),
    }
    if len(components) == 1:
        most = (n - 1) * (n - 2) / (2 * n - 3)
        found["centralization_closeness"] = _freeman(nx.closeness_centrality(pairs).values(), most)
        steps = dict(nx.all_pairs_shortest_path_length(pairs))
        found["distances"] = sum(sum(steps[at].values()) for at in range(n))
    return found


def _ours_between(n: int, edges: set[tuple[int, int]]) -> tuple[float, float]:
    pairs = {(min(edge), max(edge)) for edge in edges}
    undirected, arcs = measures._graph(n, pairs), measures._graph(n, edges, rx.PyDiGraph)  # noqa: SLF001
    return measures._betweenness(undirected), measures._betweenness(arcs)  # noqa: SLF001


def _their_between(n: int, edges: set[tuple[int, int]]) -> tuple[float, float]:
    graph = _graph(n, edges)
    return (
        _freeman(nx.betweenness_centrality(graph.to_undirected()).values(), n - 1),
        _freeman(nx.betweenness_centrality(graph).values(), n - 1),
    )
