"""`tk import turns`: what is stored, in which order, and what a failure leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time as clock

import pytest

from tkcore.cli import imports, run
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.errors import NotAllowed
from tkcore.events import GroupFounded, MemberAdmitted
from tkcore.recovery import read

TEXT = "when,who,whom\n1.5,Budi,Sari\n3,Sari,all\n4,Budi,T\n"


@pytest.fixture
def place(desk, monkeypatch):
    """The workspace of a desk, as the command line finds it."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    return desk.workspace.root


def tk_import(place, text=TEXT, session="s", *more, group="g"):
    file = place.parent / "calls.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run(["import", "turns", str(file), "--group", group, "--session", session, "--time", "when", "--sender", "who", "--receiver", "whom", "--group-value", "all", *more])  # fmt: skip


def members(place):
    disk = Disk()
    return [x for x in read(Workspace(place).group_log("g"), disk, "g")[0] if isinstance(x, MemberAdmitted)]


def left(place):
    return sorted(p.name for p in place.iterdir() if p.name.startswith("."))


def test_what_was_derived_is_said(place, capsys):
    """Pairs, where the clock begins, roles, divided cells, lengths."""
    assert tk_import(place, TEXT + '5,T,"Budi, Sari"\n6,T,"Smith, J"\n', "s", "--until-next") == 0
    said = capsys.readouterr().err
    for part in ("A = Budi\n", "C = Smith, J\n", "shown this once", "at 1.5 in the file", "T therapist", "divided at , ; or +: 1", "nobody else's name: Smith, J", "runs to the next"):  # fmt: skip
        assert part in said
    assert left(place) == []


def test_a_second_import_knows_the_people(place, capsys):
    """Who has a seat keeps it and is admitted once; who is new gets a free one."""
    assert tk_import(place) == 0
    assert tk_import(place, "when,who,whom\n1,Dewi,Sari\n2,Sari,Agus\n", "s2") == 0
    assert [x.seat for x in members(place)] == ["A", "B", "C", "D"]
    said = capsys.readouterr().err
    assert "B = Sari, as in the group before" in said
    assert "C = Dewi\n" in said


def test_a_session_that_is_there_is_left_alone(place, capsys):
    """A name that is taken is refused before anything is stored."""
    assert tk_import(place) == 0
    before = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    assert tk_import(place, TEXT.replace("Budi", "Joko")) == 4
    assert "there already" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "text", ["when,who\n1,A\n", TEXT + "3,A,B\n", TEXT + "x,A,B\n", b"when,who,whom\n1,\xff,B\n"]
)
def test_a_refusal_stores_nothing(place, text):
    """What cannot be used leaves the workspace as it was, without a group."""
    before = sorted(place.rglob("*"))
    assert tk_import(place, text) == 3
    assert sorted(place.rglob("*")) == before


def test_the_order_of_storing(desk, place, monkeypatch):
    """Vault, then group's log, then the session, whole and closed: it appears with the last step."""
    seen = []

    def appear(desk, hidden, full):
        seen.append(
            (
                desk.workspace.session_names(),
                [x.seat for x in members(place)],
                hidden.workspace.session_names(),
            )
        )
        really(desk, hidden, full)
        seen.append(desk.workspace.session_names())

    really = imports.appear
    monkeypatch.setattr(imports, "appear", appear)
    assert tk_import(place) == 0
    assert seen == [([], ["A", "B"], ["g/s"]), ["g/s"]]
    session = read(desk.workspace.session("g/s"), desk.disk, "g/s")
    assert session[1].manifest is not None
    assert session[0][0].number == 1


class Full(Disk):
    """A disk that has room for so many writes."""

    room = 0

    def write(self, fd, data):
        Full.room -= 1
        if Full.room < 0:
            raise OSError(28, "No space left on device")
        return super().write(fd, data)


@pytest.mark.parametrize("room", range(0, 34, 2))
def test_a_full_disk_leaves_no_half_session(place, monkeypatch, room):
    """Wherever the disk is full, no session is there, none is half there, and the next attempt gives the same seats."""
    monkeypatch.setattr("tkcore.disk.Disk", Full)
    Full.room = room
    code = tk_import(place, TEXT)
    names = Workspace(place).session_names()
    assert (code, names) in ((4, []), (0, ["g/s"]))
    assert left(place) == []
    Full.room = 1 << 30
    if code:
        assert tk_import(place, TEXT) == 0
    assert [(x.seat, x.role) for x in members(place)] == [("A", "member"), ("B", "member")]
    assert (
        sum(isinstance(x, GroupFounded) for x in read(Workspace(place).group_log("g"), Disk(), "g")[0]) == 1
    )


def test_a_killed_import_is_cleared_away_by_the_next(place):
    """Killed while it records, an import shows no session; the next one removes what it left."""
    file = place.parent / "long.csv"
    file.write_text("when,who,whom\n" + "".join(f"{n},{'AB'[n % 2]},{'BA'[n % 2]}\n" for n in range(60_000)))
    argv = ["import", "turns", str(file), "--group", "g", "--session", "s", "--time", "when", "--sender", "who", "--receiver", "whom"]  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "tkcore", *argv], env={**os.environ}, stderr=subprocess.DEVNULL
    )
    segment = place / ".import-g/groups/g/sessions/s/000000.ndjson"
    until = clock.monotonic() + 60
    while not (segment.is_file() and segment.stat().st_size > 100_000) and clock.monotonic() < until:
        clock.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert left(place) == [".import-g"]
    assert Workspace(place).session_names() == []
    assert tk_import(place) == 0
    assert left(place) == []
    assert Workspace(place).session_names() == ["g/s"]


def test_one_import_into_a_group_at_a_time(desk, place, monkeypatch, capsys):
    """While one import runs, another into the same group is refused by name: two would give one seat twice."""
    monkeypatch.setattr("tkcore.recovery.PATIENCE", 0.05)
    with imports.aside(desk, "g"):
        assert tk_import(place) == 4
        assert f"process {os.getpid()}" in capsys.readouterr().err
        assert tk_import(place, group="h") == 0


def test_a_name_taken_meanwhile_is_not_overwritten(typed, desk):
    """Somebody who opens the session while it is being imported keeps it."""
    with imports.aside(desk, "g") as hidden:
        typed("g/s").stop()
        desk.disk.make_folder(hidden.workspace.session("g/s"))
        with pytest.raises(NotAllowed, match="there already"):
            imports.appear(desk, hidden, "g/s")


def test_latin_1_is_read_where_it_is_named(place, capsys):
    """--encoding reads what is not UTF-8; without it the message names the option."""
    text = TEXT.replace("Budi", "André").encode("latin-1")
    assert tk_import(place, text) == 3
    assert "row 2: byte 9 is not UTF-8. Save the file as UTF-8, or name its encoding, as in --encoding cp1252" in capsys.readouterr().err  # fmt: skip
    assert tk_import(place, text, "s", "--encoding", "latin-1") == 0
    assert "A = André\n" in capsys.readouterr().err


def test_a_seat_of_a_typed_session_is_taken(place, typed, capsys):
    """A label never gets the sign of somebody who sat in a session of the group, whether or not the log knows a name."""
    s = typed("g/typed", seats="T,A,B")
    s.say("@0:01 +d:visitor")
    s.stop()
    assert tk_import(place) == 0
    said = capsys.readouterr().err
    assert ("C = Budi" in said, "E = Sari" in said) == (True, True)
