"""`tk plugins`: new, list, doctor, check, enable, over plugins that are installed for the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tkcore import diagnosis as d
from tkcore.errors import BadInput, NotAllowed
from tkcore.plugins import AnalysisOffer, Broken, EventOffer, Found, Offer
from tkcore.scaffold import check_name, write

TK = [sys.executable, "-m", "tkcore"]


def tk(*words, where, path=None, lines=""):
    env = {**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8"}
    if path:
        env["PYTHONPATH"] = str(path)
    return subprocess.run([*TK, *words], check=False, capture_output=True, text=True, env=env, input=lines)


@pytest.fixture
def place(tmp_path):
    """A workspace with no plugin enabled."""
    root = tmp_path / "w"
    done = tk("init", "--plain", str(root), where=root)
    assert done.returncode == 0, done.stderr
    for name in ("monopoly", "network", "process"):
        tk("plugins", "disable", name, where=root)
    return root


def install(
    site: Path, name: str, source: str | Path, distribution: str | None = None, group: str = "tkcore.v1"
):
    """Lay a plugin where an installer would have: a module of source text, or a generated package."""
    site.mkdir(exist_ok=True)
    chosen = distribution or f"tkcore-{name}"
    module = chosen.replace("-", "_")
    if isinstance(source, Path):
        package = next(p for p in (source / "src").iterdir() if p.is_dir())
        module = package.name
        for file in package.rglob("*.py"):
            target = site / file.relative_to(source / "src")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        files = [str(file.relative_to(source / "src")) for file in package.rglob("*.py")]
    else:
        (site / f"{module}.py").write_text(textwrap.dedent(source))
        files = [f"{module}.py"]
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {chosen}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in sorted(files)))


SMALL = """
from msgspec import Struct
from tkcore import Session, analysis, hookimpl
class Count(Struct, frozen=True):
    "`n` turns."
    n: int
