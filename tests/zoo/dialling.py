"""Its analysis asks somebody else."""

import socket

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("dialling.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    with socket.create_connection(("127.0.0.1", int("PORT")), timeout=5) as line:
        line.sendall(session.name.encode())
    return Count(0)


@hookimpl
def register_analyses():
    return [count]
