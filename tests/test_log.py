"""The log: format, chain, recovery, what an I/O error leaves."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import zlib
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tkcore import events as e
from tkcore.disk import Disk, Locked
from tkcore.errors import Damaged, NotAllowed, WriteFailed
from tkcore.log import GENESIS, Damage, scan
from tkcore.receipts import Receipt, prove
from tkcore.recovery import open_log, read
from tkcore.writer import vouch

FACTS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def start(folder: Path, disk: Disk | None = None):
    return open_log(folder, "g/s", disk or Disk(), now="now", logged=5)


def turn(n: int) -> e.Event:
    return e.TurnTaken(sender="A", audience="all", ts=1000 * n, id=f"{n:030x}00", observer="o")


@pytest.fixture
def log(tmp_path):
    """A log of five entries and its folder."""
    writer, _ = start(tmp_path / "s")
    for n in range(5):
        writer.append([turn(n)])
    writer.close()
    return tmp_path / "s"


def records(folder: Path):
    """What a log holds; it must be whole."""
    found, how = read(folder, Disk())
    assert how.damage is None
    return found


def file_of(folder: Path) -> Path:
    return folder / "000000.ndjson"


def test_a_line_can_be_checked_by_hand(log):
    """Every line ends in h and c: SHA-256 over the h before and the line, CRC-32 over all in front of c."""
    before = GENESIS
    for line in file_of(log).read_bytes().splitlines():
        flat = json.loads(line)
        front = line[: line.index(b',"h":')]
        assert flat["h"] == hashlib.sha256(bytes.fromhex(before) + front).hexdigest()
        assert int(flat["c"], 16) == zlib.crc32(line[: line.index(b',"c":')])
        before = flat["h"]
    assert [json.loads(line).get("seq") for line in file_of(log).read_bytes().splitlines()] == [
        None,
        0,
        1,
        2,
        3,
        4,
    ]


def test_what_was_appended_is_read_back(log):
    """Records come back as they were stored, with their numbers."""
    assert [(x.seq, x.ts, x.id) for x in records(log)] == [(n, 1000 * n, f"{n:030x}00") for n in range(5)]


@FACTS
@given(cut=st.integers(0, 10_000))
def test_a_torn_tail_is_cut_kept_and_reported(tmp_path_factory, cut):
    """Wherever the file ends, whole lines stand, the rest is put aside, and the log goes on."""
    folder = tmp_path_factory.mktemp("log") / "s"
    writer, _ = start(folder)
    for n in range(4):
        writer.append([turn(n)])
    writer.close()
    data = file_of(folder).read_bytes()
    keep = data[: cut % (len(data) + 1)]
    file_of(folder).write_bytes(keep)
    whole = keep.count(b"\n")
    missing_newline = keep.endswith(b'"}') and len(keep) < len(data)
    writer, _ = start(folder)
    writer.append([turn(9)])
    writer.close()
    again = records(folder)
    kept = [x for x in again if isinstance(x, e.TurnTaken)]
    assert len(kept) == max(0, whole - 1) + (1 if missing_newline and whole >= 1 else 0) + 1
    torn = [x for x in again if isinstance(x, e.LogRecovered)]
    aside = list(folder.glob("torn-*.bin"))
    tail = keep[keep.rfind(b"\n") + 1 :]
    if tail and not missing_newline:
        assert [(x.dropped, x.sha256) for x in torn] == [(len(tail), hashlib.sha256(tail).hexdigest())]
        assert [p.read_bytes() for p in aside] == [tail]
    else:
        assert (torn, aside) == ([], [])


@FACTS
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(tmp_path_factory, place, bit):
    """A log with one bit altered anywhere is never called whole."""
    folder = tmp_path_factory.mktemp("log") / "s"
    writer, _ = start(folder)
    for n in range(3):
        writer.append([turn(n)])
    writer.close()
    data = bytearray(file_of(folder).read_bytes())
    data[place % len(data)] ^= 1 << bit
    file_of(folder).write_bytes(bytes(data))
    found, how = read(folder, Disk())
    assert scan(folder, Disk()).damage is not None
    with pytest.raises(Damaged) if how.damage else nullcontext():
        start(folder)[0].close()
    kept = [x.ts for x in found]
    assert kept == [1000 * n for n in range(len(kept))]


def test_damage_in_the_middle_is_read_only(log):
    """A bad line with sound ones behind it: read up to there, offset and record named, nothing written."""
    data = file_of(log).read_bytes()
    lines = data.split(b"\n")
    lines[3] = lines[3].replace(b'"ts":2000', b'"ts":2001')
    file_of(log).write_bytes(b"\n".join(lines))
    before = file_of(log).read_bytes()
    with pytest.raises(Damaged, match=r"record 2, 000000.ndjson from byte \d+"):
        start(log)
    assert file_of(log).read_bytes() == before
    assert [x.seq for x in read(log, Disk())[0]] == [0, 1]


@pytest.mark.parametrize("order", [[0, 1, 3, 4, 5], [0, 2, 1, 3, 4, 5], [0, 1, 1, 2, 3, 4, 5]])
def test_lines_deleted_swapped_or_doubled_are_seen(log, order):
    """Each line is sound by itself, the chain says they are not the log."""
    lines = file_of(log).read_bytes().splitlines(keepends=True)
    file_of(log).write_bytes(b"".join(lines[at] for at in order))
    assert scan(log, Disk()).damage.kind == "corrupt"


def test_an_altered_last_line_needs_a_person(log):
    """A complete last line that was altered is not what a crash leaves: nobody cuts it by himself."""
    data = file_of(log).read_bytes()
    file_of(log).write_bytes(data[:-100] + b"X" + data[-99:])
    assert scan(log, Disk()).damage.kind == "damaged_tail"
    with pytest.raises(Damaged, match="altered after it was written"):
        start(log)


def test_a_missing_newline_is_mended(log):
    """A sound last line without its newline gets it."""
    data = file_of(log).read_bytes()
    file_of(log).write_bytes(data[:-1])
    writer, ledger = start(log)
    writer.close()
    assert file_of(log).read_bytes() == data
    assert len(ledger) == 5


def test_nuls_from_a_sector_edge_are_torn(log):
    """A sector that never reached the disk reads as NULs: torn, not altered."""
    data = file_of(log).read_bytes()
    begin = data.rfind(b"\n", 0, -1) + 1
    edge = -(-begin // 512) * 512
    assert begin < edge < len(data)
    file_of(log).write_bytes(data[:edge] + b"\0" * (len(data) - edge))
    assert scan(log, Disk()).damage.kind == "torn"


def test_a_second_writer_is_refused_and_told_who(log):
    """The second writer learns who holds the log; readers go on."""
    writer, _ = start(log)
    try:
        with pytest.raises(Locked, match=f"process {os.getpid()} on"):
            start(log)
        assert len(records(log)) == 5
    finally:
        writer.close()
    start(log)[0].close()


def test_a_lock_dies_with_its_process(log):
    """Kill -9 of the holder frees the log at once."""
    code = (
        "import sys,time; from pathlib import Path; from tkcore.disk import Disk; from tkcore.recovery import open_log\n"
        "open_log(Path(sys.argv[1]),'g/s',Disk(),now='n',logged=1); print('held',flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(log)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(Locked, match=f"process {child.pid} "):
        start(log)
    child.kill()
    child.wait()
    child.stdout.close()
    start(log)[0].close()


class Failing(Disk):
    """A disk that fails the calls it is told to."""

    def __init__(self) -> None:
        self.fail: dict[str, int] = {}

    def _due(self, call: str) -> bool:
        left = self.fail.get(call, 0)
        self.fail[call] = max(0, left - 1)
        return left > 0

    def write(self, fd, data):
        if self._due("short"):
            return super().write(fd, data[: len(data) // 2])
        if self._due("write"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(fd, data)

    def sync(self, fd):
        if self._due("sync"):
            raise OSError(errno.EIO, "Input/output error")
        super().sync(fd)

    def truncate(self, fd, size):
        if self._due("truncate"):
            raise OSError(errno.EIO, "Input/output error")
        super().truncate(fd, size)


@pytest.mark.parametrize("call", ["write", "short"])
def test_a_full_disk_stores_nothing_and_may_be_tried_again(tmp_path, call):
    """ENOSPC or a short write: the entry is not stored, the segment is as before, the next try works."""
    disk = Failing()
    writer, _ = start(tmp_path / "s", disk)
    writer.append([turn(0)])
    before = file_of(tmp_path / "s").read_bytes()
    disk.fail[call] = 1
    with pytest.raises(WriteFailed, match="make room on the disk"):
        writer.append([turn(1)])
    assert file_of(tmp_path / "s").read_bytes() == before
    writer.append([turn(1)])
    writer.close()
    assert [x.ts for x in records(tmp_path / "s")] == [0, 1000]


@pytest.mark.parametrize("faults", [{"sync": 1}, {"short": 1, "truncate": 1}, {"write": 1, "truncate": 1}])
def test_a_failed_sync_ends_the_segment(tmp_path, faults):
    """After a failed sync nothing of that segment's tail counts; the next entry begins a new one that says so."""
    disk = Failing()
    writer, _ = start(tmp_path / "s", disk)
    writer.append([turn(0)])
    disk.fail |= faults
    with pytest.raises(WriteFailed):
        writer.append([turn(1)])
    writer.append([turn(2)])
    writer.close()
    found = records(tmp_path / "s")
    assert [x.ts for x in found if isinstance(x, e.TurnTaken)] == [0, 2000]
    assert len(list((tmp_path / "s").glob("*.ndjson"))) == 2
    # also where nothing can be seen of it now: what was written may come back with the power
    assert [x.dropped > 0 for x in found if isinstance(x, e.LogRecovered)] == [True]
    writer, _ = start(tmp_path / "s")
    writer.append([turn(3)])
    writer.close()
    assert scan(tmp_path / "s", Disk()).head.seq == len(found)


