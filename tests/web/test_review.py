"""The review by the server: what it asks, and answers as entries that say they were made in it."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from tkcore import events as e
from tkcore.web.saying import FRAME


def test_what_is_asked_has_the_lines_around_it(tab, time):
    """Each question has its record as a line, its own neighbours, and choices whose lines can be sent."""
    for line in ("T>A", "!gg", "A>T", ";", "T>B", "B>T", "T>*"):
        time.go(4)
        tab.tap(line)
    found = tab.get("/api/review")
    assert (found["session"], found["closed"], found["seq"]) == ("g/s", False, tab.recorder.head.seq)
    (star,) = [asked for asked in found["items"] if asked["item"]["kind"] == "star"]
    assert star["text"] == ";"
    assert [near["text"] for near in star["near"]] == ["T>A", "T!gg>A", "A>T", "T>B", "B>T"]
    assert star["item"]["choices"][0] == {
        "key": "1", "what": "keep", "label": None, "seat": "", "discreet": False, "says": [],
    }  # fmt: skip


def test_answers_are_entries_made_in_the_review(tab, time):
    """Stored under the page's id once, at the moment they are about, by the same observer, with `made` = review."""
    time.go(5)
    tab.tap("T>A", "A>T", "!rr")
    time.go(60)
    (asked,) = [x["item"] for x in tab.get("/api/review")["items"] if x["item"]["kind"] == "kind"]
    says = next(choice for choice in asked["choices"] if choice["key"] == "n")["says"]
    sent = [{"id": "ab" * 15, "line": one["line"], "at": one["at"], "made": "review"} for one in says]
    (first,) = tab.send(*sent)
    (again,) = tab.send(*sent)
    assert (again["seq"], again["again"]) == (first["seq"], True)
    held = [x for x in tab.recorder.held() if isinstance(x, e.ResistanceShown)]
    assert [(x.code, x.ts, x.made, x.observer) for x in held] == [
        ("handbook.resistance.excess_advice", 5000, "review", "obs1")
    ]
    assert [x["item"]["kind"] for x in tab.get("/api/review")["items"] if x["item"]["kind"] == "kind"] == []


def test_a_closed_session_takes_answers(tab, time):
    """After the close: codes at their moment, corrections, undone and brought back."""
    time.go(5)
    tab.tap("T>A", "A>T", ";", "a!jj")
    time.go(60)
    tab.recorder.close_session()
    found = tab.get("/api/review")
    assert found["closed"] is True
    star = next(x["item"] for x in found["items"] if x["item"]["kind"] == "star")
    line = star["pick"]["line"].replace("{code}", "uu")
    contract = next(x["item"] for x in found["items"] if x["item"]["kind"] == "contract")
    settle = contract["choices"][1]["says"][0]
    answers = tab.send(
        {"id": "cd" * 15, "line": line, "at": star["pick"]["at"], "made": "review"},
        {"id": "ce" * 15, **settle, "made": "review"},
    )
    assert all("seq" in answer for answer in answers)
    assert [x["item"]["kind"] for x in tab.get("/api/review")["items"]] == ["detail"]
    tab.send({"id": "cf" * 15, "line": f"~{answers[1]['seq']}", "at": None})
    assert "contract" in [x["item"]["kind"] for x in tab.get("/api/review")["items"]]


def test_what_nobody_entered_is_not_around_a_moment(tab, time):
    """The end, who joined, who leads and what an alert said have no line: only entries are shown around one."""
    tab.tap("T>A", ";")
    tab.recorder.put(e.AlertShown(alert="monopoly.silent", seat="B", numbers={}))
    time.go(5)
    tab.recorder.close_session()
    (star,) = [asked for asked in tab.get("/api/review")["items"] if asked["item"]["kind"] == "star"]
    assert [near["text"] for near in star["near"]] == ["T>A"]


def test_the_strip_and_the_review_leave_out_the_same():
    """What is no entry of anybody is so to the page and to the server."""
    page = (resources.files("tkcore.web") / "static" / "entries.js").read_text(encoding="utf-8")
    found = re.search(r"const FRAME = /\^\(([a-z|]+)\)\\\./", page)
    assert found
    assert set(found[1].split("|")) == FRAME
    assert {name.partition(".")[0] for name in e.EVENTS} >= FRAME


@pytest.mark.parametrize("made", ["later", "", 1, None])
def test_an_entry_is_live_or_of_the_review(tab, made):
    """Anything else is no entry, and the others of the request are stored."""
    answers = tab.send(
        {"id": "ad" * 15, "line": "T>A", "made": made}, {"id": "ae" * 15, "line": "A>T", "made": "live"}
    )
    assert [("error" in a) for a in answers] == [True, False]


def test_an_answer_that_a_crash_cut_off_is_completed_as_it_was_made(tab, root):
    """The recorder that comes back adds the rest of the entry, made in the review too."""
    tab.tap("T>A", "A>T")
    sitting = tab.sitting
    entry = "af" * 15
    sitting.recorder.enter("a!uu t!gg", entry, 0, made="review")
    sitting.stop()
    (log,) = root.glob("groups/g/sessions/s/*.ndjson")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    sitting.start()
    answer = sitting.recorder.enter("a!uu t!gg", entry, 0, made="review")
    assert (answer.again, answer.count) == (False, 2)
    codes = [x for x in sitting.recorder.ledger if isinstance(x, e.Coded)]
    assert [(x.author, x.made) for x in codes] == [("A", "review"), ("T", "review")]


def test_nobody_without_the_cookie_sees_what_is_asked(page_of):
    """The review is the session's."""
    assert page_of().request("GET", "/api/review").status_code == 401
