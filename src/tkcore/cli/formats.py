"""Formats that plugins add to `tk import` and `tk export`: looked up when one is named that the core has not."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell, _translate
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.contributions import Imported
    from tkcore.opening import Desk
    from tkcore.plugins import FormatOffer
    from tkcore.workers import Crew

PARAM = click.option("--param", "-p", "given", multiple=True, metavar="NAME=VALUE", help=N_("set an option of the format"))  # fmt: skip


class Formats(click.Group, ABC):
    """The core's own formats by name; any other name is one of a plugin's, which is asked for when it runs."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        foreign, shell = self.foreign(cmd_name), ctx.find_object(Shell)
        if shell is not None:
            _translate(foreign, shell.t)
        return foreign

    @abstractmethod
    def foreign(self, name: str) -> click.Command:
        """Return the command for a format of a plugin's."""


class ImportFormats(Formats):
    def foreign(self, name: str) -> click.Command:
        return _command(name, imports, "importers")


class ExportFormats(Formats):
    def foreign(self, name: str) -> click.Command:
        return _command(name, exports, "exporters")


class _Format(click.Command):
    """The command of a format; what it is and which options it has the plugin says."""

    kind = "importers"

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shell = ctx.find_object(Shell) or Shell(None, None, debug=False)
        with offering(shell, shell.desk(), self.kind, str(self.name)) as (_, _, offer):
            self.help = offer.doc
            super().format_help_text(ctx, formatter)
            if offer.params:
                with formatter.section("-p"):
                    formatter.write_dl([(f"{name}={value}", "") for name, value in offer.params.items()])


def _command(name: str, made: click.Command, kind: str) -> click.Command:
    if "." not in name:
        return _unknown(name, kind)
    command = _Format(name, params=made.params, callback=made.callback, options_metavar="[OPTIONS]")
    command.kind = kind
    return command


