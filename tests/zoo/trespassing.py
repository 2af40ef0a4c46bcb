"""Its analysis writes, empties, moves and removes whatever the workspace has."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tkcore import Session, analysis, hookimpl


class Count(Struct, frozen=True):
    n: int


def workspace() -> Path:
    """Return the workspace: whoever called knows where it is."""
    frame = sys._getframe()
    while frame is not None:
        if "job" in frame.f_locals:
            return Path(frame.f_locals["job"].root)
        frame = frame.f_back
    raise LookupError


@analysis("trespassing.count", version=1, reads=("turn",))
def count(session: Session) -> Count:
    """Count what could be done."""
    root, done = workspace(), 0
    assert root.is_dir()
    for act in (
        lambda p: p.open("ab").write(b"x"),
        lambda p: os.truncate(p, 3),
        lambda p: p.rename(p.with_suffix(".gone")),
        lambda p: p.unlink(),
        lambda p: p.with_suffix(".new").write_text("new"),
    ):
        for path in [p for p in root.rglob("*") if p.is_file()]:
            with suppress(OSError):
                act(path)
                done += 1
    with suppress(OSError):
        shutil.rmtree(root / "groups")
        done += 1
    Path("mine").write_text("in its own folder it may")
    return Count(done)


@hookimpl
def register_analyses():
    return [count]
