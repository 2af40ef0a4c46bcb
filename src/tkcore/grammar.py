"""The line grammar: what a typed line says, before anybody asks whether it can be (capture.md §3a).

`parse` knows the shape of a line and nothing else: no seats, no codes, no clock. Case does not matter outside a note.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from tkcore import foreign
from tkcore.errors import GrammarError

LONGEST = 4096
SEAT = r"[a-z]\d{0,2}"
_ANY = rf"(?:{SEAT}|\d{{1,3}})"  # an import may keep pure numbers
_LIST = rf"{_ANY}(?:,{_ANY})*"
_SECONDS = r"\d{1,5}(?:\.\d{1,3})?"

_TIME = re.compile(r"@(?:(?:(\d{1,2}):)?(\d{1,3}):(\d\d)(?:\.(\d{1,3}))?|([+-])(\d{1,6})(?:\.(\d{1,3}))?)")
_AMEND = re.compile(r"~(\d+):")
_TURN = re.compile(rf"(?:({_ANY})>({_LIST}|[*.?])|({SEAT})({SEAT})|({SEAT})\.)(?:=({_SECONDS}))?")
_QUICK = re.compile(rf"({SEAT})(?:=({_SECONDS}))?")
_REPLY = re.compile(rf"({_ANY})?<(?:=({_SECONDS}))?")
_CODE = re.compile(rf"({_ANY})?!([^\s>^=~!]+)(?:>({_LIST}|\*))?(?:\^([0-9]+))?(?:=([^\s~>^=]+))?(?:~(\d+))?")
_HUSH = re.compile(rf"_({_SECONDS})?")
_UNDO = re.compile(r"~(\d+)?")
_SWAP = re.compile(rf"~({_ANY}={_ANY}(?:,{_ANY}={_ANY})*)")
_ACTIVITY = re.compile(r"\{([^\s{}]*)\}")
_PAUSE = re.compile(r"\|\|([a-z_]+)?")
_LEAVE = re.compile(rf"(?:-({_ANY})(?::([a-z_]+))?|({_ANY})\))")
_COME = re.compile(rf"(?:\+({_ANY})(?::([a-z_]+))?|({_ANY})\()")
_ABOUT = re.compile(rf"({_ANY}(?:\s*,\s*{_ANY})*):\s*(.*)", re.IGNORECASE | re.DOTALL)


class Item(Struct, frozen=True, kw_only=True):
    """`column` counts from 1."""

    column: int


class Turn(Item, frozen=True, kw_only=True):
    """`how`: seats, all or unknown as typed; quick (a bare seat), reply (`a<`), swap (`<`)."""

    sender: str | None
    how: str
    receivers: tuple[str, ...] = ()
    dur: int | None = None


class Code(Item, frozen=True, kw_only=True):
    word: str
    author: str | None = None
    targets: tuple[str, ...] = ()
    everybody: bool = False
    intensity: int | None = None
    value: str | None = None
    ref: int | None = None


class Hush(Item, frozen=True, kw_only=True):
    """Nobody speaks, for `since` ms already."""

    since: int = 0


class Phase(Item, frozen=True, kw_only=True):
    word: str


class Star(Item, frozen=True, kw_only=True): ...


class Crowd(Item, frozen=True, kw_only=True): ...


class Undo(Item, frozen=True, kw_only=True):
    """Take back record `seq`, or the whole last entry."""

    seq: int | None = None


class Exchange(Item, frozen=True, kw_only=True):
    seats: dict[str, str]


class Activity(Item, frozen=True, kw_only=True):
    """`{word}` starts, `{}` ends."""

    word: str


class Pause(Item, frozen=True, kw_only=True):
    """`||`, with a reason or without."""

    reason: str | None = None


class Leave(Item, frozen=True, kw_only=True):
    seat: str
    reason: str | None = None


class Come(Item, frozen=True, kw_only=True):
    """`+g`: returns, arrives, is added (with a role) or gets a scope."""

    seat: str
    word: str | None = None


class Foreign(Item, frozen=True, kw_only=True):
    """A plugin's event, alone on its line: its type, version and fields."""

    t: str
    v: int
    body: dict[str, Any]


