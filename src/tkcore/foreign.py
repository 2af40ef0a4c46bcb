"""A plugin's event as a line: `gaze.shifted seat=A level=3 seats=A,B`, and the opaque record it becomes.

No plugin is known here: any type that is not the core's is stored as it was typed, and typed on reading. What may be
checked without knowing the type is: its name, the names of its fields, the rule of strings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tkcore.errors import GrammarError
from tkcore.events import ENVELOPE, EVENTS, STRING, Opaque

RESERVED = frozenset({*ENVELOPE, "t", "h", "c", "n", "session", "counted", "state", "body"})
"""Names a plugin's event may not give a field: they are the record's own."""
CORE = frozenset(name.partition(".")[0] for name in EVENTS) | {"log"}
"""First parts of the core's own types; no plugin is named so."""
MOST = 32
"""The most fields a line may give an event."""

_TYPE = re.compile(r"[a-z]{2}[a-z0-9]*(?:-[a-z0-9]+)*\.[a-z]{2}[a-z0-9_]*", re.IGNORECASE)
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_TRUTH = {"true": True, "false": False}
Word = tuple[str, int]
"""A word of a line and its column."""


class Said(Struct, frozen=True):
    """What a line says of a plugin's event."""

    t: str
    v: int
    body: dict[str, Any]


def is_type(word: str) -> bool:
    """Whether a word reads like a type of event, `gaze.shifted`: two letters at least on either side of the point."""
    return _TYPE.fullmatch(word) is not None


def parse(words: Sequence[Word]) -> Said:
    """Return what a type and its fields say. Raises GrammarError with the column."""
    name, column = words[0]
    t = name.lower()
    if t.partition(".")[0] in CORE:
        raise GrammarError(
            "{t} has a name of the core's own events, which have lines of their own: ? on a terminal shows them",
            t=t, column=column,
        )  # fmt: skip
    if len(t) > 64:
        raise GrammarError("the type is longer than 64 characters", column=column)
    version, body = 1, dict[str, Any]()
    for word, place in words[1:]:
        field, equals, text = word.partition("=")
        field = field.lower()
        if not equals:
            raise GrammarError(
                "{word} is no field=value: {t} stands alone on its line", word=word[:70], t=t, column=place
            )
        if field == "v":
            version = _version(text, place)
            continue
        if field in RESERVED:
            raise GrammarError("the field {field} has a name of the record's own", field=field, column=place)
        if not _FIELD.fullmatch(field) or len(field) > 64:
            raise GrammarError(
                "{field} is no name of a field: small letters, digits and _", field=field[:70], column=place
            )
        if field in body:
            raise GrammarError("the field {field} stands twice", field=field, column=place)
        if len(body) == MOST:
            raise GrammarError("more than {most} fields", most=MOST, column=place)
        body[field] = _value(text, place + len(field) + 1)
    return Said(t, version, body)


def _version(text: str, column: int) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise GrammarError("v={text}: the version is a whole number from 1", text=text[:70], column=column)
    return int(text)


def _value(text: str, column: int) -> Any:
    """Return a whole number, a truth, a list of texts or a text; case is kept."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if text in _TRUTH:
        return _TRUTH[text]
    for part in text.split(","):
        if not part:
            raise GrammarError("a value is missing: field=value, or field=one,two", column=column)
        if not STRING.fullmatch(part):
            raise GrammarError(
                "{text!r} may not stand in a record: up to 64 of A-Z a-z 0-9 _ . : + / -", text=part[:70],
                column=column,
            )  # fmt: skip
        column += len(part) + 1
    return text.split(",") if "," in text else text


def line_of(record: Opaque) -> str:
    """Return the line that says a record again, without its time. Raises ValueError where none can."""
    words = [record.t, *([f"v={record.v}"] if record.v != 1 else ())]
    for field, value in record.body.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        words.append(f"{field}={text.lower() if isinstance(value, bool) else text}")
    try:
        said = parse([(word, 1) for word in words])
    except GrammarError as error:
        raise ValueError(str(error)) from None
    if (said.t, said.v, said.body) != (record.t, record.v, record.body):
        raise ValueError(f"{record.t}: no line says this body")
    return " ".join(words)
