"""Plugins at work, seen from the process that asks: one process each, which may die without harm to anybody else.

A `Crew` begins a worker for each plugin that may run, hands out jobs, and waits for no answer longer than its
deadline. Lines of JSON go back and forth; what comes is read in pieces, never more than is taken, and only in the types
of `jobs.py`: nobody here imports a plugin, and nothing of a plugin's is unpickled.
"""

from __future__ import annotations

import multiprocessing
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, Self

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from tkcore import jobs as j
from tkcore import worker
from tkcore.confinement import remove
from tkcore.plugins import Broken, Found, Offer

_PIECE = 1 << 20
_OTHER = "what it answered is not what was asked for"


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds for a job and for loading, bytes of memory and of an answer, and how often a dead worker is begun again."""

    deadline: float = 60.0
    loading: float = 20.0
    memory: int = 2 << 30
    largest: int = 64 << 20
    again: int = 3
    aside: bool = False
    """Whether the workers give way to everybody else: while a session is recorded nothing may wait for them."""


class Worker:
    """One plugin's process: `until` is when the answer it owes is due, None while it owes none."""

    def __init__(self, found: Found, limits: Limits, *, debug: bool, now: Callable[[], float]) -> None:
        self.found, self.limits = found, limits
        self._debug, self._now = debug, now
        self._place: str | None = None
        self._process: Any = None
        self._channel: socket.socket | None = None
        self._inbox = bytearray()
        self._outbox = memoryview(b"")
        self._patience = 0.0
        self._loading = False
        self.begun = 0
        self.until: float | None = None
        self.last: j.Stopped | None = None

    @property
    def alive(self) -> bool:
        return self._channel is not None

    @property
    def spent(self) -> bool:
        """Whether it has died too often to be begun again."""
        return not self.alive and self.begun > self.limits.again

    @property
    def channel(self) -> socket.socket:
        assert self._channel is not None
        return self._channel

    @property
    def sending(self) -> bool:
        return bool(self._outbox)

    def begin(self) -> None:
        """Start the process; it owes a `Loaded`."""
        context: Any = multiprocessing.get_context(_method())
        ours, theirs = socket.socketpair()
        self._place = tempfile.mkdtemp(prefix="tkcore-")
        start = j.Start(
            name=self.found.name, distribution=self.found.distribution,
            place=self._place, memory=self.limits.memory, largest=self.limits.largest,
            aside=self.limits.aside, debug=self._debug,
        )  # fmt: skip
        process = context.Process(target=worker.main, args=(theirs, json.encode(start)), daemon=True)
        try:
            with _no_main():
                process.start()
        except BaseException:
            ours.close()
            remove(self._place)
            raise
        finally:
            theirs.close()
        self._process = process
        ours.setblocking(False)
        self._channel = ours
        self._inbox.clear()
        self.begun += 1
        self._loading = True
        self._owe(self.limits.loading)

    def give(self, job: j.Job, deadline: float) -> None:
        """Hand over a job; it owes the answer."""
        self._outbox = memoryview(json.encode(job) + b"\n")
        self._loading = False
        self._owe(deadline)

    def _owe(self, seconds: float) -> None:
        self._patience, self.until = seconds, self._now() + seconds

    def moved(self) -> j.Answer | None:
        """Send and read what can be, without waiting; return the answer if it is there, or how the process ended."""
        try:
            if self._outbox:
                self._outbox = self._outbox[self.channel.send(self._outbox) :]
        except BlockingIOError:
            pass
        except OSError:
            return self.end("ended")
        try:
            piece = self.channel.recv(_PIECE)
        except BlockingIOError:
            return None
        except OSError:
            piece = b""
        if not piece:
            return self.end("ended")
        self._inbox += piece
        if len(self._inbox) > self.limits.largest + 1:
            return self.end("size", f"answered more than {self.limits.largest:,} bytes")
        line, newline, rest = self._inbox.partition(b"\n") if b"\n" in piece else (b"", b"", b"")
        if not newline:
            return None
        self._inbox = bytearray(rest)
        try:
            answer: j.Answer = json.decode(line, type=j.Answer)
        except (DecodeError, RecursionError, ValueError) as error:
            return self.end("check", f"{_OTHER}: {error}")
        if isinstance(answer, j.Loaded) != self._loading:
            return self.end("check", _OTHER)
        self.until = None
        return answer

    def late(self) -> j.Stopped:
        """End it: its answer is overdue."""
        what = "loading it " if self._loading else ""
        return self.end("deadline", f"{what}took longer than {self._patience:g} s")

    def end(self, stage: str, error: str = "") -> j.Stopped:
        """End the process and say why; nothing of it is left."""
        self.dismiss()
        how = self.gone(wait=2.0 if stage == "ended" else 0.0)
        self.last = j.Stopped(stage=stage, error=error or f"the plugin's process ended: {how}")
        return self.last

    def dismiss(self) -> None:
        """Let the process know that nobody listens any more."""
        self.until = None
        self._outbox = memoryview(b"")
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def gone(self, *, wait: float = 0.0) -> str:
        """Wait until the process is over, ending it where it does not end by itself, and return how it ended."""
        process, self._process = self._process, None
        if process is None:
            return "-"
        if wait:
            process.join(wait)
        code = process.exitcode
        if code is None:
            process.terminate()  # the keeper ends what it keeps
            process.join(2.0)
            if process.exitcode is None:
                process.kill()
                process.join()
        process.close()
        if self._place is not None:
            remove(self._place)
            self._place = None
        return "it closed its channel" if code is None else _how(code)


