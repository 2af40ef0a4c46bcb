"""Plugins in processes of their own: what they answer is taken, what they do to themselves hurts nobody else."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from msgspec import json as mjson

from tkcore import jobs as j
from tkcore import landlock
from tkcore.asking import look, misfit, offered_by, outcomes_of, over_group, over_sessions
from tkcore.confinement import remove
from tkcore.errors import BadInput, Damaged, TkError
from tkcore.plugins import Broken, find, fingerprint, load, runnable
from tkcore.reading import books
from tkcore.workers import Crew, Limits

TK = [sys.executable, "-m", "tkcore"]
ZOO = Path(__file__).parent / "zoo"
LINES = [f"@{n // 60}:{n % 60:02d} {'ab' if n % 2 else 'ba'}" for n in range(40)]


def tk(*argv: str, where: Path, stdin: str = "", **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", **env},
    )  # fmt: skip
    assert "Traceback" not in found.stderr + found.stdout
    return found


def laid(site: Path, name: str, code: str, distribution: str = "") -> None:
    """Lay a plugin where `PYTHONPATH` finds it."""
    site.mkdir(exist_ok=True)
    distribution = distribution or f"tk-{name}"
    (site / f"tk_{name}.py").write_text(code)
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tkcore.v1]\n{name} = tk_{name}\n")
    (info / "RECORD").write_text(f"tk_{name}.py,,\n")


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A workspace with a recorded session and one that waits to be recorded, and what is said of the first."""
    root = tmp_path_factory.mktemp("ward") / "ws"
    assert tk("init", "--plain", "--language", "en", str(root), where=root).returncode == 0
    for name in ("g/s", "g/rec"):
        seats = ("--seats", "T,A,B", "--clock", "given")
        assert tk("session", "open", name, *seats, where=root).returncode == 0
    assert tk("record", "g/s", where=root, stdin="\n".join(LINES)).returncode == 0
    said = tk("analyze", "g/s", "--json", where=root)
    assert said.returncode == 0, said.stderr
    return root, json.loads(said.stdout)["outcomes"]


ANIMALS = {
    # breaks while it is loaded
    "importing": ("broken", "import", "RuntimeError: no"),
    "leaving": ("broken", "import", "SystemExit"),
    "interrupting": ("broken", "import", "KeyboardInterrupt"),
    "vanishing": ("broken", "import", "the plugin's process ended: exit 0"),
    "circling": ("broken", "import", "loading it took longer than 8 s"),
    "misspelt": ("broken", "register", "register_analyzes"),
    "arguing": ("broken", "register", "config"),
    "repeating": ("broken", "check", "repeating.count is declared twice"),
    "namesakes": ("broken", "find", "remove one"),
    "boasting": ("broken", "check", "does not start with 'boasting.'"),
    "mimicking": ("broken", "check", "does not start with 'mimicking.'"),
    "muting": ("broken", "check", "not what was asked for"),
    # breaks while it works
    "spinning": ("failed", "deadline", "took longer than 8 s"),
    "exiting": ("failed", "ended", "the plugin's process ended: exit 7"),
    "crashing": ("failed", "ended", "the plugin's process ended: SIGSEGV"),
    "hungry": ("failed", "memory", "needed more than 2048 MB"),
    "raising": ("failed", "run", "KeyboardInterrupt: nobody pressed anything"),
    "lying": ("failed", "check", "Expected"),
    "giant": ("failed", "size", "at most"),
    "flooding": ("failed", "size", "answered more than"),
    "scribbling": ("failed", "check", "not what was asked for"),
    "closing": ("failed", "ended", "the plugin's process ended"),
    "pausing": ("failed", "deadline", "took longer than 8 s"),
    "nesting": ("failed", "check", "more than 64 levels"),
    "doubling": ("failed", "check", "too many steps"),
    "patching": ("failed", "check", "it answered for another analysis"),
    # does what it may not, and answers
    "printing": ("answers", "", ""),
    "keeping": ("answers", "", ""),
    "burrowing": ("answers", "", ""),
    "swarming": ("answers", "", ""),
    "forking": ("answers", "", ""),
}
LASTING = {"circling", "spinning", "pausing", "doubling"}
"""Their time has to run out, or what they make to grow too large."""


def test_every_animal_of_the_zoo_is_shown():
    """No hostile plugin lies in the folder untried."""
    assert {path.stem for path in ZOO.glob("*.py")} == {*ANIMALS, "dialling", "trespassing"}


