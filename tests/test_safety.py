"""Safety codes: on record and on the session's sheet until they are reported, in no analysis."""

from __future__ import annotations

import pytest

from tkcore import rows as r
from tkcore.presenting import presented
from tkcore.reading import families_by_kind
from tkcore.safety import unreported


def open_ones(sitting) -> list[tuple[int, str]]:
    """When, and which."""
    return [(mark.ts // 1000, mark.attrs.get("incident", "-")) for mark in unreported(sitting.rows())]


def test_an_incident_stays_until_it_is_reported(typed):
    """Each incident is listed until a later report; a report covers all before it."""
    s = typed()
    s.say("@0:05 c!wa", "@0:09 d!wm", "@0:12 !wn")
    assert open_ones(s) == [(5, "aggression"), (9, "death_wish")]
    s.say("@0:20 !wj", "@0:30 b!wf")
    assert open_ones(s) == [(30, "physical")]


def test_a_report_may_name_whom_or_which(typed):
    """A report about a seat covers what is about that seat; one that belongs to a record covers that record alone."""
    s = typed()
    s.say("@0:05 c!wa", "@0:09 d!wm", "@0:20 c!wj")
    assert open_ones(s) == [(9, "death_wish")]
    number = next(mark.seq for mark in unreported(s.rows()))
    s.say("@0:25 d!wl", f"@0:30 !wj~{number}")
    assert open_ones(s) == [(25, "self_harm")]


def test_a_report_is_nobodys_turn(typed):
    """Whoever speaks while it is reported is not whom it is about."""
    s = typed()
    s.say("@0:05 c!wa", "@0:10 ab", "@0:20 !wj")
    assert open_ones(s) == []
    report = s.rows(r.Mark)[-1]
    assert (report.author, report.targets, report.turn) == (None, (), None)


def test_a_report_that_is_taken_back_reports_nothing(typed):
    """What is undone is open again."""
    s = typed()
    s.say("@0:05 c!wa", "@0:20 !wj", "~")
    assert open_ones(s) == [(5, "aggression")]


def given(sitting):
    """What an analysis would be given."""
    records = list(sitting.recorder.ledger)
    return presented(records, "g/s", sitting.recorder.head, sitting.recorder.books)


@pytest.mark.parametrize("kind", ["mark", "event"])
def test_no_analysis_sees_them(typed, kind):
    """Neither the rows nor the views, nor the records as logged, nor their corrections."""
    s = typed()
    s.say("@0:03 ab !uu", "@0:05 c!wa", "@0:06 !wj", "@0:08 d!wl", "~")
    session = given(s).session
    assert [mark.code for mark in session.rows(r.Mark)] == ["handbook.mark.disclosure"]
    assert session.sql(f"select count(*) from {kind} where family = 'safety' and code is not null") == [(0,)]
    assert session.sql("select count(*) from record where body like '%incident%'") == [(0,)]
    assert session.sql("select count(*) from record where t = 'record.retracted'") == [(0,)]
    assert session.sql("select count(*) from record where body like '%disclosure%'") == [(1,)]


def test_an_amendment_to_something_else_is_seen(typed):
    """What was typed as safety by mistake and corrected counts as what it is."""
    s = typed()
    answer = s.say("@0:05 c!ww")
    s.say(f"~{answer.seq}: c!uu")
    assert [mark.code for mark in given(s).session.rows(r.Mark)] == ["handbook.mark.disclosure"]


def test_nobody_is_said_to_have_captured_it(typed):
    """An analysis that asks for the family is told that it has none of it: never that nothing happened."""
    captured = given(typed()).captured
    assert "safety" not in captured
    assert "expression" in captured


def test_marks_are_captured_without_them(typed):
    """That nobody captured safety makes no mark uncoded."""
    assert "safety" not in families_by_kind(typed().recorder.books)["mark"]
