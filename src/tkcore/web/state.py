"""What the page needs to begin: the room, the vocabulary, the last records, the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.cautions import situated
from tkcore.conditions import holds
from tkcore.log import Head
from tkcore.recorder import Recorder
from tkcore.safety import open_of
from tkcore.scheme import Label
from tkcore.situation import SAFETY
from tkcore.web.observers import Observer, observers
from tkcore.web.saying import Row, may_see, row, shown
from tkcore.web.sealing import Queue

LAST, MOST, LATELY = 30, 400, 120_000
"""The records the page has of its own, at the most, and of how many ms back it has them all: so far a request reaches."""
FAVOURITES: Mapping[str, str] = {
    "inpatient": "gg gp gj ga dd dn de db du ls la sr ss jj js ud fu bb hh ww ad",
    "outpatient": "gg gd gc ga gb ps pp ph pu sr uu ui uf un ud fu rr rn rj bb jb",
}
"""Keys on the pad while no family is open."""


class Clock(Struct, frozen=True):
    now: int
    running: bool


class Seat(Struct, frozen=True):
    """`place` is None for one who came in without a chair of the circle."""

    seat: str
    role: str
    place: int | None
    inside: bool
    scope: str


class Phase(Struct, frozen=True):
    id: str
    label: Label


class Family(Struct, frozen=True):
    id: str
    key: str
    label: Label
    author: str
    book: str


class Code(Struct, frozen=True):
    """A code with a key; `id` is what a line may say for it."""

    id: str
    key: str
    family: str
    label: Label
    discreet: bool
    event: str
    values: dict[str, tuple[str, ...]]
    author: str
    floor: bool
    book: str


class Floor(Struct, frozen=True):
    """The observer's last turn; `open`: it goes on; `since` is when it began, or ended."""

    open: bool
    since: int
    sender: str
    receivers: tuple[str, ...]
    audience: str
    seq: int


class State(Struct, frozen=True, kw_only=True):
    """`/api/state`."""

    session: str
    language: str
    clock: Clock
    closed: bool
    paused: bool
    seats: tuple[Seat, ...]
    taken: tuple[str, ...]
    phases: tuple[Phase, ...]
    phase: str | None
    floor: Floor | None
    activities: tuple[str, ...]
    families: tuple[Family, ...]
    codes: tuple[Code, ...]
    favourites: tuple[str, ...]
    cautions: dict[str, Label]
    entries: tuple[Row, ...]
    head: Head
    observer: str
    lead: str
    observers: tuple[Observer, ...]
    blind: bool
    planned: int | None
    """How long the session was to be, in ms."""
    owing: tuple[str, ...]
    """Members of whom a contract is open, as far as this observer is shown it."""
    unreported: int
    """What happened to somebody's safety and is not reported yet, as far as this observer is shown it."""
    queue: Queue | None = None


def state(recorder: Recorder, language: str, observer: str) -> State:
    """Return everything as it is now for an observer's device: floor, pause and activities are his own."""
    now, books = recorder.now, recorder.books
    setting = now.opened.setting if now.opened else None
    held = list(recorder.held())
    families = tuple(
        Family(f.id, f.key, f.label, f.author, book.name) for book in books for f in book.families
    )
    codes = tuple(code for book in books for code in _codes(book))
    favourites = FAVOURITES.get(setting or "", FAVOURITES["outpatient"]).split()
    found = State(
        session=recorder.session,
        language=language,
        clock=Clock(0, running=now.closed is None),
        closed=now.closed is not None,
        paused=observer in now.paused,
        seats=_seats(recorder, held),
        taken=recorder.taken,
        phases=tuple(Phase(p.id, p.label) for book in books for p in cb.phases_of(book, setting)),
        phase=next((x.phase for x in reversed(held) if isinstance(x, e.PhaseEntered)), None),
        floor=_floor(observer, held),
        activities=tuple(_id_of(recorder.books, x.code, x.attrs) for x in now.activities.get(observer, ())),
        families=families,
        codes=codes,
        favourites=tuple(key for key in favourites if any(code.key == key for code in codes)),
        cautions=_cautions(recorder),
        entries=_entries(recorder, observer),
        head=recorder.head,
        observer=observer,
        lead=now.lead,
        observers=observers(recorder),
        blind=recorder.apart,
        planned=now.opened.planned if now.opened else None,
        owing=_owing(recorder, observer),
        unreported=_unreported(recorder, observer, held),
    )
    # the last thing that is asked: the page counts on from here
    return replace(found, clock=Clock(recorder.clock(), found.clock.running))


