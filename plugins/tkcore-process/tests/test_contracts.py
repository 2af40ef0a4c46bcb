"""Contracts that were opened, how they ended, and when an open one is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from process_cases import remade
from tkcore_process.contracts import contracts, unanswered

from tkcore import SessionRow, Withheld
from tkcore.testing import session

MINUTE = 60_000
LINES = "@0:00 ta; @1:00 a!jj; @1:10 b!ja; @2:00 c!jj; @40:00 a!js; @50:00 d!js"
"""A's contract ended after 39 minutes, an ending of D's names none; B's agenda item and C's contract are open."""


def planned(whole, minutes):
    return remade(
        whole, lambda row: replace(row, planned=minutes * MINUTE) if isinstance(row, SessionRow) else row
    )


def told(whole, **params):
    return [(a.alert, a.seat, a.numbers) for a in unanswered(contracts(whole, **params))]


OPEN = [("process.contract", None, {"open": 2, "opened": 3})]


def test_opened_and_ended():
    """One of three ended: the open ones are named, and the ending without an opening is no contract."""
    found = contracts(session(LINES, end="60:00"))
    assert (found.opened, found.ended, found.open, found.unmatched) == (3, 1, 2, 1)
    assert [(c.seat, c.form, c.outcome, c.after) for c in found.contracts] == [
        ("A", "", "settled", 39 * MINUTE), ("B", "agenda", "open", None), ("C", "", "open", None),
    ]  # fmt: skip
    # Wilson's interval of 1 in 3
    assert (found.share, found.share_low, found.share_high) == (
        pytest.approx(1 / 3), pytest.approx(0.0615, abs=5e-5), pytest.approx(0.7923, abs=5e-5),
    )  # fmt: skip
    assert found.said.id == "2 dari 3 kontrak belum ditutup"


@pytest.mark.parametrize(("ending", "outcome"), [("jd", "handed_on"), ("handbook.contract.settled/partly", "partly")])  # fmt: skip
def test_every_ending_ends(ending, outcome):
    """Handed on to the ward or settled in part: neither is open."""
    found = contracts(session(f"@0:00 ta; @1:00 a!jj; @2:00 a!{ending}", end="3:00"))
    assert (found.open, found.contracts[0].outcome) == (0, outcome)


@pytest.mark.parametrize(("now", "alerts"), [("71:59", []), ("72:00", OPEN)])
def test_four_fifths_of_what_was_planned(now, alerts):
    """Of 90 planned minutes 72 are four fifths: told then, and not a second sooner."""
    assert told(planned(session(f"{LINES}; @{now} ab"), 90)) == alerts


def test_a_pause_has_passed():
    """The planned length is of the session clock: ten minutes of pause have passed as well."""
    whole = planned(session(f"{LINES}; @55:00 ||break; @65:00 ||; @72:00 ab"), 90)
    found = contracts(whole)
    assert (found.elapsed, whole.opened.recorded) == (72 * MINUTE, 62 * MINUTE)
    assert told(whole) == OPEN
    assert told(whole, percent=81) == []


@pytest.mark.parametrize(
    ("setting", "steps", "near"),
    [("outpatient", 3, False), ("outpatient", 4, True), ("inpatient", 3, False), ("inpatient", 4, True)],
)
def test_the_last_stage_was_entered(setting, steps, near):
    """With no planned length the last stage tells, termination or ending; a stage before it does not."""
    names = (
        "participation transition work termination"
        if setting == "outpatient"
        else "preparation task filling ending"
    )
    stages = "; ".join(f"@{50 + at}:00 %{name}" for at, name in enumerate(names.split()[:steps]))
    whole = session(f"{LINES}; {stages}; @58:00 ab", setting=setting)
    assert contracts(whole).near is near
    assert told(whole) == (OPEN if near else [])


def test_nobody_knows_when_it_ends():
    """Without a planned length and without a stage nothing is told."""
    whole = session(f"{LINES}; @200:00 ab")
    assert contracts(whole).near == Withheld("neither a planned length nor a stage is known", 0)
    assert told(whole) == []


def test_nothing_open_is_not_told():
    """All contracts ended, or none opened: the end of the meeting tells nothing."""
    done = planned(session("@0:00 ta; @1:00 a!jj; @2:00 a!js; @80:00 ab"), 90)
    assert (contracts(done).near, told(done)) == (True, [])
    none = planned(session("@0:00 ta; @80:00 ab"), 90)
    found = contracts(none)
    assert (found.share, found.said, told(none)) == (Withheld("no contract was opened", 0), None, [])
    assert contracts.alert is unanswered


def test_a_percent_that_makes_no_sense():
    """Nought and more than a hundred are refused."""
    for wrong in (0, 101):
        with pytest.raises(ValueError, match="percent"):
            contracts(session(LINES), percent=wrong)
