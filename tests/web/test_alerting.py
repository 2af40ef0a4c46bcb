"""`tk live` beside the recorder: what stands is told and put on record once; its death costs no tap."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tkcore import events as e
from tkcore.errors import WriteFailed
from tkcore.scheme import Label
from tkcore.web.alerting import Act, Alerting, Line, command, watch
from tkcore.web.stream import told

SAYS = Label(id="satu kursi memegang lantai", en="one seat holds the floor")
WIDE = {"alert": "monopoly.uneven", "seat": None}
SEAT = {"alert": "monopoly.dominant", "seat": "B"}


def line(kind: str, seq: int, what=SEAT, **more) -> Line:
    return Line(line=kind, **what, says=SAYS, numbers={"per_mille": 600}, ts=10_000 * seq, seq=seq, **more)


@pytest.fixture
def alerting(tab) -> Alerting:
    """Alerts behind the page's own application."""
    return tab.alerting


def tell(tab, *lines: Line) -> list[dict]:
    """Let `tk live` say lines and the tick they belong to; return what stands."""
    for one in (*lines, Line(line="heard", seq=tab.stored())):
        heard = tab.alerting.hear(one)
    assert heard
    tab.run(tab.alerting.pass_on())
    return stands(tab)


def stands(tab) -> list[dict]:
    return json.loads(tab.room.aside or b'{"alerts": []}')["alerts"]


def said(tab, what, act: str) -> bool:
    answer = tab.request("POST", "/api/alerts", json={**what, "act": act})
    assert answer.status_code == 200, answer.text
    return answer.json()["stands"]


def on_record(tab) -> list[tuple]:
    return [
        (e.name_of(x), x.alert, x.seat)
        for x in tab.recorder.ledger
        if isinstance(x, (e.AlertShown, e.AlertDismissed))
    ]


def test_what_is_shown_is_told_to_who_listens_and_to_who_comes_later(tab):
    """One message without a number, in both languages; a raised alert that is not shown yet is none."""
    tell(tab, line("raised", 5), line("raised", 6, WIDE), line("shown", 9, since=5))

    async def first() -> list[bytes]:
        listener = told(tab.room, tab.room.head, "obs1", beat=0.001)
        return [await anext(listener) for _ in range(2)]

    _, message = tab.run(first())
    kind, _, data = message.decode().partition("\n")
    assert kind == "event: alert"
    assert json.loads(data.removeprefix("data: ")) == {
        "alerts": [
            {
                **SEAT, "numbers": {"per_mille": 600}, "says": {"id": SAYS.id, "en": SAYS.en}, "ts": 90_000, "since": 5,
                "stored": False,
            }
        ],
        "trouble": None,
    }  # fmt: skip


def test_shown_and_dismissed_are_on_record_once(tab):
    """However often the page says so, and though a server that was begun again hears it."""
    tell(tab, line("raised", 0), line("shown", 1, since=0))
    assert on_record(tab) == []
    assert said(tab, SEAT, "shown")
    assert said(tab, SEAT, "shown")
    assert on_record(tab) == [("alert.shown", "monopoly.dominant", "B")]
    (one,) = stands(tab)
    assert one["stored"]
    record = next(x for x in tab.recorder.ledger if isinstance(x, e.AlertShown))
    assert (record.numbers, record.observer) == ({"per_mille": 600}, tab.recorder.now.lead)
    assert said(tab, SEAT, "dismissed")
    assert stands(tab) == []
    assert not said(tab, SEAT, "dismissed")
    assert not said(tab, WIDE, "shown")
    assert on_record(tab)[1:] == [("alert.dismissed", "monopoly.dominant", "B")]


def test_a_dismissal_of_what_was_never_acknowledged_stores_both(tab):
    """Who sends it to rest has seen it."""
    tell(tab, line("raised", 0), line("shown", 1, since=0))
    assert said(tab, SEAT, "dismissed")
    assert [kind for kind, *_ in on_record(tab)] == ["alert.shown", "alert.dismissed"]


