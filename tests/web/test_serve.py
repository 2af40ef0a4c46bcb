"""`tk serve` as a process: it starts, is killed, starts again, and has lost nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tkcore import events as e
from tkcore.errors import WriteFailed
from tkcore.web.beginning import address
from tkcore.web.serving import _tick

TK = [sys.executable, "-m", "tkcore"]


def tk(*argv: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TK, *argv], check=False, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "TK_WORKSPACE": str(where), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


@pytest.fixture
def place(tmp_path):
    """A workspace with the open session g/s."""
    root = tmp_path / "ws"
    assert tk("init", "--plain", "--language", "en", str(root), where=root).returncode == 0
    opened = tk("session", "open", "g/s", "--seats", "T,A,B,C", where=root)
    assert opened.returncode == 0, opened.stderr
    return root


class Served:
    """A running `tk serve` and a browser that has come in."""

    def __init__(self, place: Path, *, port: int = 0) -> None:
        self.child = subprocess.Popen(
            [*TK, "serve", "s", "--no-browser", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "TK_WORKSPACE": str(place)}, text=True,
        )  # fmt: skip
        self.url = self.child.stdout.readline().strip()
        assert self.url, self.child.stderr.read()
        self.base, _, self.token = self.url.partition("/#")
        self.port = int(self.base.rpartition(":")[2])
        self.client = httpx.Client(
            base_url=self.base, headers={"origin": self.base, "x-tkcore": "1"}, timeout=60
        )

    def enter(self):
        assert self.client.post("/api/enter", json={"token": self.token}).status_code == 200
        return self

    def send(self, taps: list[dict]) -> list[dict]:
        answer = self.client.post("/api/entries", json={"entries": taps})
        assert answer.status_code == 200
        return answer.json()["answers"]

    def stop(self, sig: int = signal.SIGTERM) -> tuple[int, str]:
        self.child.send_signal(sig)
        _, said = self.child.communicate(timeout=60)
        return self.child.returncode, said


@pytest.fixture
def served(place):
    """Start `tk serve` on the workspace: `served()`, or with the port of before."""
    made: list[Served] = []

    def start(**given) -> Served:
        made.append(Served(place, **given))
        return made[-1]

    yield start
    for one in made:
        if one.child.poll() is None:
            one.child.kill()
        one.client.close()
        one.child.communicate()


def taps(count: int, begin: int = 0) -> list[dict]:
    return [
        {"id": f"{n:030x}", "line": "A>B !uu" if n % 2 else "B>A", "at": None}
        for n in range(begin, begin + count)
    ]


def rows(place: Path, what: str) -> list[dict]:
    found = tk("query", what, "--json", where=place)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(served, place, sig):
    """With a listener and taps behind it, it leaves with 0; the session is whole and goes on elsewhere."""
    one = served().enter()
    assert one.url == f"http://127.0.0.1:{one.port}/#{one.token}"
    with one.client.stream("GET", "/api/events") as listening:
        lines = listening.iter_lines()
        assert next(lines) == "retry: 1000"
        one.send(taps(2))
        heard = [next(line for line in lines if line.startswith("id:")) for _ in range(3)]
        code, said = one.stop(sig)
        assert not [line for line in lines if line.startswith("id:")]
    assert heard == ["id: 2", "id: 3", "id: 4"]
    assert code == 0, said
    assert "Traceback" not in said
    assert tk("verify", where=place).returncode == 0
    assert tk("session", "close", "s", where=place).returncode == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wait", [0.0, 0.05, 0.1, 0.2])
def test_a_signal_before_there_is_a_server_ends_it_too(served, place, sig, wait):
    """From the moment the address is said it leaves with 0, and its lock with it."""
    one = served()
    time.sleep(wait)
    code, said = one.stop(sig)
    assert (code, "Traceback" in said) == (0, False), said
    assert tk("session", "close", "s", where=place).returncode == 0


def test_killed_in_the_middle_and_begun_again(served, place):
    """Kill -9 while batches come in; the page goes on under the same cookie and sends all again: each is there once."""
    one = served().enter()
    answered: list[dict] = []

    def send() -> None:
        for begin in range(0, 1000, 20):
            try:
                answered.extend(one.send(taps(20, begin)))
            except httpx.HTTPError:
                return
            if begin == 200:
                killing.set()

    killing = threading.Event()
    sending = threading.Thread(target=send)
    sending.start()
    assert killing.wait(60)
    one.child.kill()
    sending.join(60)
    one.child.communicate()
    assert 200 < len(answered) < 1000

    two = served(port=one.port)
    two.client.cookies = one.client.cookies
    first = two.send(taps(len(answered)))
    assert [(a["id"], a["seq"], a["h"]) for a in first] == [(a["id"], a["seq"], a["h"]) for a in answered]
    assert all(a["again"] for a in first)
    for begin in range(len(answered), 1000, 200):
        two.send(taps(min(200, 1000 - begin), begin))
    assert two.stop()[0] == 0
    assert rows(place, "select count(*) as n, count(distinct turn) as d from turn") == [
        {"n": 1000, "d": 1000}
    ]
    assert rows(place, "select count(*) as n from mark") == [{"n": 500}]
    order = rows(place, "select sender from turn order by seq")
    assert [row["sender"] for row in order] == ["B", "A"] * 500
    assert tk("verify", where=place).returncode == 0


def test_many_devices_at_once_store_each_tap_once(served, place):
    """Eight senders with the same batch, as retries overlap: one record each, all answers alike."""
    one = served().enter()
    sent, got = taps(50), []

    def send() -> None:
        got.append(one.send(sent))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert len(got) == 8
    assert all([a["seq"] for a in answers] == [a["seq"] for a in got[0]] for answers in got)
    one.stop()
    assert rows(place, "select count(*) as n from turn") == [{"n": 50}]


def test_it_loads_no_database_and_no_plugin(place):
    """A page that came in, tapped and listened has loaded neither duckdb nor a plugin nor table drawing."""
    program = """
