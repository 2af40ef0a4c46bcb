"""`tk verify`: what somebody may do to a log behind its back is refused, and named."""

from __future__ import annotations

import json
import shutil

import pytest

from tkcore.cli import run
from tkcore.closing import close_session
from tkcore.log import seal
from tkcore.reading import books
from tkcore.receipts import words_of


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
    from tkcore.opening import start

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
