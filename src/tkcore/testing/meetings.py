"""What every group function must hold: sessions to results to the group, and what is missing stays missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tkcore.analyses import Done, Failed, Outcome
from tkcore.groups import Group, MeetingResult
from tkcore.testing import pure
from tkcore.testing.subject import Subject, group_of, lost, results_of, text, zeroed

Results = dict[str, list[MeetingResult]]


def _all(subject: Subject) -> Results:
    return {need: results_of(subject, need) for need in subject.analysis.needs}


def full_group(subject: Subject) -> Group:
    """Return a group that had every sample as a meeting."""
    return group_of(_all(subject))


def groups_of(subject: Subject) -> list[tuple[str, Group]]:
    """Return the groups a function is tried on: none, one, many meetings, and many that nothing is known of."""
    every = _all(subject)
    nothing: Results = {need: [lost(one) for one in found] for need, found in every.items()}
    last: Results = {need: found[-1:] for need, found in every.items()}
    return [
        ("no meeting", Group("g", (), dict.fromkeys(subject.analysis.needs, ()))),
        ("one meeting", group_of(last)),
        ("every meeting", group_of(every)),
        ("meetings of which nothing is known", group_of(nothing)),
    ]


def gives_an_outcome_of_every_group(subject: Subject) -> None:
    """No meeting, one, many, and meetings nothing is known of give an outcome."""
    for name, group in groups_of(subject):
        found = subject.over(group)
        assert not isinstance(found, Failed), (
            f"over {name} it failed at stage {found.stage}: {found.error}. A result's value may be None; return "
            "Withheld(gate, n) where there is not enough to say"
        )


def is_deterministic_over_meetings(subject: Subject) -> None:
    """Two runs, and one under each of two hash seeds, say the same."""
    for name, group in groups_of(subject):
        assert text(subject.over(group)) == text(subject.over(group)), (
            f"two runs over {name} differ: draw only from group.random, keep no state between runs"
        )
    pure.same_under_hash_seeds(subject)


def does_not_mind_the_order(subject: Subject) -> None:
    """In which order meetings became known changes nothing: a late import says the same as one in time."""
    every = _all(subject)
    at_once = text(subject.over(group_of(every)))
    numbers = range(len(next(iter(every.values()), [])))
    for order in (numbers, numbers[::-1]):
        for upto in range(1, len(order) + 1):
            some = {need: [found[at] for at in order[:upto]] for need, found in every.items()}
            grown = subject.over(group_of(some))
        assert not numbers or text(grown) == at_once, (
            "a group that grew meeting by meeting says something else than all at once: "
            "keep nothing between runs, use group.results in the order they are given"
        )


def keeps_the_missing_missing(subject: Subject) -> None:
    """A meeting of which nothing is known is not one in which everything was zero.

    What is noticed: it says the same of both, not what it says without the meeting (a count of meetings may be one
    more), and nowhere that anything is missing or withheld.
    """
    every = _all(subject)
    meetings = [result.meeting.session for result in next(iter(every.values()), [])]
    for at, session in enumerate(meetings):
        zero = {need: zeroed(subject, found[at]) for need, found in every.items()}
        if None in zero.values():
            continue
        missing = subject.over(
            group_of(_with(every, at, {need: lost(found[at]) for need, found in every.items()}))
        )
        zeros = subject.over(group_of(_with(every, at, zero)))
        left = subject.over(group_of(_with(every, at, {})))
        as_zero = text(missing) == text(zeros) and not _one_more(_value(missing), _value(left))
        assert not (as_zero and _gaps(missing) <= _gaps(left)), (
            f"a meeting of which nothing is known ({session}) counts as zero: leave out results whose value is None, and "
            "say how many there were"
        )


def _with(every: Results, at: int, instead: Mapping[str, MeetingResult | None]) -> Results:
    """Return the results with another one at a place, or none there."""
    found = {}
    for need, results in every.items():
        new = instead.get(need)
        found[need] = [*results[:at], *([new] if new is not None else []), *results[at + 1 :]]
    return found


def _value(outcome: Outcome) -> Any:
    return outcome.value if isinstance(outcome, Done) else outcome


def _one_more(new: Any, old: Any) -> bool:
    """Whether nothing differs but whole numbers that are one more."""
    if isinstance(new, dict) and isinstance(old, dict) and new.keys() == old.keys():
        return all(_one_more(new[name], old[name]) for name in new)
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return all(_one_more(a, b) for a, b in zip(new, old, strict=True))
    return bool(new == old or (isinstance(new, int) and isinstance(old, int) and new == old + 1))


def _gaps(outcome: Outcome) -> int:
    said = text(outcome)
    return said.count(": null") + said.count('"withheld"')


def survives_json_over_meetings(subject: Subject) -> None:
    """The result goes through JSON and back into its declared type unchanged."""
    for name, group in groups_of(subject):
        pure.same_after_json(subject, subject.over(group), name)


def matches_its_schema_over_meetings(subject: Subject) -> None:
    """The result matches its JSON Schema, and the committed NAME.json is that schema (see `conformance`, `schemas`)."""
    schema = pure.schema_of(subject)
    for name, group in groups_of(subject):
        pure.in_its_shape(subject, subject.over(group), name, schema)
    pure.same_as_committed(subject, schema)


def asks_nobody_over_meetings(subject: Subject) -> None:
    """No clock, file, network, process or unseeded random number: only the group."""
    group = full_group(subject)
    pure.refused(subject, lambda: subject.over(group))


def needs_are_there(subject: Subject) -> None:
    """What it needs are analyses of sessions: of its own plugin, or named as another plugin's."""
    for need in subject.analysis.needs:
        if need.startswith(subject.plugin + "."):
            assert subject.neighbour(need) is not None, (
                f"it needs {need}, which this plugin does not register as an analysis of a session: register it, or correct needs="
            )
