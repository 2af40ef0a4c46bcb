"""A lively group, as a script: what happens when, what hands do, and what the log must say of it.

The reference is no model of the page: each step is also a line, typed into a recorder at the moment the page's entry
would come. What that recorder refuses does not get into the script.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any, NamedTuple

from held import BEGINS
from msgspec import json

from tkcore import events as e
from tkcore.codebook import handbook
from tkcore.config import Config, Workspace, dump
from tkcore.disk import Disk
from tkcore.errors import GrammarError
from tkcore.opening import Desk, Opening, Settings, open_session, seatings, start
from tkcore.reading import books
from tkcore.recorder import Clocks
from tkcore.root import FILE
from tkcore.vault import get

LEADERS = "TK"
KEY = {**{seat: str(n % 10) for n, seat in enumerate("ABCDEFGHIJ", 1)}, "T": "t", "K": "k"}
MOODS = {"calm": 6.0, "lively": 1.6, "burst": 1.0, "quick": 1.0, "quiet": 25.0}
"""Seconds from one step to the next, on average."""
FAMILIES = "gdpslnurbfmeijaohw"
UNFIT = {"hs", "hg", "hl", "hc", "hw"}
"""Need a number or another observer, or are steps of their own here."""
SIGNS = {"hush": "_", "crowd": "&", "star": ";"}


class Step(NamedTuple):
    """`at`: when it begins; `gap`: ms to the second tap, and to the third."""

    at: int
    act: str
    words: tuple[str, ...] = ()
    gap: int = 0


def record_of(files: list[Path]) -> list[dict[str, Any]]:
    """Return a log's records as what they say: ids are places in it, ticks and the frame are left out."""
    found, places = [], {}
    for path in files:
        for line in path.read_text().splitlines():
            record = json.decode(line)
            if "seq" not in record or record["t"].split(".")[0] in ("clock", "session", "log"):
                continue
            places[record["id"]] = len(found)
            if "words" in record:  # the digest is salted
                record["words"] = get(path.parents[4] / "vault", record["words"], Disk())
            found.append({k: v for k, v in record.items() if k not in ("id", "seq", "logged", "h", "c")})
    return [_placed(record, places) for record in found]


def _placed(value: Any, places: dict[str, int]) -> Any:
    if isinstance(value, dict):
        return {k: _placed(v, places) for k, v in value.items() if k not in ("id", "seq", "logged")}
    return places.get(value, value) if isinstance(value, str) else value


