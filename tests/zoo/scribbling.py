"""Its analysis writes nonsense into every file that is open."""

import os
from contextlib import suppress

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("scribbling.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    for fd in range(3, 256):
        with suppress(OSError):
            os.write(fd, b'{"answer": "analysed", "outcomes": [42]}\n\x00\xff\n')
    return Count(0)


@hookimpl
def register_analyses():
    return [count]
