"""What was chosen on the page before a session: judged field by field, then opened as `tk session open` would."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from msgspec import DecodeError, Meta, Struct, json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tkcore.cautions import at, situated
from tkcore.codebook import Codebook
from tkcore.config import name
from tkcore.errors import BadInput, NotAllowed, NotFound, TkError, WriteFailed
from tkcore.events import STRING, Seating
from tkcore.opening import (
    ROLES,
    Desk,
    Opening,
    Settings,
    details_of,
    families_of,
    first_record,
    group_standing,
    join,
    known_settings,
    open_session,
    seatings,
    zone,
)
from tkcore.reading import in_force
from tkcore.recorder import Recorder
from tkcore.scheme import Label
from tkcore.situation import situation
from tkcore.status import OPENED, facts
from tkcore.talk import say, translator
from tkcore.web.answering import body, document, refused
from tkcore.web.before import MINUTES, NUMBERS, Place, asked, before
from tkcore.web.keys import Keys
from tkcore.web.observers import observer_of
from tkcore.web.room import Room

_T = TypeVar("_T")
LANGUAGES = ("id", "en")
MANY = Meta(max_length=200)
"""More than any room has."""


class Chosen(Struct, frozen=True, kw_only=True):
    """What the form holds, under an id of its own: sent twice it is one session. `dry`: only to be judged."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{30}$")] = "0" * 30
    dry: bool = False
    founding: bool = False
    group: str = ""
    session: str = ""
    number: int | None = None
    planned: int | None = None
    settings: dict[str, str | None] = {}
    seats: Annotated[tuple[Place, ...], MANY] = ()
    absent: Annotated[tuple[str, ...], MANY] = ()
    families: Annotated[tuple[str, ...], MANY] = ()
    observer: str = ""
    running: str | None = None
    """An open session to go on with; then nothing else is looked at."""
    language: str | None = None


class Judged(Struct, frozen=True, kw_only=True):
    """What would be opened, and what the codebook would have a person know of it; or what is wrong, by field."""

    session: str
    fields: dict[str, str]
    cautions: tuple[Label, ...] = ()


class _Wrong(Exception):
    """Fields that cannot be used."""

    def __init__(self, fields: Mapping[str, TkError]) -> None:
        super().__init__()
        self.fields = fields


