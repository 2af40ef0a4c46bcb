"""The loop of `tk live`: a log is followed, workers are asked at every tick, alerts come out as lines.

Each plugin has an `Ear`: how far its worker has heard the session, and the fold of what it says. Those who keep up are
asked for the same tick and heard together, so that their lines have one order. A worker that dies or is late is begun
again after a while and hears the log from 0; its fold goes on at the tick it owes, so that nothing is said twice and no
tick is skipped. Nobody waits for it until it has caught up. Nothing is written to the log here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct, field

from tkcore import jobs as j
from tkcore.alerts import (
    Change,
    Heard,
    Key,
    Policy,
    Showing,
    Shown,
    Standing,
    filled,
    key_of,
    raising,
    showing,
    wrong,
)
from tkcore.analyses import Said
from tkcore.errors import Damaged
from tkcore.events import AlertDismissed, AlertShown
from tkcore.following import News, Tail, more
from tkcore.lines import FailedLine, HeardLine, LiveLine, LoweredLine, RaisedLine, ShownLine, WorkerLine
from tkcore.log import Damage, stub_of
from tkcore.records import decode
from tkcore.recovery import refusal
from tkcore.workers import Crew, Limits

LIMITS = Limits(aside=True)
"""For a crew that listens."""
MOST_LINES = 2000
"""The most lines of a log that go to a worker in one job."""


class Pace(Struct, frozen=True, kw_only=True):
    """Seconds a worker has for a tick, between two looks at the log, and before it is begun again: twice as many each
    time from `first` to `longest`, given up at `deaths` in a row.
    """

    deadline: float = 5.0
    poll: float = 0.25
    first: float = 1.0
    longest: float = 60.0
    deaths: int = 5


class Around(Struct, frozen=True):
    """Where the time of day's work comes from, none of which is in an alert: a clock in seconds, and waiting."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep


class Ear(Struct):
    """How far a plugin has heard the session; `says` has the sentences of its alerts, by analysis."""

    plugin: str
    says: dict[str, dict[str, Said]]
    sent: int = 0
    """Records its worker has."""
    answered: int = 0
    """Ticks it has answered for."""
    raised: dict[Key, Standing] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    deaths: int = 0
    state: Literal["up", "resting", "begun", "lost"] = "up"
    """Whether its worker can take a job, has died, has been begun again and is loading, or is given up."""
    retry: float = 0.0
    """When it is begun again, where it rests."""
    behind: bool = False
    """Whether it has still to catch up with the others, who do not wait for it."""
    job: j.Listen | None = None
    """What it is asked, until its answer is heard."""
    stale: bool = False
    """Whether the log was read again since it was asked: the answer counts for nothing."""
    answer: j.Answer | None = None
    """What it has answered, kept while others who keep up are still at the same tick."""

    @property
    def keeps_up(self) -> bool:
        return self.state == "up" and not self.behind


