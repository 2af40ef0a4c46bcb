"""The log: segments of JSON lines, each chained to everything before, durable before acknowledged.

A line is one flat JSON object and two fixed-width members: `h`, SHA-256 over the `h` before (32 bytes) and the line
up to `,"h":`, and `c`, CRC-32 of the line up to `,"c":`. Both are cut from the line's end by position: nothing is
re-serialised to verify. Session, group and workspace logs are this one format. What the records mean is not known
here; recovery is `recovery.py`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from tkcore.disk import Disk
from tkcore.errors import Damaged, NotAllowed
from tkcore.events import LogRecovered, Record
from tkcore.records import decode

LOG_FORMAT = 1
GENESIS = "0" * 64
COMMIT = 1 << 20
"""The most bytes one entry may have; damage longer than that is no torn write."""
TAIL = 87
"""The bytes of `,"h":"…","c":"…"}`."""


class Header(Struct, frozen=True, kw_only=True, tag_field="t", tag="log.segment"):
    """The first line of a segment; `prev` is the `h` it follows."""

    v: int = 1
    log_format: int = LOG_FORMAT
    log: str
    segment: int
    prev: str


class Head(Struct, frozen=True):
    """The last record and its `h`; of an empty log seq -1."""

    seq: int
    h: str


class Receipt(Struct, frozen=True):
    """What the attendance sheet keeps: with it a shortened or altered log is found out."""

    session: str
    seq: int
    h: str


class SegmentFile(Struct, frozen=True):
    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What closing vouches for: the segments whole, the head, the derived files."""

    log: str
    log_format: int = LOG_FORMAT
    segments: tuple[SegmentFile, ...]
    seq: int
    h: str
    count: int
    parquet: tuple[SegmentFile, ...] = ()


class Damage(Struct, frozen=True):
    """A bad place: torn, missing_newline, damaged_tail or corrupt, from `offset` in `segment`, before `seq`."""

    kind: str
    segment: str
    offset: int
    seq: int
    detail: str


class Scan(Struct):
    """What a walk through a log found sound: all lines up to the first damage."""

    log: str
    head: Head
    hashes: list[str]
    lines: list[bytes]
    segments: list[Path]
    sound: int
    """Bytes of the last segment up to the end of its last sound line."""
    tail: bytes
    """What follows them."""
    damage: Damage | None
    manifest: Manifest | None

    def records(self) -> list[Record]:
        """Decode the sound lines. Raises Damaged where a sound line is not a record."""
        try:
            return [decode(line) for line in self.lines]
        except DecodeError as error:
            raise Damaged(
                "{log}: a line that verifies is not a record: {error}", log=self.log, error=error
            ) from None


def seal(body: bytes, before: str) -> tuple[bytes, str]:
    """Return the stored line of a JSON object, with its newline, and its `h`."""
    front = body[:-1]
    h = hashlib.sha256(bytes.fromhex(before) + front).hexdigest()
    line = front + b',"h":"' + h.encode() + b'"'
    return line + b',"c":"%08x"}\n' % crc32(line), h


def sound(line: bytes) -> bool:
    """Whether a line without its newline is as it was written, by its CRC alone."""
    return (
        len(line) > TAIL
        and line[-16:-10] == b',"c":"'
        and line[-87:-81] == b',"h":"'
        and line[-2:] == b'"}'
        and line[-10:-2] == b"%08x" % crc32(line[:-16])
    )


def hash_of(line: bytes) -> str:
    return line[-81:-17].decode()


def follows(line: bytes, before: str) -> bool:
    """Whether a sound line's `h` is the chain's."""
    return hashlib.sha256(bytes.fromhex(before) + line[:-TAIL]).hexdigest() == hash_of(line)


def segment_name(number: int) -> str:
    return f"{number:06d}.ndjson"


def scan(folder: Path, disk: Disk) -> Scan:
    """Walk a log without a lock, and say where it stops being sound.

    What stands after the last newline of the last segment is `torn` or `missing_newline` here; a reader that finds
    a writer at work takes it for not yet written.
    """
    paths = sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9][0-9].ndjson"))
    found = Scan("", Head(-1, GENESIS), [], [], paths, 0, b"", None, _manifest(folder, disk))
    vouched = {} if found.manifest is None else {s.name: s for s in found.manifest.segments}
    for name in vouched:
        if not (folder / name).exists():
            return _stop(found, "corrupt", name, 0, "the segment is missing")
    for number, path in enumerate(paths):
        if path.name != segment_name(number):
            return _stop(found, "corrupt", segment_name(number), 0, "the segment is missing")
        data = disk.read(path)
        kept = vouched.get(path.name)
        last = number == len(paths) - 1
        after = b"" if last else disk.read(paths[number + 1])[: 2 * COMMIT]
        _walk(found, path, number, data, after, last=last)
        if found.damage is None and kept is not None:
            if len(data) != kept.size or hashlib.sha256(data).hexdigest() != kept.sha256:
                return _stop(found, "corrupt", path.name, 0, "not the bytes the manifest vouches for")
        elif found.damage is not None:
            if kept is not None and found.damage.kind != "corrupt":
                found.damage = replace(found.damage, kind="corrupt")
            return found
    if found.manifest is not None and found.head.seq < found.manifest.seq:
        return _stop(found, "corrupt", paths[-1].name if paths else "", 0, "shorter than the manifest says")
    return found


