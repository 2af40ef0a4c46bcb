"""`tk archive`: closed sessions compacted, so that questions over many are fast."""

from __future__ import annotations

import sys

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say


@click.command()
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def archive(shell: Shell, as_json: bool) -> int:
    """Compact closed sessions into the archive.

    It is derived from the logs and may be deleted at any time. Sessions that were corrected since are taken anew;
    close them first.
    """
    from tkcore.cli.documents import ArchiveSheet
    from tkcore.cli.printing import document
    from tkcore.parts import compact
    from tkcore.reading import books

    desk = shell.desk()
    count = len(desk.workspace.session_names())
    with click.progressbar(
        length=max(1, count), label=shell._("archiving"), file=sys.stderr,
        hidden=not sys.stderr.isatty() or count < 50,
    ) as bar:  # fmt: skip
        done = compact(desk.workspace, books(desk.workspace), desk.disk, lambda _: bar.update(1))
    for name, reason in done.left:
        shell.tell("{session} was left out: {reason}", session=name, reason=say(reason, shell.t))
    if as_json:
        document(
            ArchiveSheet(
                sessions=done.sessions,
                written=done.written,
                parts=done.parts,
                left=tuple(n for n, _ in done.left),
            )
        )
    else:
        click.echo(
            shell._(
                "{sessions} closed sessions in {parts} parts, {written} of them written now",
                sessions=done.sessions, parts=done.parts, written=done.written,
            )
        )  # fmt: skip
    return 1 if done.left else 0