@pytest.mark.parametrize(
    "animal",
    [pytest.param(one, marks=pytest.mark.slow) if one in LASTING else one for one in ANIMALS],
)
def test_a_hostile_plugin_hurts_only_itself(animal, ward, tmp_path):
    """It is named with its stage; the others' outcomes, a recording beside it and the process table are as without it."""
    base, before = ward
    kind, stage, says = ANIMALS[animal]
    root, site = tmp_path / "ws", tmp_path / "site"
    shutil.copytree(base, root)
    laid(site, animal, (ZOO / f"{animal}.py").read_text())
    mark = uuid.uuid4().hex
    place = tmp_path / "places"
    place.mkdir()
    here = {"PYTHONPATH": str(site), "TK_MARK": mark, "TMPDIR": str(place)}
    assert tk("plugins", "enable", animal, where=root, **here).returncode == 0
    if animal == "namesakes":  # the other one comes after it was enabled
        laid(site, animal, (ZOO / f"{animal}.py").read_text(), "tk-other")
    recording = subprocess.Popen([*TK, "record", "g/rec", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "TK_WORKSPACE": str(root), "PYTHONPATH": str(site)})  # fmt: skip
    try:
        recording.stdin.write(LINES[0] + "\n")
        recording.stdin.flush()
        answered = [recording.stdout.readline()]
        more = ("--deadline", "8") if says.endswith("8 s") else ()
        done = tk("analyze", "g/s", "--json", *more, where=root, **here)
        left = marked(mark)
        rest, _ = recording.communicate("\n".join(LINES[1:]) + "\n", timeout=60)
    finally:
        recording.kill()
        recording.wait()
    answered += rest.splitlines()
    assert [json.loads(line)["count"] for line in answered][1:] == [1] * (len(LINES) - 1)
    assert recording.returncode == 0
    assert left == []
    assert list(place.glob("tkcore-*")) == []
    outcomes = json.loads(done.stdout)["outcomes"]
    assert [o for o in outcomes if o["plugin"] != f"tk-{animal}"] == before
    assert done.returncode == (0 if kind == "answers" else 1)
    own = [o for o in outcomes if o["plugin"] == f"tk-{animal}"]
    if kind == "broken":
        assert f"plugin {animal} is broken at stage {stage}" in done.stderr
        assert says in done.stderr
        assert own == []
    else:
        assert [o["analysis"] for o in own] == [f"{animal}.count"]
        assert (own[0]["outcome"], own[0].get("stage", "")) == (
            "done" if kind == "answers" else "failed",
            stage,
        )
        assert says in own[0].get("error", "")
        assert done.stderr == ""


def marked(mark: str) -> list[str]:
    """Return the processes that began with a variable in their environment, and were not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def no_network_possible() -> bool:
    code = "import ctypes, os, sys; sys.exit(ctypes.CDLL(None).unshare((0 if os.geteuid() == 0 else 0x10000000) | 0x40000000) != 0)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux")
def test_a_plugin_reaches_nobody(ward, tmp_path):
    """An analysis that calls a port of this very machine gets no connection, and fails."""
    if landlock.version() < 4 and not no_network_possible():
        pytest.skip("this machine lets nobody leave its network")
    base, before = ward
    root, site = tmp_path / "ws", tmp_path / "site"
    shutil.copytree(base, root)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        laid(site, "dialling", (ZOO / "dialling.py").read_text().replace("PORT", str(port)))
        assert tk("plugins", "enable", "dialling", where=root, PYTHONPATH=str(site)).returncode == 0
        done = tk("analyze", "g/s", "--json", where=root, PYTHONPATH=str(site))
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    outcomes = json.loads(done.stdout)["outcomes"]
    assert [o["stage"] for o in outcomes if o["plugin"] == "tk-dialling"] == ["run"]
    assert [o for o in outcomes if o["plugin"] != "tk-dialling"] == before


def test_a_plugin_writes_nowhere_but_in_its_own_folder(ward, tmp_path):
    """An analysis that would write over, move or remove the workspace's files changes none of them."""
    if not landlock.version():
        pytest.skip("this machine has no Landlock")
    base, before = ward
    root, site = tmp_path / "ws", tmp_path / "site"
    shutil.copytree(base, root)
    laid(site, "trespassing", (ZOO / "trespassing.py").read_text())
    assert tk("plugins", "enable", "trespassing", where=root, PYTHONPATH=str(site)).returncode == 0
    files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = tk("analyze", "g/s", "--json", where=root, PYTHONPATH=str(site))
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == files
    outcomes = json.loads(done.stdout)["outcomes"]
    assert [o["value"] for o in outcomes if o["plugin"] == "tk-trespassing"] == [{"n": 0}]
    assert [o for o in outcomes if o["plugin"] != "tk-trespassing"] == before


