"""Its analysis wants all the memory there is."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("hungry.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    kept = []
    while True:
        kept.append(bytes(1 << 26))


@hookimpl
def register_analyses():
    return [count]
