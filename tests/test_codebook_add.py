"""`tk codebook`: a further vocabulary, which makes none of the first one's words mean two things."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tkcore.cli import run
from tkcore.codebook import find, handbook
from tkcore.disk import Disk
from tkcore.errors import CodebookError, GrammarError, NotAllowed, NotFound, WriteFailed
from tkcore.opening import Opening, open_session, seatings, start
from tkcore.reading import books, in_force, read_session, rows_of
from tkcore.rows import Mark
from tkcore.vocabulary import add, parse_beside, remove

GAZE = (Path(__file__).resolve().parent / "gaze.toml").read_text()


@pytest.fixture
def file(tmp_path, desk, monkeypatch):
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    path = tmp_path / "gaze.toml"
    path.write_text(GAZE)
    return path


def test_a_codebook_comes_in(file, desk, capsys):
    """Its file is copied, tk.toml names it, a session opened later has it in force and captures its family."""
    assert run(["codebook", "add", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["codebook"], said["families"], said["codes"], said["plugin"]) == ("gaze", ["gaze"], 1, None)
    shelf = books(desk.workspace)
    assert [book.name for book in shelf] == ["handbook", "gaze"]
    assert (desk.workspace.codebooks / "gaze.toml").read_text() == GAZE
    open_session(desk, "g/s", Opening(seats=seatings(["T", "A", "B"]), clock="given"), shelf)
    recorder, writer = start(desk, "g/s", shelf)
    recorder.enter("@0:00 ab")
    recorder.enter("@0:01 !qd")
    assert recorder.ledger[recorder.head.seq].code == "gaze.mark.gaze_down"
    opened = recorder.ledger[0]
    assert [used.codebook for used in opened.codebooks] == ["handbook", "gaze"]
    assert "gaze" in opened.captures[0].families
    writer.close()


def test_an_open_session_keeps_its_codebooks(file, typed, desk):
    """What came into the workspace after it was opened says nothing in it; it goes on with its own."""
    s = typed()
    s.say("@0:00 ab")
    s.stop()
    assert run(["codebook", "add", str(file)]) == 0
    recorder, writer = start(desk, "g/s", books(desk.workspace))
    with pytest.raises(GrammarError, match="no code qd"):
        recorder.enter("@0:01 !qd")
    recorder.enter("@0:02 !uu")
    writer.close()


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (('id = "gaze"\nkey = "q"', 'id = "explore"\nkey = "q"'), 5, "a family explore already"),
        (('id = "gaze"\nkey = "q"', 'id = "floor"\nkey = "q"'), 5, "a family floor already"),
        (('key = "q"\n', 'key = "g"\n'), 5, "the letter g is that of handbook.explore"),
        (("mark.gaze_down", "mark.disclosure"), 11, "a code of this id in handbook already"),
    ],
)
def test_what_is_another_codebooks_is_refused(change, line, reason, desk):
    """A family, a letter, an id that is taken: with the file, the line and the code; no word gets two meanings."""
    text = GAZE.replace(*change)
    if 'key = "g"' in text:
        text = text.replace('key = "qd"', 'key = "gx"')
    if 'id = "gaze"' not in text:
        text = text.replace('family = "gaze"', f'family = "{change[1].split(chr(34))[1]}"')
    with pytest.raises(CodebookError, match=reason) as refused:
        parse_beside(text.encode(), "gaze.toml", books(desk.workspace))
    assert str(refused.value).startswith(f"gaze.toml, line {line}, ")


def test_a_key_that_is_taken_is_refused(desk):
    """Two added codebooks share neither; the handbook's keys are found as before."""
    first = GAZE.encode()
    shelf = [*books(desk.workspace), parse_beside(first, "gaze.toml", books(desk.workspace))]
    second = (
        GAZE.replace('name = "gaze"', 'name = "look"')
        .replace('id = "gaze"', 'id = "look"')
        .replace('"gaze"\nevent', '"look"\nevent')
    )
    with pytest.raises(CodebookError, match=r"the letter q is that of gaze\.gaze"):
        parse_beside(second.encode(), "look.toml", shelf)
    for code in shelf[0].codes:
        if code.key is not None and not code.retired:
            assert find(shelf, code.key) == (code,)
            assert find(shelf, code.id) == find(shelf[:1], code.id)


@pytest.mark.parametrize("name", ["core", "Gaze", "../gaze", "g-z", ""])
def test_a_name_that_is_no_files_is_refused(name, desk):
    """The name becomes a file's, and is none of the core's."""
    with pytest.raises(CodebookError, match="name = "):
        parse_beside(
            GAZE.replace('name = "gaze"', f'name = "{name}"').encode(), "x.toml", books(desk.workspace)
        )


def test_phases_are_one_codebooks(desk):
    """A second codebook with phases would make their names ambiguous."""
    text = (
        GAZE
        + '\n[[phase_set]]\nsetting = "day_care"\nphases = [{ id = "gather", label = { id = "Kumpul", en = "gathering" } }]\n'
    )
    with pytest.raises(CodebookError, match="the phases are those of the codebook handbook"):
        parse_beside(text.encode(), "gaze.toml", books(desk.workspace))


