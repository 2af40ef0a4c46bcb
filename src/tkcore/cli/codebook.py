"""`tk codebook`: the vocabularies of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.cli.scheme import new, search, show
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.cli.documents import CodebookLine
    from tkcore.codebook import Codebook


@click.group()
def codebook() -> None:
    """Codebooks: the vocabularies of a workspace."""


for command in (show, search, new):
    codebook.add_command(command)


@codebook.command("add")
@click.argument("what", metavar="NAME|FILE")
@click.option(
    "--update", "newer", is_flag=True, help=N_("put a newer version in the place of the one that is here")
)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def add(shell: Shell, what: str, newer: bool, as_json: bool) -> None:
    """Add a codebook: a file, or one that an enabled plugin offers by its name.

    It is refused where it would take a family, a key or an id that another codebook has. Sessions opened from now on
    have it; those that are open keep the codebooks they began with. With --update a newer version takes the place of
    the one that is here: no code in it may have changed its meaning.
    """
    from tkcore.vocabulary import add, update

    desk = shell.desk()
    text, file = _text(shell, desk, what)
    _show(shell, (update if newer else add)(desk, text, file), as_json)
    shell.tell("sessions opened from now on have it")


@codebook.command("remove")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def remove(shell: Shell, name: str, as_json: bool) -> None:
    """Take a codebook out of use: sessions opened from now on do not have it.

    It is refused while a session that has it is open. Sessions that have it go on reading it: its file stays.
    """
    from tkcore.vocabulary import remove

    book = remove(shell.desk(), name)
    _show(shell, book, as_json, retired=True)
    shell.tell("sessions opened from now on do not have it; those that have it go on reading it")


@codebook.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def check(shell: Shell, file: Path, as_json: bool) -> None:
    """Check a codebook's file: whether it can be read, and stand beside those of the workspace.

    Of one that is in the workspace already: whether a code of it would change its meaning.
    """
    from tkcore.reading import books
    from tkcore.vocabulary import parse_newer

    workspace = shell.desk().workspace
    retired = workspace.config().retired
    _show(shell, parse_newer(_read(file), str(file), books(workspace), retired), as_json)


@codebook.command("list")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def listing(shell: Shell, as_json: bool) -> None:
    """List the codebooks of the workspace, those that were removed, and those that enabled plugins offer."""
    from tkcore.cli.documents import CodebookLine
    from tkcore.cli.printing import document, table
    from tkcore.reading import books

    desk = shell.desk()
    retired = desk.workspace.config().retired
    here = [_line(book, retired=book.name in retired) for book in books(desk.workspace)]
    names = {line.codebook for line in here}
    with _crew(shell, desk) as crew:
        offered = [
            CodebookLine(codebook=name, version=None, families=(), codes=None, sha256=None, plugin=plugin)
            for plugin, offer in crew.offers.items()
            for name in offer.codebooks
            if name not in names
        ]
    if as_json:
        document([*here, *offered])
        return
    table(
        [shell._("codebook"), shell._("version"), shell._("families"), shell._("codes"), shell._("state")],
        [
            [
                line.codebook, line.version, line.families, line.codes,
                _state(shell, line),
            ]
            for line in [*here, *offered]
        ],
        right=[1, 3],
    )  # fmt: skip


def _state(shell: Shell, line: CodebookLine) -> str:
    if line.plugin is not None:
        return shell._("offered by {plugin}", plugin=line.plugin)
    return shell._("only in older sessions") if line.retired else shell._("in use")


def _line(book: Codebook, *, retired: bool = False) -> CodebookLine:
    from tkcore.cli.documents import CodebookLine

    return CodebookLine(
        codebook=book.name, version=book.version, families=tuple(f.id for f in book.families), codes=len(book.codes),
        sha256=book.sha256, retired=retired,
    )  # fmt: skip


def _show(shell: Shell, book: Codebook, as_json: bool, *, retired: bool = False) -> None:
    from tkcore.cli.printing import document

    if as_json:
        document(_line(book, retired=retired))
    else:
        click.echo(
            shell._(
                "{name}: {families} families, {codes} codes",
                name=book.name, families=len(book.families), codes=len(book.codes),
            )
        )  # fmt: skip


def _read(file: Path) -> bytes:
    from tkcore.errors import BadInput

    try:
        return file.expanduser().read_bytes()
    except OSError as error:
        raise BadInput("{file}: {error}", file=file, error=error.strerror or error) from None


def _text(shell: Shell, desk: Any, what: str) -> tuple[bytes, str]:
    """Return the bytes of a codebook and where they come from: a file, our handbook, else what a plugin offers."""
    from tkcore import codebook as cb
    from tkcore import jobs as j
    from tkcore.errors import NotFound, TkError

    try:
        there = Path(what).is_file()
    except OSError:  # too long a name for a file
        there = False
    if "/" in what or what.endswith(".toml") or there:
        return _read(Path(what)), what
    if what == "handbook":
        return cb.handbook(), "handbook.toml"
    with _crew(shell, desk) as crew:
        known: dict[str, str] = {
            name: plugin for plugin, offer in crew.offers.items() for name in offer.codebooks
        }
        if what not in known:
            raise NotFound(
                "no enabled plugin offers a codebook {name}, and there is no such file. Offered are: {known}",
                name=what, known=", ".join(sorted(known)) or "-",
            )  # fmt: skip
        answer = crew.ask(known[what], j.GiveCodebook(what))
    match answer:
        case j.CodebookFile():
            return answer.text.encode(), f"{known[what]}: {what}.toml"
        case j.Refused():
            raise j.raised(answer)
        case _:
            raise TkError(
                "the plugin {plugin} did not give its codebook: {error}",
                plugin=known[what], error=getattr(answer, "error", "-"),
            )  # fmt: skip


def _crew(shell: Shell, desk: Any) -> Any:
    """Return the workers of the enabled plugins; a broken one is named when it is entered."""
    from contextlib import contextmanager

    from tkcore.plugins import find, runnable
    from tkcore.workers import Crew

    @contextmanager
    def entered() -> Any:
        with Crew(runnable(find(), desk.workspace.config().plugins), debug=shell.debug) as crew:
            for broken in crew.broken:
                shell.tell(
                    "plugin {name} is broken at stage {stage}: {error}",
                    name=broken.found.name, stage=broken.stage, error=broken.error,
                )  # fmt: skip
            yield crew

    return entered()
