"""What a plugin may add beside analyses: event types, sections, formats to read and to write.

Each is a declaration, a frozen Struct that a decorator or a function makes; nothing here runs it. What is wrong with
one is said in sentences by `faults`, so that a plugin is refused as a whole and by name, before any of it runs.
"""

from __future__ import annotations

import inspect
import keyword
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from msgspec.structs import fields as struct_fields

from tkcore import foreign
from tkcore.analyses import NAME, Said

Body = TypeVar("Body", bound=Struct)

COLUMNS: dict[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    bool: "BOOLEAN",
    tuple[str, ...]: "VARCHAR[]",
    dict[str, str]: "MAP(VARCHAR, VARCHAR)",
}
"""What a field of an event may be, and the column it becomes; each may be None as well."""
SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,3}")
RESERVED, CORE = foreign.RESERVED, foreign.CORE


class EventType(Struct, Generic[Body], frozen=True, kw_only=True):
    """A declared type of event: `body` has the fields beside the envelope, `family` is what it is captured with.

    `upcasts[v]` turns the body of version v into that of v + 1, on reading, never written back.
    """

    name: str
    version: int
    body: type[Body]
    family: str
    doc: str
    upcasts: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

    @property
    def view(self) -> str:
        """The name of its view in SQL: `gaze.shifted` is `gaze_shifted`."""
        return re.sub(r"[.-]", "_", self.name)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of its own fields and their DuckDB types."""
        hints = typing.get_type_hints(self.body)
        return {f.name: COLUMNS[_plain(hints[f.name])] for f in struct_fields(self.body)}


def event_type(
    name: str,
    *,
    version: int,
    body: type[Body],
    family: str,
    upcasts: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
) -> EventType[Body]:
    """Declare a type of event, `plugin.verb_past`; the docstring of `body` says what happened.

    `family` is the family of a codebook that an observer undertakes to capture with it: where nobody did, an analysis
    that reads it is not applicable. The fields of `body` are texts, whole numbers, truths, lists of texts or maps of
    texts to texts, each with None if it may be missing; a text in a record matches `[A-Za-z0-9_.:+/-]{0,64}`.
    """
    doc = inspect.cleandoc(body.__doc__ or "")
    return EventType(name=name, version=version, body=body, family=family, doc=doc, upcasts=upcasts or {})


# -- sections of a report --------------------------------------------------------------------------------------

Cell = str | int | float | bool | None | Said
"""What stands in a table: a text in both languages, a sign of a seat, a number, or nothing known."""


class Paragraph(Struct, frozen=True, tag_field="part", tag="paragraph"):
    """A sentence or more, in both languages."""

    says: Said


class Table(Struct, frozen=True, tag_field="part", tag="table"):
    """Rows of as many cells as there are columns."""

    columns: tuple[Said, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Bar(Struct, frozen=True, kw_only=True):
    """A labelled value, with its interval where it has one."""

    label: str | Said
    value: float
    low: float | None = None
    high: float | None = None


class Bars(Struct, frozen=True, tag_field="part", tag="bars"):
    """Values beside each other; `unit` says what they are."""

    unit: Said
    bars: tuple[Bar, ...]


class Curve(Struct, frozen=True, tag_field="part", tag="curve"):
    """A value over time or over meetings: points (x, y) in the order of x."""

    x: Said
    y: Said
    points: tuple[tuple[float, float], ...]


Part = Paragraph | Table | Bars | Curve


class Section(Struct, frozen=True, kw_only=True):
    """A declared section: `draw` turns the result of analysis `of` into parts of a report."""

    name: str
    of: str
    title: Said
    doc: str
    draw: Callable[[Any], Iterable[Part]]


def section(name: str, *, of: str, title: Said) -> Callable[[Callable[[Any], Iterable[Part]]], Section]:
    """Declare a function of a result as a section of the report.

    It gets the result of the analysis `of` in its declared type and returns parts: `Paragraph`, `Table`, `Bars`,
    `Curve`. It is called only where the analysis is done; what was withheld or not captured the report says itself.
    """

    def declare(draw: Callable[[Any], Iterable[Part]]) -> Section:
        return Section(name=name, of=of, title=title, doc=inspect.cleandoc(draw.__doc__ or ""), draw=draw)

    return declare


# -- formats ---------------------------------------------------------------------------------------------------


class Imported(Struct, frozen=True, kw_only=True):
    """A session as an importer found it: who sat there, and what happened as lines of the line grammar.

    Each line begins with its time (`@0:12 ab !uu`), in order. `seats` are as `tk session open --seats` takes them
    (`T`, `A`, `B:visitor`), `labels` says who sits there (to the vault, never to the log). `ends` is the time the
    meeting closed; None: with the last line. `turn_ends`: `next`, or `given` where lines say their lengths (`ab=4.2`).
    """

    seats: tuple[str, ...]
    lines: tuple[str, ...]
    ends: str | None = None
    held: str | None = None
    zone: str | None = None
    turn_ends: str = "next"
    families: tuple[str, ...] | None = None
    labels: dict[str, str] = field(default_factory=dict)


class Importer(Struct, frozen=True, kw_only=True):
    """A declared format to read: `read` turns a file's bytes into a session."""

    name: str
    doc: str
    params: dict[str, Any]
    read: Callable[..., Imported]


