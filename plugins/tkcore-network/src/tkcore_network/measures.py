"""Exchange and the measures of the network (science.md §2)."""

from __future__ import annotations

from itertools import combinations

import rustworkx as rx
from msgspec import Struct

from tkcore import Session, Withheld, analysis, query
from tkcore_network.acts import UNKNOWN_LIMIT, matrix, unknown

Number = float | Withheld


class Exchange(Struct, frozen=True):
    """Directed acts of each sender to each receiver; a turn to three counts once for each of them."""

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


class Summary(Struct, frozen=True, kw_only=True):
    """Measures of the binary graph [acts ≥ k] and of the weights; `unknown` is the share of turns without a coded
    receiver.
    """

    n: int
    acts: float
    unknown: float
    density: Number
    reciprocity: Number
    reciprocity_dyad: Number
    rho: Number
    reciprocity_weighted: Number
    centralization_out: Number
    centralization_in: Number
    centralization_degree: Number
    centralization_betweenness: Number
    centralization_closeness: Number
    strength_out: Number
    strength_in: Number
    connectedness: Number
    hierarchy: Number
    efficiency: Number
    lub: Number


@analysis("network.summary", version=1, reads=("turn", "address", "seat"))
def summary(session: Session, *, k: int = 1, spread: bool = False) -> Summary | Withheld:
    """Measures of who speaks to whom.

    W counts directed acts; k addressees share one act. Acts to the group are no edges unless `spread` (1/(n-1) to
    everyone else). B = [W ≥ k]. Density; edge reciprocity 2·mutual/arcs, dyad reciprocity mutual/(mutual +
    asymmetric), rho of Garlaschelli and Loffredo, weighted reciprocity of Squartini et al.; Freeman's
    centralisations (degree, betweenness, closeness on the symmetrised graph); strength centralisation; Krackhardt's
    connectedness, hierarchy, efficiency and least upper bound. Source: science.md §2.

    Limits: in 90 minutes nearly every pair meets once, so binary measures go to 1: raise k or read the weights. With
    ten people or fewer there is no test. Withheld where more than 20 % of turns have an unknown receiver.
    """
    lost, turns = unknown(session)
    if lost * UNKNOWN_LIMIT > turns:
        return Withheld("more than 20 % of turns have an unknown receiver", turns)
    people, weights, unit = matrix(session, spread=spread)
    n, total = len(people), sum(weights.values())
    if n < 2:
        return Withheld("fewer than 2 people", n)
    place = {seat: at for at, seat in enumerate(people)}
    arcs = {(place[a], place[b]) for (a, b), w in weights.items() if w >= k * unit}
    pairs = {(min(arc), max(arc)) for arc in arcs}
    mutual = sum((b, a) in arcs for a, b in arcs) // 2
    density = len(arcs) / (n * (n - 1))
    edge: Number = 2 * mutual / len(arcs) if arcs else Withheld("no directed act", 0)
    rho: Number = edge
    if not isinstance(edge, Withheld):
        rho = (edge - density) / (1 - density) if density < 1 else Withheld("every pair is joined", len(arcs))
    small = Withheld("fewer than 3 people", n)
    joined = {frozenset(p) for p in pairs}
    degree = [sum(frozenset((i, j)) in joined for j in range(n) if j != i) for i in range(n)]
    out = [sum((i, j) in arcs for j in range(n)) for i in range(n)]
    into = [sum((j, i) in arcs for j in range(n)) for i in range(n)]
    reach = _reach(n, arcs)
    return Summary(
        n=n,
        acts=total / unit,
        unknown=lost / turns if turns else 0.0,
        density=density,
        reciprocity=edge,
        reciprocity_dyad=mutual / len(pairs) if pairs else Withheld("no directed act", 0),
        rho=rho,
        reciprocity_weighted=_weighted(weights, total),
        centralization_out=_freeman(out, (n - 1) ** 2),
        centralization_in=_freeman(into, (n - 1) ** 2),
        centralization_degree=_freeman(degree, (n - 1) * (n - 2)) if n > 2 else small,
        centralization_betweenness=_betweenness(n, pairs) if n > 2 else small,
        centralization_closeness=_closeness(n, pairs) if n > 2 else small,
        strength_out=_strength(people, weights, total, 0),
        strength_in=_strength(people, weights, total, 1),
        connectedness=2 * sum(len(part) * (len(part) - 1) // 2 for part in _parts(n, pairs)) / (n * (n - 1)),
        hierarchy=_hierarchy(n, reach),
        efficiency=_efficiency(n, arcs, pairs),
        lub=_least_upper_bound(n, pairs, reach),
    )


def _freeman(values: list[int], most: int) -> float:
    return sum(max(values) - v for v in values) / most


def _weighted(weights: dict[tuple[str, str], int], total: int) -> Number:
    if not total:
        return Withheld("no directed act", 0)
    return sum(min(w, weights.get((b, a), 0)) for (a, b), w in weights.items()) / total


def _strength(people: tuple[str, ...], weights: dict[tuple[str, str], int], total: int, end: int) -> Number:
    """(n·s_max/W - 1)/(n - 1): 0 equal, 1 all acts at one person."""
    if not total:
        return Withheld("no directed act", 0)
    most = max(sum(w for pair, w in weights.items() if pair[end] == seat) for seat in people)
    return (len(people) * most - total) / (total * (len(people) - 1))


def _graph(n: int, pairs: set[tuple[int, int]]) -> rx.PyGraph:
    graph = rx.PyGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from([(a, b, None) for a, b in sorted(pairs)])
    return graph


def _betweenness(n: int, pairs: set[tuple[int, int]]) -> float:
    """On the symmetrised graph, each c_i as a share of (n-1)(n-2)/2."""
    found = rx.betweenness_centrality(_graph(n, pairs), normalized=True)
    values = [found[i] for i in range(n)]
    return sum(max(values) - v for v in values) / (n - 1)


def _closeness(n: int, pairs: set[tuple[int, int]]) -> Number:
    parts = _parts(n, pairs)
    if len(parts) > 1:
        return Withheld("not connected", len(parts))
    distances = rx.distance_matrix(_graph(n, pairs))
    values = [(n - 1) / float(sum(row)) for row in distances]
    return sum(max(values) - v for v in values) * (2 * n - 3) / ((n - 1) * (n - 2))


def _parts(n: int, pairs: set[tuple[int, int]]) -> list[set[int]]:
    """Return the weak components."""
    return [set(part) for part in rx.connected_components(_graph(n, pairs))]


def _reach(n: int, arcs: set[tuple[int, int]]) -> list[set[int]]:
    """Return whom each person reaches along directed acts, himself included."""
    onward: list[list[int]] = [[b for a, b in arcs if a == i] for i in range(n)]
    found = []
    for i in range(n):
        seen, fresh = {i}, [i]
        while fresh:
            fresh = [b for a in fresh for b in onward[a] if b not in seen and not seen.add(b)]  # type: ignore[func-returns-value]
        found.append(seen)
    return found


def _hierarchy(n: int, reach: list[set[int]]) -> Number:
    """1 - mutually reachable pairs / pairs reachable at least one way."""
    one = [(i, j) for i, j in combinations(range(n), 2) if j in reach[i] or i in reach[j]]
    both = sum(j in reach[i] and i in reach[j] for i, j in one)
    return 1 - both / len(one) if one else Withheld("no directed act", 0)


def _efficiency(n: int, arcs: set[tuple[int, int]], pairs: set[tuple[int, int]]) -> Number:
    """1 - arcs beyond a tree / the most there could be, within weak components."""
    excess = most = 0
    for part in _parts(n, pairs):
        size = len(part)
        excess += sum(a in part for a, _ in arcs) - (size - 1)
        most += size * (size - 1) - (size - 1)
    return 1 - excess / most if most else Withheld("no directed act", 0)


def _least_upper_bound(n: int, pairs: set[tuple[int, int]], reach: list[set[int]]) -> Number:
    """1 - pairs without a least upper bound / (N-1)(N-2)/2, summed over weak components.

    An upper bound of a pair reaches both; it is least if every other upper bound reaches it.
    """
    missing = most = 0
    for part in _parts(n, pairs):
        size = len(part)
        most += (size - 1) * (size - 2) // 2
        for a, b in combinations(sorted(part), 2):
            bounds = [c for c in part if a in reach[c] and b in reach[c]]
            if not any(all(c in reach[d] for d in bounds) for c in bounds):
                missing += 1
    return 1 - missing / most if most else Withheld("fewer than 3 people in any component", n)
