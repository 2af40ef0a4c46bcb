"""Stops itself and whoever keeps it."""

import os
import signal

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("pausing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Stand still."""
    for pid in (os.getppid(), os.getpid()):
        if pid:
            try:
                os.kill(pid, signal.SIGSTOP)
            except PermissionError:
                continue
    while True:  # the first process of a tree is not stopped by itself
        pass


@hookimpl
def register_analyses():
    return [count]