def _manifest(folder: Path, disk: Disk) -> Manifest | None:
    path = folder / "MANIFEST"
    if not path.exists():
        return None
    try:
        return json.decode(disk.read(path), type=Manifest)
    except DecodeError as error:
        raise Damaged(
            "{path} is damaged ({error}). The segments may still verify: keep them", path=path, error=error
        ) from None


def _stop(found: Scan, kind: str, segment: str, offset: int, detail: str) -> Scan:
    found.damage = Damage(kind, segment, offset, found.head.seq + 1, detail)
    return found


def _walk(found: Scan, path: Path, number: int, data: bytes, after: bytes, *, last: bool) -> None:
    """Walk one segment; leave the first damage in `found`."""
    at, first = 0, True
    found.sound, found.tail = 0, b""
    if not data:
        # the crash came between the file's name and its header
        _stop(found, "torn" if last else "corrupt", path.name, 0, "the segment is empty")
    limit = _abandoned(after)
    while at < len(data):
        if not first and limit is not None and found.head.h == limit[0] and len(data) - at <= limit[1]:
            found.sound = at
            return  # given up after an I/O error, and accounted for in the next segment
        end = data.find(b"\n", at)
        line = data[at:] if end < 0 else data[at:end]
        fine = sound(line)
        if fine and not follows(line, found.head.h):
            _stop(found, "corrupt", path.name, at, "the line does not follow the one before it")
            return
        if fine and end >= 0:
            wrong = _header(found, line, number) if first else _number(found, line)
            if wrong:
                _stop(found, "corrupt", path.name, at, wrong)
                return
            at, first = end + 1, False
            found.sound = at
            continue
        found.tail = data[at:]
        kind = _kind(found.tail, line, at, fine=fine, first=first) if last else "corrupt"
        _stop(found, kind, path.name, at, _DETAIL[kind])
        return


_DETAIL = {
    "torn": "the last entry was not written to its end",
    "missing_newline": "the last line is whole but its newline is missing",
    "damaged_tail": "the last line was written whole and altered since",
    "corrupt": "bytes that are no line, with the log going on behind them",
}


def _kind(tail: bytes, line: bytes, at: int, *, fine: bool, first: bool) -> str:
    """Tell the four apart (storage.md, consequence 4)."""
    if fine:
        return "missing_newline"
    later = tail[len(line) + 1 :].split(b"\n")
    if any(sound(other) for other in later) or len(tail) > COMMIT:
        return "corrupt"
    if b"\n" not in tail:
        return "torn"
    hole = tail.find(b"\0")
    if hole >= 0 and ((at + hole) % 512 == 0 or hole == 0):
        return "torn"
    return "corrupt" if first else "damaged_tail"


def _header(found: Scan, line: bytes, number: int) -> str:
    try:
        header = json.decode(line, type=Header)
    except DecodeError:
        return "the segment does not begin with its header"
    if header.log_format > LOG_FORMAT:
        raise NotAllowed(
            "{log} was written by a newer tkcore (log format {theirs}, here {ours}). Install that version",
            log=header.log,
            theirs=header.log_format,
            ours=LOG_FORMAT,
        )
    found.log = found.log or header.log
    if header.segment != number or header.prev != found.head.h or header.log != found.log:
        return "the segment's header does not follow the segment before it"
    found.head = Head(found.head.seq, hash_of(line))
    return ""


class _Seq(Struct):
    seq: int


def _number(found: Scan, line: bytes) -> str:
    try:
        seq = json.decode(line, type=_Seq).seq
    except DecodeError:
        return "the line is not a record"
    if seq != found.head.seq + 1:
        return f"record {seq} stands where {found.head.seq + 1} should"
    h = hash_of(line)
    found.head = Head(seq, h)
    found.hashes.append(h)
    found.lines.append(line)
    return ""


def _abandoned(after: bytes) -> tuple[str, int] | None:
    """Return what a segment that follows an I/O error says: the `h` it goes on from, and the bytes given up."""
    lines = after.split(b"\n", 2)
    if len(lines) < 3 or not sound(lines[0]) or not sound(lines[1]):
        return None
    try:
        header = json.decode(lines[0], type=Header)
        record = decode(lines[1])
    except DecodeError:
        return None
    return (header.prev, record.dropped) if isinstance(record, LogRecovered) else None


def vouch(folder: Path, found: Scan, parquet: Iterable[Path], disk: Disk) -> Manifest:
    """Write the MANIFEST of a log that is whole; an earlier one is kept as MANIFEST.<seq>."""
    old = folder / "MANIFEST"
    if found.manifest is not None:
        disk.store(folder / f"MANIFEST.{found.manifest.seq}", disk.read(old))
    manifest = Manifest(
        log=found.log,
        segments=tuple(_weigh(path, disk) for path in found.segments),
        seq=found.head.seq,
        h=found.head.h,
        count=len(found.lines),
        parquet=tuple(_weigh(path, disk) for path in parquet),
    )
    disk.store(old, json.format(json.encode(manifest), indent=1))
    return manifest


def _weigh(path: Path, disk: Disk) -> SegmentFile:
    data = disk.read(path)
    return SegmentFile(path.name, len(data), hashlib.sha256(data).hexdigest())


def check(found: Scan, receipt: Receipt, session: str) -> str:
    """Return what is wrong with a log in the light of a receipt; nothing if it holds that prefix."""
    if receipt.session != session:
        return "the receipt is of another session"
    if receipt.seq >= len(found.hashes):
        return "the log is shorter than when the receipt was given"
    if found.hashes[receipt.seq] != receipt.h:
        return "the log is not the one the receipt was given for"
    return ""