def importer(name: str) -> Callable[[Callable[..., Imported]], Importer]:
    """Declare a function from a file's bytes to an `Imported` as a format: `tk import NAME FILE`.

    Keyword-only parameters are its options (`-p name=value`). It raises BadInput for a file it cannot read, naming
    the line and what to do; nothing of the file is stored then.
    """

    def declare(read: Callable[..., Imported]) -> Importer:
        return Importer(name=name, doc=inspect.cleandoc(read.__doc__ or ""), params=options(read), read=read)

    return declare


class Exporter(Struct, frozen=True, kw_only=True):
    """A declared format to write: `write` turns a session into a file's text or bytes."""

    name: str
    suffix: str
    doc: str
    params: dict[str, Any]
    write: Callable[..., str | bytes]


def exporter(name: str, *, suffix: str) -> Callable[[Callable[..., str | bytes]], Exporter]:
    """Declare a function of one `Session` as a format: `tk export NAME SESSION`, by default to SESSION + `suffix`.

    Keyword-only parameters are its options (`-p name=value`). The same session gives the same bytes.
    """

    def declare(write: Callable[..., str | bytes]) -> Exporter:
        return Exporter(
            name=name, suffix=suffix, doc=inspect.cleandoc(write.__doc__ or ""), params=options(write), write=write
        )  # fmt: skip

    return declare


def options(make: Callable[..., Any]) -> dict[str, Any]:
    """Return a function's keyword-only parameters with their defaults."""
    return {
        p.name: p.default
        for p in inspect.signature(make).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    }


# -- what is wrong with one ------------------------------------------------------------------------------------


def faults(declared: object, plugin: str) -> list[str]:
    """Return what is wrong with an event type, a section or a format, in sentences; nothing if it may be used."""
    if not isinstance(declared, (EventType, Section, Importer, Exporter)):
        return [f"{declared!r} is no declaration of tkcore's"]
    name = declared.name
    found = []
    if not NAME.fullmatch(name) or not name.startswith(f"{plugin}."):
        found.append(f"{name!r} does not start with {plugin + '.'!r}")
    if not declared.doc:
        what = "its body has no docstring" if isinstance(declared, EventType) else "it has no docstring"
        found.append(f"{name}: {what} that says what it is")
    if isinstance(declared, EventType):
        found += [f"{name}: {fault}" for fault in _event_faults(declared)]
    elif isinstance(declared, Section):
        if not NAME.fullmatch(declared.of):
            found.append(f"{name}: {declared.of!r} is no analysis")
        if not (declared.title.id.strip() and declared.title.en.strip()):
            found.append(f"{name}: the title is missing in one of the two languages")
    elif any(default is inspect.Parameter.empty for default in declared.params.values()):
        found.append(f"{name}: a parameter has no default")
    if isinstance(declared, Exporter) and not SUFFIX.fullmatch(declared.suffix):
        found.append(f"{name}: the suffix {declared.suffix!r} is not one like '.csv'")
    return found


def _event_faults(declared: EventType[Any]) -> list[str]:
    body: Any = declared.body
    if not (isinstance(body, type) and issubclass(body, Struct) and body.__struct_config__.frozen):
        return ["the body is no frozen Struct: class Shifted(Struct, frozen=True)"]
    found = []
    if declared.version < 1:
        found.append("the version is not a whole number from 1")
    if set(declared.upcasts) != set(range(1, declared.version)):
        found.append(f"upcasts has not a step from each version below {declared.version}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", declared.family):
        found.append(f"the family {declared.family!r} is no family")
    if body.__struct_config__.tag is not None:
        found.append("the body has a tag of its own: the record has its type already")
    hints = typing.get_type_hints(body)
    for one in struct_fields(body):
        if one.name != one.encode_name:
            found.append(f"the field {one.name} is renamed in JSON: give it one name")
        if one.name in RESERVED:
            found.append(f"the field {one.name} has a name of the record's own")
        elif keyword.iskeyword(one.name) or not re.fullmatch(r"[a-z][a-z0-9_]*", one.name):
            found.append(f"the field {one.name} cannot be a column: small letters, digits and _")
        if _plain(hints[one.name]) not in COLUMNS:
            found.append(f"the field {one.name} is none of str, int, bool, tuple[str, ...], dict[str, str]")
    return found


def _plain(hint: Any) -> Any:
    """Return a field's type without None."""
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        rest = [part for part in typing.get_args(hint) if part is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint
