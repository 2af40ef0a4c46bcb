"""`tk export log` and `tk import log`: a log travels whole, and nothing that is not one comes in."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tkcore import events as e
from tkcore.archive import fresh
from tkcore.cli import run
from tkcore.closing import close_session
from tkcore.codebook import handbook
from tkcore.config import Config, Workspace, dump
from tkcore.disk import Disk
from tkcore.errors import BadInput, Damaged, NotAllowed
from tkcore.exchange.logs import MANIFEST, export_log, name_in, take_in
from tkcore.log import scan
from tkcore.opening import Desk, group_standing
from tkcore.reading import books
from tkcore.recovery import read
from tkcore.verifying import verify

LINES = ("@0:00 ab", "@0:05 ba !uu", "@0:07 gaze.shifted seat=A level=3", "@0:12 <")


@pytest.fixture
def other(tmp_path, desk):
    """Another workspace."""
    root = tmp_path / "other"
    for folder in (root / "groups", root / "vault", root / "codebooks"):
        folder.mkdir(parents=True)
    (root / "codebooks" / "handbook.toml").write_bytes(handbook())
    (root / "tk.toml").write_bytes(dump(Config(language="en")))
    return Desk(Workspace(root), Disk(), desk.clocks, os.urandom)


@pytest.fixture
def closed(typed, desk):
    """A closed session that was corrected and closed again: two segments."""
    s = typed("g/s", setting="inpatient")
    s.say(*LINES)
    s.stop()
    close_session(desk, "g/s", books(desk.workspace), 20_000)
    s.start()
    s.say("~")
    s.stop()
    close_session(desk, "g/s", books(desk.workspace))
    return desk


def segments(desk, full="g/s"):
    return {p.name: p.read_bytes() for p in sorted(desk.workspace.session(full).glob("*.ndjson"))}


def tk(desk, monkeypatch, *argv):
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    return run(list(argv))


def exported(desk, tmp_path, name="s.tklog"):
    export_log(desk, "g/s", tmp_path / name)
    return tmp_path / name


def test_a_log_travels_whole(closed, other, tmp_path, monkeypatch, capsys):
    """Byte for byte, with its head, its group's settings and fast answers; it verifies there."""
    file = exported(closed, tmp_path)
    assert len(segments(closed)) == 2
    assert tk(other, monkeypatch, "import", "log", str(file)) == 0
    assert "g/s: " in capsys.readouterr().out
    assert segments(other) == segments(closed)
    folder = other.workspace.session("g/s")
    found = scan(folder, Disk(), "g/s")
    assert found.damage is None
    assert found.head == scan(closed.workspace.session("g/s"), Disk(), "g/s").head
    assert fresh(folder, found)
    assert verify("g/s", folder, other.workspace.vault, Disk(), lambda _: None).ok
    assert group_standing(other, "g").opened()["setting"] == "inpatient"
    assert [p.name for p in other.workspace.root.iterdir() if p.name.startswith(".")] == []
    assert tk(other, monkeypatch, "record", "g/s", "--json") in (0, 3)


def test_an_export_is_the_same_twice_and_on_record(closed, tmp_path):
    """The same log gives the same bytes, whenever; each export is in the workspace's log with the file's digest."""
    first, second = exported(closed, tmp_path, "a"), exported(closed, tmp_path, "b")
    os.utime(closed.workspace.session("g/s") / "000000.ndjson", (1, 1))
    third = exported(closed, tmp_path, "c")
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()
    made = [x for x in read(closed.workspace.log, Disk(), "workspace")[0] if isinstance(x, e.ExportMade)]
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert [(x.group_id, x.sha256) for x in made] == [("g", digest)] * 3
    with tarfile.open(first) as tar:
        assert [(m.name, m.mtime, m.uid) for m in tar] == [
            ("000000.ndjson", 0, 0), ("000001.ndjson", 0, 0), ("MANIFEST", 0, 0),
        ]  # fmt: skip


