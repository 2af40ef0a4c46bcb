"""What can happen in a session, a group and a workspace: one frozen Struct a type.

The envelope (v, seq, id, ts, logged, observer) is part of every type, so a record is the event that the
recorder has stamped. How they are written and read is `records.py`'s; nothing here knows a codebook or a disk.

Times are integer milliseconds: `ts` on the session clock, `logged` since 1970 in UTC.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

STRING = re.compile(r"[A-Za-z0-9_.:+/-]{0,64}")
ENVELOPE = ("v", "seq", "id", "ts", "logged", "observer")


class Event(Struct, frozen=True, kw_only=True, tag_field="t"):
    """The envelope; `id` is the entry's 30 hex digits and the index of the record in it (2 hex)."""

    v: int = 1
    seq: int = -1
    id: str = ""
    ts: int = 0
    logged: int = 0
    observer: str = ""


class Seating(Struct, frozen=True, kw_only=True):
    """A seat as the session opens; `place` is its number in the circle."""

    seat: str
    role: str = "member"
    place: int | None = None
    scope: str = "full"


class Observing(Struct, frozen=True, kw_only=True):
    """Who records, and the families that observer undertakes to code."""

    observer: str
    role: str = "co_therapist"
    families: tuple[str, ...] = ()


class Vocabulary(Struct, frozen=True, kw_only=True):
    """A codebook in force, by the digest of its file."""

    codebook: str
    sha256: str


# -- the session ---------------------------------------------------------------------------------------


class SessionOpened(Event, frozen=True, kw_only=True, tag="session.opened"):
    """`held` is local time with offset, `clock` live or given, `details` further settings, `coding` maps a family to
    its observer of record (a family not named: the lead). `turn_ends` is next (a turn runs to the next floor event) or given (a
    turn is as long as it says; one that does not say has no length).
    """

    group_id: str
    number: int
    held: str
    zone: str
    clock: str = "live"
    turn_ends: str = "next"
    format: str | None = None
    setting: str | None = None
    population: str | None = None
    level: str | None = None
    planned: int | None = None
    details: dict[str, str] = field(default_factory=dict)
    seats: tuple[Seating, ...] = ()
    absent: tuple[str, ...] = ()
    lead: str = ""
    captures: tuple[Observing, ...] = ()
    coding: dict[str, str] = field(default_factory=dict)
    codebooks: tuple[Vocabulary, ...] = ()


class SessionClosed(Event, frozen=True, kw_only=True, tag="session.closed"):
    """The meeting is over at `ts`."""


class ClockTicked(Event, frozen=True, kw_only=True, tag="clock.ticked"):
    """Every ten seconds of the session clock: time in which somebody could have recorded."""


class ClockResumed(Event, frozen=True, kw_only=True, tag="clock.resumed"):
    """The recorder went on after a stop; `away` ms were estimated from the wall clock if `estimated`."""

    estimated: bool
    away: int


class ClockChecked(Event, frozen=True, kw_only=True, tag="clock.checked"):
    """A device's clock against the recorder's, in ms."""

    offset_ms: int
    round_trip: int


class CapturePaused(Event, frozen=True, kw_only=True, tag="capture.paused"):
    """Recording stops: escort, incident, break, technical, request or unattended."""

    reason: str | None = None


class CaptureResumed(Event, frozen=True, kw_only=True, tag="capture.resumed"):
    """Recording goes on."""


class CapturesChanged(Event, frozen=True, kw_only=True, tag="captures.changed"):
    """From now on this observer codes these families."""

    families: tuple[str, ...]


class ObserverJoined(Event, frozen=True, kw_only=True, tag="observer.joined"):
    """A further observer: co_therapist, observer or from_video."""

    role: str
    families: tuple[str, ...] = ()


class LeadPassed(Event, frozen=True, kw_only=True, tag="lead.passed"):
    lead: str


class CodingHandedOver(Event, frozen=True, kw_only=True, tag="coding.handed_over"):
    """From now on `coder` is the observer of record of one family."""

    family: str
    coder: str


# -- people in the room --------------------------------------------------------------------------------


class SeatAdded(Event, frozen=True, kw_only=True, tag="seat.added"):
    seat: str
    role: str = "member"
    place: int | None = None


