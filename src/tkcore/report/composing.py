"""From sessions and the sections that workers offer to a document: analyse, draw, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from tkcore import __version__
from tkcore import jobs as j
from tkcore.analyses import Done
from tkcore.asking import LONGEST, Offered, Seen, offered_by, over_group, over_sessions
from tkcore.config import Workspace
from tkcore.contributions import Part
from tkcore.drawing import misdrawn
from tkcore.plugins import Offer, SectionOffer
from tkcore.report.document import Chapter, Document, Drawing, Missing
from tkcore.workers import Crew


class _Placed(Struct, frozen=True):
    """A section, who draws it, and the analysis it draws where somebody offers it."""

    what: SectionOffer
    by: Offer
    of: Offered | None


def compose(
    crew: Crew,
    workspace: Workspace,
    seen: Sequence[Seen],
    group: str | None = None,
    *,
    missing: Sequence[Missing] = (),
    step: Callable[[int, int], None] = lambda _done, _of: None,
) -> Document:
    """Return the document over a session, or over a group and each of its sessions.

    Sections of group functions stand in a group's report, before its sessions.
    """
    offers = {o.what.name: o for o in offered_by(crew)}
    sections = [
        _Placed(s, by, offers.get(s.of))
        for by in crew.offers.values()
        for s in sorted(by.sections, key=lambda s: s.name)
    ]
    of_group = [s for s in sections if s.of is not None and s.of.what.needs] if group is not None else []
    of_sessions = [s for s in sections if s.of is None or not s.of.what.needs]
    wanted = {s.of.what.name: s.of for s in of_sessions if s.of is not None}
    # what nobody offers stands once, in the group's chapter, not once a session
    nobody = [s for s in of_sessions if s.of is None] if group is not None else []
    needed = {n: offers[n] for s in of_group if s.of for n in s.of.what.needs if n in offers}
    found = over_sessions(crew, workspace, seen, list({**wanted, **needed}.values()), {}, step=step)
    chapters = []
    if group is not None:
        asked = {s.of.what.name: s.of for s in of_group if s.of is not None}
        meetings = [(s.meeting, f) for s, f in zip(seen, found, strict=True) if s.meeting is not None]
        over = dict(zip(asked, over_group(crew, group, meetings, list(asked.values()), {}), strict=True))
        chapters.append(
            Chapter(name=group, meetings=len(meetings), drawings=_drawn(crew, [*of_group, *nobody], over))
        )
    for one, outcomes in zip(seen, found, strict=True):
        placed = [s for s in of_sessions if s not in nobody]
        chapters.append(
            Chapter(
                name=one.session, head=one.head, held=one.meeting.held if one.meeting else None, partial=one.partial,
                drawings=_drawn(crew, placed, outcomes),
            )
        )  # fmt: skip
    broken = [Missing(what=b.found.name, why=f"{b.stage}: {b.error[:LONGEST]}") for b in crew.broken]
    name = group if group is not None else seen[0].session
    return Document(name=name, chapters=tuple(chapters), missing=(*broken, *missing), tkcore=__version__)


def _drawn(
    crew: Crew, sections: Sequence[_Placed], outcomes: Mapping[str, j.AnyOutcome]
) -> tuple[Drawing, ...]:
    """Return the drawing of each section, in their order; a worker draws one at a time, the plugins side by side."""
    jobs: dict[str, list[j.Job]] = {}
    places: dict[tuple[str, int], int] = {}
    for place, one in enumerate(sections):
        outcome = outcomes.get(one.what.of)
        if isinstance(outcome, Done) and one.of is not None:
            work = jobs.setdefault(one.by.plugin, [])
            places[one.by.plugin, len(work)] = place
            work.append(j.Draw(section=one.what.name, value=outcome.value, lender=one.of.by.plugin))
    answers = {places[plugin, at]: answer for plugin, at, answer in crew.ask_many(jobs)}
    return tuple(
        _drawing(one, outcomes.get(one.what.of), answers.get(place)) for place, one in enumerate(sections)
    )


def _drawing(one: _Placed, outcome: j.AnyOutcome | None, answer: j.Answer | None) -> Drawing:
    parts: tuple[Part, ...] = ()
    stage = error = ""
    match answer:
        case None:
            pass
        case j.Drawn():
            error = next(filter(None, map(misdrawn, answer.parts)), "")
            stage, parts = ("check", ()) if error else ("", answer.parts)
        case j.Refused():
            stage, error = "run", str(j.raised(answer))
        case j.Stopped():
            stage, error = answer.stage, answer.error or "-"
        case _:
            stage, error = "check", "it answered something else than was asked"
    return Drawing(
        section=one.what.name, of=one.what.of, title=one.what.title, plugin=one.by.distribution,
        plugin_version=one.by.version, outcome=outcome, parts=parts, stage=stage[:LONGEST], error=error[:LONGEST],
    )  # fmt: skip
