"""A session's whole log as one file, out of a workspace and into another, byte for byte.

The file is a plain tar of the segments and the MANIFEST, the same bytes for the same log. Nothing is re-encoded: a
record that only a plugin or a later tkcore can read travels like any other. The texts of notes stay in the vault, and
what is derived is made anew. What comes in is trusted in nothing: only the names that belong there, no links, the whole
chain verified before anything is seen.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import DecodeError, Struct, json

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.archive import write_parquet
from tkcore.config import session_name
from tkcore.disk import Disk
from tkcore.errors import BadInput, BadName, NotAllowed
from tkcore.exchange.leaving import leave
from tkcore.log import COMMIT, Head, Header, Scan, scan, segment_name
from tkcore.manifest import Manifest, weigh
from tkcore.opening import Desk, Settings, found_group, group_standing
from tkcore.reading import Read, read_session, records_of, rows_of
from tkcore.recovery import append_once, refusal, unwritable
from tkcore.relations import encode_records, encode_rows
from tkcore.vault import is_digest, path_of
from tkcore.verifying import WORKSPACE, text_of
from tkcore.writer import vouch

SUFFIX = ".tklog"
MANIFEST = "MANIFEST"
LARGEST = 8 << 30
"""The most bytes of a log that are taken in."""
MOST = 10_000
"""The most members."""
_SEGMENT = re.compile(r"[0-9]{6}\.ndjson")
_BLOCK = 512
_SMALL = 16 << 20
TOGETHER = 5_000
"""The most texts that one record names: an entry has an end."""
_PADDED = 32 << 10
"""The most a tar has behind its last member."""


class Carried(Struct, frozen=True, kw_only=True):
    """A log that was exported or imported; of an exported one `notes` are those whose texts do not come along."""

    session: str
    head: Head
    segments: int
    closed: bool
    notes: int
    sha256: str = ""


# -- out -------------------------------------------------------------------------------------------------------


def export_log(desk: Desk, full: str, target: Path) -> Carried:
    """Write a session's log, verified, as one file, and put on record that it left the workspace.

    Of a log that is being written it is what stands there now. Raises Damaged; NotAllowed where the file is there.
    """
    if target.exists():
        raise NotAllowed("{file} is there already: remove it, or name another with -o", file=target)
    folder = desk.workspace.session(full)
    found, manifest = _verified(folder, full, desk.disk)
    read = read_session(desk.workspace, full, desk.disk)
    digest = leave(desk, full, target, _tar(found, manifest, desk.disk))
    return _carried(read, found, digest)


def _verified(folder: Path, full: str, disk: Disk) -> tuple[Scan, bytes | None]:
    """Return a walk through all of a log and the bytes of the MANIFEST it was held against. Raises Damaged."""
    while True:
        path = folder / MANIFEST
        manifest = disk.read(path) if path.exists() else None
        found = scan(folder, disk, full)
        if found.damage is not None and found.damage.kind not in ("torn", "missing_newline"):
            raise refusal(full, found.damage)
        held = None if manifest is None else json.decode(manifest, type=Manifest)
        if held == found.manifest:  # else a closing came between the two
            return found, manifest


def _tar(found: Scan, manifest: bytes | None, disk: Disk) -> Iterator[bytes]:
    """Yield a tar of the segments in order and the MANIFEST; of the last segment what is sound."""
    for path in found.segments:
        size = found.sound if path == found.segments[-1] else path.stat().st_size
        yield _head(path.name, size)
        left = size
        with disk.open_read(path) as source:
            while left and (part := source.read(min(COMMIT, left))):
                left -= len(part)
                yield part
        if left:
            raise OSError(5, f"{path.name} became shorter while it was read")
        yield bytes(-size % _BLOCK)
    if manifest is not None:
        yield _head(MANIFEST, len(manifest)) + manifest + bytes(-len(manifest) % _BLOCK)
    yield bytes(2 * _BLOCK)


def _head(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    # GNU: a segment may have more than the 8 GiB a plain header can say
    return member.tobuf(tarfile.GNU_FORMAT)


# -- in --------------------------------------------------------------------------------------------------------


def name_in(file: Path) -> str:
    """Return the name of the session whose log a file holds. Raises BadInput."""
    with _opened(file) as tar:
        for member in _members(tar, file):
            if member.name == segment_name(0):
                source = tar.extractfile(member)
                line = b"" if source is None else source.readline(_BLOCK * 2)
                try:
                    log = json.decode(line, type=Header).log
                    if session_name(log) == log:
                        return log
                except (DecodeError, BadName):
                    pass
                raise BadInput("{file} holds no log of a session", file=file)
    raise BadInput("{file} holds no log: {name} is missing", file=file, name=segment_name(0))


def take_in(desk: Desk, full: str, file: Path, codebooks: Sequence[cb.Codebook]) -> Carried:
    """Lay the log in a file into its session's folder on this desk, verified; of a closed one the Parquet is made.

    Raises BadInput for a file that is no such log, Damaged for one that does not verify.
    """
    folder = desk.workspace.session(full)
    try:
        desk.disk.make_folder(folder)
        with _opened(file) as tar:
            for member in _members(tar, file):
                desk.disk.extend(folder / member.name, 0, _bytes(tar, member))
    except OSError as error:
        raise unwritable(folder, error) from error
    found = scan(folder, desk.disk, full)
    if found.damage is not None:
        raise refusal(full, found.damage)
    read = read_session(desk.workspace, full, desk.disk)
    if read.opened is None:
        raise BadInput("{file} holds no log of a session", file=file)
    carried = _carried(read, found, "")
    if carried.closed:
        parquet = write_parquet(
            folder, encode_rows(rows_of(read, codebooks)), encode_records(records_of(read, codebooks)), desk.disk
        )  # fmt: skip
        vouch(folder, found, parquet, desk.disk)
    return carried


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    """Give a tar to read; what is wrong with it, at once or further on, is BadInput."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput("{file}: {error}", file=file, error=error.strerror or error) from None
    with source:
        try:
            with tarfile.open(fileobj=source, mode="r:") as tar:
                yield tar
        except (
            tarfile.TarError,
            EOFError,
            ValueError,
            OverflowError,
            MemoryError,
            RecursionError,  # heads that say they are giants, or of each other
        ) as error:
            raise BadInput(
                "{file} is no exported log: {error}", file=file, error=str(error) or type(error).__name__
            ) from None


