"""Logs of every format and event version there has been: what they say is what they said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec import json, to_builtins

from tkcore import events as e
from tkcore.disk import Disk
from tkcore.errors import NotAllowed
from tkcore.log import GENESIS, Header, seal
from tkcore.records import UPCASTS, VERSIONS, decode, encode, upcast
from tkcore.recovery import open_log, read

GOLDEN = sorted(
    path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir() and "-" in path.name
)


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_a_golden_log_says_what_it_said(folder):
    """Each verifies to the same head and reads as the same records, field for field."""
    records, found = read(folder / "log", Disk(), "g/s")
    says = json.decode((folder / "says.json").read_bytes())
    assert found.damage is None
    assert to_builtins(found.head) == says["head"]
    for record, said in zip(records, says["records"], strict=True):
        now = json.decode(json.encode(record))
        assert {name: now[name] for name in said} == said


def test_every_type_and_version_is_in_a_golden_log():
    """A type that is not in one could change its meaning unseen."""
    seen = set()
    for folder in GOLDEN:
        for said in json.decode((folder / "says.json").read_bytes())["records"]:
            seen.add((said["t"], said["v"]))
    wanted = {(t, v) for t, kind in e.EVENTS.items() for v in range(1, VERSIONS[kind] + 1)}
    assert wanted - {("log.recovered", 1)} <= seen
    assert set(UPCASTS) == {(t, v) for t, kind in e.EVENTS.items() for v in range(1, VERSIONS[kind])}


def test_an_old_version_is_read_as_the_new_one():
    """Steps are chained, take the flat record, and leave the envelope's numbers; what no step leads to stays opaque."""
    steps = {
        ("floor.crowded", -1): lambda flat: {**flat, "ts": flat["ms"]},
        ("floor.crowded", 0): lambda flat: {k: v for k, v in flat.items() if k != "ms"},
    }
    old = {"t": "floor.crowded", "v": -1, "seq": 4, "id": "a" * 32, "ms": 1500, "logged": 9, "observer": "o"}
    new = upcast(dict(old), steps)
    assert new == e.FloorCrowded(seq=4, id="a" * 32, ts=1500, logged=9, observer="o")
    kept = upcast(dict(old), {})
    assert isinstance(kept, e.Opaque)
    assert json.decode(encode(kept)) == {**old, "ts": 0}


def test_a_newer_event_is_kept_and_its_log_not_written(tmp_path):
    """A record of a version this program does not know reads as opaque; nobody appends behind it."""
    folder = tmp_path / "s"
    folder.mkdir()
    head, h = seal(json.encode(Header(log="g/s", segment=0, prev=GENESIS)), GENESIS)
    line, _ = seal(
        b'{"t":"floor.crowded","v":9,"seq":0,"id":"","ts":1,"logged":2,"observer":"o","many":3}', h
    )
    (folder / "000000.ndjson").write_bytes(head + line)
    records, found = read(folder, Disk(), "g/s")
    assert (found.damage, type(records[0]), records[0].body) == (None, e.Opaque, {"many": 3})
    with pytest.raises(NotAllowed, match="newer tkcore"):
        open_log(folder, "g/s", Disk(), now="n", logged=1)
    assert (folder / "000000.ndjson").read_bytes() == head + line


def test_a_newer_format_is_read_up_to_it(tmp_path):
    """What this version wrote is read; from the newer segment on nothing is guessed and nothing written."""
    folder = tmp_path / "s"
    shutil.copytree(GOLDEN[0] / "log", folder)
    (folder / "MANIFEST").unlink()
    last = max(folder.glob("0*.ndjson")).read_bytes().splitlines()[-1]
    line, _ = seal(
        json.encode(Header(log="g/s", segment=2, prev=last[-81:-17].decode(), log_format=2)),
        last[-81:-17].decode(),
    )
    (folder / "000002.ndjson").write_bytes(line + b"whatever a newer one writes\n")
    records, found = read(folder, Disk(), "g/s")
    assert (found.damage.kind, len(records)) == ("newer", found.head.seq + 1)
    with pytest.raises(NotAllowed, match="newer tkcore"):
        open_log(folder, "g/s", Disk(), now="n", logged=1)


def test_decoding_a_golden_line_is_one_pass():
    """No golden record of today's versions takes the slow way."""
    for folder in GOLDEN:
        for path in sorted((folder / "log").glob("*.ndjson")):
            for line in path.read_bytes().splitlines()[1:]:
                assert not isinstance(decode(line), e.Opaque)
