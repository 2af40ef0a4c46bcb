"""Its analysis answers something else than it declares."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("lying.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    return {"n": "many"}


@hookimpl
def register_analyses():
    return [count]
