"""From sessions and the analyses that workers offer to outcomes: who is asked what, and what of the answers is taken.

A session's head and its place among the group's meetings are read here; a worker only ever says what came of its own
analyses, and that is checked: names, version, parameters, and a value against the JSON Schema it was offered with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from msgspec import Struct, ValidationError, convert, json

from tkcore import jobs as j
from tkcore.analyses import Done, Failed
from tkcore.codebook import Codebook
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.groups import Meeting
from tkcore.log import Head
from tkcore.plugins import AnalysisOffer, Offer
from tkcore.reading import read_session, rows_of
from tkcore.rows import SessionRow
from tkcore.workers import Crew

LONGEST = j.LONGEST
STAGES = frozenset({"parameters", "read", "run", "check", "memory", "size"})
"""Where an analysis may say that it failed; of deadlines and ends only this process knows."""
KEYWORDS = (
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "items",
    "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "multipleOf", "oneOf", "prefixItems",
    "properties", "propertyNames", "required", "type",
)  # fmt: skip
"""What of a schema is checked. A pattern is a program of the plugin's: what a text looks like was checked where it was
made; whether items are all different takes the square of their number.
"""


class Offered(Struct, frozen=True):
    """An analysis and the plugin that offers it."""

    what: AnalysisOffer
    by: Offer


class Seen(Struct, frozen=True, kw_only=True):
    """A session as it stood when it was asked about; `partial`: a newer tkcore has written part of it."""

    session: str
    head: Head
    partial: bool
    meeting: Meeting | None


def offered_by(crew: Crew) -> list[Offered]:
    """Return all analyses of a crew, by name."""
    found = [Offered(what, by) for by in crew.offers.values() for what in by.analyses]
    return sorted(found, key=lambda o: o.what.name)


def look(workspace: Workspace, name: str, disk: Disk, codebooks: Sequence[Codebook]) -> Seen:
    """Return a session as it stands. Raises NotFound, Damaged."""
    read = read_session(workspace, name, disk)
    row = next((r for r in rows_of(read, codebooks) if isinstance(r, SessionRow) and r.counted), None)
    meeting = Meeting(session=row.session, number=row.number, held=row.held) if row else None
    return Seen(session=name, head=read.scan.head, partial=read.partial, meeting=meeting)


def over_sessions(
    crew: Crew,
    workspace: Workspace,
    seen: Sequence[Seen],
    asked: Iterable[Offered],
    params: Mapping[str, str],
    *,
    deadline: float | None = None,
    step: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[dict[str, j.AnyOutcome]]:
    """Return what came of each analysis in each session, by name; `step` hears how much is done."""
    mine: dict[str, list[Offered]] = {}
    for one in asked:
        mine.setdefault(one.by.plugin, []).append(one)
    root = str(workspace.root.resolve())
    jobs = {
        plugin: [
            j.Analyze(
                root=root, session=s.session, head=s.head,
                asked=tuple(j.Asked(o.what.name, given(o.what, params)) for o in wanted),
            )
            for s in seen
        ]
        for plugin, wanted in mine.items()
    }  # fmt: skip
    found: list[dict[str, j.AnyOutcome]] = [{} for _ in seen]
    total = len(seen) * len(mine)
    for done, (plugin, number, answer) in enumerate(crew.ask_many(jobs, deadline), 1):
        for offer, outcome in zip(mine[plugin], outcomes_of(mine[plugin], params, answer), strict=True):
            found[number][offer.what.name] = outcome
        step(done, total)
    return found


def over_group(
    crew: Crew,
    group: str,
    meetings: Sequence[tuple[Meeting, Mapping[str, j.AnyOutcome]]],
    asked: Sequence[Offered],
    params: Mapping[str, str],
    *,
    deadline: float | None = None,
) -> list[j.AnyOutcome]:
    """Return what came of each group function over the outcomes of its meetings, in the order asked."""
    lenders = {o.what.name: o.by.plugin for o in offered_by(crew)}
    jobs: dict[str, list[j.Job]] = {}
    places: dict[tuple[str, int], int] = {}
    for place, one in enumerate(asked):
        work = jobs.setdefault(one.by.plugin, [])
        places[one.by.plugin, len(work)] = place
        known = [need for need in one.what.needs if need in lenders]
        work.append(
            j.OfGroup(
                group=group,
                asked=j.Asked(one.what.name, given(one.what, params)),
                meetings=tuple(meeting for meeting, _ in meetings),
                results={n: tuple(j.Held(at, of[n]) for at, (_, of) in enumerate(meetings)) for n in known},
                lenders={need: lenders[need] for need in known},
            )
        )
    found: dict[int, j.AnyOutcome] = {}
    for plugin, number, answer in crew.ask_many(jobs, deadline):
        place = places[plugin, number]
        found[place] = outcomes_of([asked[place]], params, answer)[0]
    return [found[place] for place in range(len(asked))]


def given(offer: AnalysisOffer, params: Mapping[str, str]) -> dict[str, str]:
    """Return those of the parameters that an analysis has."""
    return {name: value for name, value in params.items() if name in offer.params}


def outcomes_of(asked: Sequence[Offered], params: Mapping[str, str], answer: j.Answer) -> list[j.AnyOutcome]:
    """Return an outcome for each analysis that was asked for: the worker's where it can be one, else Failed."""
    match answer:
        case j.Analysed(outcomes) if len(outcomes) == len(asked):
            return [_taken(one, params, outcome) for one, outcome in zip(asked, outcomes, strict=True)]
        case j.Refused():
            return [_failed(one, params, "read", str(j.raised(answer))) for one in asked]
        case j.Stopped(stage=stage, error=error):
            return [_failed(one, params, stage, error) for one in asked]
    return [_failed(one, params, "check", "it answered something else than was asked") for one in asked]


