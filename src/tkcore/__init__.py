"""tkcore records group psychotherapy sessions; these are the names a plugin may use.

They are looked up on first use, so that recording never loads what only an analysis needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tkcore.analyses import Alert, Analysis, Said, Withheld, analysis, query
    from tkcore.contributions import (
        Bar,
        Bars,
        Cell,
        Curve,
        EventType,
        Exporter,
        Imported,
        Importer,
        Paragraph,
        Part,
        Section,
        Table,
        event_type,
        exporter,
        importer,
        section,
    )
    from tkcore.errors import BadInput, TkError
    from tkcore.groups import Group, Meeting, MeetingResult, group_analysis
    from tkcore.hookspecs import hookimpl
    from tkcore.log import Head
    from tkcore.reader import Reader
    from tkcore.rows import (
        WEIGHT,
        Activity,
        Address,
        Checklist,
        Conflict,
        Contract,
        Crowd,
        Exposure,
        Factor,
        Intervention,
        Mark,
        Note,
        Pause,
        Phase,
        Presence,
        Rating,
        Resistance,
        Row,
        SeatRow,
        SessionRow,
        Silence,
        Turn,
    )
    from tkcore.session import Recorded, Session

__version__ = "0.1.0"

_HOME = {
    "tkcore.analyses": ("Alert", "Analysis", "Said", "Withheld", "analysis", "query"),
    "tkcore.contributions": (
        "Bar", "Bars", "Cell", "Curve", "EventType", "Exporter", "Imported", "Importer", "Paragraph", "Part", "Section", "Table",
        "event_type", "exporter", "importer", "section",
    ),
    "tkcore.errors": ("BadInput", "TkError"),
    "tkcore.groups": ("Group", "Meeting", "MeetingResult", "group_analysis"),
    "tkcore.hookspecs": ("hookimpl",),
    "tkcore.rows": (
        "WEIGHT", "Activity", "Address", "Checklist", "Conflict", "Contract", "Crowd", "Exposure", "Factor",
        "Intervention", "Mark", "Note", "Pause", "Phase", "Presence", "Rating", "Resistance", "Row", "SeatRow",
        "SessionRow", "Silence", "Turn",
    ),
    "tkcore.log": ("Head",),
    "tkcore.reader": ("Reader",),
    "tkcore.session": ("Recorded", "Session"),
}  # fmt: skip

__all__ = [
    "WEIGHT",
    "Activity",
    "Address",
    "Alert",
    "Analysis",
    "BadInput",
    "Bar",
    "Bars",
    "Cell",
    "Checklist",
    "Conflict",
    "Contract",
    "Crowd",
    "Curve",
    "EventType",
    "Exporter",
    "Exposure",
    "Factor",
    "Group",
    "Head",
    "Imported",
    "Importer",
    "Intervention",
    "Mark",
    "Meeting",
    "MeetingResult",
    "Note",
    "Paragraph",
    "Part",
    "Pause",
    "Phase",
    "Presence",
    "Rating",
    "Reader",
    "Recorded",
    "Resistance",
    "Row",
    "Said",
    "SeatRow",
    "Section",
    "Session",
    "SessionRow",
    "Silence",
    "Table",
    "TkError",
    "Turn",
    "Withheld",
    "analysis",
    "event_type",
    "exporter",
    "group_analysis",
    "hookimpl",
    "importer",
    "query",
    "section",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'tkcore' has no attribute {name!r}")
