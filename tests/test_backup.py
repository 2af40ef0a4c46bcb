"""Backups: what is copied, what is refused, what comes back."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time as clock
from contextlib import nullcontext
from pathlib import Path

import pytest

from tkcore import opening
from tkcore.backup import BACKUP, check, opened, place, restore, sound_or_raise
from tkcore.closing import close_session
from tkcore.config import Workspace
from tkcore.copying import make
from tkcore.disk import Disk, Locked
from tkcore.errors import Damaged, NotAllowed, NotFound, WriteFailed
from tkcore.events import BackupMade, BackupRestored, NoteWritten
from tkcore.log import scan
from tkcore.reading import books, read_session, rows_of
from tkcore.recovery import read
from tkcore.verifying import logs, verify

TK = [sys.executable, "-m", "tkcore"]


def tk(*argv: str, where: Path, stdin: str = "", code: int | None = 0, **env: str):
    found = subprocess.run(
        [*TK, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=120,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8", **env},
    )  # fmt: skip
    assert "Traceback" not in found.stderr + found.stdout
    assert code is None or found.returncode == code, found.stderr + found.stdout
    return found


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test in this process is about syncs, and there are thousands."""
    monkeypatch.setattr(Disk, "sync", lambda self, fd: None)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "stick" / "backup"


@pytest.fixture
def full(desk, typed):
    """A workspace with a closed session, an open one and two notes; its sessions by name."""
    done = typed("g/done", seats="T,A,B")
    done.say("@0:00 ab", "@0:05 ba #a note of the closed one", "@0:09 t.")
    done.stop()
    close_session(desk, "g/done", books(desk.workspace))
    open_ = typed("g/open", seats="T,A,B")
    open_.say("@0:00 ab", "@0:02 ba #a note of the open one")
    return {"done": done, "open": open_}


def new_desk(desk, root: Path, disk: Disk | None = None) -> opening.Desk:
    return opening.Desk(Workspace(root), disk or desk.disk, desk.clocks, desk.random)


def rows(desk):
    """Everything a question could be asked about, by session."""
    read_ = (read_session(desk.workspace, name, desk.disk) for name in desk.workspace.session_names())
    return {session.name: rows_of(session, books(desk.workspace)) for session in read_}


def verdicts(desk):
    return {
        log: verify(log, folder, desk.workspace.vault, desk.disk, lambda _: None)
        for log, folder in logs(desk.workspace, None)
    }


def bytes_of(folder: Path):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def segment(desk, session="g/open") -> Path:
    return desk.workspace.session(session) / "000000.ndjson"


def lines(path: Path, keep: slice) -> None:
    """Leave only some of a file's lines."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[keep]))


def test_what_is_restored_is_what_was_there(desk, full, target, tmp_path):
    """Open and closed sessions, notes, Parquet, codebooks: all verify and give the same rows."""
    made = make(desk, target)
    assert (made.faults, len(made.backup.logs)) == ((), 3)
    there = new_desk(desk, tmp_path / "new")
    done = restore(target, there)
    assert (done.faults, done.sha256) == ((), made.sha256)
    assert all(v.ok for v in verdicts(there).values())
    assert rows(there) == rows(desk)
    assert there.workspace.config() == desk.workspace.config()
    assert bytes_of(there.workspace.vault) == bytes_of(desk.workspace.vault)
    ours = {k: v for k, v in bytes_of(desk.workspace.groups).items() if not k.endswith("LOCK")}
    assert bytes_of(there.workspace.groups) == ours


def test_it_is_on_record_on_both_sides(desk, full, target, tmp_path):
    """The workspace's log says by digest which backup was made; the restored one says which it came from."""
    made = make(desk, target)
    event = read(desk.workspace.log, desk.disk, "workspace")[0][-1]
    assert isinstance(event, BackupMade)
    assert (event.sha256, event.logs, event.files) == (made.sha256, 3, len(made.backup.files))
    there = new_desk(desk, tmp_path / "new")
    restore(target, there)
    event = read(there.workspace.log, desk.disk, "workspace")[0][-1]
    assert isinstance(event, BackupRestored)
    assert event.sha256 == made.sha256


