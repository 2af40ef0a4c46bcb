"""What a number is: is every number of a result said to be something, in words or by its name?

A number's field is explained when the docstring of its Struct, or of the analysis, has its name (`mean_ms`, "mean ms"
or "mean") in it, or when the name ends in a unit.
"""

from __future__ import annotations

import re
import typing
from types import UnionType
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

UNITS = frozenset(
    [
        "ms",
        "s",
        "seconds",
        "minutes",
        "hours",
        "count",
        "turns",
        "n",
        "of",
        "share",
        "percent",
        "per_minute",
        "per_turn",
        "per_hour",
        "p",
        "ts",
        "dur",
        "seq",
        "number",
    ]
)
"""Names and last parts of names that say the unit by themselves: milliseconds, a count, a share from 0 to 1 ..."""
BOUNDS = ("_low", "_high")
_GREEK = dict(
    zip(
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "theta",
            "kappa",
            "lambda",
            "mu",
            "rho",
            "sigma",
            "tau",
            "phi",
            "chi",
            "omega",
        ],
        "αβγδεθκλμρστφχω",
        strict=True,
    )
)


def structs_of(shape: Any) -> list[type[Struct]]:
    """Return every Struct in a result's type, in the order they are met."""
    found: list[type[Struct]] = []

    def walk(one: Any) -> None:
        if isinstance(one, type) and issubclass(one, Struct):
            if one in found:
                return
            found.append(one)
            hints = typing.get_type_hints(one)
            for item in fields(one):
                walk(hints[item.name])
        for part in typing.get_args(one):
            walk(part)

    walk(shape)
    return found


def unexplained(shape: type[Struct], doc: str) -> list[str]:
    """Return the names of a Struct's numbers that nothing says the meaning of; `doc` is the analysis' docstring."""
    said = f"{shape.__doc__ or ''}\n{doc}".lower()
    hints = typing.get_type_hints(shape)
    return [f.name for f in fields(shape) if _is_number(hints[f.name]) and not _explained(f.name, said)]


def _is_number(hint: Any) -> bool:
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        return any(_is_number(part) for part in typing.get_args(hint))
    return hint in (int, float)


def _explained(name: str, said: str) -> bool:
    for bound in BOUNDS:
        name = name.removesuffix(bound)
    if any(name == unit or name.endswith("_" + unit) for unit in UNITS):
        return True
    return any(re.search(rf"(?<![a-z]){re.escape(word)}", said) for word in _words(name))


def _words(name: str) -> set[str]:
    """Return what a docstring may call a field: by its name, its words, one of them of four letters, a Greek letter."""
    parts = name.split("_")
    words = {name, " ".join(parts), "-".join(parts), *(part for part in parts if len(part) > 3)}
    for part in parts:
        stem = part.rstrip("0123456789")
        if stem in _GREEK:
            words.add(_GREEK[stem])
    return words
