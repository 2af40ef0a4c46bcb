"""Every check of the conformance suite can fail: a zoo of planted faults, one or more for each."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tkcore.errors import CodebookError
from tkcore.rows import Mark
from tkcore.testing import conformance, sample, session
from tkcore.testing.conforming import CHECKS, cases

_spec = importlib.util.spec_from_file_location("planted", Path(__file__).with_name("planted.py"))
zoo = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(zoo)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plugin's package, made of source text, that another process can import too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(source: str, kind: str = "analyses", files: dict[str, str] | None = None):
        name = f"zoo_{len(made)}_{tmp_path.name}".replace("-", "_")
        made.append(name)
        for file, text in {"__init__.py": zoo.HEAD + textwrap.dedent(source) + zoo.registering(source, kind), **(files or {})}.items():  # fmt: skip
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


FREE = {"name": "zoo", "family": "y", "id": "mark.glance"}
"""A codebook that can stand beside the handbook."""


def case(module, kind, check, **given):
    """The one case of the planted contribution and a check."""
    options = {"params": {}, "old": {"zoo.shifted": {1: {"seat": "A"}}}, "files": {"zoo.calls": zoo.CALLS}}
    found = [c for c in cases(module, name="zoo", **options, **given) if c.check.__name__ == check]
    return found[-1]


def test_every_check_has_its_fault():
    """A check that nothing can fail checks nothing."""
    for kind, checks in CHECKS.items():
        if kind != "codebooks":
            assert {check.__name__ for check in checks} == set(zoo.ZOO[kind])


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        pytest.param(kind, c.__name__, id=f"{kind}-{c.__name__}")
        for kind, checks in CHECKS.items()
        for c in checks
        if kind in zoo.GOODS
    ],
)
def test_a_good_one_passes(plugin, kind, check):
    """One that holds the laws passes every check."""
    one = case(plugin(zoo.GOODS[kind], kind), kind, check)
    one.check(one.subject)


@pytest.mark.parametrize(
    ("kind", "check", "source", "says"),
    [
        pytest.param(kind, check, source, says, id=f"{kind}-{check}-{n}")
        for kind, faults in zoo.ZOO.items()
        for check, planted in faults.items()
        for n, (source, says) in enumerate(planted)
    ],
)
def test_a_planted_fault_is_found(plugin, kind, check, source, says):
    """Each fault fails its check, with a message that says what is wrong and what to do."""
    files = {"zoo.toml": zoo.CODEBOOK.format(**FREE)}
    if check.startswith("matches_its_schema"):
        files["schemas/zoo.planted.json"] = '{"type": "object"}'
    one = case(plugin(source, kind, files), kind, check)
    with pytest.raises(AssertionError) as failed:
        one.check(one.subject)
    assert says in str(failed.value)


@pytest.mark.parametrize(
    ("check", "given", "says"),
    [
        ("codebook_can_be_read", {"name": "other"}, "does not begin with"),
        ("codebook_stands_beside_the_handbook", {"id": "mark.advice"}, "of this id in handbook already"),
        ("codebook_stands_beside_the_handbook", {"family": "g"}, "choose another"),
    ],
)
def test_codebooks(plugin, check, given, says):
    """A codebook of another name, or with a letter or an id of the handbook's, fails; a good one passes."""
    source = "from importlib.resources import files\nplanted = files(__package__) / 'zoo.toml'\n"
    for filled, bad in ((FREE, False), ({**FREE, **given}, True)):
        one = case(
            plugin(source, "codebooks", {"zoo.toml": zoo.CODEBOOK.format(**filled)}), "codebooks", check
        )
        if not bad:
            one.check(one.subject)
            continue
        with pytest.raises(AssertionError) as failed:
            one.check(one.subject)
        assert says in str(failed.value)


def test_a_committed_schema_that_fits(plugin):
    """A package's schemas/NAME.json that is the schema of today passes."""
    import msgspec

    module = plugin(zoo.GOODS["analyses"])
    again = plugin(
        zoo.GOODS["analyses"], files={"schemas/zoo.good.json": json.dumps(msgspec.json.schema(module.R))}
    )
    one = case(again, "analyses", "matches_its_schema")
    one.check(one.subject)