def test_a_copied_log_verifies_by_itself(desk, full, target):
    """Each log's folder in the backup is a log, with the head the backup names."""
    for copy in make(desk, target).backup.logs:
        found = scan(target / copy.folder, Disk(), copy.log)
        assert (found.damage, found.head.seq, found.head.h) == (None, copy.seq, copy.h)


class Counting(Disk):
    """Counts the bytes and names what is written."""

    def __init__(self) -> None:
        self.written, self.names = 0, []

    def write(self, fd: int, data: bytes) -> int:
        self.written += len(data)
        return super().write(fd, data)

    def store(self, path: Path, data: bytes) -> None:
        self.names.append(path.name)
        super().store(path, data)


def test_the_second_run_copies_only_what_grew(desk, full, target):
    """A tail, a new text, the BACKUP itself: nothing else is written."""
    make(desk, target)
    before = segment(desk).stat().st_size
    full["open"].say("@0:30 ab #another note")
    grown = segment(desk).stat().st_size - before
    disk = Counting()
    made = make(new_desk(desk, desk.workspace.root, disk), target)
    text = read(desk.workspace.session("g/open"), Disk(), "g/open")[0][-1]
    assert isinstance(text, NoteWritten)
    assert disk.names == [text.words, BACKUP]
    log = desk.workspace.log / "000000.ndjson"
    first, second = (len(line) for line in log.read_bytes().splitlines(keepends=True)[:2])
    assert made.copied == grown + first + second + (32 + len("another note"))
    disk = Counting()
    again = make(new_desk(desk, desk.workspace.root, disk), target)
    assert disk.names == [BACKUP]
    assert again.copied == len(log.read_bytes().splitlines(keepends=True)[2])


def test_closing_again_is_backed_up_and_the_first_state_stays(desk, full, target, tmp_path):
    """A new MANIFEST and Parquet lie beside the old; the backup restores to the newer."""
    make(desk, target)
    done = full["done"]
    done.start()
    done.say("@0:03 #a late note")
    done.stop()
    close_session(desk, "g/done", books(desk.workspace))
    made = make(desk, target)
    assert made.faults == ()
    assert any(k.path.startswith("groups/g/sessions/done/MANIFEST.") for k in made.backup.files)
    there = new_desk(desk, tmp_path / "new")
    restore(target, there)
    assert all(v.ok for v in verdicts(there).values())
    assert rows(there) == rows(desk)


def test_what_is_half_written_is_not_copied(desk, full, target):
    """Bytes after the last newline are a writer's business; the next run takes the line once it is whole."""
    full["open"].stop()
    whole = segment(desk).read_bytes()
    segment(desk).write_bytes(whole[:-5])
    made = make(desk, target)
    assert made.faults == ()
    copy = (target / "groups/g/sessions/open/000000.ndjson").read_bytes()
    assert copy == whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]
    segment(desk).write_bytes(whole)
    assert make(desk, target).faults == ()
    assert (target / "groups/g/sessions/open/000000.ndjson").read_bytes() == whole


@pytest.mark.parametrize("keep", [slice(0, -1), slice(0, 2)])
def test_a_workspace_that_was_set_back_is_noticed(desk, full, target, keep):
    """A log that is sound and shorter than the backup's is refused, and the backup is left alone."""
    make(desk, target)
    full["open"].stop()
    before = bytes_of(target)
    lines(segment(desk), keep)
    with pytest.raises(NotAllowed, match=r"g/open is not what was backed up.*into a new folder"):
        make(desk, target)
    assert bytes_of(target) == before


def test_a_workspace_set_back_that_went_on_is_noticed(desk, full, target):
    """A log that was set back and is longer again by now is refused by its bytes."""
    make(desk, target)
    full["open"].stop()
    lines(segment(desk), slice(0, -2))
    full["open"].start()
    full["open"].say("@0:10 ab", "@0:11 ba", "@0:12 ab", "@0:13 ba")
    before = bytes_of(target)
    with pytest.raises(NotAllowed, match="g/open is not what was backed up"):
        make(desk, target)
    assert bytes_of(target) == before


