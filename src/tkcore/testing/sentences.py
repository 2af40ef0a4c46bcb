"""What the sentence of an alert needs, and what the code of the alert could give it, raised in a sample or not.

What code could give is what stands in it as a text: in the function, in those of the same package that it calls, and
in what they use. A name that is put together while it runs is not seen here: a sample has to raise such an alert.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from msgspec import Struct

from tkcore.alerts import filled
from tkcore.analyses import Alert, Said

_NAME = re.compile(r"\{(\w+)\}")


def needed(said: Said) -> set[str]:
    """Return what is filled in where a sentence is said, in either language."""
    return {name for text in (said.id, said.en) for name in _NAME.findall(text)}


def unsayable(said: Said) -> str:
    """Return what is wrong with a sentence whatever its alert gives; nothing if it can be said."""
    in_id, in_en = (set(_NAME.findall(text)) for text in (said.id, said.en))
    if in_id != in_en:
        return f"the two languages fill in other values, {sorted(in_id)} and {sorted(in_en)}: use the same"
    full = filled(said, "A", dict.fromkeys(in_en, 1))
    for template, text in ((said.id, full.id), (said.en, full.en)):
        if "{" in text or "}" in text:
            return f"{template!r} has a brace that nothing fills: braces hold seat or the name of a number, no more"
    return ""


def names_in(alert: Callable[..., Any], package: str) -> set[str]:
    """Return every text in an alert's code that may be the name of what it gives: a number's, or `seat`."""
    return set(_names(alert, package.partition(".")[0], set()))


def _names(one: Any, root: str, met: set[int]) -> Iterator[str]:
    if id(one) in met or one is Alert:  # Alert itself has a seat and numbers, whatever is made of it
        return
    met.add(id(one))
    if isinstance(one, str):
        yield one
    elif isinstance(one, Mapping):
        for key, value in one.items():
            yield from _each((key, value), root, met)
    elif isinstance(one, (tuple, list, set, frozenset)):
        yield from _each(one, root, met)
    elif isinstance(one, partial):
        yield from _each((one.func, one.args, one.keywords), root, met)
    elif isinstance(one, MethodType):
        yield from _names(one.__func__, root, met)
    elif isinstance(one, FunctionType):
        if _is_of(one, root):
            yield from _in_function(one, root, met)
    elif isinstance(one, type):
        if issubclass(one, Struct):
            yield from one.__struct_fields__
    elif _is_of(type(one), root):
        yield from _names(vars(type(one)).get("__call__"), root, met)


def _each(parts: Any, root: str, met: set[int]) -> Iterator[str]:
    for part in parts:
        yield from _names(part, root, met)


def _is_of(made: Any, root: str) -> bool:
    return str(getattr(made, "__module__", "")).partition(".")[0] == root


def _in_function(made: FunctionType, root: str, met: set[int]) -> Iterator[str]:
    cells = [cell.cell_contents for cell in made.__closure__ or () if _is_set(cell)]
    yield from _each(cells, root, met)
    for code in _codes(made.__code__):
        for constant in code.co_consts:
            if isinstance(constant, (str, tuple, frozenset)):
                yield from _names(constant, root, met)
        for name in code.co_names:
            held = made.__globals__.get(name)
            yield from _names(held, root, met)
            if isinstance(held, ModuleType) and held.__name__.partition(".")[0] == root:
                yield from _each([getattr(held, other, None) for other in code.co_names], root, met)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell says so by raising
    except ValueError:
        return False
    return True
