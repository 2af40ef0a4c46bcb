"""The recorder: one line in, one entry on the disk, one answer out.

It runs no plugin, loads no database and waits for nobody. The time it uses comes from a `Clock`; ids come from who
types, so that a line sent twice is stored once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import grammar as g
from tkcore import resolve as rs
from tkcore import vault
from tkcore.corrections import amendment, range_or_undo
from tkcore.disk import Disk
from tkcore.effective import CORRECTIONS, corrections, in_order
from tkcore.errors import BadInput, GrammarError
from tkcore.ledger import RECORDER, Ledger
from tkcore.log import Head, hash_of
from tkcore.records import stray_string
from tkcore.situation import Situation, situation
from tkcore.writer import Writer

TICK = 10_000
TOGETHER = 1000


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
    """A stored line: `seq` is the first of `count` records; `again`: they were stored before."""

    id: str
    seq: int
    count: int
    ts: int
    h: str
    again: bool = False


class Recorder:
    """Takes lines for one session and one observer, with the log's writer held for life."""

    def __init__(
        self,
        writer: Writer,
        ledger: Ledger,
        books: Sequence[cb.Codebook],
        observer: str,
        *,
        vault_folder: Path,
        disk: Disk,
        random: Callable[[int], bytes],
        clocks: Clocks | None = None,
    ) -> None:
        self.writer, self.books, self.observer = writer, books, observer
        self.vault_folder, self.disk, self.random = vault_folder, disk, random
        self.clocks = clocks or Clocks()
        self.ledger = ledger
        self.session = writer.log
        self.latest, self._logged = 0, 0
        self._last_tick: e.ClockTicked | None = None
        for x in ledger:
            self._note(x)
        self.corrections = corrections(ledger)
        self.now: Situation = situation(self.held())
        assert self.now.opened is not None
        self.given = self.now.opened.clock == "given"
        self._line_ts = self.latest
        self._anchor = self._resume()

    def _note(self, x: e.Record) -> None:
        """Keep what the clock goes on from."""
        self.latest, self._logged = max(self.latest, x.ts), x.logged or self._logged
        if isinstance(x, e.ClockTicked):
            self._last_tick = x

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
        begun = any(not isinstance(x, (e.SessionOpened, e.LogRecovered)) for x in islice(self.ledger, 100))
        if begun and not self.now.closed:
            resumed = e.ClockResumed(estimated=not self.given, away=away, ts=here + away)
            self._store([replace(resumed, id=self._own_id("resumed", len(self.ledger)))])
        return anchor

    def clock(self) -> int:
        """Return now on the session clock: in a given one, the latest time so far."""
        return self.latest if self.given else self._anchor + self.clocks.boot()

    def tick(self) -> None:
        """Record that time goes on, if ten seconds have passed; a given clock ticks with its lines."""
        if not self.given and not self.now.closed:
            self._store(self._ticks(self.clock(), self._ticked))

    def _ticks(self, ts: int, last: int | None) -> list[e.Event]:
        """Return the ticks due before a record at `ts`, after one at `last`."""
        if last is None or not self.given:
            due = [ts] if last is None or ts - last >= TICK else []
        else:
            due = list(range(last + TICK, ts + 1, TICK))
        return [e.ClockTicked(ts=at, id=self._own_id("tick", at), observer=RECORDER) for at in due]

    def _own_id(self, what: str, number: int) -> str:
        digest = hashlib.sha256(f"{self.session} {what} {number}".encode()).hexdigest()
        return digest[:30] + "00"

    # -- lines --

    def enter(self, text: str, entry: str | None = None) -> Answer:
        """Store one line and return its answer once it is on the disk.

        `entry` is the sender's own id (30 hex); a line sent again under it is not stored twice.
        Raises GrammarError (nothing stored), WriteFailed (nothing stored; try again).
        """
        line = g.parse(text)
        entry = entry or self.random(15).hex()
        had = self.ledger.entry(entry)
        if had:
            return self._complete(entry, line, had) if self._cut_short(had) else self._again(entry)
        ts = self._when(line)
        absolute = line.time is not None and not line.time.sign
        if self.now.closed and not (line.amends is not None or absolute or self._corrects(line)):
            raise GrammarError("the session is closed: give the time, as in @12:04 ...")
        events = self._resolve(line, entry, ts)
        first = min((x.ts for x in events), default=ts)
        ahead = max([ts, *(x.ts for x in events)])
        ticking = ahead >= self.latest and first >= 0 and not self._corrects(line) and not self.now.closed
        due = self._ticks(ahead, self._ticked) if ticking else []
        self._store([*due, *self._words(line, events)])
        if line.time is None or line.time.sign != "-":
            self._line_ts = ts
        return self._answer(entry, len(events))

    def _corrects(self, line: g.Line) -> bool:
        only = all(isinstance(item, (g.Undo, g.Exchange)) for item in line.items)
        return (
            line.amends is not None or (only and line.note is None) or (not line.items and line.time is None)
        )

    def _when(self, line: g.Line) -> int:
        now = self.clock()
        if line.time is None:
            if self.given and not self._corrects(line):
                raise GrammarError("this session's clock is given by its lines: begin with @m:ss")
            return now
        ts = {"": line.time.ms, "-": now - line.time.ms, "+": self._line_ts + line.time.ms}[line.time.sign]
        if ts < 0:
            raise GrammarError("the session is not that long yet")
        if ts > now and not self.given:
            raise GrammarError("that time has not come yet: it is {now}", now=clock_text(now))
        return ts

    def _resolve(self, line: g.Line, entry: str, ts: int, until: int | None = None) -> list[e.Event]:
        """Return what a line stores, judged by what was the case at `ts`; `until`: as the log was before that record."""
        if until is not None:
            before = [x for x in self.ledger if x.seq < until]
            here = situation(in_order(before, corrections(before)), ts)
        elif line.amends is None and ts >= self.latest and not self._corrects(line):
            here = copy(self.now)
        else:
            here = situation(self.held(), ts)
        clock = max(self.latest, ts) if self.given else self.clock()
        ctx = rs.Context(self.books, here, self.observer, ts, clock, entry, self._find)
        if line.amends is not None:
            return [amendment(line, ctx, self, timed=line.time is not None)]
        undone = [item for item in line.items if isinstance(item, g.Undo)]
        if undone:
            if len(line.items) > 1 or line.note is not None:
                raise GrammarError("an undo stands alone on its line", column=undone[0].column)
            return range_or_undo(undone[0], ctx, self)
        return rs.resolve(line, ctx)

    def state(self, seq: int) -> str:
        """Return what has become of a record."""
        return self.corrections.state(seq, self.ledger[seq])

    def _find(self, seq: int, column: int) -> e.Event:
        record = self.ledger[seq] if 0 <= seq < len(self.ledger) else None
        if not isinstance(record, e.Event):
            raise GrammarError("there is no record {seq}", seq=seq, column=column)
        found = self.corrections.form(seq, record)
        if found is None:
            raise GrammarError("record {seq} was taken back", seq=seq, column=column)
        assert isinstance(found, e.Event)
        return found

    def _words(self, line: g.Line, events: list[e.Event]) -> list[e.Event]:
        """Put a note's text into the vault, before its record exists."""
        if line.note is None:
            return events
        digest = vault.put(self.vault_folder, line.note.text, self.random(vault.SALT), self.disk)
        placed: list[e.Event] = []
        for x in events:
            if isinstance(x, e.NoteWritten):
                placed.append(replace(x, words=digest))
            elif isinstance(x, e.RecordAmended) and x.replacement.get("t") == "note.written":
                placed.append(replace(x, replacement={**x.replacement, "words": digest}))
            else:
                placed.append(x)
        return placed

    # -- storing --

    def close_session(self, ts: int | None = None) -> None:
        """Record that the meeting is over, with the ticks that fall due before."""
        at = self.clock() if ts is None else ts
        if at < self.latest:
            raise BadInput(
                "{session} has records up to {latest}: it cannot end before",
                session=self.session,
                latest=clock_text(self.latest),
            )
        event = e.SessionClosed(ts=at, id=self.random(15).hex() + "00", observer=self.observer)
        self._store([*(self._ticks(at, self._ticked) if at >= self.latest else []), event])

    def put(self, event: e.Event) -> None:
        """Store one event that no line says."""
        self._store([replace(event, id=self.random(15).hex() + "00", observer=self.observer)])

    def put_turns(self, events: Sequence[e.Event]) -> None:
        """Store imported turns in one commit, each behind the ticks due before it."""
        whole: list[e.Event] = []
        last = self._ticked
        for x in events:
            due = self._ticks(x.ts, last)
            whole += [*due, x]
            last = due[-1].ts if due else last
        self._store(whole)

    def _store(self, events: Sequence[e.Event]) -> None:
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
            late |= x.ts < self.latest and not isinstance(x, e.LogRecovered)
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

    def _cut_short(self, had: list[e.Record]) -> bool:
        """Whether a crash may have cut this entry: nothing of ours stands right behind it."""
        after = had[-1].seq + 1
        return after >= len(self.ledger) or isinstance(self.ledger[after], (e.LogRecovered, e.ClockResumed))

    def _complete(self, entry: str, line: g.Line, had: list[e.Record]) -> Answer:
        """Add the records of an entry that are missing, resolved as they were the first time."""
        first = had[0]
        try:
            ts = self._when(line) if line.time is not None and line.time.sign == "" else first.ts
            events = self._resolve(line, entry, ts, first.seq)
        except GrammarError:
            events = []
        stored = {x.id for x in had}
        missing = [x for x in events if x.id not in stored]
        if not missing:
            return self._again(entry)
        self._store(self._words(line, missing))
        return replace(self._again(entry), again=False)

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

    @property
    def head(self) -> Head:
        return self.writer.head


def copy(now: Situation) -> Situation:
    """Return a situation that a line may change while it is being checked."""
    twin = Situation(**{name: getattr(now, name) for name in now.__struct_fields__})
    for name in ("roles", "inside", "expected", "scope", "paused", "contracts", "conflicts", "visitors"):
        setattr(twin, name, type(getattr(now, name))(getattr(now, name)))
    twin.turns = {observer: turns.copy() for observer, turns in now.turns.items()}
    twin.activities = {observer: list(running) for observer, running in now.activities.items()}
    return twin


def clock_text(ms: int) -> str:
    """Return `0:12:04` of a session time."""
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}"
