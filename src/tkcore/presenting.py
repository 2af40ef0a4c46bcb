"""A session's log as an analysis gets it: its rows, the records only its plugin can read, and SQL over both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.log import Head
from tkcore.projection import FamilyOf, fold, opaques, record_rows
from tkcore.reading import Read, captured_of, families
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
    family_of: FamilyOf,
    events: Iterable[Declared] = (),
) -> Presented:
    """Return what records come to, at a head; `events` are the plugins' types whose views `session.sql` has."""
    rows = fold(records, name, family_of)
    ask = sql_over(rows, lambda: record_rows(records, name, family_of), views_of(events))
    return Presented(Session(name, rows, head, sql=ask, opaques=opaques(records)), captured_of(rows))


def present(read: Read, codebooks: Sequence[cb.Codebook], events: Iterable[Declared] = ()) -> Presented:
    """Return a session that was read."""
    return presented(read.records, read.name, read.scan.head, families(codebooks), events)