def test_a_log_that_goes_on_is_exported_as_it_stands(typed, desk, other, tmp_path, monkeypatch, capsys):
    """Up to its last whole line; it can be recorded further where it comes in."""
    s = typed()
    s.say(*LINES)
    path = desk.workspace.session("g/s") / "000000.ndjson"
    whole = path.read_bytes()
    s.stop()
    with path.open("ab") as out:
        out.write(b'{"t":"turn.ta')
    assert tk(desk, monkeypatch, "export", "log", "g/s", "-o", str(tmp_path / "s.tklog")) == 0
    assert "is not closed" in capsys.readouterr().err
    assert tk(other, monkeypatch, "import", "log", str(tmp_path / "s.tklog")) == 0
    assert segments(other) == {"000000.ndjson": whole}
    assert not (other.workspace.session("g/s") / MANIFEST).exists()


def test_notes_stay_at_home(typed, desk, tmp_path, monkeypatch, capsys):
    """The texts of notes are not in the file, and the export says so."""
    s = typed()
    s.say("@0:00 ab #unmistakable")
    assert tk(desk, monkeypatch, "export", "log", "s", "-o", str(tmp_path / "s.tklog")) == 0
    assert "texts of 1 notes stay" in capsys.readouterr().err
    assert b"unmistakable" not in (tmp_path / "s.tklog").read_bytes()


def test_private_records_are_announced(typed, desk, tmp_path, monkeypatch, capsys):
    """A log is carried whole or not at all: that what is private goes along is said."""
    sitting = typed("g/s", seats="T,A")
    sitting.say("@0:01 ta", "@0:05 t!therapist_feeling=bored", "@0:09 t!gg")
    sitting.stop()
    monkeypatch.setenv("TK_WORKSPACE", str(desk.workspace.root))
    assert run(["export", "log", "g/s", "-o", str(tmp_path / "a.tklog")]) == 0
    assert "1 private records go with it" in capsys.readouterr().err


def test_a_damaged_log_is_not_exported(closed, tmp_path):
    """What does not verify does not travel, and nothing is left of the attempt."""
    path = closed.workspace.session("g/s") / "000000.ndjson"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged):
        export_log(closed, "g/s", tmp_path / "s.tklog")
    assert not list(tmp_path.glob("*s.tklog*"))


def test_a_file_is_not_written_over(closed, tmp_path):
    """A file of that name stays as it is."""
    (tmp_path / "s.tklog").write_bytes(b"mine")
    with pytest.raises(NotAllowed, match="is there already"):
        export_log(closed, "g/s", tmp_path / "s.tklog")
    assert (tmp_path / "s.tklog").read_bytes() == b"mine"


def test_two_exports_to_one_file_do_not_mix(closed, tmp_path, monkeypatch):
    """What another process writes for the same file at that moment is not touched, and a link there is not followed."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    (tmp_path / ".s.tklog.draft").symlink_to(theirs)
    file = exported(closed, tmp_path)
    assert (theirs.read_bytes(), file.is_symlink(), name_in(file)) == (b"theirs", False, "g/s")


def test_a_log_keeps_its_name(closed, other, tmp_path, monkeypatch, capsys):
    """The chain says whose log it is: another name is refused, the same may be said; no session is written over."""
    file = str(exported(closed, tmp_path))
    for words in (("--group", "h"), ("--session", "t"), ("--group", "h", "--session", "s")):
        assert tk(other, monkeypatch, "import", "log", file, *words) == 4
        assert "the log of g/s, as its chain says" in capsys.readouterr().err
    assert tk(other, monkeypatch, "import", "log", file, "--group", "G", "--session", "s") == 0
    before = segments(other)
    assert tk(other, monkeypatch, "import", "log", file) == 4
    said = capsys.readouterr().err
    assert ("is there already" in said, "another name" in said) == (True, False)
    assert segments(other) == before


# -- what is refused -------------------------------------------------------------------------------------------


def members(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(file) as tar:
        return [(m, tar.extractfile(m).read()) for m in tar]


def packed(path: Path, found, form=tarfile.GNU_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as tar:
        for member, data in found:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return path


def named(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "extra",
    [
        named("../000002.ndjson"), named("/tmp/x.ndjson"), named("a/000002.ndjson"), named("000002.ndjson.gz"), named("LOCK"),
        named("event-1.parquet"), named("000002.ndjson", tarfile.SYMTYPE, "/etc/passwd"),
        named("000002.ndjson", tarfile.LNKTYPE, "000000.ndjson"), named("000002.ndjson", tarfile.DIRTYPE),
        named("000002.ndjson", tarfile.FIFOTYPE), named("000002.ndjson", tarfile.CHRTYPE), named("000000.ndjson"),
        named("MANIFEST.3"), named("torn-1.bin"),
    ],
    ids=lambda m: f"{m.name}-{m.type!r}",
)  # fmt: skip
def test_only_a_log_comes_in(extra, closed, other, tmp_path):
    """No other name, no path, no link, no folder, no device, nothing twice."""
    file = packed(tmp_path / "bad", [*members(exported(closed, tmp_path)), (extra, b"")])
    with pytest.raises(BadInput, match="does not belong"):
        take_in(other, "g/s", file, books(other.workspace))
    assert not Path("/tmp/x.ndjson").exists()


def test_any_tar_of_a_log_comes_in(closed, other, tmp_path):
    """Packed again by another program, in another of tar's forms."""
    for number, form in enumerate((tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT)):
        file = packed(tmp_path / f"again{number}", members(exported(closed, tmp_path, f"{number}")), form)
        assert name_in(file) == "g/s"
    take_in(other, "g/s", file, books(other.workspace))
    assert segments(other) == segments(closed)


