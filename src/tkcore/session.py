"""One session as an analysis sees it: the typed rows of its projection, its seed, and SQL on demand.

Only counted rows are here: the rows of each family's observer of record (design §3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from random import Random
from typing import Any, TypeVar

from msgspec import json

from tkcore import rows as r
from tkcore.errors import TkError
from tkcore.log import Head

R = TypeVar("R", bound=r.Row)
LEADERS = frozenset({"therapist", "co_therapist"})


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
    ) -> None:
        self.name = name
        self.head = head
        self._rows: dict[type[r.Row], list[r.Row]] = {}
        for row in rows:
            if row.counted:
                self._rows.setdefault(type(row), []).append(row)
        self._sql = sql
        self.random = Random(int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big"))

    def seeded(self, analysis: str, version: int, params: Mapping[str, Any]) -> Session:
        """Return this session with the random numbers that belong to one analysis and its parameters."""
        seed = json.encode([analysis, version, dict(params), self.name], order="sorted").decode()
        twin = Session(self.name, (), self.head, seed=seed, sql=self._sql)
        twin._rows = self._rows  # the rows are frozen; only the seed differs
        return twin

    def rows(self, kind: type[R]) -> tuple[R, ...]:
        """Return the rows of one kind."""
        return tuple(self._rows.get(kind, ()))  # type: ignore[arg-type]

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
        return self.rows(r.Turn)

    @cached_property
    def addresses(self) -> tuple[r.Address, ...]:
        return self.rows(r.Address)

    @cached_property
    def silences(self) -> tuple[r.Silence, ...]:
        return self.rows(r.Silence)

    @cached_property
    def presences(self) -> tuple[r.Presence, ...]:
        return self.rows(r.Presence)

    @cached_property
    def pauses(self) -> tuple[r.Pause, ...]:
        return self.rows(r.Pause)

    @cached_property
    def activities(self) -> tuple[r.Activity, ...]:
        return self.rows(r.Activity)
