"""Turns from any CSV or TSV file. Everything is read and checked before anything is stored."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from tkcore.errors import BadInput
from tkcore.events import Seating

UNITS = {"s": 1000, "ms": 1, "min": 60_000}
ROLES = ("member", "therapist", "co_therapist", "visitor", "staff", "volunteer")
LONGEST = 1 << 20
"""A line longer than that is no line of turns; it is refused before it is kept."""
LATEST = 10**12
_SEAT = re.compile(r"[A-Z]\d{0,2}|\d{1,3}")
_LETTERS = "ABCDEFGHIJLMNOPQRSUVWXYZ"


class Columns(Struct, frozen=True, kw_only=True):
    """Which column holds what; `group_value` is what stands for the whole group."""

    time: str
    unit: str = "s"
    sender: str
    receiver: str
    length: str | None = None
    group_value: str | None = None
    until_next: bool = False


class ImportedTurn(Struct, frozen=True):
    ts: int
    sender: str
    audience: str
    receivers: tuple[str, ...]
    dur: int | None


class TurnTable(Struct, frozen=True, kw_only=True):
    """`pairing`: the seat each label was given, of those that are no seats themselves."""

    turns: tuple[ImportedTurn, ...]
    seats: tuple[Seating, ...]
    pairing: tuple[tuple[str, str], ...]


def read_turns(path: Path, columns: Columns, roles: Path | None = None) -> TurnTable:
    """Return the turns of a file, on a clock that begins with the first.

    Raises BadInput with file, row and column; memory stays bounded by what is kept of each row.
    """
    rows: list[tuple[int, str, str, int, int | None]] = []
    first: Decimal | None = None
    last = Decimal(0)
    for number, row in _rows(path, columns):
        time = _number(row[columns.time], path, number, columns.time)
        if first is None:
            first = last = time
        if time < last:
            raise BadInput(
                "{path}, row {row}, column {column}: time runs backwards ({time} after {before}). Sort the file by time",
                path=path, row=number, column=columns.time, time=time, before=last,
            )  # fmt: skip
        last = time
        length = None
        if columns.length is not None and row[columns.length].strip():
            length = _ms(_number(row[columns.length], path, number, columns.length), columns.unit)
            if length < 0:
                raise BadInput(
                    "{path}, row {row}, column {column}: a length below zero",
                    path=path,
                    row=number,
                    column=columns.length,
                )
        sender = row[columns.sender].strip()
        if not sender:
            raise BadInput(
                "{path}, row {row}, column {column}: nobody speaks",
                path=path,
                row=number,
                column=columns.sender,
            )
        ts = _ms(time - first, columns.unit)
        if ts > LATEST:
            raise BadInput(
                "{path}, row {row}, column {column}: {time} is too late",
                path=path,
                row=number,
                column=columns.time,
                time=time,
            )
        rows.append((number, sender, row[columns.receiver].strip(), ts, length))
    if not rows:
        raise BadInput("{path} has no turns", path=path)
    return _table(path, columns, rows, _roles(roles))


def _table(
    path: Path, columns: Columns, rows: list[tuple[int, str, str, int, int | None]], roles: dict[str, str]
) -> TurnTable:
    labels: dict[str, None] = {}
    spoken: list[tuple[int, str, tuple[str, ...], str, int, int | None]] = []
    for number, sender, receiver, ts, length in rows:
        audience, receivers = _audience(receiver, columns)
        if sender in receivers:
            raise BadInput(
                "{path}, row {row}, column {column}: {label} speaks to {label}",
                path=path, row=number, column=columns.receiver, label=sender[:40],
            )  # fmt: skip
        labels[sender] = None
        labels |= dict.fromkeys(receivers)
        if len(labels) > 999:
            raise BadInput(
                "{path}, row {row}: more than 999 people. Is {column} the right column?",
                path=path,
                row=number,
                column=columns.sender,
            )
        spoken.append((number, sender, receivers, audience, ts, length))
    seats, pairing = _seats(path, labels)
    turns = []
    for at, (number, sender, receivers, audience, ts, length) in enumerate(spoken):
        named = tuple(seats[label] for label in receivers)
        if len(set(named)) != len(named) or seats[sender] in named:
            raise BadInput(
                "{path}, row {row}: a receiver stands twice, or is the sender", path=path, row=number
            )
        if columns.until_next:
            length = spoken[at + 1][4] - ts if at + 1 < len(spoken) else None  # noqa: PLW2901
        everybody = audience == "all" or len(named) > 12
        turns.append(
            ImportedTurn(
                ts, seats[sender], "all" if everybody else audience, () if everybody else named, length
            )
        )
    for label in roles:
        if label not in labels:
            raise BadInput("the roles file names {label}, who is not in {path}", label=label[:40], path=path)
    placed = tuple(
        Seating(seat=seat, role=roles.get(label) or _role(seat, kept=seat == label.upper()), place=place)
        for place, (label, seat) in enumerate(seats.items(), 1)
    )
    return TurnTable(turns=tuple(turns), seats=_unique(placed), pairing=pairing)


def _unique(seats: tuple[Seating, ...]) -> tuple[Seating, ...]:
    """Two spellings of one seat (a, A) are one seat."""
    return tuple({seat.seat: seat for seat in reversed(seats)}.values())[::-1]


def _role(seat: str, *, kept: bool) -> str:
    if kept and seat[0] == "T":
        return "therapist"
    return "co_therapist" if kept and seat[0] == "K" else "member"


def _seats(path: Path, labels: dict[str, None]) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Keep seats and numbers; give every other label the next letter."""
    taken = {label.upper() for label in labels if _SEAT.fullmatch(label.upper())}
    free: Iterator[str] = (
        seat
        for digit in ("", *map(str, range(1, 100)))
        for seat in (f"{letter}{digit}" for letter in _LETTERS)
        if seat not in taken
    )
    seats: dict[str, str] = {}
    pairing = []
    for label in labels:
        if _SEAT.fullmatch(label.upper()):
            seats[label] = label.upper()
            continue
        seat = next(free, None)
        if seat is None:
            raise BadInput("{path}: there are more people than seats", path=path)
        seats[label] = seat
        pairing.append((seat, label))
    return seats, tuple(pairing)