def _method() -> str:
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _within_reach() -> None:
    """Let the process that makes workers listen where a socket may be: its path has about a hundred signs, not more."""
    from multiprocessing import util

    if len(os.fsencode(tempfile.gettempdir())) > 60:
        before, tempfile.tempdir = tempfile.tempdir, "/tmp"  # noqa: S108 - a new folder in it is made
        try:
            util.get_temp_dir()  # made once
        finally:
            tempfile.tempdir = before


@contextmanager
def _no_main() -> Iterator[None]:
    """A worker needs nothing of the program that began it, whose main module would be run again there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class Crew:
    """The workers of the plugins that may run: `offers` of those that loaded, `broken` are the others.

    A context manager: at its end every process is over.
    """

    def __init__(
        self,
        runnable: Iterable[Found | Broken],
        limits: Limits | None = None,
        *,
        debug: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.offers: dict[str, Offer] = {}
        self.broken: list[Broken] = []
        self._now = now
        self._workers: dict[str, Worker] = {}
        for one in runnable:
            if isinstance(one, Broken):
                self.broken.append(one)
            else:
                self._workers[one.name] = Worker(one, self.limits, debug=debug, now=now)

    def __enter__(self) -> Self:
        if self._workers and _method() == "forkserver":
            multiprocessing.get_context("forkserver").set_forkserver_preload(["tkcore.worker"])
            _within_reach()
        try:
            self._load()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process."""
        for one in self._workers.values():
            one.dismiss()
        for one in self._workers.values():
            one.gone()

    def rest(self, plugin: str) -> None:
        """End a worker's process."""
        one = self._workers[plugin]
        one.dismiss()
        one.gone()

    def begin(self, plugin: str) -> None:
        """Begin a worker whose process is over, without waiting for it: it owes a `Loaded` (`came`)."""
        self._workers[plugin].begin()

    def give(self, plugin: str, job: j.Job, deadline: float) -> None:
        """Hand a job to a worker that owes nothing, without waiting for the answer (`came`)."""
        self._workers[plugin].give(job, deadline)

    def came(self, longest: float | None = None) -> list[tuple[str, j.Answer]]:
        """Wait until one of those that owe something has answered, died or is overdue, at most `longest` seconds.

        Who was begun again has answered with `Loaded` only if it adds what it added before.
        """
        return [(one.found.name, self._as_before(one, answer)) for one, answer in self._wait(longest)]

    def _as_before(self, one: Worker, answer: j.Answer) -> j.Answer:
        match answer:
            case j.Loaded(refusal=refusal) if refusal is not None:
                return one.end(refusal.stage, refusal.error)
            case j.Loaded(offer=offer) if not _same(offer, self.offers[one.found.name]):
                return one.end("check", "it adds something else than when it was first loaded")
        return answer

    def _load(self) -> None:
        for one in self._workers.values():
            one.begin()
        while any(one.until is not None for one in self._workers.values()):
            for one, answer in self._wait():
                match answer:
                    case j.Loaded(offer=Offer() as offer) if not (wrong := j.not_its_own(offer, one.found)):
                        self.offers[one.found.name] = offer
                    case j.Loaded(offer=Offer()):
                        self._break(one, "check", wrong)
                    case j.Loaded(refusal=refusal) if refusal is not None:
                        self._break(one, refusal.stage, refusal.error)
                    case j.Stopped(stage="deadline" | "ended", error=error):
                        self._break(one, "import", error)
                    case j.Stopped(stage=stage, error=error):
                        self._break(one, stage, error)
                    case _:
                        self._break(one, "check", "it did not say what it adds")
        self.broken.sort(key=lambda b: (b.found.name, b.found.distribution))
        self.offers = dict(sorted(self.offers.items()))

    def _break(self, one: Worker, stage: str, error: str) -> None:
        self.rest(one.found.name)
        self.broken.append(Broken(one.found, j.plain(stage), j.plain(error)))

    def _wait(self, longest: float | None = None) -> list[tuple[Worker, j.Answer]]:
        """Wait until something is answered, ends, or is overdue, or `longest` is over."""
        owing = [one for one in self._workers.values() if one.until is not None]
        soonest = min(one.until for one in owing if one.until is not None)
        with selectors.DefaultSelector() as selector:
            for one in owing:
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.sending else 0)
                selector.register(one.channel, events)
            left = max(0.0, soonest - self._now())
            selector.select(left if longest is None else min(left, longest))
        happened: list[tuple[Worker, j.Answer]] = []
        for one in owing:
            answer = one.moved()  # all of them: while one was being ended, others may have answered in time
            if answer is None and one.until is not None and self._now() >= one.until:
                answer = one.late()
            if answer is not None:
                happened.append((one, answer))
        return happened

    def ask(self, plugin: str, job: j.Job, deadline: float | None = None) -> j.Answer:
        """Return a plugin's answer to one job: of the job's own kind, `Refused`, or `Stopped` where nothing came."""
        return next(iter(self.ask_many({plugin: [job]}, deadline)))[2]

    def ask_many(
        self, jobs: Mapping[str, Sequence[j.Job]], deadline: float | None = None
    ) -> Iterator[tuple[str, int, j.Answer]]:
        """Let plugins work side by side, each at its jobs in order; give (plugin, which job, answer) as they come.

        A worker that dies has `Stopped` for an answer and is begun again for the next job, a few times; then that is
        the answer to all the rest.
        """
        patience = self.limits.deadline if deadline is None else deadline
        left = {name: deque(enumerate(work)) for name, work in jobs.items()}
        at: dict[str, int] = {}
        while True:
            for name, waiting in left.items():
                yield from self._hand_out(name, waiting, at, patience)
            if not at and not any(left.values()):
                return
            for name, answer in self.came():
                if name in at:
                    yield name, at.pop(name), answer
                # else: it was begun again, and gets its job in the next round; or died of it, and is tried once more

    def _hand_out(
        self, name: str, waiting: deque[tuple[int, j.Job]], at: dict[str, int], patience: float
    ) -> Iterator[tuple[str, int, j.Answer]]:
        if name not in self.offers:
            for number, _ in waiting:
                yield name, number, j.Stopped(stage="find", error=f"there is no plugin {name} that works")
            waiting.clear()
            return
        one = self._workers[name]
        if waiting and one.spent:
            for number, _ in waiting:
                yield name, number, one.last or j.Stopped(stage="ended", error="the plugin's process ended")
            waiting.clear()
        if not waiting or one.until is not None:
            return
        if one.alive:
            number, job = waiting.popleft()
            at[name] = number
            one.give(job, patience)
        else:
            one.begin()


def _same(one: Offer | None, other: Offer) -> bool:
    return one is not None and replace(one, load_ms=0) == replace(other, load_ms=0)
