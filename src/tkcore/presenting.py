"""A session's log as an analysis gets it: its rows, the records only its plugin can read, and SQL over both.

What is apart is taken out here, once, for whatever a plugin is given: safety codes and private ones (reading.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import rows as r
from tkcore.log import Head
from tkcore.projection import fold, opaques, record_rows
from tkcore.reading import Read, apart, captured_of, families
from tkcore.relations import sql_over
from tkcore.session import Session
from tkcore.views import Declared, views_of


class Presented(Struct, frozen=True):
    """A session, and the families somebody undertook to code in it."""

    session: Session
    captured: frozenset[str]


def presented(
    records: Sequence[e.Record],
    name: str,
    head: Head,
    codebooks: Sequence[cb.Codebook],
    events: Iterable[Declared] = (),
) -> Presented:
    """Return what records come to, at a head; `events` are the plugins' types whose views `session.sql` has."""
    family_of, is_apart = families(codebooks), apart(codebooks)
    rows = fold(records, name, family_of, lambda x: is_apart(x.code, x.attrs))

    def logged() -> list[r.RecordRow]:
        gone = _apart(records, is_apart)
        return [row for row in record_rows(records, name, family_of) if row.id not in gone]

    ask = sql_over(rows, logged, views_of(events))
    aside = {family.id for book in codebooks for family in book.families if family.apart}
    unread = opaques([x for x in records if not (isinstance(x, e.Opaque) and _says(x, is_apart))])
    return Presented(Session(name, rows, head, sql=ask, opaques=unread), captured_of(rows) - aside)


def _apart(records: Iterable[e.Record], is_apart: Callable[[str, Mapping[str, str]], bool]) -> set[str]:
    """Return the ids of the records that say what is apart, with those that amend or retract them."""
    found: set[str] = set()
    for x in records:
        about = x.record_id in found if isinstance(x, (e.RecordAmended, e.RecordRetracted)) else False
        if about or _says(x, is_apart):
            found.add(x.id)
    return found


def _says(x: e.Record, is_apart: Callable[[str, Mapping[str, str]], bool]) -> bool:
    """Return whether a record says what is apart: also one that a later tkcore wrote, or nobody can read."""
    if isinstance(x, e.Coded):
        return is_apart(x.code, x.attrs)
    body: Mapping[str, Any] = {}
    if isinstance(x, e.RecordAmended):
        body = x.replacement
    elif isinstance(x, e.Opaque):
        body = x.body
    code, attrs = body.get("code"), body.get("attrs")
    return isinstance(code, str) and is_apart(code, attrs if isinstance(attrs, dict) else {})


def present(read: Read, codebooks: Sequence[cb.Codebook], events: Iterable[Declared] = ()) -> Presented:
    """Return a session that was read."""
    return presented(read.records, read.name, read.scan.head, codebooks, events)
