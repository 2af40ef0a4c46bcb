"""F6, F7 and F9 on the real program: killed with -9, its system calls failing, its files limited."""

from __future__ import annotations

import os
import random
import resource
import select
import shutil
import subprocess
import time

import pytest
from fault_logs import FIRST, entry, go_on, make, start, typed
from fault_program import Place, acks, refusals

from tkcore.errors import WriteFailed


def killed(place, delay, lines=400):
    """Run the recorder, kill it after a while, return what it had acknowledged in its pipe."""
    child = subprocess.Popen(
        place.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out = b""
    try:
        child.stdin.write(place.lines(lines))
        child.stdin.flush()
        select.select([child.stdout], [], [], 20)  # it has begun to answer
        time.sleep(delay)
    finally:
        child.kill()
        out = child.stdout.read()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()
    return acks(out)


def kills(place, rounds, tried):
    rng, acked = random.Random(6), []
    for _ in range(rounds):
        acked += killed(place, rng.random() * 0.03)
        place.holds(acked)
        tried("F6")
    place.goes_on(acked)
    assert len(acked) > rounds


def test_f6_a_killed_recorder_loses_nothing_it_answered_for(tmp_path, tried):
    """Kill -9 at a random moment, the same log again and again: every answer in the pipe stands in the log."""
    kills(Place(tmp_path / "w"), 8, tried)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_f6_a_recorder_killed_a_hundred_times_loses_nothing(tmp_path, tried, part):
    """The same, 400 times in all."""
    kills(Place(tmp_path / "w"), 100, tried)


# -- F7 by strace ------------------------------------------------------------------------------------------------

CALLS = {
    "openat": ("error=EIO", "error=ENOSPC", "error=EMFILE"),
    "write": ("error=EIO", "error=ENOSPC", "error=EINTR", "retval=20", "signal=KILL"),
    "pwrite64": ("error=EIO", "error=ENOSPC", "error=EINTR", "signal=KILL"),
    "fdatasync": ("error=EIO", "error=ENOSPC", "error=EINTR", "signal=KILL"),
    "ftruncate": ("error=EIO", "error=EINTR", "signal=KILL"),
    "rename": ("error=EIO", "error=ENOSPC", "signal=KILL"),
}


def traced(place, call, fault, n, tmp_path):
    """Run the recorder with the nth call of a kind on the session's folder or files failing."""
    paths = [
        w
        for p in (place.folder, *(place.folder / f"{k:06d}.ndjson" for k in range(6)))
        for w in ("-P", str(p))
    ]
    if call == "rename":
        paths = []  # strace does not match its paths; nothing else here renames
    trace = tmp_path / "trace"
    answers, done = place.run(
        3,
        "strace",
        "-f",
        "-qq",
        "-o",
        str(trace),
        *paths,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{fault}:when={n}",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return answers, done, trace.read_text(errors="replace")


def inject(tmp_path, tried, missing, call, faults, most):
    if shutil.which("strace") is None:
        missing("there is no strace (Debian: apt install strace)")
    for fault in faults:
        place = Place(tmp_path / fault.replace("=", "-"))
        acked = []
        if call in ("rename", "ftruncate"):
            (place.folder / FIRST).write_bytes((place.folder / FIRST).read_bytes() + b'{"t":"torn')
        for n in range(1, most + 1):
            if call in ("rename", "ftruncate") and n > 1:
                data = (latest := max(place.folder.glob("*.ndjson"))).read_bytes()
                latest.write_bytes(data + b'{"t":"torn')
            answers, done, trace = traced(place, call, fault, n, tmp_path)
            if done.returncode not in (0, 3, 4, 137, -9) and "ptrace" in done.stderr.decode(errors="replace"):
                missing("strace may not trace here (ptrace is forbidden)")
            acked += answers
            assert b"Traceback" not in done.stderr, done.stderr
            assert b"fault of tkcore" not in done.stderr, done.stderr
            place.holds(acked)
            tried("F7")
            met = "INJECTED" in trace or "KILL" in trace
            if not met:
                break
        assert n > 1, f"{call} was never met: {trace[-300:]}"
        place.goes_on(acked)


@pytest.mark.parametrize("call", ["fdatasync"])
def test_f7_a_real_sync_fails(tmp_path, tried, missing, call):
    """The unmodified program with its first syncs failing: what it did acknowledge is there."""
    inject(tmp_path, tried, missing, call, ("error=EIO",), 4)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_f7_every_real_call_fails(tmp_path, tried, missing, call):
    """The unmodified program, the Nth call of each kind failing or killing it, until none is met."""
    inject(tmp_path, tried, missing, call, CALLS[call], 40)


# -- F9 ----------------------------------------------------------------------------------------------------------


def test_f9_a_file_limit_at_every_byte_of_an_entry(tmp_path, tried):
    """RLIMIT_FSIZE at each byte of an entry: a real short write, nothing stored, and fine once the limit is gone."""
    folder = tmp_path / "s"
    make(folder, (1, 2))
    size = (folder / FIRST).stat().st_size
    writer, _ = start(folder)
    writer.append(entry(50, 2))
    length = (folder / FIRST).stat().st_size - size
    writer.close()
    (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:size])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    acked = [x.id for n, k in enumerate((1, 2)) for x in entry(n, k)]
    for more in range(length):
        writer, ledger = start(folder)
        assert typed(ledger) == acked
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, hard))
        try:
            with pytest.raises(WriteFailed, match=r"[Mm]ake room"):
                writer.append(entry(50, 2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (folder / FIRST).stat().st_size == size
        writer.append(entry(50, 2))
        writer.close()
        (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:size])
        tried("F9")
    had, _ = go_on(folder)
    assert had == acked


@pytest.mark.slow
def test_f9_the_program_under_a_file_limit(tmp_path, tried):
    """The real program with its files limited to some size: it says so, answers for nothing it lost, and goes on after."""
    place = Place(tmp_path / "w")
    acked, met = [], 0
    for more in range(1, 1500, 37):
        size = sum(p.stat().st_size for p in place.folder.glob("*.ndjson"))
        limit = size + more
        answers, done = place.run(
            5,
            preexec_fn=lambda limit=limit: resource.setrlimit(
                resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)
            ),
        )
        said = refusals(done.stdout) + [done.stderr.decode()] * (done.returncode == 4)
        met += bool(said)
        assert all("room" in one for one in said)
        assert b"fault of tkcore" not in done.stderr
        acked += answers
        place.holds(acked)
        tried("F9")
    assert met > 5
    place.goes_on(acked)
