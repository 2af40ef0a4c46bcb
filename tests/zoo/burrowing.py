"""Digs folders into folders, deeper than any path reaches, and locks what lies there."""

import os
from pathlib import Path

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


@analysis("burrowing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Dig."""
    for _ in range(3000):
        Path("d").mkdir()
        Path("link").symlink_to("/etc/hosts")
        os.chdir("d")
    Path("..").chmod(0o500)
    return Count(1)


@hookimpl
def register_analyses():
    return [count]
