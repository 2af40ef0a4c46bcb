"""Its analysis closes every file that is open."""

import os

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("closing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    os.closerange(0, 4096)
    return Count(0)


@hookimpl
def register_analyses():
    return [count]
