"""`tk PLUGIN COMMAND`: looked up for an unknown word only, loaded here, and read only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tkcore import Reader, Said
from tkcore.errors import BadInput, Damaged, NotFound

TK = [sys.executable, "-m", "tkcore"]
PLUGIN = """
import sys
import click
from msgspec import Struct
from tkcore import BadInput, Reader, Said, event_type, hookimpl

class Shifted(Struct, frozen=True):
    "Somebody looks elsewhere."
    seat: str
shifted = event_type("gaze.shifted", version=1, body=Shifted, family="activity")

@click.command()
@click.argument("session")
@click.option("--level", type=int, default=1, help="A number.")
@click.pass_obj
def pairs(reader, session, level):
    "Who speaks to whom."
    assert isinstance(reader, Reader)
    found = reader.session(session)
    print(reader.language, reader.groups(), reader.sessions("g"), len(found.turns), level)
    print([x.body.seat for x in found.events(shifted)], found.sql("select seat from gaze_shifted"))
    return 7
@click.command()
def boom():
    "Fails."
    raise ZeroDivisionError("by nobody")
@click.command()
def refuse():
    "Refuses."
    raise BadInput("no {what} here", what="gaze")
@click.command()
@click.argument("code", type=int)
def leave(code):
    "Leaves."
    sys.exit(code)
@click.command()
def quit():
    "Leaves with something that is no number."
    sys.exit([1, 2])
@hookimpl
def register_commands(): return [pairs, boom, refuse, leave, quit]
@hookimpl
def register_events(): return [shifted]
"""
QUIET = "from tkcore import hookimpl\n@hookimpl\ndef register_events(): return []\n"


def tk(*argv: str, where: Path, trace: bool = False, stdin: str = "", **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120, cwd=where.parent,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(where.parent / "site"), **env},
    )  # fmt: skip
    assert ("Traceback" in found.stderr + found.stdout) is trace
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory, laid):
    """A workspace with a session and plugins that have commands, have none, and break."""
    root = tmp_path_factory.mktemp("commands") / "ws"
    site = root.parent / "site"
    for name, code in (("gaze", PLUGIN), ("quiet", QUIET), ("torn", "raise RuntimeError('no')")):
        laid(site, name, code)
    laid(site, "changing", PLUGIN.replace("gaze", "changing"))
    assert tk("init", "--plain", "--language", "en", str(root), where=root).returncode == 0
    (site / "tk_changing.py").write_text(PLUGIN.replace("gaze", "changing") + "\n")
    laid(site, "later", PLUGIN.replace("gaze", "later"))
    tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=root)
    said = tk("record", "s", where=root, stdin="@0:00 ab\n@0:05 ba\n@0:06 gaze.shifted seat=A\n")
    assert said.returncode == 0, said.stderr
    return root


def test_a_command_reads_a_session(place):
    """It gets a reader: groups, sessions, a whole session with the plugin's own records; what it returns is no exit code."""
    done = tk("gaze", "pairs", "s", "--level", "3", where=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "en ('g',) ('g/s',) 2 3\n['A'] [('A',)]\n"
    assert tk("--lang", "id", "gaze", "pairs", "s", where=place).stdout.startswith("id ")


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("gaze", "boom"), 1, "the plugin gaze failed in its command boom: ZeroDivisionError: by nobody"),
        (("gaze", "refuse"), 3, "tk: no gaze here"),
        (("gaze", "pairs", "nowhere"), 3, "there is no session nowhere"),
        (("gaze", "pairs"), 2, "Missing argument"),
        (("gaze", "nothing"), 2, "No such command"),
        (("gaze", "leave", "5"), 5, ""),
        (("gaze", "leave", "0"), 0, ""),
        (("gaze", "quit"), 1, "[1, 2]"),
        (("torn", "pairs"), 1, "plugin torn is broken at stage import: RuntimeError: no. What to do: tk plugins doctor"),
        (("changing", "pairs"), 3, "has changed since it was enabled. If that was meant: tk plugins enable changing"),
        (("later", "pairs"), 3, "installed but not enabled here: tk plugins enable later"),
        (("quiet", "pairs"), 3, "the plugin quiet adds no command"),
        (("unheard",), 2, "No such command 'unheard'"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_sentence(place, argv, code, says):
    """Whatever a plugin or its user does wrong is said with what to do, and the exit code of its kind."""
    done = tk(*argv, where=place)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_debug_shows_where(place):
    """--debug shows the place in the plugin, and changes no exit code."""
    done = tk("--debug", "gaze", "boom", where=place, trace=True)
    assert done.returncode == 1
    assert "tk_gaze.py" in done.stderr


def test_a_plugin_has_help(place):
    """`tk gaze --help` lists the plugin's commands, and each has its own."""
    listed = tk("gaze", "--help", where=place).stdout
    assert "Commands of the plugin gaze (tk-gaze 1.0)." in listed
    assert "Who speaks to whom." in listed
    assert "A number." in tk("gaze", "pairs", "--help", where=place).stdout


@pytest.mark.parametrize("argv", [["--help"], ["session", "list"], ["record", "s"]])
def test_the_cores_own_words_look_for_no_plugin(place, argv):
    """Help and core commands list no plugin and look for none: nothing that finds them is loaded."""
    probe = (
        "import sys\nfrom tkcore.cli import run\n"
        f"assert run({argv!r}) == 0\n"
        "print('LOADED', *sorted({'importlib.metadata', 'pluggy', 'tkcore.plugins', 'tk_gaze'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], check=False, input="", capture_output=True, text=True,
        env={**os.environ, "TK_WORKSPACE": str(place), "PYTHONPATH": str(place.parent / "site")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.rpartition("LOADED")[2].split() == []
    assert "gaze" not in done.stdout.replace("gaze.shifted", "")


# -- the reader ------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(desk, typed):
    """A reader of a workspace with one session."""
    sitting = typed("g/s")
    sitting.say("@0:00 ab")
    sitting.stop()
    return Reader(desk.workspace, desk.disk, "id")


def test_the_reader_reads(reader):
    """Groups, sessions and a session by name, in the user's language."""
    assert (reader.groups(), reader.sessions(), reader.sessions("G")) == (("g",), ("g/s",), ("g/s",))
    assert [t.sender for t in reader.session("s").turns] == ["A"]
    assert reader.say(Said(id="satu", en="one")) == "satu"


def test_the_reader_shows_nothing_that_is_not_there(reader, desk):
    """No group, no session, a name that is none, a log that does not verify: each is an error of tkcore's."""
    with pytest.raises(NotFound):
        reader.sessions("h")
    with pytest.raises(NotFound):
        reader.session("g/nowhere")
    with pytest.raises(BadInput):
        reader.session("../s")
    path = desk.workspace.session("g/s") / "000000.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"sender":"A"', b'"sender":"B"'))
    with pytest.raises(Damaged):
        reader.session("s")
