"""`tk serve`: the capture page of a session, for the browser on this machine."""

from __future__ import annotations

import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say

if TYPE_CHECKING:
    from types import FrameType

    from tkcore.opening import Desk
    from tkcore.web.keys import Joining
    from tkcore.web.lan import Lan

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
@click.option("--new", is_flag=True, help=N_("open a further session on the page, though one is open"))
@click.option("--no-browser", is_flag=True, help=N_("open no browser, print the address only"))
@click.option("--no-live", is_flag=True, help=N_("no alerts: tk live does not run beside the page"))
@click.option("--lan", "on_lan", is_flag=True, help=N_("let tablets on the same network in too, encrypted"))
@click.option(
    "--address",
    metavar="IP|NAME",
    help=N_("with --lan: the address or the name of this machine that tablets come to"),
)
@click.option(
    "--devices",
    type=click.IntRange(1, 9),
    help=N_("with --lan: for how many tablets a link is shown (1)"),
)
@click.option(
    "--observer",
    "further",
    multiple=True,
    metavar="ID[:ROLE[:FAMILY,...]]",
    help=N_("a link for a further observer (co_therapist or observer, coding these families); repeatable"),
)
@click.option(
    "--blind", is_flag=True, help=N_("observers are not shown each other's marks, to see how far they agree")
)
@click.pass_obj
def serve(
    shell: Shell,
    name: str | None,
    port: int,
    *,
    new: bool,
    no_browser: bool,
    no_live: bool,
    on_lan: bool,
    address: str | None,
    devices: int | None,
    further: tuple[str, ...],
    blind: bool,
) -> int:
    """Record a session by touch or by keys, on a page in the browser of this machine.

    Without a name it is the one session that is open; where there is none, or the one named is not there yet, it is
    opened on the page. The address on stdout is good for one entry; the session stays open until it is ended on the
    page, or by: tk session close.

    With --observer a second person records on a device of their own, into the same log; who leads has the phases and
    can pass the lead on.

    With --lan tablets on the same network have the page too, under TLS only; how one is made ready is shown.
    """
    if not on_lan and (address or devices):
        raise click.UsageError(shell._("--address and --devices go with --lan"))
    from tkcore.errors import TkError
    from tkcore.web import beginning
    from tkcore.web.keys import Joining, link

    desk = shell.desk()
    full = beginning.proposal(desk, name, new=new)
    place = beginning.address(port)
    port = place.getsockname()[1]
    lan = None
    recorder = None
    before: dict[signal.Signals, Any] = {}
    try:
        if on_lan:
            from tkcore.cli.tablets import local_network

            lan = local_network(desk, address, port)
        others = _joining(desk, further)
        if full is not None:
            recorder = beginning.recorder_of(desk, full, apart=blind)
        keys = beginning.keys_of(desk, recorder, port)
        leads = Joining(recorder.observer if recorder else "")
        own = [leads] * (devices or int(not others)) if lan else []
        where = lan.base if lan else beginning.own(port)
        links = [(who.observer, link(where, keys.invite(who))) for who in (*own, *others)]
        url = link(beginning.own(port), keys.token)
        before |= {sig: signal.signal(sig, _leave) for sig in (signal.SIGINT, signal.SIGTERM)}
        for each in (url, *(link for _, link in links)):
            click.echo(each)
        sys.stdout.flush()
        if not no_browser:
            import webbrowser

            # some browsers give the terminal back only when they end
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        # while the browser starts; until then the socket keeps it waiting
        import asyncio

        from tkcore.web import serving
        from tkcore.web.alerting import command

        _explain(shell, full, lan, links)

        def trouble(error: Exception) -> None:
            said = say(error, shell.t) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
            shell.tell("{error}. What was acknowledged is stored, and the recording goes on", error=said)

        asyncio.run(
            serving.serve(
                desk, recorder, place, keys, language=shell.language, trouble=trouble, lan=lan, blind=blind,
                proposed=(name or "").lower(), live=None if no_live else partial(command, desk.workspace.root.resolve()),
            )
        )  # fmt: skip
    finally:
        for sig, what in before.items():
            signal.signal(sig, what)
        if recorder is not None:
            recorder.writer.close()
        place.close()
        if lan is not None:
            lan.socket.close()
    return 0


def _leave(_sig: int, _frame: FrameType | None) -> None:
    """End in order, as the server does, when its libraries are still being loaded."""
    sys.exit(0)


def _joining(desk: Desk, words: tuple[str, ...]) -> list[Joining]:
    """Return who else comes. Raises BadInput."""
    if not words:
        return []
    from tkcore.reading import books
    from tkcore.web.observers import joining

    codebooks = books(desk.workspace)
    return [joining(word, codebooks) for word in words]


def _explain(shell: Shell, full: str | None, lan: Lan | None, links: list[tuple[str, str]]) -> None:
    if lan is not None:
        from tkcore.cli.tablets import explain

        explain(shell, lan, links)
    else:
        for observer, url in links:
            shell.tell("{observer} opens this in another browser of this machine, once: {url}", observer=observer, url=url)  # fmt: skip
    if full is None:
        shell.tell("the session is opened on the page. Ctrl-C ends the page")
    else:
        shell.tell("{session}: Ctrl-C ends the page. The session stays open until: tk session close {session}", session=full)  # fmt: skip