def test_a_log_that_is_gone_is_noticed(desk, full, target):
    """A session that the backup has and the workspace has not is no reason to forget it."""
    make(desk, target)
    shutil.rmtree(desk.workspace.session("g/done"))
    with pytest.raises(NotAllowed, match="g/done is not what was backed up"):
        make(desk, target)


def test_another_workspace_is_refused(desk, full, target, tmp_path):
    """Two workspaces with sessions of one name do not mix."""
    make(desk, target)
    other = tmp_path / "other"
    shutil.copytree(desk.workspace.root, other)
    shutil.rmtree(other / "groups")
    (other / "groups").mkdir()
    there = new_desk(desk, other)
    opening.open_session(there, "g/open", opening.Opening(seats=opening.seatings(["T", "A"])), books(desk.workspace))  # fmt: skip
    with pytest.raises(NotAllowed, match="another one"):
        make(there, target)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def test_a_flipped_bit_anywhere_in_the_backup_is_found(desk, full, target, tmp_path):
    """One bit of any file: restoring makes no workspace, the next backup trusts it no more."""
    made = make(desk, target)
    everything = bytes_of(target)
    for name in [n for n in everything if n != "LOCK"]:
        flip(target / name, len(everything[name]) // 2)
        new = tmp_path / "new"
        with pytest.raises(Damaged, match="damaged"):
            restore(target, new_desk(desk, new))
        assert not new.exists()
        with pytest.raises(Damaged, match="damaged"):
            make(desk, target)
        (target / name).write_bytes(everything[name])
    assert {place(target, k).relative_to(target).as_posix() for k in made.backup.files} == everything.keys() - {"LOCK", BACKUP}  # fmt: skip
    restore(target, new_desk(desk, tmp_path / "new"))


@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_file_cut_short_or_gone_from_the_backup_is_found(desk, full, target, tmp_path, how):
    """What BACKUP names must be there in full."""
    for kept in make(desk, target).backup.files:
        path = place(target, kept)
        data = path.read_bytes()
        path.unlink() if how == "gone" else path.write_bytes(data[:-1])
        with pytest.raises(Damaged, match="damaged"):
            restore(target, new_desk(desk, tmp_path / "new"))
        if path.suffix == ".ndjson":
            with pytest.raises(Damaged, match="damaged"):
                make(desk, target)
        path.write_bytes(data)
    assert not (tmp_path / "new").exists()


class Full(Disk):
    """A disk that takes so many bytes and no more in one folder."""

    def __init__(self, folder: Path, room: int) -> None:
        self.folder, self.room = folder, room

    def write(self, fd: int, data: bytes) -> int:
        if Path(f"/proc/self/fd/{fd}").readlink().is_relative_to(self.folder):
            if not self.room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: self.room]
            self.room -= len(data)
        return super().write(fd, data)


def test_a_full_disk_leaves_the_backup_before(desk, full, target, tmp_path):
    """Wherever the room ends, the backup before is whole, and the next run goes on."""
    first = make(desk, target).backup
    full["open"].say("@0:30 ab #another note", "@0:40 ba")
    answers = rows(desk)
    room = 0
    while True:
        try:
            make(new_desk(desk, desk.workspace.root, Full(target.resolve(), room)), target)
            break
        except WriteFailed as error:
            assert "Make room" in str(error)
        there, *_ = opened(target, Disk())
        assert there == first
        sound_or_raise(there, target, Disk())
        room += 97
    assert room > 1000
    restore(target, new_desk(desk, tmp_path / "new"))
    assert rows(new_desk(desk, tmp_path / "new")) == answers


class Killed(BaseException):
    """The process is gone."""