def test_a_process_begun_again_says_only_what_still_stands(tab):
    """What the log has as shown stands again, and as shown; what was dismissed or lowered does not."""
    tell(
        tab,
        line("raised", 0),
        line("shown", 1, since=0),
        line("raised", 1, WIDE),
        line("shown", 2, WIDE, since=1),
    )
    said(tab, SEAT, "shown")
    said(tab, WIDE, "dismissed")
    fresh = Alerting(tab.room)
    tab.alerting = fresh
    tab.run(fresh.begin())
    (one,) = tell(
        tab,
        line("raised", 0),
        line("shown", 1, since=0),
        line("raised", 1, WIDE),
        line("shown", 2, WIDE, since=1),
    )
    assert (one["alert"], one["stored"], one["since"]) == ("monopoly.dominant", True, 0)
    assert tell(tab, line("lowered", 3)) == []
    later = tab.stored() + 5
    assert tell(tab, line("raised", later, WIDE)) == []
    (again,) = tell(tab, line("shown", later + 1, WIDE, since=later))
    assert (again["alert"], again["stored"]) == ("monopoly.uneven", False)


def test_nothing_is_told_of_the_past(tab, time):
    """Until a new process has come to the present the page keeps what it has: nothing appears for a moment."""
    tab.tap("T>A", at=0)
    time.go(10)
    tab.tap("A>T")
    tab.run(tab.alerting.begin())
    ticks = [x.seq for x in tab.recorder.ledger if isinstance(x, e.ClockTicked)]
    assert [tab.alerting.hear(Line(line="heard", seq=seq)) for seq in ticks] == [False, True]


def test_an_undo_passes_an_alert_by(tab):
    """The observer's last entry is what he tapped; nobody takes back that something was seen."""
    tab.tap("T>A")
    tell(tab, line("raised", 0), line("shown", 1, since=0))
    said(tab, SEAT, "shown")
    shown = tab.stored() - 1
    (answer,) = tab.tap(f"~{shown}")
    assert "cannot be taken back" in answer["error"]["reason"]
    tab.tap("~")
    assert (
        tab.recorder.state(next(x.seq for x in tab.recorder.ledger if isinstance(x, e.TurnTaken)))
        == "retracted"
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ({"alert": "a", "seat": None, "act": "forgotten"}, 400),
        ({"alert": 7, "seat": None, "act": "shown"}, 400),
    ],
)
def test_what_is_no_act_is_refused(tab, body, status):
    """With the status of a wrong request, and nothing is stored."""
    sent = {"content": body} if isinstance(body, str) else {"json": body}
    before = tab.stored()
    answer = tab.request("POST", "/api/alerts", headers={"content-type": "application/json"}, **sent)
    assert (answer.status_code, tab.stored()) == (status, before)


def test_a_stranger_dismisses_nothing(page_of):
    """Without the cookie, or from another origin, an alert stays where it is."""
    page = page_of()
    tell(page, line("raised", 0), line("shown", 1, since=0))
    assert page.request("POST", "/api/alerts", json={**SEAT, "act": "dismissed"}).status_code == 401
    page.enter()
    other = {"origin": "http://evil.example"}
    assert (
        page.request("POST", "/api/alerts", json={**SEAT, "act": "dismissed"}, headers=other).status_code
        == 403
    )
    assert (len(stands(page)), on_record(page)) == (1, [])


def test_a_disk_that_refuses_costs_no_alert(tab, monkeypatch):
    """The page hears that it was not stored, and the alert stands."""
    tell(tab, line("raised", 0), line("shown", 1, since=0))

    def full(*_):
        raise WriteFailed("no space")

    monkeypatch.setattr(tab.recorder.writer, "append", full)
    assert tab.request("POST", "/api/alerts", json={**SEAT, "act": "shown"}).status_code == 503
    assert [one["stored"] for one in stands(tab)] == [False]


# -- the process -----------------------------------------------------------------------------------------------------

SPEAKS = """
import sys, os
for line in {lines!r}:
    print(line, flush=True)
if {hangs}:
    sys.stdin.read()
    os._exit(0)
"""