class Script:
    """Made step by step, and recorded as it is made."""

    def __init__(self, root: Path, seats: str, seed: int, acts: frozenset[str]) -> None:
        self.chance = random.Random(seed)
        self.acts, self.steps, self.now = acts, list[Step](), 0
        self.seats = seats.replace(",", "")
        self.out: set[str] = set()
        desk = Desk(Workspace(root), Disk(), Clocks(lambda: BEGINS + self.now, lambda: self.now), os.urandom)
        desk.disk.make_folder(desk.workspace.codebooks)
        desk.disk.store(desk.workspace.codebooks / "handbook.toml", handbook())
        desk.disk.store(root / FILE, dump(Config(language="id")))
        self.books = books(desk.workspace)
        opening = Opening(seats=seatings(seats.split(",")), settings=Settings(setting="inpatient"))
        open_session(desk, "g/s", opening, self.books)
        self.recorder, self.writer = start(desk, "g/s", self.books)
        self.phases = ["preparation", "task", "filling", "ending"]
        self.phase = -1
        self.pair: tuple[str, str] | None = None
        """The last turn that holds: sender, and receiver if it was one."""
        self.speaking, self.since = "", 0
        self.undone: list[int] = []
        """The undos in a row, each by its first record."""
        self.last: tuple[str, int, str] | None = None
        """The last entry, while nothing came behind it: `turn`, `code` or another; its record; its line."""
        self.codes = {c.key: c for c in self.books[0].codes if c.key and c.of == "session" and not c.retired}
        self.opened: set[str] = set()
        self.files = sorted(root.glob("groups/g/sessions/s/*.ndjson"))

    # -- what the recorder hears --

    def _say(self, line: str, said: int | None = None) -> int:
        """Record a line at the present moment, as said then; return its first record."""
        self.recorder.tick()
        return self.recorder.enter(line, None, said).seq

    def _code_at(self, seq: int) -> int:
        """Return which record of an entry is its code."""
        entry = self.recorder.entry(self.recorder.ledger[seq].id[:30])
        return next((x.seq for x in entry if isinstance(x, e.Coded)), seq)

    def _turns(self) -> list[e.TurnTaken]:
        """Return the turns that hold, by their time."""
        return [x for x in self.recorder.held() if isinstance(x, e.TurnTaken)]

    # -- steps --

    def play(self, minutes: float, mood: str) -> Script:
        """Let so many minutes pass in a mood."""
        end = self.now + round(60_000 * minutes)
        if mood == "quick" and "quick" in self.acts:
            self._add("quick", (), 0)
        while True:
            after = round(1000 * min(120, max(0.7, self.chance.expovariate(1 / MOODS[mood]))))
            if mood in ("burst", "quick"):
                after = round(1000 * MOODS[mood])
            if self.now + after + (0 if after == 1000 else 5_000) > end:
                break
            self.now += after
            for _ in range(20):  # what is refused is drawn again
                if self._try(mood):
                    break
        if mood == "quick" and "quick" in self.acts:
            self._add("quick", (), 0)
        self.now = max(self.now, end)
        return self

    def _add(self, act: str, words: tuple[str, ...], gap: int, at: int | None = None) -> None:
        self.steps.append(Step(self.now if at is None else at, act, words, gap))

    def _try(self, mood: str) -> bool:
        act = self._draw(mood)
        if act not in self.acts:
            return False
        began, held = self.now, (self.last, self.pair, self.speaking, list(self.undone))
        gap = {"alone": 4000, "self": 1200}.get(act, self.chance.randrange(250, 600))
        try:
            words = getattr(self, f"_{'sign' if act in SIGNS else act}")(act, began, gap)
        except GrammarError:
            words = None
        if words is None:
            self.now = began
            self.last, self.pair, self.speaking, self.undone = held
            return False
        if act not in ("undo", "redo"):
            self.undone = []
        self._add(act, words, gap, began)
        return True

    def _draw(self, mood: str) -> str:
        if mood == "quick":
            return "floor"
        weights = {
            "turn": 40, "group": 5, "self": 2, "alone": 2, "answer": 8, "answers": 4, "code": 18, "said": 6,
            "hush": 3, "crowd": 3, "star": 2, "phase": 1, "undo": 5, "redo": 40, "more": 12, "less": 6, "too": 6,
            "earlier": 4, "seat": 2, "new": 1, "pause": 0.3, "again": 10, "target": 8, "before": 3, "note": 1,
        }  # fmt: skip
        if mood == "burst":
            weights = {"turn": 70, "answer": 15, "code": 10, "crowd": 5}
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def _who(self, but: str = "") -> str:
        return self.chance.choice([seat for seat in self.seats if seat != but and seat not in self.out])

    def _took(self, sender: str, receiver: str | None, line: str, began: int) -> None:
        seq = self._say(line, began)
        turns = [
            x for x in self.recorder.entry(self.recorder.ledger[seq].id[:30]) if isinstance(x, e.TurnTaken)
        ]
        self.pair, self.speaking, self.since = (sender, receiver or ""), sender, began
        self.last = ("turn", turns[0].seq, line)
        self.out -= {sender}

    def _turn(self, _act: str, began: int, gap: int) -> tuple[str, ...]:
        a = self._who()
        b = self._who(a)
        self.now += gap
        self._took(a, b, f"{a}>{b}", began)
        return a, b

    def _group(self, act: str, began: int, gap: int) -> tuple[str, ...]:
        a = self._who()
        self.now += gap
        self._took(a, None, f"{a}>*", began)
        return (a,) if act == "group" else (a, a)

    _self = _group

    def _alone(self, _act: str, began: int, gap: int) -> tuple[str, ...]:
        a = self._who()
        self.now += gap
        self._took(a, None, f"{a}>?", began)
        return (a,)

    def _answer(self, _act: str, began: int, _gap: int) -> tuple[str, ...] | None:
        if not self.pair or not self.pair[1]:
            return None
        b, a = self.pair
        self._took(a, b, f"{a}>{b}", began)
        return ()

    def _answers(self, _act: str, began: int, gap: int) -> tuple[str, ...] | None:
        if not self.pair:
            return None
        to = self.pair[0]
        a = self._who(to)
        self.now += gap
        self._took(a, to, f"{a}>{to}", began)
        return (a,)

    def _floor(self, _act: str, began: int, _gap: int) -> tuple[str, ...]:
        a = self._who() if self.chance.random() < 0.9 or not self.speaking else self.speaking
        if a == self.speaking and began - self.since < 1000:
            return None  # the page takes it for the same tap
        if a == self.speaking:
            self._say("_", began)
            self.speaking, self.last = "", None
        else:
            self._took(a, None, a, began)
            self.pair = None
        return (a,)

    def _coded(self, fit: Any) -> Any:
        family = self.chance.choice(FAMILIES)
        found = [c for key, c in self.codes.items() if key[0] == family and key not in UNFIT and fit(c)]
        return self.chance.choice(found) if found else None

    def _code(self, _act: str, _began: int, gap: int) -> tuple[str, ...] | None:
        code = self._coded(lambda c: c.event not in ("seat.left", "seat.arrived"))
        if code is None:
            return None
        self.now += gap  # the family first
        line = f"!{code.key}"
        self.last = ("code", self._code_at(self._say(line, self.now)), line)
        return (code.key,)

    def _said(self, _act: str, began: int, gap: int) -> tuple[str, ...] | None:
        def spoken(c: Any) -> bool:
            return bool(c.author != "group" and not c.event.startswith(("seat.", "activity.", "contract.")))

        code, a = self._coded(spoken), self._who()
        if code is None:
            return None
        self.now += 2 * gap
        line = f"{a}>? {a}!{code.key}" if code.floor else f"{a}!{code.key}"
        self._say(line, began)
        if code.floor:
            self.pair, self.speaking, self.since = (a, ""), a, began
        self.last = None
        return a, code.key

    def _sign(self, act: str, began: int, _gap: int) -> tuple[str, ...]:
        self._say(SIGNS[act], began)
        self.last = None
        if act != "star":
            self.speaking = ""
        return ()

    def _phase(self, _act: str, began: int, _gap: int) -> tuple[str, ...]:
        by = 1 if self.phase < 1 or (self.phase < 3 and self.chance.random() < 0.8) else -1
        self.phase += by
        self._say(f"%{self.phases[self.phase]}", began)
        self.last = None
        return ("after" if by > 0 else "before",)

    def _undo(self, _act: str, _began: int, _gap: int) -> tuple[str, ...] | None:
        if self.undone or self.last is None:
            return None  # what an earlier one takes along has a test of its own
        self.undone = [self._say("~")]
        self.pair, self.speaking = None, ""
        return ()

    def _redo(self, _act: str, _began: int, _gap: int) -> tuple[str, ...] | None:
        if not self.undone:
            return None
        self._say(f"~{self.undone.pop()}")
        self.last = None
        return ()

    def _level(self, act: str, _began: int, _gap: int) -> tuple[str, ...] | None:
        if not self.last or self.last[0] != "code" or self.undone:
            return None
        _, seq, line = self.last
        key, _, level = line[1:].partition("^")
        if self.codes[key].event in ("rating.given", "checklist.answered") or "=" in line:
            return None
        up = act == "more"
        after = min(3, max(1, int(level or (0 if up else 2)) + (1 if up else -1)))
        if str(after) == level:
            return None
        fixed = f"!{key}^{after}"
        self._say(f"~{seq}: {fixed}")
        self.last = ("code", seq, fixed)
        return ()

    _more = _less = _level

    def _too(self, _act: str, _began: int, gap: int) -> tuple[str, ...] | None:
        if not self.last or self.last[0] != "turn" or self.undone or not self.pair or not self.pair[1]:
            return None
        _, seq, line = self.last
        if line.count(">") != 1 or "," in line:
            return None
        c = self._who(self.pair[0])
        if c == self.pair[1]:
            return None
        self.now += gap
        self._say(f"~{seq}: {line},{c}")
        self.last, self.pair = ("turn", seq, f"{line},{c}"), (self.pair[0], "")
        return (c,)

    def _earlier(self, _act: str, _began: int, _gap: int) -> tuple[str, ...] | None:
        if not self.last or self.last[0] != "turn" or self.undone:
            return None
        _, seq, line = self.last
        record = self.recorder.ledger[seq]
        ts = max(0, record.ts - 2000)
        self._say(
            f"@{ts // 3_600_000}:{ts // 60_000 % 60:02}:{ts // 1000 % 60:02}.{ts % 1000:03} ~{seq}: {line}"
        )
        self.last = None
        # moved before another turn, it is no longer the last one
        last = self._turns()[-1]
        self.pair = (last.sender, last.receivers[0] if len(last.receivers) == 1 else "")
        ended = (x.ts for x in self.recorder.held() if isinstance(x, (e.FloorReleased, e.FloorCrowded)))
        self.speaking, self.since = "" if max(ended, default=-1) > last.ts else last.sender, last.ts
        return ()

    def _seat(self, _act: str, _began: int, gap: int) -> tuple[str, ...]:
        a = self.chance.choice([seat for seat in self.seats if seat not in LEADERS])
        self.now += 2 * gap  # the family, the code, the seat
        self._say(f"{a}!hh", self.now)
        self.out ^= {a}
        self.last = None
        self.speaking = "" if self.speaking == a else self.speaking
        return (a,)

    def _new(self, _act: str, _began: int, gap: int) -> tuple[str, ...] | None:
        fresh = next((seat for seat in "GHIJ" if seat not in self.seats), None)
        if fresh is None or len(self.seats) > 9:
            return None
        self.now += gap
        self._say(f"+{fresh}:member", self.now)
        self.seats += fresh
        self.last = None
        return ()

    def _pause(self, _act: str, _began: int, gap: int) -> tuple[str, ...]:
        """Stop for half a minute."""
        self.now += gap
        self._say("!hc", self.now)
        self.now += 30_000 + gap
        self._say("!hc", self.now)
        self.last, self.speaking = None, ""
        return ()

    def _again(self, _act: str, began: int, _gap: int) -> tuple[str, ...] | None:
        if not self.last or self.last[0] != "code" or self.undone or "^" in self.last[2]:
            return None
        line = self.last[2]
        if self.codes[line[1:]].event.startswith(("activity.", "contract.", "conflict.settled")):
            return None
        self.last = ("code", self._code_at(self._say(line, began)), line)
        return ()

    def _target(self, _act: str, _began: int, gap: int) -> tuple[str, ...] | None:
        if not self.last or self.last[0] != "code" or self.undone:
            return None
        _, seq, line = self.last
        key, _, level = line[1:].partition("^")
        if "=" in line or self.codes[key].event in ("rating.given", "checklist.answered"):
            return None
        b = self._who()
        self.now += gap
        self._say(f"~{seq}: !{key}>{b}{level and f'^{level}'}")
        self.last = None
        return (b,)

    def _before(self, _act: str, _began: int, gap: int) -> tuple[str, ...] | None:
        """A code on the turn before the last."""
        turns = self._turns()
        rooms = ("seat.", "place.", "capture.", "lead.", "activity.", "rating.", "checklist.")
        alone = ("settled", "visitor", "handed_to_duty", "resistance.silence")
        code = self._coded(
            lambda c: (
                not c.event.startswith(rooms) and not c.event.endswith(alone) and not c.id.endswith(alone)
            )
        )
        if code is None or len(turns) < 2:
            return None
        self.now += gap
        self._say(f"!{code.key}~{turns[-2].seq}", turns[-2].ts)
        self.last = None
        return (code.key,)

    def _note(self, _act: str, began: int, _gap: int) -> tuple[str, ...]:
        words = f"catatan {len(self.steps)}"
        self._say(f"#{words}", began)
        self.last = None
        return (words,)


def lively(root: Path, seats: str, minutes: int, acts: frozenset[str], seed: int = 6) -> Script:
    """Return a meeting: it begins calmly, comes to life with two bursts, is still for a while, and ends."""
    made = Script(root, seats, seed, acts)
    part = minutes / 30
    for length, mood in (
        (3, "calm"), (8, "lively"), (0.25, "burst"), (5, "lively"), (0.25, "quick"), (3.5, "quiet"), (7, "lively"),
        (3, "calm"),
    ):  # fmt: skip
        made.play(length * part if length > 1 else length, mood)
    made.writer.close()
    return made
