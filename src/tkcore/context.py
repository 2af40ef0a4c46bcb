"""What a line is judged by, and the events it comes to so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.errors import GrammarError
from tkcore.situation import Situation


class Context(Struct):
    """All a line may refer to. `find` gives a record by its number, as it holds now."""

    books: Sequence[cb.Codebook]
    now: Situation
    observer: str
    ts: int
    clock: int
    entry: str
    find: Callable[[int, int], e.Record]
    """(number, column) → the effective record; raises GrammarError."""
    held: Callable[[], Iterable[e.Record]] = tuple
    timed: bool = False
    """Whether the line says its time."""
    late: bool = False
    """Whether it happened before what was recorded last."""
    allowed: Mapping[str, str] = field(default_factory=dict)
    """What members' consents allow, by seat: for whoever comes in during the session."""
    alone: bool = True
    """Whether the line has no turn of its own: its codes belong to one that began earlier."""
    events: list[e.Record] = field(default_factory=list)

    def put(self, event: e.Record, ts: int | None = None) -> e.Record:
        """Add an event under the next id of the entry, at the line's time if none is given."""
        if len(self.events) > 255:
            raise GrammarError("too much for one line")
        stamped = replace(
            event,
            id=f"{self.entry}{len(self.events):02x}",
            ts=self.ts if ts is None else ts,
            observer=self.observer,
        )
        self.events.append(stamped)
        self.now.apply(stamped)
        return stamped


def known(seat: str, ctx: Context, column: int) -> str:
    """Return a seat of the session. Raises GrammarError with the nearest ones."""
    if seat not in ctx.now.roles:
        near = tuple(get_close_matches(seat, ctx.now.roles, 3, 0.3)) or tuple(sorted(ctx.now.roles))
        raise GrammarError(
            "no seat {seat} in this session (there are {seats}). A new one: +{low}:member",
            seat=seat, seats=" ".join(sorted(ctx.now.roles)), low=seat.lower(), column=column, near=near[:5],
        )  # fmt: skip
    return seat


def scoped(seat: str, ctx: Context, column: int) -> str:
    """Return a seat that codes may name."""
    known(seat, ctx, column)
    if not ctx.now.agreed(seat):
        raise GrammarError(
            "{seat} did not agree to be coded: only the floor is kept", seat=seat, column=column
        )
    return seat


def present(ctx: Context) -> e.TurnTaken | None:
    turns = ctx.now.floor(ctx.observer)
    return turns[-1] if turns else None


def plain(event: e.Event) -> dict[str, Any]:
    """Return an event as a replacement carries it: type, time and own fields."""
    return {k: v for k, v in to_builtins(event).items() if k not in ("v", "seq", "id", "logged", "observer")}
