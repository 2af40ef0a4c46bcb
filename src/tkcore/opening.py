"""Founding a group, opening a session, closing it: what the group's and the session's log get at their edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.config import Workspace, name, session_name
from tkcore.disk import Disk
from tkcore.effective import corrections, in_order
from tkcore.errors import BadInput, NotAllowed, NotFound, TkError
from tkcore.grammar import SEAT
from tkcore.ledger import RECORDER
from tkcore.recorder import Clocks, Recorder, tick_id
from tkcore.records import is_newer, stray_string
from tkcore.recovery import append_once, newer, open_log, read, refusal
from tkcore.situation import Situation, situation
from tkcore.status import Standing, settings_in, standing
from tkcore.writer import Writer

LEAD = "obs1"
ALWAYS = ("floor", "phase")
ROLES = ("member", "therapist", "co_therapist", "visitor", "staff", "volunteer")
SETTINGS = ("inpatient", "outpatient")
"""Where no codebook says what there is."""
NARROW = ("none", "floor_only", "full")
"""Scopes, the narrowest first."""


class Settings(Struct, frozen=True, kw_only=True):
    """What a group is like; a session may say otherwise. `planned` is in minutes."""

    format: str | None = None
    setting: str | None = None
    population: str | None = None
    level: str | None = None


class Desk(Struct):
    """What every act on a workspace needs."""

    workspace: Workspace
    disk: Disk
    clocks: Clocks
    random: Callable[[int], bytes]

    def now(self) -> str:
        moment = datetime.fromtimestamp(self.clocks.wall() / 1000).astimezone()
        return moment.isoformat(timespec="seconds")

    def stamp(self, event: e.Event, observer: str) -> e.Event:
        """Return an event of a group's or the workspace's log, where `ts` is `logged`."""
        logged = self.clocks.wall()
        return replace(event, id=self.random(15).hex() + "00", ts=logged, logged=logged, observer=observer)


def moment(held: str) -> str:
    """Return when a meeting is held, as it was written. Raises BadInput where no offset says which moment that is."""
    try:
        aware = datetime.fromisoformat(held).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise BadInput("held {held!r}: write it with offset, as in 2026-11-24T16:00:00+07:00", held=held[:40])
    return held


def zone(environ: Mapping[str, str]) -> str:
    """Return the IANA name of the local time zone, UTC where the system does not say."""
    given = environ.get("TZ", "").lstrip(":")
    if "/" in given:
        return given
    try:
        target = str(Path("/etc/localtime").readlink())
    except OSError:
        return "UTC"
    return target.partition("zoneinfo/")[2] or "UTC"


def seatings(words: Sequence[str], roles: Mapping[str, str] | None = None) -> tuple[e.Seating, ...]:
    """Return the seats of `T,K,A,B:visitor`, placed in that order; `roles`: those members have. Raises BadInput."""
    import re

    seats: list[e.Seating] = []
    for place, word in enumerate(words, 1):
        seat, _, role = word.partition(":")
        seat = seat.strip().upper()
        if not re.fullmatch(rf"(?:{SEAT}|\d{{1,3}})", seat.lower()):
            raise BadInput("{seat!r} is no seat: a letter with up to two digits, such as A or A7", seat=seat)
        role = (
            role
            or (roles or {}).get(seat)
            or ("therapist" if seat[0] == "T" else "co_therapist" if seat[0] == "K" else "member")
        )
        if role not in ROLES:
            raise BadInput(
                "{seat}: no role {role}. There are: {roles}", seat=seat, role=role, roles=", ".join(ROLES)
            )
        if any(other.seat == seat for other in seats):
            raise BadInput("seat {seat} stands twice", seat=seat)
        seats.append(e.Seating(seat=seat, role=role, place=place))
    return tuple(seats)


def families_of(words: str, codebooks: Sequence[cb.Codebook]) -> tuple[str, ...]:
    """Return the families in `explore,expression`, floor and phases always among them. Raises BadInput."""
    known = {*ALWAYS, *(f.id for b in codebooks for f in b.families)}
    found = tuple(dict.fromkeys([*ALWAYS, *(w.strip().lower() for w in words.split(",") if w.strip())]))
    for family in found:
        if family not in known:
            raise BadInput(
                "no family {family}. There are: {known}", family=family, known=", ".join(sorted(known))
            )
    return found


def found_group(
    desk: Desk, group: str, settings: Settings, codebooks: Sequence[cb.Codebook] = (), *, observer: str = LEAD
) -> None:
    """Begin a group's log. Raises NotAllowed where the group is there already, BadInput for an unknown setting."""
    group = name(group)
    event = desk.stamp(e.GroupFounded(group_id=group, **asdict(settings)), observer)
    known_settings(settings, codebooks)
    begin(
        desk, desk.workspace.group_log(group), group, [event],
        NotAllowed("the group {group} is there already", group=group),
    )  # fmt: skip


