"""How talk is shared: inequality, each seat's share, who holds the floor, who says nothing."""

from __future__ import annotations

from tkcore import Analysis, Section, hookimpl


@hookimpl
def register_analyses() -> list[Analysis]:
    """Return the analyses; the code loads only now."""
    from tkcore_monopoly.inequality import inequality
    from tkcore_monopoly.share import share
    from tkcore_monopoly.silent import silent
    from tkcore_monopoly.spells import spells

    return [inequality, share, silent, spells]


@hookimpl
def register_sections() -> list[Section]:
    """Return what the report shows."""
    from tkcore_monopoly.sections import talk

    return [talk]
