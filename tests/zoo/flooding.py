"""Its analysis writes without end into every file that is open."""

import os
from contextlib import suppress

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("flooding.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    for fd in range(3, 256):
        with suppress(OSError):
            for _ in range(100):
                os.write(fd, b"0" * (1 << 20))
    return Count(0)


@hookimpl
def register_analyses():
    return [count]
