"""How tk.toml is changed: read, changed and stored as one step, under the workspace's own lock.

Whoever changes it second reads what the first has stored. Readers take no lock: the file is replaced whole.
"""

from __future__ import annotations

from collections.abc import Callable

from tkcore.config import Config, dump
from tkcore.opening import Desk
from tkcore.recovery import PATIENCE
from tkcore.root import FILE
from tkcore.writer import holder

LOCK = "LOCK"
"""The lock's name in the workspace's folder; a log's own lies in the log's."""


def change(desk: Desk, how: Callable[[Config], Config]) -> Config:
    """Store what `how` makes of the workspace's settings, and return it; what it raises leaves them as they were.

    Raises Locked where another process goes on changing them, WriteFailed.
    """
    lock = desk.disk.lock(desk.workspace.root / LOCK, holder(desk.now()), wait=PATIENCE)
    try:
        changed = how(desk.workspace.config())
        desk.disk.store(desk.workspace.root / FILE, dump(changed))
        return changed
    finally:
        lock.close()