def test_nothing_comes_twice(file, desk):
    """The handbook, or what was added, is not replaced."""
    assert run(["codebook", "add", str(file)]) == 0
    with pytest.raises((CodebookError, NotAllowed), match="already"):
        add(desk, GAZE.encode(), "gaze.toml")
    with pytest.raises(CodebookError, match="handbook is in the workspace already"):
        parse_beside(handbook(), "handbook.toml", books(desk.workspace))


class Failing(Disk):
    """A disk on which the file of a name cannot be stored."""

    def __init__(self, name: str) -> None:
        self.name = name

    def store(self, path, data, *, mode=0o600):
        if path.name == self.name:
            raise WriteFailed("{path} could not be written", path=path)
        super().store(path, data, mode=mode)


@pytest.mark.parametrize("name", ["gaze.toml", "tk.toml"])
def test_an_interrupted_addition_leaves_a_workspace(name, desk):
    """Whichever of the two files was not written, what tk.toml names can be read, and adding again works."""
    with pytest.raises(WriteFailed):
        add(replace(desk, disk=Failing(name)), GAZE.encode(), "gaze.toml")
    assert [book.name for book in books(desk.workspace)] == ["handbook"]
    add(desk, GAZE.encode(), "gaze.toml")
    assert [book.name for book in books(desk.workspace)] == ["handbook", "gaze"]


def test_check_and_list(file, capsys):
    """`check` says whether it could come in and changes nothing; `list` shows those that are there."""
    assert run(["codebook", "check", str(file)]) == 0
    assert "gaze: 1 families, 1 codes" in capsys.readouterr().out
    assert run(["codebook", "list", "--json"]) == 0
    assert [line["codebook"] for line in json.loads(capsys.readouterr().out)] == ["handbook"]
    assert run(["codebook", "add", str(file)]) == 0
    assert run(["codebook", "check", str(file)]) == 0
    capsys.readouterr()
    assert run(["codebook", "list"]) == 0
    assert "gaze" in capsys.readouterr().out
    assert run(["codebook", "check", str(file.with_name("none.toml"))]) == 3
    assert run(["codebook", "add", "nothing"]) == 3
    assert "no enabled plugin offers a codebook nothing" in capsys.readouterr().err


# -- remove ----------------------------------------------------------------------------------------------------


def sat(desk, name: str, *, close: bool = True) -> None:
    """Open a session with the codebooks in force, and close it."""
    shelf = in_force(desk.workspace)
    open_session(desk, name, Opening(seats=seatings(["T", "A", "B"]), clock="given"), shelf)
    recorder, writer = start(desk, name, shelf)
    recorder.enter("@0:00 ab")
    if "gaze" in [book.name for book in shelf]:
        recorder.enter("@0:01 !qd")
    writer.close()
    if close:
        assert run(["session", "close", name, "--at", "0:30"]) == 0


def marks(desk, name: str) -> list[tuple[str, str]]:
    rows = rows_of(read_session(desk.workspace, name, desk.disk), books(desk.workspace))
    return [(row.code, row.family) for row in rows if isinstance(row, Mark)]


