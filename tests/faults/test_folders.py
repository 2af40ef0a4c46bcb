"""F10 and F13: folders as a crash, a copy or a hand may leave them; each has its own answer."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress

import pytest
from fault_logs import FIRST, LOG, Quick, entry, go_on, make, start, typed
from fault_program import BOOKS, Place

from tkcore.closing import close_session
from tkcore.errors import Damaged, TkError
from tkcore.log import GENESIS, scan
from tkcore.manifest import SegmentFile
from tkcore.reading import read_session
from tkcore.recovery import read
from tkcore.verifying import verify
from tkcore.writer import vouch

SECOND, THIRD = "000001.ndjson", "000002.ndjson"

# -- F10: what a crash leaves ------------------------------------------------------------------------------------

NEW = {
    "no folder": shutil.rmtree,
    "an empty folder": lambda f: [p.unlink() for p in f.iterdir()],
    "only the lock": lambda f: (f / FIRST).unlink(),
    "a draft of the first segment": lambda f: (f / FIRST).rename(f / f".{FIRST}.77.draft"),
    "an empty first segment": lambda f: (f / FIRST).write_bytes(b""),
    "a header cut short": lambda f: (f / FIRST).write_bytes((f / FIRST).read_bytes()[:60]),
    "a header of NULs": lambda f: (f / FIRST).write_bytes(bytes(512)),
    "a header without its newline": lambda f: (f / FIRST).write_bytes(
        (f / FIRST).read_bytes().split(b"\n")[0]
    ),
    "a header and nothing else": lambda f: (f / FIRST).write_bytes(
        (f / FIRST).read_bytes().split(b"\n")[0] + b"\n"
    ),
}


@pytest.mark.parametrize("name", NEW)
def test_f10_a_log_that_was_never_begun_begins(tmp_path, tried, name):
    """Whatever a crash leaves of a log without a record, opening it makes a whole log."""
    folder = tmp_path / "s"
    make(folder, (1,))
    NEW[name](folder)
    had, _ = go_on(folder)
    assert had == []
    tried("F10")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A closed session, as it was before closing and after."""
    place = Place(tmp_path_factory.mktemp("w") / "w")
    place.run(5)
    before = {p.name: p.read_bytes() for p in place.folder.iterdir()}
    close_session(place.desk, "g/s", BOOKS)
    after = {p.name: p.read_bytes() for p in place.folder.iterdir()}
    return place, before, after


