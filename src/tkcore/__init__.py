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
    from tkcore.honesty.comparing import exact_p, kendall, mann_kendall, permutation_p, theil_sen, two_rates
    from tkcore.honesty.families import benjamini_hochberg, bonferroni, holm
    from tkcore.honesty.gates import Coverage, bounded, cap, coding_coverage, gate
    from tkcore.honesty.intervals import (
        Estimate,
        binomial_at_least,
        binomial_at_most,
        clopper_pearson,
        poisson_rate,
        wilson,
    )
    from tkcore.honesty.resampling import Resampled, block_bootstrap, block_starts, percentile_ends
    from tkcore.honesty.wording import COMPATIBLE, FOLLOWED, OBSERVED, forbidden
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
    "tkcore.honesty.comparing": ("exact_p", "kendall", "mann_kendall", "permutation_p", "theil_sen", "two_rates"),
    "tkcore.honesty.families": ("benjamini_hochberg", "bonferroni", "holm"),
    "tkcore.honesty.gates": ("Coverage", "bounded", "cap", "coding_coverage", "gate"),
    "tkcore.honesty.intervals": ("Estimate", "binomial_at_least", "binomial_at_most", "clopper_pearson", "poisson_rate", "wilson"),
    "tkcore.honesty.resampling": ("Resampled", "block_bootstrap", "block_starts", "percentile_ends"),
    "tkcore.honesty.wording": ("COMPATIBLE", "FOLLOWED", "OBSERVED", "forbidden"),
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
    "COMPATIBLE",
    "FOLLOWED",
    "OBSERVED",
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
    "Coverage",
    "Crowd",
    "Curve",
    "Estimate",
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
    "Resampled",
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
    "benjamini_hochberg",
    "binomial_at_least",
    "binomial_at_most",
    "block_bootstrap",
    "block_starts",
    "bonferroni",
    "bounded",
    "cap",
    "clopper_pearson",
    "coding_coverage",
    "event_type",
    "exact_p",
    "exporter",
    "forbidden",
    "gate",
    "group_analysis",
    "holm",
    "hookimpl",
    "importer",
    "kendall",
    "mann_kendall",
    "percentile_ends",
    "permutation_p",
    "poisson_rate",
    "query",
    "section",
    "theil_sen",
    "two_rates",
    "wilson",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'tkcore' has no attribute {name!r}")
