"""`tk session`: open, list, show, close."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.cli.groups import settings_options
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.codebook import Codebook
    from tkcore.rows import Mark


@click.group()
def session() -> None:
    """One meeting of a group."""


@session.command("open")
@click.argument("name", metavar="GROUP/SESSION")
@click.option(
    "--seats", required=True, metavar="T,K,A,...", help=N_("seats in the circle; A:visitor gives a role")
)
@click.option("--absent", default="", metavar="E,...", help=N_("seats that are expected and not there"))
@click.option(
    "--clock",
    type=click.Choice(["live", "given"]),
    default="live",
    help=N_("live: the clock runs; given: each line says its time (from paper)"),
)
@click.option("--observer", default=None, metavar="ID", help=N_("who records and leads (obs1)"))
@click.option(
    "--captures", default=None, metavar="FAMILY,...", help=N_("the families that will be coded (all)")
)
@click.option("--number", type=click.IntRange(1, 9999), help=N_("the meeting's number (the next)"))
@click.option("--held", metavar="TIME", help=N_("when it is held, with offset (now)"))
@click.option(
    "--planned", type=click.IntRange(1, 1440), metavar="MINUTES", help=N_("planned length in minutes")
)
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help=N_("a further setting, as in seating=circle")
)
@settings_options
@click.pass_obj
def opening(
    shell: Shell, /, name: str, seats: str, absent: str, clock: str, observer: str | None, captures: str | None,
    number: int | None, held: str | None, planned: int | None, pairs: tuple[str, ...], **settings: Any,
) -> None:  # fmt: skip
    """Open a session; its group is founded where it is missing."""
    from tkcore.config import session_name
    from tkcore.opening import (
        LEAD,
        Opening,
        Settings,
        details_of,
        families_of,
        group_standing,
        moment,
        open_session,
        seatings,
        zone,
    )
    from tkcore.reading import in_force

    desk = shell.desk()
    codebooks = in_force(desk.workspace)
    families = None if captures is None else families_of(captures, codebooks)
    if held is not None:
        moment(held)
    status = group_standing(desk, session_name(name).partition("/")[0])
    roles = {m.seat: m.role for m in status.members} if status is not None else {}
    made = open_session(
        desk,
        name,
        Opening(
            seats=seatings([s for s in seats.split(",") if s.strip()], roles),
            absent=tuple(s.strip().upper() for s in absent.split(",") if s.strip()),
            settings=Settings(**settings), clock=clock, held=held, zone=zone(os.environ), number=number,
            planned=planned, details=details_of(pairs, codebooks), lead=observer or LEAD, families=families,
        ),
        codebooks,
    )  # fmt: skip
    click.echo(made)
    _opened(shell, made, codebooks)
    shell.tell("record with: tk record {session}", session=made)


def _opened(shell: Shell, full: str, codebooks: Sequence[Codebook]) -> None:
    """Say what the consents on record allow, and what the codebook would have a person know."""
    from tkcore.cautions import at, situated
    from tkcore.opening import group_standing
    from tkcore.reading import read_session
    from tkcore.situation import situation
    from tkcore.status import facts

    desk = shell.desk()
    records = read_session(desk.workspace, full, desk.disk).records
    now = situation(records)
    assert now.opened is not None
    status = group_standing(desk, full.partition("/")[0])
    known = {} if status is None else facts(status, [seat.seat for seat in now.opened.seats])
    given = {name: fact for name, fact in situated(now).items() if fact is not None}
    shell.caution(at("session.opened", codebooks, {**known, **given}))
    for seat in now.opened.seats:
        if seat.scope != "full":
            shell.tell(
                "{seat}: {scope}, as the consent on record says", seat=seat.seat, scope=shell._(seat.scope)
            )
    if status is None or not status.members:
        return  # nobody keeps this group's members here
    members = {m.seat: m for m in status.members}
    here = [(seat.seat, members.get(seat.seat)) for seat in now.opened.seats if seat.role == "member"]
    without = [seat for seat, member in here if member is None or member.consent is None]
    if without:
        shell.tell("no consent on record: {seats}. See: tk group consent", seats=", ".join(without))
    for sign, member in here:
        if member is not None and member.until is not None:
            shell.tell("{seat} was discharged already", seat=sign)


@session.command("list")
@click.option("--group", metavar="G", help=N_("only this group's"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def listing(shell: Shell, group: str | None, as_json: bool) -> None:
    """List sessions with their state."""
    from tkcore.cli.documents import SessionLine
    from tkcore.cli.printing import document, table
    from tkcore.events import SessionClosed
    from tkcore.recovery import read

    desk = shell.desk()
    found = []
    for full in desk.workspace.session_names(group):
        records, scan = read(desk.workspace.session(full), desk.disk, full)
        state = "damaged" if scan.damage else "open"
        if not scan.damage and any(isinstance(x, SessionClosed) for x in records):
            state = "closed"
        found.append(SessionLine(full, len(records), state, scan.head.h))
    if as_json:
        document(found)
    else:
        words = [shell._("session"), shell._("records"), shell._("state"), shell._("head")]
        table(
            words,
            [(f.session, f.records, shell._(f.state), f.head[:12]) for f in found],
            right=(1,),
        )


@session.command("show")
@click.argument("name", metavar="SESSION")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def show(shell: Shell, name: str, as_json: bool) -> None:
    """Show a session: who was there, how much was recorded, what stays open."""
    from collections import Counter

    from tkcore import rows as r
    from tkcore.cli.documents import SeatLine, SessionSheet
    from tkcore.cli.printing import document, minutes, table, worded
    from tkcore.config import locate
    from tkcore.reading import books, read_session, rows_of
    from tkcore.safety import unreported
    from tkcore.status import OPENED, settings_in

    desk = shell.desk()
    full = locate(desk.workspace, name)
    read = read_session(desk.workspace, full, desk.disk)
    codebooks = books(desk.workspace)
    everybodys = rows_of(read, codebooks)
    rows = [row for row in everybodys if row.counted]
    frame = next((row for row in rows if isinstance(row, r.SessionRow)), None)
    turns = Counter(row.sender for row in rows if isinstance(row, r.Turn))
    seats = tuple(
        SeatLine(
            seat=row.seat, role=row.role, place=row.place, scope=row.scope, attended=row.attended,
            present=row.present, turns=turns[row.seat],
        )
        for row in rows if isinstance(row, r.SeatRow)
    )  # fmt: skip
    counts = Counter(str(type(row).__struct_config__.tag) for row in rows)
    open_contracts = tuple(row for row in rows if isinstance(row, r.Contract) and row.outcome == "open")
    safety = unreported(everybodys)
    if as_json:
        document(
            SessionSheet(
                session=full, head=read.scan.head, opened=frame, seats=seats, rows=dict(counts),
                open_contracts=open_contracts, safety=safety,
            )
        )  # fmt: skip
        return
    if frame is not None:
        state = shell._("closed") if frame.closed else shell._("open")
        click.echo(f"{full}  #{frame.number}  {frame.held}  {state}")
        known = settings_in(codebooks)
        like = {**{name: getattr(frame, name) for name in OPENED}, **frame.details}
        words = [worded(shell, known.get(name), value) for name, value in like.items() if value]
        if words:
            click.echo(", ".join(words))
        click.echo(
            shell._(
                "recorded {time}, {records} records",
                time=minutes(frame.recorded),
                records=len(read.records),
            )
        )
    words = [shell._("seat"), shell._("role"), shell._("present"), shell._("turns")]
    table(
        words,
        [
            [s.seat, shell._(s.role), minutes(s.present) if s.attended else shell._("absent"), s.turns]
            for s in seats
        ],
        right=(2, 3),
    )
    click.echo(
        "  ".join(
            f"{kind} {n}"
            for kind, n in sorted(counts.items())
            if kind not in ("seat", "session", "exposure", "presence")
        )
    )
    for row in open_contracts:
        click.echo(
            shell._("{time}: contract of {seat} is open", time=minutes(row.ts), seat=row.author or "?")
        )
    for line in reminders(shell, safety, codebooks):
        click.echo(line)


def reminders(shell: Shell, safety: Iterable[Mark], codebooks: Sequence[Codebook]) -> Iterator[str]:
    """Yield what is to be reported to the staff on duty, a sentence each."""
    from tkcore.cli.printing import minutes
    from tkcore.codebook import by_stored

    for mark in safety:
        code = by_stored(codebooks, mark.code, mark.attrs)
        yield shell._(
            "{time}: safety, {code} ({seat}). Not reported yet; when it is: @{time} !wj~{seq}",
            time=minutes(mark.ts), seat=mark.author or ",".join(mark.targets) or "?",
            code=mark.code if code is None else shell.label(code.label), seq=mark.seq,
        )  # fmt: skip


@session.command("close")
@click.argument("name", metavar="SESSION")
@click.option("--at", metavar="M:SS", help=N_("when it ended, on the session clock"))
@click.option(
    "--qr", metavar="FILE|-", help=N_("the receipt as a QR code: an svg, png or pdf file, or - for here")
)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def close(shell: Shell, name: str, at: str | None, qr: str | None, as_json: bool) -> None:
    """Close a session, or close it again after corrections; prints the receipt.

    The receipt is one line of JSON, eight words to copy by hand, or a QR code of that line.
    """
    from msgspec import json

    from tkcore.cautions import at_close
    from tkcore.cli.documents import ReceiptSheet
    from tkcore.cli.printing import document
    from tkcore.closing import close_session
    from tkcore.config import locate
    from tkcore.errors import BadInput, GrammarError
    from tkcore.grammar import Time, parse
    from tkcore.reading import books, read_session, rows_of
    from tkcore.receipts import MOST, words_of
    from tkcore.safety import unreported

    desk = shell.desk()
    full = locate(desk.workspace, name)
    ts = None
    if at is not None:
        try:
            time = parse(f"@{at} _").time
        except GrammarError as error:
            raise BadInput("--at {at}: write it as 5:30 or 1:02:03", at=at) from error
        assert isinstance(time, Time)
        if time.sign:
            raise BadInput("--at {at}: write it as 5:30 or 1:02:03", at=at)
        ts = time.ms
    receipt = close_session(desk, full, books(desk.workspace), ts)
    read, codebooks = read_session(desk.workspace, full, desk.disk), books(desk.workspace)
    shell.caution(at_close(read.records, codebooks))
    for reminder in reminders(shell, unreported(rows_of(read, codebooks)), codebooks):
        click.echo(reminder, err=True)
    line = json.encode(receipt).decode()
    words = words_of(receipt) if receipt.seq < MOST else ()
    if qr is not None:
        _draw(shell, line, qr)
    if as_json:
        document(ReceiptSheet(session=receipt.session, seq=receipt.seq, h=receipt.h, words=words))
        return
    shell.tell("closed. Keep this receipt on the attendance sheet; `tk verify --receipt` checks it:")
    if words:
        shell.tell("   {words}", words=" ".join(words))
    click.echo(line)


def _draw(shell: Shell, line: str, target: str) -> None:
    """Draw a QR code into a file, or with blocks on the terminal."""
    import segno

    code = segno.make_qr(line, error="m")
    if target == "-":
        code.terminal(out=sys.stderr, compact=True)
        return
    try:
        code.save(target, scale=4)
    except (OSError, ValueError) as error:
        from tkcore.errors import BadInput

        raise BadInput(
            "{path}: {error}. A QR code is an svg, png or pdf file", path=target, error=error
        ) from None
    shell.tell("the QR code is in {path}", path=target)
