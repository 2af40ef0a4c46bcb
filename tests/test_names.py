"""Names and strings by the rules of design §3; relations that select every field unquoted."""

from __future__ import annotations

import keyword
import re
import typing

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tkcore
from tkcore import events as e
from tkcore.records import build, decode, encode, stray_string
from tkcore.relations import Sources, columns, connect, encode_rows, event_columns, view
from tkcore.rows import KINDS, RecordRow

CORE = [
    "session.opened",
    "session.closed",
    "clock.ticked",
    "clock.resumed",
    "clock.checked",
    "capture.paused",
    "capture.resumed",
    "captures.changed",
    "observer.joined",
    "lead.passed",
    "coding.handed_over",
    "seat.added",
    "seat.arrived",
    "seat.left",
    "seat.scoped",
    "place.changed",
    "phase.entered",
    "activity.started",
    "activity.ended",
    "turn.taken",
    "floor.released",
    "floor.crowded",
    "intervention.made",
    "conflict.arisen",
    "conflict.settled",
    "resistance.shown",
    "factor.shown",
    "mark.made",
    "rating.given",
    "contract.opened",
    "contract.settled",
    "checklist.answered",
    "note.written",
    "record.retracted",
    "record.amended",
    "range.amended",
    "alert.shown",
    "alert.dismissed",
    "group.founded",
    "setting.given",
    "member.admitted",
    "consent.given",
    "consent.withdrawn",
    "session.planned",
    "score.entered",
    "member.discharged",
    "export.made",
    "import.made",
    "backup.made",
    "backup.restored",
    "words.read",
    "member.erased",
    "key.changed",
    "plugin.enabled",
    "log.recovered",
]


def fields(kind):
    return {
        name: hint for name, hint in typing.get_type_hints(kind).items() if name in kind.__struct_fields__
    }


def test_the_core_types_are_those_of_the_design():
    """Every core type is there, none besides, and each is noun.verb."""
    assert sorted(e.EVENTS) == sorted(CORE)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in e.EVENTS)


def test_one_name_has_one_type():
    """A field's name means the same type in every event, and `kind` is no event's field."""
    seen = {}
    for kind in (*e.EVENTS.values(), e.Seating, e.Observing, e.Vocabulary):
        for name, hint in fields(kind).items():
            plain = (
                frozenset(typing.get_args(hint)) - {type(None)}
                if type(None) in typing.get_args(hint)
                else frozenset({hint})
            )
            assert seen.setdefault(name, plain) == plain, name
    assert "kind" not in seen
    assert event_columns()["kind"] == "VARCHAR"


def names():
    found = {
        name
        for kind in (*e.EVENTS.values(), e.Seating, e.Observing, e.Vocabulary, *KINDS.values(), RecordRow)
        for name in fields(kind)
    }
    return sorted(found | {"kind", "acts", "n"})


@pytest.mark.parametrize("name", names())
def test_no_name_needs_quotes(name):
    """Every field and column is no Python keyword and selects unquoted."""
    assert not keyword.iskeyword(name)
    with duckdb.connect() as con:
        assert con.execute(f"select {name} from (select 1 as {name})").fetchall() == [(1,)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_answers_by_its_own_columns(kind):
    """Each view has its kind's fields and selects them unquoted."""
    con = connect(Sources(), f"select * from {kind}")
    described = con.execute(f"select {', '.join(KINDS[kind].__struct_fields__)} from {kind}").description
    assert [d[0] for d in described] == list(KINDS[kind].__struct_fields__)
    assert view(kind).startswith("select session, n, ")
    con.close()


def test_relations_have_the_columns_of_the_structs():
    """`record` is its Struct; `event` holds every field of every kind."""
    assert list(columns("record")) == list(RecordRow.__struct_fields__)
    assert set(event_columns()) == {"kind", *(n for k in KINDS.values() for n in k.__struct_fields__)}
    assert encode_rows([]) == b""


@given(st.text(max_size=70))
def test_strings_in_records(text):
    """A stray string is found at any depth, and nothing else is called stray."""
    fine = re.fullmatch(r"[A-Za-z0-9_.:+/-]{0,64}", text) is not None
    for value in (text, [text], {"a": [text]}, {text: 1}, e.SeatLeft(seat="A", reason=text)):
        assert (stray_string(value) is None) == fine


@given(st.data())
def test_every_event_survives_its_line(data):
    """What is encoded is decoded to the same event; unknown fields are tolerated on reading, refused on building."""
    kind = data.draw(st.sampled_from(sorted(e.EVENTS.values(), key=lambda k: k.__name__)))
    values = {}
    for name, hint in fields(kind).items():
        options = {str: st.text("abcXYZ09", max_size=5), int: st.integers(0, 10**12), bool: st.booleans()}
        if hint in options and name != "v":
            values[name] = data.draw(options[hint])
    event = build(kind, {**_needed(kind), **values})
    line = encode(event)
    assert decode(line) == event
    assert decode(line[:-1] + b',"later":{"x":1}}') == event
    with pytest.raises(msgspec.ValidationError, match="later"):
        build(kind, {**_needed(kind), **values, "later": 1})


def _needed(kind):
    found = {}
    for f in msgspec.structs.fields(kind):
        if f.required:
            origin = typing.get_origin(f.type)
            found[f.name] = {tuple: [], dict: {}}.get(origin, {str: "x", int: 1, bool: True}.get(f.type, "x"))
    return found


def test_what_is_not_known_is_kept():
    """A newer version or a foreign type comes back opaque and goes out again with all its content; garbage is refused."""
    for line in (b'{"t":"gaze.shifted","v":1,"seq":4,"id":"","ts":1,"logged":2,"observer":"o","aim":"C"}', b'{"t":"turn.taken","v":2,"seq":4,"id":"","ts":1,"logged":2,"observer":"o","sender":{"deep":[1]}}'):  # fmt: skip
        record = decode(line)
        assert isinstance(record, e.Opaque)
        assert msgspec.json.decode(encode(record)) == msgspec.json.decode(line)
    for garbage in (b"", b"[]", b"{}", b'{"t":1}', b'"x"', b"{"):
        with pytest.raises(msgspec.DecodeError):
            decode(garbage)


def test_public_names():
    """`tkcore.__all__` is complete, names nothing twice, and no module hides a public name."""
    assert len(tkcore.__all__) == len(set(tkcore.__all__))
    assert set(tkcore.__all__) == {name for home in tkcore._HOME.values() for name in home}
    import pkgutil

    modules = {m.name for m in pkgutil.iter_modules(tkcore.__path__)}
    assert modules & set(tkcore.__all__) == set()
    for name in tkcore.__all__:
        assert getattr(tkcore, name) is not None
