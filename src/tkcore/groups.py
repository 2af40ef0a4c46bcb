"""Analyses over the meetings of a group: from sessions to results, from results to the group, and no other way.

A group function never sees a session's rows. What a session could not say stays missing: it is not zero.
"""

from __future__ import annotations

import hashlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from msgspec import Struct, convert, json

from tkcore.analyses import Analysis, Done, Outcome, concluded, result_of, settle
from tkcore.analyses import Origin as _Origin
from tkcore.errors import BadInput, TkError


class Meeting(Struct, frozen=True, kw_only=True):
    """A session of the group: its name, number and when it was held (with offset)."""

    session: str
    number: int
    held: str


class MeetingResult(Struct, frozen=True, kw_only=True):
    """What an analysis said of a meeting; `value` is its result, None where there is none (see `outcome`)."""

    meeting: Meeting
    outcome: Outcome
    value: Any


class Group:
    """A group as its analyses see it: meetings in the order they were held, and what was found in each."""

    def __init__(
        self,
        name: str,
        sessions: Iterable[Meeting],
        results: Mapping[str, Sequence[MeetingResult]],
        *,
        seed: str = "",
    ) -> None:
        self.name = name
        self.sessions = tuple(sorted(sessions, key=_when))
        self._results = {
            analysis: tuple(sorted(found, key=lambda r: _when(r.meeting)))
            for analysis, found in results.items()
        }
        self.random = Random(int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big"))

    def results(self, analysis: str) -> tuple[MeetingResult, ...]:
        """Return what an analysis said of each meeting, in their order. Raises TkError if it is not in `needs`."""
        if analysis not in self._results:
            raise TkError("{analysis} is not among what this analysis needs", analysis=analysis)
        return self._results[analysis]

    def seeded(self, analysis: str, version: int, params: Mapping[str, Any]) -> Group:
        """Return this group with the random numbers that belong to one analysis and its parameters."""
        seed = json.encode([analysis, version, dict(params), self.name], order="sorted").decode()
        return Group(self.name, self.sessions, self._results, seed=seed)


def _when(meeting: Meeting) -> tuple[float, int]:
    return datetime.fromisoformat(meeting.held).timestamp(), meeting.number


def group_analysis(
    name: str, *, version: int, needs: tuple[str, ...]
) -> Callable[[Callable[..., Any]], Analysis]:
    """Declare a function of one `Group` as an analysis; `needs` names the session analyses it takes results from.

    As with `analysis`: keyword-only parameters, docstring and return annotation are the declaration.
    """

    def declare(make: Callable[..., Any]) -> Analysis:
        params = inspect.signature(make).parameters.values()
        return Analysis(
            name=name,
            version=version,
            reads=(),
            result=result_of(typing.get_type_hints(make).get("return")),
            doc=inspect.cleandoc(make.__doc__ or ""),
            params={p.name: p.default for p in params if p.kind is inspect.Parameter.KEYWORD_ONLY},
            make=make,
            needs=needs,
        )

    return declare


def meeting_result(origin: _Origin[Analysis], meeting: Meeting, outcome: Outcome) -> MeetingResult:
    """Return an outcome with its value in the type that the analysis declares."""
    value = convert(outcome.value, origin.what.result) if isinstance(outcome, Done) else None
    return MeetingResult(meeting=meeting, outcome=outcome, value=value)


def run_group(origin: _Origin[Analysis], group: Group, params: Mapping[str, Any] | None = None) -> Outcome:
    """Return the outcome of one group function; its failures are values."""
    chosen = origin.what
    try:
        given = settle(chosen, params or {})
    except BadInput as error:
        raised = error

        def refuse() -> Any:
            raise raised

        return concluded(origin, {}, refuse)
    assert chosen.make is not None
    make = chosen.make
    return concluded(origin, given, lambda: make(group.seeded(chosen.name, chosen.version, given), **given))