def test_the_process_that_asks_imports_no_plugin(ward):
    """After `tk analyze` neither a plugin nor DuckDB is in its process, only what the workers said."""
    root, before = ward
    code = (
        "import sys; sys.argv = ['tk']; from tkcore.cli import run; code = run(['analyze', 'g/s', '--json']); "
        "print('MODULES', *sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env={**os.environ, "TK_WORKSPACE": str(root)})  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["outcomes"]) == (0, before)
    loaded = {name.partition(".")[0] for name in done.stderr.rpartition("MODULES ")[2].split()}
    assert (
        loaded & {"tkcore_network", "tkcore_monopoly", "tkcore_process", "rustworkx", "numpy", "duckdb"}
        == set()
    )


ENDLESS = """
from msgspec import Struct
from tkcore import Session, analysis, hookimpl

class Count(Struct, frozen=True):
    n: int

@analysis("endless.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    "Say that it has begun, and never end."
    with open("FIFO", "rb"):
        while True:
            pass

@hookimpl
def register_analyses():
    return [count]
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_the_asking_ends_the_work(how, ward, tmp_path):
    """However `tk analyze` is ended, a plugin that would go on for ever is ended too, and its folder is gone."""
    base, _ = ward
    root, site, fifo = tmp_path / "ws", tmp_path / "site", tmp_path / "begun"
    shutil.copytree(base, root)
    os.mkfifo(fifo)
    laid(site, "endless", ENDLESS.replace("FIFO", str(fifo)))
    mark = uuid.uuid4().hex
    place = tmp_path / "places"
    place.mkdir()
    here = {"PYTHONPATH": str(site), "TK_MARK": mark, "TMPDIR": str(place)}
    assert tk("plugins", "enable", "endless", where=root, **here).returncode == 0
    asking = subprocess.Popen([*TK, "analyze", "g/s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TK_WORKSPACE": str(root), **here})  # fmt: skip
    with fifo.open("wb"):  # opens when the analysis has begun
        alive = {os.pidfd_open(int(pid)) for pid in marked(mark)}
        assert len(alive) > 2
        asking.send_signal(how)
    asking.communicate(timeout=60)
    while alive:
        gone, _, _ = select.select(alive, [], [], 60)
        assert gone, "a process is left"
        for one in gone:
            alive.remove(one)
            os.close(one)
    assert marked(mark) == []
    assert list(place.glob("tkcore-*")) == []


# -- a crew, asked directly ------------------------------------------------------------------------------------

DYING = """
import os
from pathlib import Path
from msgspec import Struct
from tkcore import BadInput, Group, Session, analysis, group_analysis, hookimpl

class Count(Struct, frozen=True):
    n: int

@analysis("dying.count", version=3, reads=("turn",))
def count(session: Session, *, times: int = 1) -> Count:
    "Count the turns; over some sessions its process ends."
    if "die" in session.name:
        os._exit(9)
    if "refuse" in session.name:
        raise BadInput("no {what}", what="way")
    if "loaded" in session.name:
        from tkcore import worker
        said = worker.json.encode(worker.j.Loaded(offer=worker.offered(worker.load(worker._found("dying")))))
        worker.answer = lambda *_: said
    return Count(times * len(session.turns))

@group_analysis("dying.sum", version=1, needs=("dying.count", "lending.count"))
def total(group: Group) -> Count:
    "Add its own counts, and those of another plugin."
    return Count(sum(r.value.n for name in ("dying.count", "lending.count") for r in group.results(name) if r.value))

@hookimpl
def register_analyses():
    return [count, total]
"""
LENDING = """
from msgspec import Struct
from tkcore import Session, analysis, hookimpl

class Hundred(Struct, frozen=True):
    n: int

@analysis("lending.count", version=1, reads=("turn",))
def count(session: Session) -> Hundred:
    "A hundred."
    return Hundred(100)

@hookimpl
def register_analyses():
    return [count]
"""


@pytest.fixture
def at_hand(desk, typed, tmp_path, monkeypatch):
    """Sessions of a group, and a crew of two plugins to begin: `at_hand(limits)`."""
    site = tmp_path / "site"
    laid(site, "dying", DYING)
    laid(site, "lending", LENDING)
    monkeypatch.syspath_prepend(str(site))
    crews = []

    def make(names, **limits):
        for name in names:
            typed(name).say("@0:00 ab", "@0:05 ba", "@0:09 ab")
        chosen = [f for f in find() if f.name in ("dying", "lending")]
        crews.append(Crew(chosen, Limits(**limits)))
        seen = [look(desk.workspace, name, desk.disk, books(desk.workspace)) for name in names]
        return crews[-1].__enter__(), seen

    yield make
    for crew in crews:
        crew.close()


def values(found, name):
    return [getattr(o[name], "value", None) or (o[name].stage, o[name].error) for o in found]


def test_a_dead_worker_is_begun_again_a_few_times(desk, at_hand):
    """Only what it was asked when it died fails; after some deaths it stays dead; another plugin answers throughout."""
    names = ["g/a", "g/die1", "g/b", "g/die2", "g/c", "g/die3", "g/d"]
    crew, seen = at_hand(names, again=2)
    asked = [o for o in offered_by(crew) if not o.what.needs]
    found = over_sessions(crew, desk.workspace, seen, asked, {"times": "2"})
    dead = ("ended", "the plugin's process ended: exit 9")
    assert values(found, "dying.count") == [{"n": 6}, dead, {"n": 6}, dead, {"n": 6}, dead, dead]
    assert values(found, "lending.count") == [{"n": 100}] * 7
    failed = found[1]["dying.count"]
    assert (failed.analysis, failed.version, failed.plugin, failed.params) == ("dying.count", 3, "tk-dying", {"times": 2})  # fmt: skip


def test_one_that_does_not_load_again_says_why(desk, at_hand, tmp_path):
    """What it was broken by when it was begun again is the answer to the rest, not that it has changed."""
    names = ["g/die", "g/a", "g/b"]
    crew, seen = at_hand(names, again=2)
    (tmp_path / "site" / "tk_dying.py").write_text("raise RuntimeError('not again')")
    asked = [o for o in offered_by(crew) if not o.what.needs]
    found = over_sessions(crew, desk.workspace, seen, asked, {})
    again = ("import", "RuntimeError: not again")
    assert values(found, "dying.count") == [("ended", "the plugin's process ended: exit 9"), again, again]
    assert values(found, "lending.count") == [{"n": 100}] * 3


def test_one_that_says_again_that_it_is_loaded_is_ended(desk, at_hand):
    """A `Loaded` is no answer to a job, whatever it offers."""
    crew, seen = at_hand(["g/loaded", "g/a"], again=0)
    asked = [o for o in offered_by(crew) if o.what.name == "dying.count"]
    found = over_sessions(crew, desk.workspace, seen, asked, {})
    other = ("check", "what it answered is not what was asked for")
    assert values(found, "dying.count") == [{"n": 3}, other]
    assert not crew._workers["dying"].alive


def test_a_group_function_gets_results_of_another_plugin(desk, at_hand):
    """Outcomes go from the plugin that made them to the one that needs them, in the types they were declared with."""
    crew, seen = at_hand(["g/a", "g/b"])
    listed = offered_by(crew)
    found = over_sessions(crew, desk.workspace, seen, [o for o in listed if not o.what.needs], {})
    whole = over_group(
        crew,
        "g",
        [(s.meeting, f) for s, f in zip(seen, found, strict=True)],
        [o for o in listed if o.what.needs],
        {},
    )
    assert [o.value for o in whole] == [{"n": 2 * 3 + 2 * 100}]


def test_a_session_is_analysed_as_far_as_it_was_seen(desk, at_hand, typed):
    """What is recorded after the session was looked at is in no plugin's answer."""
    crew, seen = at_hand(["g/a"])
    asked = [o for o in offered_by(crew) if o.what.name == "dying.count"]
    more = seen[0].head
    shorter = [
        type(seen[0])(session="g/a", head=type(more)(more.seq - 1, "0" * 64), partial=False, meeting=None)
    ]
    assert values(over_sessions(crew, desk.workspace, seen, asked, {}), "dying.count") == [{"n": 3}]
    assert values(over_sessions(crew, desk.workspace, shorter, asked, {}), "dying.count") == [{"n": 2}]


def test_a_session_that_cannot_be_read_is_said_by_name(desk, at_hand):
    """A worker's refusal comes back as the error it was, to be said in the user's language."""
    crew, seen = at_hand(["g/a"])
    answer = crew.ask(
        "dying", j.Analyze(root=str(desk.workspace.root), session="g/none", head=seen[0].head, asked=())
    )
    error = j.raised(answer)
    assert (type(error).__name__, error.values) == ("NotFound", {"session": "g/none"})
    assert crew.ask("nobody", j.Analyze(root="/", session="g/a", head=seen[0].head, asked=())).stage == "find"


def test_no_process_is_left_by_a_crew(at_hand):
    """At the end of a crew neither a worker nor its folder is there."""
    crew, _ = at_hand(["g/a"])
    begun = list(crew._workers.values())
    pids, places = [w._process.pid for w in begun], [Path(w._place) for w in begun]
    assert all(place.is_dir() for place in places)
    crew.close()
    assert [place for place in places if place.exists()] == []
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


# -- what is taken of an answer ---------------------------------------------------------------------------------


def test_an_error_from_a_worker_fills_in_its_values_and_does_nothing_else():
    """A template that would reach into objects, or make a giant, is shown as it stands."""
    damaged = j.refused(Damaged("{session}: no", session="g/s"))
    assert (type(j.raised(damaged)), str(j.raised(damaged))) == (Damaged, "g/s: no")
    for template in ("{a.__class__}", "{a[0]}", "{a:>999999999}", "{b}", "{"):
        error = j.raised(j.Refused(kind="BadInput", template=template, values={"a": "x"}))
        assert (type(error), str(error)) == (BadInput, template)
    for kind in ("annotations", "ClassVar", "nothing", "Exception"):
        assert type(j.raised(j.Refused(kind=kind, template="no", values={}))) is TkError


def test_a_value_is_checked_against_the_schema_it_was_offered_with():
    """What does not fit is said with its place; a schema that runs in circles, asks the network or has patterns harms nobody."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert misfit(schema, {"n": 1}) == ""
    assert misfit(schema, {"n": "many"}) == "$.n: 'many' is not of type 'integer'"
    assert "cannot be used" in misfit({"$ref": "#"}, 1)
    assert "cannot be used" in misfit({"$ref": "http://127.0.0.1:1/x"}, 1)
    assert misfit({"type": "string", "pattern": "(a+)+$"}, "a" * 40 + "!") == ""
    hidden = {"additionalProperties": False, "patternProperties": {"(a+)+$": {}}}
    assert "unexpected" in misfit(hidden, {"a" * 40 + "!": 1})
    assert misfit({"uniqueItems": True}, [{"n": n} for n in range(20_000)]) == ""


def test_an_answer_must_be_that_of_what_was_asked(desk, at_hand):
    """Another analysis, version, plugin, parameter, number of outcomes or kind of answer fails at stage check."""
    crew, seen = at_hand(["g/a"])
    asked = [o for o in offered_by(crew) if o.what.name == "lending.count"]
    job = j.Analyze(
        root=str(desk.workspace.root), session="g/a", head=seen[0].head, asked=(j.Asked("lending.count"),)
    )
    sound = mjson.decode(mjson.encode(crew.ask("lending", job)))
    assert outcomes_of(asked, {}, mjson.decode(mjson.encode(sound), type=j.Answer))[0].value == {"n": 100}
    for change in ({"analysis": "dying.count"}, {"version": 2}, {"plugin": "tk-dying"}, {"plugin_version": "2"}, {"params": {"x": 1}}, {"value": {}}, {"value": None}):  # fmt: skip
        changed = {**sound, "outcomes": [{**sound["outcomes"][0], **change}]}
        taken = outcomes_of(asked, {}, mjson.decode(mjson.encode(changed), type=j.Answer))
        assert [(o.analysis, o.plugin, o.stage) for o in taken] == [("lending.count", "tk-lending", "check")]
    for answer in (j.Analysed(()), j.Loaded()):
        assert [o.stage for o in outcomes_of(asked, {}, answer)] == ["check"]
    lies = {"outcome": "failed", "stage": "ended" * 99, "error": "\x1b[2J\rno\n", "params": {"x": [1]}}
    failed = {**{k: v for k, v in sound["outcomes"][0].items() if k not in ("value", "missing")}, **lies}
    answer = mjson.decode(mjson.encode({**sound, "outcomes": [failed]}), type=j.Answer)
    taken = outcomes_of(asked, {}, answer)[0]
    assert (taken.stage, taken.error, taken.params) == ("check", "\ufffd[2J\ufffdno\n", {})


def test_a_long_path_of_the_folder_for_temporary_files_is_none_too_long(ward, tmp_path):
    """Workers are begun where `TMPDIR` is longer than a socket's path may be."""
    root, before = ward
    place = tmp_path / ("long" * 25)
    place.mkdir()
    done = tk("analyze", "g/s", "--json", where=root, TMPDIR=str(place))
    assert (done.returncode, json.loads(done.stdout)["outcomes"]) == (0, before)
    assert list(place.iterdir()) == []


def test_a_worker_that_cannot_be_begun_leaves_nothing(at_hand, monkeypatch, tmp_path):
    """Where no process can be made the fault is the one that is raised, and no folder is left."""
    crew, _ = at_hand(["g/a"])
    crew.close()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "places"))
    (tmp_path / "places").mkdir()

    def full(_process):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(multiprocessing.get_context("forkserver").Process, "start", full)
    with pytest.raises(BlockingIOError, match="no more"), Crew([f for f in find() if f.name == "dying"]):
        pass
    assert list((tmp_path / "places").iterdir()) == []