def known_settings(settings: Settings, codebooks: Sequence[cb.Codebook]) -> None:
    """Refuse what no codebook knows, where one has an opinion. Raises BadInput with what there is."""
    there = settings_in(codebooks, "group")
    for field, word in asdict(settings).items():
        setting = there.get(field)
        among: tuple[str, ...] = SETTINGS if setting is None and field == "setting" else ()
        if setting is not None:
            among = tuple(value.id for value in setting.values)
        if word is not None and among and word not in among:
            raise BadInput(
                "no {field} {word}. There are: {known}", field=field, word=word[:40], known=", ".join(among)
            )


def details_of(pairs: Sequence[str], codebooks: Sequence[cb.Codebook]) -> dict[str, str]:
    """Return the further settings of a session in `NAME=VALUE`. Raises BadInput with what there is."""
    there = settings_in(codebooks, "session")
    found: dict[str, str] = {}
    for pair in pairs:
        field, _, word = pair.partition("=")
        setting = there.get(field.strip().lower())
        if setting is None:
            raise BadInput(
                "{pair!r}: write NAME=VALUE. There are: {known}",
                pair=pair[:60],
                known=", ".join(there) or "-",
            )
        among = [value.id for value in setting.values]
        if word.strip() not in among:
            raise BadInput(
                "no {field} {word}. There are: {known}",
                field=setting.id,
                word=word[:40],
                known=", ".join(among),
            )
        found[setting.id] = word.strip()
    return found


def begin(desk: Desk, folder: Path, log: str, events: Sequence[e.Event], there: NotAllowed) -> None:
    """Make a log with its first entry; raise `there` if it has one, decided under its lock."""
    writer, ledger = open_log(folder, log, desk.disk, now=desk.now(), logged=desk.clocks.wall())
    try:
        if len(ledger):
            raise there
        writer.append(events)
    finally:
        writer.close()


def append_group(desk: Desk, group: str, events: Sequence[e.Event], *, observer: str = LEAD) -> None:
    stamped = [desk.stamp(event, observer) for event in events]
    append_once(
        desk.workspace.group_log(group), group, stamped, desk.disk, now=desk.now(), logged=desk.clocks.wall()
    )


def group_standing(desk: Desk, group: str) -> Standing | None:
    """Return where a group stands, None where there is none. Raises Damaged where its log says only a part of it."""
    folder = desk.workspace.group_log(group)
    if not folder.is_dir():
        return None
    records, scan = read(folder, desk.disk, group)
    if scan.damage is not None:
        raise refusal(group, scan.damage)  # a consent that was withdrawn may stand behind the damage
    if any(isinstance(x, e.Opaque) and x.t.startswith("consent.") and is_newer(x.t, x.v) for x in records):
        raise newer(group)
    found = standing(group, records)
    return found if found.founded is not None else None


def meetings(desk: Desk, group: str) -> list[tuple[str, e.SessionOpened | None]]:
    """Return a group's sessions, each with how it was opened; None where that cannot be read."""
    found: list[tuple[str, e.SessionOpened | None]] = []
    for full in desk.workspace.session_names(group):
        opened = None
        with suppress(TkError, OSError):
            records, _scan = read(desk.workspace.session(full), desk.disk, full)
            opened = next((x for x in records if isinstance(x, e.SessionOpened)), None)
        found.append((full, opened))
    return found


def next_number(desk: Desk, group: str) -> int:
    """Return the number of a group's next meeting: one more than there are, or than the highest that one has."""
    return number_after(meetings(desk, group))


