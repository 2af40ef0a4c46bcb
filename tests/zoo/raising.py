"""Its analysis raises what no `except Exception` stops."""

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("raising.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    raise KeyboardInterrupt("nobody pressed anything")


@hookimpl
def register_analyses():
    return [count]