class Live:
    """One session followed to its end; `failed` says whether a plugin did."""

    def __init__(
        self,
        crew: Crew,
        root: str,
        tail: Tail,
        *,
        pace: Pace | None = None,
        around: Around | None = None,
        policy: Policy | None = None,
        ticks: bool = False,
    ) -> None:
        """`ticks`: each tick that has been heard gets a line, and who asks for them knows what the log has as shown: he
        hears of it again.
        """
        self.crew, self.root, self.tail, self.ticks = crew, root, tail, ticks
        self.pace, self.around, self.policy = pace or Pace(), around or Around(), policy or Policy()
        self.failed = False
        self.ears = []
        for plugin, offer in crew.offers.items():
            says = {a.name: a.says for a in offer.analyses if a.live}
            if says:
                self.ears.append(Ear(plugin, says))
            else:
                crew.rest(plugin)
        self._says = {
            key: said for ear in self.ears for own in ear.says.values() for key, said in own.items()
        }
        self._told: set[tuple[type, str, str | None, int]] = set()
        self._damage: Damage | None = None
        self._forget()

    def _forget(self) -> None:
        """Begin with the session anew."""
        self._lines: list[str] = []
        self._ticks: list[tuple[int, int]] = []
        self._dismissed: list[AlertDismissed] = []
        self._logged: dict[Key, list[int]] = {}
        self._closed = False
        self._next, self._showing = 0, Showing()
        for ear in self.ears:
            ear.sent, ear.answered, ear.raised, ear.behind = 0, 0, {}, False
            ear.stale = ear.job is not None

    def run(self, *, once: bool = False) -> Iterator[LiveLine]:
        """Give what happens, from the log's beginning until the session is closed; `once`: as far as the log is now.

        Raises Damaged, NotAllowed where the log cannot be read on, after what came before.
        """
        for line in self.steps(once=once):
            if line is not None:
                yield line

    def steps(self, *, once: bool = False) -> Iterator[LiveLine | None]:
        """Give what happens as `run` does, and None after each look: who has something else to do does it then."""
        for broken in self.crew.broken:
            self.failed = True
            yield WorkerLine(
                plugin=broken.found.name, state="stopped", error=f"{broken.stage}: {broken.error}"
            )
        for ear in self.ears:
            yield WorkerLine(plugin=ear.plugin, state="started")
        self._take(more(self.tail))
        while True:
            over = once or self._closed or self._damage is not None
            yield from self._begin_again()
            self._hand_out()
            resting = [ear for ear in self.ears if ear.state == "resting"]
            pause = min([self.pace.poll, *(max(0.0, ear.retry - self.around.now()) for ear in resting)])
            if any(ear.job is not None or ear.state == "begun" for ear in self.ears):
                yield from self._listen(pause)
            elif not over or any(ear.answered < len(self._ticks) for ear in resting):
                self.around.wait(pause)
            else:
                break
            yield from self._show()
            yield None
            if not over:
                self._take(more(self.tail))
        if self._damage is not None:
            raise refusal(self.tail.log, self._damage)

    # -- the log --

    def _take(self, news: News) -> None:
        if news.again:
            self._forget()
        for line in news.lines:
            try:
                stub = stub_of(line.data)
                self._lines.append(line.data.decode())
            except ValueError as error:
                raise Damaged(
                    "{log}: a line that verifies is not a record: {error}", log=self.tail.log, error=error
                ) from None
            if stub.t == "clock.ticked":
                self._ticks.append((stub.seq, stub.ts))
            elif stub.t == "session.closed":
                self._closed = True
            elif stub.t in ("alert.shown", "alert.dismissed"):
                match decode(line.data):
                    case AlertShown() as x:
                        self._logged.setdefault(key_of(x.alert, x.seat), []).append(x.seq)
                    case AlertDismissed() as x:
                        self._dismissed.append(x)
        self._damage = news.damage or self._damage

    # -- the workers --

    def _begin_again(self) -> Iterator[LiveLine]:
        for ear in self.ears:
            if ear.state == "resting" and self.around.now() >= ear.retry:
                ear.state = "begun"
                try:
                    self.crew.begin(ear.plugin)
                except (OSError, EOFError) as error:  # no more processes, for a while
                    yield self._lose(ear, f"its process cannot be begun: {error}")

    def _hand_out(self) -> None:
        """Ask all who keep up for the same tick, who is behind for his."""
        for ear in self.ears:
            known = self._next if ear.behind else min(self._next + 1, len(self._ticks))
            if ear.state == "up" and ear.job is None and ear.answered < known:
                ear.job, ear.stale = self._job(ear), False
                self.crew.give(ear.plugin, ear.job, self.pace.deadline)

    def _listen(self, longest: float) -> Iterator[LiveLine]:
        """Wait for answers; hear who is on his own at once, all who keep up when the last of them has answered."""
        came = dict(self.crew.came(longest))
        for ear in self.ears:
            ear.answer = came.get(ear.plugin, ear.answer)
        together = all(ear.job is None or ear.answer is not None for ear in self.ears if ear.keeps_up)
        for ear in self.ears:
            if ear.answer is not None and (together or not ear.keeps_up):
                answer, ear.answer = ear.answer, None
                yield from self._hear(ear, answer)

    def _job(self, ear: Ear) -> j.Listen:
        seq, _ = self._ticks[ear.answered]
        end = min(seq + 1, ear.sent + MOST_LINES)
        return j.Listen(
            root=self.root, session=self.tail.log, begin=ear.sent, lines=tuple(self._lines[ear.sent : end]),
            ticks=(seq,) if end == seq + 1 else (),
        )  # fmt: skip

    def _hear(self, ear: Ear, answer: j.Answer) -> Iterator[LiveLine]:
        job, ear.job = ear.job, None
        if job is None and isinstance(answer, j.Loaded):
            ear.state, ear.sent, ear.behind = "up", 0, ear.answered < self._next
            return
        if ear.stale and isinstance(answer, j.Listened):
            return
        fault = _fault(ear, job, answer)
        if fault or job is None or not isinstance(answer, j.Listened):
            yield self._lose(ear, j.plain(fault))
            return
        ear.sent += len(job.lines)
        for said in answer.said:
            if ear.deaths:
                ear.deaths = 0
                yield WorkerLine(plugin=ear.plugin, state="started")
            seq, ts = self._ticks[ear.answered]
            ear.answered += 1
            for one in said.heard:
                if one.alerts is None and one.analysis not in ear.failing:
                    self.failed = True
                    yield FailedLine(
                        plugin=ear.plugin, analysis=one.analysis, error=j.plain(one.error), ts=ts, seq=seq
                    )
            ear.failing = {one.analysis for one in said.heard if one.alerts is None}
            ear.raised, changes = raising(ear.raised, ts, seq, said.heard)
            for change in changes:
                yield from self._line(RaisedLine if change.up else LoweredLine, change)

    def _lose(self, ear: Ear, error: str) -> WorkerLine:
        """Take note that a worker has died; say when it is begun again."""
        self.failed = True
        ear.deaths += 1
        self.crew.rest(ear.plugin)
        if ear.deaths >= self.pace.deaths:
            ear.state = "lost"
            return WorkerLine(plugin=ear.plugin, state="stopped", error=error)
        pause = min(self.pace.longest, self.pace.first * 2 ** (ear.deaths - 1))
        ear.state, ear.retry = "resting", self.around.now() + pause
        return WorkerLine(plugin=ear.plugin, state="failed", error=error, retry_ms=round(1000 * pause))

    # -- what is shown --

    def _show(self) -> Iterator[LiveLine]:
        """Go on over the ticks that all who keep up have answered; who was behind may keep up from now on."""
        while self._next < len(self._ticks) and all(e.answered > self._next for e in self.ears if e.keeps_up):
            yield from self._show_next()
        for ear in self.ears:
            ear.behind = ear.behind and ear.answered < self._next

    def _show_next(self) -> Iterator[LiveLine]:
        """Go on to the next tick with what those who keep up have raised by then."""
        seq, ts = self._ticks[self._next]
        before = self._ticks[self._next - 1][0] if self._next else -1
        self._next += 1
        raised = {k: s for ear in self.ears if ear.keeps_up for k, s in ear.raised.items()}
        dismissed = [x for x in self._dismissed if before < x.seq <= seq]
        self._showing, found = showing(self._showing, ts, seq, raised, dismissed, self.policy)
        for one in found:
            logged = self._logged.get(key_of(one.alert, one.seat), ())
            # else it was shown, by the one who went before us
            if self.ticks or not any(at > one.since for at in logged):
                yield from self._line(ShownLine, one, since=one.since)
        if self.ticks:
            yield HeardLine(ts=ts, seq=seq)

    def _line(
        self, kind: Callable[..., RaisedLine | LoweredLine | ShownLine], what: Change | Shown, **more: int
    ) -> Iterator[LiveLine]:
        line = kind(
            alert=what.alert, seat=what.seat, numbers=what.numbers, ts=what.ts, seq=what.seq,
            says=filled(self._says[what.alert], what.seat, what.numbers), **more,
        )  # fmt: skip
        told = (type(line), what.alert, what.seat, what.seq)
        if told not in self._told:  # a log that was read again says again what it said
            self._told.add(told)
            yield line


def _fault(ear: Ear, job: j.Listen | None, answer: j.Answer) -> str:
    """Return why an answer is none, in a sentence; nothing if it may be taken."""
    match answer:
        case j.Listened(said=said) if job is not None:
            return _untaken(ear, said, job.ticks)
        case j.Stopped(error=error):
            return error
        case j.Refused():
            return str(j.raised(answer))
    return "what it answered is not what was asked for"


def _untaken(ear: Ear, said: Sequence[j.SaidAt], ticks: Sequence[int]) -> str:
    if [one.tick for one in said] != list(ticks):
        return "what it answered is not what was asked for"
    for one in said:
        names = [heard.analysis for heard in one.heard]
        if len(set(names)) < len(names):
            return "an analysis answered twice"
        for heard in one.heard:
            fault = _wrong(ear, heard)
            if fault:
                return fault
    return ""


def _wrong(ear: Ear, heard: Heard) -> str:
    if heard.analysis not in ear.says:
        return f"it answered for {heard.analysis[:80]!r}, which has no alert"
    return wrong(heard.alerts or (), ear.says[heard.analysis])