class Mortal(Disk):
    """Dies at the nth write, with half of it done."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def write(self, fd: int, data: bytes) -> int:
        self.left -= 1
        if self.left == 0:
            super().write(fd, data[: len(data) // 2])
        if self.left <= 0:
            raise Killed
        return super().write(fd, data)

    def truncate(self, fd: int, size: int) -> None:
        if self.left <= 0:
            raise Killed
        super().truncate(fd, size)


def test_an_interrupted_backup_leaves_the_one_before_and_is_finished_later(desk, full, target, tmp_path):
    """Killed at every write of a first and of a second run: nothing half is taken for a backup."""
    for before in (False, True):
        for nth in range(1, 100):
            here = tmp_path / f"backup-{before}-{nth}"
            first = None
            if before:
                first = make(desk, here).backup
                full["open"].say(f"@{nth}:30 ab #another note")
            with pytest.raises(Killed):
                make(new_desk(desk, desk.workspace.root, Mortal(nth)), here)
            now = opened(here, Disk())[0] if (here / BACKUP).exists() else None
            if now is not None and now != first and now.files:
                break  # whole, and killed while it was put on record
            assert not before or now == first
            with (
                nullcontext() if before else pytest.raises((NotFound, Damaged), match=r"no backup|never fin")
            ):
                sound_or_raise(opened(here, Disk())[0], here, Disk())
            assert make(desk, here).faults == ()
            restore(here, new_desk(desk, tmp_path / f"new-{before}-{nth}"))
        assert 4 < nth < 99


def test_a_tail_that_a_power_cut_has_torn_is_taken_back(desk, full, target):
    """Bytes behind the backup's own that are no line are an interrupted run's; sound lines never are."""
    make(desk, target)
    copy = target / "groups/g/sessions/open/000000.ndjson"
    vouched = copy.read_bytes()
    full["open"].say("@0:30 ab")
    whole = segment(desk).read_bytes()
    copy.write_bytes(whole[: len(vouched) + 40] + b"\0" * (len(whole) - len(vouched) - 40))
    make(desk, target)
    assert copy.read_bytes() == whole
    full["open"].stop()
    segment(desk).write_bytes(vouched)
    with pytest.raises(NotAllowed, match="is not what was backed up"):
        make(desk, target)


def test_a_damaged_log_does_not_stop_the_others(desk, full, target, tmp_path):
    """It is copied up to its damage and named; restored, it is whole up to there, and that is said."""
    full["open"].stop()
    data = segment(desk).read_bytes()
    third = data.index(b"\n", data.index(b"\n") + 1) + 1
    flip(segment(desk), third + 30)
    made = make(desk, target)
    assert [f.path for f in made.faults] == [
        "groups/g/sessions/open/000000.ndjson",
        f"vault/{_words(data)[:2]}/{_words(data)}",
    ][:1]
    assert "damaged at record 1" in str(made.faults[0].says)
    assert (target / "groups/g/sessions/open/000000.ndjson").read_bytes() == data[:third]
    there = new_desk(desk, tmp_path / "new")
    done = restore(target, there)
    assert ["whole up to record 0" in str(f.says) for f in done.faults] == [True]
    assert all(v.ok for v in verdicts(there).values())
    assert rows(there)["g/done"] == rows_of(read_session(desk.workspace, "g/done", Disk()), books(desk.workspace))  # fmt: skip


def _words(data: bytes) -> str:
    return next(json.loads(line)["words"] for line in data.splitlines() if b'"note.written"' in line)


def test_what_the_workspace_has_lost_stays_in_the_backup(desk, full, target, tmp_path):
    """A log damaged since the last backup, a MANIFEST that cannot be read: restoring brings them back whole."""
    make(desk, target)
    answers = rows(desk)
    full["open"].stop()
    flip(segment(desk), 700)
    flip(desk.workspace.session("g/done") / "MANIFEST", 0)
    made = make(desk, target)
    assert sorted(f.path for f in made.faults) == ["groups/g/sessions/done", "groups/g/sessions/open/000000.ndjson"]  # fmt: skip
    there = new_desk(desk, tmp_path / "new")
    assert len(restore(target, there).faults) == 2
    assert all(v.ok for v in verdicts(there).values())
    assert rows(there) == answers


def test_a_lost_text_is_named_and_comes_back(desk, full, target, tmp_path):
    """A text that the backup has is restored; one it never had is named on both sides."""
    make(desk, target)
    texts = sorted(p for p in desk.workspace.vault.rglob("*") if p.is_file())
    texts[0].unlink()
    made = make(desk, target)
    assert [("the backup has it" in str(f.says), f.path) for f in made.faults] == [(True, texts[0].relative_to(desk.workspace.root).as_posix())]  # fmt: skip
    there = new_desk(desk, tmp_path / "new")
    assert restore(target, there).faults == ()
    assert all(v.ok for v in verdicts(there).values())
    other = tmp_path / "other"
    made = make(desk, other)
    assert ["never had it" in str(f.says) for f in made.faults] == [True]
    done = restore(other, new_desk(desk, tmp_path / "newer"))
    assert ["lost before the backup" in str(f.says) for f in done.faults] == [True]


def test_only_texts_are_copied_from_the_vault(desk, full, target):
    """A key, a draft, a file that is not its name's: none of it goes into the backup."""
    (desk.workspace.vault / "keys").mkdir()
    (desk.workspace.vault / "keys" / "k").write_bytes(b"secret")
    wrong = desk.workspace.vault / "ab" / ("ab" + "0" * 62)
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_bytes(b"secret")
    made = make(desk, target)
    assert ["damaged" in str(f.says) for f in made.faults] == [True]
    assert not any(b"secret" in data for data in bytes_of(target).values())


