"""Write a golden log: every event type of this version in the present format. `python tests/golden/make.py NAME`.

A golden log is never made again: a new log format or a new version of an event gets a folder of its own, and the old
ones are read for ever.
"""

from __future__ import annotations

import sys
import typing
from pathlib import Path

import msgspec

from tkcore.disk import Disk
from tkcore.events import EVENTS, Event, Observing, Opaque, Seating, SessionOpened, Vocabulary
from tkcore.log import scan
from tkcore.records import build
from tkcore.recovery import open_log, read
from tkcore.writer import vouch

HERE = Path(__file__).resolve().parent
SAMPLE = {str: "x1", int: 7, bool: True, dict: {"A": "B"}, tuple: ("A", "B7")}


def sample(kind: type[Event]) -> dict[str, object]:
    """Return a value for each field a type has beside the envelope."""
    if kind is SessionOpened:
        return {
            "group_id": "g", "number": 3, "held": "2026-11-24T16:00:00+07:00", "zone": "Asia/Jakarta",
            "seats": [Seating(seat="T", role="therapist", place=1), Seating(seat="A")], "absent": ["B"], "lead": "o1",
            "captures": [Observing(observer="o1", families=("floor", "phase"))], "coding": {"factor": "o2"},
            "codebooks": [Vocabulary(codebook="handbook", sha256="0" * 64)], "planned": 5_400_000,
        }  # fmt: skip
    found: dict[str, object] = {}
    hints = typing.get_type_hints(kind)
    for name in kind.__struct_fields__[6:]:
        options = [part for part in typing.get_args(hints[name]) or (hints[name],) if part is not type(None)]
        origin = typing.get_origin(hints[name]) or options[0]
        values = {
            "dict[str, int]": {"per_mille": 412},
            "dict[str, typing.Any]": {"t": "floor.released", "ts": 5},
        }
        found[name] = values.get(str(hints[name]), SAMPLE.get(origin, SAMPLE.get(options[0], "x1")))
    return found


def main(name: str) -> None:
    folder = HERE / name
    if folder.exists():
        raise SystemExit(f"{folder} is there: golden logs are never made again")
    disk = Disk()
    log = folder / "log"
    first, *rest = [t for t in EVENTS if t != "log.recovered"]
    for part in ([first, *rest[:20]], rest[20:]):
        writer, ledger = open_log(log, "g/s", disk, now="golden", logged=1)
        for at, t in enumerate(part, len(ledger)):
            values = {**sample(EVENTS[t]), "id": f"{at:030x}00", "ts": 100 * at, "logged": 1_700_000_000_000 + at, "observer": "o1"}  # fmt: skip
            writer.append([build(EVENTS[t], values)])
        writer.close()
        vouch(log, scan(log, disk), [], disk)
    (log / "LOCK").unlink()
    records, found = read(log, disk, "g/s")
    assert found.damage is None
    assert not any(isinstance(x, Opaque) for x in records)
    says = {"head": found.head, "records": [{"t": x.__struct_config__.tag, **msgspec.structs.asdict(x)} for x in records]}  # fmt: skip
    (folder / "says.json").write_bytes(msgspec.json.format(msgspec.json.encode(says), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
