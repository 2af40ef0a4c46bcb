"""F1 to F5: every byte, every bit, every sector, every record of a log, and every way a commit may be torn."""

from __future__ import annotations

import hashlib
import random
import zlib
from itertools import product

import pytest
from fault_logs import FIRST, LOG, Altered, Quick, entry, go_on, is_kept, make, start, typed
from msgspec.structs import replace

from tkcore.errors import Damaged
from tkcore.log import GENESIS, SECTOR, hash_of, scan, seal
from tkcore.receipts import Receipt, prove
from tkcore.recovery import read
from tkcore.writer import vouch

SLOW = pytest.mark.slow


@pytest.fixture
def log(tmp_path):
    """The usual log: its folder, its bytes, its stored records."""
    folder = tmp_path / "s"
    stored = [one for many in make(folder) for one in many]
    return folder, (folder / FIRST).read_bytes(), stored


def relay(folder, data):
    """Give a log's folder one segment of these bytes and nothing else."""
    for path in folder.iterdir():
        path.unlink()
    (folder / FIRST).write_bytes(data)


def lines_before(stored, at):
    """The ids of the records whose lines end before a byte."""
    return [one.record.id for one in stored if one.line.offset + len(one.line.data) < at]


# -- F1 ----------------------------------------------------------------------------------------------------------


def test_f1_a_cut_at_any_byte_keeps_every_whole_record(log, tried):
    """A reader of a log cut anywhere sees every whole line, and never calls it corrupt."""
    folder, data, stored = log
    for cut in range(len(data) + 1):
        disk = Altered(**{FIRST: data[:cut]})
        records, found = read(folder, disk, LOG)
        assert found.damage is None
        assert typed(records) == lines_before(stored, cut)
        kind = scan(folder, disk, LOG).damage
        at_a_line = cut > 0 and data[cut - 1] == 10
        assert (kind is None) == at_a_line
        assert kind is None or kind.kind in ("torn", "missing_newline")
        tried("F1")


@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=SLOW) for n in (1, 2, 3))])
def test_f1_a_log_cut_at_any_byte_goes_on(log, tried, part):
    """The next writer of a log cut anywhere keeps every whole record, puts the rest aside byte for byte and goes on."""
    folder, data, stored = log
    for cut in range(part, len(data) + 1, 4):
        relay(folder, data[:cut])
        had, found = go_on(folder)
        whole = lines_before(stored, cut + 1)  # the newline alone may be missing: it is mended
        assert had == whole
        tail = data[data.rfind(b"\n", 0, cut) + 1 : cut]
        aside = [p.read_bytes() for p in folder.glob("torn-*.bin")]
        mended = data[cut : cut + 1] == b"\n"
        assert aside == ([tail] if tail and not mended else [])
        if aside:
            said = [x for x in read(folder, Quick(), LOG)[0] if x.observer == "recorder"]
            assert [(x.dropped, x.sha256) for x in said] == [(len(tail), hashlib.sha256(tail).hexdigest())]
        assert len(found.segments) == (2 if aside and cut > len(data.split(b"\n")[0]) else 1)
        tried("F1")


def test_f1_a_closed_log_cut_at_any_byte_is_seen(log, tried):
    """What a manifest vouches for may not be cut anywhere, not even between two lines."""
    folder, data, _ = log
    vouch(folder, scan(folder, Quick(), LOG), [], Quick())
    for cut in range(len(data)):
        assert scan(folder, Altered(**{FIRST: data[:cut]}), LOG).damage.kind == "corrupt"
        tried("F1")