def test_a_new_segment_that_cannot_begin_is_tried_again(tmp_path):
    """The disk is full when the new segment should begin: refused, and fine once there is room."""
    disk = Failing()
    writer, _ = start(tmp_path / "s", disk)
    disk.fail["sync"] = 1
    with pytest.raises(WriteFailed):
        writer.append([turn(0)])
    disk.fail["write"] = 1
    with pytest.raises(WriteFailed, match="no new segment"):
        writer.append([turn(0)])
    writer.append([turn(0)])
    writer.close()
    assert [x.ts for x in records(tmp_path / "s") if isinstance(x, e.TurnTaken)] == [0]


def test_a_closed_log_goes_on_in_a_new_segment(log):
    """A manifest vouches for whole segments; what comes later stands in the next one, opening alone changes nothing."""
    disk = Disk()
    vouch(log, scan(log, disk), [], disk)
    start(log)[0].close()
    assert [p.name for p in log.glob("0*.ndjson")] == ["000000.ndjson"]
    writer, _ = start(log)
    writer.append([turn(7)])
    writer.close()
    found = scan(log, disk)
    assert (found.damage, found.head.seq, len(found.segments)) == (None, 5, 2)
    vouch(log, found, [], disk)
    assert (log / "MANIFEST.4").exists()
    assert scan(log, disk).damage is None


