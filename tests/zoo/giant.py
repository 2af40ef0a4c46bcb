"""Its analysis has a result that nobody wants to read."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: str


@analysis("giant.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    return Count("9" * 80_000_000)


@hookimpl
def register_analyses():
    return [count]