def test_folders_in_each_other_are_refused(desk, full, target, tmp_path):
    """A backup in the workspace, around it, in another workspace, in a folder of other things; a restore likewise."""
    root = desk.workspace.root
    (tmp_path / "link").symlink_to(root)
    for folder in (root / "backup", root, root.parent, tmp_path / "link" / "b"):
        with pytest.raises(NotAllowed, match="one in the other"):
            make(desk, folder)
    other = tmp_path / "things"
    other.mkdir()
    (other / "letter.txt").write_text("x")
    with pytest.raises(NotAllowed, match="not empty and no backup"):
        make(desk, other)
    make(desk, target)
    for folder in (target / "new", target.parent):
        with pytest.raises(NotAllowed, match="one in the other"):
            restore(target, new_desk(desk, folder))
    with pytest.raises(NotAllowed, match="not empty"):
        restore(target, new_desk(desk, other))
    with pytest.raises(NotFound, match="no backup"):
        restore(other, new_desk(desk, tmp_path / "new"))
    restore(target, new_desk(desk, tmp_path / "new"))
    with pytest.raises(NotAllowed, match="is a workspace"):
        make(desk, tmp_path / "new")


def test_a_restore_that_fails_makes_no_workspace(desk, full, target, tmp_path):
    """Wherever the room ends there is no tk.toml."""
    make(desk, target)
    for room in range(0, 120_000, 9973):
        new = tmp_path / f"new-{room}"
        try:
            restore(target, new_desk(desk, new, Full(new.resolve(), room)))
            break
        except WriteFailed:
            assert not (new / "tk.toml").exists()
    assert room > 0


def test_a_path_out_of_the_folder_is_no_backup(desk, full, target, tmp_path):
    """A BACKUP that was made to write elsewhere is refused before anything is read."""
    from msgspec.structs import replace

    from tkcore.backup import line_of

    made = make(desk, target).backup
    for path in ("../x", "/etc/x", "a/../../x", "a//x", "a/", "", "./a", "a/.", "a\nb"):
        (target / BACKUP).write_bytes(line_of(replace(made, files=(replace(made.files[0], path=path),))))
        with pytest.raises(Damaged):
            opened(target, Disk())
    (target / BACKUP).write_bytes(line_of(replace(made, backup_format=2)))
    with pytest.raises(NotAllowed, match="newer tkcore"):
        opened(target, Disk())


