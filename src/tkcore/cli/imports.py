"""`tk import`: turns captured elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tkcore.cli import Shell
from tkcore.cli.formats import ImportFormats
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore import codebook as cb
    from tkcore.exchange.turns import Columns, People, TurnTable
    from tkcore.opening import Desk


@click.group(cls=ImportFormats)
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
@click.option("--encoding", metavar="NAME", help=N_("the file's encoding, such as cp1252, if not UTF-8"))
@click.option("--roles", type=click.Path(path_type=Path), metavar="FILE", help=N_("a file of label,role"))
@click.pass_obj
def turns(
    shell: Shell, file: Path, group: str, session: str, time: str, unit: str, sender: str, receiver: str,
    length: str | None, until_next: bool, group_value: str | None, encoding: str | None, roles: Path | None,
) -> None:  # fmt: skip
    """Import a CSV or TSV file of turns as a session.

    Everything is checked before anything is stored. Names become seats; the pairing goes to the vault and is shown
    once.
    """
    from tkcore.config import name
    from tkcore.errors import BadInput
    from tkcore.exchange.turns import Columns, read_turns
    from tkcore.reading import in_force

    if length is not None and until_next:
        raise BadInput("--length and --until-next say two different things: choose one")
    desk = shell.desk()
    group, full = name(group), f"{name(group)}/{name(session)}"
    columns = Columns(
        time=time, unit=unit, sender=sender, receiver=receiver, length=length, group_value=group_value,
        until_next=until_next,
    )  # fmt: skip
    with aside(desk, group) as hidden:
        _absent(desk, full)
        table = read_turns(file, columns, roles, encoding=encoding, people=people_of(desk, group))
        record(desk, hidden, full, table, in_force(desk.workspace))
        admit(desk, group, table)
        tell(shell, table, columns)
        appear(desk, hidden, full)
    click.echo(
        shell._(
            "{session}: {turns} turns, {seats} seats",
            session=full,
            turns=len(table.turns),
            seats=len(table.seats),
        )
    )


@imports.command("log")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--group", metavar="G", help=N_("the group, if you want to be sure"))
@click.option("--session", metavar="S", help=N_("the session, if you want to be sure"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def log(shell: Shell, file: Path, group: str | None, session: str | None, as_json: bool) -> None:
    """Take in the log of a session that `tk export log` wrote, under the name it has.

    The whole of it is verified first, and its bytes stay as they are. Its group is founded where it is missing.
    """
    from tkcore.cli.documents import LogSheet
    from tkcore.cli.printing import document
    from tkcore.config import name
    from tkcore.errors import NotAllowed
    from tkcore.exchange.logs import founded, name_in, on_record, take_in, weight
    from tkcore.reading import books

    desk = shell.desk()
    file = file.expanduser().absolute()
    full = name_in(file)
    own_group, _, own = full.partition("/")
    if (group or own_group).lower() != own_group or (session or own).lower() != own:
        raise NotAllowed(
            "{file} is the log of {session}, as its chain says: it is taken in under that name or not at all",
            file=file, session=full,
        )  # fmt: skip
    codebooks = books(desk.workspace)
    with aside(desk, name(own_group)) as hidden:
        if begun(desk, full):
            raise NotAllowed("{session} is there already, and its log has no other name: nothing was taken in", session=full)  # fmt: skip
        done = take_in(hidden, full, file, codebooks)
        missing = founded(desk, hidden, full, codebooks)
        sha256 = weight(file, desk.disk)
        behind = on_record(desk, hidden, full, sha256)
        appear(desk, hidden, full)
    if missing:
        shell.tell("this workspace has not the codebook {books}: add it, then its codes have their families", books=", ".join(missing))  # fmt: skip
    if behind:
        shell.tell("the texts of {count} notes are not here", count=behind)
    _consents(shell, full)
    if as_json:
        document(
            LogSheet(
                session=full, file=str(file), records=done.head.seq + 1, seq=done.head.seq, h=done.head.h,
                segments=done.segments, closed=done.closed, notes=behind, sha256=sha256,
            )
        )  # fmt: skip
    else:
        click.echo(shell._("{session}: {records} records, verified", session=full, records=done.head.seq + 1))


def _consents(shell: Shell, full: str) -> None:
    """Say of whom a log keeps more than the consent on record allows: its bytes stay as they are."""
    from tkcore.effective import corrections, in_order
    from tkcore.opening import allowed, beyond, group_standing
    from tkcore.reading import read_session
    from tkcore.situation import situation

    desk = shell.desk()
    records = read_session(desk.workspace, full, desk.disk).records
    now = situation(in_order(records, corrections(records)))
    for seat, scope in beyond(now, allowed(group_standing(desk, full.partition("/")[0]))).items():
        shell.tell(
            "{seat}: the consent on record says {scope}, and this log keeps more",
            seat=seat,
            scope=shell._(scope),
        )


@contextmanager
def aside(desk: Desk, group: str) -> Iterator[Desk]:
    """Give a desk in a hidden folder of the workspace, where a session is made before it appears whole.

    One import into a group at a time; what a killed one has left is removed by the next.
    """
    from msgspec.structs import replace

    from tkcore.config import Workspace
    from tkcore.recovery import PATIENCE, unwritable
    from tkcore.writer import holder

    folder = desk.workspace.root / f".import-{group}"
    try:
        desk.disk.make_folder(folder)
        lock = desk.disk.lock(folder / "LOCK", holder(desk.now()), wait=PATIENCE)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        for left in ("groups", "vault"):  # texts too: nobody's record names them
            shutil.rmtree(folder / left, ignore_errors=True)
        yield replace(desk, workspace=Workspace(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def begun(desk: Desk, full: str) -> bool:
    """Whether a session is there and has begun."""
    return any(desk.workspace.session(full).glob("*.ndjson"))


def _absent(desk: Desk, full: str) -> None:
    """Raise NotAllowed where a session has begun."""
    from tkcore.errors import NotAllowed

    if begun(desk, full):
        raise NotAllowed("the session {session} is there already. Import under another name", session=full)


def people_of(desk: Desk, group: str) -> People:
    """Return whom the group and its sessions know; a seat is never given to somebody else."""
    from tkcore import vault
    from tkcore.errors import NotFound
    from tkcore.events import MemberAdmitted, SeatAdded, SessionOpened
    from tkcore.exchange.turns import People
    from tkcore.recovery import read, refusal

    folder = desk.workspace.group_log(group)
    if not folder.is_dir():
        return People()
    records, found = read(folder, desk.disk, group)
    if found.damage is not None:
        raise refusal(group, found.damage)
    roles: dict[str, str] = {}
    seats: dict[str, str] = {}
    for x in records:
        if isinstance(x, MemberAdmitted):
            roles[x.seat] = x.role
            if x.words is not None:
                with suppress(
                    NotFound
                ):  # a sealed vault does not say, and neither does one that has forgotten
                    seats[vault.get(desk.workspace.vault, x.words, desk.disk)] = x.seat
    for full in desk.workspace.session_names(group):
        for x in read(desk.workspace.session(full), desk.disk, full)[0]:
            if isinstance(x, SessionOpened):
                roles = {s.seat: s.role for s in x.seats} | roles
            elif isinstance(x, SeatAdded):
                roles.setdefault(x.seat, x.role)
    return People(roles=roles, seats=seats)


def record(desk: Desk, hidden: Desk, full: str, table: TurnTable, codebooks: Sequence[cb.Codebook]) -> None:
    """Record the turns as a session of the hidden workspace, and close it there."""
    from tkcore import events as e
    from tkcore.closing import close_session
    from tkcore.errors import NotAllowed
    from tkcore.opening import (
        Opening,
        Settings,
        agreed,
        group_standing,
        next_number,
        open_session,
        start,
        zone,
    )

    group = full.partition("/")[0]
    status = group_standing(desk, group)
    settings = Settings(**(status.opened() if status is not None else {}))
    seats = agreed(table.seats, status)
    silent = {seat.seat for seat in seats if seat.scope == "none"}.intersection(t.sender for t in table.turns)
    if silent:
        raise NotAllowed("{seat} did not agree to be recorded", seat=", ".join(sorted(silent)))
    opening = Opening(
        seats=seats, clock="given", turn_ends="given", families=("floor",), zone=zone(os.environ), settings=settings,
        number=next_number(desk, group),
    )  # fmt: skip
    open_session(hidden, full, opening, codebooks)
    recorder, writer = start(hidden, full, codebooks)
    try:
        with click.progressbar(
            range(0, len(table.turns), 100), label=full, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as steps:
            for at in steps:
                recorder.put_turns(
                    [
                        e.TurnTaken(
                            sender=turn.sender, audience=turn.audience, receivers=turn.receivers, dur=turn.dur, ts=turn.ts,
                            id=desk.random(15).hex() + "00",
                        )
                        for turn in table.turns[at : at + 100]
                    ]
                )  # fmt: skip
    finally:
        writer.close()
    close_session(hidden, full, codebooks, max(turn.ts + (turn.dur or 0) for turn in table.turns))


def admit(desk: Desk, group: str, table: TurnTable) -> None:
    """Put who sits where into the vault and the group's log, which is founded where it is missing."""
    from tkcore import events as e
    from tkcore import vault
    from tkcore.errors import NotAllowed
    from tkcore.opening import Settings, append_group, found_group, group_standing

    if group_standing(desk, group) is None:
        with suppress(NotAllowed):  # somebody else founded it just now
            found_group(desk, group, Settings())
    role = {seat.seat: seat.role for seat in table.seats}
    admitted = [
        e.MemberAdmitted(
            seat=seat, role=role[seat],
            words=vault.put(desk.workspace.vault, label, desk.random(vault.SALT), desk.disk),
        )
        for seat, label in table.pairing if label not in table.known
    ]  # fmt: skip
    if admitted:
        append_group(desk, group, admitted)


