"""The rows of the two relations, `record` and `event`: one frozen Struct a kind.

They are what DuckDB sees and what an analysis gets. `session` is always group/session, `n` the row's number in
it; `seq` and `id` name the record a row comes from (for a derived row: the one that began it). `ts` and `dur`
are ms on the session clock, `dur` None where nobody knows the end. `counted`: the observer is the observer of
record of this kind's family, or the row is nobody's.
"""

from __future__ import annotations

from msgspec import Struct, field

WEIGHT = 27720
"""The least common multiple of 1..12: the weight of a turn, shared exactly among up to twelve receivers."""


class Row(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every row has: where it comes from, when it began, how long it lasted, and whose it is."""

    session: str
    n: int
    seq: int
    id: str
    ts: int
    dur: int | None = None
    observer: str
    counted: bool = True


class Turn(Row, frozen=True, kw_only=True, tag="turn"):
    """Somebody has the floor. `turn` is the record's id; `role` the sender's; `given`: the length was
    measured and stands as it is, also over the next turn.
    """

    turn: str
    sender: str
    role: str
    audience: str
    receivers: tuple[str, ...]
    inferred: bool
    given: bool
    phase: str | None = None
    activity: str | None = None


class Address(Row, frozen=True, kw_only=True, tag="address"):
    """One sender, one receiver of a turn with `fanout` receivers; `weight` = 27720 / fanout."""

    turn: str
    sender: str
    receiver: str
    role: str
    receiver_role: str
    fanout: int
    weight: int
    inferred: bool
    phase: str | None = None
    activity: str | None = None


class Crowd(Row, frozen=True, kw_only=True, tag="crowd"):
    """Several at once."""

    phase: str | None = None
    activity: str | None = None


class CodeRow(Row, frozen=True, kw_only=True):
    """What every code's row carries; `target` is the single target, `targets` all of them."""

    family: str
    code: str
    author: str | None = None
    author_role: str | None = None
    target: str | None = None
    targets: tuple[str, ...] = ()
    audience: str = "seats"
    intensity: int | None = None
    ref: str | None = None
    turn: str | None = None
    made: str = "live"
    attrs: dict[str, str] = field(default_factory=dict)
    phase: str | None = None
    activity: str | None = None


class Intervention(CodeRow, frozen=True, kw_only=True, tag="intervention"):
    """What a leader does in his role, by a code of the families of interventions."""


class Resistance(CodeRow, frozen=True, kw_only=True, tag="resistance"):
    """Resistance or an obstacle that was seen."""


class Factor(CodeRow, frozen=True, kw_only=True, tag="factor"):
    """A curative factor that was seen at work."""


class Mark(CodeRow, frozen=True, kw_only=True, tag="mark"):
    """Any other code."""


class Rating(CodeRow, frozen=True, kw_only=True, tag="rating"):
    """A rating, `score` on its code's scale (1 to 5)."""

    score: int = 3


class Checklist(CodeRow, frozen=True, kw_only=True, tag="checklist"):
    """An item of a checklist: `score` 1 yes, 0 no, NULL: it does not apply."""

    score: int | None = 1


class Conflict(CodeRow, frozen=True, kw_only=True, tag="conflict"):
    """From arisen to settled; `outcome` open or settled. A settlement that settles nothing has its own row."""

    outcome: str = "open"


class Contract(CodeRow, frozen=True, kw_only=True, tag="contract"):
    """From opened to settled; `outcome` open, settled, partly, handed_on or withdrawn."""

    outcome: str = "open"


class Note(Row, frozen=True, kw_only=True, tag="note"):
    """Somebody wrote something: `words` is the digest of a text in the vault, `about` the seats it is about."""

    about: tuple[str, ...]
    words: str
    phase: str | None = None
    activity: str | None = None


class Presence(Row, frozen=True, kw_only=True, tag="presence"):
    """A seat is in the room from `ts` for `dur`; `arrived` and `left_as` say how it came and went."""

    seat: str
    role: str
    arrived: str | None = None
    left_as: str | None = None


class Phase(Row, frozen=True, kw_only=True, tag="phase"):
    """A stretch of the session in one phase."""

    phase: str


class Activity(Row, frozen=True, kw_only=True, tag="activity"):
    """A stretch in which the group did something: a prayer, a game."""

    activity: str


class Pause(Row, frozen=True, kw_only=True, tag="pause"):
    """Time nobody recorded: a pause, or a gap in the ticks (reason gap); counted ones never overlap."""

    reason: str | None = None


class Silence(Row, frozen=True, kw_only=True, tag="silence"):
    """Three seconds or more with no turn open, in parts where the activity changes; `breaker` takes the next turn."""

    breaker: str | None = None
    breaker_role: str | None = None
    phase: str | None = None
    activity: str | None = None


class Exposure(Row, frozen=True, kw_only=True, tag="exposure"):
    """A stretch in which an observer coded a family; `dur` without the pauses in it."""

    family: str


class SeatRow(Row, frozen=True, kw_only=True, tag="seat"):
    """A seat of the session; `present` ms in the room without pauses."""

    seat: str
    role: str
    place: int | None = None
    scope: str = "full"
    attended: bool = True
    present: int | None = None


class SessionRow(Row, frozen=True, kw_only=True, tag="session"):
    """The session itself; `dur` from its first counted record or tick to its end, `recorded` the same without pauses."""

    group_id: str
    number: int
    held: str
    zone: str
    clock: str
    format: str | None = None
    setting: str | None = None
    population: str | None = None
    level: str | None = None
    planned: int | None = None
    details: dict[str, str] = field(default_factory=dict)
    lead: str
    recorded: int
    closed: bool
    lengths: bool


KINDS: dict[str, type[Row]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        Turn, Address, Crowd, Intervention, Resistance, Factor, Mark, Rating, Checklist, Conflict, Contract,
        Note, Presence, Phase, Activity, Pause, Silence, Exposure, SeatRow, SessionRow,
    )
}  # fmt: skip


class RecordRow(Struct, frozen=True, kw_only=True):
    """A record as logged; `state` is effective, retracted, amended or opaque; `body` is JSON. `counted`: its observer
    is the observer of record of its family, or it is of the session itself (frame); of an opaque record, whose family
    only its plugin knows, the lead's counts, and `coders` has the observer of each family that is not the lead's.
    """

    session: str
    seq: int
    id: str
    t: str
    v: int
    ts: int
    logged: int
    observer: str
    counted: bool = True
    coders: dict[str, str] = field(default_factory=dict)
    state: str
    body: str
