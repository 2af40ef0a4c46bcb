"""`tk export`: a session as a file, for elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.cli.formats import ExportFormats
from tkcore.talk import N_


@click.group(cls=ExportFormats)
def export() -> None:
    """Write a session to a file, for elsewhere."""


@export.command("log")
@click.argument("session")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("the file (default: GROUP-SESSION.tklog)")
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def log(shell: Shell, session: str, output: Path | None, as_json: bool) -> None:
    """Write the whole log of SESSION to one file, verified, for another workspace: tk import log FILE.

    It carries every record byte for byte, those of plugins too. The texts of notes stay in the vault here.
    """
    from tkcore.cli.documents import LogSheet
    from tkcore.cli.printing import document
    from tkcore.config import locate
    from tkcore.events import Coded
    from tkcore.exchange.logs import SUFFIX, export_log
    from tkcore.reading import books, read_session

    desk = shell.desk()
    full = locate(desk.workspace, session)
    target = (output or Path(full.replace("/", "-") + SUFFIX)).expanduser().absolute()
    done = export_log(desk, full, target)
    if done.notes:
        shell.tell("the texts of {count} notes stay in the vault of this workspace", count=done.notes)
    private = {code.stored for book in books(desk.workspace) for code in book.codes if code.private}
    kept = sum(
        isinstance(x, Coded) and x.code in private
        for x in read_session(desk.workspace, full, desk.disk).records
    )
    if kept:
        shell.tell("{count} private records go with it: the file is the whole log", count=kept)
    if not done.closed:
        shell.tell("{session} is not closed: the file holds it as it is now", session=full)
    if as_json:
        document(
            LogSheet(
                session=full, file=str(target), records=done.head.seq + 1, seq=done.head.seq, h=done.head.h,
                segments=done.segments, closed=done.closed, notes=done.notes, sha256=done.sha256,
            )
        )  # fmt: skip
    else:
        click.echo(
            shell._(
                "{file}: {session} with {records} records, verified",
                file=target, session=full, records=done.head.seq + 1,
            )
        )  # fmt: skip
