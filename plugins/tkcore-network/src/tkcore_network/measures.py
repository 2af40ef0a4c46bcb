"""Exchange and the measures of the network (science.md §2)."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import rustworkx as rx
from msgspec import Struct

from tkcore import Session, Withheld, analysis, gate, query
from tkcore_network.acts import directed, people, turns_of, unit, unknown

Number = float | Withheld


class Exchange(Struct, frozen=True):
    """Directed acts of each sender to each receiver, as recorded; a turn to three counts once for each of them.

    Visitors and activities are in it, and no gate: it counts what was coded. Source: science.md §2, W.
    """

    sender: str
    receiver: str
    acts: int


exchange = query(
    "network.exchange",
    version=1,
    reads=("address",),
    row=Exchange,
    sql="select session, sender, receiver, count(*) as acts from address group by all order by all",
)


class Distance(Struct, frozen=True):
    """Steps from one seat to all others, and Leavitt's relative centrality: the sum of all distances by his own."""

    seat: str
    steps: int
    centrality: float


class Summary(Struct, frozen=True, kw_only=True):
    """Measures of the binary graph [acts ≥ k] and of the weights; `unknown`: share of turns without a coded receiver.

    Degree, betweenness, closeness and distances are of the symmetrised graph, `_directed` of the arcs. Pairs are
    `mutual`, `asymmetric` or `null` (no arc); each `centralization_` is Freeman's; `lub` Krackhardt's least upper bound.
    """

    n: int
    acts: float
    unknown: float
    density: Number
    mutual: int
    asymmetric: int
    null: int
    reciprocity: Number
    reciprocity_dyad: Number
    rho: Number
    reciprocity_weighted: Number
    centralization_out: Number
    centralization_in: Number
    centralization_degree: Number
    centralization_betweenness: Number
    centralization_betweenness_directed: Number
    centralization_closeness: Number
    strength_out: Number
    strength_in: Number
    connectedness: Number
    hierarchy: Number
    efficiency: Number
    lub: Number
    distances: tuple[Distance, ...] | Withheld


