"""The server's life: an address of this machine alone, with `--lan` one of the local network under TLS beside it, a clock
that ticks, an end in which nothing is lost.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from tkcore.errors import BadInput, NotAllowed
from tkcore.opening import Desk
from tkcore.recorder import Recorder
from tkcore.web.alerting import Alerting, watch
from tkcore.web.app import application
from tkcore.web.choosing import Opener, recorder_of
from tkcore.web.ending import Closer, closing
from tkcore.web.files import STATIC
from tkcore.web.gate import Joining, Keys
from tkcore.web.install import installing
from tkcore.web.inviting import base, link
from tkcore.web.lan import Lan
from tkcore.web.observers import inviting
from tkcore.web.room import Room
from tkcore.web.sealing import seal

HOST = "127.0.0.1"
PATIENCE = 5
"""Seconds that what is being stored as the server ends may take."""
HANDSHAKE = 10
"""Seconds in which a device must have begun to speak TLS."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def address(port: int, host: str = HOST) -> socket.socket:
    """Return a socket of this machine alone, or of the address given; port 0 is any that is free.

    Raises NotAllowed where it is taken, BadInput where the address is another machine's.
    """
    # the protocol is named so that what is accepted sends at once: else an answer waits 40 ms for the one before
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        # a server that was killed has left connections that are not quite over
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(64)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise BadInput(
                "{address} is no address of this machine; without --address one that it has is found",
                address=host,
            ) from error
        raise NotAllowed(
            "port {port} cannot be had ({error}). Perhaps tk serve is running already; another one: --port N",
            port=port, error=error.strerror or error,
        ) from error  # fmt: skip
    return found


class _Server(uvicorn.Server):
    """Ends on a signal without being killed by it, and lets go of who listens."""

    def __init__(
        self, config: uvicorn.Config, room: Room, ready: Callable[[], None], lan: Lan | None
    ) -> None:
        super().__init__(config)
        self.room, self.ready, self.lan = room, ready, lan

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.lan is not None:
            self.servers.append(await self._listen(self.lan))
        self.ready()

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
    *,
    language: str,
    ready: Callable[[str, list[tuple[str, str]]], None],
    trouble: Callable[[Exception], None],
    static: Path = STATIC,
    lan: Lan | None = None,
    devices: Sequence[Joining] = (),
    blind: bool = False,
    proposed: str = "",
    live: Callable[[str], Sequence[str]] | None = None,
) -> str:
    """Give out the page and record what comes until a signal ends it; return the session that was recorded, if any.

    Without a recorder the session is opened on the page, `proposed` if nothing else is chosen. `ready` gets the address
    with its token once the page can be had, and a link for each further device with its observer; `trouble` what went
    wrong beside the lines. `blind`: observers are not shown each other's marks. `live` says how `tk live` is begun
    beside a session; None: there are no alerts.
    """
    port: int = at.getsockname()[1]
    room = Room(recorder, lambda session: seal(desk.workspace.root, session, desk.disk))
    keys = Keys(
        room.session, port, observer=recorder.observer if recorder else "",
        file=desk.workspace.root / f"serve-{port}.json", disk=desk.disk, now=desk.clocks.wall,
    )  # fmt: skip
    recording = partial(recorder_of, desk, apart=blind)
    opener = Opener(desk, room, keys, recording, proposed=proposed, language=language)
    closer = Closer(room, again=recording, child=closing(desk.workspace.root), language=language)
    alerting = Alerting(room)
    more = [
        inviting(room, keys, base(port, lan)),
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

    def begun() -> None:
        own = link(f"http://{HOST}:{port}", keys.token)
        ready(own, [(who.observer, link(base(port, lan), keys.invite(who))) for who in devices])

    server = _Server(config, room, begun, lan)
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
