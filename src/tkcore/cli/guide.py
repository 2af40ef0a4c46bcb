"""`tk guide`: the quick guide, to be printed."""

from __future__ import annotations

from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.command()
@click.argument("book", metavar="[CODEBOOK]", required=False)
@click.option(
    "--setting",
    type=click.Choice(["inpatient", "outpatient"]),
    help=N_("mark the cautions of this setting only"),
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("one HTML file, instead of printing it here"))  # fmt: skip
@click.option("--force", is_flag=True, help=N_("write over a file that is there"))
@click.pass_obj
def guide(shell: Shell, book: str | None, setting: str | None, output: Path | None, force: bool) -> None:
    """Make the quick guide: one sheet of A5, both sides, printed from a codebook (the first, if none is named).

    Open the file in a browser and print it on A5, both sides, without margins. Its language is that of --lang.
    """
    from importlib import resources

    from tkcore.errors import NotAllowed, NotFound
    from tkcore.guide import guide as made
    from tkcore.reading import in_force

    desk = shell.desk()
    books = in_force(desk.workspace)
    one = next((b for b in books if book is None or b.name == book.lower()), None)
    if one is None:
        raise NotFound("there is no codebook {book}. See: tk codebook show", book=book or "-")
    style = resources.files("tkcore").joinpath("web/static/sheet.css").read_text("utf-8")
    text = made(one, shell.language, shell.t, setting, style=style)
    if output is None:
        click.echo(text, nl=False)
        return
    target = output.expanduser().absolute()
    if target.exists() and not force:
        raise NotAllowed(
            "{file} is there already: name another with -o, or write over it with --force", file=target
        )
    desk.disk.store(target, text.encode())
    click.echo(str(target))