@analysis("network.summary", version=1, reads=("turn", "address", "seat", "activity"))
def summary(
    session: Session, *, k: int = 1, spread: bool = False, activities: bool = False
) -> Summary | Withheld:
    """Measures of who speaks to whom.

    W counts directed acts; k addressees share one act. Acts to the group are no edges unless `spread` (1/(n-1) to
    everyone else). B = [W ≥ k]. Density; edge reciprocity 2·mutual/arcs, dyad reciprocity mutual/(mutual +
    asymmetric), rho of Garlaschelli and Loffredo, weighted reciprocity of Squartini et al.; Freeman's
    centralisations (in- and out-degree, degree, betweenness, closeness); strength centralisation
    (n·s_max/W - 1)/(n - 1); Krackhardt's connectedness, hierarchy, efficiency and least upper bound; Leavitt's
    relative centrality, in seat order. Stretches of an activity are left out unless `activities`. Source: science.md
    §2 (Freeman 1979; Krackhardt 1994; Bavelas 1950; Leavitt 1951; Squartini et al. 2013).

    Limits: in 90 minutes nearly every pair meets once, so binary measures go to 1: raise k or read the weights. With
    ten people or fewer there is no test and no interval. Withheld where more than 20 % of turns have an unknown
    receiver; closeness and distances where the graph is not connected.
    """
    if k < 1:
        raise ValueError("k: at least 1")
    turns = turns_of(session, activities=activities)
    lost, unsaid = unknown(turns)
    inside = people(session)
    n = len(inside)
    unsaid = unsaid or gate("people", n, 2) or (None if turns else Withheld("nobody spoke", 0))
    if unsaid:
        return unsaid
    place = {seat: at for at, seat in enumerate(inside)}
    parts = unit(session, spread=spread)
    weights: dict[tuple[int, int], int] = {}
    for act in directed(session, spread=spread, activities=activities):
        for receiver, weight in act.to:
            pair = (place[act.sender], place[receiver])
            weights[pair] = weights.get(pair, 0) + weight
    total = sum(weights.values())
    arcs = {pair for pair, weight in weights.items() if weight >= k * parts}
    pairs = {(min(arc), max(arc)) for arc in arcs}
    mutual = len(arcs) - len(pairs)
    density = len(arcs) / (n * (n - 1))
    none = Withheld("no pair with as many acts as k", 0) if total else Withheld("no directed act", 0)
    edge: Number = 2 * mutual / len(arcs) if arcs else none
    rho: Number = edge
    if not isinstance(edge, Withheld):
        rho = (edge - density) / (1 - density) if density < 1 else Withheld("every pair is joined", len(arcs))
    few = gate("people", n, 3) or (None if arcs else none)
    degree = [sum(i in pair for pair in pairs) for i in range(n)]
    out = [sum(a == i for a, _ in arcs) for i in range(n)]
    into = [sum(b == i for _, b in arcs) for i in range(n)]
    reach = _reach(n, arcs)
    components = _parts(n, pairs)
    apart = Withheld("not connected", len(components)) if len(components) > 1 else None
    steps = [] if apart else [int(sum(row)) for row in rx.distance_matrix(_graph(n, pairs))]
    return Summary(
        n=n,
        acts=total / parts,
        unknown=lost,
        density=density,
        mutual=mutual,
        asymmetric=len(pairs) - mutual,
        null=n * (n - 1) // 2 - len(pairs),
        reciprocity=edge,
        reciprocity_dyad=mutual / len(pairs) if pairs else none,
        rho=rho,
        reciprocity_weighted=_weighted(weights, total),
        centralization_out=_freeman(out, (n - 1) ** 2) if arcs else none,
        centralization_in=_freeman(into, (n - 1) ** 2) if arcs else none,
        centralization_degree=few or _freeman(degree, (n - 1) * (n - 2)),
        centralization_betweenness=few or _betweenness(_graph(n, pairs)),
        centralization_betweenness_directed=few or _betweenness(_graph(n, arcs, rx.PyDiGraph)),
        centralization_closeness=few or apart or _closeness(steps),
        strength_out=_strength(n, weights, total, 0),
        strength_in=_strength(n, weights, total, 1),
        connectedness=2 * sum(len(part) * (len(part) - 1) // 2 for part in components) / (n * (n - 1)),
        hierarchy=_hierarchy(n, reach) if arcs else none,
        efficiency=_efficiency(components, arcs) if arcs else none,
        lub=_least_upper_bound(components, reach) if arcs else none,
        distances=apart
        or tuple(Distance(seat, own, sum(steps) / own) for seat, own in zip(inside, steps, strict=True)),
    )


def _freeman(values: list[int], most: int) -> float:
    return sum(max(values) - v for v in values) / most


def _weighted(weights: dict[tuple[int, int], int], total: int) -> Number:
    if not total:
        return Withheld("no directed act", 0)
    return sum(min(w, weights.get((b, a), 0)) for (a, b), w in weights.items()) / total


def _strength(n: int, weights: dict[tuple[int, int], int], total: int, end: int) -> Number:
    """(n·s_max/W - 1)/(n - 1): 0 equal, 1 all acts at one person."""
    if not total:
        return Withheld("no directed act", 0)
    most = max(sum(w for pair, w in weights.items() if pair[end] == i) for i in range(n))
    return (n * most - total) / (total * (n - 1))


def _graph(n: int, edges: set[tuple[int, int]], kind: Any = rx.PyGraph) -> Any:
    graph = kind()
    graph.add_nodes_from(range(n))
    graph.add_edges_from([(a, b, None) for a, b in sorted(edges)])
    return graph


def _betweenness(graph: Any) -> float:
    """Each c_i as a share of the pairs of others: (n-1)(n-2)/2, of arcs (n-1)(n-2)."""
    found = rx.betweenness_centrality(graph, normalized=True)
    values = [found[i] for i in range(len(found))]
    return sum(max(values) - v for v in values) / (len(values) - 1)


def _closeness(steps: list[int]) -> float:
    """c_i = (n-1)/Σd."""
    n = len(steps)
    values = [(n - 1) / own for own in steps]
    return sum(max(values) - v for v in values) * (2 * n - 3) / ((n - 1) * (n - 2))


def _parts(n: int, pairs: set[tuple[int, int]]) -> list[set[int]]:
    """Return the weak components."""
    return [set(part) for part in rx.connected_components(_graph(n, pairs))]


def _reach(n: int, arcs: set[tuple[int, int]]) -> list[set[int]]:
    """Return whom each person reaches along directed acts, himself included."""
    found = [{i} | {b for a, b in arcs if a == i} for i in range(n)]
    for through in range(n):
        for seen in found:
            if through in seen:
                seen.update(found[through])
    return found


def _hierarchy(n: int, reach: list[set[int]]) -> float:
    """1 - mutually reachable pairs / pairs reachable at least one way."""
    one = [(i, j) for i, j in combinations(range(n), 2) if j in reach[i] or i in reach[j]]
    return 1 - sum(j in reach[i] and i in reach[j] for i, j in one) / len(one)


def _efficiency(components: list[set[int]], arcs: set[tuple[int, int]]) -> float:
    """1 - arcs beyond a tree / the most there could be, within weak components."""
    trees = sum(len(part) - 1 for part in components)
    return 1 - (len(arcs) - trees) / (sum(len(part) * (len(part) - 1) for part in components) - trees)


def _least_upper_bound(components: list[set[int]], reach: list[set[int]]) -> Number:
    """1 - pairs without a least upper bound / (N-1)(N-2)/2, summed over weak components.

    An upper bound of a pair reaches both; it is least if every other upper bound reaches it.
    """
    missing = most = 0
    for part in components:
        most += (len(part) - 1) * (len(part) - 2) // 2
        for a, b in combinations(sorted(part), 2):
            bounds = [c for c in part if a in reach[c] and b in reach[c]]
            missing += not any(all(c in reach[d] for d in bounds) for c in bounds)
    return 1 - missing / most if most else Withheld("fewer than 3 people in any component", len(components))
