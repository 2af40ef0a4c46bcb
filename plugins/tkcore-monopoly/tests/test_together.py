"""What holds for every analysis of shares: who counts, what is missing, what moves nothing."""

from __future__ import annotations

import pytest
from monopoly_cases import floor, remade, seat_of
from msgspec.structs import replace
from tkcore_monopoly.inequality import inequality, uneven_talk
from tkcore_monopoly.share import holding, share
from tkcore_monopoly.silent import quiet, silent

from tkcore import Head, SeatRow, Silence, Turn, Withheld


def test_without_lengths(sitting):
    """A source without lengths gives turns; every result in ms is withheld and says why."""
    lines = [(10 * at, None, "ABC"[at % 3], "*") for at in range(100)]
    found = inequality(sitting("TABC", lines))
    gini = {(s.of, s.among): s.gini for s in found.spreads}
    assert (gini["ms", "members"], gini["ms", "everyone"]) == (
        Withheld("the source has no lengths", 100),
    ) * 2
    assert {s.total for s in found.spreads if s.of == "turns"} == {100}
    gate = Withheld("the source has no lengths", 100)
    assert found.p_ms == gate
    assert inequality(sitting("TABC", lines, length=1000)).uneven == gate
    shares = share(sitting("TABC", lines, length=1000), draws=20)
    # A has one turn more than B and C; that nobody holds the floor cannot be said
    assert {s.seat: s.finding for s in shares.seats} == {"T": "none", "A": "talks_most", "B": gate, "C": gate}
    assert {s.ms for s in shares.seats} == {s.share_ms_low for s in shares.seats} == {gate}
    assert {s.breaks for s in shares.seats if not s.leader} == {gate}
    assert list(holding(shares)) == []


def test_every_analysis_has_its_alert():
    """The declared alert is the function tested here."""
    assert (inequality.alert, share.alert, silent.alert) == (uneven_talk, holding, quiet)


def test_head_and_observer_move_nothing(sitting):
    """The next tick, a foreign record or another observer's name leave every number where it was."""
    session = sitting("TABCDE", floor(lambda seat: 20 if seat == "A" else 8))
    other = remade(
        session, lambda row: replace(row, observer="X", seq=row.seq + 9), head=Head(10**6, "f" * 64)
    )
    for analysis in (inequality, silent, share):
        assert analysis(session) == analysis(other)


def test_receivers_nobody_coded(sitting):
    """With a fifth of the receivers unknown, asked, received and the kind of silence are withheld, and it is said."""
    lines = floor(lambda seat: 30 if seat == "A" else 8, to="?")
    found = share(sitting("TABCDEF", lines), draws=100)
    gate = Withheld("more than 20 % of turns have an unknown receiver", len(lines))
    a = seat_of(found, "A")
    assert (a.asked, a.received) == (gate, gate)
    assert a.said.id.endswith("; siapa yang disapa tidak cukup tercatat")
    assert isinstance(seat_of(found, "B").initiatives, Withheld)
    f = seat_of(silent(sitting("TABCDEF", lines)), "F")
    assert (f.finding, f.kind, f.addressed) == ("silent", gate, gate)
    assert next(iter(quiet(silent(sitting("TABCDEF", lines))))).numbers == {"turns": 0, "of": f.of}
    assert inequality(sitting("TABCDEF", lines), draws=5).asked == gate


def test_one_speaker(sitting):
    """One member speaks and two are silent: all inequality there is."""
    lines = [(10 * at, 10 * at + 9, "A", "*") for at in range(120)]
    found = inequality(sitting("TABC", lines), draws=20)
    members = {s.of: s for s in found.spreads if s.among == "members"}
    for s in members.values():
        assert (s.gini_corrected, s.entropy, s.top_share, s.effective) == (pytest.approx(1), 0, 1, 1)
    shares = share(sitting("TABC", lines), draws=20)
    assert seat_of(shares, "A").long == Withheld("one of both sides has no turn", 120)
    assert [(s.seat, s.finding) for s in silent(sitting("TABC", lines)).seats] == [
        ("A", "none"), ("B", "silent"), ("C", "silent"),
    ]  # fmt: skip


