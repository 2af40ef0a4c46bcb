"""Alerts while recording: `tk live` runs as a process of its own beside the recorder, and what it says is put before the
lead observer.

Nothing here holds up a recording: the process may die or hang, then it is begun again. `alert.shown` is stored when
the page says that the sentence stood before somebody's eyes, not when it was handed out: only what was seen can have
had an influence. A record's id is made of what it says, so that saying it again stores nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import DecodeError, Struct, json

from tkcore import events as e
from tkcore.recorder import own_id
from tkcore.scheme import Label
from tkcore.web.room import Nobody, Room

SILENT = 60.0
"""Seconds without a word after which `tk live` is taken to hang: the clock ticks every ten, and each tick is answered."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds before it is begun again, each time it has ended without having kept up."""
PATIENCE = 3.0
"""Seconds it has to put its own processes away."""
LONGEST = 1 << 20

Key = tuple[str, str]
_T = TypeVar("_T")


class Line(Struct, frozen=True):
    """What `tk live --json` prints, as far as it matters here; `lines.py` has the whole of it."""

    line: str
    alert: str = ""
    seat: str | None = None
    numbers: dict[str, int] = {}
    says: Label = Label(id="", en="")
    ts: int = 0
    seq: int = 0
    since: int = 0
    plugin: str = ""
    state: str = ""


class Standing(Struct, frozen=True):
    """An alert before the lead observer, raised at tick `since`; `stored`: the log says that it was shown."""

    alert: str
    seat: str | None
    numbers: dict[str, int]
    says: Label
    ts: int
    since: int
    stored: bool


class Aside(Struct, frozen=True):
    """What the page is told: the alerts that stand, oldest first, and what keeps others from coming.

    `live`: the process has ended or hangs and is begun again; `plugin`: one of the plugins' has.
    """

    alerts: tuple[Standing, ...] = ()
    trouble: Literal["live", "plugin"] | None = None


class Act(Struct, frozen=True):
    """What the page says of an alert: that it is before somebody's eyes, or that it was sent to rest."""

    alert: str
    seat: str | None
    act: Literal["shown", "dismissed"]


def command(root: Path, session: str) -> list[str]:
    """Return how `tk live` is begun beside the recorder."""
    # -P: nothing of the folder one happens to be in is imported
    return [
        sys.executable, "-P", "-m", "tkcore", "-w", str(root), "live", session, "--json", "--aside",
    ]  # fmt: skip


