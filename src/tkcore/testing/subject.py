"""What is under test: a plugin's module, what it declares, and the sessions it is tried on."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources.abc import Traversable
from types import ModuleType, UnionType
from typing import Any

from msgspec import Struct, field, json, to_builtins
from msgspec.structs import fields, replace

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.analyses import Analysis, Done, Origin, Outcome, run
from tkcore.contributions import EventType
from tkcore.errors import CodebookError
from tkcore.exchange.simulate import Plan, simulate
from tkcore.groups import Group, Meeting, MeetingResult, meeting_result, run_group
from tkcore.plugins import answered, checked
from tkcore.session import Session
from tkcore.testing.sessions import Sample, beside_the_handbook, families_of_kinds, recorded, samples

KINDS = ("events", "codebooks", "analyses", "sections", "importers", "exporters", "commands")
"""What the hooks register, in the order they are tested."""


class Declared(Struct, frozen=True):
    """A plugin's name and what its hooks returned, by kind."""

    name: str
    parts: dict[str, list[Any]]


@cache
def standing_samples() -> tuple[Sample, ...]:
    """Return the sessions everything is tried on; they are made once."""
    return tuple(samples())


class _Same:
    """A sample that is the same as itself alone: comparing thousands of records would cost more than it saves.

    The standing samples have the same records for every plugin, and are read with the types and codebooks of each.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    def __hash__(self) -> int:
        return id(self.sample.records)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same) or other.sample.records is not self.sample.records:
            return False
        return all(
            len(mine) == len(theirs) and all(a is b for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in (
                (self.sample.events, other.sample.events),
                (self.sample.codebooks, other.sample.codebooks),
            )
        )


@lru_cache(maxsize=256)
def _folded(same: _Same, cut: int) -> tuple[Session, frozenset[str]]:
    records = same.sample.records[:cut]
    return same.sample.session(records), same.sample.captured(records)


def folded(sample: Sample, cut: int | None = None) -> tuple[Session, frozenset[str]]:
    """Return the session of a sample's first records, and what was captured in it; folded once, run on many times."""
    return _folded(_Same(sample), len(sample.records) if cut is None else cut)


def example(body: type[Struct], n: int = 0) -> Struct:
    """Return a body with something in every field, another one for another n."""
    seat = "ABCD"[n % 4]
    values: dict[Any, Any] = {
        str: seat, int: n % 5, bool: n % 2 == 0, tuple[str, ...]: (seat, "D"), dict[str, str]: {"to": seat},
    }  # fmt: skip
    hints = typing.get_type_hints(body)
    given = {
        f.name: next(v for kind, v in values.items() if kind in _kinds(hints[f.name])) for f in fields(body)
    }
    return body(**given)


def _kinds(hint: Any) -> tuple[Any, ...]:
    union = isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union
    return typing.get_args(hint) if union else (hint,)


def samples_of(whole: Declared) -> tuple[Sample, ...]:
    """Return the samples for a plugin: where it has types or codes of its own, the last one has records of them.

    What it has of them is left out where it is wrong: the checks of types and codebooks say so.
    """
    types = tuple(one for one in whole.parts.get("events", []) if isinstance(one, EventType))
    if checked({"register_events": list(types)}, whole.name) or not all(map(_can_be_made, types)):
        types = ()
    books = books_of(whole)
    if not types and not books:
        return standing_samples()
    read = (replace(one, events=types, codebooks=books) for one in standing_samples())
    return (*read, _with_records_of(types, books))


def books_of(whole: Declared) -> tuple[cb.Codebook, ...]:
    """Return the codebooks that a plugin registers; none where one of them cannot be used."""
    try:
        return beside_the_handbook(whole.parts.get("codebooks", []))
    except (CodebookError, AttributeError, OSError):
        return ()


def _can_be_made(kind: EventType[Any]) -> bool:
    try:
        example(kind.body)
    except (ValueError, TypeError):
        return False
    return True


def _with_records_of(own: tuple[EventType[Any], ...], books: tuple[cb.Codebook, ...]) -> Sample:
    script = simulate(Plan(seed=4, minutes=10, members=4, structure="vertical", leaders=2))
    typed = _typed([code for book in books for code in book.codes if not code.retired])
    lines: list[str] = []
    tried = set()
    for at, line in enumerate(script.lines):
        lines.append(line)
        if typed and at % 3 == 1:  # a code that needs more than a line has may be refused
            tried.add(len(lines))
            lines.append(f"{line.split()[0]} {typed[at // 3 % len(typed)]}")
    base = recorded("own records", lines, seats=script.seats, end="10:00", events=own, own=books, tried=tried)
    if not own:
        return base
    lead = next(record.observer for record in base.records if isinstance(record, e.TurnTaken))
    records: list[e.Record] = []
    for at, record in enumerate(base.records):
        records.append(replace(record, seq=len(records)))
        if at % 3 == 2 and not isinstance(record, e.SessionClosed):
            kind = own[at % len(own)]
            records.append(
                e.Opaque(
                    t=kind.name, v=kind.version, seq=len(records), id=f"d{at:031x}", ts=record.ts, logged=record.logged,
                    observer=lead, body=to_builtins(example(kind.body, at)),
                )
            )  # fmt: skip
    return replace(base, records=tuple(records))


def _typed(codes: Iterable[cb.Code]) -> list[str]:
    """Return how each code is typed in the simplest way, by its whole id; a rating with its lowest score."""
    return [
        f"!{code.book}.{code.id}" + (f"={code.scale[0]}" if code.scale else "")
        for code in codes
        if code.of == "session"
    ]


