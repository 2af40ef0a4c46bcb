"""Turn-length drift: what the plugin adds to tkcore; the code loads only when it is asked for."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

from tkcore import Analysis, EventType, Section, hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def register_analyses() -> list[Analysis]:
    """Return the analyses."""
    from tkcore_drift.length import length
    from tkcore_drift.seen import notices, pace

    return [length, notices, pace]


@hookimpl
def register_codebooks() -> list[Traversable]:
    """Return the codebook."""
    return [files(__package__) / "drift.toml"]


@hookimpl
def register_commands() -> list[click.Command]:
    """Return the commands."""
    from tkcore_drift.commands import list_

    return [list_]


@hookimpl
def register_events() -> list[EventType[Any]]:
    """Return the types of events."""
    from tkcore_drift.seen import NOTICED

    return [NOTICED]


@hookimpl
def register_sections() -> list[Section]:
    """Return how results are drawn."""
    from tkcore_drift.drawn import lengths

    return [lengths]
