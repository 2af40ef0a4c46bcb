"""Answers with lists in lists, deeper than anybody can print, and a schema that allows it."""

from typing import Any

import msgspec
from msgspec import Struct

from tkcore import Session, analysis, hookimpl

msgspec.json.schema = lambda _type: {}


class Deep(Struct, frozen=True):
    n: Any


@analysis("nesting.count", version=1, reads=("turn",))
def count(session: Session) -> Deep:
    """Nest."""
    found: Any = {}
    for _ in range(400):
        found = {"n": found}
    return Deep(found)


@hookimpl
def register_analyses():
    return [count]