class SeatArrived(Event, frozen=True, kw_only=True, tag="seat.arrived"):
    """`reason` is late, or nothing for a return."""

    seat: str
    reason: str | None = None


class SeatLeft(Event, frozen=True, kw_only=True, tag="seat.left"):
    """short, excused, escorted, asked, own_accord, absent or unknown."""

    seat: str
    reason: str = "unknown"
    escort: str | None = None


class SeatScoped(Event, frozen=True, kw_only=True, tag="seat.scoped"):
    """full, floor_only (only the floor is stored of this seat) or none."""

    seat: str
    scope: str


class PlaceChanged(Event, frozen=True, kw_only=True, tag="place.changed"):
    seat: str
    place: int


class PhaseEntered(Event, frozen=True, kw_only=True, tag="phase.entered"):
    phase: str


# -- the floor -----------------------------------------------------------------------------------------


class TurnTaken(Event, frozen=True, kw_only=True, tag="turn.taken"):
    """`audience` is seats, all or unknown; `inferred`: nobody saw the receiver; `dur` only if given."""

    sender: str
    audience: str
    receivers: tuple[str, ...] = ()
    inferred: bool = False
    dur: int | None = None


class FloorReleased(Event, frozen=True, kw_only=True, tag="floor.released"):
    """Nobody speaks from here on."""


class FloorCrowded(Event, frozen=True, kw_only=True, tag="floor.crowded"):
    """Several at once; nobody can say who."""


# -- codes ---------------------------------------------------------------------------------------------


class Coded(Event, frozen=True, kw_only=True):
    """A code of a codebook. `turn_id` is the turn it sits on, `ref` a record it belongs to, `made` live or
    review, `attrs` what the code or the observer sets beside it; `audience` all: the target is the group.
    """

    code: str
    author: str | None = None
    targets: tuple[str, ...] = ()
    audience: str = "seats"
    intensity: int | None = None
    ref: str | None = None
    turn_id: str | None = None
    made: str = "live"
    attrs: dict[str, str] = field(default_factory=dict)


class InterventionMade(Coded, frozen=True, kw_only=True, tag="intervention.made"): ...


class ConflictArisen(Coded, frozen=True, kw_only=True, tag="conflict.arisen"): ...


class ConflictSettled(Coded, frozen=True, kw_only=True, tag="conflict.settled"): ...


class ResistanceShown(Coded, frozen=True, kw_only=True, tag="resistance.shown"): ...


class FactorShown(Coded, frozen=True, kw_only=True, tag="factor.shown"): ...


class MarkMade(Coded, frozen=True, kw_only=True, tag="mark.made"): ...


class ContractOpened(Coded, frozen=True, kw_only=True, tag="contract.opened"): ...


class ContractSettled(Coded, frozen=True, kw_only=True, tag="contract.settled"): ...


class ActivityStarted(Coded, frozen=True, kw_only=True, tag="activity.started"): ...


class ActivityEnded(Coded, frozen=True, kw_only=True, tag="activity.ended"): ...


class RatingGiven(Coded, frozen=True, kw_only=True, tag="rating.given"):
    """1 to 5."""

    score: int = 3


class ChecklistAnswered(Coded, frozen=True, kw_only=True, tag="checklist.answered"):
    """1 yes, 0 no; None: it does not apply."""

    score: int | None = 1


class NoteWritten(Event, frozen=True, kw_only=True, tag="note.written"):
    """What somebody wrote stands in the vault under `words`, its digest; `about` names seats, or nobody."""

    about: tuple[str, ...]
    words: str


# -- corrections ---------------------------------------------------------------------------------------


class RecordRetracted(Event, frozen=True, kw_only=True, tag="record.retracted"):
    record_id: str
    reason: str = "undo"


class RecordAmended(Event, frozen=True, kw_only=True, tag="record.amended"):
    """`replacement` is the whole event of the same type; the observer stays."""

    record_id: str
    replacement: dict[str, Any]


class RangeAmended(Event, frozen=True, kw_only=True, tag="range.amended"):
    """Between `since` and `until` (ms) seats were taken for one another."""

    since: int
    until: int
    exchange: dict[str, str]


class AlertShown(Event, frozen=True, kw_only=True, tag="alert.shown"):
    alert: str
    seat: str | None = None
    numbers: dict[str, int] = field(default_factory=dict)


