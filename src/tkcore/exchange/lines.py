"""A session of lines that were typed elsewhere: checked, recorded aside as if they were typed, closed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from tkcore import codebook as cb
from tkcore import events as e
from tkcore import vault
from tkcore.closing import close_session
from tkcore.contributions import Imported
from tkcore.disk import Disk
from tkcore.errors import BadInput, GrammarError
from tkcore.exchange.turns import MOST, WIDEST, People, TurnTable
from tkcore.grammar import parse
from tkcore.opening import (
    Desk,
    Opening,
    Settings,
    agreed,
    families_of,
    group_standing,
    moment,
    next_number,
    open_session,
    seatings,
    start,
    zone,
)
from tkcore.recorder import Recorder

TURN_ENDS = ("next", "given")
TOGETHER = 100
"""A sync for so many that a session typed into the recorder would have."""


class Seldom(Disk):
    """A disk where what nobody is told of yet is synced now and then: closing the session brings the rest to it."""

    def __init__(self, disk: Disk, every: int = TOGETHER) -> None:
        self._disk, self._every, self._asked = disk, every, 0

    def sync(self, fd: int) -> None:
        self._asked += 1
        if self._asked % self._every == 0:
            self._disk.sync(fd)


def checked(found: Imported, codebooks: Sequence[cb.Codebook], environ: Mapping[str, str]) -> Opening:
    """Return how a session begins that was found in a file. Raises BadInput for what cannot be."""
    if not any(map(str.strip, found.lines)):
        raise BadInput("there is no line in it: nothing happened")
    if len(found.lines) > MOST:
        raise BadInput("more than {most} lines are no session: divide the file", most=MOST)
    if found.turn_ends not in TURN_ENDS:
        raise BadInput(
            "turn_ends is {given}. There are: {known}", given=found.turn_ends[:40], known=", ".join(TURN_ENDS)
        )
    if found.held is not None:
        moment(found.held)
    if found.zone is not None:
        try:
            ZoneInfo(found.zone)
        except (ValueError, LookupError, OSError):
            raise BadInput("no time zone {zone}: give an IANA name, such as Asia/Jakarta", zone=found.zone[:40]) from None  # fmt: skip
    if found.ends is not None:
        _ends(found.ends)
    seats = seatings(found.seats)
    for seat, label in found.labels.items():
        if seat not in {s.seat for s in seats}:
            raise BadInput("labels name the seat {seat}, which nobody has", seat=seat[:40])
        if not label.strip() or len(label) > WIDEST:
            raise BadInput("{seat}: a label has 1 to {most} characters", seat=seat, most=WIDEST)
    return Opening(
        seats=seats, clock="given", turn_ends=found.turn_ends, held=found.held, zone=found.zone or zone(environ),
        families=None if found.families is None else families_of(",".join(found.families), codebooks),
    )  # fmt: skip


def _ends(text: str) -> int:
    """Return when the meeting closed, in ms. Raises BadInput."""
    time = None
    if re.fullmatch(r"[0-9:.]{1,16}", text):
        try:
            time = parse(f"@{text} _").time
        except GrammarError:
            time = None
    if time is None:
        raise BadInput("ends is {text!r}: write it as a line has its time, 45:00 or 1:30:00", text=text[:40])
    return time.ms


def seated(seats: Sequence[e.Seating], labels: Mapping[str, str], people: People) -> TurnTable:
    """Return who sits where and whom the group knows. Raises BadInput where a seat or a name is somebody else's."""
    # one name, one person, however it was typed
    labels = {seat: unicodedata.normalize("NFC", label).strip() for seat, label in labels.items()}
    had = {seat: label for label, seat in people.seats.items()}
    for seat, label in labels.items():
        if list(labels.values()).count(label) > 1:
            raise BadInput("{label} has two seats", label=_shown(label))
        if people.seats.get(label, seat) != seat:
            raise BadInput(
                "{label} has the seat {known} in this group, not {seat}", label=_shown(label), known=people.seats[label], seat=seat
            )  # fmt: skip
        if had.get(seat, label) != label:
            raise BadInput("the seat {seat} is somebody else's in this group: a seat is never given twice", seat=seat)  # fmt: skip
    return TurnTable(
        turns=(), seats=tuple(seats), pairing=tuple(labels.items()), known=frozenset(people.seats).intersection(labels.values())
    )  # fmt: skip


def record(
    desk: Desk,
    hidden: Desk,
    full: str,
    opening: Opening,
    lines: Iterable[str],
    ends: str | None,
    codebooks: Sequence[cb.Codebook],
    file: str,
    format_: str,
) -> None:
    """Type the lines into a session of the hidden workspace, and close it there, which syncs what they left.

    Raises BadInput for the first line that is refused, with its number and column; nothing of it is seen then.
    """
    from msgspec.structs import replace

    status = group_standing(desk, full.partition("/")[0])
    settings = Settings(**(status.opened() if status is not None else {}))
    number = next_number(desk, full.partition("/")[0])
    seats = agreed(opening.seats, status)
    open_session(hidden, full, replace(opening, seats=seats, settings=settings, number=number), codebooks)
    # no line is acknowledged before the session is seen, and a killed import is begun anew
    recorder, writer = start(replace(hidden, disk=Seldom(hidden.disk)), full, codebooks, status=status)
    try:
        for at, line in enumerate(lines, 1):
            try:
                recorder.enter(line)
            except GrammarError as error:
                raise BadInput(
                    "{file}, line {line} of what {format} made of it, column {column}: {reason} ({text})",
                    file=file, line=at, format=format_, column=error.column, reason=error, text=_shown(line),
                ) from None  # fmt: skip
        recorder.close_session(_last(recorder) if ends is None else _ends(ends))
    finally:
        writer.close()
    close_session(hidden, full, codebooks)


def _last(recorder: Recorder) -> int:
    """Return the time of the last record, or the end of the last turn where it has a length."""
    said = (x.ts + (x.dur or 0) for x in recorder.held() if isinstance(x, e.TurnTaken))
    return max(recorder.latest, *said, 0)


def _shown(line: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in line[:80])


def entrust(desk: Desk, hidden: Desk) -> None:
    """Bring the texts of notes from the hidden workspace into the vault, before the session that names them is seen."""
    for path in sorted(hidden.workspace.vault.glob("??/*")):
        vault.get(hidden.workspace.vault, path.name, desk.disk)  # they were not synced there
        folder = desk.workspace.vault / path.parent.name
        desk.disk.make_folder(folder)
        desk.disk.store(folder / path.name, desk.disk.read(path))