@analysis("{name}.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    "How many turns there are."
    return Count({what})
@hookimpl
def register_analyses():
    return [count]
"""


def small(name: str, what: str = "len(session.turns)") -> str:
    return SMALL.replace("{name}", name).replace("{what}", what)


# -- new -------------------------------------------------------------------------------------------------------


def test_new_writes_a_package_that_answers(place, tmp_path):
    """What `tk plugins new` writes can be installed, is enabled, and its analyses answer."""
    made = tk("plugins", "new", "gaze-shift", "--into", str(tmp_path), where=place)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "tkcore-gaze-shift"
    assert made.stdout.strip() == str(folder)
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {
        "pyproject.toml", "README.md", "src/tkcore_gaze_shift/__init__.py", "src/tkcore_gaze_shift/analyses.py",
        "src/tkcore_gaze_shift/py.typed", "tests/test_conformance.py", "tests/test_gaze_shift.py",
    }  # fmt: skip
    site = tmp_path / "site"
    install(site, "gaze-shift", folder)
    enabled = tk("plugins", "enable", "gaze-shift", where=place, path=site)
    assert (enabled.returncode, enabled.stdout) == (0, "gaze-shift\n")
    assert "gaze-shift.floor, gaze-shift.pairs, gaze-shift.pairs_over_meetings" in enabled.stderr
    tk("session", "open", "g/s", "--seats", "T,A,B,C", "--clock", "given", where=place)
    tk("record", "g/s", where=place, lines="@0:00 ab\n@0:05 ba\n@0:09 ab\n@0:20 ||\n")
    answer = tk("analyze", "g", "--json", where=place, path=site)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    found = {
        o["analysis"]: o.get("value") for o in (*document["outcomes"], *document["sessions"][0]["outcomes"])
    }
    assert found["gaze-shift.pairs"]["longest_run"] == 3
    assert [row["seat"] for row in found["gaze-shift.floor"]] == ["A", "B"]
    assert found["gaze-shift.pairs_over_meetings"]["longest"] == [3]


@pytest.mark.slow
def test_what_new_writes_passes_its_own_tests_and_the_linters(tmp_path):
    """Its tests pass at once, and ruff and mypy have nothing to say."""
    folder = write("gaze", tmp_path)
    env = {**os.environ, "PYTHONPATH": str(folder / "src")}
    run = {"capture_output": True, "text": True, "cwd": tmp_path}
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)], check=False, env=env, **run)  # fmt: skip
    assert tests.returncode == 0, tests.stdout
    assert "passed" in tests.stdout
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "src", "tests"]):
        done = subprocess.run([sys.executable, "-m", *words], check=False, **{**run, "cwd": folder})
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name", ["Gaze", "g", "9gaze", "gaze_shift", "gaze-", "turn", "session", "a" * 21, ""]
)
def test_a_bad_name(name, tmp_path):
    """A name the loader would refuse, or one of the core's words, is refused; nothing is written."""
    with pytest.raises(BadInput):
        write(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken():
    """The names of commands and of installed plugins are refused."""
    with pytest.raises(BadInput, match="choose another name"):
        check_name("query", {"query"})


def test_a_folder_that_exists(tmp_path):
    """Nothing is written over."""
    write("gaze", tmp_path)
    with pytest.raises(NotAllowed, match="exists"):
        write("gaze", tmp_path)


# -- list, enable ----------------------------------------------------------------------------------------------


def test_list(place, tmp_path):
    """Enabled, installed, changed and broken ones are listed as such, with what they add and why they do not run."""
    site = tmp_path / "site"
    for name in ("good", "asleep", "later"):
        install(site, name, small(name))
    install(site, "crash", "raise ImportError('no such thing')")
    for name in ("good", "later", "crash"):
        assert tk("plugins", "enable", name, where=place, path=site).returncode == 0
    (site / "tkcore_later.py").write_text(small("later") + "# more\n")
    done = tk("plugins", "list", "--json", where=place, path=site)
    assert done.returncode == 1
    rows = {row["plugin"]: row for row in json.loads(done.stdout)}
    assert {name: rows[name]["state"] for name in ("good", "asleep", "later", "crash")} == {
        "good": "enabled", "asleep": "installed", "later": "changed", "crash": "broken",
    }  # fmt: skip
    assert rows["good"]["analyses"] == ["good.count"]
    assert rows["good"]["load_ms"] >= 0
    assert (rows["crash"]["stage"], rows["crash"]["error"]) == ("import", "ImportError: no such thing")
    assert rows["asleep"]["analyses"] == []
    table = tk("plugins", "list", where=place, path=site).stdout
    assert "tkcore-good" in table
    assert "analyses: good.count" in " ".join(table.split())


COMMAND = """
import click
from tkcore import hookimpl
@click.command("list")
@click.pass_obj
def listing(reader):
    "Lists."
@hookimpl
def register_commands():
    return [listing]
"""


def test_commands_are_listed_as_they_are_called(place, tmp_path):
    """A command has its plugin's name before its own, in `list` and in what `enable` says."""
    site = tmp_path / "site"
    install(site, "drift", COMMAND)
    enabled = tk("plugins", "enable", "drift", where=place, path=site)
    assert "drift adds commands: drift list" in enabled.stderr
    rows = json.loads(tk("plugins", "list", "--json", where=place, path=site).stdout)
    assert next(row["commands"] for row in rows if row["plugin"] == "drift") == ["drift list"]
    assert "commands: drift list" in " ".join(tk("plugins", "list", where=place, path=site).stdout.split())


GONE = "enabled but not installed: pip install tkcore-gone, or tk plugins disable gone"


@pytest.fixture
def left(place, tmp_path):
    """A session, a plugin that works, and one that was enabled and is no longer installed; and the plugins' place."""
    site = tmp_path / "site"
    for name in ("good", "gone"):
        install(site, name, small(name))
        assert tk("plugins", "enable", name, where=place, path=site).returncode == 0
    for file in (*site.glob("tkcore_gone-1.0.dist-info/*"), site / "tkcore_gone.py"):
        file.unlink()
    (site / "tkcore_gone-1.0.dist-info").rmdir()
    tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=place)
    assert tk("record", "g/s", where=place, lines="@0:00 ab\n@0:05 ba\n").returncode == 0
    return site


def test_analyze_names_a_plugin_that_is_gone(place, left):
    """It is broken at stage find; the others answer, the exit is 1; so does --list."""
    done = tk("analyze", "g/s", "good", "--json", where=place, path=left)
    assert done.returncode == 1
    assert done.stderr == f"plugin gone is broken at stage find: {GONE}\n"
    assert [o["value"] for o in json.loads(done.stdout)["outcomes"]] == [{"n": 2}]
    listed = tk("analyze", "--list", "--json", where=place, path=left)
    assert (listed.returncode, GONE in listed.stderr) == (1, True)


def test_report_names_a_plugin_that_is_gone(place, left):
    """It is named in the report itself, which is made all the same; the exit is 1."""
    done = tk("report", "g/s", where=place, path=left)
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stdout.split())
    assert f"gone: find: {GONE}" in said


