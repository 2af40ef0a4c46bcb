"""One log of a whole day: 200,000 records are opened, verified, gone on with and asked about in bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tkcore import events as e
from tkcore.disk import Disk
from tkcore.recovery import open_log
from tkcore.writer import vouch

RECORDS = 200_000
DAY = 86_400_000


class Hasty(Disk):
    """A disk that is not waited for: the log is only made here."""

    def sync(self, fd):
        pass


def make(folder, disk):
    """Lay a session's log of 200,000 records over 24 hours, some of it corrected and some of it late."""
    step = DAY // RECORDS
    writer, ledger = open_log(folder, "g/day", disk, now="now", logged=0)
    assert len(ledger) == 0
    opened = e.SessionOpened(
        group_id="g", number=1, held="2026-11-24T00:00:00+07:00", zone="Asia/Jakarta", clock="given", lead="obs1",
        seats=tuple(e.Seating(seat=s) for s in "TABC"), captures=(e.Observing(observer="obs1", families=("floor", "phase")),),
        id="f" * 32, observer="obs1",
    )  # fmt: skip
    entry: list[e.Event] = [opened]
    for n in range(1, RECORDS):
        ts = n * step
        name = f"{n:030x}00"
        if n % 20 == 0:
            entry.append(e.ClockTicked(ts=ts, id=f"{n:030x}ff", observer="recorder", logged=ts))
        elif n % 5000 == 1:
            entry.append(
                e.RecordRetracted(
                    record_id=f"{n - 1000 + 5:030x}00", ts=ts, id=name, observer="obs1", logged=ts
                )
            )
        else:
            back = 600_000 if n % 9999 == 0 else 0
            a, b = "TABC"[n % 4], "TABC"[(n + 1) % 4]
            entry.append(
                e.TurnTaken(
                    sender=a,
                    audience="seats",
                    receivers=(b,),
                    ts=ts - back,
                    id=name,
                    observer="obs1",
                    logged=ts,
                )
            )
        if len(entry) >= 1000:
            writer.append(entry)
            entry = []
    writer.append(entry)
    writer.close()


def run(place, *argv, stdin=""):
    """Run `tk` and return what it said and its peak memory in MB."""
    # VmHWM, not getrusage: the latter begins with what the parent had when it started the child
    probe = (
        "import re,sys; from tkcore.cli import run; code = run(sys.argv[1:])\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
        "print('PEAK', int(peak) // 1024, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", probe, *argv], check=False, input=stdin, capture_output=True, text=True, timeout=300, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, int(done.stderr.rpartition("PEAK ")[2])


@pytest.mark.slow
def test_a_day_of_records(tmp_path):
    """Resuming stays below 128 MB, also after closing; a correction and a late line are taken; verify and query answer."""
    place = tmp_path / "ws"
    subprocess.run(
        [sys.executable, "-m", "tkcore", "init", "--plain", str(place)], check=True, capture_output=True
    )
    folder = place / "groups/g/sessions/day"
    disk = Hasty()
    disk.make_folder(folder)
    make(folder, disk)
    lines = "@24:00:00 ab !uu\n~\n@23:59:50 <\n"
    said, peak = run(place, "record", "day", "--json", stdin=lines)
    assert [json.loads(line)["seq"] >= RECORDS for line in said.splitlines()] == [True] * 3
    assert peak < 128
    said, peak = run(place, "verify", "day", "--json")
    assert (json.loads(said)[0]["ok"], peak < 128) == (True, True)
    said, peak = run(place, "query", "select count(*) as n from turn", "--session", "day", "--json")
    assert json.loads(said)[0]["n"] > 180_000
    from tkcore.log import scan

    vouch(folder, scan(folder, disk), [], disk)
    said, peak = run(place, "record", "day", "--json", stdin="@23:59:55 ab\n")
    assert peak < 128
    assert json.loads(said)["again"] is False