def test_schemas_in_another_folder(plugin, tmp_path):
    """With `schemas` each result's schema is in that folder: one that is not there or another one fails."""
    import msgspec

    module = plugin(zoo.GOODS["groups"], "groups", {"schemas/zoo.good.json": '{"type": "object"}'})
    folder = tmp_path / "released"
    folder.mkdir()
    checks = [("analyses", "zoo.good"), ("groups", "zoo.planted")]
    for text, says in (
        (None, "there is no zoo."),
        ('{"type": "object"}', "is another schema than the result has now"),
        (json.dumps(msgspec.json.schema(module.R)), None),
    ):
        for _, name in checks if text is not None else []:
            (folder / f"{name}.json").write_text(text)
        found = cases(module, params={}, old={}, files={}, schemas=folder)
        mine = [c for c in found if c.check.__name__.startswith("matches_its_schema")]
        assert [c.subject.one.name for c in mine] == [name for _, name in checks]
        for one in mine:
            if says is None:
                one.check(one.subject)
                continue
            with pytest.raises(AssertionError) as failed:
                one.check(one.subject)
            assert says in str(failed.value)


def test_a_rare_alert_may_get_its_numbers_anywhere(plugin):
    """Numbers from a function of the package, a constant, a Struct or a partial are seen; a built name needs a sample."""
    ways = {
        "from_function": "def found(r):\n    return dict(m=1)\n@@found(result)",
        "from_constant": "NAMES = ('m',)\n@@{name: 1 for name in NAMES}",
        "from_struct": "from msgspec.structs import asdict\nclass M(Struct, frozen=True):\n    m: int = 1\n@@asdict(M())",
        "from_partial": "from functools import partial\nfound = partial(dict, m=1)\n@@found()",
    }
    for way in ways.values():
        before, _, numbers = way.partition("@@")
        source = before + zoo.rare(f"Alert(alert='zoo.many', numbers={numbers})", "{m}")
        one = case(plugin(source), "analyses", "alerts_can_be_said")
        one.check(one.subject)
    built = zoo.rare("Alert(alert='zoo.many', numbers={chr(109): 1})", "{m}")
    one = case(plugin(built), "analyses", "alerts_can_be_said")
    with pytest.raises(AssertionError, match="one that does shows what it has"):
        one.check(one.subject)
    often = case(plugin(built.replace("> 1e9", "> 1")), "analyses", "alerts_can_be_said")
    often.check(often.subject)


def test_own_codes_are_in_the_samples(plugin):
    """The codebooks that a module registers are read in every sample, their codes typed in the last one."""
    module = plugin(
        zoo.OWN_CODES + zoo.counting(', captures=("glance",)'),
        files={"zoo.toml": zoo.CODEBOOK.format(**FREE)},
    )
    found = cases(module, params={}, old={}, files={})
    one = next(c for c in found if c.name == "zoo.planted-is_deterministic")
    outcomes = {sample.name: one.subject.of(sample) for sample in one.subject.recorded}
    assert outcomes.pop("own records").value[0]["n"] > 2
    assert {(type(o).__name__, o.missing) for o in outcomes.values()} == {("NotApplicable", ("glance",))}
    for c in found:
        c.check(c.subject)


def test_own_codes_in_a_sample_of_the_plugins(plugin, tmp_path):
    """`extra` samples may use the plugin's own codes."""
    files = {"zoo.toml": zoo.CODEBOOK.format(**FREE)}
    module = plugin(zoo.OWN_CODES + zoo.counting(', captures=("glance",)'), files=files)
    (tmp_path / "zoo.toml").write_text(files["zoo.toml"])
    mine = sample("mine", "@0:00 ab; @0:01 a!yq; @0:05 ba", end="0:09", codebooks=[tmp_path / "zoo.toml"])
    found = cases(module, params={}, old={}, files={}, extra=[mine])
    one = next(c for c in found if c.name == "zoo.planted-is_local")
    assert one.subject.of(one.subject.samples[0]).value == [{"sender": "A", "n": 1}]
    one.check(one.subject)


