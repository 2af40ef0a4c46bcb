"""The structure of communication against science.md §3, and its bootstrap in plain Python."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from network_cases import G1, NEAR, acts, chatter, drawn, golden, pairs_of_four, remade
from tkcore_network.structure import structure, vertical

from tkcore import Address, SessionRow, Turn, Withheld


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