def test_only_enabled_plugins_are_begun(ward):
    """A crew has workers for what may run, and names what may not."""
    broken = runnable(find(), {"network": "another digest"})
    with Crew(broken) as crew:
        assert (crew.offers, [b.stage for b in crew.broken]) == ({}, ["find"])


# -- what is installed -----------------------------------------------------------------------------------------


def test_a_distribution_that_cannot_be_read_hides_no_other(tmp_path):
    """Entry points and metadata that are nonsense break their own plugin; the one beside it is found."""
    whole = "Metadata-Version: 2.1\nName: tk-odd\nVersion: 1.0\n"
    (tmp_path / "tk_fine-1.0.dist-info").mkdir()
    fine = PathDistribution(tmp_path / "tk_fine-1.0.dist-info")
    (tmp_path / "tk_fine-1.0.dist-info" / "entry_points.txt").write_text("[tkcore.v1]\nfine = tk_fine\n")
    (tmp_path / "tk_fine-1.0.dist-info" / "METADATA").write_text(whole.replace("odd", "fine"))
    cases = [
        ("odd = tk gaze!", whole, ""), ("odd =", whole, ""), ("odd = tk_odd", whole, "{no"), ("odd = tk_odd", whole, "[]"),
        ("odd = tk_odd", "", ""), ("odd", whole, ""),
    ]  # fmt: skip
    for number, (line, metadata, direct) in enumerate(cases):
        info = tmp_path / str(number) / "tk_odd-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "entry_points.txt").write_text(f"[tkcore.v1]\n{line}\n")
        (info / "METADATA").write_text(metadata)
        (info / "direct_url.json").write_text(direct)
        found = find([PathDistribution(info), fine])
        assert [f.name for f in found] == (["fine"] if line == "odd" else ["fine", "odd"])
        assert all(isinstance(f.distribution, str) and isinstance(f.version, str) for f in found)
        assert [f.name for f in found if isinstance(load(f), Broken)] == [f.name for f in found]


