"""What the page begins with, and the line that every record is shown as."""

from __future__ import annotations

import pytest

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.codebook import handbook, parse
from tkcore.web.saying import shown, text_of
from tkcore.web.state import FAVOURITES, LAST
from tkcore.web.words import WORDS, words

BOOK = parse(handbook(), "handbook.toml")


def test_the_state_has_what_was_agreed(tab):
    """Names of the document's members, with the session as it was opened."""
    state = tab.get("/api/state")
    assert set(state) == {
        "session", "language", "clock", "closed", "paused", "seats", "taken", "phases", "phase", "floor", "activities", "families",
        "codes", "favourites", "cautions", "entries", "head", "observer", "lead", "observers", "blind", "queue", "planned",
        "owing", "unreported",
    }  # fmt: skip
    assert (state["session"], state["language"], state["closed"], state["phase"]) == (
        "g/s",
        "en",
        False,
        None,
    )
    assert (state["observer"], state["lead"], state["floor"], state["entries"]) == ("obs1", "obs1", None, [])
    assert state["head"] == {"seq": 1, "h": tab.recorder.head.h}
    assert state["seats"][0] == {
        "seat": "T",
        "role": "therapist",
        "place": 1,
        "inside": True,
        "scope": "full",
    }


def test_the_time_is_the_sessions(tab, time):
    """Now on the session clock, which runs until the session is closed."""
    time.go(61.5)
    assert tab.get("/api/state")["clock"] == {"now": 61_500, "running": True}
    tab.recorder.close_session()
    time.go(10)
    state = tab.get("/api/state")
    assert (state["clock"], state["closed"]) == ({"now": 61_500, "running": False}, True)


def test_seats_stand_round_the_circle_as_they_are_now(tab):
    """Who left is outside, who changed chairs stands there, who came in without one stands last."""
    tab.tap("-a:short", "t!hs=9", "+g:visitor", "+b:floor_only")
    seats = tab.get("/api/state")["seats"]
    assert [(s["seat"], s["place"], s["inside"], s["scope"]) for s in seats] == [
        ("A", 2, False, "full"), ("B", 3, True, "floor_only"), ("C", 4, True, "full"), ("D", 5, True, "full"),
        ("E", 6, True, "full"), ("T", 9, True, "full"), ("G", None, True, "full"),
    ]  # fmt: skip


def test_an_exchange_that_was_taken_back_is_none(tab):
    """The chair is the old one again."""
    tab.tap("t!hs=9", "~")
    assert tab.get("/api/state")["seats"][0]["place"] == 1


@pytest.mark.parametrize("setting", [None, "inpatient", "outpatient"])
def test_the_pad_is_the_codebooks(page_of, setting):
    """Every live code and family is there, the phases and the favourites are the setting's."""
    state = page_of(setting=setting).enter().get("/api/state")
    assert [c["key"] for c in state["codes"]] == [c.key for c in BOOK.codes if c.key]
    assert len(state["codes"]) == 215
    assert [f["key"] for f in state["families"]] == [f.key for f in BOOK.families]
    assert all(
        set(c["label"]) == {"id", "en"} for c in [*state["codes"], *state["families"], *state["phases"]]
    )
    assert state["favourites"] == FAVOURITES[setting or "outpatient"].split()
    assert {"participation", "preparation"} & {p["id"] for p in state["phases"]} == {
        None: {"participation", "preparation"}, "inpatient": {"preparation"}, "outpatient": {"participation"},
    }[setting]  # fmt: skip


def test_the_favourites_are_those_of_the_sheet(shared):
    """The two lists of labels.md, tile by tile."""
    text = (shared / "domain/labels.md").read_text()
    for setting, name in (("inpatient", "Favourites inpatient"), ("outpatient", "Outpatient")):
        assert f"{name}: `{FAVOURITES[setting]}`." in text
        assert len(FAVOURITES[setting].split()) <= 21


def test_discreet_codes_are_those_of_the_sheet(tab):
    """Families r, b, w, e and five of u are shown without their label."""
    state = tab.get("/api/state")
    discreet = {c["key"] for c in state["codes"] if c["discreet"]}
    assert discreet == {
        c.key for c in BOOK.codes if c.key and (c.key[0] in "rbwe" or c.key in ("uw", "uh", "uo", "ua", "ur"))
    }


def test_cautions_are_those_that_hold_now(page_of):
    """Inpatient: po pi bi bl have one, in both languages; outpatient they have none."""
    held = {}
    for name, setting in (("g/i", "inpatient"), ("g/o", "outpatient")):
        tab = page_of(name, setting=setting).enter()
        state = tab.get("/api/state")
        keys = {c["id"]: c["key"] for c in state["codes"]}
        held[setting] = {keys[id_] for id_ in state["cautions"]}
        assert all(
            set(text) == {"id", "en"} and text["id"] and text["en"] for text in state["cautions"].values()
        )
    assert {"po", "pi", "bi", "bl"} <= held["inpatient"]
    assert not {"po", "pi", "bi", "bl"} & held["outpatient"]