def test_f1_a_later_segment_cut_at_any_byte_loses_nothing_before_it(log, tried):
    """Cutting the second segment anywhere keeps the first whole, before and after its torn tail was cut off."""
    folder, data, _ = log
    relay(folder, data[:-40])
    before, _ = go_on(folder)
    second = (folder / "000001.ndjson").read_bytes()
    header, note = (len(line) for line in second.splitlines(keepends=True)[:2])
    for tail, cut in product((data[: data.rfind(b"\n", 0, -1) + 1], data[:-40]), range(len(second))):
        relay(folder, tail)
        (folder / "000001.ndjson").write_bytes(second[:cut])
        tried("F1")
        if tail == data[:-40] and header - 1 <= cut < header + note:
            # a segment is stored whole or not at all: one without its note is no crash's, and gets no append
            with pytest.raises(Damaged):
                start(folder)
            continue
        had, _ = go_on(folder, 1000)
        assert had == before + [f"{999:030x}00"] * (cut == len(second) - 1)


# -- F2 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(8))
def test_f2_no_flipped_bit_goes_unseen(log, tried, bit):
    """A log with one bit flipped is never called clean nor taken for torn, and everything before it is read."""
    folder, data, stored = log
    changed = bytearray(data)
    disk = Altered()
    for at in range(len(data)):
        changed[at] ^= 1 << bit
        disk.files[FIRST] = bytes(changed)
        found = scan(folder, disk, LOG)
        assert found.damage is not None
        assert found.damage.kind in ("corrupt", "damaged_tail")
        assert found.damage.offset <= at
        assert found.head.seq + 1 == len(lines_before(stored, at))
        changed[at] ^= 1 << bit
        tried("F2")


def test_f2_no_writer_cuts_off_a_flipped_bit(log, tried):
    """Opening to write a log with one bit flipped in its header or its last line is refused and changes nothing."""
    folder, data, _ = log
    header, last = data.find(b"\n") + 1, data.rfind(b"\n", 0, -1) + 1
    for at in (*range(header), *range(last, len(data))):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            relay(folder, changed)
            with pytest.raises(Damaged, match="from byte"):
                start(folder)
            assert sorted(p.name for p in folder.iterdir()) == [FIRST, "LOCK"]
            assert (folder / FIRST).read_bytes() == changed
            tried("F2")


def test_f2_no_flipped_bit_of_a_manifest_hides_damage(log, tried):
    """A manifest with one bit flipped never makes a whole log's records others, nor a cut log clean."""
    folder, data, stored = log
    vouch(folder, scan(folder, Quick(), LOG), [], Quick())
    said = (folder / "MANIFEST").read_bytes()
    cut = data[: stored[-1].line.offset]
    for at in range(len(said)):
        for bit in range(8):
            changed = said[:at] + bytes([said[at] ^ 1 << bit]) + said[at + 1 :]
            try:
                clean = scan(folder, Altered(MANIFEST=changed, **{FIRST: cut}), LOG).damage is None
            except Exception as error:  # noqa: BLE001 - whatever it is must be one of ours
                assert type(error).__name__ in ("Damaged", "NotAllowed")
                clean = False
            assert not clean
            tried("F2")


# -- F3 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [512, 1024, 2048, 4096])
@pytest.mark.parametrize("how", ["zeros", "random", "old", "next", "ones"])
def test_f3_no_lost_sector_goes_unseen(log, tried, size, how):
    """A sector that is lost, garbage, stale or another's is never called clean.

    Only NULs, or an end without a newline, that nothing but one entry follows are taken for a torn write: all that is
    cut is kept aside, and a receipt misses it.
    """
    folder, data, stored = log
    rng = random.Random(size)
    for at in range(0, len(data), size):
        was = data[at : at + size]
        other = {
            "zeros": bytes(len(was)),
            "ones": b"\xff" * len(was),
            "random": rng.randbytes(len(was)),
            "old": data[max(0, at - size) :][: len(was)],
            "next": data[at + size :][: len(was)].ljust(len(was), b"\0"),
        }[how]
        if other == was:
            continue
        changed = data[:at] + other + data[at + size :]
        relay(folder, changed)
        found = scan(folder, Quick(), LOG)
        assert found.damage is not None
        assert found.head.seq + 1 == len(lines_before(stored, at))
        if found.damage.kind == "torn":
            behind = [one for one in stored if one.line.offset >= at + size and one.line.offset > found.sound]
            assert b"\0\0" in other or b"\n" not in changed[found.sound :]
            assert len({one.record.id[:30] for one in behind}) <= 1
            had, _ = go_on(folder)
            assert had == lines_before(stored, at)
            assert [p.read_bytes() for p in folder.glob("torn-*.bin")] == [changed[found.sound :]]
        else:
            with pytest.raises(Damaged):
                start(folder)
            assert (folder / FIRST).read_bytes() == changed
        receipt = Receipt(LOG, stored[-1].record.seq, hash_of(stored[-1].line.data))
        assert prove(folder, LOG, receipt, Quick()) != ""
        tried("F3")


