"""`tk group`: found, describe, admit, plan, and show where a group stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.codebook import Caution, Codebook
    from tkcore.events import Event
    from tkcore.status import Standing


def settings_options(command: Any) -> Any:
    """Add what a group and a session are like."""
    for option, text in (
        ("--level", N_("level, e.g. ego_supportive")),
        ("--population", N_("whom the group is for, e.g. psychotic")),
        ("--setting", N_("inpatient, outpatient, rehabilitation or aftercare")),
        ("--format", N_("series or single_session")),
    ):
        command = click.option(option, metavar="WORD", help=text)(command)
    return command


@click.group()
def group() -> None:
    """A therapy group, over all its meetings."""


@group.command("new")
@click.argument("name")
@click.argument("pairs", metavar="[NAME=VALUE]...", nargs=-1)
@settings_options
@click.pass_obj
def new(shell: Shell, /, name: str, pairs: tuple[str, ...], **settings: Any) -> None:
    """Found a group; further settings as NAME=VALUE (tk codebook show settings)."""
    from tkcore.config import name as checked
    from tkcore.errors import BadInput
    from tkcore.events import STRING
    from tkcore.membership import given
    from tkcore.opening import Settings, found_group
    from tkcore.reading import in_force
    from tkcore.status import Standing

    for field, word in settings.items():
        if word is not None and not STRING.fullmatch(word):
            raise BadInput(
                "--{field} {word!r}: up to 64 of A-Z a-z 0-9 _ . : + / -", field=field, word=word[:70]
            )
    desk = shell.desk()
    codebooks, group = in_force(desk.workspace), checked(name)
    given(
        Standing(group=group), codebooks, pairs, None, str
    )  # all of it is right before the group is founded
    found_group(desk, name, Settings(**settings), codebooks)
    if pairs:
        _describe(shell, group, pairs, None)
    click.echo(group)


@group.command("set")
@click.argument("name", metavar="GROUP")
@click.argument("pairs", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option("--seat", metavar="A", help=N_("of a member or a leader, not of the group"))
@click.pass_obj
def put(shell: Shell, name: str, pairs: tuple[str, ...], seat: str | None) -> None:
    """Say what a group, a member or a leader is like; NAME= takes it away. See: tk codebook show settings."""
    from tkcore.config import name as checked

    _describe(shell, checked(name), pairs, seat)


def _describe(shell: Shell, group: str, pairs: Sequence[str], seat: str | None) -> None:
    from tkcore.membership import given, keep
    from tkcore.reading import in_force

    desk = shell.desk()
    books = in_force(desk.workspace)
    moments = tuple(f"setting.{pair.partition('=')[0].strip().lower()}" for pair in pairs)
    _act(shell, group, lambda status: given(status, books, pairs, seat, keep(desk)), books, moments)


@group.command("admit")
@click.argument("name", metavar="GROUP")
@click.argument("seat")
@click.argument("pairs", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--role", metavar="WORD", help=N_("member, therapist, co_therapist, visitor, staff or volunteer")
)
@click.option("--name", "person", metavar="TEXT", help=N_("who it is: kept in the vault, not in the log"))
@click.pass_obj
def admit(
    shell: Shell, name: str, seat: str, pairs: tuple[str, ...], role: str | None, person: str | None
) -> None:
    """Admit a member under a sign, which is never given again."""
    from msgspec.structs import replace

    from tkcore.config import name as checked
    from tkcore.membership import LEADING, admit, given, keep
    from tkcore.reading import in_force
    from tkcore.status import Member

    desk, group = shell.desk(), checked(name)
    books = in_force(desk.workspace)

    def make(status: Standing) -> list[Event]:
        admitted = admit(status, seat, role, None)
        there = Member(seat=admitted.seat, role=admitted.role, since=0)
        after = replace(status, members=(*status.members, there))
        given(after, books, pairs, admitted.seat, str)
        admitted = admit(status, seat, role, keep(desk)(person) if person else None)
        return [admitted, *(given(after, books, pairs, admitted.seat, keep(desk)) if pairs else [])]

    leads = (role or "") in LEADING or seat.strip().upper()[:1] in ("T", "K")
    _act(shell, group, make, books, () if leads else ("member.admitted",))


@group.command("discharge")
@click.argument("name", metavar="GROUP")
@click.argument("seat")
@click.option(
    "--reason",
    default="unknown",
    metavar="WORD",
    help=N_("finished, dropped_out, transferred, died or unknown"),
)
@click.pass_obj
def discharge(shell: Shell, name: str, seat: str, reason: str) -> None:
    """End a membership; the sign stays the member's."""
    from tkcore.config import name as checked
    from tkcore.membership import discharge

    _act(shell, checked(name), lambda status: discharge(status, seat, reason))


