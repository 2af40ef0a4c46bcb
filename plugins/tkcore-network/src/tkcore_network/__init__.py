"""Who speaks to whom: exchange, network measures, the structure of communication and its course."""

from __future__ import annotations

from tkcore import Analysis, Section, hookimpl


@hookimpl
def register_analyses() -> list[Analysis]:
    """Return the analyses; the code loads only now."""
    from tkcore_network.course import evolution
    from tkcore_network.measures import exchange, summary
    from tkcore_network.meetings import trend
    from tkcore_network.recent import recent
    from tkcore_network.structure import structure

    return [exchange, summary, structure, recent, evolution, trend]


@hookimpl
def register_sections() -> list[Section]:
    """Return what the report shows."""
    from tkcore_network.sections import form

    return [form]
