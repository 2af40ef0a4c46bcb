"""What was not captured is not zero: families that an analysis reads, and those its numbers are about."""

from __future__ import annotations

import pytest
from msgspec import Struct

from tkcore import Session, analysis, query
from tkcore.analyses import Done, NotApplicable, Origin, faults, run, uncaptured
from tkcore.testing.sessions import beside_the_handbook, families_of_kinds, sample

BOOK = """
name = "pace"
title = { en = "Pace", id = "Tempo" }
version = 1
[[family]]
id = "pace"
key = "q"
author = "member"
label = { en = "pace", id = "tempo" }
[[code]]
id = "pace.quick"
event = "mark.made"
author = "member"
family = "pace"
key = "qq"
label = { en = "quick", id = "cepat" }
"""
FAMILIES = {"turn": frozenset({"floor"}), "mark": frozenset({"sign", "focus", "pace"}), "seat": frozenset()}


class Row(Struct, frozen=True):
    """`n` marks of a code."""

    code: str
    n: int


def paces(captures: tuple[str, ...] = ()):
    """Return a query of the marks of family pace."""
    sql = "select session, code, count(*) as n from mark where code like 'pace.%' group by all order by all"
    return query("zoo.paces", version=1, reads=("mark",), row=Row, sql=sql, captures=captures)


@pytest.mark.parametrize(
    ("reads", "captured", "captures", "says"),
    [
        (("mark",), "sign", (), (False, ("focus", "pace"))),
        (("mark",), "floor", (), (True, ("focus", "pace", "sign"))),
        (("mark",), "sign", ("pace",), (True, ("pace",))),
        (("mark",), "pace", ("pace",), (False, ())),
        (("mark",), "pace", ("pace", "sign"), (True, ("sign",))),
        (("turn", "mark"), "pace", ("pace",), (True, ("floor",))),
        (("turn", "mark"), "floor", ("pace",), (True, ("pace",))),
        (("turn", "mark"), "pace floor", ("pace",), (False, ())),
        (("seat",), "floor", (), (False, ())),
        (("seat",), "floor", ("pace",), (True, ("pace",))),
        (("mark",), "sign", ("unheard",), (True, ("unheard",))),
    ],
)
def test_what_is_missing(reads, captured, captures, says):
    """Each family that is named is needed; of a kind that many can store only those count that are named."""
    assert uncaptured(reads, frozenset(captured.split()), FAMILIES, captures) == says


@pytest.fixture
def book(tmp_path):
    """A codebook with a family of its own."""
    (tmp_path / "pace.toml").write_text(BOOK)
    return tmp_path / "pace.toml"


def outcome(chosen, one, own=()):
    """Return what comes of an analysis over a sample."""
    by_kind = families_of_kinds(one.events, own)
    return run(Origin(chosen, "tkcore-zoo", "1"), one.session(), captured=one.captured(), families=by_kind)


def test_not_coded_is_not_zero(book):
    """A query of one's own codes is not applicable where nobody undertook them, and done where nobody saw one."""
    own = beside_the_handbook([book])
    without = sample("without", "@0:00 ab; @0:05 ba", end="0:09")
    unseen = sample("unseen", "@0:00 ab; @0:05 ba", end="0:09", codebooks=[book])
    seen = sample("seen", "@0:00 ab !qq; @0:05 ba", end="0:09", codebooks=[book])
    named = paces(("pace",))
    assert isinstance(outcome(paces(), without, own), Done)  # without the name nobody can say which it means
    found = outcome(named, without, own)
    assert (type(found), found.missing) == (NotApplicable, ("pace",))
    assert outcome(named, without) == found  # a family that no codebook has is not captured either
    assert (outcome(named, unseen, own).value, outcome(named, unseen, own).missing) == ([], ())
    assert outcome(named, seen, own).value == [{"code": "pace.pace.quick", "n": 1}]


def test_a_function_names_families_too():
    """`@analysis(captures=...)` is the same: the code does not run where they were not captured."""

    @analysis("zoo.paces", version=1, reads=("mark",), captures=("pace",))
    def counted(session: Session) -> Row:
        """`n` marks."""
        raise AssertionError(session)

    found = outcome(counted, sample("without", "@0:00 ab", end="0:09"))
    assert (type(found), found.missing) == (NotApplicable, ("pace",))
    assert faults(counted, "zoo") == []


@pytest.mark.parametrize(
    ("captures", "says"),
    [
        (("Pace",), ["zoo.paces: captures: 'Pace' is no family: small letters, digits and _"]),
        (("pace", "pace.quick", 3), ["'pace.quick' is no family", "3 is no family"]),
        ("pace", ["captures='pace' is no tuple of families"]),
        (("pace", "pace2", "the_pace"), []),
    ],
)
def test_a_family_of_bad_shape(captures, says):
    """A declaration whose families cannot be any is broken, and says which."""
    found = faults(paces(captures), "zoo")
    assert len(found) == len(says)
    for said, part in zip(found, says, strict=True):
        assert part in said


def test_it_breaks_the_plugin(load_plugin, tmp_path, monkeypatch):
    """A plugin with such a declaration is broken at stage check, by name."""
    import importlib

    (tmp_path / "tk_paced.py").write_text(
        "from msgspec import Struct\nfrom tkcore import hookimpl, query\n"
        'class Row(Struct, frozen=True):\n    "`n` marks."\n    n: int\n'
        "@hookimpl\ndef register_analyses():\n"
        '    return [query("paced.n", version=1, reads=("mark",), row=Row, captures=("Pace!",), sql="select session, 1 from mark")]\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("tk_paced")
    monkeypatch.delitem(__import__("sys").modules, "tk_paced")
    with pytest.raises(pytest.fail.Exception, match=r"broken at stage check: paced\.n: captures: 'Pace!'"):
        load_plugin(module)