@group.command("consent")
@click.argument("name", metavar="GROUP")
@click.argument("seat")
@click.option("--grantor", default="self", metavar="WORD", help=N_("who consents: self or guardian"))
@click.option(
    "--capacity", default="full", metavar="WORD", help=N_("of the member, to decide: full, limited or none")
)
@click.option(
    "--medium", default="written", metavar="WORD", help=N_("written, spoken, thumbprint or recorded")
)
@click.option("--scope", default="full", metavar="WORD", help=N_("full, floor_only (no codes) or none"))
@click.option(
    "--withdrawn",
    is_flag=True,
    help=N_("the consent is withdrawn: sessions that begin from now on record nothing of this seat"),
)
@click.pass_obj
def consent(shell: Shell, /, name: str, seat: str, *, withdrawn: bool, **words: str) -> None:
    """Record what a member agreed to; the next sessions keep to it."""
    from tkcore.config import name as checked
    from tkcore.membership import consent, sign, withdraw
    from tkcore.opening import going_on

    group = checked(name)
    after = _act(
        shell, group, lambda status: withdraw(status, seat) if withdrawn else consent(status, seat, **words)
    )  # fmt: skip
    member = after.member(sign(seat))
    if member is not None and member.consent is not None:
        for session in going_on(shell.desk(), group, member.seat, member.consent.allows):
            shell.tell(
                "{session} goes on as it began. To keep to this there, write in it: +{low}:{scope}",
                session=session, low=member.seat.lower(), scope=member.consent.allows,
            )  # fmt: skip


@group.command("check")
@click.argument("name", metavar="GROUP")
@click.argument("items", metavar="ITEM[=ANSWER]...", nargs=-1, required=True)
@click.option("--seat", metavar="A", help=N_("the member or leader it is asked of"))
@click.pass_obj
def check(shell: Shell, name: str, items: tuple[str, ...], seat: str | None) -> None:
    """Answer items of the group's list: yes (if nothing is said), no or na. See: tk codebook show checklist."""
    from tkcore.config import name as checked
    from tkcore.membership import answered
    from tkcore.reading import in_force

    books = in_force(shell.desk().workspace)
    _act(shell, checked(name), lambda status: answered(status, books, items, seat))


@group.command("score")
@click.argument("name", metavar="GROUP")
@click.argument("seat")
@click.argument("instrument")
@click.argument("pairs", metavar="ITEM=SCORE...", nargs=-1, required=True)
@click.pass_obj
def score(shell: Shell, name: str, seat: str, instrument: str, pairs: tuple[str, ...]) -> None:
    """Enter a member's answers to an instrument, by the numbers of its items."""
    from tkcore.config import name as checked
    from tkcore.membership import scored

    _act(shell, checked(name), lambda status: scored(status, seat, instrument, pairs))


@group.command("plan")
@click.argument("name", metavar="GROUP")
@click.option("--held", required=True, metavar="TIME", help=N_("when, with offset"))
@click.option("--number", type=click.IntRange(1, 9999), help=N_("the meeting's number (the next)"))
@click.pass_obj
def plan(shell: Shell, name: str, held: str, number: int | None) -> None:
    """Say when the next meeting will be; said again, it is another time."""
    from tkcore.config import name as checked
    from tkcore.membership import planned
    from tkcore.opening import next_number

    group = checked(name)
    upcoming = next_number(shell.desk(), group)
    _act(shell, group, lambda _: planned(held, number or upcoming))


@group.command("undo")
@click.argument("name", metavar="GROUP")
@click.argument("seq", type=click.IntRange(0), required=False)
@click.pass_obj
def undo(shell: Shell, name: str, seq: int | None) -> None:
    """Take back the last record of the group's log, or record SEQ."""
    from tkcore.config import name as checked
    from tkcore.events import name_of
    from tkcore.membership import take_back

    taken = take_back(shell.desk(), checked(name), seq)
    shell.tell("taken back: #{seq} {what}", seq=taken.seq, what=name_of(taken))


def _act(
    shell: Shell, group: str, make: Callable[[Standing], Sequence[Event]], books: Sequence[Codebook] = (),
    moments: Iterable[str] = (),
) -> Standing:  # fmt: skip
    """Do one act, say what the codebook would have a person know of it, and return what the group comes to."""
    from tkcore.cautions import at
    from tkcore.membership import act
    from tkcore.status import facts

    after = act(shell.desk(), group, make)
    shown: dict[str, Caution] = {c.id: c for moment in moments for c in at(moment, books, facts(after))}
    shell.caution(shown.values())
    return after


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
    """Show where a group stands: settings, members, meetings, goals, contracts, what is to come."""
    from tkcore.cli import course
    from tkcore.cli.printing import document
    from tkcore.config import name as checked

    sheet = course.sheet(shell, checked(name))
    if as_json:
        document(sheet)
    else:
        course.tell(shell, sheet)