# -- F4 ----------------------------------------------------------------------------------------------------------


def forged(line, before, *, crc, chain):
    """Change a record's time, and make its CRC, or its CRC and its hash, right again."""
    front = line[:-87].replace(b'"ts":', b'"ts":9')
    assert front != line[:-87]
    if chain:
        return seal(front + b"}", before)[0][:-1]
    body = front + line[-87:-16]
    return body + (b',"c":"%08x"}' % zlib.crc32(body) if crc else line[-16:])


FORGERIES = ["delete", "duplicate", "swap", "edit", "crc", "chain", "rewrite", "blank", "insert", "move"]


@pytest.mark.parametrize("how", FORGERIES)
def test_f4_no_tampered_record_goes_unseen(log, tried, how):
    """Each record deleted, doubled, swapped, edited or forged is seen by the log, or by the receipt of its end."""
    folder, data, stored = log
    header, *lines = data.splitlines()
    receipt = Receipt(LOG, stored[-1].record.seq, hash_of(stored[-1].line.data))
    for n, line in enumerate(lines):
        before = hash_of(lines[n - 1] if n else header)
        rest = lines[n + 1 :]
        if how == "rewrite":  # whoever can hash may write a whole new end: only the receipt knows
            chain, rest = hash_of(forged(line, before, crc=True, chain=True)), []
            for one in lines[n + 1 :]:
                new, chain = seal(one[:-87] + b"}", chain)
                rest.append(new[:-1])
        if how == "swap" and not rest:
            continue
        middle = {
            "delete": [], "duplicate": [line, line], "swap": [*rest[:1], line], "edit": [forged(line, before, crc=False, chain=False)],
            "crc": [forged(line, before, crc=True, chain=False)], "chain": [forged(line, before, crc=True, chain=True)],
            "rewrite": [forged(line, before, crc=True, chain=True)], "blank": [b"", line],
            "insert": [seal(b'{"t":"clock.ticked","v":1,"seq":%d}' % n, before)[0][:-1], line],
            "move": [],
        }[how]  # fmt: skip
        rest = rest[1:] if how == "swap" else [*rest, line] if how == "move" and rest else rest
        changed = b"\n".join([header, *lines[:n], *middle, *rest]) + b"\n"
        if changed == data:
            continue
        relay(folder, changed)
        found = scan(folder, Quick(), LOG)
        unseen = how == "rewrite" or (n == len(lines) - 1 and how in ("delete", "chain", "move"))
        assert (found.damage is None) == unseen, (how, n)
        assert prove(folder, LOG, receipt, Quick()) != "" or how == "duplicate"
        if not unseen:
            assert found.damage.kind in ("corrupt", "damaged_tail")
            with pytest.raises(Damaged):
                start(folder)
            assert (folder / FIRST).read_bytes() == changed
        vouched = Altered(**{FIRST: data})
        manifest = vouch(folder, scan(folder, vouched, LOG), [], vouched)
        assert manifest.h == hash_of(stored[-1].line.data)
        assert scan(folder, Quick(), LOG).damage is not None
        tried("F4")


# -- F5 ----------------------------------------------------------------------------------------------------------