def _members(tar: tarfile.TarFile, file: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar that holds nothing but a log. Raises BadInput at the first that is not of one."""
    seen: set[str] = set()
    size = end = 0
    for member in tar:
        plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
        wanted = _SEGMENT.fullmatch(member.name) is not None or member.name == MANIFEST
        if not plain or not wanted or member.name in seen or member.size < 0:
            raise BadInput("{file}: {name!r} does not belong into a log", file=file, name=member.name[:80])
        seen.add(member.name)
        size += member.size
        if size > LARGEST or len(seen) > MOST or (member.name == MANIFEST and member.size > _SMALL):
            raise BadInput("{file} is larger than a log that is taken in", file=file)
        end = member.offset_data + member.size + -member.size % _BLOCK
        yield member
    # tarfile takes what it cannot read for the end
    source: Any = tar.fileobj
    source.seek(end)
    rest = source.read(_PADDED + 1)
    if not 2 * _BLOCK <= len(rest) <= _PADDED or any(rest):
        raise BadInput("{file} is not whole: it does not end as it should", file=file)


def _bytes(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = tar.extractfile(member)
    assert source is not None
    left = member.size
    while left and (part := source.read(min(COMMIT, left))):
        left -= len(part)
        yield part
    if left:
        raise tarfile.ReadError("it ends too early")


def _carried(read: Read, found: Scan, digest: str) -> Carried:
    return Carried(
        session=read.name, head=found.head, segments=len(found.segments), sha256=digest,
        closed=any(isinstance(x, e.SessionClosed) for x in read.records),
        notes=sum(isinstance(x, e.NoteWritten) for x in read.records),
    )  # fmt: skip


def founded(desk: Desk, hidden: Desk, full: str, codebooks: Sequence[cb.Codebook]) -> tuple[str, ...]:
    """Found the group of a log that was taken in aside, where it is missing; return the codebooks nobody here has."""
    opened = read_session(hidden.workspace, full, hidden.disk).opened
    assert opened is not None
    group = full.partition("/")[0]
    if group_standing(desk, group) is None:
        settings = Settings(**{name: getattr(opened, name) for name in Settings.__struct_fields__})
        with suppress(NotAllowed):  # somebody else founded it just now
            found_group(desk, group, settings)
    here = {book.name for book in codebooks}
    return tuple(used.codebook for used in opened.codebooks if used.codebook not in here)


def on_record(desk: Desk, hidden: Desk, full: str, sha256: str) -> int:
    """Put on record that a log taken in aside comes in, and which of its texts are not here; return how many.

    Before it is seen: `tk verify` believes this record and nothing that can be deleted beside a log.
    """
    named = dict.fromkeys(map(text_of, read_session(hidden.workspace, full, hidden.disk).records))
    missing = [x for x in named if is_digest(x) and not path_of(desk.workspace.vault, x).exists()]
    for at in range(0, max(1, len(missing)), TOGETHER):
        made = e.ImportMade(session=full, sha256=sha256, behind=tuple(missing[at : at + TOGETHER]))
        append_once(
            desk.workspace.log, WORKSPACE, [desk.stamp(made, "import")], desk.disk, now=desk.now(), logged=desk.clocks.wall()
        )  # fmt: skip
    return len(missing)


def weight(file: Path, disk: Disk) -> str:
    """Return the digest of a file."""
    return weigh(file, disk).sha256
