"""What happened to somebody's safety and has not been reported yet: nothing counts it, nothing forgets it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from tkcore import events as e
from tkcore import rows as r
from tkcore.situation import REPORTED, SAFETY

CALMED = "mark.calmed"


M = TypeVar("M", e.Coded, r.Mark)


def unreported(rows: Iterable[r.Row]) -> tuple[r.Mark, ...]:
    """Return the safety marks, in their order, that no later report to the staff on duty covers."""
    return open_of([row for row in rows if isinstance(row, r.Mark) and row.family == SAFETY])


def open_of(marks: Sequence[M]) -> tuple[M, ...]:
    """Return those of the safety marks that no later report covers.

    Whoever recorded it: what an observer has seen who is not of record must be reported too. A report with `ref` to one
    of them covers that one; one that names seats (author or targets) what is about one of them; any other all that was
    before it. That somebody is calm again is no report, and calls for none.
    """
    reports = [mark for mark in marks if _is(mark, REPORTED)]
    happened = [mark for mark in marks if not _is(mark, REPORTED) and not _is(mark, CALMED)]
    known = {mark.id for mark in happened}
    return tuple(mark for mark in happened if not any(_covers(report, mark, known) for report in reports))


def _is(mark: e.Coded | r.Mark, code: str) -> bool:
    return mark.code.endswith(f".{code}")


def _about(mark: e.Coded | r.Mark) -> set[str]:
    return {seat for seat in (mark.author, *mark.targets) if seat is not None}


def _covers(report: e.Coded | r.Mark, mark: e.Coded | r.Mark, known: AbstractSet[str]) -> bool:
    if report.ref in known:
        return report.ref == mark.id
    if (report.ts, report.seq) < (mark.ts, mark.seq):
        return False
    named = _about(report)
    return not named or bool(named & _about(mark))