def tell(shell: Shell, table: TurnTable, columns: Columns) -> None:
    """Say what the file does not say itself: who sits where, and what was derived."""
    for seat, label in table.pairing:
        said = "".join(sign if sign.isprintable() else "�" for sign in label)
        if label in table.known:
            shell.tell("{seat} = {label}, as in the group before", seat=seat, label=said)
        else:
            shell.tell("{seat} = {label}", seat=seat, label=said)
    if any(label not in table.known for _, label in table.pairing):
        shell.tell("Write these pairs down: they are shown this once. The log knows only the seats.")
    shell.tell("The clock begins with the first turn, at {time} in the file.", time=table.begins)
    leaders = [f"{seat.seat} {shell._(seat.role)}" for seat in table.seats if seat.role != "member"]
    if leaders:
        shell.tell("Roles, by letter, roles file or group: {seats}", seats=", ".join(leaders))
    if table.divided:
        shell.tell("Turns whose receivers were divided at , ; or +: {count}", count=table.divided)
    if table.whole:
        shell.tell(
            "Not divided, because a part of it is nobody else's name: {labels}",
            labels=" | ".join(table.whole)[:400],
        )
    if columns.until_next:
        shell.tell("Lengths are derived: each turn runs to the next.")
    elif columns.length is None:
        shell.tell("The source has no lengths: results in time are withheld.")


def appear(desk: Desk, hidden: Desk, full: str) -> None:
    """Move the closed session to where it is seen: the one step before which nothing of it is there."""
    from tkcore.recovery import unwritable
    from tkcore.writer import holder

    target = desk.workspace.session(full)
    try:
        desk.disk.make_folder(target.parent)
        if target.is_dir():  # somebody began to open it and got no further than the lock
            lock = desk.disk.lock(target / "LOCK", holder(desk.now()))
            try:
                _absent(desk, full)
                (target / "LOCK").unlink()
                target.rmdir()
            finally:
                lock.close()
        desk.disk.replace(hidden.workspace.session(full), target)
    except OSError as error:
        raise unwritable(target, error) from error