def fake(*lines: Line, hangs: bool = False) -> list[str]:
    """A program that says lines and ends, or hangs until its stdin ends."""
    import msgspec

    text = [msgspec.json.encode(one).decode() for one in lines]
    return [sys.executable, "-c", SPEAKS.format(lines=text, hangs=hangs)]


def watched(tab, command, until, *, during=None, **given):
    """Watch a program until something is the case; return the numbers of its processes."""
    pids: list[int] = []

    async def go() -> None:
        watching = asyncio.create_task(watch(tab.alerting, command, begun=pids.append, **given))
        async with asyncio.timeout(60):
            if during is not None:
                await during(pids)
            while not until(pids):
                await tab.room.change(tab.room.changed, 0.02)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    tab.run(go())
    return pids


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


HEARD = Line(line="heard", seq=1 << 40)


def test_one_that_ends_is_begun_again_and_the_page_knows(tab):
    """What stands is kept, a line says that others may be late, and the next process takes the line away."""
    lines = [line("raised", 0), line("shown", 1, since=0), HEARD]
    troubles = []

    def until(pids) -> bool:
        aside = json.loads(tab.room.aside or b"{}")
        troubles.append((aside.get("trouble"), len(aside.get("alerts", ()))))
        return len(pids) == 3

    pids = watched(tab, fake(*lines), until, pauses=(0.05,))
    assert len(set(pids)) == 3
    assert {("live", 1), (None, 1)} <= set(troubles)
    assert not any(alive(pid) for pid in pids)


def test_one_that_hangs_is_killed_while_taps_are_acknowledged(tab):
    """Taps are stored in the meantime, each answered; one that says nothing for too long is begun again."""
    answers = []

    async def tapping(pids) -> None:
        while not pids:
            await tab.room.change(tab.room.changed, 0.01)
        from msgspec import Raw

        from tkcore.talk import translator

        for n in range(50):
            sent = [Raw(json.dumps({"id": f"{n:030x}", "line": "T>A"}).encode())]
            async for answer in tab.room.enter(sent, translator("en"), "obs1"):
                answers.append(answer)
        assert alive(pids[0])

    pids = watched(
        tab, fake(HEARD, hangs=True), lambda pids: len(pids) == 2, during=tapping, silent=0.3, pauses=(0.0,)
    )
    assert [a.seq >= 0 for a in answers] == [True] * 50
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("bad", ["not json", '{"no": "line"}', "x" * (2 << 20)])
def test_one_that_says_something_else_is_begun_again(tab, bad):
    """A line that is none, or endless, ends the process and nothing else."""
    program = [sys.executable, "-c", f"print({bad[:20]!r} * {max(1, len(bad) // 20)})"]
    pids = watched(tab, program, lambda pids: len(pids) == 2, pauses=(0.0,))
    assert not any(alive(pid) for pid in pids)


def test_one_that_cannot_be_begun_is_tried_again(tab):
    """A program that is not there is no fault of the recording."""
    watched(tab, ["/nonexistent/tk"], lambda _: b'"live"' in tab.room.aside, pauses=(0.0,))
    assert "id" in tab.tap("T>A")[0]


def test_it_ends_with_the_session(tab):
    """A session that is closed has no alerts to come: nothing is begun again."""
    tab.recorder.close_session()
    tab.run(asyncio.wait_for(watch(tab.alerting, fake(HEARD), begun=pytest.fail), 5))


# -- the real one ----------------------------------------------------------------------------------------------------

