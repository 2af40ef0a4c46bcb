"""Where a group stands: what its own log says, and what was said in its meetings, each folded into one value.

Of what is given twice the last one holds; what was taken back never was. Times are `logged`, ms since 1970 in UTC.
Nothing here reads a file, and no text is here: what people wrote is a digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from tkcore import events as e
from tkcore import rows as r
from tkcore.codebook import Codebook, Setting
from tkcore.conditions import holds

OPENED = ("format", "setting", "population", "level")
"""The settings a group is founded with and a session may have of its own."""
_SETTLED = ".contract.settled"
POPULATION = "own_population"
"""A member's own, which cautions count."""


class Said(Struct, frozen=True, kw_only=True):
    """The value of a setting: `choices`, an `amount`, or the digest of a text; of a member or leader, or the group."""

    detail: str
    seat: str | None = None
    choices: tuple[str, ...] = ()
    amount: int | None = None
    words: str | None = None
    logged: int = 0


class Consent(Struct, frozen=True, kw_only=True):
    """What a member agreed to, by whom, and in what form; `withdrawn`: no longer."""

    grantor: str
    capacity: str
    medium: str
    scope: str
    logged: int
    withdrawn: bool = False

    @property
    def allows(self) -> str:
        """The scope of the seat in a session."""
        return "none" if self.withdrawn else self.scope


class Member(Struct, frozen=True, kw_only=True):
    """A sign of the group, from `since` until `until`; it is never given to somebody else."""

    seat: str
    role: str
    since: int
    until: int | None = None
    reason: str | None = None
    consent: Consent | None = None
    named: bool = False


class Checked(Struct, frozen=True, kw_only=True):
    """An item that was answered: 1 yes, 0 no, None: it does not apply."""

    code: str
    seat: str | None = None
    score: int | None = None
    logged: int = 0


class Scored(Struct, frozen=True, kw_only=True):
    """The answer to one item of an instrument from elsewhere, by its number."""

    seat: str
    instrument: str
    item: int
    score: int
    logged: int


class Planned(Struct, frozen=True, kw_only=True):
    """A meeting that is to come: its number, and when, with offset."""

    number: int
    held: str


class Standing(Struct, frozen=True, kw_only=True):
    """What a group's log comes to."""

    group: str
    founded: int | None = None
    settings: tuple[Said, ...] = ()
    members: tuple[Member, ...] = ()
    checks: tuple[Checked, ...] = ()
    scores: tuple[Scored, ...] = ()
    planned: tuple[Planned, ...] = ()

    def member(self, seat: str) -> Member | None:
        return next((m for m in self.members if m.seat == seat), None)

    def said(self, detail: str, seat: str | None = None) -> Said | None:
        return next((s for s in self.settings if s.detail == detail and s.seat == seat), None)

    def opened(self) -> dict[str, str | None]:
        """Return what a session begins with unless it says otherwise."""
        found = {name: self.said(name) for name in OPENED}
        return {name: one.choices[0] if one and one.choices else None for name, one in found.items()}


def holding(records: Iterable[e.Record]) -> list[e.Record]:
    """Return the records of a group's log that were not taken back, in their order."""
    whole = list(records)
    gone = {x.record_id for x in whole if isinstance(x, e.RecordRetracted)}
    return [x for x in whole if x.id not in gone and not isinstance(x, e.RecordRetracted)]


def standing(group: str, records: Iterable[e.Record]) -> Standing:
    """Return where a group stands by its own log."""
    founded: int | None = None
    settings: dict[tuple[str | None, str], Said] = {}
    members: dict[str, Member] = {}
    checks: dict[tuple[str, str | None], Checked] = {}
    scores: list[Scored] = []
    planned: dict[int, Planned] = {}
    for x in holding(records):
        match x:
            case e.GroupFounded() if founded is None:
                founded = x.logged
                for name in OPENED:
                    if (value := getattr(x, name)) is not None:
                        settings[None, name] = Said(detail=name, choices=(value,), logged=x.logged)
            case e.SettingGiven():
                key = (x.seat, x.detail)
                settings.pop(key, None)
                if x.choices or x.amount is not None or x.words is not None:
                    settings[key] = Said(
                        detail=x.detail, seat=x.seat, choices=x.choices, amount=x.amount, words=x.words,
                        logged=x.logged,
                    )  # fmt: skip
            case e.MemberAdmitted() if x.seat not in members:
                members[x.seat] = Member(seat=x.seat, role=x.role, since=x.logged, named=x.words is not None)
            case e.MemberDischarged() | e.ConsentGiven() | e.ConsentWithdrawn() if x.seat in members:
                members[x.seat] = _changed(members[x.seat], x)
            case e.ChecklistAnswered():
                for seat in x.targets or (None,):
                    checks[x.code, seat] = Checked(code=x.code, seat=seat, score=x.score, logged=x.logged)
            case e.ScoreEntered():
                scores.append(
                    Scored(seat=x.seat, instrument=x.instrument, item=x.item, score=x.score, logged=x.logged)
                )
            case e.SessionPlanned():
                planned[x.number] = Planned(number=x.number, held=x.held)
    return Standing(
        group=group, founded=founded, settings=tuple(settings.values()), members=tuple(members.values()),
        checks=tuple(checks.values()), scores=tuple(scores),
        planned=tuple(planned[number] for number in sorted(planned)),
    )  # fmt: skip


