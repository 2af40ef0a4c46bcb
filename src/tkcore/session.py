"""One session as an analysis sees it: the typed rows of its projection, its seed, and SQL on demand.

Only counted rows are here: the rows of each family's observer of record (design §3). Records of plugins' own types are
read in the type that is asked for: what does not fit it, or is of a later version, is left out.
"""

from __future__ import annotations

import hashlib
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from random import Random
from types import UnionType
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct, ValidationError, convert, json

from tkcore import rows as r
from tkcore.errors import TkError
from tkcore.events import Opaque
from tkcore.log import Head
from tkcore.projection import Opaques

R = TypeVar("R", bound=r.Row)
Body = TypeVar("Body", bound=Struct)
Body_co = TypeVar("Body_co", bound=Struct, covariant=True)
Step = Callable[[dict[str, Any]], dict[str, Any]]
LEADERS = frozenset({"therapist", "co_therapist"})


class Recorded(Struct, Generic[Body], frozen=True, kw_only=True):
    """A record of a plugin's type, as an analysis sees it: when, by whom, and its fields in `body`."""

    seq: int
    id: str
    ts: int
    observer: str
    body: Body


class Kind(Protocol[Body_co]):
    """A type of event as a session reads it: `tkcore.event_type` makes one."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def family(self) -> str: ...
    @property
    def body(self) -> type[Body_co]: ...
    @property
    def upcasts(self) -> Mapping[int, Step]: ...


class Session:
    """The counted rows of one session, by kind, in (ts, seq) order."""

    def __init__(
        self,
        name: str,
        rows: Iterable[r.Row],
        head: Head,
        *,
        seed: str = "",
        sql: Callable[[str], list[tuple[Any, ...]]] | None = None,
        opaques: Opaques = Opaques(),  # noqa: B008 - frozen
    ) -> None:
        self.name = name
        self.head = head
        self._rows: dict[type[r.Row], list[r.Row]] = {}
        for row in rows:
            if row.counted:
                self._rows.setdefault(type(row), []).append(row)
        self._sql = sql
        self._opaques = opaques
        self.random = Random(int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big"))

    def seeded(self, analysis: str, version: int, params: Mapping[str, Any]) -> Session:
        """Return this session with the random numbers that belong to one analysis and its parameters."""
        seed = json.encode([analysis, version, dict(params), self.name], order="sorted").decode()
        twin = Session(self.name, (), self.head, seed=seed, sql=self._sql, opaques=self._opaques)
        twin._rows = self._rows  # the rows are frozen; only the seed differs
        return twin

    def rows(self, kind: type[R]) -> tuple[R, ...]:
        """Return the rows of one kind."""
        return tuple(self._rows.get(kind, ()))  # type: ignore[arg-type]

    def events(self, kind: Kind[Body]) -> tuple[Recorded[Body], ...]:
        """Return the records of a plugin's type that hold and count, in (ts, seq) order.

        `kind` is the `EventType` that `tkcore.event_type` made. Counted is what the observer of record of the type's
        family wrote. A record of an earlier version is read through the type's `upcasts`; one whose fields do not fit,
        or of a later version, is left out.
        """
        found = []
        for x in self._opaques.counted(kind.name, kind.family):
            body = body_of(x, kind)
            if body is not None:
                found.append(Recorded(seq=x.seq, id=x.id, ts=x.ts, observer=x.observer, body=body))
        return tuple(found)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Return the answer of DuckDB over this session's views."""
        if self._sql is None:
            raise TkError("this session was opened without DuckDB")
        return self._sql(query)

    @cached_property
    def opened(self) -> r.SessionRow:
        """The session's own row."""
        return self.rows(r.SessionRow)[0]

    @cached_property
    def seats(self) -> tuple[r.SeatRow, ...]:
        """The seats of the session, whether they came or not."""
        return self.rows(r.SeatRow)

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """Seats of the leaders who were in the room, in seat order."""
        return tuple(s.seat for s in self.seats if s.role in LEADERS and s.attended)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Seats of the members who were in the room, in seat order; visitors and staff are none."""
        return tuple(s.seat for s in self.seats if s.role == "member" and s.attended)

    @cached_property
    def turns(self) -> tuple[r.Turn, ...]:
        """Who had the floor, one row a turn."""
        return self.rows(r.Turn)

    @cached_property
    def addresses(self) -> tuple[r.Address, ...]:
        """Who spoke to whom: one row for each receiver of a turn."""
        return self.rows(r.Address)

    @cached_property
    def silences(self) -> tuple[r.Silence, ...]:
        """Silences of three seconds or more."""
        return self.rows(r.Silence)

    @cached_property
    def presences(self) -> tuple[r.Presence, ...]:
        """Who was in the room, and from when to when."""
        return self.rows(r.Presence)

    @cached_property
    def pauses(self) -> tuple[r.Pause, ...]:
        """Time nobody recorded."""
        return self.rows(r.Pause)

    @cached_property
    def activities(self) -> tuple[r.Activity, ...]:
        """What the group did beside talking."""
        return self.rows(r.Activity)


def body_of(record: Opaque, kind: Kind[Body]) -> Body | None:
    """Return a record's fields in the type's body, None where they do not fit."""
    if record.v > kind.version:
        return None
    values = dict(record.body)
    try:
        for version in range(record.v, kind.version):
            values = kind.upcasts[version](values)
        hints = _plain_hints(kind.body)
        fitted = {name: _fitted(value, hints.get(name)) for name, value in values.items()}
        return convert(fitted, kind.body)
    except (ValidationError, LookupError, TypeError, ValueError, AttributeError):
        return None  # it says something else than its type: the record stays visible in relation `record`


@cache
def _plain_hints(body: type[Struct]) -> dict[str, Any]:
    """Return the type of each field without None."""
    found = {}
    for name, hint in typing.get_type_hints(body).items():
        if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
            hint = next(part for part in typing.get_args(hint) if part is not type(None))  # noqa: PLW2901
        found[name] = hint
    return found


_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def _fitted(value: Any, hint: Any) -> Any:
    """Return a value in a field's type where a line could not know it: `level=3` may be a text, `seats=A` a list."""
    text = json.encode(value).decode() if isinstance(value, (bool, int)) else value
    if not isinstance(text, str):
        return value
    if hint is str:
        return text
    if hint is bool:
        return _TRUTHS.get(text, value)
    if hint is int and not isinstance(value, bool) and re.fullmatch(r"-?[0-9]+", text):
        whole = int(text)
        if abs(whole) >= 1 << 63:
            raise ValueError("no column holds that number")
        return whole
    return (text,) if hint == tuple[str, ...] else value
