"""The pytest fixtures that come with tkcore, and the golden sessions."""

from __future__ import annotations

import importlib
import sys

import pytest

from tkcore.testing import golden, goldens

PLUGIN = """
from msgspec import Struct
from tkcore import Session, analysis, hookimpl
class Count(Struct, frozen=True):
    "`n` turns."
    n: int
@analysis("shown.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    "How many turns there are."
    return Count(len(session.turns))
@hookimpl
def register_analyses():
    return [count]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A plugin's module that is not installed."""
    monkeypatch.syspath_prepend(str(tmp_path / "home"))
    (tmp_path / "home").mkdir()

    def make(name: str, source: str):
        (tmp_path / "home" / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield make
    for name in [n for n in sys.modules if n.startswith("tk_shown")]:
        del sys.modules[name]


def test_a_session_from_lines(tk_session):
    """`tk_session` is the builder."""
    assert [t.sender for t in tk_session("@0:00 ab; @0:05 ba", end="0:09").turns] == ["A", "B"]


def test_tk_on_a_workspace(tk_workspace, tk_cli, module):
    """A session typed into the workspace is analysed by a plugin that is not installed, in another process."""
    tk_workspace.open("g/s", seats="T,A,B").say("@0:00 ab", "@0:05 ba").close("0:30")
    done = tk_cli("analyze", "g/s", "--json", plugins=[module("tk_shown", PLUGIN)])
    assert done.code == 0, done.err
    assert [(o["analysis"], o["value"]) for o in done.json["outcomes"]] == [("shown.count", {"n": 2})]


def test_what_is_installed_does_not_run(tk_workspace, tk_cli):
    """No plugin runs that the test did not name."""
    tk_workspace.open("g/s").say("@0:00 ab").close()
    done = tk_cli("analyze", "g/s", "--json")
    assert (done.code, done.json["outcomes"]) == (0, [])


def test_an_open_session_takes_lines_of_tk(tk_workspace, tk_cli):
    """What is typed here may go on there."""
    tk_workspace.open("g/s").say("@0:00 ab")
    done = tk_cli("record", "g/s", lines="@0:05 ba\n")
    assert done.code == 0, done.err
    assert tk_cli("session", "show", "g/s", "--json").json["rows"]["turn"] == 2


def test_load_plugin(load_plugin, module):
    """A module is loaded with all its checks; a broken one fails with the stage and the reason."""
    assert [a.name for a in load_plugin(module("tk_shown", PLUGIN)).analyses] == ["shown.count"]
    bad = module("tk_shown_bad", PLUGIN.replace('"How many turns there are."', "pass"))
    with pytest.raises(pytest.fail.Exception, match=r"broken at stage check: shown\.count: no docstring"):
        load_plugin(bad)
    misspelt = module("tk_shown_misspelt", PLUGIN.replace("register_analyses", "register_analyzes"))
    with pytest.raises(pytest.fail.Exception, match="register_analyzes"):
        load_plugin(misspelt)


def test_goldens_are_what_the_recorder_writes():
    """Each golden session verifies, and today's recorder makes the same records of the same lines."""
    scripts = golden.scripts()
    assert golden.names() == sorted(script.name for script in scripts)
    for script in scripts:
        assert golden.read(golden.recorded(script)) == golden.read(golden.log_of(script.name)), script.name


def test_goldens_are_samples():
    """They are sessions an analysis can be tried on, of each kind that makes a difference."""
    found = {sample.name: sample for sample in goldens()}
    assert len(found["two-observers"].session().turns) == 5
    assert {record.observer for record in found["two-observers"].records} >= {"second"}
    assert len(found["pauses"].session().pauses) == 1
    assert [r.t for r in found["plugin-records"].records if hasattr(r, "body")] == ["gaze.shifted"] * 2
    for name in ("vertical", "circular"):
        assert len(found[name].session().turns) > 20


def test_an_unknown_golden():
    """A name that is none is refused with those there are."""
    with pytest.raises(Exception, match="There are: circular, pauses"):
        golden.log_of("round")


def test_an_installed_plugin_that_is_named_runs(tk_workspace, tk_cli):
    """What is installed is taken as it is where the test names it; nothing is laid over it."""
    import tkcore_network

    tk_workspace.open("g/s", seats="T,A,B").say("@0:00 ab", "@0:05 ba").close("0:30")
    done = tk_cli("plugins", "list", "--json", plugins=[tkcore_network])
    states = {row["plugin"]: row["state"] for row in done.json}
    assert (states["network"], states["monopoly"]) == ("enabled", "installed")


def test_a_package_is_one_plugin(tk_workspace, tk_cli, tmp_path, monkeypatch):
    """A package of several modules that is not installed is laid out whole, and its files are what is enabled."""
    package = tmp_path / "lib" / "tkcore_shown"
    package.mkdir(parents=True)
    (package / "counts.py").write_text(PLUGIN.partition("@hookimpl")[0])
    (package / "__init__.py").write_text(
        "from tkcore import hookimpl\n@hookimpl\ndef register_analyses():\n    from tkcore_shown.counts import count\n    return [count]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    importlib.invalidate_caches()
    shown = importlib.import_module("tkcore_shown")
    tk_workspace.open("g/s").say("@0:00 ab").close("0:30")
    assert tk_cli("analyze", "g/s", "shown.count", "--json", plugins=[shown]).json["outcomes"][0][
        "value"
    ] == {"n": 1}
    (package / "counts.py").write_text(PLUGIN.partition("@hookimpl")[0] + "# more\n")
    assert tk_cli("plugins", "list", "--json").code == 1
    for name in [n for n in sys.modules if n.startswith("tkcore_shown")]:
        monkeypatch.delitem(sys.modules, name)
