"""When a caution holds: `setting == inpatient and author == leader`, asked of what is known at the moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

_TERM = re.compile(r"(\w+) (==|!=|<|>) ([A-Za-z0-9_.:+/-]{1,64})")

Facts = Mapping[str, str | int | None]
"""What is known, by name; what is missing or None is not known."""


class Term(Struct, frozen=True):
    """`name op value`; `<` and `>` ask for a number."""

    name: str
    op: str
    value: str


def terms(condition: str) -> tuple[Term, ...] | None:
    """Return the terms of a condition, all of which must hold; None if it is none. An empty one has none."""
    if not condition:
        return ()
    found = [_TERM.fullmatch(part) for part in condition.split(" and ")]
    if any(m is None or (m[2] in "<>" and not m[3].isdecimal()) for m in found):
        return None
    return tuple(Term(*m.groups()) for m in found if m is not None)


def holds(conditions: Iterable[str], facts: Facts) -> bool:
    """Return whether any of the conditions holds, or there is none. What is not known satisfies no term."""
    asked = list(conditions)
    return not asked or any(_all(condition, facts) for condition in asked)


def _all(condition: str, facts: Facts) -> bool:
    found = terms(condition)
    return found is not None and all(_one(term, facts.get(term.name)) for term in found)


def _one(term: Term, fact: str | int | None) -> bool:
    if fact is None:
        return False
    if term.op in "<>":
        if not isinstance(fact, int):
            return False
        return fact < int(term.value) if term.op == "<" else fact > int(term.value)
    return (str(fact) == term.value) == (term.op == "==")
