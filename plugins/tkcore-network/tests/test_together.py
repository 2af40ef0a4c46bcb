"""What holds for every analysis of the network: who counts, what is missing, what moves nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from network_cases import acts, chatter, remade
from tkcore_network.course import evolution
from tkcore_network.measures import summary
from tkcore_network.structure import structure

from tkcore import Address, Head, SeatRow, Turn, Withheld


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


def test_head_and_observer_move_nothing(sitting):
    """The next tick, a foreign record or another observer's name leave every number where it was."""
    session = sitting("TABCDE", chatter(1))
    other = remade(
        session, lambda row: replace(row, observer="X", seq=row.seq + 9), head=Head(10**6, "f" * 64)
    )
    for analysis in (structure, summary, evolution):
        assert analysis(session) == analysis(other)


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


@pytest.mark.parametrize("lines", [[], [(0, 1, "T", "A")], [(0, 1, "A", "?")], [(0, None, "A", "*")]])
def test_hardly_anything(sitting, lines):
    """An empty session, one turn, unknown receivers: an answer with gates, never an exception."""
    for analysis in (summary, structure, evolution):
        assert analysis(sitting("TAB", lines)) is not None
    assert analysis(sitting("", [])) is not None
