"""The codebook format, and the handbook's 215 live codes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tkcore import codebook as cb
from tkcore.errors import CodebookError
from tkcore.events import EVENTS, STRING, Coded
from tkcore.proofreading import CODED
from tkcore.room import OTHER

BOOK = """name = "tiny"
title = { id = "Kecil", en = "Tiny" }
version = 1

[[family]]
id = "explore"
key = "g"
label = { id = "Gali", en = "explore" }
author = "leader"

[[attribute]]
name = "sort"
values = [{ id = "soft", label = { id = "lembut", en = "soft" } }]

[[code]]
id = "mark.a"
key = "ga"
family = "explore"
event = "mark.made"
author = "any"
label = { id = "Satu dua", en = "one" }

[[code]]
id = "mark.b/soft"
key = "gb"
family = "explore"
event = "mark.made"
author = "any"
label = { id = "Lain", en = "other" }
preset = { sort = "soft" }
"""


def handbook():
    return cb.parse(cb.handbook(), "handbook.toml")


def test_a_small_codebook_reads():
    """Families, codes, attributes and what each record will carry."""
    book = cb.parse(BOOK.encode(), "tiny.toml")
    assert [(c.stored, c.preset) for c in book.codes] == [
        ("tiny.mark.a", {}),
        ("tiny.mark.b", {"sort": "soft"}),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "says"),
    [
        ('key = "gb"', 'key = "ga"', 23, "mark.b/soft", "stands twice"),
        ('id = "mark.b/soft"', 'id = "mark.a"', 23, "mark.a", "stands twice"),
        ('key = "ga"', 'key = "gt"', 15, "mark.a", "those are seats"),
        ('key = "ga"', 'key = "xa"', 15, "mark.a", "begin with its family"),
        ('key = "ga"', 'key = "g1"', 15, "mark.a", "two letters"),
        ('event = "mark.made"\nauthor = "any"\nlabel = { id = "Satu', 'event = "mark.eaten"\nauthor = "any"\nlabel = { id = "Satu', 15, "mark.a", "unknown event"),
        ('family = "explore"\nevent = "mark.made"\nauthor = "any"\nlabel = { id = "Satu', 'family = "sing"\nevent = "mark.made"\nauthor = "any"\nlabel = { id = "Satu', 15, "mark.a", "unknown family"),
        ('label = { id = "Satu dua", en = "one" }', 'label = { id = "Satu dua" }', 15, "mark.a", "`en`"),
        ('label = { id = "Satu dua", en = "one" }', 'label = { id = "Satu dua", en = " " }', 15, "mark.a", "one of the two languages"),
        ('preset = { sort = "soft" }', 'preset = { sort = "hard" }', 23, "mark.b/soft", "not declared"),
        ('preset = { sort = "soft" }', 'colour = "red"', 23, "mark.b/soft", "colour"),
        ('preset = { sort = "soft" }', 'attributes = ["taste"]', 23, "mark.b/soft", "unknown attribute"),
        ('preset = { sort = "soft" }', 'caution = [{ when = "moon == full", text = { id = "a", en = "b" } }]', 23, "mark.b/soft", "moon == full"),
        ('key = "g"', 'key = "k"', 5, "explore", "those are seats"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_code(old, new, line, code, says):
    """Each mistake is refused with the file, the line its entry begins on, and the code."""
    assert BOOK.count(old) >= 1
    with pytest.raises(CodebookError) as refused:
        cb.parse(BOOK.replace(old, new, 1).encode(), "tiny.toml")
    assert str(refused.value).startswith(f"tiny.toml, line {line}, {code}: ")
    assert says in str(refused.value)


MORE = (
    BOOK
    + """
[[setting]]
id = "population"
of = "group"
label = { id = "Populasi", en = "population" }
takes = "choice"
values = [{ id = "neurotic", label = { id = "Neurotik", en = "neurotic" }, rows = [21] }]
default = [{ when = "setting == inpatient", value = "neurotic" }]

[[code]]
id = "checklist.calm"
of = "member"
event = "checklist.answered"
label = { id = "Sudah tenang", en = "calm" }
rows = [113]

[[caution]]
id = "gently"
when = ["setting == inpatient and author == leader", "sort == soft"]
codes = ["mark.b/soft"]
at = ["member.admitted"]
text = { id = "Pelan", en = "gently" }

[[decision]]
n = 1
text = { id = "Satu", en = "one" }
codes = ["mark.a", "population"]

