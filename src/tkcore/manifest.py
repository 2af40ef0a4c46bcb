"""What closing vouches for: the segments whole, the head, the derived files; and a file's size and digest."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from msgspec import DecodeError, Struct, json

from tkcore.disk import Disk
from tkcore.errors import Damaged

LOG_FORMAT = 1
_PIECE = 1 << 20


class SegmentFile(Struct, frozen=True):
    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What closing vouches for: the segments whole, the head, the derived files."""

    log: str
    log_format: int = LOG_FORMAT
    segments: tuple[SegmentFile, ...]
    seq: int
    h: str
    count: int
    parquet: tuple[SegmentFile, ...] = ()


def manifest_of(folder: Path, disk: Disk) -> Manifest | None:
    """Return what closing has vouched for. Raises Damaged where it cannot be read."""
    path = folder / "MANIFEST"
    if not path.exists():
        return None
    try:
        return json.decode(disk.read(path), type=Manifest)
    except (DecodeError, UnicodeDecodeError) as error:
        raise Damaged(
            "{path} is damaged ({error}). The segments may still verify: keep them", path=path, error=error
        ) from None


def weigh(path: Path, disk: Disk) -> SegmentFile:
    """Return a file's size and digest."""
    with disk.open_read(path) as source:
        digest, size = sha256(), 0
        while part := source.read(_PIECE):
            digest.update(part)
            size += len(part)
    return SegmentFile(path.name, size, digest.hexdigest())
