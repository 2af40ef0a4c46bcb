"""Every check of the conformance suite can fail: a zoo of planted faults, one for each."""

from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

from tkcore.testing import conformance, samples, session
from tkcore.testing.conformance import CHECKS, GROUP_CHECKS, _declared, _Subject

HEAD = """
import random, time, socket
from msgspec import Struct
from tkcore import Group, Session, Withheld, analysis, group_analysis, hookimpl, query
class R(Struct, frozen=True):
    n: float
class Wide(R, frozen=True):
    more: int
class Open(Struct):
    n: float
class Row(Struct, frozen=True):
    sender: str
    n: int
STATE = []
CELL = []
"""
GOOD = """
@analysis("zoo.good", version=1, reads=("turn",))
def planted(session: Session, *, least: int = 3) -> R | Withheld:
    "How many turns there are."
    return R(len(session.turns)) if len(session.turns) >= least else Withheld("fewer than 3 turns", len(session.turns))
"""


def function(
    body: str, doc: str = '"Counts."', name: str = "zoo.planted", result: str = "R", reads: str = '("turn",)'
):
    return f'@analysis("{name}", version=1, reads={reads})\ndef planted(session: Session) -> {result}:\n    {doc}\n    {body}\n'


def by_sql(sql: str):
    return (
        f'planted = query("zoo.planted", version=1, reads=("turn",), row=Row, doc="Counts.", sql="{sql}")\n'
    )


ZOO = {
    "is_declared_well": [
        (function("return R(1)", doc="pass"), "no docstring"),
        (function("return R(1)", name="other.planted").replace('("other', '("other'), "does not start with"),
        (function("return Open(1)", result="Open"), "frozen=True"),
        (function("return 1.0", result="float"), "no Struct"),
    ],
    "gives_an_outcome_everywhere": [(function("return R(session.turns[0].ts / len(session.members))"), "Withheld")],
    "is_deterministic": [
        (function("STATE.append(1); return R(len(STATE))"), "two runs"),
        (function('return R(float(hash("A") % 1000))'), "sort it"),
    ],
    "ignores_a_second_observer": [
        (by_sql("select session, sender, count(*) as n from event where kind = 'turn' group by all order by all"), "second observer"),
    ],
    "ignores_foreign_records": [(function("return R(max((t.seq for t in session.turns), default=0) + 0.5)", result="R"), "foreign records")],
    "ignores_the_head": [(function("return R(session.head.seq)"), "head changes")],
    "never_changes_an_earlier_result": [
        (function("n = len(session.turns); CELL.append(n); return R(max(CELL))"), "kept between runs"),
    ],
    "survives_json": [(function("return Wide(1, 2)"), "another one after JSON")],
    "asks_nobody": [
        (function("return R(time.time() * 0)"), "a clock"),
        (function("return R(random.random() * 0)"), "unseeded"),
        (function("f = open('/etc/hostname'); f.close(); return R(0)"), "a file"),
        (function("socket.socket().close(); return R(0)"), "the network"),
    ],
    "is_local": [
        (by_sql("select any_value(session) as session, sender, count(*) as n from turn group by sender order by all"), "group by session"),
    ],
}  # fmt: skip
REGISTER = "\n@hookimpl\ndef register_analyses():\n    return [planted]\n"


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plugin's module, made of source text, that another process can import too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(source: str):
        name = f"zoo_{len(made)}_{tmp_path.name}".replace("-", "_")
        made.append(name)
        (tmp_path / f"{name}.py").write_text(HEAD + textwrap.dedent(source) + REGISTER)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


def subject(module):
    _, declared = _declared(module)
    return _Subject(module.__name__, "zoo", declared[0], {}, tuple(samples()))


def test_every_check_has_its_fault():
    """A check that nothing can fail checks nothing."""
    assert {check.__name__ for check in CHECKS} == set(ZOO)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_good_analysis_passes(plugin, check):
    """One that holds the laws passes every check."""
    check(subject(plugin(GOOD)))


@pytest.mark.parametrize(
    ("check", "source", "says"),
    [
        pytest.param(c, s, says, id=f"{c.__name__}-{n}")
        for c in CHECKS
        for n, (s, says) in enumerate(ZOO[c.__name__])
    ],
)
def test_a_planted_fault_is_found(plugin, check, source, says):
    """Each fault fails its check, with a message that says what to do."""
    with pytest.raises(AssertionError) as failed:
        check(subject(plugin(source)))
    assert says in str(failed.value)


def test_group_functions_too(plugin):
    """A group function that cannot say anything of no meeting fails."""
    source = """
    @group_analysis("zoo.planted", version=1, needs=("zoo.good",))
    def planted(group: Group) -> R:
        "The first meeting."
        return R(group.results("zoo.good")[0].value.n)
    """
    with pytest.raises(AssertionError, match="over no meetings it failed"):
        GROUP_CHECKS[1](subject(plugin(source)))


def test_a_test_for_each_analysis_and_check(plugin):
    """`conformance(module)` is parametrised by analysis and check, named after both."""
    test = conformance(plugin(GOOD))
    ids = [case.id for case in test.pytestmark[0].args[1]]
    assert ids == [f"zoo.good-{check.__name__}" for check in CHECKS]


def test_a_session_from_lines():
    """The builder reads like the grammar; what cannot be is an error of the grammar."""
    found = session("@0:00 ab !uu; @0:05 ba; @0:09 a.", end="0:12")
    assert [(t.sender, t.dur) for t in found.turns] == [("A", 5000), ("B", 4000), ("A", 3000)]
    assert found.sql("select count(*) from mark") == [(1,)]
    with pytest.raises(Exception, match="no seat Z"):
        session("@0:00 az")