[[answer]]
analysis = "network.structure"
label = { id = "Struktur", en = "structure" }
rows = [288]
"""
).replace('preset = { sort = "soft" }', 'preset = { sort = "soft" }\nattributes = ["sort"]')


def test_settings_items_cautions_decisions_and_answers_read():
    """A caution comes to the codes it names; an item of the group's list has neither key nor family."""
    book = cb.parse(MORE.encode(), "tiny.toml")
    assert [c.id for code in book.codes for c in code.caution] == ["gently"]
    assert [(c.id, c.of, c.family) for c in book.codes if c.of != "session"] == [
        ("checklist.calm", "member", "")
    ]
    assert (book.setting[0].values[0].rows, book.decision[0].n, book.answer[0].name) == (
        (21,),
        1,
        "network.structure",
    )


@pytest.mark.parametrize(
    ("old", "new", "name", "says"),
    [
        ('of = "group"', 'of = "ward"', "population", "of is one of session, group"),
        ('takes = "choice"', 'takes = "guess"', "population", "takes is one of choice"),
        ('takes = "choice"', 'takes = "number"', "population", "choice and choices have values"),
        ('value = "neurotic"', 'value = "calm"', "population", "the default calm is none of its values"),
        ('when = "setting == inpatient", value', 'when = "inpatient", value', "population", "'inpatient'"),
        ("rows = [21]", "rows = [0]", "population", "numbers from 1"),
        ('of = "member"\nevent', 'of = "member"\nkey = "gz"\nevent', "checklist.calm", "without key and family"),
        ('event = "checklist.answered"', 'event = "mark.made"', "checklist.calm", "without key and family"),
        ('codes = ["mark.b/soft"]', 'codes = ["mark.c"]', "gently", "unknown code mark.c"),
        ('at = ["member.admitted"]', 'at = ["phase.work"]', "gently", "unknown moment phase.work"),
        ('"sort == soft"]', '"taste == soft"]', "gently", "taste == soft"),
        ('"sort == soft"]', '"sort > soft"]', "gently", "sort > soft"),
        ('text = { id = "Pelan", en = "gently" }', 'text = { id = "", en = "gently" }', "gently", "two languages"),
        ('codes = ["mark.a", "population"]', 'codes = ["nothing"]', "1", "unknown code nothing"),
        ('analysis = "network.structure"', 'analysis = "a.b"\nsection = "a.c"', "a.b", "an analysis or a section"),
        ('analysis = "network.structure"', 'analysis = "network"', "network", "no name of an analysis"),
        ('attributes = ["sort"]', 'attributes = ["sort", "kind"]', "mark.b/soft", "soft stands in sort and in kind"),
        ('attributes = ["sort"]', 'attributes = ["sort", "sort"]', "mark.b/soft", "the attribute sort stands twice"),
        ('values = [{ id = "soft", label = { id = "lembut", en = "soft" } }]', 'values = []', "sort", "an attribute has values"),
        ('key = "ga"', 'key = "ga"\nscale = [1, 5]', "mark.a", "a rating.given has a scale"),
        ('key = "ga"\nfamily = "explore"\nevent = "mark.made"', 'key = "ga"\nfamily = "explore"\nevent = "rating.given"', "mark.a", "a rating.given has a scale"),
        ('key = "ga"\nfamily = "explore"\nevent = "mark.made"', 'key = "ga"\nfamily = "explore"\nevent = "session.opened"', "mark.a", "unknown event session.opened"),
        ('[[decision]]', '[[setting]]\nid = "size"\nof = "group"\ntakes = "number"\nlow = 5\nhigh = 1\nlabel = { id = "a", en = "b" }\n\n[[decision]]', "size", "from low to high"),
        ('[[decision]]', '[[phase_set]]\nsetting = "ward"\nphases = [{ id = "a", label = { id = "a", en = "b" } }, { id = "a", label = { id = "a", en = "b" } }]\n\n[[decision]]', "ward", "the phase a stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_further_tables_is_named(old, new, name, says):
    """Settings, items, cautions, decisions and answers are held to their rules too."""
    kind = '''[[attribute]]
name = "kind"
values = [{ id = "soft", label = { id = "lembut", en = "soft" } }]

[[code]]
id = "mark.a"'''
    text = MORE.replace('[[code]]\nid = "mark.a"', kind, 1)
    assert text.count(old) >= 1
    with pytest.raises(CodebookError) as refused:
        cb.parse(text.replace(old, new, 1).encode(), "tiny.toml")
    assert f", {name}: " in str(refused.value)
    assert says in str(refused.value)


def test_a_code_is_typed_for_an_event_that_can_be():
    """The events a codebook may name are those the recorder can store for a code."""
    assert {name for name, kind in EVENTS.items() if issubclass(kind, Coded)} | set(OTHER) == CODED


@given(st.binary(max_size=200))
def test_any_bytes_are_a_codebook_or_an_error(data):
    """Nothing but a CodebookError comes of bytes that are no codebook."""
    with pytest.raises(CodebookError, match=r"any\.toml"):
        cb.parse(data, "any.toml")


def test_the_handbook_has_its_codes():
    """215 live codes in 18 families, each with two letters of its own, no stored string outside the rule."""
    book = handbook()
    live = [code for code in book.codes if code.key is not None]
    assert (len(live), len(book.families), len({c.key for c in live})) == (215, 18, 215)
    for code in live:
        assert STRING.fullmatch(code.stored)
        assert all(STRING.fullmatch(part) for pair in code.preset.items() for part in pair)
        assert cb.find([book], code.key) == (code,)
        assert cb.find([book], code.id) == (code,)
        assert cb.by_stored([book], code.stored, code.preset) == code or code.base in (
            "seat.left",
            "seat.absent",
        )


def test_the_handbook_is_the_table(shared):
    """Key, id, both labels and lines are those of labels.md; keys rule out seats; discreet and floor as it says."""
    rows = {}
    for line in (shared / "domain/labels.md").read_text().splitlines():
        if line.startswith("| `"):
            cells = [c.strip() for c in re.split(r"\s\|\s", line.strip()[1:-1].strip())]
            for part in (cells[:5], cells[5:10]):
                if len(part) == 5 and re.fullmatch("`[a-z]{2}`", part[0]):
                    rows[part[0][1:3]] = part[1:]
    codes = {c.key: c for c in handbook().codes if c.key is not None}
    assert set(rows) == set(codes)
    for key, (own, label_id, label_en, source) in rows.items():
        code = codes[key]
        assert (code.id, code.label.id, code.label.en) == (own, label_id, label_en)
        assert re.findall(r"\d+", "".join(code.source)) == re.findall(r"\d+", source)
        assert code.discreet == (key[0] in "rbwe" or key in ("uw", "uh", "uo", "ua", "ur"))
        assert code.floor == (key[0] in "gdpsl" or key in ("uu", "un", "uf", "ud"))


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("GG", ["intervention.question"]), ("handbook.mark.advice", ["mark.advice"]), ("advice", ["mark.advice"]),
        ("memberi_nasihat", ["mark.advice"]), ("gives_advice", ["mark.advice"]), ("doa", ["activity.prayer"]),
        ("insight", ["mark.insight"]), ("unspecified", ["resistance.unspecified", "conflict.unspecified", "factor.unspecified", "norm.unspecified"]),
        ("nonsense", []),
    ],
)  # fmt: skip
def test_a_code_is_found_by_any_of_its_names(word, ids):
    """Key, id, last part or label; several fits are several candidates."""
    assert [c.id for c in cb.find([handbook()], word)] == ids


def test_nearest_codes():
    """A word is recognised by its label, its value and its last part."""
    assert any(x.startswith("dd ") for x in cb.near([cb.parse(cb.handbook(), "handbook.toml")], "dukung"))
    assert any(
        x.startswith("pu ") for x in cb.near([cb.parse(cb.handbook(), "handbook.toml")], "umpan_balik")
    )
    assert any(x.startswith("dj ") for x in cb.near([cb.parse(cb.handbook(), "handbook.toml")], "prais"))


def test_a_number_too_long_to_read_is_refused_by_its_file():
    """Python reads no number of 5000 digits: the message names the file all the same."""
    with pytest.raises(CodebookError, match=r"^tiny\.toml: "):
        cb.parse(b"x = " + b"9" * 5000, "tiny.toml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('[[family]]\nid = "explore"', '[[family]]\nid = ""', "the id may have"),
        ('name = "sort"', 'name = ""', "the name may have"),
        ('{ id = "soft"', '{ id = ""', "names and values may have"),
        ("[[attribute]]", '[[phase_set]]\nsetting = "ward"\nphases = [{ id = "", label = { id = "x", en = "x" } }]\n[[attribute]]', "a phase's id may have"),
        ("[[attribute]]", '[[phase_set]]\nsetting = "ward"\nphases = [{ id = "a", label = { id = "x", en = "x" }, rows = [0] }]\n[[attribute]]', "rows are numbers from 1"),
    ],
    ids=["family", "attribute", "value", "phase", "row"],
)  # fmt: skip
def test_nothing_is_called_nothing(old, new, says):
    """An empty id is no id: the empty family is that of codes no codebook knows; a phase's rows are checked like others."""
    assert BOOK.count(old) == 1
    with pytest.raises(CodebookError, match=says):
        cb.parse(BOOK.replace(old, new).encode(), "tiny.toml")
