"""`tk live` on a terminal: the log is followed, plugins are asked, and what is the case is drawn, at most once a second.

A log that cannot be read on, is replaced or comes from elsewhere bit by bit ends nothing: what was known stays on the
screen, and it is looked for again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from tkcore.cli.board import Seen, table
from tkcore.cli.screen import Screen
from tkcore.disk import Disk
from tkcore.errors import BadInput, Damaged, TkError
from tkcore.events import Record
from tkcore.following import Tail, more
from tkcore.lines import HeardLine, LiveLine, ShownLine
from tkcore.live import LIMITS, Around, Live, Pace
from tkcore.log import Head
from tkcore.measuring import Measuring
from tkcore.plugins import find, runnable
from tkcore.reading import books
from tkcore.records import decode
from tkcore.recovery import refusal
from tkcore.watching import Told, case_of, still, told
from tkcore.workers import Crew

NETWORK, STRUCTURE = "network", "network.structure"
POLL, AGAIN = 0.25, 2.0
"""Seconds between two looks at the log, and at one that could not be read."""
EVERY = 1.0
"""Seconds between two drawings."""
SHARE = 5
"""The rows are made again after so many times as long as it took: a long session takes no more of the processor."""
FRESH = 30_000
"""Ms of session time within which an alert is drawn at once: one of the past belongs to catching up."""
NOTICE = 60.0
"""Seconds for which it is said that a log was replaced."""


class Watch:
    """A session on a screen until somebody leaves; `failed` says whether a plugin did."""

    def __init__(
        self,
        desk: Any,
        session: str,
        screen: Screen,
        language: str,
        *,
        debug: bool = False,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        pace: Pace | None = None,
    ) -> None:
        self.workspace, self.disk, self.session = desk.workspace, desk.disk, session
        self.screen, self.language, self.debug = screen, language, debug
        self._now, self._wall, self._pace = now, wall, pace
        self.books = books(self.workspace)
        self.tail = self._tail()
        self.records: list[Record] = []
        self.seen = Seen(session=session, loading=True)
        self.failed = False
        self._measuring: Measuring | None = None
        self._anew = False
        self._stale, self._urgent = False, True
        self._looked = self._heard = self._replaced = self._case_due = self._drawn = float("-inf")
        self._size = (0, 0)

    def _tail(self) -> Tail:
        return Tail(self.workspace.session(self.session), self.session, Disk())

    def run(self) -> None:
        """Show it until somebody leaves."""
        while not self._round():
            pass

    # -- a round: from a log's beginning until it is over, cannot be read on, or is another one --

    def _round(self) -> bool:
        """Return whether somebody has left."""
        self._anew = False
        self.seen = replace(self.seen, told=Told(), measured=None, loading=True)
        if self._turn():
            return True
        self._anew = False
        ready = runnable(find(), self.workspace.config().plugins)
        own = [one for one in ready if getattr(one, "name", "") == NETWORK]
        root = str(self.workspace.root.resolve())
        with Crew(ready, LIMITS, debug=self.debug) as crew, Crew(own, LIMITS, debug=self.debug) as asked:
            try:
                self._measuring = Measuring(asked, root, self.session, STRUCTURE)
                self.seen = replace(self.seen, loading=False, network=self._measuring.able, told_at=0)
                live = Live(
                    crew,
                    root,
                    self._tail(),
                    pace=self._pace,
                    around=Around(wait=self.screen.wait),
                    ticks=True,
                )
                left = self._follow(live)
                if left is None:
                    left = self._stay()
            except BaseException:
                self.screen.leave()  # first the terminal, then whatever takes its time
                raise
            else:
                if left:
                    self.screen.leave()
                return left
            finally:
                self._measuring = None

    def _follow(self, live: Live) -> bool | None:
        """Return whether somebody has left, None where nothing more will be said."""
        try:
            for line in live.steps():
                if line is not None:
                    self._hear(line, live)
                elif self._turn():
                    return True
                if self._anew:
                    return False
            self.seen = replace(self.seen, told_at=None)
        except (TkError, OSError) as error:
            self._cannot(error)
        return None

    def _stay(self) -> bool:
        """Stay with what is known, until somebody leaves or there is something else to follow."""
        tried = self._now()
        broken = self.seen.trouble is not None
        while True:
            self.screen.wait(POLL)
            if self._turn():
                return True
            if self._anew or (broken and self.seen.trouble is None and self._now() - tried > AGAIN):
                return False

    def _hear(self, line: LiveLine, live: Live) -> None:
        self.failed = self.failed or live.failed
        known = told(self.seen.told, line)
        if isinstance(line, HeardLine):
            known = still(known, {name for ear in live.ears for name in ear.failing})
            self.seen = replace(self.seen, told_at=line.ts)
        if isinstance(line, ShownLine) and self.seen.case is not None:
            self._urgent = self._urgent or line.ts >= self.seen.case.now - FRESH
        self.seen = replace(self.seen, told=known)

    # -- a turn: look at the log, ask, draw, hear keys --

    def _turn(self) -> bool:
        """Return whether somebody wants to leave."""
        now = self._now()
        if now - self._looked >= (POLL if self.seen.trouble is None else AGAIN):
            self._look()
            self._looked = now
        if self._stale and now >= self._case_due:
            self._derive()
        asked, case = self._measuring, self.seen.case
        if asked is not None and case is not None and asked.step(self._head(), case.now):
            self.seen = replace(self.seen, measured=asked.latest)
        self._draw()
        return self.screen.leaving()

    def _look(self) -> None:
        try:
            news = more(self.tail)
            if news.again:
                self.records, self._anew, self._replaced = [], True, self._now()
            self.records += [_record(self.session, line.data) for line in news.lines]
        except (TkError, OSError) as error:
            self._cannot(error)
            return
        if news.lines or news.again:
            self._stale, self._heard = True, self._now()
        trouble = None if news.damage is None else refusal(self.session, news.damage)
        self.seen = replace(self.seen, trouble=trouble)

    def _cannot(self, error: TkError | OSError) -> None:
        said = error if isinstance(error, TkError) else BadInput("{error}", error=error)
        self.seen = replace(self.seen, trouble=said)

    def _head(self) -> Head:
        assert self.tail.scan is not None
        return Head(self.tail.scan.head.seq, self.tail.scan.head.h)

    def _derive(self) -> None:
        began = self._now()
        first = self.seen.case is None
        case = case_of(self.records, self.session, self._head(), self.books)
        if first and case is not None:
            # how long ago somebody wrote is only known from what he wrote
            self._heard = min(began, began - (self._wall() - case.logged / 1000))
        self.seen = replace(self.seen, case=case)
        took = self._now() - began
        self._stale, self._case_due = False, began + max(EVERY, SHARE * took)

    def _draw(self) -> None:
        now, size = self._now(), self.screen.size()
        if not self._urgent and size == self._size and now - self._drawn < EVERY:
            return
        heard = int(now - self._heard) if self._heard > float("-inf") else None
        self.seen = replace(self.seen, heard=heard, anew=now - self._replaced < NOTICE)
        with suppress(BlockingIOError):
            self.screen.draw(table(self.seen, *size, self.language), size[0])
        self._urgent, self._size, self._drawn = False, size, now


def _record(log: str, data: bytes) -> Record:
    try:
        return decode(data)
    except ValueError as error:
        raise Damaged("{log}: a line that verifies is not a record: {error}", log=log, error=error) from None
