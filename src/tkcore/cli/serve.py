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
    no_browser: bool,
    on_lan: bool,
    address: str | None,
    devices: int | None,
    further: tuple[str, ...],
    blind: bool,
) -> int:
    """Record a session by touch or by keys, on a page in the browser of this machine.

    Without a name it is the one session that is open. The address on stdout is good for one entry; the session stays
    open until: tk session close.

    With --observer a second person records on a device of their own, into the same log; who leads has the phases and
    can pass the lead on.

    With --lan tablets on the same network have the page too, under TLS only; how one is made ready is shown.
    """
    if not on_lan and (address or devices):
        raise click.UsageError(shell._("--address and --devices go with --lan"))
    from tkcore.config import locate
    from tkcore.errors import NotAllowed, TkError
    from tkcore.opening import start, the_open_one
    from tkcore.reading import books, read_session
    from tkcore.web import serving
    from tkcore.web.gate import Joining
    from tkcore.web.observers import joining

    desk = shell.desk()
    full = the_open_one(desk) if name is None else locate(desk.workspace, name)
    opened = read_session(desk.workspace, full, desk.disk).opened
    if opened is not None and opened.clock != "live":
        raise NotAllowed(
            "{session} gets its time from its lines, a page has only its own: tk record {session}",
            session=full,
        )
    place = serving.address(port)
    lan = None
    try:
        if on_lan:
            from tkcore.cli.tablets import local_network

            lan = local_network(desk, address, place.getsockname()[1])
        codebooks = books(desk.workspace)
        others = [joining(word, codebooks) for word in further]
        recorder, writer = start(desk, full, codebooks)
        recorder.apart = blind
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
        shell.tell("{session}: Ctrl-C ends the page. The session stays open until: tk session close {session}", session=full)  # fmt: skip
        if not no_browser:
            import webbrowser

            # some browsers give the terminal back only when they end
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    def trouble(error: Exception) -> None:
        said = say(error, shell.t) if isinstance(error, TkError) else f"{type(error).__name__}: {error}"
        shell.tell("{error}. What was acknowledged is stored, and the recording goes on", error=said)

    try:
        serving.serve(
            desk, recorder, place, language=shell.language, ready=ready, trouble=trouble, lan=lan,
            devices=[*[Joining(recorder.observer)] * own, *others],
        )  # fmt: skip
    finally:
        writer.close()
        place.close()
        if lan is not None:
            lan.socket.close()
    return 0