def _audience(receiver: str, columns: Columns) -> tuple[str, tuple[str, ...]]:
    if receiver in (columns.group_value, "*"):
        return "all", ()
    if receiver in ("", "?"):
        return "unknown", ()
    if _SEAT.fullmatch(receiver.upper()):
        return "seats", (receiver,)
    several = tuple(part for part in re.split(r"\s*[,;+]\s*|\s+(?=\d|[A-Z]\d{0,2}\b)", receiver) if part)
    return "seats", several or (receiver,)


def _number(text: str, path: Path, row: int, column: str) -> Decimal:
    try:
        value = Decimal(text.strip())
        if not value.is_finite() or abs(value) > LATEST:
            raise InvalidOperation
    except InvalidOperation:
        raise BadInput(
            "{path}, row {row}, column {column}: {text!r} is no number",
            path=path,
            row=row,
            column=column,
            text=text[:40],
        ) from None
    return value


def _ms(value: Decimal, unit: str) -> int:
    return int((value * UNITS[unit]).quantize(Decimal(1), ROUND_HALF_EVEN))


def _roles(path: Path | None) -> dict[str, str]:
    """Read `label,role`. Raises BadInput."""
    if path is None:
        return {}
    found: dict[str, str] = {}
    for number, row in _rows(path, None):
        if len(row) < 2:
            raise BadInput("{path}, row {row}: write label,role", path=path, row=number)
        label, role = (value.strip() for value in list(row.values())[:2])
        if role not in ROLES:
            raise BadInput(
                "{path}, row {row}: no role {role}. There are: {known}",
                path=path,
                row=number,
                role=role[:40],
                known=", ".join(ROLES),
            )
        found[label] = role
    return found


# -- reading ---------------------------------------------------------------------------------------------------


def _rows(path: Path, columns: Columns | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, fields by column). The header is row 1."""
    try:
        with path.open("rb") as source:
            lines = _lines(source, path)
            head = next(lines, None)
            if head is None:
                raise BadInput("{path} is empty", path=path)
            delimiter = max(",;\t", key=head.count)
            names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
            if columns is not None:
                _known(path, columns, names)
            elif len(names) > 1 and names[1].lower() != "role":
                yield 1, dict(zip(("label", "role"), names, strict=False))
                names = ["label", "role"]
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            for number, row in enumerate(reader, 2):
                if not any(field.strip() for field in row):
                    continue
                if len(row) < len(names):
                    raise BadInput(
                        "{path}, row {row}: {have} fields where the header has {want}",
                        path=path,
                        row=number,
                        have=len(row),
                        want=len(names),
                    )
                yield number, dict(zip(names, row, strict=False))
    except csv.Error as error:
        raise BadInput("{path}: {error}. Is a quotation mark left open?", path=path, error=error) from None
    except OSError as error:
        raise BadInput("{path}: {error}", path=path, error=error.strerror or error) from None


def _known(path: Path, columns: Columns, names: list[str]) -> None:
    for column in (columns.time, columns.sender, columns.receiver, columns.length):
        if column is not None and column not in names:
            raise BadInput(
                "{path} has no column {column}. It has: {names}",
                path=path,
                column=column,
                names=", ".join(names)[:300],
            )


def _lines(source: BinaryIO, path: Path) -> Iterator[str]:
    """Yield decoded lines; a line too long, a NUL or a wrong byte is refused where it stands."""
    start = source.read(4)
    source.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield from _wide(source, path)
        return
    number = 0
    quoted = 0
    while line := source.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            raise BadInput(
                "{path}, row {row}: longer than {most} bytes without an end",
                path=path,
                row=number,
                most=LONGEST,
            )
        if b"\0" in line:
            raise BadInput("{path}, row {row}: a NUL byte; this is no text", path=path, row=number)
        quoted = quoted + len(line) if line.count(b'"') % 2 or quoted else 0
        if quoted and line.count(b'"') % 2 and quoted > len(line):
            quoted = 0
        if quoted > LONGEST:
            raise BadInput("{path}, row {row}: a quotation mark is never closed", path=path, row=number)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(
                "{path}, row {row}: byte {at} is not UTF-8. Save the file as UTF-8",
                path=path,
                row=number,
                at=error.start + 1,
            ) from None


def _wide(source: BinaryIO, path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-16 file."""
    import io

    text = io.TextIOWrapper(source, "utf-16", newline="")
    number = 0
    try:
        while line := text.readline(LONGEST // 2):
            number += 1
            if len(line) == LONGEST // 2 and not line.endswith("\n"):
                raise BadInput(
                    "{path}, row {row}: longer than {most} bytes without an end",
                    path=path,
                    row=number,
                    most=LONGEST,
                )
            if "\0" in line:
                raise BadInput("{path}, row {row}: a NUL byte; this is no text", path=path, row=number)
            yield line
    except UnicodeError:
        raise BadInput(
            "{path}, row {row}: not UTF-16. Save the file as UTF-8", path=path, row=number + 1
        ) from None
    finally:
        text.detach()
