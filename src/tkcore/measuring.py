"""One analysis asked of a session that grows: at most every few seconds, and without ever waiting for the answer.

The job is that of `tk analyze`, as far as the head it is asked for; so is the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from tkcore import jobs as j
from tkcore.asking import offered_by, outcomes_of
from tkcore.log import Head
from tkcore.workers import Crew

APART = 5.0
"""Seconds from an answer to the next question."""
DEADLINE = 30.0
"""Seconds for an answer: who gives way to a recorder may have to wait for the processor."""
REST, LONGEST, DEATHS = 5.0, 60.0, 5
"""Seconds before a worker is begun again, twice as many each time up to the longest, given up after so many times."""


class Measured(Struct, frozen=True):
    """What came of an analysis, at a record and its time on the session clock."""

    outcome: j.AnyOutcome
    seq: int
    now: int


class Measuring:
    """An analysis of one session, asked again and again; `able` says whether a plugin of the crew offers it."""

    def __init__(
        self, crew: Crew, root: str, session: str, analysis: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.crew, self.root, self.session, self._now = crew, root, session, now
        self._offer = next((o for o in offered_by(crew) if o.what.name == analysis), None)
        self._state: Literal["idle", "asked", "begun", "resting", "lost"] = "idle"
        self._about = (Head(-1, ""), 0)
        self._due = 0.0
        self._deaths = 0
        self.latest: Measured | None = None

    @property
    def able(self) -> bool:
        return self._offer is not None

    def step(self, head: Head, now: int) -> bool:
        """Take the answer that has come, and ask about the head where it is time; whether `latest` is another one."""
        if self._offer is None or self._state == "lost":
            return False
        before = self.latest
        if self._state in ("asked", "begun"):
            for _, answer in self.crew.came(0.0):
                self._hear(answer)
        elif self._state == "resting" and self._now() >= self._due:
            self._begin()
        if self._state == "idle" and head != self._about[0] and self._now() >= self._due:
            self._about, self._state = (head, now), "asked"
            asked = (j.Asked(self._offer.what.name),)
            job = j.Analyze(root=self.root, session=self.session, head=head, asked=asked)
            self.crew.give(self._offer.by.plugin, job, DEADLINE)
        return self.latest is not before

    def _hear(self, answer: j.Answer) -> None:
        assert self._offer is not None
        self._due = self._now() + APART
        if isinstance(answer, j.Loaded):
            self._state, self._about = "idle", (Head(-1, ""), 0)
            return
        if self._state == "asked":
            head, now = self._about
            self.latest = Measured(outcomes_of([self._offer], {}, answer)[0], head.seq, now)
        self._state = "idle"
        if isinstance(answer, j.Stopped):
            self._rest()
        else:
            self._deaths = 0

    def _begin(self) -> None:
        assert self._offer is not None
        self._state = "begun"
        try:
            self.crew.begin(self._offer.by.plugin)
        except (OSError, EOFError):  # no more processes, for a while
            self._rest()

    def _rest(self) -> None:
        """Wait a while before its worker, whose process is over, is begun again."""
        assert self._offer is not None
        self.crew.rest(self._offer.by.plugin)
        self._deaths += 1
        self._due = self._now() + min(LONGEST, REST * 2 ** (self._deaths - 1))
        self._state = "resting" if self._deaths < DEATHS else "lost"