import os, signal, sys, threading
import click
import httpx
known = set(sys.modules)
said = []
def use(url):
    base, _, token = url.partition('/#')
    with httpx.Client(base_url=base, headers={'origin': base, 'x-tkcore': '1'}) as client:
        assert client.post('/api/enter', json={'token': token}).status_code == 200
        assert client.get('/api/state').status_code == client.get('/api/words').status_code == 200
        sent = {'entries': [{'id': '0' * 30, 'line': 'ab !uu #x', 'at': None}]}
        said.extend(client.post('/api/entries', json=sent).json()['answers'])
        with client.stream('GET', '/api/events?after=0') as listening:
            assert 'id: 2' in (line for line in listening.iter_lines())
    os.kill(os.getpid(), signal.SIGTERM)
echo = click.echo
def heard(text='', *a, **k):
    if str(text).startswith('http'):
        threading.Thread(target=use, args=(text,)).start()
    else:
        echo(text, *a, **k)
click.echo = heard
from tkcore.cli import run
assert run(['serve', 's', '--no-browser', '--port', '0']) == 0
assert [a['count'] for a in said] == [3], said
print('MODULES', *sorted(set(sys.modules) - known))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "TK_WORKSPACE": str(place)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.rpartition("MODULES ")[2].split()
    roots = {name.partition(".")[0] for name in loaded}
    assert {"tkcore", "starlette", "uvicorn"} <= roots
    heavy = {
        "duckdb",
        "pyarrow",
        "structlog",
        "networkx",
        "numpy",
        "pluggy",
        "tkcore_network",
        "tkcore_monopoly",
        "tkcore_process",
        "rustworkx",
    }
    assert roots & heavy == set()
    assert not [
        name
        for name in loaded
        if name in ("tkcore.plugins", "tkcore.relations", "tkcore.analyses", "tkcore.session")
    ]


def test_what_cannot_be_served_is_said(served, place):
    """A port that is taken, a session somebody records, one whose time is given, one that is not there."""
    one = served()
    taken = tk("serve", "s", "--no-browser", "--port", str(one.port), where=place)
    assert (taken.returncode, "--port N" in taken.stderr) == (4, True)
    locked = tk("serve", "s", "--no-browser", "--port", "0", where=place)
    assert (locked.returncode, f"process {one.child.pid}" in locked.stderr) == (4, True)
    tk("session", "open", "g/given", "--seats", "T,A", "--clock", "given", where=place)
    given = tk("serve", "given", "--no-browser", "--port", "0", where=place)
    assert (given.returncode, "tk record g/given" in given.stderr) == (4, True)
    assert tk("serve", "nowhere", "--no-browser", where=place).returncode == 3
    assert tk("serve", "s", "--port", "70000", where=place).returncode == 2
    assert not any("Traceback" in x.stderr for x in (taken, locked, given))


def test_only_this_machine_is_listened_to():
    """The socket is bound to the loopback address, whatever the port."""
    with address(0) as found:
        assert found.getsockname()[0] == "127.0.0.1"
        # else an answer waits for the acknowledgement of the one before, 40 ms
        assert found.proto == socket.IPPROTO_TCP


def test_time_goes_on_in_a_silent_room(tab, time):
    """With nobody tapping, the clock ticks every ten seconds; what goes wrong is told of once, and it goes on."""
    real, told = tab.recorder.tick, []
    moments = iter([5, 10, WriteFailed("full"), WriteFailed("full"), 10, KeyError("bug"), 10])

    async def go() -> None:
        loop = asyncio.get_running_loop()
        ticking = asyncio.ensure_future(_tick(tab.room, told.append, pause=0))

        def tick() -> None:
            now = next(moments, None)
            if now is None:
                loop.call_soon_threadsafe(ticking.cancel)
            elif isinstance(now, Exception):
                raise now
            else:
                time.go(now)
                real()

        tab.recorder.tick = tick
        with contextlib.suppress(asyncio.CancelledError):
            await ticking

    tab.run(go())
    assert [x.ts for x in tab.recorder.ledger if isinstance(x, e.ClockTicked)] == [0, 15_000, 25_000, 35_000]
    assert [type(error) for error in told] == [WriteFailed, KeyError]