def torn_commits(data, at, sector, rest):
    """Every content a segment may have when the power fails while the bytes from `at` are written."""
    edges = [*range(at - at % sector + sector, len(data), sector), len(data)]
    starts = [at - at % sector, *edges[:-1]]
    seen = set()
    for size in [at, *edges]:
        for chosen in product((False, True), repeat=len(starts)):
            left = bytearray(data[:at].ljust(size, b"\0")[:size])
            for begin, take in zip(starts, chosen, strict=True):
                begin_, end = max(begin, at), min(begin + sector, size)
                if begin_ >= end:
                    continue
                if take:
                    left[begin_:end] = data[begin_:end]
                elif rest is not None:
                    left[begin_:end] = rest.randbytes(end - begin_)
            seen.add(bytes(left))
    return sorted(seen)


@pytest.mark.parametrize("records", range(1, 7))
@pytest.mark.parametrize("sector", [SECTOR, 4096])
def test_f5_a_torn_commit_never_costs_what_was_before_it(tmp_path, tried, sector, records):
    """Every subset of a commit's sectors at every size: acknowledged records stay, a beginning of the entry may."""
    folder = tmp_path / "s"
    for filler in range(8):
        # another alignment of the entry's beginning each time
        for path in folder.glob("*"):
            path.unlink()
        stored = make(folder, (1,) * (filler + 1))
        acked = [one.record.id for many in stored for one in many]
        at = (folder / FIRST).stat().st_size
        writer, _ = start(folder)
        trying = typed(one.record for one in writer.append(entry(77, records, tick=filler % 2 > 0)))
        writer.close()
        data = (folder / FIRST).read_bytes()
        for left in torn_commits(data, at, sector, None):
            relay(folder, left)
            seen, found = read(folder, Quick(), LOG)
            assert found.damage is None
            assert is_kept(typed(seen), acked, trying)
            had, _ = go_on(folder)
            assert is_kept(had, acked, trying)
            tried("F5")


@pytest.mark.parametrize("part", range(4))
def test_f5_a_commit_may_end_anywhere_in_a_sector(tmp_path, tried, part):
    """A commit that ends at each of a sector's 512 bytes, its newline alone in the last one too: torn, never a person's."""
    folder = tmp_path / "s"
    for shift in range(part, SECTOR, 4):
        for path in folder.glob("*"):
            path.unlink()
        writer, _ = start(folder)
        filler = entry(1)[0]
        writer.append([replace(filler, sender="x" * (1 + shift))])
        at = (folder / FIRST).stat().st_size
        writer.append(entry(2))
        writer.close()
        data = (folder / FIRST).read_bytes()
        for left in torn_commits(data, at, SECTOR, None):
            relay(folder, left)
            found = scan(folder, Quick(), LOG)
            assert found.damage is None or found.damage.kind in ("torn", "missing_newline"), (
                shift,
                len(left) - at,
            )
            had, _ = go_on(folder)
            assert is_kept(had, [filler.id], [entry(2)[0].id])
            tried("F5")


@pytest.mark.parametrize("records", range(1, 5))
def test_f5_a_trashed_commit_is_never_clean(tmp_path, tried, records):
    """Where unwritten sectors hold garbage, what was acknowledged is read and the garbage is never taken for records."""
    folder, rng = tmp_path / "s", random.Random(records)
    stored = make(folder, (2, 3))
    acked = [one.record.id for many in stored for one in many]
    at = (folder / FIRST).stat().st_size
    writer, _ = start(folder)
    trying = typed(one.record for one in writer.append(entry(77, records)))
    writer.close()
    data = (folder / FIRST).read_bytes()
    whole = {at + len(b"\n".join(data[at:].split(b"\n")[:n])) + (n > 0) for n in range(records + 1)}
    for left in torn_commits(data, at, SECTOR, rng):
        relay(folder, left)
        found = scan(folder, Quick(), LOG)
        assert (found.damage is None) == (left == data[: len(left)] and len(left) in whole)
        records_, _ = read(folder, Quick(), LOG)
        assert is_kept(typed(records_), acked, trying)
        tried("F5")


def test_the_walk_begins_at_the_beginning(log):
    """The first line's chain begins at nothing, so no log can be the middle of another."""
    _, data, _ = log
    assert hash_of(data.splitlines()[0]) == seal(data.splitlines()[0][:-87] + b"}", GENESIS)[1]
