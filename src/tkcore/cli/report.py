"""`tk report`: what the sections of plugins say of a session or a group, as a page or as text."""

from __future__ import annotations

from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say


@click.command()
@click.argument("name", metavar="SESSION|GROUP")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("one HTML file, instead of text here"))  # fmt: skip
@click.option("--force", is_flag=True, help=N_("write over a file that is there"))
@click.option(
    "--deadline",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help=N_("stop a plugin that works longer on a session"),
)
@click.pass_obj
def report(shell: Shell, name: str, output: Path | None, force: bool, deadline: float) -> int:
    """Report on a session, or on a group and each of its sessions, by the sections that plugins draw.

    What is not captured, withheld or failed is said in words.
    """
    import math
    import shutil
    import sys

    from tkcore.asking import look
    from tkcore.cli.analyze import _progress
    from tkcore.config import locate
    from tkcore.errors import BadInput, Damaged, NotAllowed
    from tkcore.plugins import find, runnable
    from tkcore.reading import books
    from tkcore.report.composing import compose
    from tkcore.report.document import Missing, Voice
    from tkcore.report.html import page
    from tkcore.report.text import text
    from tkcore.workers import Crew, Limits

    if not (math.isfinite(deadline) and deadline > 0):
        raise BadInput(
            "a deadline of {seconds} s is none: give it seconds, as in --deadline 60", seconds=deadline
        )
    desk = shell.desk()
    target = None if output is None else output.expanduser().absolute()
    if target is not None and target.exists() and not force:
        raise NotAllowed("{file} is there already: name another with -o, or write over it with --force", file=target)  # fmt: skip
    group = name.lower() if "/" not in name and name.lower() in desk.workspace.group_names() else None
    names = desk.workspace.session_names(group) if group else [locate(desk.workspace, name)]
    codebooks = books(desk.workspace)
    seen, missing = [], []
    for full in names:
        try:
            seen.append(look(desk.workspace, full, desk.disk, codebooks))
        except Damaged as error:
            if group is None:
                raise
            missing.append(Missing(what=full, why=say(error, shell.t)))
    limits = Limits(deadline=deadline, loading=min(deadline, Limits().loading))
    able = runnable(find(), desk.workspace.config().plugins)
    with Crew(able, limits, debug=shell.debug) as crew, _progress() as step:
        made = compose(crew, desk.workspace, seen, group, missing=missing, step=step)
    voice = Voice(shell.language, shell.t)
    if target is None:
        width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
        click.echo(text(made, voice, width), nl=False)
    else:
        desk.disk.store(target, page(made, voice).encode())
        click.echo(str(target))
        if made.failed:
            shell.tell("not everything could be shown: the file says what and why")
    return 1 if made.failed else 0