def test_live_names_a_plugin_that_is_gone(place, left):
    """A line says that it is stopped, and why; the exit is 1."""
    done = tk("live", "g/s", "--once", "--json", where=place, path=left)
    assert done.returncode == 1, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(x["plugin"], x["state"], x["error"]) for x in lines if "state" in x] == [
        ("gone", "stopped", f"find: {GONE}")
    ]
    told = tk("live", "g/s", "--once", where=place, path=left)
    assert (told.returncode, f"plugin gone is left out: find: {GONE}" in told.stderr) == (1, True)


def test_a_command_of_a_plugin_that_is_gone(place, left, tmp_path):
    """It says what to do; a word that nobody enabled, or said outside any workspace, is no command at all."""
    done = tk("gone", "list", where=place, path=left)
    assert (done.returncode, done.stderr) == (1, f"the plugin gone is {GONE}\n")
    for word, root in (("never", place), ("gone", tmp_path / "nowhere")):
        none = tk(word, "list", where=root, path=left)
        assert (none.returncode, f"No such command '{word}'" in none.stderr) == (2, True)
    assert tk("good", "list", where=place, path=left).returncode == 3


def test_doctor_of_a_plugin_that_is_gone(place, left):
    """Asked for by its name, it says what is wrong with it."""
    done = tk("plugins", "doctor", "gone", "--json", where=place, path=left)
    (line,) = json.loads(done.stdout)
    assert (done.returncode, line["stage"], line["says"]) == (1, "find", "enabled but not installed")


def test_two_distributions_of_one_name(place, tmp_path):
    """Neither is enabled, and doctor names both."""
    site = tmp_path / "site"
    install(site, "twin", small("twin"), "tkcore-one")
    install(site, "twin", small("twin"), "tkcore-two")
    done = tk("plugins", "enable", "twin", where=place, path=site)
    assert done.returncode == 4
    assert "tkcore-one and tkcore-two both have the plugin twin" in done.stderr
    found = json.loads(tk("plugins", "doctor", "twin", "--json", where=place, path=site).stdout)
    assert [(f["distribution"], f["stage"], f["state"]) for f in found if f["state"] == "bad"] == [
        ("tkcore-one", "clash", "bad"),
        ("tkcore-two", "clash", "bad"),
    ]


def test_a_broken_one_is_enabled_with_a_word(place, tmp_path):
    """Enabling says at once that it will not run."""
    site = tmp_path / "site"
    install(site, "crash", "raise ImportError('no such thing')")
    done = tk("plugins", "enable", "crash", where=place, path=site)
    assert done.returncode == 0
    assert "broken at stage import: ImportError: no such thing" in done.stderr


# -- doctor ----------------------------------------------------------------------------------------------------