def _owing(recorder: Recorder, observer: str) -> tuple[str, ...]:
    found = {
        seat
        for x in recorder.now.contracts.values() if x.observer == observer or not recorder.apart
        for seat in (x.author, *x.targets) if seat and recorder.now.roles.get(seat) == "member"
    }  # fmt: skip
    return tuple(sorted(found))


def _unreported(recorder: Recorder, observer: str, held: Sequence[e.Record]) -> int:
    stored = {code.stored for book in recorder.books for code in book.codes if code.family == SAFETY}
    marks = [x for x in held if isinstance(x, e.Coded) and x.code in stored]
    return len(open_of([x for x in marks if x.observer == observer or not recorder.apart]))


def _codes(book: cb.Codebook) -> list[Code]:
    return [
        Code(
            c.id, c.key, c.family, c.label, c.discreet, c.event, cb.values_of(c), c.author, c.floor, book.name
        )
        for c in book.codes
        if c.key and not c.retired and c.of == "session"
    ]


def _id_of(books: Sequence[cb.Codebook], stored: str, attrs: Mapping[str, str]) -> str:
    code = cb.by_stored(books, stored, attrs)
    return stored if code is None else code.id


def _seats(recorder: Recorder, held: Sequence[e.Record]) -> tuple[Seat, ...]:
    """Return the seats round the circle; who has no place comes last, in the order of coming."""
    places: dict[str, int | None] = {}
    for x in held:
        match x:
            case e.SessionOpened():
                places |= {s.seat: s.place for s in x.seats}
            case e.SeatAdded():
                places[x.seat] = x.place
            case e.PlaceChanged():
                places[x.seat] = x.place
            case _:
                pass
    now = recorder.now
    seats = [
        Seat(seat, role, places.get(seat), seat in now.inside, now.scope.get(seat, "full"))
        for seat, role in now.roles.items()
    ]
    return tuple(sorted(seats, key=lambda s: (s.place is None, s.place or 0)))


def _floor(observer: str, held: Sequence[e.Record]) -> Floor | None:
    ended: e.Record | None = None
    for x in reversed(held):
        if x.observer != observer:
            continue
        if isinstance(x, e.TurnTaken):
            since = x.ts if ended is None else ended.ts
            return Floor(ended is None, since, x.sender, x.receivers, x.audience, x.seq)
        if isinstance(x, (e.FloorReleased, e.FloorCrowded, e.CapturePaused)):
            ended = x
    return None


def _cautions(recorder: Recorder) -> dict[str, Label]:
    """Return what holds for each code whoever it is the author of, joined where there are several."""
    facts = situated(recorder.now)
    found: dict[str, Label] = {}
    for book in recorder.books:
        for code in book.codes:
            texts = [c.text for c in code.caution if holds(c.conditions, facts)]
            if texts and code.key:
                found[code.id] = Label(id=" ".join(t.id for t in texts), en=" ".join(t.en for t in texts))
    return found


def _entries(recorder: Recorder, observer: str) -> tuple[Row, ...]:
    """Return the observer's last records, all of the last minutes among them, and of the others' those he may see."""
    since = recorder.clocks.wall() - LATELY
    own: list[Row] = []
    others: list[Row] = []
    for seq in range(len(recorder.ledger) - 1, -1, -1):
        record = recorder.ledger[seq]
        if len(own) >= (MOST if record.logged >= since else LAST):
            break
        if shown(record) and may_see(recorder, record, observer):
            found = own if record.observer == observer else others
            if len(found) < LAST or found is own:
                found.append(row(recorder, record))
    return tuple(sorted([*own, *others], key=lambda r: r.seq))
