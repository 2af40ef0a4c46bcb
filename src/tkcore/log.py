"""The log: segments of JSON lines, each chained to everything before, durable before acknowledged.

A line is one flat JSON object and two fixed-width members: `h`, SHA-256 over the `h` before (32 bytes) and the line
up to `,"h":`, and `c`, CRC-32 of the line up to `,"c":`. Both are cut from the line's end by position: nothing is
re-serialised to verify. Session, group and workspace logs are this one format. What the records mean is not known
here; `writer.py` appends, `recovery.py` opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from msgspec import DecodeError, Struct, json

from tkcore.disk import Disk
from tkcore.events import LogRecovered
from tkcore.manifest import LOG_FORMAT, Manifest, manifest_of, weigh
from tkcore.records import decode
from tkcore.talk import N_

GENESIS = "0" * 64
COMMIT = 1 << 20
"""The most bytes one entry may have; damage longer than that is no torn write."""
TAIL = 87
"""The bytes of `,"h":"…","c":"…"}`."""
SECTOR = 512
"""What a disk writes whole or not at all; larger ones are multiples of it."""


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


class Damage(Struct, frozen=True):
    """A bad place: torn, missing_newline, damaged_tail, corrupt or newer, from `offset` in `segment`, before `seq`."""

    kind: str
    segment: str
    offset: int
    seq: int
    detail: str


class Line(Struct, frozen=True, gc=False):
    """A record's line without its newline, and where it lies."""

    seq: int
    segment: int
    offset: int
    data: bytes


class Scan(Struct):
    """What a walk through a log has found so far; final once the walk has ended."""

    log: str = ""
    """Whose log this is; a caller that knows sets it before the walk."""
    head: Head = Head(-1, GENESIS)
    chain: str = GENESIS
    """The `h` of the last line, be it a record's or a header's."""
    segments: list[Path] = []
    sound: int = 0
    """Bytes of the last segment up to the end of its last sound line."""
    tail: bytes = b""
    """What follows them, up to a little more than one entry."""
    stillborn: Path | None = None
    """A segment whose first line was never written to its end."""
    damage: Damage | None = None
    owner: str = ""
    """Whose log a segment says it is, where that is another's."""
    manifest: Manifest | None = None

    def stop(self, kind: str, segment: str, offset: int, detail: str) -> None:
        self.damage = Damage(kind, segment, offset, self.head.seq + 1, detail)


def chained(body: bytes, before: bytes) -> tuple[bytes, bytes]:
    """Return the stored line of a JSON object, without its newline, and its digest in the chain."""
    front = body[:-1]
    digest = sha256(before + front).digest()
    line = b'%s,"h":"%s"' % (front, digest.hex().encode())
    return b'%s,"c":"%08x"}' % (line, crc32(line)), digest


def seal(body: bytes, before: str) -> tuple[bytes, str]:
    """Return the stored line of a JSON object, with its newline, and its `h`."""
    line, digest = chained(body, bytes.fromhex(before))
    return line + b"\n", digest.hex()


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
    return sha256(bytes.fromhex(before) + line[:-TAIL]).hexdigest().encode() == line[-81:-17]


NEWER = N_("from here on a newer tkcore has written")


def segment_name(number: int) -> str:
    return f"{number:06d}.ndjson"


def scan(folder: Path, disk: Disk, log: str = "") -> Scan:
    """Walk a log without keeping it, and say where it stops being sound."""
    found = Scan(log=log)
    for _ in walk(folder, disk, found):
        pass
    return found


