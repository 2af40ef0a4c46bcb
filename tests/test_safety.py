"""Safety codes: on record and on the session's sheet until they are reported, in no analysis."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.cli import run
from tkcore.codebook import parse
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


DIARY = b"""name = "diary"
title = { id = "Catatan", en = "Diary" }
version = 1
[[family]]
id = "diary"
key = "q"
label = { id = "Catatan", en = "diary" }
author = "any"
apart = true
[[family]]
id = "room"
key = "z"
label = { id = "Ruang", en = "room" }
author = "any"
[[code]]
id = "diary.crisis"
key = "qc"
family = "diary"
event = "activity.started"
label = { id = "Krisis", en = "crisis" }
[[code]]
id = "room.alarm"
key = "za"
family = "room"
event = "activity.started"
label = { id = "Alarm", en = "alarm" }
private = true
[[code]]
id = "room.walk"
key = "zw"
family = "room"
event = "activity.started"
label = { id = "Jalan", en = "walk" }
"""


@pytest.mark.parametrize("code", ["diary.diary.crisis", "diary.room.alarm"])
def test_an_activity_that_is_apart_stands_beside_nothing(typed, code):
    """Neither as a row of its own nor beside what happened meanwhile: there the one around it stands."""
    s = typed()
    s.say("@0:01 ab")
    books = [*s.recorder.books, parse(DIARY, "diary.toml")]
    records = list(s.recorder.ledger)
    for n, event in enumerate(
        [
            e.ActivityStarted(code="diary.room.walk", ts=5000),
            e.ActivityStarted(code=code, ts=6000),
            e.TurnTaken(sender="A", audience="all", ts=7000),
        ]
    ):
        records.append(replace(event, seq=len(records), id=f"{n:032x}", observer=records[-1].observer))
    session = presented(records, "g/s", s.recorder.head, books).session
    assert [row.activity for row in session.activities] == ["diary.room.walk"]
    assert [turn.activity for turn in session.turns] == [None, "diary.room.walk"]
    assert session.sql(f"select count(*) from event where activity = '{code}'") == [(0,)]


def test_what_nobody_can_read_is_apart_too(typed):
    """A safety code in a record of a later tkcore, or one with odd attributes, is in no analysis and stops none."""
    s = typed()
    s.say("@0:01 ab", "@0:05 c!wa")
    records = list(s.recorder.ledger)
    code, observer = records[-1].code, records[-1].observer
    records += [
        e.Opaque(t="mark.made", v=2, seq=len(records), id="a" * 32, ts=6000, observer=observer, body={"code": code}),
        e.RecordAmended(
            record_id="b" * 32, replacement={"t": "mark.made", "code": code, "attrs": ["odd"]},
            seq=len(records) + 1, id="c" * 32, ts=7000, observer=observer,
        ),
    ]  # fmt: skip
    session = presented(records, "g/s", s.recorder.head, s.recorder.books).session
    assert session.sql(f"select count(*) from record where body like '%{code}%'") == [(0,)]
    assert session.sql("select count(*) from record where t = 'turn.taken'") == [(1,)]


def test_what_another_observer_saw_must_be_reported_too(typed, desk, monkeypatch, capsys):
    """An incident is on the session's sheet whoever recorded it, and anybody's report covers it."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    s = typed()
    s.say("@0:01 ab")
    s.stop()
    s.start("second")
    s.say("@0:05 c!wa")
    s.stop()
    assert run(["session", "show", "g/s"]) == 0
    assert "0:05: safety" in capsys.readouterr().out
    s.start()
    s.say("@0:20 !wj")
    s.stop()
    assert run(["session", "show", "g/s"]) == 0
    assert "safety" not in capsys.readouterr().out


def test_codes_of_a_codebook_that_is_not_here_are_apart(typed):
    """Nobody can say that they are neither private nor about safety; with the codebook they are what it says."""
    s = typed()
    s.say("@0:01 ab", "@0:02 ;")
    records = list(s.recorder.ledger)
    for n, code in enumerate(["diary.room.walk", "diary.diary.crisis"]):
        event = e.MarkMade(code=code, ts=5000 + n, id=f"{n:032x}", observer=records[-1].observer)
        records.append(replace(event, seq=len(records)))
    here = s.recorder.books
    for books, seen in (
        (here, ["core.mark.star"]),
        ([*here, parse(DIARY, "diary.toml")], ["core.mark.star", "diary.room.walk"]),
    ):
        session = presented(records, "g/s", s.recorder.head, books).session
        assert [mark.code for mark in session.rows(r.Mark)] == seen
        assert session.sql("select count(*) from record where body like '%diary%'") == [(len(seen) - 1,)]