def test_the_last_records_are_shown(tab, time):
    """All of two minutes; then the last thirty of what was tapped, in log order, with what has become of them."""
    tab.tap(*["ab", "ba"] * 20, "~")
    assert len(tab.get("/api/state")["entries"]) == 41
    time.go(121)
    entries = tab.get("/api/state")["entries"]
    assert len(entries) == LAST
    assert [x["seq"] for x in entries] == list(range(entries[-1]["seq"] - LAST + 1, entries[-1]["seq"] + 1))
    assert [(x["text"], x["state"]) for x in entries[-3:]] == [
        ("A>B", "effective"), ("B>A", "retracted"), ("~41", "effective"),
    ]  # fmt: skip


def test_the_floor_is_the_last_turn_that_holds(tab, time):
    """Who spoke to whom and since when, and whether the turn goes on."""
    tab.tap("A>B,C")
    time.go(5)
    tab.tap("T>A")
    assert tab.get("/api/state")["floor"] == {
        "open": True, "since": 5000, "sender": "T", "receivers": ["A"], "audience": "seats", "seq": 3,
    }  # fmt: skip
    tab.tap("~")
    assert tab.get("/api/state")["floor"]["sender"] == "A"
    time.go(5)
    tab.tap("_")
    floor = tab.get("/api/state")["floor"]
    assert (floor["open"], floor["since"], floor["sender"]) == (False, 10_000, "A")


def test_what_goes_on_is_said(tab):
    """The present phase, a pause and running activities."""
    tab.tap("%work", "!od", "||break")
    state = tab.get("/api/state")
    assert (state["phase"], state["paused"], state["activities"]) == ("work", True, ["activity.prayer"])
    tab.tap("||", "!oo", "~2")
    state = tab.get("/api/state")
    assert (state["phase"], state["paused"], state["activities"]) == (None, False, [])


# -- lines -------------------------------------------------------------------------------------------------------------

LINES = [
    "A>B", "A>B,C", "A>*", "A>?", "_", "&", ";", "%work", "-C:short", "+C", "+G:visitor", "+B:none", "||break", "||",
    "A!hs=4", "!hg=obs2", "#A: …", "#A,B: …", "~A=B,B=A", "A!uu>B", "A!uu>*", "A!rn>B^2", "!ic=4", "B!bm>C^3",
    "gaze.shifted seat=A level=3",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_record_is_shown_as_the_line_that_says_it(tab, line):
    """The text of a record is what was typed, in its canonical form."""
    tab.tap("B>A", "A>B")
    if line == "+C":
        tab.tap("-c")
    if line == "||":
        tab.tap("||break")
    (answer,) = tab.tap(line)
    assert text_of(tab.recorder, tab.recorder.ledger[answer["seq"]]) == line


def test_every_live_code_is_shown_as_what_types_it(tab):
    """The text of each code's record, typed again, stores the same code of the same author."""
    tab.tap("T>A", "A>B")
    tried = 0
    for code in BOOK.codes:
        kind = e.EVENTS[code.event]
        toggles = code.event.startswith("activity.") or code.id == "mark.visitor"
        if (
            not code.key
            or not issubclass(kind, e.Coded)
            or toggles
            or kind in (e.ConflictSettled, e.ContractSettled)
        ):
            continue
        (first,) = tab.tap(f"!{code.key}")
        one = tab.recorder.ledger[first["seq"]]
        (second,) = tab.tap(text_of(tab.recorder, one))
        two = tab.recorder.ledger[second["seq"]]
        assert [getattr(two, name) for name in ("code", "attrs", "author", "targets", "audience")] == [
            getattr(one, name) for name in ("code", "attrs", "author", "targets", "audience")
        ], code.key
        tried += 1
    assert tried > 180


def test_every_type_has_a_line_or_is_not_shown(tab):
    """No record's text is empty, whatever its type; a type without a line is shown by its name."""
    for name, kind in e.EVENTS.items():
        required = {
            f: "A"
            for f in kind.__struct_fields__
            if f in ("seat", "code", "phase", "record_id", "lead", "words")
        }
        more = {
            "about": (),
            "replacement": {},
            "since": 0,
            "until": 0,
            "exchange": {"A": "B"},
            "place": 3,
            "sender": "A",
        }
        more |= {"audience": "all", "families": ("floor",), "observer": "obs1"}
        record = _made(kind, {**more, **required})
        assert not shown(record) or text_of(tab.recorder, record), name


def _made(kind, values):
    """A record with some value in each field that needs one."""
    from msgspec import NODEFAULT
    from msgspec.structs import fields

    own = {}
    for f in fields(kind):
        if f.required:
            assert f.default is NODEFAULT
            own[f.name] = values.get(f.name, 1 if f.type is int else False if f.type is bool else "x")
        elif f.name == "observer":
            own[f.name] = "obs1"
    return kind(**own)


def test_what_has_no_words_of_its_own_is_shown_all_the_same(tab):
    """A note about nobody, and a code whose codebook is not there."""
    assert cb.by_stored(tab.recorder.books, "other.mark.x", {}) is None
    assert text_of(tab.recorder, e.NoteWritten(about=(), words="x")) == "# …"
    assert text_of(tab.recorder, e.MarkMade(code="other.mark.x", author="A")) == "A!other.mark.x"


# -- words -------------------------------------------------------------------------------------------------------------


def test_the_pages_words_are_there_in_both_languages(tab):
    """The catalogue's words, each under its English source."""
    said = tab.get("/api/words")
    assert said == words()
    assert set(said) == {"id", "en"}
    assert set(said["id"]) == set(said["en"]) == set(WORDS)
    assert all(said["en"][text] == text for text in WORDS)
