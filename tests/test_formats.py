"""Formats of plugins: `tk import NAME` and `tk export NAME`; a session appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tkcore import jobs as j
from tkcore.cli import formats
from tkcore.config import Workspace
from tkcore.contributions import Imported
from tkcore.disk import Disk
from tkcore.errors import BadInput, NotFound
from tkcore.events import ExportMade, MemberAdmitted, NoteWritten, SessionClosed, SessionOpened, TurnTaken
from tkcore.exchange.lines import checked, entrust, record, seated
from tkcore.exchange.turns import People
from tkcore.log import scan
from tkcore.opening import seatings
from tkcore.reading import books
from tkcore.recovery import read
from tkcore.vault import get

TK = [sys.executable, "-m", "tkcore"]
PLUGIN = """
import os
from msgspec import json
from tkcore import BadInput, Imported, Session, exporter, hookimpl, importer

@importer("gaze.json")
def read(data: bytes, *, leader: str = "T", least: int = 1) -> Imported:
    "A document of the fields of an Imported."
    if data == b"raise":
        raise ValueError("sic")
    if data == b"leave":
        os._exit(3)
    if data == b"other":
        return "a text"
    try:
        found = json.decode(data, type=dict)
    except Exception:
        raise BadInput("line {line}: {what!r} is no JSON, {braces} and all", line=3, what="x", braces="{}") from None
    if len(found["lines"]) < least:
        raise BadInput("fewer than {least} lines", least=least)
    return Imported(**{"seats": (leader, "A", "B"), **{k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}})

@exporter("gaze.csv", suffix=".csv")
def write(session: Session, *, least: int = 1) -> str:
    "A line a turn."
    return "".join(f"{t.ts},{t.sender}\\n" for t in session.turns) if len(session.turns) >= least else ""
@exporter("gaze.bytes", suffix=".bin")
def raw(session: Session) -> bytes:
    "All bytes there are."
    return bytes(range(256))
@exporter("gaze.bad", suffix=".bin")
def bad(session: Session) -> bytes:
    "Nothing that can be written."
    return 42
@hookimpl
def register_importers(): return [read]
@hookimpl
def register_exporters(): return [write, raw, bad]
"""
LINES = ["@0:01 ta", "@0:05 ab #b: a word", "@0:09 b. !uu"]


def tk(*argv: str, where: Path, **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, capture_output=True, timeout=120, cwd=where.parent, stdin=subprocess.DEVNULL,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(where.parent / "site"), **env},
    )  # fmt: skip
    assert b"Traceback" not in found.stderr + found.stdout
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory, laid):
    """A folder with a workspace and a plugin that has formats."""
    folder = tmp_path_factory.mktemp("formats")
    laid(folder / "site", "gaze", PLUGIN)
    assert tk("init", "--plain", "--language", "en", "ws", where=folder / "ws").returncode == 0
    return folder


@pytest.fixture
def place(made, tmp_path):
    """A workspace of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "ws"


def take(place, *more, session="s", name="gaze.json", data=None, **found):
    file = place.parent / "file.json"
    file.write_bytes(json.dumps({"lines": LINES, **found}).encode() if data is None else data)
    return tk("import", name, str(file), "--group", "g", "--session", session, *more, where=place)


def records(folder, name):
    return read(folder, Disk(), name)[0]


def test_lines_are_recorded_as_typed(place):
    """A file becomes a closed session with its own clock; notes and names are in the vault, and no name in a log."""
    done = take(place, labels={"A": "Budi"}, held="2026-01-05T16:00:00+07:00", zone="Asia/Jakarta", ends="1:00", families=["floor", "expression"])  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"g/s: 3 lines, 3 seats\n"), done.stderr
    workspace = Workspace(place)
    stored = records(workspace.session("g/s"), "g/s")
    opened = next(x for x in stored if isinstance(x, SessionOpened))
    assert (opened.clock, opened.held, opened.zone, opened.turn_ends) == ("given", "2026-01-05T16:00:00+07:00", "Asia/Jakarta", "next")  # fmt: skip
    assert opened.captures[0].families == ("floor", "phase", "expression")
    assert [x.ts for x in stored if isinstance(x, SessionClosed)] == [60_000]
    note = next(x for x in stored if isinstance(x, NoteWritten))
    assert get(workspace.vault, note.words, Disk()) == "a word"
    member = next(x for x in records(workspace.group_log("g"), "g") if isinstance(x, MemberAdmitted))
    assert (member.seat, get(workspace.vault, member.words, Disk())) == ("A", "Budi")
    assert not any(b"Budi" in p.read_bytes() for p in place.rglob("*.ndjson"))
    assert tk("verify", where=place).returncode == 0
    turns = tk("query", "select ts, sender from turn order by ts", "--csv", where=place).stdout
    assert turns == b"ts,sender\n1000,T\n5000,A\n9000,B\n"


