"""Two distributions have this plugin."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("namesakes.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    return Count(len(session.turns))


@hookimpl
def register_analyses():
    return [count]