def walk(folder: Path, disk: Disk, found: Scan, *, trust: bool = False) -> Iterator[Line]:
    """Yield the sound lines of a log in order, without a lock and in bounded memory; tell `found` how it ends.

    With `trust` a segment that is byte for byte what the manifest vouches for is not verified line by line. What
    stands after the last newline of the last segment is `torn` or `missing_newline`; a reader that finds a writer at
    work takes it for not yet written.
    Raises Damaged where the manifest cannot be read.
    """
    # the manifest first: a closing that comes between the two only adds segments it does not name
    found.manifest = manifest_of(folder, disk)
    newer = found.manifest is not None and found.manifest.log_format > LOG_FORMAT
    vouched = {s.name: s for s in found.manifest.segments} if found.manifest is not None and not newer else {}
    found.segments = sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9][0-9].ndjson"))
    names = {path.name for path in found.segments}
    for number, path in enumerate(found.segments):
        if path.name != segment_name(number):
            return found.stop("corrupt", segment_name(number), 0, N_("the segment is missing"))
    for name in vouched:
        if name not in names:
            return found.stop("corrupt", name, 0, N_("the segment is missing"))
    if len(names) > max(1, len(vouched)) and unborn(found.segments[-1], disk):
        found.stillborn = found.segments.pop()
    nexts = [*found.segments[1:], None]
    for number, (path, following) in enumerate(zip(found.segments, nexts, strict=False)):
        kept = vouched.get(path.name)
        whole = kept is not None and weigh(path, disk) == kept
        limit = None if following is None else abandoned(following, disk)
        last = following is None and kept is None
        with disk.open_read(path) as source:
            yield from segment_lines(found, source, path, number, limit, last=last, trusted=whole and trust)
        if found.damage is not None:
            return None
        if kept is not None and not whole:
            return found.stop("corrupt", path.name, 0, N_("not the bytes the manifest vouches for"))
        if found.manifest is not None and number == len(vouched) - 1 and not _agrees(found, found.manifest):
            return found.stop("corrupt", "MANIFEST", 0, N_("the manifest is not this log's"))
    if newer:
        found.stop("newer", "MANIFEST", 0, NEWER)
    elif found.stillborn is not None:
        found.stop(
            "torn", found.stillborn.name, 0, N_("the segment was not written to the end of its first line")
        )
    return None


def _agrees(found: Scan, manifest: Manifest) -> bool:
    """Whether a manifest says of its segments what they say themselves."""
    return (
        manifest.log_format == LOG_FORMAT
        and manifest.log == found.log
        and Head(manifest.seq, manifest.h) == found.head
        and manifest.count == manifest.seq + 1
    )


def segment_lines(
    found: Scan,
    source: BinaryIO,
    path: Path,
    number: int,
    limit: tuple[str, int] | None,
    *,
    last: bool,
    trusted: bool,
    begin: int = 0,
) -> Iterator[Line]:
    """Yield the records of one segment, from the line at `begin` on; leave the first damage in `found`.

    This is the loop that every reader waits for: the state stands in locals until the segment ends.
    """
    size = source.seek(0, 2)
    at = source.seek(begin)
    seq, tip, chain = found.head.seq, bytes.fromhex(found.head.h), bytes.fromhex(found.chain)
    given_up = None if limit is None else bytes.fromhex(limit[0])
    wrong = ""
    raw = b""
    try:
        while raw := source.readline(COMMIT + 1):
            if at and limit is not None and chain == given_up and size - at <= limit[1]:
                return  # given up after an I/O error, and accounted for in the next segment
            line = raw[:-1]
            digest = _verified(line, chain, trusted=trusted) if raw[-1] == _NEWLINE else None
            if digest is None:
                break
            if at:
                if line.find(b'"seq":%d,' % (seq + 1), 0, _ENVELOPE) < 0 and (
                    wrong := _number(line, seq + 1)
                ):
                    break
                seq, tip = seq + 1, digest
                yield Line(seq, number, at, line)
            elif wrong := _header(found, line, number):
                break
            chain = digest
            at += len(raw)
    finally:
        found.head = Head(seq, tip.hex())
        found.chain, found.sound, found.tail = chain.hex(), at, b""
    if wrong:
        found.stop("newer" if wrong is NEWER else "corrupt", path.name, at, wrong)
    elif raw:
        # an end without a newline is all there was: what a writer has added since is not looked at
        ended = raw[-1] != _NEWLINE and len(raw) <= COMMIT
        found.tail = raw if ended else raw + source.read(COMMIT + 1)
        found.stop(*_judge(found, path, at, last=last))
    elif not at:
        # the crash came between the file's name and its header
        found.stop("torn" if last else "corrupt", path.name, 0, N_("the segment is empty"))


_NEWLINE = 10
_ENVELOPE = 160
"""Where a record's number stands, counted from the beginning of its line."""


def _verified(line: bytes, before: bytes, *, trusted: bool) -> bytes | None:
    """Return a line's digest in the chain if it is sound and follows; what the manifest vouches for is taken as it is."""
    if trusted:
        return bytes.fromhex(line[-81:-17].decode())
    digest = sha256(before + line[:-TAIL]).digest()
    if line[-TAIL:] == b',"h":"%s","c":"%08x"}' % (digest.hex().encode(), crc32(line[:-16])):
        return digest
    return None


