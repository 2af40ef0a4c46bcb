"""F11 and F12: readers beside a writer at full speed, and two writers at one log."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_logs import FIRST, LOG, Quick, entry, make, start, typed

from tkcore.disk import Disk, Locked
from tkcore.log import scan
from tkcore.recovery import read

HERE = str(Path(__file__).parent)
WRITER = """
import sys; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from fault_logs import start, entry
root, n = Path(sys.argv[1]), 0
while True:
    writer, _ = start(root / f"{n:06d}")
    print(n, flush=True)
    for at in range(500):
        writer.append(entry(at, at % 3 + 1))
    writer.close()
    n += 1
"""
HOLDER = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from fault_logs import start, entry
from tkcore.disk import Locked
for line in sys.stdin:
    word = line.split()
    if word[0] == "try":
        try:
            writer, ledger = start(Path(word[1]))
            writer.append(entry(500 + int(word[2])))
            print("won", flush=True)
        except Locked as error:
            writer = None
            print("lost", str(error), flush=True)
    elif word[0] == "let":
        if writer is not None:
            writer.close()
        print("free", flush=True)
"""
TORN, READS = 100, 4000


def test_f11_a_reader_beside_a_writer_never_sees_half_a_record(tmp_path, tried):
    """While a writer appends at full speed raw reads end inside a record; tk's never do, and its log only grows.

    Fails if fewer than 100 raw reads were torn: then the guard was not needed and the test proves nothing.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), HERE], stdout=subprocess.PIPE, text=True
    )
    torn = reads = guarded = 0
    last, most = -1, (-1, -1)
    disk = Disk()
    until = time.monotonic() + 60
    try:
        child.stdout.readline()
        while (torn < TORN or reads < READS or guarded < 300) and time.monotonic() < until:
            logs = sorted(tmp_path.iterdir())
            number, folder = len(logs) - 1, logs[-1]
            path = folder / FIRST
            if not path.exists():
                continue
            for _ in range(40):
                raw = path.read_bytes()
                reads += 1
                torn += bool(raw) and not raw.endswith(b"\n")
            records, found = read(folder, disk, LOG)
            guarded += 1
            assert found.damage is None
            assert [x.seq for x in records] == list(range(len(records)))
            assert (number, found.head.seq) >= most
            most = (number, found.head.seq)
            last = max(last, found.head.seq)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert torn >= TORN, f"only {torn} of {reads} raw reads were torn: this proves nothing"
    assert guarded >= 300
    assert last > 100
    tried("F11", reads + guarded)


@pytest.fixture
def pair():
    """Two processes that open a log to write when they are told to."""
    made = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, HERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    yield made
    for child in made:
        child.stdin.close()
        child.wait()
        child.stdout.close()


def tell(child, *words):
    child.stdin.write(" ".join(map(str, words)) + "\n")
    child.stdin.flush()


def test_f12_of_two_writers_exactly_one_wins(tmp_path, tried, pair):
    """50 times two processes open a log at once: one appends, the other is told who holds it, readers never wait."""
    for n in range(50):
        folder = tmp_path / f"{n}"
        if n % 2:
            make(folder, (1, 2))
        for at, child in enumerate(pair):
            tell(child, "try", folder, at)
        said = [child.stdout.readline().split(" ", 1) for child in pair]
        assert sorted(word[0].strip() for word in said) == ["lost", "won"]
        loser = next(word[1] for word in said if word[0] == "lost")
        assert "is being written by " in loser
        assert "Wait until it ends" in loser
        began = time.monotonic()
        records, found = read(folder, Quick(), LOG)
        assert time.monotonic() - began < 1
        assert found.damage is None
        assert len(records) == (4 if n % 2 else 1)
        for child in pair:
            tell(child, "let")
            assert child.stdout.readline() == "free\n"
        assert scan(folder, Quick(), LOG).damage is None
        tried("F12")


def test_f12_the_lock_dies_with_its_holder(tmp_path, tried):
    """Ten times the holder is killed with -9: the next writer gets the log at once, with all that was acknowledged."""
    folder = tmp_path / "s"
    make(folder, (1,))
    for n in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLDER, HERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        tell(child, "try", folder, n)
        assert child.stdout.readline() == "won\n"
        with pytest.raises(Locked, match=f"process {child.pid} "):
            start(folder)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        child.stdout.close()
        writer, ledger = start(folder)
        assert typed(ledger) == [x.id for at in (0, *range(500, 501 + n)) for x in entry(at)]
        writer.close()
        tried("F12")
