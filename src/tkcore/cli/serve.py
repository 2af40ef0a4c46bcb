"""`tk serve`: the capture page of a session, for the browser on this machine."""

from __future__ import annotations

import sys
import threading

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say

PORT = 8733
"""Always the same: what a page keeps while there is no server belongs to its address."""


@click.command()
@click.argument("name", metavar="[SESSION]", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    help=N_("another port (0: any that is free); a page finds what it has kept only under the same one"),
)
@click.option("--no-browser", is_flag=True, help=N_("open no browser, print the address only"))
@click.option("--no-live", is_flag=True, help=N_("no alerts: tk live does not run beside the page"))
@click.pass_obj
def serve(shell: Shell, name: str | None, port: int, *, no_browser: bool, no_live: bool) -> int:
    """Record a session by touch or by keys, on a page in the browser of this machine.

    Without a name it is the one session that is open. The address on stdout is good for one entry; the session stays
    open until: tk session close.
    """
    from tkcore.config import locate
    from tkcore.errors import NotAllowed, TkError
    from tkcore.opening import start, the_open_one
    from tkcore.reading import books, read_session
    from tkcore.web.alerting import command
    from tkcore.web.serving import address
    from tkcore.web.serving import serve as run

    desk = shell.desk()
    full = the_open_one(desk) if name is None else locate(desk.workspace, name)
    opened = read_session(desk.workspace, full, desk.disk).opened
    if opened is not None and opened.clock != "live":
        raise NotAllowed(
            "{session} gets its time from its lines, a page has only its own: tk record {session}",
            session=full,
        )
    place = address(port)
    try:
        recorder, writer = start(desk, full, books(desk.workspace))
    except BaseException:
        place.close()
        raise

    def ready(url: str) -> None:
        click.echo(url)
        sys.stdout.flush()
        shell.tell("{session}: Ctrl-C ends the page. The session stays open until: tk session close {session}", session=full)  # fmt: skip
        if not no_browser:
            import webbrowser

            # some browsers give the terminal back only when they end
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    def trouble(error: Exception) -> None:
        said = say(error, shell.t) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
        shell.tell("{error}. What was acknowledged is stored, and the recording goes on", error=said)

    try:
        live = [] if no_live else command(desk.workspace.root.resolve(), full)
        run(desk, recorder, place, language=shell.language, ready=ready, trouble=trouble, live=live)
    finally:
        writer.close()
        place.close()
    return 0
