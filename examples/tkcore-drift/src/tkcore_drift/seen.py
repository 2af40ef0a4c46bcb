"""What an observer saw: the plugin's own event and its codes, counted."""

from __future__ import annotations

from msgspec import Struct
from tkcore import event_type, query


class Noticed(Struct, frozen=True, kw_only=True):
    """The observer noticed, while `seat` had the floor, that turns go in a `direction`: longer or shorter."""

    seat: str
    direction: str


NOTICED = event_type("drift.noticed", version=1, body=Noticed, family="pace")


class Notice(Struct, frozen=True, kw_only=True):
    """`times` an observer noticed a `direction`; the first time at `since_ms`, the last at `until_ms`."""

    direction: str
    times: int
    since_ms: int
    until_ms: int


notices = query(
    "drift.notices",
    version=1,
    reads=("drift.noticed",),
    row=Notice,
    doc="""How often an observer noticed that turns get longer or shorter.

    Counts `drift.noticed` by direction. A record without a seat, or with another word than longer or shorter, is left
    out. Seats are not told apart.

    Limits: what nobody noticed is not there. It is an impression, beside what `drift.length` measures.
    """,
    sql="""
        select session, direction, count(*) as times, min(ts) as since_ms, max(ts) as until_ms
        from drift_noticed where seat is not null and direction in ('longer', 'shorter') group by all order by all
    """,
)


class Pace(Struct, frozen=True, kw_only=True):
    """`times` a `code` of the family pace was given."""

    code: str
    times: int


# marks are of many families: `captures` says which of them this is about
pace = query(
    "drift.pace",
    version=1,
    reads=("mark",),
    captures=("pace",),
    row=Pace,
    doc="""How often each code of the family pace was given.

    Counts the marks of the family. Not applicable where nobody undertook to code it.

    Limits: an impression of the observer. No row means that the family was looked for and no code was given.
    """,
    sql="""
        select session, code, count(*) as times
        from mark where family = 'pace' group by all order by all
    """,
)