def test_two_backups_into_one_folder_do_not_meet(desk, full, target):
    """The second is told who is there."""
    make(desk, target)
    held = Disk().lock(target / "LOCK", "somebody")
    with pytest.raises(Locked, match="somebody"):
        make(desk, target)
    held.close()


def test_what_an_io_error_left_behind_is_copied_as_it_counts(desk, full, target, tmp_path):
    """A segment given up after a failed sync and the one after it: copied before and after, restored whole."""
    sitting = full["open"]
    sitting.say("@0:20 ab")

    class Failing(Disk):
        fails = False

        def sync(self, fd: int) -> None:
            if self.fails:
                raise OSError(errno.EIO, "no")
            super().sync(fd)

    sitting.writer.disk = Failing()
    sitting.writer.disk.fails = True
    with pytest.raises(WriteFailed):
        sitting.say("@0:25 ba")
    make(desk, target)  # sees the line that was never acknowledged
    sitting.writer.disk.fails = False
    sitting.say("@0:30 ab")
    assert make(desk, target).faults == ()
    there = new_desk(desk, tmp_path / "new")
    restore(target, there)
    assert all(v.ok for v in verdicts(there).values())
    assert rows(there) == rows(desk)
    sitting.stop()
    close_session(desk, "g/open", books(desk.workspace))
    assert make(desk, target).faults == ()
    restore(target, new_desk(desk, tmp_path / "newer"))


@pytest.fixture
def ws(tmp_path):
    root = tmp_path / "ws"
    tk("init", "--plain", "--language", "en", str(root), where=root)
    return root


