"""What is to be looked at again after the group: questions found in the log, and the lines that answer each.

A pure function of records and codebooks. It knows neither who asks nor how an answer is sent; an answer is lines of the
grammar, said as of the moment they are about. The first choice of each question leaves everything as it is and stores
nothing: what nobody judged is not coded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import rows as r
from tkcore.effective import corrections, in_order
from tkcore.observation import FamilyOf
from tkcore.projection import fold
from tkcore.resolve import STAR
from tkcore.safety import unreported
from tkcore.situation import LEADERS, REPORTED, Situation, situation

KINDS = (
    "safety", "star", "kind", "gap", "unattended", "late", "contract", "conflict", "activity", "detail",
)  # fmt: skip
"""The questions, in the order they are asked."""
GAP = 30_000
UNATTENDED = 180_000
TOO_SOON = 2500
"""An utterance is understood well enough to be coded after so long (ms): a code before that may be the last turn's."""
WITHIN = 30_000
"""How long ago the turn before may have begun for a code to be its."""
SILENCE = "resistance.silence"
_MOVES = (e.InterventionMade, e.ResistanceShown, e.FactorShown, e.MarkMade)
"""Codes nothing else refers to: one that is put on another turn is taken back and said anew."""
LATER = "menyusul"
"""What the label of a code says whose kind is chosen afterwards."""


class Say(Struct, frozen=True):
    """A line, and when it is said on the session clock; None: it is about another record and has no time."""

    line: str
    at: int | None = None


class Choice(Struct, frozen=True):
    """One answer: `what` names it where it is no code's or value's `label`; `key` is the one key that gives it."""

    key: str
    what: str
    label: cb.Label | None = None
    seat: str = ""
    discreet: bool = False
    says: tuple[Say, ...] = ()


class Item(Struct, frozen=True, kw_only=True):
    """A question about the record `seq`, or about the time from `ts` to `until`.

    `pick` is the line that codes it, with `{code}` for a code's key: for what any code may answer.
    """

    id: str
    kind: str
    ts: int
    until: int | None = None
    seq: int | None = None
    label: cb.Label | None = None
    choices: tuple[Choice, ...]
    pick: Say | None = None


def review(
    records: Sequence[e.Record],
    books: Sequence[cb.Codebook],
    family_of: FamilyOf,
    session: str,
    observer: str,
    now: int,
) -> list[Item]:
    """Return what an observer is asked of a session as it stands at `now` (ms), in the order it is asked.

    Only his own records are asked about; what is unreported of somebody's safety is everybody's.
    """
    held = [x for x in in_order(records, corrections(records)) if isinstance(x, e.Event)]
    own = [x for x in held if x.observer == observer]
    rows = fold(records, session, family_of)
    look = _Look(books, situation(held), held, own, rows, observer, now)
    found = [item for ask in _ASK for item in ask(look)]
    return sorted(found, key=lambda item: (KINDS.index(item.kind), item.ts, item.seq or 0))


class _Look(Struct):
    """A session being looked at."""

    books: Sequence[cb.Codebook]
    now: Situation
    held: list[e.Event]
    own: list[e.Event]
    rows: list[r.Row]
    observer: str
    end: int

    def code(self, x: e.Coded) -> cb.Code | None:
        return cb.by_stored(self.books, x.code, x.attrs)

    def based(self, base: str) -> cb.Code | None:
        """Return the first code of an id, without what it presets."""
        return next((c for b in self.books for c in b.codes if c.base == base and not c.retired), None)

    def codes(self, which: Callable[[cb.Code], bool]) -> list[cb.Code]:
        return [c for b in self.books for c in b.codes if c.of == "session" and not c.retired and which(c)]


def _word(code: cb.Code) -> str:
    return code.key or f"{code.book}.{code.id}"


def _leave(what: str = "leave") -> Choice:
    return Choice("1", what)


def _of_codes(
    codes: Sequence[cb.Code], before: str, behind: str, at: int | None, *, letters: bool
) -> tuple[Choice, ...]:
    """Return a choice a code, said between two texts: under its second letter, as on the pad, or the next number."""
    free = iter("23456789")
    taken: set[str] = set()
    made = []
    for code in codes:
        own = code.key[1] if letters and code.key else ""
        key = own if own and own not in taken else next(free, "")
        taken.add(key)
        says = (Say(f"{before}{_word(code)}{behind}", at),)
        made.append(Choice(key, "code", code.label, discreet=code.discreet, says=says))
    return tuple(made)