def _taken(one: Offered, params: Mapping[str, str], outcome: j.AnyOutcome) -> j.AnyOutcome:
    of = (outcome.analysis, outcome.version, outcome.plugin, outcome.plugin_version)
    if of != (one.what.name, one.what.version, one.by.distribution, one.by.version):
        return _failed(one, params, "check", "it answered for another analysis")
    if isinstance(outcome, Failed):
        stage = outcome.stage if outcome.stage in STAGES else "check"
        return _failed(one, params, stage, outcome.error)
    if outcome.params.keys() != one.what.params.keys() or j.deep(outcome.params):
        return _failed(one, params, "check", "it answered with other parameters")
    wrong = misfit(one.what.schema, outcome.value) if isinstance(outcome, Done) else ""
    return _failed(one, params, "check", wrong) if wrong else outcome


def _failed(one: Offered, params: Mapping[str, str], stage: str, error: str) -> Failed:
    settled = dict(one.what.params)
    for name, value in given(one.what, params).items():
        with suppress(ValidationError):
            settled[name] = convert(value, type(settled[name]), strict=False)
    return Failed(
        analysis=one.what.name, version=one.what.version, plugin=one.by.distribution, plugin_version=one.by.version,
        params=settled, stage=stage, error=j.plain(error),
    )  # fmt: skip


def misfit(schema: Mapping[str, Any], value: Any) -> str:
    """Return where a value is not as its JSON Schema says, in a sentence; nothing if it is."""
    from referencing import Registry

    if j.deep(value):
        return f"it has more than {j.DEEPEST} levels"
    checking, steps = _counting()
    steps[0] = min(1_000_000 + 4 * len(json.encode(value)), 40_000_000)
    try:
        error = next(checking(schema, registry=Registry()).iter_errors(value), None)
    except Exception as fault:  # noqa: BLE001 - the schema is the plugin's too
        return f"its schema cannot be used: {type(fault).__name__}: {fault}"[:300]
    return "" if error is None else f"{error.json_path}: {error.message[:200]}"


@cache
def _counting() -> tuple[Any, list[int]]:
    """Return what checks the known keywords, and the steps that it may still take."""
    from jsonschema import Draft202012Validator, validators

    left = [0]

    def counted(check: Any) -> Any:
        def step(validator: Any, of: Any, instance: Any, within: Any) -> Any:
            left[0] -= 1 + (len(of) if isinstance(of, (dict, list)) else 0)
            if left[0] < 0:
                raise ValueError("it takes too many steps")
            if "patternProperties" in within:  # additionalProperties would try them
                within = {key: what for key, what in within.items() if key != "patternProperties"}
            return check(validator, of, instance, within)

        return step

    create: Any = validators.create
    known = Draft202012Validator.VALIDATORS
    return create(Draft202012Validator.META_SCHEMA, {name: counted(known[name]) for name in KEYWORDS}), left
