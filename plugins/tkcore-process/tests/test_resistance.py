"""Where codes of resistance stand close together, against science.md §7 and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from process_cases import coded, remade
from tkcore_process.resistance import close_together, resistance

from tkcore import Exposure, Resistance, Withheld, forbidden
from tkcore.testing import session

NEAR = 5.1e-3
"""Half of the last printed digit."""


def spans(found):
    return [(s.ts // 1000, s.until // 1000, s.count) for s in found.stretches]


def test_three_codes_and_one_apart():
    """10:00, 12:30 and 15:00 are one stretch of three, a fourth at 19:00 stands alone."""
    found = resistance(coded("10:00", "12:30", "15:00", "19:00", end="30:00"))
    assert (found.coded, spans(found)) == (4, [(600, 900, 3)])
    assert list(close_together(found)) == []


@pytest.mark.parametrize(("second", "stretches"), [("13:00", [(600, 780, 2)]), ("13:01", [])])
def test_three_minutes_to_the_second(second, stretches):
    """Two codes three minutes apart are a stretch, a second more and they are none."""
    assert spans(resistance(coded("10:00", second, end="30:00"))) == stretches


def test_more_codes_are_needed():
    """With `codes=3` three must lie in the minutes together, not each behind the next."""
    loose = coded("10:00", "12:00", "14:00", end="30:00")
    assert spans(resistance(loose, codes=3)) == []
    assert spans(resistance(loose, codes=3, within=4)) == [(600, 840, 3)]


def test_a_pause_is_no_time():
    """Ten minutes of pause between two codes leave them a minute apart."""
    whole = session("@0:00 ta; @10:00 a!rn; @10:30 ||break; @20:30 ||; @21:00 b!rj", end="30:00")
    found = resistance(whole)
    assert spans(found) == [(600, 1260, 2)]
    assert found.stretches[0].kinds == ("handbook.resistance.excess_advice", "handbook.resistance.labelling")
    assert found.observed == 20 * 60_000


@pytest.mark.parametrize(("codes", "value", "low", "high"), [(5, 3.33, 1.08, 7.78), (0, 0, 0, 2.46)])
def test_the_rates_of_science(codes, value, low, high):
    """5 in 1.5 h are 3.33 an hour [1.08, 7.78], 0 in 1.5 h are 0 [0, 2.46], and never none."""
    found = resistance(coded(*[f"{10 * at + 10}:00" for at in range(codes)], end="90:00"))
    assert (found.per_hour, found.per_hour_low, found.per_hour_high) == (
        pytest.approx(value, abs=NEAR), pytest.approx(low, abs=NEAR), pytest.approx(high, abs=NEAR),
    )  # fmt: skip
    assert (
        found.said.en
        == f"codes of resistance in 90 minutes: {codes}; compatible with {low:.2f} to {high:.2f} an hour"
    )
    assert found.said.id.endswith(f"sejalan dengan {low:.2f} sampai {high:.2f} per jam".replace(".", ","))
    assert forbidden(found.said) == ()


def test_a_healthy_expression_is_counted_apart():
    """Acting-out coded as a healthy expression makes no stretch and no rate; an outburst does."""
    whole = session("@0:00 ta; @10:00 a!ru; @10:30 b!ru; @11:00 c!ro; @12:00 b!rd", end="30:00")
    found = resistance(whole)
    assert (found.coded, found.expressive, spans(found)) == (2, 2, [(660, 720, 2)])


def test_only_what_was_looked_for_has_a_rate():
    """The rate is of the time resistance was coded, and of the codes in it."""
    whole = coded("5:00", "20:00", "50:00", end="60:00")

    def later(row):
        ours = isinstance(row, Exposure) and row.family == "resistance"
        return replace(row, ts=30 * 60_000, dur=30 * 60_000) if ours else row

    found = resistance(remade(whole, later))
    assert (found.coded, found.observed, found.per_hour) == (3, 30 * 60_000, 2)
    nowhere = remade(whole, lambda row: replace(row, family="x") if isinstance(row, Exposure) else row)
    gate = Withheld("no time in which to look was recorded", 0)
    found = resistance(nowhere)
    assert (found.per_hour, found.per_hour_low, found.per_hour_high) == (gate, gate, gate)
    assert found.said.en == "no time in which to look was recorded"


def test_the_alert_is_of_the_last_minutes():
    """It is said while two codes lie in the last three minutes, with how many they are, and of no seat."""
    for last, said in (("13:10", [3]), ("15:10", [2]), ("15:41", [])):
        running = coded("12:00", "12:40", "13:10", more=f"@{last} ab")
        alerts = list(close_together(resistance(running)))
        assert [(a.alert, a.seat, a.numbers) for a in alerts] == [
            ("process.resistance", None, {"count": count, "minutes": 3}) for count in said
        ]
    assert resistance.alert is close_together


def test_thresholds_that_make_no_sense():
    """One code is no cluster, no minute no stretch."""
    for wrong in ({"codes": 1}, {"within": 0}):
        with pytest.raises(ValueError, match="at least"):
            resistance(coded("1:00"), **wrong)


BASE = coded("0:01", end="60:00")
"""One code, to be put at other times."""


@given(times=st.lists(st.integers(0, 3600), max_size=25), codes=st.integers(2, 4), within=st.integers(1, 9))
def test_stretches_against_a_plain_look(times, codes, within):
    """A code lies in a stretch exactly if some window of the minutes has it and enough others."""
    one = BASE.rows(Resistance)[0]
    rows = [row for kind in BASE._rows.values() for row in kind if row is not one]
    rows += [replace(one, ts=1000 * ts, seq=1000 + at) for at, ts in enumerate(sorted(times))]
    whole = type(BASE)(BASE.name, rows, BASE.head)
    found = resistance(whole, codes=codes, within=within)
    plain = [
        ts for ts in sorted(times)
        if any(a <= ts <= a + 60 * within and sum(a <= x <= a + 60 * within for x in times) >= codes for a in times)
    ]  # fmt: skip
    assert sum(s.count for s in found.stretches) == len(plain)
    inside = [ts for ts in sorted(times) if any(s.ts <= 1000 * ts <= s.until for s in found.stretches)]
    assert inside == plain
    assert (found.per_hour, found.coded) == (len(times), len(times))