class Note(Struct, frozen=True, kw_only=True):
    """`about`: seats as typed; None where nobody is named."""

    text: str
    about: tuple[str, ...] | None
    column: int


class Time(Struct, frozen=True, kw_only=True):
    """`ms` on the session clock, or before now (`-`), or after the line before (`+`)."""

    ms: int
    sign: str = ""


class Line(Struct, frozen=True, kw_only=True):
    time: Time | None = None
    amends: int | None = None
    items: tuple[Item, ...] = ()
    note: Note | None = None


def ms_of(seconds: str) -> int:
    """Return integer ms of `12`, `12.5`, `0.125`."""
    whole, _, part = seconds.partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def parse(line: str) -> Line:
    """Return what a line says. Raises GrammarError with the column (from 1) and what to write instead."""
    if len(line.encode()) > LONGEST:
        raise GrammarError("the line is longer than {most} bytes", most=LONGEST, column=LONGEST)
    for place, char in enumerate(line, 1):
        if ord(char) < 32 and char != "\t":
            raise GrammarError("here is a character that cannot be typed: delete it", column=place)
    front, hash_, text = line.partition("#")
    note = _note(text, len(front) + 1) if hash_ else None
    time: Time | None = None
    amends: int | None = None
    items: list[Item] = []
    words = list(re.finditer(r"[^ \t]+", front))
    for at, found in enumerate(words):
        token, column = found.group().lower(), found.start() + 1
        if token.startswith("@"):
            if time is not None or amends is not None or items:
                raise GrammarError("the time stands first and once", column=column)
            time = _time(token, column)
            continue
        if amends is None and not items and (head := _AMEND.match(token)):
            amends = int(head[1])
            token, column = token[head.end() :], column + head.end()
            if not token:
                continue
        if foreign.is_type(token):
            if items or note is not None:
                raise GrammarError("{token} stands alone on its line", token=token, column=column)
            typed = [(token, column), *((word.group(), word.start() + 1) for word in words[at + 1 :])]
            said = foreign.parse(typed)
            items.append(Foreign(t=said.t, v=said.v, body=said.body, column=column))
            break
        items.append(_item(token, column))
    turns = [item for item in items if isinstance(item, Turn)]
    if len(turns) > 1:
        raise GrammarError(
            "a second turn on a line: nobody knows when it began. Write it on its own", column=turns[1].column
        )
    if amends is not None and len(items) + (note is not None) != 1:
        raise GrammarError("a correction ~{seq}: takes exactly one item", seq=amends, column=1)
    if time is not None and not items and note is None:
        raise GrammarError("a time alone says nothing: write what happened then", column=1)
    return Line(time=time, amends=amends, items=tuple(items), note=note)


def _note(text: str, column: int) -> Note:
    text = text.strip()
    if not text:
        raise GrammarError("the note is empty", column=column)
    named = _ABOUT.fullmatch(text)
    if named:
        if not named[2]:
            raise GrammarError("the note is empty", column=column)
        about = tuple(seat.strip() for seat in named[1].upper().split(","))
        return Note(text=named[2], about=about, column=column)
    return Note(text=text, about=None, column=column)


def _time(token: str, column: int) -> Time:
    found = _TIME.fullmatch(token)
    if not found:
        raise GrammarError("{token} is no time: @12:04, @1:02:03.5, @-20 or @+5", token=token, column=column)
    hours, minutes, seconds, part, sign, ago, ago_part = found.groups()
    if sign:
        return Time(ms=ms_of(f"{ago}.{ago_part or 0}"), sign=sign)
    if int(seconds) > 59 or (hours and int(minutes) > 59):
        raise GrammarError(
            "{token} is no time: seconds (and minutes after hours) end at 59", token=token, column=column
        )
    return Time(ms=(int(hours or 0) * 3600 + int(minutes) * 60) * 1000 + ms_of(f"{int(seconds)}.{part or 0}"))