def _safety(look: _Look) -> Iterator[Item]:
    report = look.based(REPORTED)
    for mark in unreported(look.rows):
        told = (
            Choice("2", "reported", says=(Say(f"!{_word(report)}~{mark.seq}", look.end),)) if report else None
        )
        yield Item(
            id=f"safety:{mark.id}", kind="safety", ts=mark.ts, seq=mark.seq,
            choices=(_leave("unreported"), *((told,) if told else ())),
        )  # fmt: skip


def _stars(look: _Look) -> Iterator[Item]:
    looked = {x.ref for x in look.own if isinstance(x, e.Coded) and x.code != STAR}
    for x in look.own:
        if isinstance(x, e.MarkMade) and x.code == STAR and x.id not in looked:
            yield Item(
                id=f"star:{x.id}", kind="star", ts=x.ts, seq=x.seq, pick=Say(f"!{{code}}~{x.seq}", x.ts),
                choices=(_leave("keep"), Choice("2", "unstar", says=(Say(f"~{x.seq}"),))),
            )  # fmt: skip


def kinds_of(code: cb.Code, books: Sequence[cb.Codebook]) -> list[cb.Code]:
    """Return what a code whose kind is chosen afterwards may turn out to be; none if it is no such code."""
    unspecified = code.id.endswith((".unspecified", "/unspecified"))
    if not (unspecified or LATER in code.label.id.lower()):
        return []
    own = [
        c for b in books if b.name == code.book for c in b.codes
        if c.event == code.event and c.family == code.family and c.id != code.id and not c.retired and c.of == "session"
    ]  # fmt: skip
    if code.base.endswith(".unspecified"):
        first = code.base.rpartition(".")[0]
        return [c for c in own if c.base.rpartition(".")[0] == first]
    return [c for c in own if c.base == code.base and c.preset]


def _kinds(look: _Look) -> Iterator[Item]:
    for x in look.own:
        code = look.code(x) if isinstance(x, e.Coded) else None
        kinds = [] if code is None else kinds_of(code, look.books)
        if not kinds or not isinstance(x, e.Coded):
            continue
        # a value said beside it may be the kind already
        if {name for kind in kinds for name in kind.preset} & {
            k for k, v in x.attrs.items() if v != "unspecified"
        }:
            continue
        lead = f"~{x.seq}: !"
        choices = _of_codes(kinds, lead, "", None, letters=True)
        yield Item(id=f"kind:{x.id}", kind="kind", ts=x.ts, seq=x.seq, choices=(_leave(), *choices))


def _gaps(look: _Look) -> Iterator[Item]:
    silence = look.based(SILENCE)
    if silence is None:
        return
    judged = [x.ts for x in look.own if isinstance(x, e.Coded) and x.code == silence.stored]
    turns = [x for x in look.own if isinstance(x, e.TurnTaken)]
    for row in look.rows:
        long = isinstance(row, r.Silence) and row.observer == look.observer and (row.dur or 0) >= GAP
        if not (long and isinstance(row, r.Silence)) or row.activity is not None:
            continue
        until = row.ts + (row.dur or 0)
        if any(row.ts <= ts < until for ts in judged):
            continue
        before = next((t for t in reversed(turns) if t.ts <= row.ts), None)
        one = before.receivers[0] if before is not None and len(before.receivers) == 1 else None
        says = (Say(f"!{_word(silence)}", row.ts),)
        choices = [
            _leave("not_judged"), Choice("2", "code", silence.label, discreet=silence.discreet, says=says),
        ]  # fmt: skip
        if one is not None and look.now.agreed(one) and look.now.roles.get(one) not in LEADERS:
            says = (Say(f"{one}!{_word(silence)}", row.ts),)
            choices.append(Choice("3", "of_seat", seat=one, discreet=silence.discreet, says=says))
        yield Item(id=f"gap:{row.ts}", kind="gap", ts=row.ts, until=until, choices=tuple(choices))


def _unattended(look: _Look) -> Iterator[Item]:
    """Turns in which nobody pressed anything for minutes: did somebody speak so long, or did nobody record?"""
    if look.now.opened is None or look.now.opened.clock != "live":
        return
    done = sorted({x.ts for x in look.own} | {look.end})
    for row in look.rows:
        if not isinstance(row, r.Turn) or row.observer != look.observer or row.given:
            continue
        until = row.ts + (row.dur if row.dur is not None else max(0, look.end - row.ts))
        inside = [ts for ts in done if row.ts <= ts < until]
        for start, end in pairwise([*inside, until]):
            if end - start >= UNATTENDED:
                says = (Say("||unattended", start + 1), Say("||", end - 1))
                yield Item(
                    id=f"unattended:{start}", kind="unattended", ts=start, until=end,
                    choices=(_leave("attended"), Choice("2", "nobody_recorded", says=says)),
                )  # fmt: skip