def test_what_cannot_be_tried_is_skipped(plugin):
    """An importer without a file and an old version without a body are skipped, with what to give."""
    for kind, check, says in (
        ("importers", "a_file_can_be_recorded", "files={'zoo.calls': b'...'}"),
        ("events", "upcasts_lead_to_the_newest", "old={'zoo.shifted': {1: {...}}}"),
    ):
        found = cases(plugin(zoo.GOODS[kind], kind), params={}, old={}, files={})
        one = next(c for c in found if c.check.__name__ == check)
        with pytest.raises(pytest.skip.Exception, match="was given") as skipped:
            one.check(one.subject)
        assert says in str(skipped.value)


def test_a_test_for_each_contribution_and_check(plugin):
    """`conformance(module)` is parametrised by contribution and check, named after both."""
    test = conformance(plugin(zoo.GOODS["groups"], "groups"))
    ids = [case.id for case in test.pytestmark[0].args[1]]
    assert ids == [
        "zoo-registers",
        *(f"zoo.good-{check.__name__}" for check in CHECKS["analyses"]),
        *(f"zoo.planted-{check.__name__}" for check in CHECKS["groups"]),
    ]


@pytest.mark.parametrize(
    "body",
    [
        'return R(len(group.results("zoo.good")))',
        'known = [r.value.n for r in group.results("zoo.good") if isinstance(r.value, R) and r.value.n]; return Mean(len(group.sessions), sum(known) / max(1, len(known)))',
    ],
)
def test_a_meeting_may_be_counted(plugin, body):
    """That there was a meeting may show: it is counted, and no value is taken to be zero."""
    mean = 'class Mean(Struct, frozen=True):\n    "`meetings`, and the `mean` of those known."\n    meetings: int\n    mean: float\n'
    result = "Mean" if "Mean" in body else "R"
    source = mean + zoo.group(body).replace('-> R:\n    "Of', f'-> {result}:\n    "Of')
    one = case(plugin(source, "groups"), "groups", "keeps_the_missing_missing")
    one.check(one.subject)
    one = case(plugin(source, "groups"), "groups", "gives_an_outcome_of_every_group")
    one.check(one.subject)


def test_own_records_are_read(plugin):
    """An analysis of the plugin's own type is tried on a sample that has records of it."""
    source = (
        zoo.GOOD_EVENT
        + '@analysis("zoo.good", version=1, reads=("zoo.shifted",))\n'
        + 'def good(session: Session) -> R:\n    "`n` shifts."\n'
        + '    return R(session.sql("select count(*) from zoo_shifted")[0][0])\n'
    )
    found = cases(plugin(source, "events"), params={}, old={}, files={})
    one = next(c for c in found if c.name == "zoo.good-is_deterministic")
    outcome = one.subject.of(one.subject.samples[-1])
    assert outcome.value["n"] > 10
    for c in found:
        if c.name.startswith("zoo.good"):
            c.check(c.subject)


def test_nothing_heavy_is_loaded_by_the_fixtures():
    """The pytest plugin is there in every test run of everybody: importing it imports no database and no msgspec."""
    code = "import sys, tkcore.testing.fixtures; print([m for m in ('duckdb', 'msgspec', 'click', 'tkcore.plugins', 'hypothesis') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_session_from_lines():
    """The builder reads like the grammar; what cannot be is an error of the grammar."""
    found = session("@0:00 ab !uu; @0:05 ba; @0:09 a.", end="0:12")
    assert [(t.sender, t.dur) for t in found.turns] == [("A", 5000), ("B", 4000), ("A", 3000)]
    assert found.sql("select count(*) from mark") == [(1,)]
    with pytest.raises(Exception, match="no seat Z"):
        session("@0:00 az")


def test_a_session_with_own_codes(tmp_path):
    """Codes of further codebooks can be typed, and have their families; one that cannot stand there is refused."""
    book = tmp_path / "zoo.toml"
    book.write_text(zoo.CODEBOOK.format(**FREE))
    found = session("@0:00 ab; @0:01 a!yq; @0:05 ba; @0:06 b!mark.glance", end="0:09", codebooks=[book])
    assert [(m.code, m.family, m.author) for m in found.rows(Mark)] == [
        ("zoo.mark.glance", "glance", "A"),
        ("zoo.mark.glance", "glance", "B"),
    ]
    with pytest.raises(Exception, match="yq"):
        session("@0:00 ab !yq")
    book.write_text(zoo.CODEBOOK.format(**{**FREE, "family": "g"}))
    with pytest.raises(CodebookError, match="choose another"):
        session("@0:00 ab", codebooks=[book])