def _changed(member: Member, x: e.MemberDischarged | e.ConsentGiven | e.ConsentWithdrawn) -> Member:
    match x:
        case e.MemberDischarged():
            return replace(member, until=x.logged, reason=x.reason)
        case e.ConsentGiven():
            consent = Consent(
                grantor=x.grantor, capacity=x.capacity, medium=x.medium, scope=x.scope, logged=x.logged
            )
            return replace(member, consent=consent)
    if member.consent is None:
        return member
    return replace(member, consent=replace(member.consent, withdrawn=True, logged=x.logged))


# -- what was said in a meeting --------------------------------------------------------------------------------


class Attendance(Struct, frozen=True, kw_only=True):
    """How a member's seat was there: `present` in ms; None: expected, and not there."""

    seat: str
    present: int | None
    late: bool = False
    left_as: str | None = None


class Goal(Struct, frozen=True, kw_only=True):
    """A goal a member set himself, with what was said beside it."""

    session: str
    seat: str | None
    attrs: dict[str, str] = field(default_factory=dict)


class Task(Struct, frozen=True, kw_only=True):
    """A contract or an item of the agenda: `outcome` open, settled, partly, handed_on or withdrawn; `settled_in` is the
    meeting in which it was. `opened`: it is; else it is only said that something of another meeting was settled.
    """

    session: str
    seat: str | None
    ts: int
    agenda: bool
    outcome: str
    opened: bool = True
    settled_in: str | None = None


class Sat(Struct, frozen=True, kw_only=True):
    """A meeting as the group's course knows it."""

    session: str
    number: int
    held: str
    closed: bool
    recorded: int
    attendance: tuple[Attendance, ...]
    goals: tuple[Goal, ...]
    norms: tuple[str, ...]
    tasks: tuple[Task, ...]
    checks: tuple[Checked, ...]


def sat(rows: Sequence[r.Row]) -> Sat | None:
    """Return what a session's counted rows say of the group's course; None where it was never opened."""
    counted = [row for row in rows if row.counted]
    frame = next((row for row in counted if isinstance(row, r.SessionRow)), None)
    if frame is None:
        return None
    stays: dict[str, list[r.Presence]] = {}
    for row in counted:
        if isinstance(row, r.Presence):
            stays.setdefault(row.seat, []).append(row)
    marks = [row for row in counted if isinstance(row, r.Mark)]
    answered = {
        row.code: Checked(code=row.code, seat=row.author, score=row.score, logged=row.ts)
        for row in counted
        if isinstance(row, r.Checklist)
    }
    return Sat(
        session=frame.session, number=frame.number, held=frame.held, closed=frame.closed, recorded=frame.recorded,
        attendance=tuple(
            _attended(row, stays.get(row.seat, []))
            for row in counted
            if isinstance(row, r.SeatRow) and row.role == "member"
        ),
        goals=tuple(
            Goal(session=frame.session, seat=m.author, attrs=m.attrs) for m in marks if m.code.endswith(".mark.goal")
        ),
        norms=tuple(dict.fromkeys(m.code for m in marks if m.family == "norm")),
        tasks=tuple(
            Task(
                session=frame.session, seat=row.author, ts=row.ts, agenda=row.attrs.get("form") == "agenda",
                outcome=row.outcome, opened=not row.code.endswith(_SETTLED),
                settled_in=None if row.outcome == "open" else frame.session,
            )
            for row in counted if isinstance(row, r.Contract)
        ),
        checks=tuple(answered.values()),
    )  # fmt: skip


def _attended(seat: r.SeatRow, stays: Sequence[r.Presence]) -> Attendance:
    if not seat.attended:
        return Attendance(seat=seat.seat, present=None)
    last = max(stays, key=lambda stay: (stay.ts, stay.seq), default=None)
    return Attendance(
        seat=seat.seat, present=seat.present or 0, late=any(stay.arrived == "late" for stay in stays),
        left_as=last.left_as if last else None,
    )  # fmt: skip


def tasks_over(meetings: Iterable[Sat]) -> list[Task]:
    """Return contracts and items of the agenda over meetings in their order: what one leaves open another may settle.

    A settlement without an opening in its own meeting belongs to the last open one of the same seat.
    """
    found: list[Task] = []
    for meeting in meetings:
        for task in meeting.tasks:
            mine = [
                at
                for at, other in enumerate(found)
                if other.outcome == "open" and other.seat == task.seat and other.session != task.session
            ]
            if task.opened or not mine:
                found.append(task)
            else:
                found[mine[-1]] = replace(found[mine[-1]], outcome=task.outcome, settled_in=task.session)
    return found


# -- what may be asked of it -----------------------------------------------------------------------------------


def settings_in(books: Iterable[Codebook], *of: str) -> dict[str, Setting]:
    """Return the settings that codebooks know, of a group, a session, a member, a leader; all where none is named."""
    return {s.id: s for book in books for s in book.setting if not of or s.of in of}


def facts(status: Standing, seats: Iterable[str] | None = None) -> dict[str, str | int | None]:
    """Return what the conditions of cautions may ask about a group: its settings, and how many members are of which
    population; of `seats` alone if given.
    """
    whole: dict[str, str | int | None] = {}
    for one in status.settings:
        if one.seat is None:
            whole[one.detail] = one.amount if one.amount is not None else next(iter(one.choices), None)
    here = {m.seat for m in status.members if m.until is None} if seats is None else set(seats)
    own = (s for s in status.settings if s.detail == POPULATION and s.seat in here)
    populations = Counter(choice for one in own for choice in one.choices)
    return {**whole, **populations}


def usual(setting: Setting, known: Mapping[str, str | int | None]) -> str | int | None:
    """Return what a setting usually is in such a group, None where the codebook does not say."""
    for one in setting.default:
        if holds([one.when] if one.when else [], known):
            return one.value
    return None
