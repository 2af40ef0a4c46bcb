"""The recorder: one line in, one entry on the disk, one answer out.

It runs no plugin, loads no database and waits for nobody. The time it uses comes from a `Clock`; ids come from who
types, so that a line sent twice is stored once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore import vault
from tkcore.cautions import Warned, of_records
from tkcore.coding import OF_A_TURN
from tkcore.context import Context
from tkcore.corrections import amendment, as_made, undo
from tkcore.disk import Disk
from tkcore.effective import CORRECTIONS, Past, corrections, in_order
from tkcore.errors import BadInput, GrammarError
from tkcore.ledger import RECORDER, Ledger
from tkcore.log import Head, hash_of
from tkcore.records import stray_string
from tkcore.resolve import resolve
from tkcore.situation import Situation, copy, situation
from tkcore.writer import Writer

TICK = 10_000
TOGETHER = 1000
LEAP = 4 * 3_600_000
"""A given clock goes no further in one line: what is more was mistyped."""


def wall_ms() -> int:
    """Return the time of day, ms since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def boot_ms() -> int:
    """Return a time that goes on while the machine sleeps and that nobody can set."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)) // 1_000_000


class Clocks(Struct, frozen=True):
    """Where time comes from."""

    wall: Callable[[], int] = wall_ms
    boot: Callable[[], int] = boot_ms


class Answer(Struct, frozen=True):
    """A stored line: `seq` is the first of `count` records; `again`: they were stored before.

    `cautions` is there where the codebook has something to say about what was recorded.
    """

    id: str
    seq: int
    count: int
    ts: int
    h: str
    again: bool = False
    cautions: tuple[Warned, ...] | UnsetType = UNSET


class Recorder:
    """Takes lines for one session, with the log's writer held for life.

    Each line is one observer's and is judged by his own floor; `observer` is who records where a line names nobody.
    `apart`: nobody is shown or judged by another's marks.
    """

    def __init__(
        self,
        writer: Writer,
        ledger: Ledger,
        books: Sequence[cb.Codebook],
        observer: str | None,
        *,
        vault_folder: Path,
        disk: Disk,
        random: Callable[[int], bytes],
        clocks: Clocks | None = None,
        allowed: Mapping[str, str] | None = None,
        taken: Sequence[str] = (),
    ) -> None:
        self.writer, self.books, self.allowed = writer, books, allowed or {}
        self.taken = tuple(taken)
        self.vault_folder, self.disk, self.random = vault_folder, disk, random
        self.clocks = clocks or Clocks()
        self.ledger = ledger
        self.session = writer.log
        self.latest, self._logged = 0, 0
        self._latest_of: dict[str, int] = {}
        self._last_tick: e.ClockTicked | None = None
        for x in ledger:
            self._note(x)
        self.corrections = corrections(ledger)
        self.now: Situation = situation(self.held())
        assert self.now.opened is not None
        self.observer, self.apart = observer or self.now.lead, False
        self._cut = self._last_entry()
        self.given = self.now.opened.clock == "given"
        self._begun, self._line_ts = self.latest, dict[str, int]()
        self._anchor = self._resume()

    def _note(self, x: e.Record) -> None:
        """Keep what the clock goes on from."""
        self.latest, self._logged = max(self.latest, x.ts), x.logged or self._logged
        if isinstance(x, e.ClockTicked):
            self._last_tick = x
        elif not isinstance(x, e.ClockResumed):
            self._latest_of[x.observer] = max(self._latest_of.get(x.observer, 0), x.ts)

    def _last_entry(self) -> str:
        """Return the entry a crash may have cut: the last one of the log; no other can have lost a part."""
        for seq in range(len(self.ledger) - 1, -1, -1):
            record = self.ledger[seq]
            if record.id and record.observer != RECORDER and not isinstance(record, e.ClockResumed):
                return record.id[:30]
        return ""

    def held(self) -> Iterator[e.Record]:
        """Yield the records that hold, in (ts, seq) order."""
        return in_order(self.ledger, self.corrections)

    @property
    def _ticked(self) -> int | None:
        return None if self._last_tick is None else self._last_tick.ts

    # -- the clock --

    def _resume(self) -> int:
        """Go on where the log stopped; return what to add to the boot clock for session time."""
        here, away = self.latest, 0
        if not self.given:
            if self._last_tick is not None:
                here = max(here, self._last_tick.ts + max(0, self._logged - self._last_tick.logged))
            away = max(0, self.clocks.wall() - self._logged)
        anchor = here + away - self.clocks.boot()
        frame = (e.SessionOpened, e.LogRecovered)
        begun = any(x.ts > 0 or not isinstance(x, (*frame, e.ClockTicked)) for x in islice(self.ledger, 100))
        if begun and self.now.closed is None:
            resumed = e.ClockResumed(estimated=not self.given, away=away, ts=here + away)
            self._store([replace(resumed, id=own_id(self.session, "resumed", len(self.ledger)))])
        return anchor

    def clock(self) -> int:
        """Return now on the session clock: in a given one the latest time so far, in a closed one its end."""
        if self.now.closed is not None:
            return self.now.closed
        return self.latest if self.given else self._anchor + self.clocks.boot()

    def tick(self) -> None:
        """Record that time goes on, if ten seconds have passed; a given clock ticks with its lines."""
        if not self.given and self.now.closed is None:
            self._store(self._ticks(self.clock(), self._ticked))

    def _ticks(self, ts: int, last: int | None) -> list[e.Record]:
        """Return the ticks due before a record at `ts`, after one at `last`."""
        if last is None or not self.given:
            due = [ts] if last is None or ts - last >= TICK else []
        else:
            due = list(range(last + TICK, ts + 1, TICK))
        return [e.ClockTicked(ts=at, id=tick_id(self.session, at), observer=RECORDER) for at in due]

    # -- lines --

    def enter(
        self, text: str, entry: str | None = None, said: int | None = None, observer: str | None = None,
        made: str = "live",
    ) -> Answer:  # fmt: skip
        """Store one line of an observer and return its answer once it is on the disk.

        `entry` is the sender's own id (30 hex); a line sent again under it is not stored twice. `said` is when it was
        said on the session clock, for a line that comes later than that; it is judged as if it had come at once.
        `made` is what its codes say of themselves: live, or review for what is looked at again afterwards.
        Raises GrammarError (nothing stored), WriteFailed (nothing stored; try again).
        """
        entry, observer = entry or self.random(15).hex(), observer or self.observer
        had = self.ledger.entry(entry)
        if had:
            return self._complete(entry, text, had, made) if entry == self._cut else self._again(entry)
        line = g.parse(text)
        ts = self._when(line, observer, said)
        absolute = said is not None or (line.time is not None and not line.time.sign)
        if self.now.closed is not None and not (line.amends is not None or absolute or self._corrects(line)):
            raise GrammarError("the session is closed: give the time, as in @12:04 ...")
        events = as_made(self._resolve(line, entry, ts, observer), made)
        corrects = self._corrects(line)
        ahead = max([ts, *(x.ts for x in events)])
        ticking = ahead >= self.latest and not corrects and self.now.closed is None
        due = self._ticks(ahead, self._ticked) if ticking else []
        self._store([*due, *self._words(line, events)])
        if not corrects:
            self._line_ts[observer] = ts
        answer = self._answer(entry, len(events))
        stored = [self.ledger[seq] for seq in range(answer.seq, answer.seq + answer.count)]
        return replace(answer, cautions=tuple(of_records(stored, self.books, self.now)) or UNSET)

    def _corrects(self, line: g.Line) -> bool:
        only = all(isinstance(item, (g.Undo, g.Exchange)) for item in line.items)
        return (
            line.amends is not None or (only and line.note is None) or (not line.items and line.time is None)
        )

    def _when(self, line: g.Line, observer: str, said: int | None = None) -> int:
        now = self.clock()
        # the sender's clock is an estimate of this one: what it has ahead is no reason to lose a line
        here = now if said is None else max(0, min(said, now))
        if line.time is None:
            if self.given and not self._corrects(line):
                raise GrammarError("this session's clock is given by its lines: begin with @m:ss")
            return here
        before = self._line_ts.get(observer, self._begun)
        ts = {"": line.time.ms, "-": here - line.time.ms, "+": before + line.time.ms}[line.time.sign]
        if ts < 0:
            raise GrammarError("the session is not that long yet")
        if ts > now and self.now.closed is not None:
            raise GrammarError("the session ended at {end}", end=clock_text(now))
        if ts > now and not self.given:
            raise GrammarError("that time has not come yet: it is {now}", now=clock_text(now))
        if ts > now + LEAP:
            raise GrammarError(
                "{time} is more than four hours after the last record ({now}): 12 minutes 4 seconds is @12:04",
                time=clock_text(ts), now=clock_text(now),
            )  # fmt: skip
        return ts

    def _resolve(
        self, line: g.Line, entry: str, ts: int, observer: str, past: Past | None = None
    ) -> list[e.Record]:
        """Return what a line stores, judged by what was the case at `ts`; `past`: as the log was then."""
        corrects = self._corrects(line)
        if past is None and line.amends is None and ts >= self.latest and not corrects:
            here = copy(self.now)
        else:
            here = situation((past or self).held(), ts)
        here.apart = self.apart
        clock = ts if past else max(self.latest, ts) if self.given else self.clock()
        # ticks and another observer's records say nothing of whether somebody's own line comes late
        latest = self.latest if line.time is not None else self._latest_of.get(observer, 0)
        find = partial(self._find, observer=observer)
        ctx = Context(
            self.books, here, observer, ts, clock, entry, find, (past or self).held,
            timed=line.time is not None, late=ts < latest, allowed=self.allowed,
        )  # fmt: skip
        if line.amends is not None:
            return amendment(line, ctx, past or self)
        undone = [item for item in line.items if isinstance(item, g.Undo)]
        if undone:
            if len(line.items) > 1 or line.note is not None:
                raise GrammarError("an undo stands alone on its line", column=undone[0].column)
            return undo(undone[0], ctx, past or self)
        return resolve(line, ctx)

    @property
    def records(self) -> Ledger:
        """The log's records by number."""
        return self.ledger

    def entry(self, entry: str) -> list[e.Record]:
        return self.ledger.entry(entry)

    def state(self, seq: int) -> str:
        """Return what has become of a record."""
        return self.corrections.state(seq, self.ledger[seq])

    def _find(self, seq: int, column: int, observer: str) -> e.Record:
        record = self.ledger[seq] if 0 <= seq < len(self.ledger) else None
        if record is None or (self.apart and record.observer != observer):
            raise GrammarError("there is no record {seq}", seq=seq, column=column)
        found = self.corrections.form(seq, record)
        if found is None:
            raise GrammarError("record {seq} was taken back", seq=seq, column=column)
        return found

    def _words(
        self, line: g.Line, events: list[e.Record], stored: Mapping[str, e.Record] | None = None
    ) -> list[e.Record]:
        """Put a note's text into the vault, before its record exists; a stored note has it there."""
        if line.note is None:
            return events
        for x in events:
            note = (stored or {}).get(x.id)
            if isinstance(x, e.NoteWritten) and isinstance(note, e.NoteWritten):
                return [replace(y, words=note.words) if y is x else y for y in events]
        digest = vault.put(self.vault_folder, line.note.text, self.random(vault.SALT), self.disk)
        placed: list[e.Record] = []
        for x in events:
            if isinstance(x, e.NoteWritten):
                placed.append(replace(x, words=digest))
            elif isinstance(x, e.RecordAmended) and x.replacement.get("t") == "note.written":
                placed.append(replace(x, replacement={**x.replacement, "words": digest}))
            else:
                placed.append(x)
        return placed

    # -- storing --

    def close_session(self, ts: int | None = None, observer: str | None = None) -> None:
        """Record that an observer ended the meeting, with the ticks that fall due before."""
        at = self.clock() if ts is None else ts
        if at < self.latest:
            raise BadInput(
                "{session} has records up to {latest}: it cannot end before",
                session=self.session,
                latest=clock_text(self.latest),
            )
        who = observer or self.observer
        event = e.SessionClosed(ts=at, id=self.random(15).hex() + "00", observer=who)
        self._store([*(self._ticks(at, self._ticked) if at >= self.latest else []), event])

    def put(self, event: e.Event, *, observer: str | None = None, record_id: str | None = None) -> None:
        """Store one event that no line says, at the present time; under `record_id` only once."""
        record_id = record_id or self.random(15).hex() + "00"
        if not self.ledger.entry(record_id[:30]):
            who = observer or self.observer
            self._store([replace(event, id=record_id, ts=self.clock(), observer=who)])

    def put_turns(self, events: Sequence[e.Event]) -> None:
        """Store imported turns in one commit, each behind the ticks due before it."""
        whole: list[e.Record] = []
        last = self._ticked
        for x in events:
            due = self._ticks(x.ts, last)
            whole += [*due, x]
            last = due[-1].ts if due else last
        self._store(whole)

    def _store(self, events: Sequence[e.Record]) -> None:
        if not events:
            return
        while len(events) > TOGETHER and isinstance(events[TOGETHER], e.ClockTicked):
            # hours without a line: their ticks alone would be more than one commit may hold
            self._store(events[:TOGETHER])
            events = events[TOGETHER:]
        logged = self.clocks.wall()
        for x in events:
            stray = stray_string(x)
            if stray is not None:
                raise GrammarError(
                    "{text!r} may not stand in a record: up to 64 of A-Z a-z 0-9 _ . : + / -", text=stray[:70]
                )
        stored = self.writer.append(
            [replace(x, logged=logged, observer=x.observer or self.observer) for x in events]
        )
        late = corrects = False
        for one in stored:
            x = one.record
            corrects |= isinstance(x, CORRECTIONS)
            # a code that is put on an earlier turn changes nothing of what a line is judged by
            late |= x.ts < self.latest and not isinstance(x, (e.LogRecovered, e.Opaque, *OF_A_TURN))
            self._note(x)
            self.ledger.put(one.line, x)
        if corrects:
            self.corrections = corrections(self.ledger)
        if late or corrects:
            self.now = situation(self.held())
            return
        for one in stored:
            self.now.apply(one.record)

    # -- sent again --

    def _complete(self, entry: str, text: str, had: list[e.Record], made: str) -> Answer:
        """Add the records of an entry that a crash has cut off, if what is there is what the line says."""
        self._cut = ""
        past = Past([x for x in self.ledger if x.seq < had[0].seq])
        try:
            line = g.parse(text)
            who = had[0].observer
            ts = self._when(line, who) if line.time is not None and not line.time.sign else had[0].ts
            events = as_made(self._resolve(line, entry, ts, who, past), made)
        except GrammarError:
            return self._again(entry)
        whole = {x.id: x for x in self._words(line, events, stored={x.id: x for x in had})}
        if any(_own(whole.get(x.id)) != _own(x) for x in had):
            return self._again(entry)
        missing = [x for name, x in whole.items() if name not in {x.id for x in had}]
        self._store(missing)
        return replace(self._again(entry), again=not missing)

    def _again(self, entry: str) -> Answer:
        """Answer from what is stored."""
        found = self.ledger.entry(entry)
        h = hash_of(self.ledger.line(found[-1].seq))
        return Answer(entry, found[0].seq, len(found), found[0].ts, h, again=True)

    def _answer(self, entry: str, count: int) -> Answer:
        """Answer for what was stored last."""
        first = self.head.seq - count + 1
        ts = self.ledger[first].ts if count else self.clock()
        return Answer(entry, first, count, ts, self.head.h)

    def undone(self, answer: Answer) -> list[int]:
        """Return the records an answered line took back."""
        found = []
        for x in self.ledger.entry(answer.id):
            if isinstance(x, e.RecordRetracted):
                found += [y.seq for y in self.ledger.entry(x.record_id[:30]) if y.id == x.record_id]
        return found

    @property
    def head(self) -> Head:
        return self.writer.head


def own_id(session: str, what: str, number: int) -> str:
    """Return the id of a record nobody typed."""
    return hashlib.sha256(f"{session} {what} {number}".encode()).hexdigest()[:30] + "00"


def tick_id(session: str, ts: int) -> str:
    return own_id(session, "tick", ts)


def _own(record: e.Record | None) -> e.Record | None:
    """Return a record without what storing it has added."""
    return None if record is None else replace(record, seq=-1, logged=0)


def clock_text(ms: int) -> str:
    """Return `0:12:04` of a session time."""
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}"
