"""Golden sessions: small logs as the real recorder wrote them, shipped with tkcore, the same bytes for everybody.

`python -m tkcore.testing.golden DIR` writes them anew; `--check DIR` says whether today's recorder writes the same.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import resources
from pathlib import Path

from msgspec import Struct

from tkcore import codebook as cb
from tkcore import events as e
from tkcore.config import Config, Workspace, dump
from tkcore.errors import BadInput
from tkcore.exchange.simulate import Plan, simulate
from tkcore.grammar import parse
from tkcore.opening import Desk, Opening, Settings, open_session, seatings, start
from tkcore.reading import read_session
from tkcore.recorder import Clocks
from tkcore.root import FILE
from tkcore.testing.sessions import HELD, MOMENT, Sample, Unsynced, counted

NAME = "g/s"


class Script(Struct, frozen=True, kw_only=True):
    """What was typed: lines of the lead, then those of a second observer, and when it closed."""

    name: str
    seats: tuple[str, ...]
    lines: tuple[str, ...]
    ends: str
    setting: str | None = None
    second: tuple[str, ...] = ()


def scripts() -> list[Script]:
    """Return what the golden sessions are made of."""
    vertical = simulate(Plan(seed=11, minutes=6, members=4, leaders=2, structure="vertical"))
    circular = simulate(Plan(seed=12, minutes=6, members=5, structure="circular"))
    return [
        Script(name="vertical", seats=vertical.seats, lines=vertical.lines, ends="6:00"),
        Script(name="circular", seats=circular.seats, lines=circular.lines, ends="6:00"),
        Script(
            name="pauses", seats=("T", "A", "B", "C"), ends="5:00",
            lines=(
                "@0:00 ta", "@0:20 -b:short", "@0:30 ||break", "@3:00 ||", "@3:05 ac", "@3:10 +b", "@3:20 ba !uu",
                "@3:40 {prayer}", "@4:00 {}", "@4:10 bc", "@4:11 ~", "@4:20 a>?",
            ),
        ),
        Script(
            name="two-observers", seats=("T", "K", "A", "B", "C"), ends="1:00",
            lines=("@0:00 ta", "@0:06 ab", "@0:12 bc !uu", "@0:20 cb", "@0:30 t."),
            second=("@0:00 ta", "@0:07 ab", "@0:12 ba !uu", "@0:21 cb"),
        ),
        Script(
            name="plugin-records", seats=("T", "A", "B"), ends="0:40",
            lines=(
                "@0:00 ta", "@0:03 gaze.shifted seat=A aim=T", "@0:05 ab", "@0:08 gaze.shifted seat=B aim=floor", "@0:12 ba",
            ),
        ),
    ]  # fmt: skip


def recorded(script: Script) -> bytes:
    """Return the log that the recorder writes of it today, its one segment."""
    books = [cb.parse(cb.handbook(), "handbook.toml")]
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        root = Path(place)
        (root / FILE).write_bytes(dump(Config(language="en")))
        desk = Desk(Workspace(root), Unsynced(), Clocks(lambda: MOMENT, lambda: 0), counted())
        opening = Opening(
            seats=seatings(script.seats), clock="given", held=HELD, settings=Settings(setting=script.setting),
            zone="Asia/Jakarta",
        )  # fmt: skip
        open_session(desk, NAME, opening, books)
        for observer, lines in ((None, script.lines), ("second", script.second)):
            if lines or observer is None:
                recorder, writer = start(desk, NAME, books, observer)
                for line in lines:
                    recorder.enter(line)
                writer.close()
        recorder, writer = start(desk, NAME, books)
        time = parse(f"@{script.ends} _").time
        assert time is not None
        recorder.close_session(time.ms)
        writer.close()
        segments = sorted(desk.workspace.session(NAME).glob("*.ndjson"))
        return segments[0].read_bytes()


def names() -> list[str]:
    """Return the names of the golden sessions."""
    folder = resources.files("tkcore.testing") / "golden_sessions"
    return sorted(
        file.name.removesuffix(".ndjson") for file in folder.iterdir() if file.name.endswith(".ndjson")
    )


def log_of(name: str) -> bytes:
    """Return the bytes of a golden session's log. Raises BadInput for a name that is none."""
    if name not in names():
        raise BadInput(
            "there is no golden session {name}. There are: {known}", name=name, known=", ".join(names())
        )
    return (resources.files("tkcore.testing") / "golden_sessions" / f"{name}.ndjson").read_bytes()


def goldens() -> list[Sample]:
    """Return the golden sessions, by name: their logs verified and read as any session of a workspace is."""
    return [Sample(name, read(log_of(name))) for name in names()]


def read(log: bytes) -> tuple[e.Record, ...]:
    """Return the records of a log. Raises Damaged for one that does not verify."""
    with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
        workspace = Workspace(Path(place))
        folder = workspace.session(NAME)
        folder.mkdir(parents=True)
        (folder / "000000.ndjson").write_bytes(log)
        return tuple(read_session(workspace, NAME, Unsynced()).records)


def main(argv: list[str]) -> int:
    check, folder = argv[0] == "--check", Path(argv[-1])
    stale = 0
    for script in scripts():
        path, made = folder / f"{script.name}.ndjson", recorded(script)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made)
        elif not path.is_file() or path.read_bytes() != made:
            sys.stderr.write(f"{script.name}: the recorder writes something else today\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
