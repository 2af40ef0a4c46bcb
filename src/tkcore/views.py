"""The view of a plugin's type of event: relation `record`, its body taken apart into typed columns.

What a column cannot hold is NULL: one bad record spoils no question. Of a type with several versions the view reads
the fields its present version has, in records of that or an earlier version; steps between versions (`upcasts`) are the
plugin's code and are taken in Python only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

ENVELOPE = ("session", "seq", "id", "ts", "observer")
"""The columns every such view begins with."""
_OWN = ("event_folded", "record_folded")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9_]*")
_TAKEN: dict[str, str] = {
    "VARCHAR": "case when json_type(body, '{at}') in ('VARCHAR', 'UBIGINT', 'BIGINT', 'BOOLEAN') then body ->> '{at}' end",
    "BIGINT": "case when json_type(body, '{at}') in ('VARCHAR', 'UBIGINT', 'BIGINT') "
    "and regexp_full_match(body ->> '{at}', '-?[0-9]+') then try_cast(body ->> '{at}' as BIGINT) end",
    "BOOLEAN": "case body ->> '{at}' when 'true' then true when '1' then true when 'false' then false "
    "when '0' then false end",
    "VARCHAR[]": "case json_type(body, '{at}') when 'ARRAY' then try_cast(body -> '{at}' as VARCHAR[]) "
    "when 'VARCHAR' then [body ->> '{at}'] when 'UBIGINT' then [body ->> '{at}'] "
    "when 'BIGINT' then [body ->> '{at}'] when 'BOOLEAN' then [body ->> '{at}'] end",
    "MAP(VARCHAR, VARCHAR)": "case json_type(body, '{at}') when 'OBJECT' "
    "then try_cast(body -> '{at}' as MAP(VARCHAR, VARCHAR)) end",
}
"""How a column of each type is taken from the body; no other type is."""


class PluginView(Struct, frozen=True, kw_only=True):
    """A view: `t` is the type it is of, up to `version`; `columns` are its own."""

    view: str
    t: str
    version: int
    family: str
    columns: dict[str, str]


class Declared(Protocol):
    """A type of event as its plugin declares it, or as another process is told of it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def family(self) -> str: ...
    @property
    def view(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, str]: ...


def views_of(declared: Iterable[Declared]) -> tuple[PluginView, ...]:
    """Return the views of declared types; one whose names or columns could not stand in SQL has none.

    What a plugin's process says goes into a statement here: nothing of it is taken unchecked.
    """
    return tuple(
        PluginView(view=d.view, t=d.name, version=d.version, family=d.family, columns=dict(d.columns))
        for d in declared
        if _TYPE.fullmatch(d.name)
        and d.view == re.sub(r"[.-]", "_", d.name)  # no name but its own: none of the core's views
        and d.view not in _OWN
        and _NAME.fullmatch(d.family)
        and all(_NAME.fullmatch(n) and n not in ENVELOPE and t in _TAKEN for n, t in d.columns.items())
    )


def asked(sql: str, views: Iterable[PluginView]) -> tuple[PluginView, ...]:
    """Return the views whose names occur in a statement; of two of one name the first."""
    words = set(re.findall(r"[a-z0-9_]+", sql.lower()))
    found = {view.view: view for view in reversed(tuple(views)) if view.view in words}
    return tuple(found.values())[::-1]


def select(view: PluginView) -> str:
    """Return the SELECT of a view: what holds and counts of its type.

    `coders` knows the observer of record of a family that has one of its own, `counted` speaks of the lead.
    """
    own = [f'{_TAKEN[kind].format(at="$." + name)} as "{name}"' for name, kind in view.columns.items()]
    return (
        f"select {', '.join((*ENVELOPE, *own))} from record where t = '{view.t}' and state = 'opaque' "
        f"and v <= {int(view.version)} and coalesce(coders['{view.family}'] = observer, counted)"
    )
