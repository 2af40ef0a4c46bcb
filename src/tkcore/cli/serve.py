"""`tk serve`: the capture page of a session, for the browser on this machine."""

from __future__ import annotations

import sys
import threading
from functools import partial

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
    import asyncio

    from tkcore.errors import TkError
    from tkcore.reading import books
    from tkcore.web import serving
    from tkcore.web.alerting import command
    from tkcore.web.before import proposal
    from tkcore.web.choosing import recorder_of
    from tkcore.web.gate import Joining
    from tkcore.web.observers import joining

    desk = shell.desk()
    full = proposal(desk, name, new=new)
    place = serving.address(port)
    lan = None
    try:
        if on_lan:
            from tkcore.cli.tablets import local_network

            lan = local_network(desk, address, place.getsockname()[1])
        codebooks = books(desk.workspace)
        others = [joining(word, codebooks) for word in further]
        recorder = recorder_of(desk, full, apart=blind) if full is not None else None
    except BaseException:
        place.close()
        if lan is not None:
            lan.socket.close()
        raise

    own = (devices or (0 if others else 1)) if lan else 0

    def ready(url: str, links: list[tuple[str, str]]) -> None:
        for each in (url, *(link for _, link in links)):
            click.echo(each)
        sys.stdout.flush()
        if lan is not None:
            from tkcore.cli.tablets import explain

            explain(shell, lan, links)
        else:
            for observer, link in links:
                shell.tell("{observer} opens this in another browser of this machine, once: {url}", observer=observer, url=link)  # fmt: skip
        if full is None:
            shell.tell("the session is opened on the page. Ctrl-C ends the page")
        else:
            shell.tell("{session}: Ctrl-C ends the page. The session stays open until: tk session close {session}", session=full)  # fmt: skip
        if not no_browser:
            import webbrowser

            # some browsers give the terminal back only when they end
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    def trouble(error: Exception) -> None:
        said = say(error, shell.t) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
        shell.tell("{error}. What was acknowledged is stored, and the recording goes on", error=said)

    try:
        lead = recorder.observer if recorder is not None else ""
        live = None if no_live else partial(command, desk.workspace.root.resolve())
        asyncio.run(
            serving.serve(
                desk, recorder, place, language=shell.language, ready=ready, trouble=trouble, lan=lan,
                devices=[*[Joining(lead)] * own, *others], blind=blind, proposed=(name or "").lower(), live=live,
            )
        )  # fmt: skip
    finally:
        if recorder is not None:
            recorder.writer.close()
        place.close()
        if lan is not None:
            lan.socket.close()
    return 0
