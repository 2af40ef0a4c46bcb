"""Sessions for tests: typed in the line grammar, through the real recorder and log."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext, suppress
from functools import cache
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.config import Config, Workspace, dump
from tkcore.contributions import EventType
from tkcore.disk import Disk
from tkcore.errors import GrammarError
from tkcore.exchange.simulate import Plan, simulate
from tkcore.grammar import parse
from tkcore.log import Head
from tkcore.opening import ALWAYS, Desk, Opening, Settings, open_session, seatings, start
from tkcore.presenting import presented
from tkcore.projection import fold
from tkcore.reading import captured_of, families, families_by_kind
from tkcore.recorder import Clocks
from tkcore.root import FILE
from tkcore.rows import Row
from tkcore.session import Session
from tkcore.vocabulary import parse_beside

SEATS = "T,A,B,C,D"
HELD = "2026-01-05T16:00:00+07:00"
MOMENT = 1_767_600_000_000


class Unsynced(Disk):
    """A test does not wait for a disk."""

    def sync(self, fd: int) -> None:
        pass


class Sample(Struct, frozen=True):
    """A session to try an analysis on: its name in the tests, its records, and the plugins' types that are read.

    `codebooks` are those beside the handbook.
    """

    name: str
    records: tuple[e.Record, ...]
    events: tuple[EventType[Any], ...] = ()
    codebooks: tuple[cb.Codebook, ...] = ()

    @property
    def books(self) -> list[cb.Codebook]:
        """The codebooks that say what family a code is: the handbook and its own."""
        return [*codebooks(), *self.codebooks]

    def session(self, records: Iterable[e.Record] | None = None) -> Session:
        """Return what an analysis gets, of these records or of others in their place."""
        kept = list(self.records if records is None else records)
        head = Head(len(kept) - 1, sha256(str(len(kept)).encode()).hexdigest())
        return presented(kept, "g/s", head, self.books, self.events).session

    def captured(self, records: Iterable[e.Record] | None = None) -> frozenset[str]:
        """Return the families somebody undertook to code."""
        return captured_of(self.rows(records))

    def rows(self, records: Iterable[e.Record] | None = None) -> list[Row]:
        """Return all rows of the projection, counted or not."""
        kept = list(self.records if records is None else records)
        return fold(kept, "g/s", families(self.books))


def families_of_kinds(
    events: Iterable[EventType[Any]] = (), own: Iterable[cb.Codebook] = ()
) -> dict[str, frozenset[str]]:
    """Return, for each kind of row and each of a plugin's types, the families that can store it."""
    return families_by_kind([*codebooks(), *own], events)


@cache
def _handbook() -> cb.Codebook:
    return cb.parse(cb.handbook(), "handbook.toml")


def codebooks() -> list[cb.Codebook]:
    """Return the codebooks of a session typed here: the handbook."""
    return [_handbook()]


def beside_the_handbook(files: Iterable[Traversable]) -> tuple[cb.Codebook, ...]:
    """Return the codebooks in files, as `register_codebooks` returns them.

    Raises CodebookError for one that cannot stand beside the handbook or the others.
    """
    found = codebooks()
    for file in files:
        found.append(parse_beside(file.read_bytes(), file.name, found))
    return tuple(found[1:])


def session(
    lines: str,
    *,
    seats: str = SEATS,
    end: str | None = None,
    setting: str | None = None,
    events: Sequence[EventType[Any]] = (),
    codebooks: Sequence[Traversable] = (),
) -> Session:
    """Return the session that these lines make, divided by `;` or newlines, e.g. `"@0:00 ab !uu; @0:05 <"`.

    `end` (`"5:30"`) closes it. A line may say a plugin's event (`"@0:03 gaze.shifted seat=A"`); with the types in
    `events` their families are captured, and their views answer in `session.sql`. `codebooks` are files of codes beside
    the handbook's, as `register_codebooks` returns them (`files("tkcore_gaze") / "gaze.toml"`): they can be typed, and
    their families are captured. Raises GrammarError for a line that cannot be, CodebookError for a codebook.
    """
    return sample(
        "typed", lines, seats=seats, end=end, setting=setting, events=events, codebooks=codebooks
    ).session()