CLOSING = {
    "nothing of the seal": [],
    "a draft of the events": [".event.parquet.9.draft"],
    "the events only": ["event.parquet"],
    "both, and no manifest": ["event.parquet", "record.parquet"],
    "both, and a draft of the manifest": ["event.parquet", "record.parquet", ".MANIFEST.9.draft"],
    "all of it": ["event.parquet", "record.parquet", "MANIFEST"],
    "the manifest without its Parquet": ["MANIFEST"],
    "a Parquet cut short": ["event.parquet/2", "record.parquet", "MANIFEST"],
}


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("name", CLOSING)
def test_f10_a_seal_cut_short_is_made_again(sealed, tried, name, closed):
    """Any part of a seal may be missing: the session is read all the same, and closing again completes it."""
    place, before, after = sealed
    for path in place.folder.iterdir():
        path.unlink()
    for file, data in (after if closed or "MANIFEST" in CLOSING[name] else before).items():
        if file.endswith("ndjson"):
            (place.folder / file).write_bytes(data)
    for file in CLOSING[name]:
        wanted, cut, _ = file.partition("/")
        kind = wanted.strip(".").partition(".")[0]
        source = next(name for name in after if name.startswith(kind))
        clean = f".{source}.9.draft" if wanted.startswith(".") else source
        (place.folder / clean).write_bytes(after[source][: len(after[source]) // (2 if cut else 1)])
    assert len(read_session(place.desk.workspace, "g/s", Quick()).records) >= 6
    close_session(place.desk, "g/s", BOOKS)
    found = scan(place.folder, Quick(), "g/s")
    assert found.damage is None
    assert found.manifest is not None
    verdict = verify("g/s", place.folder, place.desk.workspace.vault, Quick(), lambda _: None)
    assert verdict.ok, verdict.damage
    tried("F10")


def test_f10_a_stale_manifest_beside_later_segments(tmp_path, tried):
    """Records after closing stand in the next segment: the old manifest holds, is kept, and a new one is written."""
    folder = tmp_path / "s"
    make(folder, (1, 2))
    for n in range(4):
        vouch(folder, scan(folder, Quick(), LOG), [], Quick())
        had, found = go_on(folder, 900 + n)
        assert len(had) == 3 + n
        assert found.manifest.seq == 2 + n
        assert len(found.segments) == n + 2
        tried("F10")
    assert sorted(p.name for p in folder.glob("MANIFEST*")) == [
        "MANIFEST",
        "MANIFEST.2",
        "MANIFEST.3",
        "MANIFEST.4",
    ]


# -- F13: EventStoreDB's cases -----------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path):
    """A closed log of three segments, the folder of another log beside it."""
    folder, other = tmp_path / "s", tmp_path / "t"
    for place, shape in ((folder, (1, 2, 1)), (other, (2, 1))):
        make(place, shape)
        for n in (1, 2):
            data = max(place.glob("*.ndjson"))
            data.write_bytes(data.read_bytes() + b'{"t":"torn')
            writer, _ = start(place)
            writer.append(entry(100 * n + len(shape)))
            writer.close()
        vouch(place, scan(place, Quick(), LOG), [], Quick())
    assert len(list(folder.glob("*.ndjson"))) == 3
    return folder, other


def swap(f, a, b):
    x, y = (f / a).read_bytes(), (f / b).read_bytes()
    (f / a).write_bytes(y)
    (f / b).write_bytes(x)


def manifest(f, **changes):
    said = json.loads((f / "MANIFEST").read_text()) | changes
    (f / "MANIFEST").write_text(json.dumps(said))


def edit(path, change):
    path.write_bytes(change(path.read_bytes()))


CASES = {
    "the first segment is missing": (lambda f, o: (f / FIRST).unlink(), FIRST, "missing"),
    "a middle segment is missing": (lambda f, o: (f / SECOND).unlink(), SECOND, "missing"),
    "the last segment is missing": (lambda f, o: (f / THIRD).unlink(), THIRD, "missing"),
    "two segments are swapped": (lambda f, o: swap(f, SECOND, THIRD), SECOND, "does not follow"),
    "the first two are swapped": (lambda f, o: swap(f, FIRST, SECOND), FIRST, "does not follow"),
    "a segment is another log's": (lambda f, o: shutil.copy(o / SECOND, f / SECOND), SECOND, "does not follow"),
    "the first segment is another log's": (lambda f, o: shutil.copy(o / FIRST, f / FIRST), "", "vouches|follow"),
    "a segment stands twice": (lambda f, o: shutil.copy(f / SECOND, f / THIRD), THIRD, "does not follow"),
    "a segment too many": (lambda f, o: shutil.copy(f / SECOND, f / "000003.ndjson"), "000003.ndjson", "does not follow"),
    "a segment beyond a gap": (lambda f, o: shutil.copy(f / SECOND, f / "000005.ndjson"), "000003.ndjson", "missing"),
    "a segment a byte shorter": (lambda f, o: edit(f / SECOND, lambda d: d[:-1]), SECOND, ""),
    "a segment a byte longer": (lambda f, o: edit(f / SECOND, lambda d: d + b"\n"), SECOND, ""),
    "a segment a line shorter": (lambda f, o: edit(f / SECOND, lambda d: d[: d.rfind(b"\n", 0, -1) + 1]), "", "follow|vouches"),
    "a segment a line longer": (lambda f, o: edit(f / THIRD, lambda d: d + d.splitlines()[-1] + b"\n"), THIRD, ""),
    "a segment empty": (lambda f, o: (f / SECOND).write_bytes(b""), SECOND, "empty"),
    "the last segment empty": (lambda f, o: (f / THIRD).write_bytes(b""), THIRD, "empty"),
    "a segment of zeros": (lambda f, o: edit(f / SECOND, lambda d: bytes(len(d))), SECOND, ""),
    "a segment that is no log": (lambda f, o: (f / SECOND).write_bytes(b"hello\nworld\n"), SECOND, ""),
    "the manifest of an earlier head": (lambda f, o: manifest(f, seq=3, count=4), "MANIFEST", "not this log's"),
    "the manifest of another head": (lambda f, o: manifest(f, h="1" * 64), "MANIFEST", "not this log's"),
    "another log's manifest": (lambda f, o: manifest(f, log="g/t"), "MANIFEST", "not this log's"),
    "another log's manifest, whole": (lambda f, o: shutil.copy(o / "MANIFEST", f / "MANIFEST"), "", "vouches"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_f13_each_wrong_folder_has_its_own_error(three, tried, name):
    """Missing, swapped, extra, too short, too long, foreign: named with its segment, never read as whole, never written."""
    folder, other = three
    act, segment, says = CASES[name]
    act(folder, other)
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "LOCK"}
    records, found = read(folder, Quick(), LOG)
    assert found.damage is not None
    assert found.damage.kind == "corrupt"
    assert segment in ("", found.damage.segment)
    assert any(part in found.damage.detail for part in says.split("|")), found.damage.detail
    assert [x.seq for x in records] == list(range(len(records)))
    with pytest.raises(Damaged, match="keep the folder"):
        start(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "LOCK"} == before
    tried("F13")


@pytest.mark.parametrize(
    "change", [{"h": 5}, {"segments": None}, {"seq": "x"}, {"unknown": 1}, {"log_format": None}]
)
def test_f13_a_manifest_that_cannot_be_read_is_said(three, tried, change):
    """A manifest that is none is refused by name."""
    folder, _ = three
    manifest(folder, **change)
    with pytest.raises(Damaged, match="MANIFEST"):
        scan(folder, Quick(), LOG)
    tried("F13")


def test_f13_nothing_is_written_where_a_newer_manifest_vouches(three, tried):
    """A manifest of a newer tkcore is not understood: what it vouches for gets no append, and it is not replaced."""
    folder, _ = three
    manifest(folder, log_format=99)
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "LOCK"}
    with suppress(TkError):
        writer, _ = start(folder)
        writer.append(entry(5))
        writer.close()
    tried("F13")
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_f13_the_untouched_log_is_whole(three, tried):
    """What the cases break was whole before: without damage it verifies."""
    for folder in three:
        found = scan(folder, Quick(), LOG)
        assert found.damage is None
        assert isinstance(found.manifest.segments[0], SegmentFile)
        assert found.chain != GENESIS
        assert typed(read(folder, Quick(), LOG)[0])
        tried("F13")
