"""Its analysis never ends."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("spinning.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    while True:
        pass


@hookimpl
def register_analyses():
    return [count]