def sample(
    name: str,
    lines: str | Sequence[str],
    *,
    seats: str | Sequence[str] = SEATS,
    end: str | None = None,
    setting: str | None = None,
    events: Sequence[EventType[Any]] = (),
    codebooks: Sequence[Traversable] = (),
) -> Sample:
    """Return the records that these lines make, as `session` takes them."""
    texts = re.split(r"[;\n]+", lines) if isinstance(lines, str) else lines
    words = seats.split(",") if isinstance(seats, str) else seats
    own = beside_the_handbook(codebooks)
    return recorded(name, texts, seats=words, end=end, setting=setting, events=events, own=own)


def recorded(
    name: str,
    texts: Sequence[str],
    *,
    seats: Sequence[str],
    end: str | None = None,
    setting: str | None = None,
    events: Sequence[EventType[Any]] = (),
    own: Sequence[cb.Codebook] = (),
    tried: Collection[int] = (),
) -> Sample:
    """Return the records that these lines make; those whose number is in `tried` may be refused and are left out."""
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        root, disk, books = Path(place), Unsynced(), [*codebooks(), *own]
        (root / FILE).write_bytes(dump(Config(language="en")))
        desk = Desk(Workspace(root), disk, Clocks(lambda: MOMENT, lambda: 0), counted())
        opening = Opening(
            seats=seatings(seats),
            clock="given",
            held=HELD,
            settings=Settings(setting=setting),
            zone="Asia/Jakarta",
            families=_captured(books, events),
        )
        open_session(desk, "g/s", opening, books)
        recorder, writer = start(desk, "g/s", books)
        try:
            for number, text in enumerate(texts):
                if text.strip():
                    with suppress(GrammarError) if number in tried else nullcontext():
                        recorder.enter(text.strip())
            if end is not None:
                time = parse(f"@{end} _").time
                assert time is not None
                recorder.close_session(time.ms)
            return Sample(name, tuple(recorder.ledger), tuple(events), tuple(own))
        finally:
            writer.close()


def _captured(books: Sequence[cb.Codebook], events: Iterable[EventType[Any]]) -> tuple[str, ...]:
    """Everything of the codebooks, and what the plugins' types are captured with."""
    own = [f.id for book in books for f in book.families]
    return tuple(dict.fromkeys([*ALWAYS, *own, *(kind.family for kind in events)]))


def counted() -> Callable[[int], bytes]:
    """Bytes that are the same in every run: ids of a test's records do not change."""
    calls = [0]

    def bytes_of(size: int) -> bytes:
        calls[0] += 1
        return sha256(str(calls[0]).encode()).digest()[:size].ljust(size, b"\0")

    return bytes_of


def samples() -> list[Sample]:
    """Return the sessions every analysis is tried on: none, one record, ordinary ones, and those at the edge."""
    circular = simulate(Plan(seed=2, minutes=20, members=5))
    vertical = simulate(Plan(seed=4, minutes=20, members=4, structure="vertical", leaders=2))
    ends = "20:00"
    return [
        Sample("empty", ()),
        replace(sample("opened", ""), name="one record"),
        sample("one turn", "@0:00 ab", end="0:30"),
        sample("all to the group", "\n".join(f"@0:{n:02d} {'tabc'[n % 4]}." for n in range(40)), end="1:00"),
        sample("all receivers unknown", "\n".join(f"@0:{n:02d} {'tabc'[n % 4]}>?" for n in range(40)), end="1:00"),
        sample("no leader", "\n".join(f"@0:{n:02d} {('ab', 'ba', 'bc', 'ca')[n % 4]}" for n in range(40)), seats="A,B,C", end="1:00"),
        sample("three members", "\n".join(f"@0:{n:02d} {('ta', 'at', 'ab', 'bc', 'cb')[n % 5]}" for n in range(55)), seats="T,A,B,C", end="1:00"),
        sample("pauses and leavings", "@0:00 ta; @0:20 -b:short; @0:30 ||break; @3:00 ||; @3:05 ab; @3:10 +b; @3:20 ba !uu; @3:40 {prayer}; @4:00 {}; @4:10 bc; @4:11 ~", end="5:00"),
        sample("open", list(circular.lines[:60]), seats=circular.seats),
        sample("circular", list(circular.lines), seats=circular.seats, end=ends),
        sample("vertical", list(vertical.lines), seats=vertical.seats, end=ends),
    ]  # fmt: skip
