"""Events as lines: encoding, decoding in one pass, building from plain values, the rule of strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Union

from msgspec import DecodeError, Struct, ValidationError, convert, json
from msgspec.structs import fields as struct_fields

from tkcore.events import ENVELOPE, EVENTS, STRING, Event, Opaque, Record

_decoder: json.Decoder[Event] = json.Decoder(Union[tuple(EVENTS.values())])  # noqa: UP007 - a union of a computed tuple
_encoder = json.Encoder(order="deterministic")
encode_event = _encoder.encode
"""What `encode` does for a type that is known, without asking."""
Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTS: dict[tuple[str, int], Upcast] = {}
"""How a type's version v reads as v + 1: pure functions of the flat record, chained on reading, never written back. No
type has changed yet. A new version overrides its Struct's default of `v`, adds its step here, and a log of the old one
to tests/golden.
"""
VERSIONS: dict[type[Event], int] = {
    kind: next(item.default for item in struct_fields(kind) if item.name == "v") for kind in EVENTS.values()
}


def is_newer(t: str, v: int) -> bool:
    """Whether a core type's record is of a version this program does not know yet."""
    return t in EVENTS and v > VERSIONS[EVENTS[t]]


def encode(record: Record) -> bytes:
    """Return one JSON object, the envelope first; an opaque body is laid flat again."""
    if isinstance(record, Opaque):
        flat: dict[str, Any] = {"t": record.t}
        flat.update({name: getattr(record, name) for name in ENVELOPE})
        flat.update(record.body)
        return json.encode(flat)
    return _encoder.encode(record)


def decode(line: bytes | memoryview) -> Record:
    """Return the record in one line; what this version does not know comes back `Opaque`.

    Raises DecodeError where the line is not a JSON object with an envelope.
    """
    try:
        record = _decoder.decode(line)
        if record.v == VERSIONS[type(record)]:
            return record
    except ValidationError:
        pass
    flat = json.decode(line)
    if not isinstance(flat, dict) or not isinstance(flat.get("t"), str):
        raise DecodeError("not a record: no type")
    flat.pop("h", None)
    flat.pop("c", None)
    return upcast(flat, UPCASTS)


def upcast(flat: dict[str, Any], steps: Mapping[tuple[str, int], Upcast]) -> Record:
    """Return the record in a decoded line of another version, brought up step by step; `Opaque` where no step leads."""
    kind = EVENTS.get(flat["t"])
    while (flat["t"], flat.get("v", 1)) in steps:
        before = flat.get("v", 1)
        flat = {**steps[flat["t"], before](dict(flat)), "t": flat["t"], "v": before + 1}
    if kind is not None and flat.get("v", 1) == VERSIONS[kind]:
        with suppress(ValidationError):
            return convert({k: v for k, v in flat.items() if k != "t"}, kind)
    envelope = {name: flat.pop(name) for name in ("t", *ENVELOPE) if name in flat}
    return convert({**envelope, "body": flat}, Opaque)


def build(kind: type[Event], values: dict[str, Any], *, exact: bool = True) -> Event:
    """Return the event with these values; `exact` refuses a field the type does not have.

    Raises ValidationError naming the field.
    """
    known = {item.encode_name for item in struct_fields(kind)}
    extra = sorted(set(values) - known)
    if exact and extra:
        raise ValidationError(f"{kind.__struct_config__.tag} has no field {extra[0]!r}")
    return convert(values, kind)


def stray_string(value: Any) -> str | None:
    """Return the first string, in whatever depth, that may not stand in a record."""
    if isinstance(value, str):
        return None if STRING.fullmatch(value) else value
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    elif isinstance(value, Struct):
        value = [getattr(value, name) for name in value.__struct_fields__]
    if isinstance(value, (list, tuple)):
        for item in value:
            stray = stray_string(item)
            if stray is not None:
                return stray
    return None