def test_every_cut_and_flip_is_noticed(closed, other, tmp_path, monkeypatch):
    """A file that ends early or has a changed byte does not come in, and leaves nothing."""
    data = exported(closed, tmp_path).read_bytes()
    bad = tmp_path / "bad"
    tried = 0
    for at in range(0, len(data) - 1024, 997):
        flipped = bytearray(data)
        flipped[at] ^= 4
        for changed in (data[:at], bytes(flipped)):
            bad.write_bytes(changed)
            code = tk(other, monkeypatch, "import", "log", str(bad))
            if code == 0:
                # a byte of a header or of padding that says nothing about the log
                assert segments(other) == segments(closed)
                tried -= 1
                shutil.rmtree(other.workspace.group("g"))
            assert code in (0, 1, 3), at
            assert not other.workspace.session("g/s").exists()
            tried += 1
    assert tried > 12
    assert [p.name for p in other.workspace.root.iterdir() if p.name.startswith(".")] == []


def heading(kind: bytes, size: int) -> bytes:
    """Return the head of a tar's member that says something about the next one."""
    head = named("p", kind)
    head.size = size
    return head.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x" * 2000, bytes(2048), b"\x1f\x8b" + b"x" * 600, (heading(tarfile.GNUTYPE_LONGNAME, 512) + bytes(512)) * 2000,
        heading(tarfile.XHDTYPE, 1 << 60) + bytes(512), heading(tarfile.GNUTYPE_LONGNAME, 1 << 60) + bytes(512),
    ],
)  # fmt: skip
def test_what_is_no_log_is_refused(data, other, tmp_path, monkeypatch, capsys):
    """No traceback, and no workspace changed."""
    file = tmp_path / "bad"
    file.write_bytes(data)
    assert tk(other, monkeypatch, "import", "log", str(file)) == 3
    assert str(file) in capsys.readouterr().err
    assert not list(other.workspace.groups.iterdir())


def test_a_log_of_a_group_is_none_of_a_session(desk, tmp_path):
    """Only a session's log is taken in."""
    from tkcore.opening import Settings, found_group

    found_group(desk, "g", Settings())
    path = desk.workspace.group_log("g") / "000000.ndjson"
    file = packed(tmp_path / "bad", [(named("000000.ndjson"), path.read_bytes())])
    with pytest.raises(BadInput, match="no log of a session"):
        name_in(file)


def test_a_missing_codebook_is_said(closed, other, tmp_path, monkeypatch, capsys):
    """The log comes in all the same: its bytes need no codebook."""
    (other.workspace.root / "tk.toml").write_bytes(dump(Config(language="en", codebooks=())))
    assert tk(other, monkeypatch, "import", "log", str(exported(closed, tmp_path))) == 0
    assert "has not the codebook handbook" in capsys.readouterr().err
    assert segments(other) == segments(closed)