def declared(module: ModuleType, name: str | None = None) -> Declared:
    """Return what a module registers; the plugin's name is the first part of its contributions' names.

    Whatever a hook raises is raised here.
    """
    hooks = answered(module, module.__name__)
    parts = {kind: list(hooks[f"register_{kind}"]()) for kind in KINDS if f"register_{kind}" in hooks}
    if name is None:
        dotted = {
            str(one.name).partition(".")[0]
            for kind, found in parts.items()
            if kind not in ("codebooks", "commands")
            for one in found
            if "." in str(getattr(one, "name", ""))
        }
        last = module.__name__.rpartition(".")[2].removeprefix("tkcore_").replace("_", "-")
        name = dotted.pop() if len(dotted) == 1 else last
    return Declared(name, parts)


class Subject(Struct, frozen=True, kw_only=True):
    """One contribution under test, and all the others of its plugin in `whole`."""

    module: str
    plugin: str
    one: Any
    params: dict[str, Any] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    whole: Declared = Declared("", {})
    old: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Bodies of earlier versions of an event type."""
    file: bytes | None = None
    """A file that an importer takes."""
    schemas: Traversable | None = None
    """The folder of the results' schemas; None: the package's own, where it has one."""

    @property
    def analysis(self) -> Analysis:
        found: Analysis = self.one
        return found

    @property
    def origin(self) -> Origin[Analysis]:
        return Origin(self.one, self.plugin, "0")

    @property
    def recorded(self) -> list[Sample]:
        """Return the samples that have a record at all."""
        return [sample for sample in self.samples if sample.records]

    def outcome(self, session: Session, captured: frozenset[str]) -> Outcome:
        families = families_of_kinds(*_last(self.samples))
        return run(self.origin, session, captured=captured, families=families, params=self.params)

    def of(self, sample: Sample, records: Iterable[e.Record] | None = None) -> Outcome:
        """Return the outcome over a sample, or over other records in its place."""
        if records is None:
            return self.upto(sample, len(sample.records))
        kept = list(records)
        return self.outcome(sample.session(kept), sample.captured(kept))

    def upto(self, sample: Sample, cut: int) -> Outcome:
        """Return the outcome over the first `cut` records of a sample."""
        return self.outcome(*folded(sample, cut))

    def over(self, group: Group) -> Outcome:
        """Return the outcome of a group function."""
        return run_group(self.origin, group, self.params)

    def neighbour(self, name: str) -> Subject | None:
        """Return another analysis of the same plugin, as a subject with its default parameters."""
        for one in self.whole.parts.get("analyses", []):
            if isinstance(one, Analysis) and one.name == name and not one.needs:
                return Subject(
                    module=self.module, plugin=self.plugin, one=one, samples=self.samples, whole=self.whole
                )
        return None


def _last(samples: Sequence[Sample]) -> tuple[tuple[EventType[Any], ...], tuple[cb.Codebook, ...]]:
    """Return what a plugin's samples are read with."""
    return (samples[-1].events, samples[-1].codebooks) if samples else ((), ())


def text(outcome: Outcome) -> str:
    """Return an outcome as JSON, to compare."""
    return json.format(json.encode(outcome, order="sorted"), indent=1).decode()


# -- meetings of a group ---------------------------------------------------------------------------------------


def meeting(number: int) -> Meeting:
    """Return the meeting held in that week of the year."""
    return Meeting(session=f"g/s{number}", number=number, held=f"2026-01-{1 + number:02d}T16:00:00+07:00")


def results_of(subject: Subject, need: str) -> list[MeetingResult]:
    """Return what the needed analysis says of each sample, as meetings; of another plugin's nothing is known."""
    found = []
    near = subject.neighbour(need)
    for number, one in enumerate(subject.recorded, 1):
        if near is None:
            found.append(_unknown(meeting(number), need))
        else:
            found.append(meeting_result(near.origin, meeting(number), near.of(one)))
    return found


def _unknown(held: Meeting, need: str) -> MeetingResult:
    from tkcore.analyses import NotApplicable

    outcome = NotApplicable(
        analysis=need, version=1, plugin="?", plugin_version="0", params={}, missing=("floor",)
    )
    return MeetingResult(meeting=held, outcome=outcome, value=None)


def group_of(found: Mapping[str, Sequence[MeetingResult]]) -> Group:
    """Return a group with these results; its meetings are those that are named in them."""
    meetings = {r.meeting.session: r.meeting for results in found.values() for r in results}
    return Group("g", meetings.values(), found)


def lost(result: MeetingResult) -> MeetingResult:
    """Return the same meeting, with nothing known of it."""
    return _unknown(result.meeting, result.outcome.analysis)


def zeroed(subject: Subject, result: MeetingResult) -> MeetingResult | None:
    """Return the same meeting with zero for every number; None where such a result cannot be."""
    from msgspec import ValidationError

    near = subject.neighbour(result.outcome.analysis)
    if near is None or not isinstance(result.outcome, Done):
        return None
    try:
        return meeting_result(
            near.origin, result.meeting, replace(result.outcome, value=_zero(result.outcome.value))
        )
    except ValidationError:
        return None


def _zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _zero(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_zero(one) for one in value]
    return value * 0 if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def imported(name: str) -> ModuleType:
    """Return a module by name, in a process that has not seen it."""
    return importlib.import_module(name)