def _unknown(name: str, kind: str) -> click.Command:
    """Return a command that says which formats there are, whatever stands behind it."""

    @click.command(name, context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    @click.pass_obj
    def refuse(shell: Shell, rest: tuple[str, ...]) -> None:
        del rest
        with offering(shell, shell.desk(), kind, name):
            pass

    return refuse


@contextmanager
def offering(shell: Shell, desk: Desk, kind: str, name: str) -> Iterator[tuple[Crew, str, FormatOffer]]:
    """Give the crew, the plugin and the format of this name; only its plugin works. Raises BadInput with all formats."""
    from tkcore.errors import BadInput
    from tkcore.plugins import find, runnable
    from tkcore.workers import Crew, Limits

    able = runnable(find(), desk.workspace.config().plugins)
    # a format's name begins with its plugin's: the others need not work. An answer is a file in base64
    limits = Limits(largest=96 << 20)
    mine = [one for one in able if _plugin(one) == name.partition(".")[0]]
    with Crew(mine, limits, debug=shell.debug) as crew:
        _tell_broken(shell, crew)
        for plugin, by in crew.offers.items():
            for offer in getattr(by, kind):
                if offer.name == name:
                    yield crew, plugin, offer
                    return
        if crew.broken:
            raise click.exceptions.Exit(1)
    with Crew(able, debug=shell.debug) as crew:
        own = {"importers": ("log", "turns"), "exporters": ("log",)}[kind]
        known = sorted({*own, *(x.name for by in crew.offers.values() for x in getattr(by, kind))})
        raise BadInput(
            "no format {name}. There are: {known}. A plugin's formats are here once it is enabled: tk plugins list",
            name=name, known=", ".join(known),
        )  # fmt: skip


def _plugin(one: Any) -> str:
    from tkcore.plugins import Broken

    return str(one.found.name if isinstance(one, Broken) else one.name)


def _tell_broken(shell: Shell, crew: Crew) -> None:
    for one in crew.broken:
        shell.tell(
            "plugin {name} is broken at stage {stage}: {error}",
            name=one.found.name, stage=one.stage, error=one.error,
        )  # fmt: skip


def params_of(offer: FormatOffer, given: tuple[str, ...]) -> dict[str, str]:
    """Return name=value pairs that are options of a format. Raises BadInput."""
    from tkcore.errors import BadInput

    found = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise BadInput("--param {word}: write it as name=value", word=word)
        if name not in offer.params:
            raise BadInput(
                "no parameter {name}. There are: {known}", name=name, known=", ".join(sorted(offer.params)) or "-"
            )  # fmt: skip
        found[name] = value
    return found


def answered(shell: Shell, plugin: str, answer: Any, kind: type[Any]) -> Any:
    """Return what a plugin answered, of the kind that was asked for. Raises what it refused with; exit 1 if it failed."""
    from tkcore import jobs as j

    if isinstance(answer, kind):
        return answer
    if isinstance(answer, j.Refused):
        raise j.raised(answer)
    stage, error = (answer.stage, answer.error) if isinstance(answer, j.Stopped) else ("check", "-")
    shell.tell(
        "the plugin {plugin} failed at stage {stage}: {error}", plugin=plugin, stage=stage, error=error
    )
    raise click.exceptions.Exit(1)


# -- in --------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--group", required=True, metavar="G", help=N_("the group, founded where it is missing"))
@click.option("--session", required=True, metavar="S", help=N_("the new session"))
@PARAM
@click.pass_context
def imports(ctx: click.Context, file: Path, group: str, session: str, given: tuple[str, ...]) -> None:
    """Import a file as a session, by a format of a plugin's."""
    from tkcore import jobs as j
    from tkcore.cli.imports import _absent, admit, appear, aside, people_of
    from tkcore.config import name
    from tkcore.converting import LARGEST
    from tkcore.errors import BadInput
    from tkcore.exchange.lines import checked, entrust, record, seated
    from tkcore.reading import in_force

    shell: Shell = ctx.obj
    desk = shell.desk()
    group, full = name(group), f"{name(group)}/{name(session)}"
    data = _bytes(file.expanduser(), LARGEST)
    format_ = str(ctx.command.name)
    _absent(desk, full)
    with offering(shell, desk, "importers", format_) as (crew, plugin, offer):
        job = j.ReadFile(format=format_, data=data, params=params_of(offer, given))
        found: Imported = answered(shell, plugin, crew.ask(plugin, job), j.ReadAs).imported
    codebooks = in_force(desk.workspace)
    try:
        opening = checked(found, codebooks, os.environ)
    except BadInput as error:
        raise BadInput("{file}, as {format} reads it: {reason}", file=file, format=format_, reason=error) from None  # fmt: skip
    with aside(desk, group) as hidden:
        _absent(desk, full)
        table = seated(opening.seats, found.labels, people_of(desk, group))
        with click.progressbar(
            found.lines, label=full, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as lines:
            record(desk, hidden, full, opening, lines, found.ends, codebooks, str(file), format_)
        admit(desk, group, table)
        entrust(desk, hidden)
        appear(desk, hidden, full)
    click.echo(
        shell._("{session}: {lines} lines, {seats} seats", session=full, lines=len(found.lines), seats=len(found.seats))
    )  # fmt: skip


def _bytes(file: Path, largest: int) -> bytes:
    """Return the bytes of a file. Raises BadInput where it cannot be read, or is larger than a worker takes."""
    from tkcore.errors import BadInput

    try:
        with file.open("rb") as source:
            data = source.read(largest + 1)
    except OSError as error:
        raise BadInput("{file}: {error}", file=file, error=error.strerror or error) from None
    if len(data) > largest:
        raise BadInput("{file} has more than {most} MB: divide it", file=file, most=largest >> 20)
    return data


# -- out -------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("session")
@click.option("-o", "--output", metavar="FILE|-", help=N_("the file (default: GROUP-SESSION with the format's ending), or - for here"))  # fmt: skip
@click.option("--force", is_flag=True, help=N_("write over a file that is there"))
@PARAM
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_context
def exports(
    ctx: click.Context, session: str, output: str | None, force: bool, given: tuple[str, ...], as_json: bool
) -> None:
    """Write a session to a file, by a format of a plugin's."""
    from tkcore import jobs as j
    from tkcore.cli.documents import FileSheet
    from tkcore.cli.printing import document
    from tkcore.config import locate
    from tkcore.contributions import SUFFIX
    from tkcore.errors import BadInput, NotAllowed
    from tkcore.exchange.leaving import leave, on_record, weight_of
    from tkcore.reading import read_session

    shell: Shell = ctx.obj
    desk = shell.desk()
    full = locate(desk.workspace, session)
    format_ = str(ctx.command.name)
    if output == "-" and as_json:
        raise BadInput("--json and -o - both want the output: choose one")
    head = read_session(desk.workspace, full, desk.disk).scan.head
    with offering(shell, desk, "exporters", format_) as (crew, plugin, offer):
        if not SUFFIX.fullmatch(offer.suffix):  # what a plugin's process says of itself is not to be trusted
            raise BadInput("{format} has the suffix {suffix!r}: a file cannot be named so", format=format_, suffix=offer.suffix[:40])  # fmt: skip
        target = Path(output or full.replace("/", "-") + offer.suffix).expanduser().absolute()
        if output != "-" and target.exists() and not force:
            raise NotAllowed("{file} is there already: name another with -o, or write over it with --force", file=target)  # fmt: skip
        root = str(desk.workspace.root.resolve())
        job = j.WriteFile(root=root, session=full, head=head, format=format_, params=params_of(offer, given))
        data: bytes = answered(shell, plugin, crew.ask(plugin, job), j.Written).data
    if output == "-":
        digest = weight_of(data)
        on_record(desk, full, digest)
        sys.stdout.buffer.write(data)
        shell.tell("{session} as {format}: {size} bytes, sha256 {sha256}", session=full, format=format_, size=len(data), sha256=digest)  # fmt: skip
        return
    digest = leave(desk, full, target, [data])
    if as_json:
        document(FileSheet(session=full, format=format_, file=str(target), size=len(data), seq=head.seq, h=head.h, sha256=digest))  # fmt: skip
    else:
        click.echo(f"{target}  sha256 {digest}")