def _upper(seats: str) -> tuple[str, ...]:
    return tuple(seats.upper().split(","))


def _dur(text: str | None) -> int | None:
    return None if text is None else ms_of(text)


def _item(token: str, column: int) -> Item:
    simple = {";": Star, "&": Crowd}.get(token)
    if simple is not None:
        return simple(column=column)
    if token == "?":  # noqa: S105 - a word of the line
        raise GrammarError("? shows the keys on a terminal; in a line it means nothing", column=column)
    for pattern, make in _SHAPES:
        found = pattern.fullmatch(token)
        if found:
            return make(found, column)
    raise GrammarError(
        "{token} is not understood. ? on a terminal shows what can be written", token=token, column=column
    )


def _turn(found: re.Match[str], column: int) -> Item:
    sender, to, first, second, alone, dur = found.groups()
    if first:
        sender, to = first, second
    elif alone:
        sender, to = alone, "."
    how = {"*": "all", ".": "all", "?": "unknown"}.get(to, "seats")
    receivers = _upper(to) if how == "seats" else ()
    sender = sender.upper()
    if sender in receivers:
        raise GrammarError(
            "{seat} speaks to {seat}: to the whole group is {seat}.", seat=sender, column=column
        )
    if len(set(receivers)) != len(receivers):
        raise GrammarError("a receiver stands twice", column=column)
    return Turn(sender=sender, how=how, receivers=receivers, dur=_dur(dur), column=column)


def _quick(found: re.Match[str], column: int) -> Item:
    return Turn(sender=found[1].upper(), how="quick", dur=_dur(found[2]), column=column)


def _reply(found: re.Match[str], column: int) -> Item:
    sender = found[1]
    return Turn(
        sender=sender.upper() if sender else None,
        how="reply" if sender else "swap",
        dur=_dur(found[2]),
        column=column,
    )


def _code(found: re.Match[str], column: int) -> Item:
    author, word, to, level, value, ref = found.groups()
    if level is not None and level not in ("1", "2", "3"):
        raise GrammarError("^{level}: the intensity is 1, 2 or 3", level=level, column=column)
    return Code(
        word=word,
        author=author.upper() if author else None,
        targets=_upper(to) if to and to != "*" else (),
        everybody=to == "*",
        intensity=int(level) if level else None,
        value=value,
        ref=int(ref) if ref else None,
        column=column,
    )


def _swap(found: re.Match[str], column: int) -> Item:
    seats: dict[str, str] = {}
    for pair in found[1].upper().split(","):
        wrong, _, right = pair.partition("=")
        if wrong in seats:
            raise GrammarError("{seat} stands twice on the left", seat=wrong, column=column)
        seats[wrong] = right
    if len(set(seats.values())) != len(seats):
        raise GrammarError("a seat stands twice on the right", column=column)
    return Exchange(seats=seats, column=column)


_SHAPES = (
    (_TURN, _turn),
    (_QUICK, _quick),
    (_REPLY, _reply),
    (_CODE, _code),
    (_HUSH, lambda m, c: Hush(since=ms_of(m[1]) if m[1] else 0, column=c)),
    (_UNDO, lambda m, c: Undo(seq=int(m[1]) if m[1] else None, column=c)),
    (_SWAP, _swap),
    (_ACTIVITY, lambda m, c: Activity(word=m[1], column=c)),
    (_PAUSE, lambda m, c: Pause(reason=m[1], column=c)),
    (_LEAVE, lambda m, c: Leave(seat=(m[1] or m[3]).upper(), reason=m[2], column=c)),
    (_COME, lambda m, c: Come(seat=(m[1] or m[3]).upper(), word=m[2], column=c)),
    (re.compile(r"%(\S+)"), lambda m, c: Phase(word=m[1], column=c)),
)