def test_a_removed_codebook_is_in_no_new_session_and_in_every_old_one(file, desk, capsys):
    """A session opened later has neither code nor family; an earlier one keeps its rows and takes late codes."""
    assert run(["codebook", "add", str(file)]) == 0
    sat(desk, "g/old")
    capsys.readouterr()
    assert run(["codebook", "remove", "gaze", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["codebook"], said["retired"]) == ("gaze", True)
    assert run(["session", "open", "g/new", "--seats", "T,A,B", "--clock", "given"]) == 0
    opened = read_session(desk.workspace, "g/new", desk.disk).opened
    assert [used.codebook for used in opened.codebooks] == ["handbook"]
    assert "gaze" not in opened.captures[0].families
    assert run(["session", "open", "g/other", "--seats", "T,A", "--captures", "gaze"]) == 3
    assert marks(desk, "g/old") == [("gaze.mark.gaze_down", "gaze")]
    recorder, writer = start(desk, "g/old", books(desk.workspace))
    recorder.enter("@0:10 !qd")
    writer.close()
    assert marks(desk, "g/old") == [("gaze.mark.gaze_down", "gaze")] * 2
    capsys.readouterr()
    assert run(["codebook", "list", "--json"]) == 0
    assert [(x["codebook"], x["retired"]) for x in json.loads(capsys.readouterr().out)] == [
        ("handbook", False), ("gaze", True),
    ]  # fmt: skip
    assert run(["codebook", "list"]) == 0
    assert "only in older sessions" in capsys.readouterr().out


def test_what_is_in_use_stays(file, desk, capsys):
    """An unknown codebook, one of an open session, the only one: nothing changes, and it is said what to do."""
    with pytest.raises(NotFound, match=r"no codebook gaze is in use here\. There are: handbook"):
        remove(desk, "gaze")
    with pytest.raises(NotAllowed, match="handbook is the only codebook: a session needs one"):
        remove(desk, "handbook")
    assert run(["codebook", "add", str(file)]) == 0
    sat(desk, "g/s", close=False)
    before = (desk.workspace.root / "tk.toml").read_bytes()
    assert run(["codebook", "remove", "gaze"]) == 4
    assert (
        "g/s is open and has the codebook gaze: close it first (tk session close g/s)"
        in capsys.readouterr().err
    )
    assert (desk.workspace.root / "tk.toml").read_bytes() == before
    assert run(["session", "close", "g/s", "--at", "0:30"]) == 0
    remove(desk, "handbook")
    assert [book.name for book in in_force(desk.workspace)] == ["gaze"]
    with pytest.raises(NotFound):
        remove(desk, "handbook")


def test_a_removed_codebook_comes_back_as_it_was(file, desk):
    """The same file is in force again; another of its name is refused while a session has the old one."""
    assert run(["codebook", "add", str(file)]) == 0
    sat(desk, "g/old")
    remove(desk, "gaze")
    other = GAZE.replace("looks down", "looks away").encode()
    with pytest.raises(NotAllowed, match="g/old has it"):
        add(desk, other, "gaze.toml")
    assert (desk.workspace.codebooks / "gaze.toml").read_text() == GAZE
    add(desk, GAZE.encode(), "gaze.toml")
    config = desk.workspace.config()
    assert (config.codebooks, config.retired) == (("handbook", "gaze"), ())


def test_one_that_nobody_has_may_come_back_changed(file, desk):
    """What was added by mistake is removed and added again as it should be; a log nobody can read may have it."""
    assert run(["codebook", "add", str(file)]) == 0
    remove(desk, "gaze")
    other = GAZE.replace("looks down", "looks away").encode()
    sat(desk, "g/s")
    log = desk.workspace.session("g/s") / "000000.ndjson"
    whole = log.read_bytes()
    log.write_bytes(whole.replace(b"handbook", b"HANDBOOK"))
    with pytest.raises(NotAllowed, match="g/s has it"):
        add(desk, other, "gaze.toml")
    log.write_bytes(whole)
    add(desk, other, "gaze.toml")
    assert (desk.workspace.codebooks / "gaze.toml").read_bytes() == other


def test_keys_of_a_removed_codebook_are_free(file, desk):
    """Another codebook may take its letter and keys: no session has both. Its families and ids stay its own."""
    assert run(["codebook", "add", str(file)]) == 0
    remove(desk, "gaze")
    with pytest.raises(CodebookError, match=r"a family gaze already \(gaze\)"):
        add(desk, GAZE.replace('name = "gaze"', 'name = "look"').encode(), "look.toml")
    text = GAZE.replace('"gaze"', '"look"').replace("mark.gaze_down", "mark.look_down")
    add(desk, text.encode(), "look.toml")
    assert [book.name for book in books(desk.workspace)] == ["handbook", "look", "gaze"]


PLUGIN = """
import pathlib
import tkcore

@tkcore.hookimpl
def register_codebooks():
    return [pathlib.Path(__file__).with_name("gaze.toml")]
"""


def test_a_plugins_codebook_comes_in_by_its_name(desk, tmp_path, monkeypatch, capsys):
    """Its worker gives the file; `list` shows it as offered until then."""
    from tkcore.config import dump
    from tkcore.plugins import find, fingerprint

    site = tmp_path / "site"
    info = site / "tk_gaze-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tk_gaze.py").write_text(PLUGIN)
    (site / "gaze.toml").write_text(GAZE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tk-gaze\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tkcore.v1]\ngaze = tk_gaze\n")
    (info / "RECORD").write_text("tk_gaze.py,,\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    (one,) = [f for f in find() if f.name == "gaze"]
    config = replace(desk.workspace.config(), plugins={"gaze": fingerprint(one)})
    (desk.workspace.root / "tk.toml").write_bytes(dump(config))
    assert run(["codebook", "list", "--json"]) == 0
    assert [(x["codebook"], x["plugin"]) for x in json.loads(capsys.readouterr().out)] == [
        ("handbook", None), ("gaze", "gaze"),
    ]  # fmt: skip
    assert run(["codebook", "add", "gaze"]) == 0
    assert (desk.workspace.codebooks / "gaze.toml").read_text() == GAZE
    assert desk.workspace.config().codebooks == ("handbook", "gaze")


def test_a_name_that_no_file_can_have_is_nobodys(file, capsys):
    """What is too long for a file's name is looked for among the plugins' codebooks, and not there."""
    assert run(["codebook", "add", "x" * 5000]) == 3
    assert "no enabled plugin offers a codebook" in capsys.readouterr().err
