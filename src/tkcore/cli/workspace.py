"""`tk init`: a workspace."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--plain", is_flag=True, help=N_("keep notes unencrypted (the only kind until sealing is built)")
)
@click.option("--language", type=click.Choice(["id", "en"]), help=N_("the workspace's language"))
@click.option("--synced-anyway", is_flag=True, help=N_("also in a folder that a cloud copies"))
@click.pass_obj
def init(shell: Shell, folder: Path, language: str | None, plain: bool, synced_anyway: bool) -> None:
    """Make a workspace in DIR: the folder that holds logs, notes and codebooks.

    It must be on a disk of this computer, and in no folder that a cloud copies.
    """
    # --plain changes nothing yet: the vault has no other form. It is taken, so that a script says what it means
    del plain
    from tkcore.codebook import handbook
    from tkcore.config import Config, Workspace, dump
    from tkcore.disk import Disk
    from tkcore.errors import NotAllowed
    from tkcore.events import PluginEnabled
    from tkcore.opening import Desk
    from tkcore.places import refuse_cloud, refuse_network
    from tkcore.plugins import find, fingerprint
    from tkcore.recorder import Clocks
    from tkcore.recovery import append_once, unwritable
    from tkcore.root import FILE

    root = folder.expanduser().absolute()
    if (root / FILE).exists():
        raise NotAllowed("{root} is a workspace already", root=root)
    disk = Disk()
    refuse_network(root, disk.mounts())
    refuse_cloud(root, anyway=synced_anyway)
    chosen = language
    if chosen is None and sys.stdin.isatty():
        chosen = click.prompt(
            "Bahasa / language", type=click.Choice(["id", "en"]), default=shell.language, err=True
        )
    shell.speak(chosen or shell.language)
    desk = Desk(Workspace(root), disk, Clocks(), os.urandom)
    try:
        for path in (root, desk.workspace.groups, desk.workspace.vault, desk.workspace.codebooks):
            disk.make_folder(path)
    except OSError as error:
        raise unwritable(root, error) from error
    disk.store(desk.workspace.codebooks / "handbook.toml", handbook())
    enabled = {found.name: fingerprint(found) for found in find()}
    events = [desk.stamp(PluginEnabled(plugin=n, sha256=h), "setup") for n, h in sorted(enabled.items())]
    if events:
        append_once(desk.workspace.log, "workspace", events, disk, now=desk.now(), logged=desk.clocks.wall())
    # tk.toml last: a folder is a workspace once everything else is there
    disk.store(root / FILE, dump(Config(language=shell.language, plugins=enabled)))
    shell.tell("a workspace in {root}", root=root)
    shell.tell(
        "Notes are kept in plain text here: sealing them is not built yet. Use it for teaching and tests, or on an encrypted disk."
    )
    if enabled:
        shell.tell("plugins enabled: {names}", names=", ".join(sorted(enabled)))
