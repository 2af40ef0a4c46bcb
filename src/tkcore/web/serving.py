"""The server's life: an address of this machine alone, with `--lan` one of the local network under TLS beside it, a clock
that ticks, an end in which nothing is lost.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from tkcore.errors import NotAllowed
from tkcore.opening import Desk
from tkcore.recorder import Recorder
from tkcore.web.alerting import Alerting, watch
from tkcore.web.app import application
from tkcore.web.beginning import own, recorder_of
from tkcore.web.choosing import Opener
from tkcore.web.ending import Closer, closing
from tkcore.web.files import STATIC
from tkcore.web.install import installing
from tkcore.web.keys import Keys
from tkcore.web.lan import Lan
from tkcore.web.observers import inviting
from tkcore.web.room import Room
from tkcore.web.sealing import seal

PATIENCE = 5
"""Seconds that what is being stored as the server ends may take."""
HANDSHAKE = 10
"""Seconds in which a device must have begun to speak TLS."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Ends on a signal without being killed by it, and lets go of who listens."""

    def __init__(self, config: uvicorn.Config, room: Room, lan: Lan | None) -> None:
        super().__init__(config)
        self.room, self.lan = room, lan

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.lan is not None:
            self.servers.append(await self._listen(self.lan))

    async def _listen(self, lan: Lan) -> asyncio.Server:
        """Listen on the local network too; what is not TLS gets no answer, and no request is made of it."""
        loop = asyncio.get_running_loop()

        def connection() -> asyncio.Protocol:
            return self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )

        return await loop.create_server(
            connection, sock=lan.socket, ssl=lan.context, ssl_handshake_timeout=HANDSHAKE
        )

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


async def serve(
    desk: Desk,
    recorder: Recorder | None,
    at: socket.socket,
    keys: Keys,
    *,
    language: str,
    trouble: Callable[[Exception], None],
    static: Path = STATIC,
    lan: Lan | None = None,
    blind: bool = False,
    proposed: str = "",
    live: Callable[[str], Sequence[str]] | None = None,
) -> str:
    """Give out the page and record what comes until a signal ends it; return the session that was recorded, if any.

    Without a recorder the session is opened on the page, `proposed` if nothing else is chosen. `keys` lets those in who
    have a link; `trouble` hears what went wrong beside the lines. `blind`: observers are not shown each other's marks. `live` says how `tk live` is begun
    beside a session; None: there are no alerts.
    """
    port: int = at.getsockname()[1]
    room = Room(recorder, lambda session: seal(desk.workspace.root, session, desk.disk))
    recording = partial(recorder_of, desk, apart=blind)
    opener = Opener(desk, room, keys, recording, proposed=proposed, language=language)
    closer = Closer(room, again=recording, child=closing(desk.workspace.root), language=language)
    alerting = Alerting(room)
    more = [
        inviting(room, keys, lan.base if lan else own(port)),
        *(installing(lan) if lan else ()),
        *opener.routes(),
        *closer.routes(),
    ]
    config = uvicorn.Config(
        application(
            room, keys, port=port, language=language, trouble=trouble, static=static,
            hosts=lan.hosts if lan else (), alerting=alerting, more=more,
        ),
        loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=PATIENCE,
    )  # fmt: skip

    server = _Server(config, room, lan)
    beside = [asyncio.create_task(_tick(room, trouble, closer))]
    if live:
        beside.append(asyncio.create_task(_alerts(room, alerting, live)))
    try:
        await server.serve([at])
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        room.close()
        due = closer.due()
        room.rest()
    if due:
        try:
            closer.child(room.session)
        except NotAllowed as error:
            trouble(error)
    return room.session


async def _alerts(room: Room, alerting: Alerting, live: Callable[[str], Sequence[str]]) -> None:
    """Begin `tk live` once there is a session."""
    while not room.recording:
        await room.change(room.changed, 0.5)
    await watch(alerting, live(room.session))


async def _tick(
    room: Room, trouble: Callable[[Exception], None], closer: Closer | None = None, pause: float = 1.0
) -> None:
    """Let the clock go on in a silent room; what goes wrong is told once, and tried again."""
    told = False
    while True:
        try:
            if closer is not None and closer.wanted:
                await room.ask(closer.vouch)
            elif closer is not None and not room.recording:
                await room.ask(closer.take_again)
            else:
                await room.ask(room.recorder.tick)
            told = False
        except Exception as error:  # noqa: BLE001 - time that nobody recorded could not be told from silence
            if not told:
                with suppress(Exception):  # who would hear of it has gone
                    trouble(error)
            told = True
        await asyncio.sleep(pause)
