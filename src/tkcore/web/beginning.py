"""What is settled before there is a server: which session, whose log, at which address.

Nothing here needs the server's own libraries: they come while the browser starts.
"""

from __future__ import annotations

import errno
import os
import socket

from tkcore.config import locate, session_name
from tkcore.errors import BadInput, BadName, NotAllowed
from tkcore.opening import Desk, open_ones, start
from tkcore.reading import books, read_session
from tkcore.recorder import Recorder
from tkcore.web.keys import Keys

HOST = "127.0.0.1"


def proposal(desk: Desk, word: str | None, *, new: bool) -> str | None:
    """Return the session to record at once; None: it is to be chosen or opened on the page.

    Raises NotAllowed where a new one is there already, NotFound, BadName.
    """
    if word is None:
        running = [] if new else open_ones(desk)
        return running[0] if len(running) == 1 else None
    if "/" not in word:
        if new:
            raise BadName("{word!r} is no session: write it as group/session", word=word[:80])
        return locate(desk.workspace, word)
    full = session_name(word)
    if not any(desk.workspace.session(full).glob("*.ndjson")):
        return None
    if new:
        raise NotAllowed(
            "the session {session} is there already: tk serve {session} goes on with it", session=full
        )
    return full


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


def own(port: int) -> str:
    """Return where this machine's own browsers come to."""
    return f"http://{HOST}:{port}"


def recorder_of(desk: Desk, full: str, *, apart: bool = False) -> Recorder:
    """Return the recorder of an open session; `apart`: its observers are not shown each other's marks.

    Raises NotAllowed where its time is given by lines, Locked, Damaged.
    """
    opened = read_session(desk.workspace, full, desk.disk).opened
    if opened is not None and opened.clock != "live":
        raise NotAllowed(
            "{session} gets its time from its lines, a page has only its own: tk record {session}",
            session=full,
        )
    recorder, _writer = start(desk, full, books(desk.workspace))
    recorder.apart = apart
    return recorder


def keys_of(desk: Desk, recorder: Recorder | None, port: int) -> Keys:
    """Return who comes in at a port: those who came in before to the same session, and one who has the first link."""
    return Keys(
        recorder.session if recorder else "", port, observer=recorder.observer if recorder else "",
        file=desk.workspace.root / f"serve-{port}.json", disk=desk.disk, now=desk.clocks.wall,
    )  # fmt: skip
