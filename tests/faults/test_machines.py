"""Other machines' faults: clocks that jump, sleep, full and read-only disks, no locks, copies, no fcntl."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time as real_time
from pathlib import Path

import pytest
from fault_logs import FIRST, LOG, Quick, entry, make, start, typed
from fault_program import BOOKS, Place, acks, refusals

from tkcore import events as e
from tkcore.disk import Disk
from tkcore.errors import NotAllowed, TkError, WriteFailed
from tkcore.log import scan
from tkcore.opening import start as start_recorder
from tkcore.receipts import Receipt, prove
from tkcore.recovery import read

HOUR, DAY = 3_600_000, 86_400_000

# -- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-HOUR, DAY, -DAY, 1])
@pytest.mark.parametrize("when", range(4))
def test_a_wall_clock_that_jumps_moves_no_time(typed_live, time, tried, jump, when):
    """The wall clock set back an hour or forward a day in mid-session: session time goes on as if nothing were."""
    s, stamps = typed_live, []
    for n in range(4):
        if n == when:
            time.wall_ms += jump
        time.go(7)
        stamps.append(s.say("ab").ts)
        s.recorder.tick()
    assert stamps == [7000, 14_000, 21_000, 28_000]
    tried("machines")


@pytest.fixture
def typed_live(typed):
    return typed(clock="live")


@pytest.mark.parametrize("back", [HOUR, DAY, 400 * DAY])
def test_a_restart_with_a_wall_clock_gone_back_goes_on_from_the_log(typed_live, time, tried, back):
    """Restarted with a wall clock that has gone back: time never runs backwards, nothing is lost."""
    s = typed_live
    time.go(30)
    first = s.say("ab")
    s.stop()
    time.wall_ms -= back
    time.boot_ms = 5
    s.start()
    time.go(1)
    second = s.say("ba")
    assert second.ts == first.ts + 1000
    assert s.recorder.clock() == 31_000
    assert [x.ts for x in s.recorder.ledger if isinstance(x, e.TurnTaken)] == [30_000, 31_000]
    tried("machines")


def test_half_an_hour_of_sleep_is_half_an_hour(typed_live, time, tried):
    """Suspended for 30 minutes (boot time went on, monotonic time stood): session time includes them, as a silent gap."""
    s = typed_live
    time.go(10)
    s.say("ab")
    time.go(1800)
    s.recorder.tick()
    answer = s.say("ba")
    assert answer.ts == 1_810_000
    ticks = [x.ts for x in s.recorder.ledger if isinstance(x, e.ClockTicked)]
    assert ticks[-2:] == [10_000, 1_810_000]
    tried("machines")


def test_the_recorder_uses_a_clock_that_runs_while_asleep(monkeypatch, tried):
    """Of boot and monotonic time, 30 minutes apart, the recorder takes boot time; without it, monotonic."""
    from tkcore import recorder

    monkeypatch.setattr(real_time, "clock_gettime_ns", lambda which: 7_200_000_000_000, raising=False)
    monkeypatch.setattr(real_time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(real_time, "monotonic_ns", lambda: 5_400_000_000_000)
    assert recorder.boot_ms() == 7_200_000
    monkeypatch.delattr(real_time, "CLOCK_BOOTTIME")
    assert recorder.boot_ms() == 5_400_000
    tried("machines")


def test_a_recorder_that_is_stopped_goes_on(tmp_path, tried):
    """SIGSTOP for a second and SIGCONT, five times in mid-recording: every line is answered, its time has gone on."""
    place = Place(tmp_path / "w")
    child = subprocess.Popen(place.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answers = []
    for _ in range(5):
        child.stdin.write(place.lines(1))
        child.stdin.flush()
        answers.append(json.loads(child.stdout.readline()))
        child.send_signal(signal.SIGSTOP)
        child.stdin.write(place.lines(1))
        child.stdin.flush()
        real_time.sleep(0.3)
        child.send_signal(signal.SIGCONT)
        answers.append(json.loads(child.stdout.readline()))
        assert answers[-1]["ts"] - answers[-2]["ts"] >= 250
        tried("machines")
    child.stdin.close()
    assert child.wait() == 0
    child.stdout.close()
    place.goes_on(answers)


# -- disks ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def tmpfs(folder: Path, size: str, missing):
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False
    ) if shutil.which("mount") else None  # fmt: skip
    if made is None or made.returncode:
        missing("a tmpfs cannot be mounted here (it takes root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_while_recording(tmp_path, tried, missing):
    """The disk fills up while the recorder runs: lines are refused and say so; once there is room recording goes on."""
    with tmpfs(tmp_path / "small", "256k", missing) as small:
        place = Place(small / "w")
        child = subprocess.Popen(place.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def say() -> dict:
            child.stdin.write(place.lines(1))
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        answers = [say() for _ in range(5)]
        for _ in range(3):
            (small / "filler").write_bytes(b"")
            with contextlib.suppress(OSError), (small / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            said = []
            while len(said) < 3:
                answer = say()
                if "error" in answer:
                    said.append(answer["error"]["reason"])
                else:
                    answers.append(answer)
            assert all("make room on the disk, then try again" in one for one in said), said
            (small / "filler").unlink()
            answers += [say() for _ in range(3)]
            tried("machines")
        assert all("error" not in answer for answer in answers)
        child.stdin.close()
        assert child.wait() == 3
        child.stdout.close()
        place.goes_on(answers)


def test_a_disk_of_one_page(tmp_path, tried, missing):
    """A log on a 16 KB tmpfs: what fits is stored, the rest refused, and it is whole."""
    with tmpfs(tmp_path / "tiny", "16k", missing) as tiny:
        writer, _ = start(tiny / "s", Disk())
        acked = []
        refused = ""
        for n in range(100):
            try:
                writer.append(entry(n, 3))
            except WriteFailed as error:
                refused = str(error)
                break
            acked += [x.id for x in entry(n, 3)]
        assert "make room" in refused
        writer.close()
        records, _ = read(tiny / "s", Disk(), LOG)
        assert typed(records) == acked
        assert scan(tiny / "s", Disk(), LOG).damage is None
        assert acked
        tried("machines")


def test_a_read_only_workspace(tmp_path, tried, missing):
    """On a disk mounted read-only everything reads; recording is refused with what to do, nothing changes."""
    with tmpfs(tmp_path / "ro", "4m", missing) as place_:
        place = Place(place_ / "w")
        answers, _ = place.run(4)
        subprocess.run(["mount", "-o", "remount,ro", str(place_)], check=True)
        more, done = place.run(1)
        assert more == []
        assert done.returncode == 4, done.stderr
        assert b"Read-only file system" in done.stderr
        assert b"fault of tkcore" not in done.stderr
        for words in (
            ("verify",),
            ("session", "list"),
            ("session", "show", "g/s"),
            ("query", "select count(*) from turn"),
        ):
            read_ = subprocess.run(place.command(*words), capture_output=True, check=False)
            assert b"fault of tkcore" not in read_.stderr, (words, read_.stderr)
            assert words[0] == "query" or read_.returncode == 0, (words, read_.stderr)
            tried("machines")
        subprocess.run(["mount", "-o", "remount,rw", str(place_)], check=True)
        place.goes_on(answers)


@pytest.mark.parametrize("code", ["ENOLCK", "ENOTSUP", "EOPNOTSUPP", "EIO"])
def test_a_file_system_without_locks(tmp_path, tried, code):
    """Where flock says ENOLCK or ENOTSUP nothing is written, the message says where to go, and reading works."""

    class NoLocks(Disk):
        def flock(self, fd):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    folder = tmp_path / "s"
    make(folder, (1, 2))
    before = (folder / FIRST).read_bytes()
    for _ in range(3):
        with pytest.raises(NotAllowed, match="Move the workspace to a local disk"):
            start(folder, NoLocks())
        tried("machines")
    assert (folder / FIRST).read_bytes() == before
    assert len(read(folder, NoLocks(), LOG)[0]) == 3


def test_copies_made_while_the_original_is_written(tmp_path, tried):
    """A folder copied in mid-recording opens, holds a beginning of what was acknowledged by then, and goes on by itself."""
    place = Place(tmp_path / "w")
    child = subprocess.Popen(place.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answers = []
    for n in range(20):
        child.stdin.write(place.lines(10))
        child.stdin.flush()
        answers += [json.loads(child.stdout.readline()) for _ in range(3)]
        had = answers[-1]
        copied = tmp_path / f"copy{n}"
        shutil.copytree(place.folder, copied)
        answers += [json.loads(child.stdout.readline()) for _ in range(7)]
        writer, ledger = start_log(copied)
        assert len(ledger) > had["seq"]
        writer.append(entry(n))
        writer.close()
        assert scan(copied, Quick(), "g/s").damage is None
        assert prove(copied, "g/s", Receipt("g/s", had["seq"] + had["count"] - 1, had["h"]), Quick()) == ""
        tried("machines")
    child.stdin.close()
    assert child.wait() == 0
    child.stdout.close()
    place.goes_on(answers)


def start_log(folder):
    from tkcore.recovery import open_log

    return open_log(folder, "g/s", Quick(), now="now", logged=5)


def test_a_whole_workspace_copied_is_another(tmp_path, tried):
    """The copied workspace records on its own while the original is being recorded; both stay whole."""
    place = Place(tmp_path / "w")
    answers, _ = place.run(3)
    recorder, writer = start_recorder(place.desk, "g/s", BOOKS)
    try:
        shutil.copytree(tmp_path / "w", tmp_path / "v")
        done = subprocess.run(
            [sys.executable, "-m", "tkcore", "-w", str(tmp_path / "v"), "record", "g/s", "--json"],
            input=place.lines(2), capture_output=True, check=False,
        )  # fmt: skip
        assert len(acks(done.stdout)) == 2, (done.stderr, refusals(done.stdout))
        recorder.enter("ab")
    finally:
        writer.close()
    place.goes_on(answers)
    tried("machines")


WITHOUT_FCNTL = """
import sys; sys.modules["fcntl"] = None
import importlib, json, pkgutil, tkcore
from pathlib import Path
names = [m.name for m in pkgutil.walk_packages(tkcore.__path__, "tkcore.") if not m.name.endswith("__main__")]
for name in names: importlib.import_module(name)
from tkcore.disk import Disk
from tkcore.recovery import read, open_log
from tkcore.errors import NotAllowed
records, found = read(Path(sys.argv[1]), Disk())
assert found.damage is None
try: open_log(Path(sys.argv[1]), "g/s", Disk(), now="n", logged=1)
except NotAllowed as error: refused = str(error)
print(json.dumps([len(names), len(records), refused]))
"""


def test_without_fcntl_everything_imports_and_reads(tmp_path, tried):
    """On a platform without fcntl every module imports and every reader works; a writer is told that reading does."""
    place = Place(tmp_path / "w")
    answers, _ = place.run(3)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FCNTL, str(place.folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    modules, records, refused = json.loads(done.stdout)
    assert modules > 40
    assert records == answers[-1]["seq"] + answers[-1]["count"]
    assert "reading works" in refused
    for words in (("verify",), ("session", "list"), ("session", "show", "g/s")):
        program = "import sys; sys.modules['fcntl'] = None; from tkcore.cli import main; main()"
        out = subprocess.run(
            [sys.executable, "-c", program, "-w", str(place.root), *words], capture_output=True, check=False
        )
        assert out.returncode == 0, out.stderr
        tried("machines")
    place.goes_on(answers)


def test_every_refusal_says_what_to_do(tmp_path, tried):
    """Each OSError of a folder becomes a refusal of ours that names the folder and the next step."""
    for code in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EIO", "ENAMETOOLONG", "EMFILE"):

        class Bad(Disk):
            def make_folder(self, path, code=code):
                raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

        with pytest.raises(TkError, match=r"cannot be written .*check the disk"):
            start(tmp_path / "s", Bad())
        tried("machines")
