"""The recorder in a thread of its own: everything that is asked of it comes one after the other, and nobody waits for the
disk but who asked.

What was stored is told to whoever listens, each in his own time: a listener keeps only how far he has come.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from gettext import NullTranslations
from typing import Annotated, Literal, ParamSpec, TypeVar

from msgspec import Meta, Raw, Struct, ValidationError, json

from tkcore.errors import BadInput, GrammarError, TkError, WriteFailed
from tkcore.recorder import Answer, Recorder
from tkcore.talk import N_, say
from tkcore.web.saying import private, said, shown
from tkcore.web.sealing import Seal

MOST = 500
"""The most entries of one request: so many are on the disk within seconds."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Tap(Struct, frozen=True):
    """What was tapped: a line under the page's own id, when, on the session clock (None: now), and whether live.

    Line and time may be `sealed`, as they waited on a device; `seq` is the record that such a line is about.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{30}$")]
    line: Annotated[str, Meta(max_length=4096)] | None = None
    at: int | float | None = None
    made: Literal["live", "review"] = "live"
    sealed: Annotated[str, Meta(max_length=24_200)] | None = None
    seq: Annotated[int, Meta(ge=0)] | None = None


class _Named(Struct, frozen=True):
    id: Annotated[str, Meta(max_length=64)] | None = None


class Why(Struct, frozen=True):
    """Why a line is not stored."""

    column: int
    reason: str
    near: tuple[str, ...]


class Refused(Struct, frozen=True):
    id: str | None
    error: Why


class News(Struct, frozen=True):
    """A stored record, as it is told; to nobody but its `owner` where observers are kept apart, if it has one."""

    seq: int
    data: bytes
    owner: str = ""


class Nobody(Exception):
    """Nobody records just now: not yet (409 before), or the log was let go of for a moment (503 resting)."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.status, self.reason = (503, "resting") if begun else (409, "before")


class Room:
    """One session being recorded, for everybody who has the page; before it is opened, nobody records.

    `sealing` gives the seal of a session's queues.
    """

    def __init__(
        self, recorder: Recorder | None = None, sealing: Callable[[str], Seal] | None = None
    ) -> None:
        self._recorder: Recorder | None = None
        self.session = ""
        self.sealing = sealing
        self.seal: Seal | None = None
        self.ending = False
        self.news: list[News] = []
        """All that the log says to the page, in order; only ever appended to."""
        self.aside = b""
        """What stands beside the log at present, as it is told: the last one counts."""
        self.apart, self.lead = False, ""
        """Whether observers are not shown each other's marks, and who leads; while the log is let go of, as it was."""
        self._told = 0
        self._thread = ThreadPoolExecutor(1, "recorder")
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        if recorder is not None:
            self.begin(recorder)

    @property
    def recorder(self) -> Recorder:
        """Who records. Raises Nobody."""
        if self._recorder is None:
            raise Nobody(begun=bool(self.session))
        return self._recorder

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    def prepare(self, session: str) -> None:
        """Have the seal of a session that is recorded next. Raises BadInput where its key is damaged."""
        if self.sealing is not None and self.seal is None:
            self.seal = self.sealing(session)

    def begin(self, recorder: Recorder) -> None:
        """Record from now on, or go on."""
        self.prepare(recorder.session)
        self._recorder, self.session = recorder, recorder.session
        self._tell()

    def rest(self) -> None:
        """Let go of the log."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.writer.close()

    async def ask(self, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Let the recorder's thread do something, and tell what it has stored."""
        loop = asyncio.get_running_loop()

        def job() -> _T:
            try:
                return act(*args, **kwargs)
            finally:
                self._tell()
                with suppress(RuntimeError):  # the server has ended: nobody listens any more
                    loop.call_soon_threadsafe(self._wake)

        return await loop.run_in_executor(self._thread, job)

    def _tell(self) -> None:
        if self._recorder is None:
            return
        ledger = self._recorder.ledger
        self.apart, self.lead = self._recorder.apart, self._recorder.now.lead
        for seq in range(self._told, len(ledger)):
            record = ledger[seq]
            if shown(record):
                owner = record.observer if private(self.recorder, record) else ""
                self.news.append(News(seq, json.encode(said(self.recorder, record)), owner))
        self._told = len(ledger)

    # -- lines --

    async def enter(
        self, sent: Sequence[Raw], t: NullTranslations, observer: str
    ) -> AsyncIterator[Answer | Refused]:
        """Store what an observer sent, in order, and answer each once it is on the disk.

        Raises WriteFailed where the disk refuses one: nothing behind it is tried, an undo must not meet another entry
        than it meant.
        """
        async with self._turn:
            for raw in sent:
                yield await self.ask(self._enter, raw, t, observer)

    def _enter(self, raw: Raw, t: NullTranslations, observer: str) -> Answer | Refused:
        try:
            tap = json.decode(raw, type=Tap)
        except (ValidationError, RecursionError) as error:
            reason = t.gettext(N_("neither an id of 30 hex digits nor a line: {error}"))
            return Refused(_id_of(raw), Why(1, reason.format(error=error), ()))
        try:
            line, at = self._words(tap)
            return self.recorder.enter(line, tap.id, None if at is None else round(at), observer, tap.made)
        except (WriteFailed, Nobody):
            raise
        except TkError as error:
            column, near = (error.column, error.near) if isinstance(error, GrammarError) else (1, ())
            return Refused(tap.id, Why(column, say(error, t), near))
        except Exception as error:  # noqa: BLE001 - one line must not end the recording of the others
            fault = t.gettext(
                N_("a fault of tkcore, not yours ({kind}: {error}): nothing of this line is stored")
            )
            return Refused(tap.id, Why(1, fault.format(kind=type(error).__name__, error=error), ()))

    def _words(self, tap: Tap) -> tuple[str, int | float | None]:
        if tap.line is not None:
            return tap.line, tap.at
        if tap.sealed is None or self.seal is None:
            raise BadInput("there is no line, and none that is sealed")
        words = self.seal.open(tap.id, tap.sealed, tap.seq)
        return words.line, words.at

    # -- listening --

    def after(self, seq: int) -> Sequence[News]:
        """Return what was stored after a record."""
        return self.news[bisect_right(self.news, seq, key=_seq) :]

    @property
    def head(self) -> int:
        return self._told - 1

    async def change(self, changed: asyncio.Event, seconds: float) -> bool:
        """Wait until something is stored; False if nothing was for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await changed.wait()
        return False

    @property
    def changed(self) -> asyncio.Event:
        """What is set when the next record is stored: to be had before looking at what is there."""
        return self._changed

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def tell_aside(self, data: bytes) -> None:
        """Tell everybody, and whoever comes later, what is in no record."""
        self.aside = data
        self._wake()

    # -- the end --

    def end(self) -> None:
        """Let everybody go who listens."""
        self.ending = True
        self._wake()

    def close(self) -> None:
        """Wait for what the recorder is doing."""
        self._thread.shutdown()


def _seq(news: News) -> int:
    return news.seq


def _id_of(raw: Raw) -> str | None:
    try:
        return json.decode(raw, type=_Named).id
    except (ValidationError, RecursionError):
        return None
