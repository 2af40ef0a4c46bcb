"""Cautions: what the scheme's manual would have the observer know, shown where it applies and never in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.conditions import Facts, holds
from tkcore.effective import corrections, in_order
from tkcore.situation import LEADERS, Situation, situation


class Warned(Struct, frozen=True):
    """A caution that applies to a record, in the two languages."""

    caution: str
    seq: int
    text: cb.Label


def at(moment: str, books: Iterable[cb.Codebook], facts: Facts) -> list[cb.Caution]:
    """Return the cautions that hold at a moment: `session.opened`, `phase.work`, `setting.planned_sessions` ..."""
    found = (caution for book in books for caution in book.caution if moment in caution.at)
    return [caution for caution in found if holds(caution.conditions, facts)]


def of_records(records: Iterable[e.Record], books: Sequence[cb.Codebook], now: Situation) -> list[Warned]:
    """Return the cautions that records call for, each once a record; an amendment is judged by what it says."""
    return [
        Warned(caution.id, record.seq, caution.text)
        for record in records
        for caution in _of(record, books, now)
    ]


def at_close(records: Sequence[e.Record], books: Iterable[cb.Codebook]) -> list[cb.Caution]:
    """Return the cautions that hold as a session's log ends."""
    now = situation(in_order(records, corrections(records)))
    return at("session.closed", books, situated(now))


def situated(now: Situation) -> dict[str, str | int | None]:
    """Return what conditions may ask about a session as it stands."""
    opened = now.opened
    settings: dict[str, str | int | None] = {}
    if opened is not None:
        settings = {
            **opened.details,
            **{name: getattr(opened, name) for name in ("format", "setting", "population", "level")},
        }
    leaders = sum(role in LEADERS for role in now.roles.values())
    return {**settings, "leaders": leaders, "open_contracts": len(now.contracts)}


def _of(record: e.Record, books: Sequence[cb.Codebook], now: Situation) -> list[cb.Caution]:
    said: Mapping[str, Any]
    if isinstance(record, e.RecordAmended):
        said = record.replacement
        if said.get("t") == "phase.entered":
            return at(f"phase.{said.get('phase')}", books, situated(now))
    elif isinstance(record, e.PhaseEntered):
        return at(f"phase.{record.phase}", books, situated(now))
    elif isinstance(record, e.Coded):
        said = {"code": record.code, "author": record.author, "attrs": record.attrs}
    else:
        return []
    attrs = said.get("attrs") or {}
    code = cb.by_stored(books, str(said.get("code", "")), attrs)
    if code is None or not code.caution:
        return []
    role = now.roles.get(str(said.get("author")))
    author = None if role is None else "leader" if role in LEADERS else "member"
    facts = {**situated(now), "author": author, **attrs}
    return [caution for caution in code.caution if holds(caution.conditions, facts)]