def test_a_backup_while_a_session_is_recorded(ws, tmp_path):
    """`tk record` writes all the while: every backup restores, verifies, and is the log up to some line."""
    tk("simulate", "--group", "g", "--session", "old", "--minutes", "5", where=ws)
    tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=ws)
    child = subprocess.Popen([*TK, "record", "g/s", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TK_WORKSPACE": str(ws)})  # fmt: skip
    stop, answered = threading.Event(), []

    def talk() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            child.stdin.write(f"@{n // 60}:{n % 60:02d} {'ab' if n % 2 else 'ba'} !uu #note {n}\n".encode())
            child.stdin.flush()
            stop.wait(0.005)
        child.stdin.close()

    def listen() -> None:
        answered.extend(json.loads(line) for line in child.stdout)
        child.stdout.close()

    threads = [threading.Thread(target=work, daemon=True) for work in (talk, listen)]
    for thread in threads:
        thread.start()
    try:
        counts = [_backed_up(ws, tmp_path, n, answered) for n in range(3)]
        assert child.poll() is None
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert child.wait() == 0
    assert counts == sorted(set(counts))
    assert not any("error" in answer for answer in answered)


def _backed_up(ws: Path, tmp_path: Path, n: int, answered: list) -> int:
    """Back up and restore what is being recorded; return how many lines the restored log has."""
    before = len(answered)
    while len(answered) < before + 20:
        clock.sleep(0.01)
    acknowledged = answered[-1]["seq"]
    sheet = json.loads(tk("backup", str(tmp_path / "backup"), "--json", where=ws).stdout)
    assert sheet["faults"] == []
    new = tmp_path / f"new{n}"
    tk("restore", str(tmp_path / "backup"), str(new), where=ws)
    tk("verify", where=new)
    copied = (new / "groups/g/sessions/s/000000.ndjson").read_bytes()
    assert (ws / "groups/g/sessions/s/000000.ndjson").read_bytes().startswith(copied)
    assert copied.count(b"\n") - 2 >= acknowledged
    return copied.count(b"\n")


QUESTIONS = (
    "select session, sender, receiver, count(*) as n, sum(weight) as w from address group by all order by all",
    "select session, kind, count(*) as n from event group by all order by all",
    "select session, max(seq) as seq from record group by all order by all",
)


@pytest.mark.slow
def test_the_restored_workspace_answers_the_same(ws, tmp_path):
    """Questions and analyses over a closed and an open session; and it goes on being recorded and backed up."""
    tk("simulate", "--group", "g", "--session", "closed", "--minutes", "10", where=ws)
    tk("session", "open", "g/open", "--seats", "T,A,B", "--clock", "given", where=ws)
    tk("record", "g/open", where=ws, stdin="@0:00 ab #note\n@0:05 ba\n@0:09 t.\n")
    folder, new = tmp_path / "backup", tmp_path / "new"
    said = tk("backup", str(folder), where=ws)
    assert ("4 logs" in said.stdout, said.stderr) == (True, "")
    tk("restore", str(folder), str(new), where=new)
    for question in QUESTIONS:
        asked = ("query", question, "--json")
        assert tk(*asked, where=new).stdout == tk(*asked, where=ws).stdout != "[]\n"
    for name in ("g/closed", "g/open"):
        asked = ("analyze", name, "network.summary", "monopoly.share", "--json", "-p", "draws=20")
        assert tk(*asked, where=new).stdout == tk(*asked, where=ws).stdout
    tk("record", "g/open", where=new, stdin="@0:20 ab\n")
    tk("session", "close", "g/open", "--at", "1:00", where=new)
    tk("backup", str(folder), where=new)
    assert "is not what was backed up" in tk("backup", str(folder), where=ws, code=4).stderr
    tk("restore", str(folder), "--check", where=new)


def test_what_the_commands_say(ws, tmp_path):
    """Exit 1 with the fault named, 2 without a new folder, 3 where there is no backup, 4 under a cloud."""
    tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=ws)
    tk("record", "g/s", where=ws, stdin="@0:00 ab #note\n")
    shutil.rmtree(ws / "vault")
    done = tk("backup", str(tmp_path / "b"), where=ws, code=1)
    assert "g/s: a text is lost" in done.stderr
    assert "lost before the backup" in tk("restore", str(tmp_path / "b"), str(tmp_path / "new"), where=ws, code=1).stderr  # fmt: skip
    tk("restore", str(tmp_path / "b"), where=ws, code=2)
    assert "no backup" in tk("restore", str(ws), str(tmp_path / "n"), where=ws, code=3).stderr
    for argv in (("backup", str(tmp_path / "Dropbox/b")), ("restore", str(tmp_path / "b"), str(tmp_path / "Dropbox/n"))):  # fmt: skip
        assert "--synced-anyway" in tk(*argv, where=ws, code=4).stderr
        tk(*argv, "--synced-anyway", where=ws, code=1)
    (tmp_path / "b" / BACKUP).write_bytes(b"{}\n")
    assert "BACKUP is damaged" in tk("restore", str(tmp_path / "b"), "--check", where=ws, code=1).stderr


def test_a_read_only_workspace_is_backed_up_all_the_same(ws, tmp_path):
    """What can be read is copied and whole; that it is not on record is said, exit 1; recording says what to do."""
    tk("session", "open", "g/s", "--seats", "T,A,B", "--clock", "given", where=ws)
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'

    def frozen(*argv: str):
        return subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", str(ws), *argv], check=False, capture_output=True, text=True, env={**os.environ, "TK_WORKSPACE": str(ws), "LC_ALL": "C.UTF-8"})  # fmt: skip

    if shutil.which("unshare") is None or frozen("true").returncode:
        pytest.skip("no mounts here")
    done = frozen(*TK, "backup", str(tmp_path / "b"))
    assert (done.returncode, "not on record" in done.stderr) == (1, True)
    tk("restore", str(tmp_path / "b"), "--check", where=ws)
    done = frozen(*TK, "record", "g/s")
    assert (done.returncode, "mounted read-only" in done.stderr) == (4, True)
    done = frozen(*TK, "doctor")
    assert (done.returncode, "is mounted read-only" in " ".join(done.stdout.split())) == (1, True)
    assert check(opened(tmp_path / "b", Disk())[0], tmp_path / "b", Disk(), lambda _: None) == []
