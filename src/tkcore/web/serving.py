"""The server's life: an address of this machine alone, a clock that ticks, an end in which nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from tkcore.errors import NotAllowed
from tkcore.opening import Desk
from tkcore.recorder import Recorder
from tkcore.web.alerting import Alerting, watch
from tkcore.web.app import STATIC, application
from tkcore.web.gate import Keys
from tkcore.web.room import Room

HOST = "127.0.0.1"
PATIENCE = 5
"""Seconds that what is being stored as the server ends may take."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def address(port: int) -> socket.socket:
    """Return a socket of this machine alone; port 0 is any that is free. Raises NotAllowed where it is taken."""
    # the protocol is named so that what is accepted sends at once: else an answer waits 40 ms for the one before
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        # a server that was killed has left connections that are not quite over
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(64)
    except OSError as error:
        found.close()
        raise NotAllowed(
            "port {port} cannot be had ({error}). Perhaps tk serve is running already; another one: --port N",
            port=port, error=error.strerror or error,
        ) from error  # fmt: skip
    return found


class _Server(uvicorn.Server):
    """Ends on a signal without being killed by it, and lets go of who listens."""

    def __init__(self, config: uvicorn.Config, room: Room, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.room, self.ready = room, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.room.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        def end(sig: int, frame: FrameType | None) -> None:
            self.handle_exit(sig, frame)

        before: dict[signal.Signals, Any] = {sig: signal.signal(sig, end) for sig in _SIGNALS}
        try:
            yield
        finally:
            for sig, what in before.items():
                signal.signal(sig, what)


def serve(
    desk: Desk,
    recorder: Recorder,
    at: socket.socket,
    *,
    language: str,
    ready: Callable[[str], None],
    trouble: Callable[[Exception], None],
    static: Path = STATIC,
    live: Sequence[str] = (),
) -> None:
    """Give out the page and record what comes until a signal ends it.

    `ready` gets the address with its token once the page can be had, `trouble` what went wrong beside the lines.
    `live` is how `tk live` is begun beside it; nothing: there are no alerts.
    """
    asyncio.run(_serve(desk, recorder, at, language, ready, trouble, static, live))


async def _serve(
    desk: Desk,
    recorder: Recorder,
    at: socket.socket,
    language: str,
    ready: Callable[[str], None],
    trouble: Callable[[Exception], None],
    static: Path,
    live: Sequence[str],
) -> None:
    port: int = at.getsockname()[1]
    room = Room(recorder)
    keys = Keys(
        recorder.session, port, file=desk.workspace.root / f"serve-{port}.json", disk=desk.disk, now=desk.clocks.wall
    )  # fmt: skip
    alerting = Alerting(room)
    config = uvicorn.Config(
        application(room, keys, port=port, language=language, trouble=trouble, static=static, alerting=alerting),
        loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=PATIENCE,
    )  # fmt: skip
    server = _Server(config, room, lambda: ready(f"http://{HOST}:{port}/#{keys.token}"))
    beside = [asyncio.create_task(_tick(room, trouble))]
    if live:
        beside.append(asyncio.create_task(watch(alerting, live)))
    try:
        await server.serve([at])
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        room.close()


async def _tick(room: Room, trouble: Callable[[Exception], None], pause: float = 1.0) -> None:
    """Let the clock go on in a silent room; what goes wrong is told once, and tried again."""
    told = False
    while True:
        try:
            await room.ask(room.recorder.tick)
            told = False
        except Exception as error:  # noqa: BLE001 - time that nobody recorded could not be told from silence
            if not told:
                with suppress(Exception):  # who would hear of it has gone
                    trouble(error)
            told = True
        await asyncio.sleep(pause)
