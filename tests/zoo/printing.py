"""It prints wherever it can."""

import os
import subprocess
import sys

from msgspec import Struct

from tkcore import Session, analysis, hookimpl

print("[")


class Count(Struct, frozen=True):
    n: int


@analysis("printing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count the turns, it says."""
    print("[]")
    print("{", file=sys.stderr)
    sys.__stdout__.write("}")
    os.write(1, b"]]]")
    subprocess.run(["echo", "out of the blue"], check=False)
    return Count(len(session.turns))


@hookimpl
def register_analyses():
    return [count]