def number_after(had: Sequence[tuple[str, e.SessionOpened | None]]) -> int:
    # what cannot be read has a number all the same: it is counted
    return max([len(had), *(opened.number for _, opened in had if opened is not None)]) + 1


class Opening(Struct, frozen=True, kw_only=True):
    """How a session begins; what is None comes from the group."""

    seats: tuple[e.Seating, ...]
    absent: tuple[str, ...] = ()
    settings: Settings = Settings()
    clock: str = "live"
    turn_ends: str = "next"
    held: str | None = None
    zone: str = "UTC"
    number: int | None = None
    planned: int | None = None
    details: dict[str, str] = {}
    lead: str = LEAD
    families: tuple[str, ...] | None = None


def open_session(desk: Desk, full: str, opening: Opening, codebooks: Sequence[cb.Codebook]) -> str:
    """Make a session's log with its first record; found its group where it is missing. Return its name."""
    full = session_name(full)
    group = full.partition("/")[0]
    status = group_standing(desk, group)
    event = first_record(desk, full, opening, codebooks, status)
    if status is None:
        with suppress(NotAllowed):  # somebody else founded it just now
            found_group(desk, group, opening.settings, codebooks, observer=opening.lead)
    first: list[e.Event] = [event]
    if opening.clock == "live":
        # from here on time can be missed: hours before the first line are a gap, not a silence
        first.append(e.ClockTicked(id=tick_id(full, 0), logged=event.logged, observer=RECORDER))
    begin(desk, desk.workspace.session(full), full, first, _there(full))
    return full


def _there(full: str) -> NotAllowed:
    return NotAllowed(
        "the session {session} is there already: tk record {session} goes on with it", session=full
    )


def first_record(
    desk: Desk, full: str, opening: Opening, codebooks: Sequence[cb.Codebook], status: Standing | None
) -> e.SessionOpened:
    """Return what a session's log would begin with; nothing is stored. `status` is its group's.

    Raises NotAllowed where the session is there, BadInput.
    """
    group = full.partition("/")[0]
    if any(desk.workspace.session(full).glob("*.ndjson")):
        raise _there(full)
    if not opening.seats:
        raise BadInput("a session needs at least one seat: --seats T,A,B")
    known_settings(opening.settings, codebooks)
    known = {s.seat for s in opening.seats}
    for seat in opening.absent:
        if seat not in known:
            raise BadInput("{seat} is absent but has no seat: name it in --seats too", seat=seat)
    usual = status.opened() if status is not None else {}
    settings: dict[str, Any] = {
        k: usual.get(k) if v is None else v for k, v in asdict(opening.settings).items()
    }
    planned = opening.planned
    if planned is None and status is not None and (length := status.said("planned_minutes")) is not None:
        planned = length.amount
    families = opening.families
    if families is None:
        families = (*ALWAYS, *dict.fromkeys(f.id for book in codebooks for f in book.families))
    event = e.SessionOpened(
        group_id=group,
        number=opening.number or next_number(desk, group),
        held=opening.held or desk.now(),
        zone=opening.zone,
        clock=opening.clock,
        turn_ends=opening.turn_ends,
        **settings,
        planned=None if planned is None else planned * 60_000,
        details=opening.details,
        seats=agreed(opening.seats, status),
        absent=opening.absent,
        lead=opening.lead,
        captures=(e.Observing(observer=opening.lead, families=families),),
        codebooks=tuple(e.Vocabulary(codebook=b.name, sha256=b.sha256) for b in codebooks),
        id=desk.random(15).hex() + "00",
        logged=desk.clocks.wall(),
        observer=opening.lead,
    )
    stray = stray_string(event)
    if stray is not None:
        raise BadInput(
            "{text!r} may not stand in a record: up to 64 of A-Z a-z 0-9 _ . : + / -", text=stray[:70]
        )
    return event


def agreed(seats: Sequence[e.Seating], status: Standing | None) -> tuple[e.Seating, ...]:
    """Return the seats with the scope that each member's consent allows now; without one on record it stays."""
    found = allowed(status)
    return tuple(
        replace(seat, scope=min(seat.scope, found.get(seat.seat, seat.scope), key=NARROW.index))
        for seat in seats
    )