class AlertDismissed(Event, frozen=True, kw_only=True, tag="alert.dismissed"):
    alert: str
    seat: str | None = None


# -- a group's log -------------------------------------------------------------------------------------


class GroupFounded(Event, frozen=True, kw_only=True, tag="group.founded"):
    group_id: str
    format: str | None = None
    setting: str | None = None
    population: str | None = None
    level: str | None = None


class SettingGiven(Event, frozen=True, kw_only=True, tag="setting.given"):
    """What the group, or a member or leader by `seat`, is like: the setting `detail` of a codebook. Its value is
    `choices`, an `amount`, or the digest of a text in the vault; none of them: it is no longer said.
    """

    detail: str
    seat: str | None = None
    choices: tuple[str, ...] = ()
    amount: int | None = None
    words: str | None = None


class MemberAdmitted(Event, frozen=True, kw_only=True, tag="member.admitted"):
    """`words` is the digest of who sits there, in the vault."""

    seat: str
    role: str = "member"
    words: str | None = None


class ConsentGiven(Event, frozen=True, kw_only=True, tag="consent.given"):
    seat: str
    grantor: str
    capacity: str
    medium: str
    scope: str = "full"


class ConsentWithdrawn(Event, frozen=True, kw_only=True, tag="consent.withdrawn"):
    seat: str


class SessionPlanned(Event, frozen=True, kw_only=True, tag="session.planned"):
    number: int
    held: str


class ScoreEntered(Event, frozen=True, kw_only=True, tag="score.entered"):
    seat: str
    instrument: str
    item: int
    score: int


class MemberDischarged(Event, frozen=True, kw_only=True, tag="member.discharged"):
    seat: str
    reason: str = "unknown"


# -- the workspace's log -------------------------------------------------------------------------------


class ExportMade(Event, frozen=True, kw_only=True, tag="export.made"):
    group_id: str
    sha256: str


class ImportMade(Event, frozen=True, kw_only=True, tag="import.made"):
    """A session's log was taken in; `sha256` is the file's, `behind` are the texts it names that were not here then."""

    session: str
    sha256: str
    behind: tuple[str, ...] = ()


class BackupMade(Event, frozen=True, kw_only=True, tag="backup.made"):
    """`sha256` is the digest of the BACKUP file, which holds `logs` logs in `files` files."""

    sha256: str
    logs: int
    files: int


class BackupRestored(Event, frozen=True, kw_only=True, tag="backup.restored"):
    """The workspace was made from the backup of that digest."""

    sha256: str
    logs: int
    files: int


class WordsRead(Event, frozen=True, kw_only=True, tag="words.read"):
    words: str


class MemberErased(Event, frozen=True, kw_only=True, tag="member.erased"):
    group_id: str
    seat: str


class KeyChanged(Event, frozen=True, kw_only=True, tag="key.changed"):
    sha256: str


class PluginEnabled(Event, frozen=True, kw_only=True, tag="plugin.enabled"):
    plugin: str
    sha256: str


# -- the log itself ------------------------------------------------------------------------------------


class LogRecovered(Event, frozen=True, kw_only=True, tag="log.recovered"):
    """The writer found `dropped` bytes that are no whole entry and put them aside; `sha256` is theirs."""

    dropped: int
    sha256: str


class Opaque(Struct, frozen=True, kw_only=True):
    """A record of a type or version not known here: kept, counted, shown, never interpreted."""

    t: str
    v: int = 1
    seq: int = -1
    id: str = ""
    ts: int = 0
    logged: int = 0
    observer: str = ""
    body: dict[str, Any] = field(default_factory=dict)


def _leaves(base: type[Event]) -> list[type[Event]]:
    own = [base] if base.__struct_config__.tag and base not in (Event, Coded) else []
    return own + [leaf for sub in base.__subclasses__() for leaf in _leaves(sub)]


EVENTS: dict[str, type[Event]] = {
    str(kind.__struct_config__.tag): kind for kind in _leaves(Event) if "." in str(kind.__struct_config__.tag)
}
Record = Event | Opaque


def name_of(record: Record) -> str:
    """Return the type's name, `turn.taken`."""
    return record.t if isinstance(record, Opaque) else str(type(record).__struct_config__.tag)
