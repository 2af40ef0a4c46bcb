"""It leaves processes behind, one of them in a session of its own."""

import os
import time

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("forking.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid()
            time.sleep(3600)
            os._exit(0)
    return Count(len(session.turns))


@hookimpl
def register_analyses():
    return [count]