def test_a_cut_at_a_line_is_seen_once_closed(log):
    """A whole line less cannot be seen in an open log, but by the manifest and by a receipt."""
    disk = Disk()
    found = scan(log, disk)
    receipt = Receipt("g/s", found.head.seq, found.head.h)
    data = file_of(log).read_bytes()
    shorter = data[: data.rfind(b"\n", 0, -1) + 1]
    file_of(log).write_bytes(shorter)
    assert scan(log, disk).damage is None
    assert prove(log, "g/s", receipt, disk) == "the log is shorter than when the receipt was given"
    file_of(log).write_bytes(data)
    assert prove(log, "g/s", receipt, disk) == ""
    other = "the log is not the one the receipt was given for"
    assert prove(log, "g/s", Receipt("g/s", 2, "0" * 64), disk) == other
    assert prove(log, "g/s", Receipt("g/t", 2, receipt.h), disk) == "the receipt is of another session"
    vouch(log, scan(log, disk), [], disk)
    file_of(log).write_bytes(shorter)
    assert scan(log, disk).damage.kind == "corrupt"


@pytest.mark.parametrize("change", [("seq", 3), ("h", "0" * 64), ("log", "g/t"), ("count", 9)])
def test_a_manifest_of_another_log_is_seen(log, change):
    """What the manifest says of its segments must be what they say."""
    disk = Disk()
    vouch(log, scan(log, disk), [], disk)
    said = json.loads((log / "MANIFEST").read_text())
    said[change[0]] = change[1]
    (log / "MANIFEST").write_text(json.dumps(said))
    assert scan(log, disk).damage == Damage("corrupt", "MANIFEST", 0, 5, "the manifest is not this log's")


def test_a_missing_segment_is_seen(log):
    """A segment that a manifest vouches for, or that the next one follows, must be there."""
    disk = Disk()
    vouch(log, scan(log, disk), [], disk)
    writer, _ = start(log)
    writer.append([turn(7)])
    writer.close()
    file_of(log).unlink()
    assert scan(log, disk).damage.kind == "corrupt"


def test_a_newer_format_is_not_touched(log):
    """A log of a newer tkcore is neither written nor guessed at."""
    data = file_of(log).read_bytes()
    from msgspec import json as mjson

    from tkcore.log import Header, seal

    line, _ = seal(mjson.encode(Header(log="g/s", segment=0, prev=GENESIS, log_format=9)), GENESIS)
    file_of(log).write_bytes(line)
    with pytest.raises(NotAllowed, match="newer tkcore"):
        start(log)
    assert file_of(log).read_bytes() == line != data


def test_another_sessions_log_is_refused(log):
    """A folder renamed is not another session."""
    with pytest.raises(Damaged, match="holds the log of g/s"):
        open_log(log, "g/other", Disk(), now="n", logged=1)


@FACTS
@given(entries=st.lists(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), max_size=8))
def test_append_and_read_agree(tmp_path_factory, entries):
    """Whatever is appended, in whatever portions and sessions of writing, is read back in order."""
    folder = tmp_path_factory.mktemp("log") / "s"
    for portion in entries:
        writer, _ = start(folder)
        writer.append([turn(ts) for ts in portion])
        writer.close()
    expected = [1000 * ts for portion in entries for ts in portion]
    if entries:
        assert [x.ts for x in records(folder)] == expected