def _judge(found: Scan, path: Path, at: int, *, last: bool) -> tuple[str, str, int, str]:
    """Say which damage begins at `at` (storage.md, consequence 4)."""
    first, newline, rest = found.tail.partition(b"\n")
    if sound(first) and not follows(first, found.chain):
        return "corrupt", path.name, at, N_("the line does not follow the one before it")
    kind = "corrupt"
    if last and len(found.tail) <= COMMIT:
        if not newline and sound(first.rstrip(b"\0")):
            kind = "missing_newline"  # or one that is NUL: its sector never reached the disk
        elif _unwritten(found.tail, at):
            kind = "torn"
        elif at and not rest and not _swallowed(first):
            kind = "damaged_tail"
    return kind, path.name, at, _DETAIL[kind]


_DETAIL = {
    "torn": N_("the last entry was not written to its end"),
    "missing_newline": N_("the last line is whole but its newline is missing"),
    "damaged_tail": N_("the last line was written whole and altered since"),
    "corrupt": N_("bytes that are no line, with the log going on behind them"),
}


def _unwritten(tail: bytes, at: int) -> bool:
    """Whether a crash within one write leaves such bytes: cut short, or with sectors that never reached the disk.

    Sectors may be missing in the middle of an entry of several lines; sound lines behind them must then be of that
    one entry, or of the recorder itself (the ticks that go before it).
    """
    *lines, end = tail.split(b"\n")
    if sound(end[:-1]):
        return False  # whole but for its newline, which is something else now
    entries: set[str] = set()
    begin = 0
    for line in lines:
        if sound(line):
            stub = stub_of(line)
            entries.add("" if stub.observer == "recorder" else stub.id[:30])
        elif not _hole(line, begin, at):
            return False
        begin += len(line) + 1
    return len(entries - {""}) <= 1


def _swallowed(line: bytes) -> bool:
    """Whether a bad line has a sound one behind it: what was between them is gone."""
    begin = line.find(b'{"t":', 1)
    while begin >= 0:
        if sound(line[begin:]) or sound(line[begin:-1]):
            return True
        begin = line.find(b'{"t":', begin + 1)
    return False


def _hole(line: bytes, begin: int, at: int) -> bool:
    """Whether a line has a run of NULs from where the write or a sector began to where a sector ends."""
    where = line.find(b"\0")
    while where >= 0:
        end = where
        while end < len(line) and line[end] == 0:
            end += 1
        start, stop = at + begin + where, at + begin + end
        from_edge = start % SECTOR == 0 or begin + where == 0
        if from_edge and stop % SECTOR == 0:
            return True
        where = line.find(b"\0", end)
    return False


class Stub(Struct, frozen=True, kw_only=True):
    """What the log itself needs to know of a record."""

    t: str
    v: int = 1
    seq: int
    id: str = ""
    ts: int = 0
    logged: int = 0
    observer: str = ""


_stub = json.Decoder(Stub)


def stub_of(line: bytes) -> Stub:
    """Return a record's envelope. Raises DecodeError."""
    return _stub.decode(line)


def _header(found: Scan, line: bytes, number: int) -> str:
    try:
        header = json.decode(line, type=Header)
    except DecodeError:
        return N_("the segment does not begin with its header")
    if header.log_format > LOG_FORMAT:
        return NEWER
    found.log = found.log or header.log
    if header.log != found.log:
        found.owner = header.log
        return N_("it is the log of another session, group or workspace")
    if header.segment != number or header.prev != found.chain:
        return N_("the segment's header does not follow the segment before it")
    return ""


def _number(line: bytes, wanted: int) -> str:
    """Return what is wrong with a record's number: it is looked for where it stands, and decoded where it does not."""
    try:
        seq = stub_of(line).seq
    except DecodeError:
        return N_("the line is not a record")
    return "" if seq == wanted else N_("the records are not numbered one after the other")


def _first_lines(path: Path, disk: Disk) -> tuple[bytes, bytes]:
    with disk.open_read(path) as source:
        return source.readline(COMMIT), source.readline(COMMIT)


def unborn(path: Path, disk: Disk) -> bool:
    """Whether not even the first line of a segment was written to its end."""
    head, _ = _first_lines(path, disk)
    if head.endswith(b"\n"):
        return not sound(head[:-1]) and _unwritten(head, 0)
    return not sound(head)


def abandoned(path: Path, disk: Disk) -> tuple[str, int] | None:
    """Return what a segment that follows an I/O error says: the `h` it goes on from, and the bytes given up."""
    head, note = (line[:-1] for line in _first_lines(path, disk))
    if not sound(head) or not sound(note):
        return None
    try:
        header = json.decode(head, type=Header)
        record = decode(note)
    except DecodeError:
        return None
    return (header.prev, record.dropped) if isinstance(record, LogRecovered) else None
