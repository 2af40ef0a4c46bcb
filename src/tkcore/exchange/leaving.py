"""What leaves the workspace: a file put in its place whole, and on record with its digest before it is there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tkcore import events as e
from tkcore.errors import WriteFailed
from tkcore.opening import Desk
from tkcore.recovery import append_once
from tkcore.verifying import WORKSPACE


def leave(desk: Desk, full: str, target: Path, parts: Iterable[bytes]) -> str:
    """Write a file that a session leaves in, put the export on record, and return the file's digest.

    Raises WriteFailed; then there is no file.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    digest = hashlib.sha256()

    def weighed() -> Iterator[bytes]:
        for part in parts:
            digest.update(part)
            yield part

    try:
        draft.unlink(missing_ok=True)  # or what it is a link to would be written
        desk.disk.extend(draft, 0, weighed())
        # on record first: what left and is not on record would be worse than the other way round
        on_record(desk, full, digest.hexdigest())
        desk.disk.replace(draft, target)
    except OSError as error:
        raise WriteFailed(
            "{path} could not be written: {error}. Make room or check the disk, then try again",
            path=target, error=error.strerror or error,
        ) from error  # fmt: skip
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return digest.hexdigest()


def on_record(desk: Desk, full: str, sha256: str) -> None:
    """Put into the workspace's log that something of a session leaves, with its digest."""
    event = desk.stamp(e.ExportMade(group_id=full.partition("/")[0], sha256=sha256), "export")
    append_once(desk.workspace.log, WORKSPACE, [event], desk.disk, now=desk.now(), logged=desk.clocks.wall())


def weight_of(data: bytes) -> str:
    """Return the digest of bytes."""
    return hashlib.sha256(data).hexdigest()
