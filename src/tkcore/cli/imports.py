"""`tk import`: turns captured elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.group()
def imports() -> None:
    """Take in what was captured elsewhere."""


@imports.command("turns")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--group", required=True, metavar="G", help=N_("the group, founded where it is missing"))
@click.option("--session", required=True, metavar="S", help=N_("the new session"))
@click.option("--time", required=True, metavar="COL", help=N_("the column of times"))
@click.option(
    "--unit",
    type=click.Choice(["s", "ms", "min"]),
    default="s",
    show_default=True,
    help=N_("the unit of times and lengths"),
)
@click.option("--sender", required=True, metavar="COL", help=N_("the column of who speaks"))
@click.option("--receiver", required=True, metavar="COL", help=N_("the column of who is spoken to"))
@click.option("--length", metavar="COL", help=N_("the column of lengths"))
@click.option("--until-next", is_flag=True, help=N_("let each turn run to the next one"))
@click.option("--group-value", metavar="V", help=N_("what stands for the whole group"))
@click.option("--roles", type=click.Path(path_type=Path), metavar="FILE", help=N_("a file of label,role"))
@click.pass_obj
def turns(
    shell: Shell, file: Path, group: str, session: str, time: str, unit: str, sender: str, receiver: str,
    length: str | None, until_next: bool, group_value: str | None, roles: Path | None,
) -> None:  # fmt: skip
    """Import a CSV or TSV file of turns as a session.

    Everything is checked before anything is stored. Names become seats; the pairing goes to the vault and is shown
    once.
    """
    from tkcore import events as e
    from tkcore import vault
    from tkcore.closing import close_session
    from tkcore.config import name
    from tkcore.errors import BadInput
    from tkcore.exchange.turns import Columns, read_turns
    from tkcore.opening import Opening, append_group, open_session, start, zone
    from tkcore.reading import books

    if length is not None and until_next:
        raise BadInput("--length and --until-next say two different things: choose one")
    desk = shell.desk()
    table = read_turns(
        file,
        Columns(
            time=time,
            unit=unit,
            sender=sender,
            receiver=receiver,
            length=length,
            group_value=group_value,
            until_next=until_next,
        ),
        roles,
    )
    codebooks = books(desk.workspace)
    full = open_session(
        desk, f"{name(group)}/{name(session)}",
        Opening(seats=table.seats, clock="given", turn_ends="given", families=("floor",), zone=zone(os.environ)), codebooks,
    )  # fmt: skip
    recorder, writer = start(desk, full, codebooks)
    try:
        entries: list[e.Event] = []
        with click.progressbar(
            table.turns, label=full, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as steps:
            for turn in steps:
                entries.append(
                    e.TurnTaken(
                        sender=turn.sender, audience=turn.audience, receivers=turn.receivers, dur=turn.dur, ts=turn.ts,
                        id=desk.random(15).hex() + "00",
                    )
                )  # fmt: skip
                if len(entries) == 100:
                    recorder.put_turns(entries)
                    entries = []
        if entries:
            recorder.put_turns(entries)
    finally:
        writer.close()
    close_session(desk, full, codebooks, max(t.ts + (t.dur or 0) for t in table.turns))
    for seat, label in table.pairing:
        digest = vault.put(desk.workspace.vault, label, desk.random(vault.SALT), desk.disk)
        role = next(s.role for s in table.seats if s.seat == seat)
        append_group(desk, full.partition("/")[0], [e.MemberAdmitted(seat=seat, role=role, words=digest)])
        shell.tell("{seat} = {label}", seat=seat, label=label)
    if table.pairing:
        shell.tell("Write these pairs down: they are shown this once. The log knows only the seats.")
    if until_next:
        shell.tell("Lengths are derived: each turn runs to the next.")
    elif length is None:
        shell.tell("The source has no lengths: results in time are withheld.")
    click.echo(
        shell._(
            "{session}: {turns} turns, {seats} seats",
            session=full,
            turns=len(table.turns),
            seats=len(table.seats),
        )
    )
