"""`tk verify`: what somebody may do to a log behind its back is refused, and named."""

from __future__ import annotations

import json
import shutil

import pytest

from tkcore.cli import run
from tkcore.closing import close_session
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.events import NoteWritten
from tkcore.log import seal
from tkcore.opening import Desk, start
from tkcore.reading import books
from tkcore.receipts import words_of
from tkcore.vault import path_of
from tkcore.verifying import behind


@pytest.fixture
def two(typed, desk, monkeypatch):
    """Two closed sessions, one of them corrected and closed again (two segments)."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    for name in ("g/a", "g/b"):
        s = typed(name, seats="T,A,B")
        s.say("@0:01 ab !uu #b: a note", "@0:20 ba")
        s.stop()
        close_session(desk, name, books(desk.workspace), 30_000)
    s.start()
    s.say("@0:25 ta")
    s.stop()
    close_session(desk, "g/b", books(desk.workspace))
    return desk


def verify(capsys, *argv):
    code = run(["verify", *argv, "--json"])
    return code, {line["log"]: line["places"] for line in json.loads(capsys.readouterr().out)}


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_a_whole_workspace(two, capsys):
    """All logs, the notes' texts and the derived files are looked at; exit 0."""
    code, places = verify(capsys)
    assert (code, places) == (0, {"g": [], "g/a": [], "g/b": []})


def test_a_rolled_back_log_is_caught_by_its_receipt(two, capsys, tmp_path):
    """An earlier copy, whole in itself, laid in the place of the log: the eight words of the later closing say so."""
    folder = two.workspace.session("g/a")
    shutil.copytree(folder, tmp_path / "old")
    run(["record", "g/a"])  # nothing typed: opening alone is no change
    recorder, writer = start(two, "g/a", books(two.workspace))
    recorder.enter("@0:29 ta")
    writer.close()
    receipt = close_session(two, "g/a", books(two.workspace))
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    assert verify(capsys, "g/a")[0] == 0
    code, places = verify(capsys, "g/a", "--receipt", " ".join(words_of(receipt)))
    assert (code, places["g/a"][0]["damage"]) == (1, "receipt")
    assert "shorter than when the receipt was given" in places["g/a"][0]["detail"]


def test_swapped_segments(two, capsys):
    """The first and the second segment exchanged."""
    folder = two.workspace.session("g/b")
    one, other = folder / "000000.ndjson", folder / "000001.ndjson"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    code, places = verify(capsys, "g/b")
    place = places["g/b"][0]
    assert (code, place["damage"], place["file"].endswith("000000.ndjson")) == (1, "corrupt", True)


@pytest.mark.parametrize("how", ["line", "chain"])
def test_a_forged_record(two, capsys, how):
    """A record altered with its checksum made right, and with the whole chain behind it made right."""
    path = two.workspace.session("g/a") / "000000.ndjson"
    found = lines(path)
    at = next(n for n, line in enumerate(found) if b'"turn.taken"' in line)
    forged = found[at].replace(b'"sender":"A"', b'"sender":"B"')
    before = found[at - 1][:-1][-81:-17].decode()
    for n in range(at, len(found) if how == "chain" else at + 1):
        body = (forged if n == at else found[n])[: -len(b"\n") - 87] + b"}"
        found[n], before = seal(body, before)
    path.write_bytes(b"".join(found))
    code, places = verify(capsys, "g/a")
    says = "does not follow" if how == "line" else "manifest vouches for"
    assert (code, says in places["g/a"][0]["detail"]) == (1, True)


def test_a_record_of_another_session(two, capsys):
    """A sound record of one session put at the end of another, and a whole folder in the place of another."""
    a, b = (two.workspace.session(name) / "000000.ndjson" for name in ("g/a", "g/b"))
    whole = a.read_bytes()
    a.write_bytes(whole + lines(b)[-1])
    code, places = verify(capsys, "g/a")
    assert (code, places["g/a"][0]["damage"]) == (1, "corrupt")
    a.write_bytes(whole)
    shutil.copytree(two.workspace.session("g/a"), two.workspace.session("g/c"))
    code, places = verify(capsys, "g/c")
    assert (code, "it is the log of g/a, not of g/c" in places["g/c"][0]["detail"]) == (1, True)


