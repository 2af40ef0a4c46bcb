"""Fixtures every test of the project and of its plugins may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import settings

from tkcore import opening
from tkcore.codebook import handbook, parse
from tkcore.config import Config, Workspace, dump
from tkcore.disk import Disk
from tkcore.projection import fold
from tkcore.reading import families
from tkcore.recorder import Clocks, Recorder
from tkcore.rows import WEIGHT, Address, Presence, Row, SeatRow, SessionRow, Silence, Turn
from tkcore.session import Head, Session

# a landing is judged by the same cases every time; elsewhere new ones are tried
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

Line = tuple[float, float | None, str, str]
"""Start s, end s (None: nobody knows), sender, to: seats with commas, `*` the group, `?` unknown."""

ROLE = {"T": "therapist", "K": "co_therapist"}


def sitting_of(
    seats: str, turns: Iterable[Line], *, name: str = "g/s", length: float | None = None
) -> Session:
    """Return a session of these turns, e.g. `sitting("TABCDE", [(0, 12, "T", "*"), ...])`."""
    lines = list(turns)
    end = round(1000 * (length if length is not None else max((b or a for a, b, _, _ in lines), default=0)))
    roles = {seat: ROLE.get(seat[0], "member") for seat in seats}
    rows: list[Row] = []

    def envelope(ts: int, dur: int | None, observer: str = "K") -> dict:
        return {"session": name, "n": len(rows), "seq": len(rows), "id": f"{len(rows):032x}", "ts": ts,
                "dur": dur, "observer": observer}  # fmt: skip

    given = any(b is not None for _, b, _, _ in lines)
    rows.append(SessionRow(**envelope(0, end), group_id="g", number=1, held="2026-11-24T16:00:00+07:00",
                           zone="Asia/Jakarta", clock="given", lead="K", recorded=end, closed=True, lengths=given))  # fmt: skip
    for place, seat in enumerate(seats, 1):
        rows.append(SeatRow(**envelope(0, end), seat=seat, role=roles[seat], place=place, present=end))
        rows.append(Presence(**envelope(0, end), seat=seat, role=roles[seat]))
    open_until: int | None = None
    for a, b, sender, to in lines:
        ts, dur = round(1000 * a), None if b is None else round(1000 * b) - round(1000 * a)
        if given and open_until is not None and ts - open_until >= 3000:
            rows.append(
                Silence(**envelope(open_until, ts - open_until), breaker=sender, breaker_role=roles[sender])
            )
        audience = {"*": "all", "?": "unknown"}.get(to, "seats")
        receivers = tuple(to.split(",")) if audience == "seats" else ()
        turn = f"{len(rows):032x}"
        rows.append(Turn(**envelope(ts, dur), turn=turn, sender=sender, role=roles[sender], audience=audience,
                         receivers=receivers, inferred=False, given=b is not None))  # fmt: skip
        for receiver in receivers:
            rows.append(Address(**envelope(ts, dur), turn=turn, sender=sender, receiver=receiver, role=roles[sender],
                                receiver_role=roles[receiver], fanout=len(receivers),
                                weight=WEIGHT // len(receivers), inferred=False))  # fmt: skip
        open_until = max(open_until or 0, ts + (dur or 0))
    if given and open_until is not None and end - open_until >= 3000:
        rows.append(Silence(**envelope(open_until, end - open_until)))
    return Session(name, rows, Head(len(rows) - 1, "0" * 64))


@pytest.fixture
def sitting() -> Callable[..., Session]:
    return sitting_of


BOOKS = [parse(handbook(), "handbook.toml")]


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the repository."""
    folder = Path(os.environ.get("TK_SHARED", Path(__file__).resolve().parent.parent / "shared"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no real data at {folder}")
        pytest.skip(f"no real data at {folder}")
    return folder


class Time:
    """A wall clock and a boot clock that stand until they are moved."""

    def __init__(self) -> None:
        self.wall_ms, self.boot_ms = 1_700_000_000_000, 50_000

    def go(self, seconds: float) -> None:
        self.wall_ms += round(1000 * seconds)
        self.boot_ms += round(1000 * seconds)

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall_ms, lambda: self.boot_ms)


@pytest.fixture
def time() -> Time:
    return Time()


def desk_in(folder: Path, time: Time) -> opening.Desk:
    """Return a workspace with the handbook, no plugin enabled."""
    root = folder / "workspace"
    workspace = Workspace(root)
    for place in (workspace.groups, workspace.vault, workspace.codebooks):
        place.mkdir(parents=True)
    (workspace.codebooks / "handbook.toml").write_bytes(handbook())
    (root / "tk.toml").write_bytes(dump(Config(language="en")))
    return opening.Desk(workspace, Disk(), time.clocks(), os.urandom)


@pytest.fixture
def desk(tmp_path: Path, time: Time) -> opening.Desk:
    """A workspace with the handbook, no plugin enabled."""
    return desk_in(tmp_path, time)


class Sitting:
    """A session being typed: `say` a line, look at `rows`."""

    def __init__(self, desk: opening.Desk, name: str, **given) -> None:
        seats = given.pop("seats", "T,A,B,C,D,E")
        given.setdefault("clock", "given")
        settings = {name: given.pop(name, None) for name in ("format", "setting", "population", "level")}
        self.desk = desk
        self.name = opening.open_session(
            desk, name,
            opening.Opening(seats=opening.seatings(seats.split(",")), settings=opening.Settings(**settings), **given),
            BOOKS,
        )  # fmt: skip
        self.recorder: Recorder
        self.start()

    def start(self, observer: str | None = None) -> None:
        self.recorder, self.writer = opening.start(self.desk, self.name, BOOKS, observer)

    def stop(self) -> None:
        self.writer.close()

    def say(self, *lines: str):
        answers = [self.recorder.enter(line) for line in lines]
        return answers[-1] if answers else None

    def rows(self, kind=None):
        rows = [row for row in fold(list(self.recorder.ledger), self.name, families(BOOKS)) if row.counted]
        return rows if kind is None else [row for row in rows if isinstance(row, kind)]

    def session(self) -> Session:
        return Session(self.name, self.rows(), self.recorder.head)


@pytest.fixture(scope="session")
def sitting_in() -> Callable[[Path], Sitting]:
    """Open a session in a workspace of its own, for what is typed once and asked many things."""
    return lambda folder: Sitting(desk_in(folder, Time()), "g/s")


@pytest.fixture
def typed(desk: opening.Desk):
    """Open a session to type into: `typed("g/s", seats="T,A,B")`."""
    opened: list[Sitting] = []

    def make(name: str = "g/s", **given) -> Sitting:
        opened.append(Sitting(desk, name, **given))
        return opened[-1]

    yield make
    for one in opened:
        one.stop()