class Alerting:
    """What `tk live` has said, against what the log says was shown and dismissed."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.now = Aside()
        self._raised: dict[Key, Line] = {}
        self._handed: dict[Key, Line] = {}
        self._failing: set[str] = set()
        self._shown: dict[Key, int] = {}
        self._dismissed: dict[Key, int] = {}
        self._known, self._behind = 0, 0

    # -- what is said --

    async def begin(self) -> None:
        """A process begins, and says again what it says of the log so far."""
        self._raised, self._handed = {}, {}
        self._failing.clear()
        self._behind = await self.room.ask(self._last_tick)

    def _last_tick(self) -> int:
        ledger = self.room.recorder.ledger
        seqs = range(len(ledger) - 1, -1, -1)
        return next((seq for seq in seqs if isinstance(ledger[seq], e.ClockTicked)), 0)

    def hear(self, line: Line) -> bool:
        """Take in what it says; whether that is all of a tick of the present."""
        key = (line.alert, line.seat or "")
        match line.line:
            case "raised":
                self._raised[key] = line
            case "lowered":
                self._raised.pop(key, None)
                self._handed.pop(key, None)
            case "shown":
                self._handed[key] = line
            case "worker" if line.state == "started":
                self._failing.discard(line.plugin)
            case "worker":
                self._failing.add(line.plugin)
            case "heard":
                return line.seq >= self._behind
            case _:
                pass
        return False

    async def pass_on(self, trouble: Literal["live"] | None = None) -> None:
        """Tell the page what stands, if that has changed."""
        await self.room.ask(self._read)
        if trouble:
            now = Aside(self.now.alerts, trouble)  # nobody says that they are over
        else:
            now = Aside(self._standing(), "plugin" if self._failing else None)
        if now != self.now:
            self.now = now
            self.room.tell_aside(json.encode(now))

    def _standing(self) -> tuple[Standing, ...]:
        found = []
        for key, raised in self._raised.items():
            one = self._handed.get(key)
            if one is None or one.since != raised.seq or self._dismissed.get(key, -1) > raised.seq:
                continue
            stored = self._shown.get(key, -1) > raised.seq
            found.append(Standing(one.alert, one.seat, one.numbers, one.says, one.ts, one.since, stored))
        return tuple(sorted(found, key=lambda one: (one.ts, one.since, one.alert, one.seat or "")))

    def _read(self) -> None:
        ledger = self.room.recorder.ledger
        for seq in range(self._known, len(ledger)):
            match ledger[seq]:
                case e.AlertShown() as x:
                    self._shown[x.alert, x.seat or ""] = seq
                case e.AlertDismissed() as x:
                    self._dismissed[x.alert, x.seat or ""] = seq
                case _:
                    pass
        self._known = len(ledger)

    # -- what is done with it --

    async def act(self, said: Act) -> bool:
        """Store what the page says of an alert that stands; false where it does not, or not any more.

        Raises WriteFailed.
        """
        one = next((x for x in self.now.alerts if (x.alert, x.seat) == (said.alert, said.seat)), None)
        if one is None:
            return False
        await self.room.ask(self._store, one, said.act)
        await self.pass_on("live" if self.now.trouble == "live" else None)
        return True

    def _store(self, one: Standing, act: str) -> None:
        recorder = self.room.recorder
        if recorder.now.closed is not None:
            return
        lead = recorder.now.lead
        shown = own_id(recorder.session, f"shown {one.alert} {one.seat}", one.since)
        recorder.put(
            e.AlertShown(alert=one.alert, seat=one.seat, numbers=one.numbers), record_id=shown, observer=lead
        )
        if act == "dismissed":
            rests = own_id(recorder.session, f"dismissed {one.alert} {one.seat}", one.since)
            recorder.put(e.AlertDismissed(alert=one.alert, seat=one.seat), record_id=rests, observer=lead)


# -- the process ---------------------------------------------------------------------------------------------------------


async def watch(
    alerting: Alerting,
    command: Sequence[str],
    *,
    silent: float = SILENT,
    pauses: Sequence[float] = PAUSES,
    begun: Callable[[int], None] = lambda _pid: None,
) -> None:
    """Keep `tk live` at work for as long as the session is open; cancelled, it takes the process along.

    `begun` gets each one's number.
    """
    room, ended = alerting.room, 0

    def over() -> bool:
        return room.ending or not room.recording or room.recorder.now.closed is not None

    while not over():
        # no more processes, for a while; or the session has just ended
        with suppress(OSError, Nobody):
            await alerting.begin()
            async with aclosing(_lines(command, silent, begun)) as lines:
                async for line in lines:
                    if alerting.hear(line):
                        ended = 0
                        await alerting.pass_on()
        if over():
            break
        with suppress(Nobody):
            await alerting.pass_on("live")
        await asyncio.sleep(pauses[min(ended, len(pauses) - 1)])
        ended += 1


async def _within(seconds: float, what: Awaitable[_T]) -> _T:
    """Wait for something. Raises TimeoutError. `asyncio.wait_for` of 3.11 loses a cancellation that comes with the result."""
    async with asyncio.timeout(seconds):
        return await what


async def _lines(
    command: Sequence[str], silent: float, begun: Callable[[int], None]
) -> AsyncGenerator[Line, None]:
    """Yield what a process prints, until it ends, says nothing for too long, or something that is no line."""
    pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    # a session of its own: Ctrl-C is the server's to hear. Its stdin stays open for as long as we live
    child = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=none, limit=LONGEST, start_new_session=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        begun(child.pid)
        with suppress(TimeoutError, DecodeError, ValueError):
            while raw := await _within(silent, child.stdout.readline()):
                yield json.decode(raw, type=Line)
    finally:
        child.stdin.close()
        try:
            with suppress(TimeoutError):
                await _within(PATIENCE, child.wait())
        finally:  # the server may end while it does
            if child.returncode is None:
                child.kill()
            await child.wait()