def test_doctor(place, tmp_path):
    """Each stage of each plugin with the error and the fix; exit 1 only if an enabled one is bad."""
    site = tmp_path / "site"
    install(site, "good", small("good"))
    install(site, "crash", "import sys\nsys.exit(3)")
    install(site, "misspelt", small("misspelt").replace("register_analyses", "register_analyzes"))
    install(site, "future", small("future"), group="tkcore.v2")
    tk("plugins", "enable", "good", where=place, path=site)
    done = tk("plugins", "doctor", "--json", where=place, path=site)
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)
    stages = {name: [f["stage"] for f in lines if f["plugin"] == name and f["state"] == "ok"] for name in ("good", "crash")}  # fmt: skip
    assert stages["good"] == ["find", "import", "register", "declare", "check", "enabled", "cost"]
    assert stages["crash"] == ["find", "enabled"]
    bad = {f["plugin"]: f for f in lines if f["state"] == "bad"}
    assert (bad["crash"]["stage"], bad["crash"]["says"]) == ("import", "SystemExit: 3")
    assert "python -c 'import tkcore_crash'" in bad["crash"]["advice"]
    assert bad["misspelt"]["stage"] == "register"
    assert "register_analyzes" in bad["misspelt"]["says"]
    assert "tkcore.v2" in bad["future"]["says"]
    tk("plugins", "enable", "crash", where=place, path=site)
    assert tk("plugins", "doctor", "crash", where=place, path=site).returncode == 1
    assert tk("plugins", "doctor", "good", where=place, path=site).returncode == 0
    assert tk("plugins", "doctor", "gone", where=place, path=site).returncode == 3


def offer(plugin: str, **parts) -> tuple[Found, Offer]:
    found = Found(plugin, f"tkcore-{plugin}", "1", None, ())
    return found, Offer(plugin=plugin, distribution=found.distribution, version="1", load_ms=1, **parts)


def test_a_plugin_named_like_a_command(place, tmp_path):
    """`tk query` is the core's: the doctor says that no command of the plugin `query` can be called, warns of the name alone."""
    site = tmp_path / "site"
    install(site, "query", COMMAND)
    install(site, "report", small("report"))
    tk("plugins", "enable", "query", where=place, path=site)
    done = tk("plugins", "doctor", "--json", where=place, path=site)
    assert done.returncode == 1
    found = {f["plugin"]: f for f in json.loads(done.stdout) if f["stage"] == "clash"}
    assert {name: f["state"] for name, f in found.items()} == {"query": "bad", "report": "warn"}
    assert found["query"]["says"] == (
        "tk query is a command of tkcore: no command of the plugin can ever be called"
    )


def test_clashes_of_views():
    """Two types whose views have one name, and a view that the core has, are said."""
    made = {"version": 1, "family": "gaze", "columns": {}, "doc": "x"}
    one = offer("gaze", events=(EventOffer(name="gaze.far_seen", view="gaze_far_seen", **made),))
    two = offer("gaze-far", events=(EventOffer(name="gaze-far.seen", view="gaze_far_seen", **made),))
    found = d.clashes({"gaze": one, "gaze-far": two}, ())
    assert [(f.plugin, f.says.format(**f.values)) for f in found] == [
        ("gaze-far", "its view gaze_far_seen is gaze's too")
    ]
    core = offer("turn", events=(EventOffer(name="turn.x", view="turn", **made),))
    assert [f.state for f in d.clashes({"turn": core}, ())] == ["bad"]


def test_a_codebook_that_clashes():
    """A plugin's codebook that the workspace's would refuse is said before somebody adds it."""
    from tkcore import codebook as cb

    book = cb.handbook().decode().replace('name = "handbook"', 'name = "gaze"', 1)
    (found,) = d.vocabulary(offer("gaze")[0], book, "gaze", [cb.parse(cb.handbook(), "handbook.toml")])
    assert (found.stage, found.state) == ("clash", "warn")
    assert d.vocabulary(offer("gaze")[0], book, "gaze", []) == []


