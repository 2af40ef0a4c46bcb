"""What `tk live` says while a session goes on, a line each: alerts, and what is wrong with a plugin."""

from __future__ import annotations

from msgspec import Struct

from tkcore.analyses import Said


class RaisedLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="raised"):
    """An alert was said at ticks in a row: at tick `seq`, `ts` ms on the session clock, with its numbers then."""

    alert: str
    seat: str | None
    numbers: dict[str, int]
    says: Said
    ts: int
    seq: int


class LoweredLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="lowered"):
    """A raised alert was not said any more; its numbers are the last that were."""

    alert: str
    seat: str | None
    numbers: dict[str, int]
    says: Said
    ts: int
    seq: int


class ShownLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="shown"):
    """An alert for the co-therapist, once for each time it is raised (tick `since`).

    One whose `ts` is long past belongs to the part of the log that was there at the start.
    """

    alert: str
    seat: str | None
    numbers: dict[str, int]
    says: Said
    ts: int
    seq: int
    since: int


class FailedLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="failed"):
    """An analysis gives no answer from this tick on, until it does again."""

    plugin: str
    analysis: str
    error: str
    ts: int
    seq: int


class WorkerLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="worker"):
    """A plugin's process: started, failed (begun again in `retry_ms`) or stopped (for good)."""

    plugin: str
    state: str
    error: str | None = None
    retry_ms: int | None = None


class HeardLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="heard"):
    """All that is to be said of tick `seq` has been said; only for who asked for it (`--aside`)."""

    ts: int
    seq: int


LiveLine = RaisedLine | LoweredLine | ShownLine | FailedLine | WorkerLine | HeardLine
"""What `tk live --json` prints, one a line."""
