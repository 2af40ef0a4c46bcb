"""Where a group stands: its log and its meetings put together, as one document and for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tkcore.cautions import at
from tkcore.cli import Shell
from tkcore.cli.documents import GroupSheet, MemberLine, NormLine, OpenItem, ScoreLine
from tkcore.cli.printing import minutes, table, worded
from tkcore.cli.sessions import reminders
from tkcore.errors import NotFound
from tkcore.membership import LEADING, items_in
from tkcore.opening import group_standing
from tkcore.reading import books, in_force, read_session, rows_of
from tkcore.rows import Mark
from tkcore.safety import unreported
from tkcore.status import (
    Planned,
    Said,
    Sat,
    Scored,
    Standing,
    Task,
    facts,
    sat,
    settings_in,
    tasks_over,
    usual,
)
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.codebook import Codebook

_DAY = 10
_APPOINTMENT = ".checklist.next_appointment"
OUTCOMES = (N_("open"), N_("settled"), N_("partly"), N_("handed_on"), N_("withdrawn"))


def sheet(shell: Shell, group: str) -> GroupSheet:
    """Return where a group stands. Raises NotFound."""
    desk = shell.desk()
    status = group_standing(desk, group)
    if status is None:
        raise NotFound("there is no group {group}. See: tk group list", group=group)
    known, codebooks = in_force(desk.workspace), books(desk.workspace)
    meetings, safety = [], list[Mark]()
    for full in desk.workspace.session_names(group):
        rows = rows_of(read_session(desk.workspace, full, desk.disk), codebooks)
        safety += unreported(rows)
        if (found := sat(rows)) is not None:
            meetings.append(found)
    meetings.sort(key=lambda m: (datetime.fromisoformat(m.held), m.number))
    asked = facts(status)
    moments = ("member.admitted", *(f"setting.{s.detail}" for s in status.settings if s.seat is None))
    cautions = {c.id: c for moment in moments for c in at(moment, known, asked)}
    there = {s.detail for s in status.settings if s.seat is None}
    plan = status.said("planned_sessions")
    settings = settings_in(known, "group")
    norms: dict[str, list[str]] = {}
    for meeting in meetings:
        for code in meeting.norms:
            norms.setdefault(code, []).append(meeting.session)
    return GroupSheet(
        group=group, **status.opened(), settings=status.settings,
        usual={
            name: value for name, s in settings.items() if name not in there and (value := usual(s, asked)) is not None
        },
        cautions=tuple(cautions.values()),
        members=tuple(_members(status, meetings)), sessions=tuple(meetings),
        goals=tuple(goal for m in meetings for goal in m.goals),
        norms=tuple(NormLine(code=code, sessions=tuple(where)) for code, where in norms.items()),
        tasks=tuple(tasks_over(meetings)),
        checks=status.checks, unanswered=tuple(_unanswered(status, known)), scores=tuple(_scores(status.scores)),
        held=sum(m.closed for m in meetings), planned_sessions=plan.amount if plan else None, coming=_coming(status, meetings),
        safety=tuple(safety),
    )  # fmt: skip


def _members(status: Standing, meetings: Sequence[Sat]) -> Iterator[MemberLine]:
    for m in status.members:
        found = [a for meeting in meetings for a in meeting.attendance if a.seat == m.seat]
        yield MemberLine(
            seat=m.seat, role=m.role, since=m.since, until=m.until, reason=m.reason, named=m.named, consent=m.consent,
            attended=sum(a.present is not None for a in found), expected=len(found), late=sum(a.late for a in found),
        )  # fmt: skip


def _unanswered(status: Standing, codebooks: Iterable[Codebook]) -> Iterator[OpenItem]:
    done = {(c.code, c.seat) for c in status.checks}
    here = [m for m in status.members if m.until is None]
    for code in items_in(codebooks).values():
        seats: list[str | None] = [None]
        if code.of != "group":
            leads = code.of == "leader"
            seats = [m.seat for m in here if (m.role in LEADING) == leads and m.role in (*LEADING, "member")]
        yield from (OpenItem(code=code.id, seat=seat) for seat in seats if (code.stored, seat) not in done)


def _scores(scores: Iterable[Scored]) -> Iterator[ScoreLine]:
    """Put together what was entered on one day; of an item that was entered twice the last holds."""
    found: dict[tuple[str, str, str], dict[int, int]] = {}
    for one in scores:
        day = _day(one.logged)
        found.setdefault((one.seat, one.instrument, day), {})[one.item] = one.score
    for (seat, instrument, day), items in found.items():
        yield ScoreLine(
            seat=seat, instrument=instrument, day=day, items=len(items), total=sum(items.values())
        )


def _coming(status: Standing, meetings: Sequence[Sat]) -> Planned | None:
    """Return the next meeting that was planned and not held yet."""
    last = max((m.number for m in meetings if m.closed), default=0)
    return next((p for p in status.planned if p.number > last), None)


# -- for people ------------------------------------------------------------------------------------------------


def tell(shell: Shell, found: GroupSheet) -> None:
    """Print where a group stands, in 80 columns."""
    books_ = in_force(shell.desk().workspace)
    held = shell._("{held} meetings held", held=found.held)
    if found.planned_sessions is not None:
        held = shell._("{held} of {planned} meetings held", held=found.held, planned=found.planned_sessions)
    click.echo(f"{found.group}  {held}")
    if found.coming is not None:
        click.echo(shell._("next: #{number}, {held}", number=found.coming.number, held=found.coming.held))
    elif found.sessions:
        _appointment(shell, found.sessions[-1], books_)
    _settings(shell, found, books_)
    for caution in found.cautions:
        _echo(shell._("a caution: {caution}", caution=shell.label(caution.text)))
    for mark in found.safety:
        for reminder in reminders(shell, [mark], books_):
            _echo(f"{mark.session}  {reminder}")
    _people(shell, found)
    _meetings(shell, found)
    _checks(shell, found, books_)
    _said(shell, found, books_)
    if found.scores:
        words = [shell._("seat"), shell._("instrument"), shell._("day"), shell._("items"), shell._("sum")]
        rows = [(s.seat, s.instrument, s.day, s.items, s.total) for s in found.scores]
        table(words, rows, right=(3, 4), title=shell._("scores"))
    if found.unanswered:
        click.echo(
            shell._(
                "{count} items are not answered. See: tk codebook show checklist", count=len(found.unanswered)
            )
        )


def _appointment(shell: Shell, last: Sat, codebooks: Sequence[Codebook]) -> None:
    """Print what the last meeting said of the next one: that of an older meeting is past."""
    labels = {code.stored: code.label for book in codebooks for code in book.codes}
    for one in last.checks:
        if one.code.endswith(_APPOINTMENT) and one.code in labels:
            click.echo(f"{shell.label(labels[one.code])}: {_answer(shell, one.score)} ({last.session})")


def _settings(shell: Shell, found: GroupSheet, codebooks: Sequence[Codebook]) -> None:
    known = settings_in(codebooks)
    rows = [
        (one.seat or "", shell.label(known[one.detail].label) if one.detail in known else one.detail, _value(shell, one, codebooks))
        for one in found.settings
    ]  # fmt: skip
    for name, value in found.usual.items():
        word = worded(shell, known[name], str(value))
        rows.append(("", shell.label(known[name].label), shell._("usually {value}", value=word)))
    if rows:
        table([shell._("seat"), shell._("setting"), shell._("value")], rows, title=shell._("settings"))


def _value(shell: Shell, said: Said, codebooks: Sequence[Codebook]) -> str:
    setting = settings_in(codebooks).get(said.detail)
    if said.words is not None:
        return shell._("a text, in the vault")
    if said.amount is not None:
        return str(said.amount)
    return ", ".join(worded(shell, setting, choice) for choice in said.choices)


def _people(shell: Shell, found: GroupSheet) -> None:
    def consent(m: MemberLine) -> str:
        if m.role != "member":
            return "–"
        if m.consent is None:
            return shell._("none yet")
        if m.consent.withdrawn:
            return shell._("withdrawn")
        return ", ".join(map(shell._, (m.consent.grantor, m.consent.medium, m.consent.scope)))

    words = [shell._("sign"), shell._("role"), shell._("since"), shell._("until"), shell._("consent"), shell._("present"), shell._("late")]  # fmt: skip
    rows = [
        (m.seat, shell._(m.role), _day(m.since), _day(m.until), consent(m), f"{m.attended}/{m.expected}", m.late or "–")
        for m in found.members
    ]  # fmt: skip
    if rows:
        table(words, rows, right=(5, 6), title=shell._("members"))


def _echo(text: str) -> None:
    """Print a sentence in 80 columns."""
    click.echo(textwrap.fill(text, 80, subsequent_indent="  "))


def _outcome(shell: Shell, task: Task) -> str:
    """Return what became of a task, and in which meeting if it was another."""
    said = shell._(task.outcome)
    return said if task.settled_in in (None, task.session) else f"{said} ({task.settled_in})"


def _day(ms: int | None) -> str:
    # the day it was here: in Jakarta the UTC day begins at seven, in the middle of the morning shift
    return "–" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).astimezone().isoformat()[:_DAY]


def _meetings(shell: Shell, found: GroupSheet) -> None:
    words = [shell._("session"), "#", shell._("held"), shell._("recorded"), shell._("present"), shell._("absent"), shell._("late")]  # fmt: skip
    rows = []
    for s in found.sessions:
        here = [a for a in s.attendance if a.present is not None]
        away = " ".join(a.seat for a in s.attendance if a.present is None)
        late = " ".join(a.seat for a in here if a.late)
        # one word each, or a narrow column would tear a sign from its time
        partly = " ".join(f"{a.seat}={minutes(a.present)}" for a in here if a.late or a.left_as)
        present = f"{len(here)}/{len(s.attendance)}{f' ({partly})' if partly else ''}"
        held = s.held[:16].replace("T", " ")
        rows.append((s.session, s.number, held, minutes(s.recorded), present, away, late))
    if rows:
        table(words, rows, right=(1, 3), title=shell._("meetings"))


def _answer(shell: Shell, score: int | None) -> str:
    return shell._("does not apply") if score is None else shell._("yes") if score else shell._("no")


def _checks(shell: Shell, found: GroupSheet, codebooks: Sequence[Codebook]) -> None:
    """Print a line an item that was answered: who yes, who no, for whom it does not apply."""
    answers: dict[str, dict[str, list[str]]] = {}
    for one in found.checks:
        answers.setdefault(one.code, {}).setdefault(_answer(shell, one.score), []).append(one.seat or "")
    for code in items_in(codebooks).values():
        given = answers.get(code.stored)
        if given is not None:
            said = "; ".join(f"{word} {' '.join(seats)}".strip() for word, seats in given.items())
            _echo(f"{shell.label(code.label)}: {said}")


def _said(shell: Shell, found: GroupSheet, codebooks: Sequence[Codebook]) -> None:
    """Print goals, norms, and contracts and items of the agenda, those that are open first."""
    attributes = {a.name: a for book in codebooks for a in book.attribute}
    for goal in found.goals:
        beside = [
            shell.label(value.label)
            for name, chosen in goal.attrs.items()
            if name in attributes
            for value in attributes[name].values
            if value.id == chosen
        ]
        _echo(
            shell._(
                "goal of {seat}, {session}: {goal}",
                seat=goal.seat or "?",
                session=goal.session,
                goal=", ".join(beside),
            )
        )
    labels = {code.stored: shell.label(code.label) for book in codebooks for code in book.codes}
    if found.norms:
        said = "; ".join(f"{labels.get(n.code, n.code)} ({len(n.sessions)}×)" for n in found.norms)
        _echo(shell._("norms: {norms}", norms=said))
    if found.tasks:
        words = [shell._("session"), shell._("time"), shell._("seat"), shell._("what"), shell._("outcome")]
        rows = [
            (t.session, minutes(t.ts), t.seat or "?", shell._("agenda") if t.agenda else shell._("contract"), _outcome(shell, t))
            for t in sorted(found.tasks, key=lambda t: t.outcome != "open")
        ]  # fmt: skip
        table(words, rows, right=(1,), title=shell._("contracts and agenda"))
