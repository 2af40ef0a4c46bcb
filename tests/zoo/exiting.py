"""Its analysis ends the process."""

import os

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("exiting.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    os._exit(7)


@hookimpl
def register_analyses():
    return [count]