def test_a_lost_text_and_a_lost_parquet(two, capsys):
    """A note whose text is gone, and a derived file that is not what closing made, are named apart from the log."""
    text = next(p for p in two.workspace.vault.rglob("*") if p.is_file())
    text.unlink()
    parquet = next(two.workspace.session("g/b").glob("event-*.parquet"))
    parquet.unlink()
    code, places = verify(capsys)
    assert code == 1
    assert sorted(p["damage"] for found in places.values() for p in found) == ["derived", "lost_text"]


def test_an_empty_folder_is_no_log(two, capsys):
    """A session's folder without its log, and a group without its own, are damage."""
    for path in two.workspace.session("g/a").iterdir():
        path.unlink()
    shutil.rmtree(two.workspace.group_log("g"))
    code, places = verify(capsys)
    assert (code, [p["detail"] for name in ("g", "g/a") for p in places[name]]) == (
        1,
        ["there is no log in its folder"] * 2,
    )


def test_one_damaged_log_does_not_hide_the_others(two, capsys):
    """What cannot be read at all is named, and the rest is verified."""
    (two.workspace.session("g/a") / "MANIFEST").write_bytes(b"\xff\xfe")
    code, places = verify(capsys)
    assert (code, places["g/a"][0]["damage"], places["g/b"]) == (1, "refused", [])


def test_a_receipt_is_of_one_session(two, capsys):
    """A receipt of another session, of none, and without saying of which: refused, never said to hold."""
    receipt = close_session(two, "g/a", books(two.workspace))
    line = json.dumps({"session": "g/a", "seq": receipt.seq, "h": receipt.h})
    assert verify(capsys, "g/b", "--receipt", line)[0] == 1
    for argv in (("verify", "--receipt", " ".join(words_of(receipt))), ("verify", "g", "--receipt", line)):
        assert run(list(argv)) == 3
        assert "the receipt holds" not in capsys.readouterr().out


def test_what_a_person_decides(typed, desk, capsys, monkeypatch):
    """An altered last line: `tk recover` shows it, and only with --accept-loss cuts it off, kept and on record."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    s = typed("g/s", seats="T,A,B")
    s.say("@0:01 ab", "@0:05 ba")
    s.stop()
    path = desk.workspace.session("g/s") / "000000.ndjson"
    data = path.read_bytes()
    path.write_bytes(data[:-120] + b"X" + data[-119:])
    assert run(["record", "g/s"]) == 1
    assert "tk recover" in capsys.readouterr().err
    assert run(["recover", "g/s"]) == 1
    assert path.read_bytes() == data[:-120] + b"X" + data[-119:]
    assert run(["recover", "g/s", "--accept-loss"]) == 0
    capsys.readouterr()
    assert verify(capsys, "g/s")[0] == 0
    kept = next(desk.workspace.session("g/s").glob("torn-*.bin"))
    assert b"X" in kept.read_bytes()
    assert run(["recover", "g/s", "--accept-loss"]) == 3


@pytest.fixture
def travelled(two, tmp_path, capsys, monkeypatch):
    """A workspace that took in g/a without its text, and has a note of its own beside it."""
    file, root = tmp_path / "a.tklog", tmp_path / "there"
    assert run(["export", "log", "g/a", "-o", str(file)]) == 0
    assert run(["init", "--plain", "--language", "en", str(root)]) == 0
    monkeypatch.setenv("TK_WORKSPACE", str(root))
    assert run(["import", "log", str(file)]) == 0
    assert "texts of 1 notes are not here" in capsys.readouterr().err
    there = Desk(Workspace(root), two.disk, two.clocks, two.random)
    recorder, writer = start(there, "g/a", books(there.workspace))
    recorder.enter("@0:29 #b: a note of this place")
    writer.close()
    close_session(there, "g/a", books(there.workspace))
    return there


def test_a_text_that_was_never_here_is_not_lost(travelled, capsys):
    """It stayed where the log came from: said, counted, no damage; a backup and what is restored say the same."""
    assert run(["verify", "g/a"]) == 0
    assert "g/a: 1 texts stayed where the log came from" in capsys.readouterr().out
    assert run(["verify", "g/a", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert (line["texts"], line["stayed"], line["places"]) == (2, 1, [])
    root = travelled.workspace.root
    assert run(["backup", str(root.parent / "backup")]) == 0
    assert run(["restore", str(root.parent / "backup"), str(root.parent / "again")]) == 0
    assert run(["-w", str(root.parent / "again"), "verify"]) == 0


def test_a_text_that_was_here_and_is_gone_is_lost(travelled, capsys):
    """In a log that was taken in too; and where the workspace's log is gone, nothing excuses the other one either."""
    text = next(p for p in travelled.workspace.vault.glob("??/*"))
    data = text.read_bytes()
    text.unlink()
    code, places = verify(capsys, "g/a")
    assert (code, [p["damage"] for p in places["g/a"]]) == (1, ["lost_text"])
    text.write_bytes(data)
    assert verify(capsys, "g/a")[0] == 0
    shutil.rmtree(travelled.workspace.log)
    code, places = verify(capsys, "g/a")
    assert (code, [p["damage"] for p in places["g/a"]]) == (1, ["lost_text"])