class Opener:
    """Opens what was chosen, once, and lets the room record it."""

    def __init__(
        self,
        desk: Desk,
        room: Room,
        keys: Keys,
        recording: Callable[[str], Recorder],
        *,
        proposed: str,
        language: str,
    ) -> None:
        self.desk, self.room, self.keys, self.recording = desk, room, keys, recording
        self.proposed, self.language = proposed, language
        self._opened: dict[str, str] = {}
        """The sessions opened here, by the id of the form."""

    def routes(self) -> list[Route]:
        return [Route("/api/before", self.show), Route("/api/before", self.take, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        if self.room.session:
            return refused(409, "begun")
        if observer_of(request):
            return refused(403, "lead")
        group = request.query_params.get("group")
        speaks = self._language(request.query_params.get("language"))
        t = translator(speaks)
        return document(await self.room.ask(before, self.desk, self.proposed, group, self.language, t))

    async def take(self, request: Request) -> Response:
        if not self.room.session and observer_of(request):
            return refused(403, "lead")
        try:
            chosen = json.decode(await body(request), type=Chosen)
        except (DecodeError, RecursionError):
            return refused(400, "json")
        t = translator(self._language(chosen.language))
        try:
            found = await self.room.ask(self._take, chosen)
        except _Wrong as wrong:
            fields = {field: say(error, t) for field, error in wrong.fields.items()}
            if chosen.dry:
                return document(Judged(session="", fields=fields))
            return document({"error": {"reason": "fields"}, "fields": fields}, 422)
        except WriteFailed as error:
            return document({"error": {"reason": say(error, t)}}, 503)
        except TkError as error:
            return document({"error": {"reason": say(error, t)}}, 409)
        return document(found)

    def _language(self, asked_for: str | None) -> str:
        return asked_for if asked_for in LANGUAGES else self.language

    def _take(self, chosen: Chosen) -> Judged:
        """In the recorder's thread: who comes second finds what the first has opened."""
        if self.room.session:
            if self._opened.get(chosen.id) == self.room.session or chosen.running == self.room.session:
                return self._joined()
            raise NotAllowed("{session} is being recorded here already", session=self.room.session)
        vocabulary = in_force(self.desk.workspace)
        if chosen.running is not None:
            return self._record(chosen.running)
        if chosen.id in self._opened and not chosen.dry:  # it was opened, and then could not be recorded
            return self._record(self._opened[chosen.id])
        full, opening = judged(self.desk, chosen, vocabulary)
        if chosen.dry:
            return Judged(session=full, fields={}, cautions=cautions(self.desk, full, opening, vocabulary))
        self._opened[chosen.id] = open_session(self.desk, full, opening, vocabulary)
        return self._record(full)

    def _record(self, full: str) -> Judged:
        recorder = self.recording(full)
        try:
            self.room.prepare(full)
        except BaseException:
            recorder.writer.close()
            raise
        self.keys.bind(full, recorder.observer)
        self.room.begin(recorder)
        return self._joined()

    def _joined(self) -> Judged:
        """Let those who came in before join; said again, who has joined does not join again."""
        recorder = self.room.recorder
        for who in self.keys.bind(self.room.session, recorder.observer):
            join(recorder, who.observer, who.role, who.families)
        return Judged(session=self.room.session, fields={})


def judged(desk: Desk, chosen: Chosen, vocabulary: list[Codebook]) -> tuple[str, Opening]:
    """Return the session's name and how it opens. Raises _Wrong with all that is wrong, by field."""
    wrong: dict[str, TkError] = {}

    def of(field: str, make: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return make()
        except TkError as error:
            wrong.setdefault(field, error)
            return otherwise

    group = of("group", lambda: _group(desk, chosen), "")
    own = of("session", lambda: _named(chosen.session), "")
    if group and own and any(desk.workspace.session(f"{group}/{own}").glob("*.ndjson")):
        wrong["session"] = BadInput("{session} is there already: another name", session=f"{group}/{own}")
    settings, details = _settings(chosen, vocabulary, wrong)
    status = of("group", lambda: group_standing(desk, group), None) if group else None
    roles = {m.seat: m.role for m in status.members} if status is not None else {}
    gone = {m.seat for m in status.members if m.until is not None} if status is not None else set()
    nowhere: tuple[Seating, ...] = ()
    seats = of("seats", lambda: seatings([f"{p.seat}:{_role(p, roles)}" for p in chosen.seats]), nowhere)
    if not seats:
        wrong.setdefault("seats", BadInput("a session needs at least one seat"))
    for seat in (s.seat for s in seats if s.seat in gone):
        wrong.setdefault("seats", BadInput("{seat} was discharged already", seat=seat))
    absent = tuple(seat.strip().upper() for seat in chosen.absent)
    if seats and not {s.seat for s in seats} - set(absent):
        wrong.setdefault("seats", BadInput("nobody is there: everybody is absent"))
    none: tuple[str, ...] = ()
    families = of("families", lambda: families_of(",".join(chosen.families), vocabulary), none)
    number = of("number", lambda: _number(chosen.number, *NUMBERS), None)
    planned = of("planned", lambda: _number(chosen.planned, *MINUTES), None)
    observer = of("observer", lambda: _observer(chosen.observer), "")
    if wrong:
        raise _Wrong(wrong)
    full = f"{group}/{own}"
    opening = Opening(
        seats=seats, absent=absent, settings=settings, zone=zone(os.environ), number=number, planned=planned,
        details=details, lead=observer, families=families,
    )  # fmt: skip
    of("", lambda: first_record(desk, full, opening, vocabulary, status), None)
    if wrong:
        raise _Wrong(wrong)
    return full, opening


def cautions(desk: Desk, full: str, opening: Opening, vocabulary: list[Codebook]) -> tuple[Label, ...]:
    """Return what the codebook would have a person know as such a session begins."""
    status = group_standing(desk, full.partition("/")[0])
    now = situation([first_record(desk, full, opening, vocabulary, status)])
    known = {} if status is None else facts(status, [seat.seat for seat in opening.seats])
    given = {setting: fact for setting, fact in situated(now).items() if fact is not None}
    return tuple(caution.text for caution in at("session.opened", vocabulary, {**known, **given}))


def _group(desk: Desk, chosen: Chosen) -> str:
    if not chosen.group.strip():
        raise BadInput("a group needs a name")
    group = name(chosen.group.strip())
    there = group in desk.workspace.group_names()
    if chosen.founding and there:
        raise NotAllowed("the group {group} is there already", group=group)
    if not chosen.founding and not there:
        raise NotFound("there is no group {group}. See: tk group list", group=group)
    return group


def _named(word: str) -> str:
    if not word.strip():
        raise BadInput("a session needs a name")
    return name(word.strip())


def _settings(
    chosen: Chosen, vocabulary: list[Codebook], wrong: dict[str, TkError]
) -> tuple[Settings, dict[str, str]]:
    """Return the settings that a group has too, and those of a meeting alone; what cannot be used goes to `wrong`."""
    group: dict[str, str] = {}
    details: dict[str, str] = {}
    there = {s.id for s in asked(vocabulary)} | set(OPENED)
    for setting, word in chosen.settings.items():
        if not word or setting not in there:
            continue
        try:
            if setting in OPENED:
                known_settings(Settings(**{setting: word}), vocabulary)
                group[setting] = word
            else:
                details |= details_of([f"{setting}={word}"], vocabulary)
        except TkError as error:
            wrong[setting] = error
    return Settings(**group), details


def _role(place: Place, roles: Mapping[str, str]) -> str:
    """A member's role is what the group says."""
    role = roles.get(place.seat.strip().upper(), place.role)
    if role and role not in ROLES:
        raise BadInput(
            "{seat}: no role {role}. There are: {roles}",
            seat=place.seat[:10],
            role=role[:20],
            roles=", ".join(ROLES),
        )
    return role


def _number(number: int | None, low: int, high: int) -> int | None:
    if number is not None and not low <= number <= high:
        raise BadInput("{number}: a number from {low} to {high}", number=number, low=low, high=high)
    return number


def _observer(word: str) -> str:
    word = word.strip()
    if not word or not STRING.fullmatch(word):
        raise BadInput("{word!r}: up to 64 of A-Z a-z 0-9 _ . : + / -", word=word[:70])
    return word