TK = [sys.executable, "-m", "tkcore"]
PLANTED = [("ab", "ba", "at", "ta")[n // 10 % 4] for n in range(0, 1080, 10)]
"""Eighteen minutes in which C says nothing, a turn each ten seconds."""


def test_raised_alerts_are_those_of_a_replay_and_each_is_shown_once(tab, time, root):
    """Followed by `tk live` while it is recorded, shown and dismissed; a replay afterwards raises line for line the same."""
    for plugin in ("monopoly", "network", "process"):
        subprocess.run([*TK, "-w", str(root), "plugins", "enable", plugin], check=True, capture_output=True)
    heard: list[Line] = []
    hear = tab.alerting.hear

    def both(one: Line) -> bool:
        heard.append(one)
        return hear(one)

    tab.alerting.hear = both

    def up_to_date() -> bool:
        ticks = [x.seq for x in tab.recorder.ledger if isinstance(x, e.ClockTicked)]
        return any(one.line == "heard" and one.seq == ticks[-1] for one in heard)

    async def recording(_pids) -> None:
        for n, turn in enumerate(PLANTED):
            time.go(10)
            await tab.room.ask(tab.recorder.enter, turn)
            if n % 12 == 0:
                while not up_to_date():
                    await tab.room.change(tab.room.changed, 0.02)
                for one in tab.alerting.now.alerts:
                    act = "dismissed" if one.seat is None else "shown"
                    assert await tab.alerting.act(Act(one.alert, one.seat, act))

    watched(tab, command(root, "g/s"), lambda _: up_to_date(), during=recording)
    replay = subprocess.run(
        [*TK, "-w", str(root), "live", "g/s", "--once", "--raised", "--json"],
        check=False,
        capture_output=True,
    )
    kinds = ("raised", "lowered")
    again = [json.loads(one) for one in replay.stdout.splitlines()]
    live = [(x.line, x.alert, x.seat, x.ts, x.seq) for x in heard if x.line in kinds]
    assert live == [
        (x["line"], x["alert"], x["seat"], x["ts"], x["seq"]) for x in again if x["line"] in kinds
    ]
    raised = {(x.alert, x.seat, x.seq) for x in heard if x.line == "raised"}
    shown = [(x.alert, x.seat, x.since) for x in heard if x.line == "shown"]
    assert shown
    assert len(shown) == len(set(shown))
    assert set(shown) <= raised
    stored = [(x.alert, x.seat) for x in tab.recorder.ledger if isinstance(x, e.AlertShown)]
    assert stored
    assert len(stored) == len(set(stored))
    assert set(stored) <= {(alert, seat) for alert, seat, _ in shown}
    # what the log has as shown is not shown again
    assert not {(x["alert"], x["seat"]) for x in again if x["line"] == "shown"} & set(stored)


def children(pid: int) -> list[int]:
    """The processes a process has begun itself."""
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def eventually(what, seconds: float = 60):
    """Wait for something to be the case; return it."""
    import time as t

    end = t.monotonic() + seconds
    while not (found := what()):
        assert t.monotonic() < end, "it never was"
    return found


@pytest.fixture
def serving(tmp_path):
    """A `tk serve` of its own."""
    root = tmp_path / "ws"
    for words in (
        ("init", "--plain", "--language", "en", str(root)),
        ("-w", str(root), "session", "open", "g/s", "--seats", "T,A,B,C"),
    ):
        subprocess.run([*TK, *words], check=True, capture_output=True)
    made: list[subprocess.Popen] = []

    def start(*words: str) -> subprocess.Popen:
        made.append(
            subprocess.Popen(
                [*TK, "-w", str(root), "serve", "g/s", "--no-browser", "--port", "0", *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        assert made[-1].stdout.readline().startswith("http://")
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.wait()
        one.stdout.close()


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at /proc")


@needs_proc
def test_a_killed_tk_live_is_begun_again(serving):
    """The server has one child, gets another when that is killed, and none when told so."""
    server = serving()
    (first,) = eventually(lambda: children(server.pid))
    os.kill(first, signal.SIGKILL)
    (second,) = eventually(lambda: [pid for pid in children(server.pid) if pid != first])
    server.terminate()
    assert server.wait(timeout=60) == 0
    eventually(lambda: not alive(second))
    assert children(serving("--no-live").pid) == []


@needs_proc
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_is_left_behind(serving, sign):
    """A server that is killed takes `tk live` and its plugins' processes along."""
    server = serving()
    (child,) = eventually(lambda: children(server.pid))
    grand = eventually(lambda: children(child))
    server.send_signal(sign)
    server.wait(timeout=60)
    for pid in (child, *grand):
        eventually(lambda pid=pid: not alive(pid))