def allowed(status: Standing | None) -> dict[str, str]:
    """Return the scope that each consent on record allows now, by seat."""
    members = () if status is None else status.members
    return {m.seat: m.consent.allows for m in members if m.consent is not None}


def going_on(desk: Desk, group: str, seat: str, scope: str) -> list[str]:
    """Return the sessions of a group that are open and keep more of a seat than `scope`."""
    found = []
    for full in desk.workspace.session_names(group):
        with suppress(TkError):  # what is damaged is not recorded
            records, scan = read(desk.workspace.session(full), desk.disk, full)
            now = situation(in_order(records, corrections(records)))
            if scan.damage is None and now.closed is None and beyond(now, {seat: scope}):
                found.append(full)
    return found


def beyond(now: Situation, allowed: Mapping[str, str]) -> dict[str, str]:
    """Return what consents allow of the seats of which a session keeps more."""
    return {
        seat: scope
        for seat, scope in allowed.items()
        if seat in now.roles and NARROW.index(now.scope.get(seat, "full")) > NARROW.index(scope)
    }


def open_ones(desk: Desk) -> list[str]:
    """Return the sessions that are open and whole."""
    found = []
    for full in desk.workspace.session_names():
        if (desk.workspace.session(full) / "MANIFEST").exists():
            continue  # it was closed: no need to read it
        records, scan = read(desk.workspace.session(full), desk.disk, full)
        if records and scan.damage is None and not any(isinstance(x, e.SessionClosed) for x in records):
            found.append(full)
    return found


def the_open_one(desk: Desk) -> str:
    """Return the session that is open. Raises NotFound where there is none, or more than one."""
    found = open_ones(desk)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("no session is open: tk session open GROUP/SESSION --seats ...")
    raise NotFound("which session? Open are: {fits}", fits=", ".join(found))


def start(
    desk: Desk,
    full: str,
    codebooks: Sequence[cb.Codebook],
    observer: str | None = None,
    *,
    role: str = "observer",
    families: tuple[str, ...] | None = None,
    status: Standing | None = None,
) -> tuple[Recorder, Writer]:
    """Lock a session and return its recorder, on the clock where it stopped; None: the observer who leads now.

    The codebooks of the session are those it was opened with: what has come into the workspace since is not its own.
    An observer who was not there yet joins, with `role` and `families` (the lead's, if None). Who comes in during the
    session is recorded as far as the consents of `status` go, its group's if None.

    Raises Locked, Damaged; BadInput where the log has no opening record.
    """
    folder: Path = desk.workspace.session(full)
    writer, ledger = open_log(folder, full, desk.disk, now=desk.now(), logged=desk.clocks.wall())
    try:
        opened = next((x for x in ledger if isinstance(x, e.SessionOpened)), None)
        if opened is None:
            raise BadInput("{session} was never opened: tk session open {session} --seats ...", session=full)
        in_force = []
        for used in opened.codebooks:
            book = next((b for b in codebooks if b.name == used.codebook), None)
            if book is not None:
                in_force.append(book)
            else:
                raise BadInput(
                    "{session} uses the codebook {book}, which this workspace has not",
                    session=full,
                    book=used.codebook,
                )
        if status is None:
            with suppress(TkError):  # recording does not wait for a group's log that is damaged
                status = group_standing(desk, full.partition("/")[0])
        recorder = Recorder(
            writer, ledger, in_force or codebooks, observer, vault_folder=desk.workspace.vault, disk=desk.disk,
            random=desk.random, clocks=desk.clocks, allowed=allowed(status),
            taken=[m.seat for m in status.members] if status is not None else (),
        )  # fmt: skip
        if observer is not None:
            join(recorder, observer, role, families)
    except BaseException:
        writer.close()
        raise
    return recorder, writer


def join(recorder: Recorder, observer: str, role: str, families: tuple[str, ...] | None = None) -> None:
    """Record that a further observer is there, who codes what the lead does unless `families` says it; once."""
    opened = recorder.now.opened
    if opened is None or observer in recorder.now.observers:
        return
    lead = next((c.families for c in opened.captures if c.observer == opened.lead), ())
    recorder.put(
        e.ObserverJoined(role=role, families=lead if families is None else families), observer=observer
    )
