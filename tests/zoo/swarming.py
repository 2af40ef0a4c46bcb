"""Makes processes that make processes, until somebody ends them."""

import os
import time

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("swarming.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Swarm: each makes the next one and ends, in a session of its own."""
    for _ in range(4):
        if os.fork() == 0:
            os.setsid()
            while True:
                if os.fork():
                    os._exit(0)
                time.sleep(0.001)
    return Count(1)


@hookimpl
def register_analyses():
    return [count]
