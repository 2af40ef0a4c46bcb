"""What `tk serve --lan` prepares and shows: an address for tablets, pictures for their cameras."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.opening import Desk
from tkcore.talk import N_
from tkcore.web import lan as network
from tkcore.web.authority import moment, prepared
from tkcore.web.beginning import address
from tkcore.web.install import halves
from tkcore.web.inviting import drawn
from tkcore.web.lan import Lan

FRESH = N_("A new certificate was made for this machine: each tablet installs it once, and never again.")


def local_network(desk: Desk, asked: str | None, port: int) -> Lan:
    """Return what tablets come to; the authority lies outside the workspace, so that no backup has its key."""
    host = network.host(socket.gethostname())
    place = network.place(asked, host=host, found=network.addresses(), resolve=network.resolved)
    at = address(port, place.ip)
    try:
        folder = Path(click.get_app_dir("tkcore", roaming=False)) / "lan"
        return prepared(place, at, folder, desk.disk, owner=host, now=moment(desk.clocks.wall()))
    except BaseException:
        at.close()
        raise


def explain(shell: Shell, lan: Lan, links: list[tuple[str, str]]) -> None:
    """Show how a tablet is made ready, then the link of each."""
    colour = sys.stderr.isatty()
    if lan.fresh:
        shell.tell(FRESH)
    install = f"{lan.base}/install"
    shell.tell("1. A tablet that has never been here scans this, or opens {url}, and goes on past the browser's warning this once:", url=install)  # fmt: skip
    click.echo(drawn(install, colour=colour), err=True)
    shell.tell("The certificate that it installs must show this SHA-256 fingerprint:")
    for half in halves(lan.fingerprint):
        click.echo(f"   {half}", err=True)
    for number, (observer, url) in enumerate(links, 1):
        shell.tell("2. Then tablet {number} ({observer}) scans this; it lets one device in, once:", number=number, observer=observer or shell._("who leads"))  # fmt: skip
        click.echo(drawn(url, colour=colour), err=True)
    shell.tell("This machine's own page is at the first address; tablets come to {base} (also: {others}).", base=lan.base, others=", ".join(lan.hosts[1:]))  # fmt: skip
