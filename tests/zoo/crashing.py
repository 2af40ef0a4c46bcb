"""Its analysis reads where there is nothing."""

import ctypes

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("crashing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    ctypes.string_at(0)
    return Count(0)


@hookimpl
def register_analyses():
    return [count]