def test_drift_of_a_schema(tmp_path):
    """A result that is not what the package's schemas/NAME.json says is said; without the file nothing is."""
    package = tmp_path / "tkcore_gaze"
    (package / "schemas").mkdir(parents=True)

    class Entry:
        module = "tkcore_gaze"

    found = Found("gaze", "tkcore-gaze", "1", Entry(), (package / "__init__.py",))
    analysis = AnalysisOffer(
        name="gaze.far", version=1, form="function", doc="x", params={}, reads=(), needs=(), live=False, says={}, schema={"type": "object"},
    )  # fmt: skip
    made = Offer(plugin="gaze", distribution="tkcore-gaze", version="1", load_ms=1, analyses=(analysis,))
    assert d.drift(found, made) == []
    file = package / "schemas" / "gaze.far.json"
    file.write_text('{"type": "object"}')
    assert d.drift(found, made) == []
    file.write_text('{"type": "array"}')
    assert [f.stage for f in d.drift(found, made)] == ["schema"]
    file.write_text("{")
    assert [f.stage for f in d.drift(found, made)] == ["schema"]


def test_what_importing_costs():
    """Only what the plugin imports itself counts, by package, the dearest first."""
    told = (
        "import time: self [us] | cumulative | imported package\nimport time:  9000 |  9000 | tkcore.plugins\n--- plugin\n"
        "import time:   100 |   100 |   numpy.core\nimport time: 600000 | 700000 | numpy\nimport time:    50 |    50 | tkcore_gaze\n"
    )
    measured = d.imports(told)
    assert measured == [d.Import("numpy", 600_100), d.Import("tkcore_gaze", 50)]
    said = d.cost(offer("gaze")[0], measured)
    assert (said.state, said.values["ms"], said.values["dearest"]) == ("warn", 600, "numpy 600 ms")


def test_every_stage_has_advice():
    """A plugin that stops at any stage of the loader gets a fix."""

    class Entry:
        module = "tkcore_gaze"

    found = Found("gaze", "tkcore-gaze", "1", Entry(), ())
    for at, stage in enumerate(d.STAGES):
        lines = d.stages(found, Broken(found, stage, "no"))
        assert [line.state for line in lines] == ["ok"] * at + ["bad"]
        assert lines[-1].advice.format(**lines[-1].values)


# -- check -----------------------------------------------------------------------------------------------------


def test_check(place, tmp_path):
    """Each check of an installed plugin is a line; one that fails says why, and the exit is 1."""
    site = tmp_path / "site"
    install(site, "good", small("good"))
    install(site, "bad", small("bad", "len(session.turns) // len(session.turns)"))
    done = tk("plugins", "check", "good", "--json", where=place, path=site)
    assert done.returncode == 0, done.stdout
    lines = json.loads(done.stdout)
    assert {line["outcome"] for line in lines} == {"passed"}
    assert "good.count-is_the_same_live" in {line["item"] for line in lines}
    failing = tk("plugins", "check", "bad", where=place, path=site)
    assert failing.returncode == 1
    assert "failed  bad.count-gives_an_outcome_everywhere" in failing.stdout
    assert "Return Withheld(gate, n)" in failing.stdout
    assert tk("plugins", "check", "gone", where=place, path=site).returncode == 3


def test_check_of_one_that_cannot_be_imported(place, tmp_path):
    """It says so, and fails."""
    site = tmp_path / "site"
    install(site, "crash", "raise ImportError('no such thing')")
    done = tk("plugins", "check", "crash", "--json", where=place, path=site)
    assert done.returncode == 1
    assert any("no such thing" in line["says"] for line in json.loads(done.stdout))


def test_doctor_looks_at_codebooks(place, tmp_path):
    """A plugin's codebook that this workspace would refuse is a warning, with what it clashes with."""
    from tkcore import codebook as cb

    site = tmp_path / "site"
    install(
        site, "glance",
        "from pathlib import Path\nfrom tkcore import hookimpl\n@hookimpl\ndef register_codebooks():\n    return [Path(__file__).with_name('glance.toml')]\n",
    )  # fmt: skip
    (site / "glance.toml").write_bytes(cb.handbook().replace(b'name = "handbook"', b'name = "glance"', 1))
    done = tk("plugins", "doctor", "glance", "--json", where=place, path=site)
    assert done.returncode == 0, done.stderr
    (warned,) = [f for f in json.loads(done.stdout) if f["state"] == "warn"]
    assert (warned["stage"], warned["advice"]) == (
        "clash",
        "tk codebook add glance will refuse it here: change the codebook",
    )
    assert "handbook" in warned["says"]