def test_a_text_that_is_here_at_import_counts_as_here(two, tmp_path, capsys):
    """A session lost and taken in again beside its vault misses nothing, and its text can be lost afterwards."""
    file = tmp_path / "a.tklog"
    run(["export", "log", "g/a", "-o", str(file)])
    shutil.rmtree(two.workspace.session("g/a"))
    assert run(["import", "log", str(file)]) == 0
    assert "are not here" not in capsys.readouterr().err
    assert verify(capsys, "g/a")[0] == 0
    for path in two.workspace.vault.glob("??/*"):
        path.unlink()
    code, places = verify(capsys, "g/a")
    assert (code, [p["damage"] for p in places["g/a"]]) == (1, ["lost_text"])


def test_a_text_that_came_and_is_damaged_is_lost(travelled, capsys):
    """What lies in the vault under a text's digest must be that text, even one that stayed away at first."""
    digest = next(iter(behind(travelled.workspace, travelled.disk)))
    path = path_of(travelled.workspace.vault, digest)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"another text")
    assert verify(capsys, "g/a")[0] == 1


def test_the_text_of_an_amendment_is_looked_for(typed, desk, capsys, monkeypatch):
    """A note that was written anew names another text: that one can be lost too."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    s = typed("g/s", seats="T,A,B")
    before = {p.name for p in desk.workspace.vault.glob("??/*")}
    s.say("@0:01 #b: a note")
    note = next(x for x in s.recorder.ledger if isinstance(x, NoteWritten))
    first = {p.name for p in desk.workspace.vault.glob("??/*")} - before
    s.say(f"~{note.seq}: #b: a better note")
    s.stop()
    for path in desk.workspace.vault.glob("??/*"):
        if path.name not in before | first:
            path.unlink()
    code, places = verify(capsys, "g/s")
    assert (code, [p["damage"] for p in places["g/s"]]) == (1, ["lost_text"])


@pytest.mark.parametrize("words", ["/tmp/x", "../../tk.toml", "no-text", "e" * 300, "a\x00b"])
def test_a_note_that_names_no_text_is_lost_and_reads_no_file(
    typed, desk, capsys, monkeypatch, tmp_path, words
):
    """What a log from elsewhere calls its text is a digest or nothing: no other file is looked at, nothing breaks."""
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    s = typed("g/s", seats="T,A,B")
    s.say("@0:01 ab")
    s.writer.append([NoteWritten(about=(), words=words, id="f" * 32, ts=2000, observer="obs1")])
    s.stop()
    close_session(desk, "g/s", books(desk.workspace))
    asked = []

    def read(disk, path):
        asked.append(str(path))
        return path.read_bytes()

    monkeypatch.setattr(Disk, "read", read)
    code, places = verify(capsys, "g/s")
    assert (code, [p["damage"] for p in places["g/s"]]) == (1, ["lost_text"])
    assert not [path for path in asked if path.endswith(words)]
    file, root = tmp_path / "s.tklog", tmp_path / "there"
    assert run(["export", "log", "g/s", "-o", str(file)]) == 0
    assert run(["init", "--plain", "--language", "en", str(root)]) == 0
    monkeypatch.setenv("TK_WORKSPACE", str(root))
    assert run(["import", "log", str(file)]) == 0
    there = Desk(Workspace(root), desk.disk, desk.clocks, desk.random)
    assert behind(there.workspace, there.disk) == frozenset()
