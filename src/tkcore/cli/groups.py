"""`tk group`: found, list, show."""

from __future__ import annotations

from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_


def settings_options(command: Any) -> Any:
    """Add what a group and a session are like."""
    for option, text in (
        ("--level", N_("level, e.g. supportive")),
        ("--population", N_("whom the group is for, e.g. psychotic")),
        ("--setting", N_("inpatient or outpatient")),
        ("--format", N_("format, e.g. open or closed")),
    ):
        command = click.option(option, metavar="WORD", help=text)(command)
    return command


@click.group()
def group() -> None:
    """A therapy group, over all its meetings."""


@group.command("new")
@click.argument("name")
@settings_options
@click.pass_obj
def new(shell: Shell, /, name: str, **settings: Any) -> None:
    """Found a group."""
    from tkcore.config import name as checked
    from tkcore.errors import BadInput
    from tkcore.events import STRING
    from tkcore.opening import Settings, found_group

    for field, word in settings.items():
        if word is not None and not STRING.fullmatch(word):
            raise BadInput(
                "--{field} {word!r}: up to 64 of A-Z a-z 0-9 _ . : + / -", field=field, word=word[:70]
            )
    found_group(shell.desk(), name, Settings(**settings))
    click.echo(checked(name))


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def listing(shell: Shell, as_json: bool) -> None:
    """List the groups of the workspace."""
    from tkcore.cli.documents import GroupLine
    from tkcore.cli.printing import document, table

    desk = shell.desk()
    rows = [GroupLine(g, len(desk.workspace.session_names(g))) for g in desk.workspace.group_names()]
    if as_json:
        document(rows)
    else:
        table([shell._("group"), shell._("sessions")], [(r.group, r.sessions) for r in rows], right=(1,))


@group.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def show(shell: Shell, name: str, as_json: bool) -> None:
    """Show a group: what it is like, its members' signs, its sessions."""
    from tkcore.cli.documents import GroupSheet, MeetingLine, MemberLine
    from tkcore.cli.printing import document, table
    from tkcore.config import name as checked
    from tkcore.errors import NotFound
    from tkcore.events import GroupFounded, MemberAdmitted
    from tkcore.reading import read_session
    from tkcore.recovery import read

    desk, name = shell.desk(), checked(name)
    folder = desk.workspace.group_log(name)
    if not folder.is_dir():
        raise NotFound("there is no group {group}. See: tk group list", group=name)
    records, _ = read(folder, desk.disk, name)
    founded = next((x for x in records if isinstance(x, GroupFounded)), None)
    settings = {k: getattr(founded, k, None) for k in ("format", "setting", "population", "level")}
    members = tuple(MemberLine(x.seat, x.role) for x in records if isinstance(x, MemberAdmitted))
    sessions = []
    for full in desk.workspace.session_names(name):
        opened = read_session(desk.workspace, full, desk.disk).opened
        sessions.append(MeetingLine(full, opened.number if opened else None, opened.held if opened else None))
    if as_json:
        document(GroupSheet(group=name, **settings, members=members, sessions=tuple(sessions)))
        return
    click.echo(
        f"{name}: " + ", ".join(f"{k} {v}" for k, v in settings.items() if v)
        if any(settings.values())
        else name
    )
    if members:
        click.echo(shell._("seats: {seats}", seats=" ".join(m.seat for m in members)))
    words = [shell._("session"), shell._("number"), shell._("held")]
    table(words, [(s.session, s.number, s.held) for s in sessions])
