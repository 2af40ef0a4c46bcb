"""Who is silent or very quiet, against science.md §1."""

from __future__ import annotations

import pytest
from monopoly_cases import G1, NEAR, remade, seat_of
from msgspec.structs import replace
from tkcore_monopoly.silent import quiet, silent

from tkcore import Pause, Presence


def test_the_silence_of_g1s_e(sitting):
    """E said nothing, but 18 turns are not enough to call that silence."""
    found = silent(sitting("TABCDE", G1, length=330))
    e = found.seats[-1]
    assert (e.p_zero, e.p_zero_bonferroni) == (
        pytest.approx(0.0180, abs=NEAR),
        pytest.approx(0.0901, abs=NEAR),
    )
    assert e.upper == pytest.approx(0.1853, abs=NEAR)
    assert (e.finding, e.kind) == ("not_enough", "never_addressed")
    assert list(quiet(found)) == []


def test_silent_and_very_quiet(sitting):
    """With 60 member turns one without any is silent, one with a single turn very quiet; both raise an alert."""
    lines = [(2 * at, 2 * at + 1, "ABC"[at % 3], "D" if at == 5 else "*") for at in range(80)]
    lines.append((200, 201, "E", "*"))
    found = silent(sitting("TABCDE", lines))
    findings = {s.seat: (s.finding, s.kind) for s in found.seats}
    assert findings["D"] == ("silent", "addressed_not_answering")
    assert findings["E"] == ("very_quiet", None)
    assert findings["A"] == ("none", None)
    assert [(a.alert, a.seat) for a in quiet(found)] == [
        ("monopoly.silent", "D"),
        ("monopoly.very_quiet", "E"),
    ]


def test_a_member_who_left_and_returned(sitting):
    """Only the member turns taken while he was in the room count against him; the pause in it is no absence."""
    lines = [(10 * at, 10 * at + 9, "ABC"[at % 3], "*") for at in range(90)]
    session = sitting("TABCD", lines)
    end = session.opened.dur
    stay = next(p for p in session.presences if p.seat == "D")
    stays = (
        replace(stay, ts=0, dur=150_000, left_as="short"),
        replace(stay, ts=800_000, dur=end - 800_000),
    )
    pause = Pause(
        session=session.name, n=0, seq=0, id="0" * 32, ts=100_000, dur=50_000, observer="K", reason="break"
    )
    session = remade(
        session,
        lambda row: None if isinstance(row, Presence) and row.seat == "D" else row,
        more=(*stays, pause),
    )
    d = seat_of(silent(session), "D")
    # 0–200 s with a pause of 50 s in it, then 800–900 s
    assert (d.turns, d.of, d.present) == (0, 30, True)
    assert d.p_zero == pytest.approx(0.75**30)
    assert [a.seat for a in quiet(silent(session))] == ["D"]
    gone = remade(
        session, lambda row: None if isinstance(row, Presence) and row.seat == "D" and row.ts else row
    )
    d = seat_of(silent(gone), "D")
    assert (d.of, d.present, d.finding) == (20, False, "silent")
    assert list(quiet(silent(gone))) == []
    short = remade(
        gone, lambda row: replace(row, dur=50_000) if isinstance(row, Presence) and row.seat == "D" else row
    )
    assert seat_of(silent(short), "D").finding == "not_enough"
