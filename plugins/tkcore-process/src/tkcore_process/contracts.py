"""Contracts and agenda items: opened, how they ended, and what is open when the meeting nears its end."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

import tkcore
from tkcore import Alert, Phase, Said, Session, Withheld, analysis, bounded, wilson
from tkcore_process.clock import passed

LAST = frozenset({"termination", "ending"})
"""The stage a session closes with, outpatient (terminasi) and inpatient (penutup)."""


class Contract(Struct, frozen=True, kw_only=True):
    """One that was opened at `ts`, by the seat it is of; `outcome` open, settled, partly, handed_on or withdrawn.

    `form`: agenda for an agenda item, empty for a contract. `after` recorded ms it ended.
    """

    ts: int
    seat: str | None
    form: str
    outcome: str
    after: int | None


class Contracts(Struct, frozen=True, kw_only=True):
    """`opened` contracts, of which `ended` and `open`; `share` of those that ended, with 95 % bounds.

    `unmatched`: endings that name none that was opened. `elapsed` of the `planned` ms, on the session clock; `near`: the
    meeting nears its end.
    """

    opened: int
    ended: int
    open: int
    share: float | Withheld
    share_low: float | Withheld
    share_high: float | Withheld
    unmatched: int
    elapsed: int
    planned: int | None
    near: bool | Withheld
    contracts: tuple[Contract, ...]
    said: Said | None


def unanswered(result: Contracts) -> Iterable[Alert]:
    """Contracts are open and the meeting nears its end: how many. No seat: `contracts` has those."""
    if result.near is True and result.open:
        yield Alert(alert="process.contract", numbers={"open": result.open, "opened": result.opened})


SAYS = {
    "process.contract": Said(
        id="{open} dari {opened} kontrak belum ditutup; pertemuan mendekati akhir",
        en="{open} of {opened} contracts not closed yet; the meeting nears its end",
    )
}


# no `phase` in reads: where nobody codes phases the planned length is enough
@analysis(
    "process.contracts", version=1, reads=("contract",), captures=("contract",), alert=unanswered, says=SAYS
)
def contracts(session: Session, *, percent: int = 80) -> Contracts:
    """Which contracts were opened, how they ended, and which are open.

    A contract or agenda item is open until a code that names it ends it: settled, partly settled, handed on, or
    withdrawn. The share that ended has Wilson's interval. The meeting nears its end when `percent` (80) of the planned
    length has passed on the session clock, pauses included, or when the last stage was entered (termination,
    ending); without a planned length and without a stage nobody can say. Source: science.md §8 (completed of opened,
    the open ones named); capture.md for the alert. The limit of 80 % is ours.

    Limits: an ending that names no opening, or another observer's, closes nothing here. What was answered in the talk and not coded is open.
    Only stages of the handbook's names are known. An open contract is no fault of anybody: it may be meant for the
    next meeting.
    """
    if not 0 < percent <= 100:
        raise ValueError("percent: from 1 to 100")
    rows = session.rows(tkcore.Contract)
    # an ending without an opening has a row of its own: it has an outcome and no length
    own = [row for row in rows if row.outcome == "open" or row.dur is not None]
    ended = sum(row.outcome != "open" for row in own)
    value, low, high = bounded(wilson(ended, len(own)) if own else Withheld("no contract was opened", 0))
    opened = session.opened
    elapsed = passed(session)
    still = len(own) - ended
    return Contracts(
        opened=len(own), ended=ended, open=still, share=value, share_low=low, share_high=high,
        unmatched=len(rows) - len(own), elapsed=elapsed, planned=opened.planned,
        near=_near(session, elapsed, percent),
        contracts=tuple(
            Contract(ts=row.ts, seat=row.author, form=row.attrs.get("form", ""), outcome=row.outcome, after=row.dur)
            for row in own
        ),
        said=_said(len(own), still),
    )  # fmt: skip


def _near(session: Session, elapsed: int, percent: int) -> bool | Withheld:
    planned, stages = session.opened.planned, [row.phase for row in session.rows(Phase)]
    if LAST & set(stages):
        return True
    if planned is not None:
        return elapsed * 100 >= planned * percent
    return False if stages else Withheld("neither a planned length nor a stage is known", 0)


def _said(opened: int, still: int) -> Said | None:
    if not opened:
        return None
    return Said(
        id=f"{still} dari {opened} kontrak belum ditutup", en=f"{still} of {opened} contracts not closed"
    )
