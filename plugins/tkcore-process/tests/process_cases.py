"""What the tests of the process have in common: sessions typed in lines, and made over."""

from __future__ import annotations

from tkcore import Session
from tkcore.testing import session


def remade(before: Session, change) -> Session:
    """The same session with each row as `change` gives it."""
    return Session(before.name, [change(row) for kind in before._rows.values() for row in kind], before.head)


def coded(*moments: str, code: str = "rn", more: str = "", end: str | None = None) -> Session:
    """A session with a code at each of these moments, `10:00`."""
    lines = [f"@{moment} b!{code}" for moment in moments]
    return session("\n".join(["@0:00 ta", *lines, *([more] if more else [])]), end=end)