def test_lengths_that_are_given_outlast_the_last_line(place):
    """Without `ends` a session ends with its last line, or with the turn of it that has a length."""
    assert take(place, lines=["@0:00 ta=4", "@0:05 ab=2.5"], turn_ends="given").returncode == 0
    closed = [x for x in records(Workspace(place).session("g/s"), "g/s") if isinstance(x, SessionClosed)]
    assert [x.ts for x in closed] == [7500]


REFUSED = {
    "line": ({"lines": [*LINES[:2], "@0:09 az !uu"]}, "line 3 of what gaze.json made of it, column 7: no seat Z"),
    "time": ({"lines": ["@0:01 ta", "ab"]}, "line 2 of what gaze.json made of it, column 1: this session's clock is given"),
    "empty": ({"lines": [], "more": ("-p", "least=0")}, "nothing happened"),
    "blank": ({"lines": ["", " \t"]}, "nothing happened"),
    "seat": ({"seats": ["T", "ÄÄ"]}, "is no seat"),
    "role": ({"seats": ["T", "A:king"]}, "no role king"),
    "family": ({"families": ["nope"]}, "no family nope"),
    "ends": ({"ends": "later"}, "ends is 'later'"),
    "early": ({"ends": "0:02"}, "cannot end before"),
    "held": ({"held": "2026-01-05"}, "write it with offset"),
    "zone": ({"zone": "../../etc/passwd"}, "no time zone"),
    "lengths": ({"turn_ends": "maybe"}, "turn_ends is maybe"),
    "label": ({"labels": {"X": "Budi"}}, "the seat X, which nobody has"),
    "two": ({"labels": {"A": "Budi", "B": "Budi"}}, "Budi has two seats"),
    "raised": ({"data": b"not json"}, "line 3: 'x' is no JSON, {} and all"),
    "option": ({"more": ("-p", "least=9")}, "fewer than 9 lines"),
    "of another type": ({"more": ("-p", "least=x")}, "gaze.json, least: "),
    "no option": ({"more": ("-p", "most=9")}, "no parameter most. There are: leader, least"),
    "no format": ({"name": "gaze.xml"}, "no format gaze.xml. There are: gaze.json, log, turns"),
    "no word": ({"name": "xml"}, "no format xml. There are: gaze.json, log, turns"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_stores_nothing(place, case):
    """A refusal says what and where, with exit 3, and leaves no group, no session, no text."""
    given, says = REFUSED[case]
    before = sorted(place.rglob("*"))
    done = take(place, *given.get("more", ()), **{k: v for k, v in given.items() if k != "more"})
    assert (done.returncode, says in done.stderr.decode()) == (3, True), done.stderr
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(("data", "stage"), [(b"raise", "run: ValueError: sic"), (b"leave", "ended"), (b"other", "check: it returned str")])  # fmt: skip
def test_a_failing_importer_is_named(place, data, stage):
    """What a plugin's importer does wrong is said with its name and stage; nothing is stored, exit 1."""
    before = sorted(place.rglob("*"))
    done = take(place, data=data)
    assert done.returncode == 1
    assert f"the plugin gaze failed at stage {stage}" in done.stderr.decode()
    assert sorted(place.rglob("*")) == before


def test_a_session_that_is_there_is_left_alone(place):
    """A name that is taken is refused, and a seat is never somebody else's."""
    assert take(place, labels={"A": "Budi"}).returncode == 0
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    assert take(place).returncode == 4
    taken = take(place, session="s2", labels={"A": "Sari"})
    assert (taken.returncode, b"seat A is somebody else's" in taken.stderr) == (3, True)
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == before
    assert take(place, session="s2", labels={"A": "Budi", "B": "Sari"}).returncode == 0
    admitted = [x.seat for x in records(Workspace(place).group_log("g"), "g") if isinstance(x, MemberAdmitted)]  # fmt: skip
    assert admitted == ["A", "B"]


def test_what_a_killed_import_left_comes_into_no_vault(place):
    """A text of an import that never came to its end is removed by the next one into the group."""
    left = place / ".import-g" / "vault" / "ab" / "abcd"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"somebody said")
    assert take(place).returncode == 0
    assert b"somebody said" not in [p.read_bytes() for p in place.rglob("*") if p.is_file()]
    assert len(list((place / "vault").glob("??/*"))) == 1


def test_help_lists_the_cores_formats_and_says_a_plugins_options(place):
    """`tk import --help` asks no plugin; the help of a plugin's format is its own."""
    listed = tk("import", "--help", where=place).stdout.decode()
    assert ("turns" in listed, "gaze" in listed) == (True, False)
    own = tk("import", "gaze.json", "--help", where=place).stdout.decode()
    assert "A document of the fields of an Imported." in own
    assert "least=1" in own


def exported(place):
    return [x for x in records(Workspace(place).log, "workspace") if isinstance(x, ExportMade)]


def test_a_session_is_written_and_on_record(place):
    """The file is in the current folder under the session's name, its digest printed and in the workspace's log."""
    take(place)
    done = tk("export", "gaze.csv", "s", where=place)
    file = place.parent / "g-s.csv"
    assert file.read_bytes() == b"1000,T\n5000,A\n9000,B\n"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert done.stdout.decode() == f"{file}  sha256 {digest}\n"
    assert [(x.group_id, x.sha256) for x in exported(place)] == [("g", digest)]
    again = tk("export", "gaze.csv", "s", "-p", "least=9", where=place)
    assert (again.returncode, b"--force" in again.stderr, file.stat().st_size > 0) == (4, True, True)
    sheet = tk("export", "gaze.csv", "s", "-p", "least=9", "--force", "--json", where=place)
    assert json.loads(sheet.stdout)["size"] == 0
    assert (file.read_bytes(), len(exported(place))) == (b"", 2)


def test_bytes_go_through_unchanged(place):
    """-o - gives the file's bytes and nothing else; the digest is said beside them."""
    take(place)
    done = tk("export", "gaze.bytes", "g/s", "-o", "-", where=place)
    assert done.stdout == bytes(range(256))
    assert exported(place)[0].sha256 in done.stderr.decode()


@pytest.mark.parametrize(("name", "code", "says"), [("gaze.bad", 1, "stage check: it returned int"), ("gaze.xml", 3, "There are: gaze.bad, gaze.bytes, gaze.csv, log")])  # fmt: skip
def test_what_cannot_be_exported_leaves_nothing(place, name, code, says):
    """A failing exporter and an unknown format are said in a sentence, and nothing is on record."""
    take(place)
    done = tk("export", name, "s", where=place)
    assert (done.returncode, says in done.stderr.decode()) == (code, True), done.stderr
    assert exported(place) == []


def test_an_export_that_cannot_be_written_is_not_on_record(place):
    """A folder that is a file takes nothing, and nothing is said to have left."""
    take(place)
    done = tk("export", "gaze.csv", "s", "-o", "file.json/x.csv", where=place)
    assert done.returncode == 4, done.stderr
    assert exported(place) == []


def test_a_file_may_be_as_large_as_a_worker_takes(tmp_path):
    """One byte more is refused before anybody is asked."""
    file = tmp_path / "f"
    file.write_bytes(b"12345")
    assert formats._bytes(file, 5) == b"12345"
    with pytest.raises(BadInput, match="more than"):
        formats._bytes(file, 4)


def test_bytes_travel_in_a_job():
    """Every byte of a file comes out of the job as it went in."""
    from msgspec import json as mjson

    job = j.ReadFile(format="gaze.json", data=bytes(range(256)))
    assert mjson.decode(mjson.encode(job), type=j.Job) == job


def test_who_has_a_seat_keeps_it():
    """A label with a seat in the group has no other; one that is new may take one that nobody has."""
    people = People(roles={"A": "member"}, seats={"Budi": "A"})
    seats = seatings(("T", "A", "B"))
    assert seated(seats, {"A": "Budi", "B": "Sari"}, people).known == {"Budi"}
    spaced = seated(seats, {"A": " Budi ", "B": "Jose\u0301"}, people)
    assert (spaced.known, dict(spaced.pairing)) == ({"Budi"}, {"A": "Budi", "B": "José"})
    for labels in ({"B": "Budi"}, {"B": "Budi "}, {"A": "Sari"}):
        with pytest.raises(BadInput):
            seated(seats, labels, people)
    opening = checked(Imported(seats=("T",), lines=("@0:00 t.",)), (), {"TZ": "Asia/Jakarta"})
    assert (opening.zone, opening.families) == ("Asia/Jakarta", None)


class Counting(Disk):
    """Counts what it is asked to sync."""

    syncs = 0

    def sync(self, fd):
        self.syncs += 1


def typed_in(desk, hidden, lines):
    """Record lines into a hidden workspace as an import does."""
    codebooks = books(desk.workspace)
    opening = checked(Imported(seats=("T", "A", "B"), lines=("@0:00 ta",)), codebooks, {"TZ": "Asia/Jakarta"})
    record(desk, hidden, "g/s", opening, lines, None, codebooks, "file.json", "gaze.json")


def test_lines_are_synced_together(desk, tmp_path):
    """Hundreds of lines and their notes take few syncs more than a handful; all of them are there, closed and whole."""
    counts = []
    for number in (4, 400):
        disk = Counting()
        hidden = replace(desk, workspace=Workspace(tmp_path / str(number)), disk=disk)
        typed_in(desk, hidden, [f"@{n // 60}:{n % 60:02d} ab #a word" for n in range(number)])
        counts.append(disk.syncs)
        stored = records(hidden.workspace.session("g/s"), "g/s")
        notes = [get(hidden.workspace.vault, x.words, Disk()) for x in stored if isinstance(x, NoteWritten)]
        assert (notes, isinstance(stored[-1], SessionClosed)) == (number * ["a word"], True)
    assert counts[1] - counts[0] < 40


KILLED = """
import os, signal, sys
from pathlib import Path
from tkcore.config import Workspace
from tkcore.contributions import Imported
from tkcore.disk import Disk
from tkcore.exchange.lines import checked, record
from tkcore.opening import Desk
from tkcore.reading import books
from tkcore.recorder import Clocks

def lines():
    for n in range(150):
        yield f"@{n // 60}:{n % 60:02d} ab"
    os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[1])
desk = Desk(Workspace(root), Disk(), Clocks(), os.urandom)
hidden = Desk(Workspace(root / ".import-g"), Disk(), Clocks(), os.urandom)
opening = checked(Imported(seats=("T", "A", "B"), lines=("@0:00 ta",)), books(desk.workspace), {})
record(desk, hidden, "g/s", opening, lines(), None, books(desk.workspace), "file.json", "gaze.json")
"""


def test_a_killed_import_can_be_done_again(place):
    """What it had recorded verifies and is seen by nobody; the next import takes its place."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(place)], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = place / ".import-g" / "groups" / "g" / "sessions" / "s"
    assert scan(left, Disk(), "g/s").damage is None
    assert len([x for x in records(left, "g/s") if isinstance(x, TurnTaken)]) == 150
    assert Workspace(place).session_names() == []
    assert tk("verify", where=place).returncode == 0
    assert take(place).returncode == 0
    assert not left.exists()
    assert tk("verify", where=place).returncode == 0


def test_a_text_that_a_disk_has_lost_aside_is_not_taken_over(desk, tmp_path):
    """What is not the text its name says comes into no vault."""
    hidden = replace(desk, workspace=Workspace(tmp_path / "hidden"))
    typed_in(desk, hidden, ["@0:01 ab #a word"])
    path = next(hidden.workspace.vault.glob("??/*"))
    path.write_bytes(b"")
    with pytest.raises(NotFound, match="is damaged"):
        entrust(desk, hidden)
    assert list(desk.workspace.vault.glob("??/*")) == []
