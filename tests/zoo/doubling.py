"""Offers a small schema whose check takes 2 ** 40 steps."""

import msgspec
from msgspec import Struct

from tkcore import Session, analysis, hookimpl

_STEPS = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
msgspec.json.schema = lambda _type: {"$ref": "#/$defs/a0", "$defs": {**_STEPS, "a40": {}}}


class Count(Struct, frozen=True):
    n: int


@analysis("doubling.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """One."""
    return Count(1)


@hookimpl
def register_analyses():
    return [count]
