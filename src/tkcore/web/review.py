"""`GET /api/review`: what an observer may look at again, each with the lines that answer it and what was said around it.

Answers come back as any other entry, with `made` = review; nothing of the review is kept here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from msgspec import Struct

from tkcore import events as e
from tkcore.reading import families
from tkcore.recorder import Recorder
from tkcore.reviewing import Item, review
from tkcore.web.saying import framing, text_of

BEFORE, AFTER = 3, 2
"""Records that are shown around a moment."""


class Near(Struct, frozen=True):
    """A record around what is asked about, as the line that says it."""

    seq: int
    ts: int
    text: str


class Asked(Struct, frozen=True):
    """A question; `text` is the record it is about."""

    item: Item
    text: str
    near: tuple[Near, ...]


class Review(Struct, frozen=True):
    """`/api/review`, of the log up to `seq`."""

    session: str
    closed: bool
    seq: int
    items: tuple[Asked, ...]


def reviewed(recorder: Recorder, observer: str) -> Review:
    """Return what an observer is asked of the session as it stands."""
    records = list(recorder.ledger)
    items = review(
        records, recorder.books, families(recorder.books), recorder.session, observer, recorder.clock()
    )
    if recorder.apart:
        items = [x for x in items if x.seq is None or recorder.ledger[x.seq].observer == observer]
    # of another observer's marks nothing is shown: he may be one who is not to be looked at
    own = [
        x for x in recorder.held()
        if x.observer == observer and isinstance(x, e.Event) and not framing(x)
        and not isinstance(x, (e.RecordRetracted, e.RecordAmended))
    ]  # fmt: skip
    times = [x.ts for x in own]
    return Review(
        recorder.session, recorder.now.closed is not None, recorder.head.seq,
        tuple(Asked(item, _text(recorder, item), _near(recorder, item, own, times)) for item in items),
    )  # fmt: skip


def _text(recorder: Recorder, item: Item) -> str:
    if item.seq is None:
        return ""
    record = recorder.ledger[item.seq]
    return text_of(recorder, recorder.corrections.form(item.seq, record) or record)


def _near(recorder: Recorder, item: Item, own: Sequence[e.Record], times: list[int]) -> tuple[Near, ...]:
    last = bisect_right(times, item.ts)
    first = max(0, last - BEFORE - (item.seq is not None))
    end = bisect_left(times, item.ts if item.until is None else item.until, last)
    shown = own[first : min(max(end, last) + AFTER, last + 2 * AFTER)]
    return tuple(Near(x.seq, x.ts, text_of(recorder, x)) for x in shown if x.seq != item.seq)