def test_an_editable_plugin_of_one_module_is_noticed_when_it_changes(tmp_path):
    """A module beside `src`, or in it, that is no package is among the files that were enabled."""
    for base in (tmp_path / "a", tmp_path / "b" / "src"):
        base.mkdir(parents=True)
        (base / "tk_one.py").write_text("n = 1")
        info = base / "tk_one-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tk-one\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[tkcore.v1]\none = tk_one\n")
        root = base.parent if base.name == "src" else base
        direct = {"url": root.as_uri(), "dir_info": {"editable": True}}
        (info / "direct_url.json").write_text(json.dumps(direct))
        [found] = find([PathDistribution(info)])
        before = fingerprint(found)
        (base / "tk_one.py").write_text("n = 2")
        assert fingerprint(found) != before


def test_a_folder_is_removed_and_what_it_points_to_is_not(tmp_path):
    """However deep folders lie and whoever may enter them, they go; a link's target keeps its content and its rights."""
    place, kept = tmp_path / "tkcore-x", tmp_path / "kept"
    (place / "0" / "0" / "1").mkdir(parents=True)
    kept.mkdir()
    (kept / "file").write_text("x")
    rights = (kept / "file").stat().st_mode
    (place / "0" / "file").symlink_to(kept / "file")
    (place / "0" / "folder").symlink_to(kept)
    (place / "0").chmod(0o500)
    (place / "1").mkdir(mode=0)
    remove(str(place))
    assert not place.exists()
    assert ((kept / "file").read_text(), (kept / "file").stat().st_mode) == ("x", rights)