def _late(look: _Look) -> Iterator[Item]:
    """Codes pressed so soon after a turn had begun that they may belong to the one before."""
    if look.now.opened is None or look.now.opened.clock != "live":
        return
    turns = [x for x in look.own if isinstance(x, e.TurnTaken)]
    if not turns:
        return
    aside = {family.id for book in look.books for family in book.families if family.apart}
    behind = min(x.logged - x.ts for x in turns)
    place = {x.id: at for at, x in enumerate(turns)}
    for x in look.own:
        code = look.code(x) if isinstance(x, e.Coded) and x.made == "live" else None
        if code is None or not isinstance(x, _MOVES) or x.turn_id not in place or x.ref is not None:
            continue
        if code.family in aside or kinds_of(code, look.books):
            continue  # what is asked about otherwise stays the record it is
        at = place[x.turn_id]
        turn = turns[at]
        # what waited on a device without a link came all at once: nobody knows when it was pressed
        prompt = turn.logged - turn.ts - behind < 1000
        soon = prompt and 0 <= x.logged - turn.logged < TOO_SOON and x.id[:30] != turn.id[:30]
        if not soon or x.author not in (turn.sender, None, *turn.receivers):
            continue
        leaders = code.author == "leader"
        before = next(
            (t for t in reversed(turns[:at]) if not leaders or look.now.roles.get(t.sender) in LEADERS), None
        )
        if before is None or turn.ts - before.ts > WITHIN:
            continue
        said = ",".join(v for name, v in x.attrs.items() if name in code.values and name not in code.preset)
        line = f"!{_word(code)}{f'^{x.intensity}' if x.intensity else ''}{f'={said}' if said else ''}"
        moved = Choice("2", "turn_before", says=(Say(f"~{x.seq}"), Say(line, before.ts)))
        yield Item(
            id=f"late:{x.id}", kind="late", ts=x.ts, seq=x.seq,
            choices=(_leave("right"), moved, Choice("3", "take_back", says=(Say(f"~{x.seq}"),))),
        )  # fmt: skip


def _open(look: _Look, kind: str, episodes: Sequence[e.Coded], event: str) -> Iterator[Item]:
    settles = look.codes(lambda c: c.event == event)
    for x in episodes:
        if x.observer == look.observer:
            choices = _of_codes(settles, f"{x.author or ''}!", f"~{x.seq}", look.end, letters=False)
            yield Item(id=f"{kind}:{x.id}", kind=kind, ts=x.ts, seq=x.seq, choices=(_leave("open"), *choices))


def _contracts(look: _Look) -> Iterator[Item]:
    yield from _open(look, "contract", list(look.now.contracts.values()), "contract.settled")


def _conflicts(look: _Look) -> Iterator[Item]:
    yield from _open(look, "conflict", list(look.now.conflicts.values()), "conflict.settled")


def _activities(look: _Look) -> Iterator[Item]:
    for x in look.now.activities.get(look.observer, ()):
        code = look.code(x)
        if code is not None:
            says = (Say(f"!{_word(code)}", look.end),)
            yield Item(
                id=f"activity:{x.id}", kind="activity", ts=x.ts, seq=x.seq,
                choices=(_leave("goes_on"), Choice("2", "ended", says=says)),
            )  # fmt: skip


def _details(look: _Look) -> Iterator[Item]:
    """Attributes that are said afterwards, of the codes that take them."""
    for x in look.own:
        code = look.code(x) if isinstance(x, e.Coded) else None
        book = next((b for b in look.books if code is not None and b.name == code.book), None)
        if code is None or book is None or not isinstance(x, e.Coded):
            continue
        for attribute in book.attribute:
            if not attribute.review or attribute.name not in code.attributes or attribute.name in x.attrs:
                continue
            keys = iter("23456789abcdefghijklmnopqrstuvwxyz")
            values = tuple(
                Choice(next(keys, ""), "value", v.label, says=(Say(f"~{x.seq}: !{_word(code)}={v.id}"),))
                for v in attribute.values
            )
            yield Item(
                id=f"detail:{x.id}:{attribute.name}", kind="detail", ts=x.ts, seq=x.seq, label=attribute.label,
                choices=(_leave("not_judged"), *values),
            )  # fmt: skip


_ASK = (_safety, _stars, _kinds, _gaps, _unattended, _late, _contracts, _conflicts, _activities, _details)
