"""It registers an analysis twice."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("repeating.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns."""
    return Count(len(session.turns))


@analysis("repeating.count", version=2, reads=("turn",))
def again(session: Session) -> Count:
    """Count the turns."""
    return Count(len(session.turns))


@hookimpl
def register_analyses():
    return [count, again]