def test_two_members_and_one(sitting):
    """One member is judged by nothing; of two the first talks most and no more."""
    one = [(10 * at, 10 * at + 9, "TA"[at % 2], "*") for at in range(120)]
    assert seat_of(share(sitting("TA", one), draws=5), "A").finding == Withheld("fewer than 2 members", 1)
    assert inequality(sitting("TA", one), draws=5).p_turns == Withheld("fewer than 2 members", 1)
    two = [(10 * at, 10 * at + 9, "AAB"[at % 3], "*") for at in range(120)]
    assert seat_of(share(sitting("TAB", two), draws=50), "A").finding == "talks_most"


def test_activities_are_left_out(sitting):
    """A prayer led by A for ten minutes, and the silence in it, are no talk of his unless asked for."""
    lines = [(10 * at, 10 * at + 9, "ABC"[at % 3], "*") for at in range(120)]
    lines += [(1200, 1800, "A", "*"), (1900, 1910, "B", "*")]
    session = remade(
        sitting("TABC", lines),
        lambda row: (
            replace(row, activity="handbook.activity.prayer")
            if isinstance(row, (Turn, Silence)) and 1200_000 <= row.ts < 1900_000
            else row
        ),
    )
    assert len(session.silences) == 1
    a = seat_of(share(session, draws=20), "A")
    assert (a.turns, a.ms, a.finding) == (40, 360_000, "none")
    assert seat_of(share(session, draws=20, activities=True), "A").ms == 960_000
    b = [seat_of(share(session, draws=20, activities=x), "B").breaks for x in (False, True)]
    assert b == [Withheld("no silence broken by a member", 0), True]
    assert [inequality(session, draws=5, activities=x).spreads[3].total for x in (False, True)] == [1_090_000, 1_690_000]  # fmt: skip
    assert [silent(session, activities=x).turns for x in (False, True)] == [121, 122]


def test_visitors_absent_and_seats_not_recorded(sitting):
    """They are in no denominator; a seat nobody may record is not called silent."""
    lines = [(10 * at, 10 * at + 9, "ABCV"[at % 4], "*") for at in range(120)]
    change = {
        "V": {"role": "visitor"},
        "N": {"scope": "none"},
        "X": {"attended": False},
        "F": {"scope": "floor_only"},
    }

    def row_of(row):
        return replace(row, **change.get(row.seat, {})) if isinstance(row, SeatRow) else row

    session = remade(sitting("TABCVNXF", lines), row_of)
    found = silent(session)
    assert [s.seat for s in found.seats] == list("ABCF")
    gate = Withheld("only the floor of this seat is recorded", 0)
    assert (seat_of(found, "F").finding, seat_of(found, "F").kind) == ("silent", gate)
    shares = share(session, draws=5)
    assert (shares.members, shares.turns, seat_of(shares, "A").sent) == (4, 90, 30 / 90)
    assert seat_of(shares, "F").asked == gate
    assert [s.n for s in inequality(session, draws=5).spreads] == [5, 4, 5, 4]


@pytest.mark.parametrize(("turns", "minutes", "judged"), [(30, 15, True), (29, 15, False), (30, 14.9, False)])
def test_the_gate_of_every_judgement(sitting, turns, minutes, judged):
    """Thirty member turns and fifteen recorded minutes; leaders' turns do not count."""
    lines = [(at, at + 0.9, "ABC"[at % 3], "*") for at in range(turns)]
    lines += [(100 + at, 101 + at, "T", "*") for at in range(20)]
    session = sitting("TABC", lines, length=60 * minutes)
    assert isinstance(seat_of(share(session, draws=3), "A").finding, str) is judged
    assert isinstance(inequality(session, draws=3).uneven, bool) is judged


@pytest.mark.parametrize("wrong", [{"block": 0}, {"draws": 0}])
def test_parameters_below_one_are_refused(sitting, wrong):
    """No silent answer to a question without sense."""
    with pytest.raises(ValueError, match="at least 1"):
        share(sitting("TAB", []), **wrong)
    with pytest.raises(ValueError, match="at least 1"):
        inequality(sitting("TAB", []), draws=0)


@pytest.mark.parametrize("lines", [[], [(0, 1, "T", "A")], [(0, 1, "A", "?")], [(0, None, "A", "*")]])
@pytest.mark.parametrize("seats", ["TAB", "TA", "T", "A"])
def test_hardly_anything(sitting, seats, lines):
    """Nobody, one turn, one member: gates, never an exception."""
    lines = [line for line in lines if {line[2], *line[3].split(",")} <= {*seats, "*", "?"}]
    for analysis in (inequality, silent):
        assert analysis(sitting(seats, lines)) is not None
    assert share(sitting(seats, lines), draws=5).recorded >= 0
