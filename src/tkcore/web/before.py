"""What the page shows before a session is opened: which are open, the groups, and how the next meeting of one begins.

Signs, codes and numbers only; who somebody is stands in the vault, which is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from gettext import NullTranslations

from msgspec import Struct

from tkcore import events as e
from tkcore.codebook import Codebook
from tkcore.config import name
from tkcore.errors import TkError
from tkcore.opening import LEAD, ROLES, Desk, group_standing, meetings, number_after, open_ones
from tkcore.reading import in_force, read_session
from tkcore.scheme import Label, Setting, Usual, Value
from tkcore.status import OPENED, Consent, Standing, settings_in
from tkcore.talk import say
from tkcore.web.state import FAVOURITES, Family

STARTING = ("T", "K", "A", "B", "C", "D", "E", "F")
"""The seats of a group that has not met."""
NUMBERS = (1, 9999)
MINUTES = (1, 1440)


class Running(Struct, frozen=True, kw_only=True):
    """A session that is open."""

    session: str
    number: int
    held: str


class Choice(Struct, frozen=True, kw_only=True):
    """A setting that takes one of some values; `of`: the group's, or this meeting's alone."""

    id: str
    of: str
    label: Label
    values: tuple[Value, ...]
    usual: tuple[Usual, ...]


class Person(Struct, frozen=True, kw_only=True):
    """A member by sign; `allows` is None where no consent is on record."""

    seat: str
    role: str
    allows: str | None
    withdrawn: bool = False


class Place(Struct, frozen=True):
    seat: str
    role: str


class Sheet(Struct, frozen=True, kw_only=True):
    """How the next meeting of a group begins if nothing is changed; `gone` are signs that are given no more."""

    group: str
    there: bool
    session: str
    number: int
    taken: tuple[str, ...]
    settings: dict[str, str | None]
    planned: int | None
    members: tuple[Person, ...]
    gone: tuple[str, ...]
    seats: tuple[Place, ...]
    families: tuple[str, ...] | None
    observer: str
    problem: str | None = None


class Before(Struct, frozen=True, kw_only=True):
    """`/api/before`."""

    language: str
    running: tuple[Running, ...]
    groups: tuple[str, ...]
    choices: tuple[Choice, ...]
    families: tuple[Family, ...]
    roles: tuple[str, ...]
    favoured: dict[str, tuple[str, ...]]
    """The families of the tiles that a setting begins with."""
    sheet: Sheet
    named: bool
    """Whether the group and the session were named where the server was begun."""


def before(desk: Desk, proposed: str, group: str | None, language: str, t: NullTranslations) -> Before:
    """Return what there is to choose from; `group` is the one being looked at, "" one that is yet to be founded."""
    books = in_force(desk.workspace)
    groups = desk.workspace.group_names()
    wanted, _, own = proposed.partition("/")
    if group is None:
        group = wanted or (groups[0] if len(groups) == 1 else "")
    return Before(
        language=language,
        running=_running(desk),
        groups=tuple(groups),
        choices=tuple(
            Choice(id=s.id, of=s.of, label=s.label, values=s.values, usual=s.default) for s in asked(books)
        ),
        families=tuple(Family(f.id, f.key, f.label, f.author, b.name) for b in books for f in b.families),
        roles=ROLES,
        favoured={setting: _favoured(books, keys.split()) for setting, keys in FAVOURITES.items()},
        sheet=sheet(desk, group, own if group == wanted else "", t),
        named=bool(proposed),
    )


def asked(books: Sequence[Codebook]) -> list[Setting]:
    """Return the settings that opening asks for: the group's own four, and what is said of a meeting."""
    there = settings_in(books, "group", "session")
    order = [
        *("setting", "format", "population", "level"),
        *(s.id for s in there.values() if s.of == "session"),
    ]
    return [there[id_] for id_ in order if id_ in there and there[id_].values]


def _favoured(books: Sequence[Codebook], keys: Sequence[str]) -> tuple[str, ...]:
    by_key = {code.key: code.family for book in books for code in book.codes if not code.retired}
    return tuple(dict.fromkeys(by_key[key] for key in keys if key in by_key))


def _running(desk: Desk) -> tuple[Running, ...]:
    found = []
    for full in open_ones(desk):
        with suppress(TkError):
            opened = read_session(desk.workspace, full, desk.disk).opened
            if opened is not None and opened.clock == "live":
                found.append(Running(session=full, number=opened.number, held=opened.held))
    return tuple(sorted(found, key=lambda one: one.held, reverse=True))


def sheet(desk: Desk, group: str, session: str, t: NullTranslations) -> Sheet:
    """Return how the next meeting of a group begins; `session` is its name if it has one."""
    status: Standing | None = None
    had: Sequence[tuple[str, e.SessionOpened | None]] = ()
    problem = None
    try:
        known = name(group) if group else ""
        if known in desk.workspace.group_names():
            had = meetings(desk, known)
            status = group_standing(desk, known)
    except TkError as error:
        problem = say(error, t)
    number = number_after(had)
    taken = tuple(full.partition("/")[2] for full, _ in had)
    last = max((x for _, x in had if x is not None), key=lambda x: x.number, default=None)
    people = () if status is None else status.members
    length = None if status is None else status.said("planned_minutes")
    return Sheet(
        group=group,
        there=status is not None or bool(had),
        session=session or _free(number, taken),
        number=number,
        taken=taken,
        settings=status.opened() if status is not None else dict.fromkeys(OPENED),
        planned=length.amount if length is not None else None if last is None or last.planned is None else last.planned // 60_000,
        members=tuple(
            Person(seat=m.seat, role=m.role, allows=_allows(m.consent), withdrawn=bool(m.consent and m.consent.withdrawn))
            for m in people if m.until is None
        ),
        gone=tuple(m.seat for m in people if m.until is not None),
        seats=_seats(status, last),
        families=last.captures[0].families if last is not None and last.captures else None,
        observer=last.lead if last is not None and last.lead else LEAD,
        problem=problem,
    )  # fmt: skip


def _allows(consent: Consent | None) -> str | None:
    return None if consent is None else consent.allows


def _free(number: int, taken: Sequence[str]) -> str:
    return next(f"s{n}" for n in range(number, number + len(taken) + 1) if f"s{n}" not in taken)


def _seats(status: Standing | None, last: e.SessionOpened | None) -> tuple[Place, ...]:
    """Return the circle of the last meeting with whom the group has now; visitors were there for that meeting only."""
    people: Mapping[str, str] = (
        {} if status is None else {m.seat: m.role for m in status.members if m.until is None}
    )
    gone = set() if status is None else {m.seat for m in status.members if m.until is not None}
    if last is None and not people:
        return tuple(Place(seat, _role(seat)) for seat in STARTING)
    before = [] if last is None else sorted(last.seats, key=lambda s: s.place or 0)
    sat = {
        s.seat: people.get(s.seat, s.role)
        for s in before
        if s.seat in people or (s.seat not in gone and s.role in ("therapist", "co_therapist", "member"))
    }
    leaders = {} if last is not None else {seat: _role(seat) for seat in ("T", "K")}
    return tuple(Place(seat, role) for seat, role in {**leaders, **sat, **people}.items())


def _role(seat: str) -> str:
    return {"T": "therapist", "K": "co_therapist"}.get(seat[0], "member")
