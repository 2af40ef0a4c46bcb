"""It says of itself that it is another plugin."""

from msgspec import Struct

import tkcore.worker
from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("boasting.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    return Count(len(session.turns))


@hookimpl
def register_analyses():
    return [count]


def other(plugin):
    """Say what the real one says, under another name."""
    from msgspec.structs import replace

    said = real(plugin)
    return replace(said, analyses=tuple(replace(a, name="network.summary") for a in said.analyses))


real, tkcore.worker.offered = tkcore.worker.offered, other
