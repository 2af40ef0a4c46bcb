"""Turns from any CSV or TSV file. Everything is read and checked before anything is stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from tkcore.errors import BadInput
from tkcore.events import Seating
from tkcore.exchange.tables import rows_of

LEADERS = {"T": "therapist", "K": "co_therapist"}
UNITS = {"s": 1000, "ms": 1, "min": 60_000}
ROLES = ("member", "therapist", "co_therapist", "visitor", "staff", "volunteer")
MOST = 250_000
"""More turns than that are no session: the file is refused before they fill the memory."""
DAYS = 7
LASTING = DAYS * 86_400_000
WIDEST = 200
"""The most characters of a label; a cell of receivers may have five times as many."""
_LARGEST = 10**15
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SEAT = re.compile(r"[A-Z][0-9]{0,2}|[0-9]{1,3}")
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

    @property
    def everybody(self) -> tuple[str | None, str]:
        return (self.group_value, "*")


class People(Struct, frozen=True, kw_only=True):
    """Whom the group knows: the role of every seat that is taken, and the seat of every label in its vault."""

    roles: Mapping[str, str] = field(default_factory=dict)
    seats: Mapping[str, str] = field(default_factory=dict)


class ImportedTurn(Struct, frozen=True):
    ts: int
    sender: str
    audience: str
    receivers: tuple[str, ...]
    dur: int | None


class TurnTable(Struct, frozen=True, kw_only=True):
    """`pairing`: the seat of each label that is no seat itself; `known`: those of them the group had before.

    `divided` counts the cells that named several receivers, `whole` are those that could have and did not.
    """

    turns: tuple[ImportedTurn, ...]
    seats: tuple[Seating, ...]
    pairing: tuple[tuple[str, str], ...]
    known: frozenset[str] = frozenset()
    begins: str = ""
    divided: int = 0
    whole: tuple[str, ...] = ()


class _Spoken(Struct, frozen=True, gc=False):
    """A row: who speaks, the cell of receivers, when and how long on the session clock."""

    row: int
    sender: str
    cell: str
    ts: int
    length: int | None


def read_turns(
    path: Path,
    columns: Columns,
    roles: Path | None = None,
    *,
    encoding: str | None = None,
    people: People | None = None,
) -> TurnTable:
    """Return the turns of a file, on a clock that begins with the first.

    Raises BadInput with file, row and column; memory stays bounded by what is kept of each row.
    """
    given = _roles(roles, encoding)
    rows = rows_of(path, encoding)
    head = next(rows, None)
    if head is None:
        raise BadInput("{path} is empty", path=path)
    at = _places(path, columns, [name.strip() for name in head[1]])
    spoken: list[_Spoken] = []
    first = last = None
    for row, fields in rows:
        _whole(path, row, fields, len(head[1]))
        time = _number(fields[at[columns.time]], _where(path, row, columns.time))
        if first is None or last is None:
            first = last = time
        if time < last:
            raise BadInput(
                "{path}, row {row}, column {column}: time runs backwards ({time} after {before}). Sort the file by time",
                time=time, before=last, **_where(path, row, columns.time),
            )  # fmt: skip
        last = time
        spoken.append(_spoken(path, columns, at, row, fields, time - first))
        if len(spoken) > MOST:
            raise BadInput(
                "{path}, row {row}: more than {most} turns. Divide the file", path=path, row=row, most=MOST
            )
    if first is None:
        raise BadInput("{path} has no turns", path=path)
    return replace(_table(path, columns, spoken, given, people or People()), begins=str(first))


def _spoken(
    path: Path, columns: Columns, at: Mapping[str, int], row: int, fields: list[str], since: Decimal
) -> _Spoken:
    """Check a row's cells one by one. Raises BadInput."""
    sender, cell = _label(fields[at[columns.sender]]), _clean(fields[at[columns.receiver]])
    if not sender or sender in (*columns.everybody, "?"):
        raise BadInput(
            "{path}, row {row}, column {column}: nobody speaks", **_where(path, row, columns.sender)
        )
    for column, text, most in ((columns.sender, sender, WIDEST), (columns.receiver, cell, 5 * WIDEST)):
        if len(text) > most:
            _too_wide(path, row, column, most)
    ts = _ms(since, columns.unit)
    if ts > LASTING:
        raise BadInput(
            "{path}, row {row}, column {column}: that is more than {days} days after the first turn. Is --unit {unit} right?",
            days=DAYS, unit=columns.unit, **_where(path, row, columns.time),
        )  # fmt: skip
    length = None
    if columns.length is not None and fields[at[columns.length]].strip():
        where = _where(path, row, columns.length)
        length = _ms(_number(fields[at[columns.length]], where), columns.unit)
        if length < 0:
            raise BadInput("{path}, row {row}, column {column}: a length below zero", **where)
        if ts + length > LASTING:
            raise BadInput(
                "{path}, row {row}, column {column}: the turn ends more than {days} days after the first began. Is --unit {unit} right?",
                days=DAYS, unit=columns.unit, **where,
            )  # fmt: skip
    return _Spoken(row, sender, cell, ts, length)


def _too_wide(path: Path, row: int, column: str, most: int) -> NoReturn:
    raise BadInput(
        "{path}, row {row}, column {column}: longer than {most} characters. Is it the right column?",
        most=most, **_where(path, row, column),
    )  # fmt: skip


def _table(
    path: Path, columns: Columns, spoken: list[_Spoken], roles: Mapping[str, str], people: People
) -> TurnTable:
    names = {x.sender for x in spoken} | set(roles) | set(people.seats)
    names |= {_label(x.cell) for x in spoken if not re.search("[,;+]", x.cell)}
    labels: dict[str, None] = {}
    whole: dict[str, None] = {}
    heard: list[tuple[str, tuple[str, ...]]] = []
    for x in spoken:
        audience, receivers = _audience(x.cell, columns, names)
        labels |= dict.fromkeys((x.sender, *receivers))
        if max(map(len, receivers), default=0) > WIDEST:
            _too_wide(path, x.row, columns.receiver, WIDEST)
        if len(labels) > 999:
            raise BadInput(
                "{path}, row {row}: more than 999 people. Is {column} the right column?",
                **_where(path, x.row, columns.sender),
            )
        if receivers == (x.cell,) and x.cell not in names:
            whole[x.cell] = None
        heard.append((audience, receivers))
    for label in roles:
        if label not in labels:
            raise BadInput("the roles file names {label}, who is not in {path}", label=label[:40], path=path)
    seats = _seats(path, labels, people)
    turns = []
    for at, (x, (audience, receivers)) in enumerate(zip(spoken, heard, strict=True)):
        named = tuple(seats[label] for label in receivers)
        if seats[x.sender] in named:
            raise BadInput(
                "{path}, row {row}, column {column}: {label} speaks to {label}",
                label=x.sender[:40], **_where(path, x.row, columns.receiver),
            )  # fmt: skip
        if len(set(named)) != len(named):
            raise BadInput(
                "{path}, row {row}, column {column}: a receiver stands twice", **_where(path, x.row, columns.receiver)
            )  # fmt: skip
        length = x.length
        if columns.until_next:
            length = spoken[at + 1].ts - x.ts if at + 1 < len(spoken) else None
        everybody = audience == "all" or len(named) > 12
        turns.append(
            ImportedTurn(
                x.ts, seats[x.sender], "all" if everybody else audience, () if everybody else named, length
            )
        )
    placed = {
        seat: roles.get(label) or people.roles.get(seat) or LEADERS.get(seat[0], "member")
        for label, seat in seats.items()
    }
    return TurnTable(
        turns=tuple(turns),
        seats=tuple(Seating(seat=seat, role=role, place=n) for n, (seat, role) in enumerate(placed.items(), 1)),
        pairing=tuple((seat, label) for label, seat in seats.items() if not _SEAT.fullmatch(label)),
        known=frozenset(people.seats).intersection(seats),
        divided=sum(len(receivers) > 1 for _, receivers in heard),
        whole=tuple(whole),
    )  # fmt: skip


def _seats(path: Path, labels: Iterable[str], people: People) -> dict[str, str]:
    """Keep seats and numbers, and the seat a label has in the group; give every other label the next free letter."""
    taken = {*people.roles, *people.seats.values(), *(label for label in labels if _SEAT.fullmatch(label))}
    free = (
        seat
        for digit in ("", *map(str, range(1, 100)))
        for seat in (f"{letter}{digit}" for letter in _LETTERS)
        if seat not in taken
    )
    seats: dict[str, str] = {}
    for label in labels:
        seat = label if _SEAT.fullmatch(label) else people.seats.get(label) or next(free, None)
        if seat is None:
            raise BadInput("{path}: there are more people than seats", path=path)
        seats[label] = seat
    return seats


def _audience(cell: str, columns: Columns, names: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return who is spoken to. A cell is divided only where every part of it is somebody."""
    if cell in columns.everybody:
        return "all", ()
    if cell in ("", "?"):
        return "unknown", ()
    whole = _label(cell)
    parts = [part for part in map(_label, re.split("[,;+]", cell)) if part]
    others = (*columns.everybody, "?")
    if whole in names or not all(_SEAT.fullmatch(x) or x in names or x in others for x in parts) or not parts:
        return "seats", (whole,)
    if any(part in columns.everybody for part in parts):
        return "all", ()
    return ("unknown", ()) if "?" in parts else ("seats", tuple(parts))


def _clean(text: str) -> str:
    """Return a cell's text in the one form it has, however its accents were typed."""
    return unicodedata.normalize("NFC", text).strip()


def _label(text: str) -> str:
    """Return what names one person; a seat has capitals."""
    text = _clean(text)
    return text.upper() if text.isascii() and _SEAT.fullmatch(text.upper()) else text


def _number(text: str, where: Mapping[str, Any]) -> Decimal:
    text = text.strip()
    value = Decimal(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None
    if value is None or abs(value) > _LARGEST:
        raise BadInput("{path}, row {row}, column {column}: {text!r} is no number", text=text[:40], **where)
    return value


def _ms(value: Decimal, unit: str) -> int:
    return int((value * UNITS[unit]).quantize(Decimal(1), ROUND_HALF_EVEN))


def _where(path: Path, row: int, column: str) -> dict[str, Any]:
    return {"path": path, "row": row, "column": column}


def _roles(path: Path | None, encoding: str | None) -> dict[str, str]:
    """Read `label,role`, with or without a header. Raises BadInput."""
    found: dict[str, str] = {}
    for row, fields in rows_of(path, encoding) if path is not None else ():
        if len(fields) < 2 or any(map(str.strip, fields[2:])):
            raise BadInput("{path}, row {row}: write label,role", path=path, row=row)
        label, role = _label(fields[0]), fields[1].strip()
        if row == 1 and role.lower() == "role":
            continue
        if role not in ROLES:
            raise BadInput(
                "{path}, row {row}: no role {role}. There are: {known}",
                path=path, row=row, role=role[:40], known=", ".join(ROLES),
            )  # fmt: skip
        found[label] = role
    return found


def _places(path: Path, columns: Columns, names: list[str]) -> dict[str, int]:
    """Return where the asked columns stand. Raises BadInput where one is missing or stands twice."""
    found = {}
    for column in (columns.time, columns.sender, columns.receiver, columns.length):
        if column is not None and names.count(column) > 1:
            raise BadInput(
                "{path} has the column {column} twice. Rename one of them", path=path, column=column
            )
        if column is not None and column not in names:
            raise BadInput(
                "{path} has no column {column}. It has: {names}",
                path=path, column=column, names=", ".join(names)[:300],
            )  # fmt: skip
        if column is not None:
            found[column] = names.index(column)
    return found


def _whole(path: Path, row: int, fields: list[str], want: int) -> None:
    """Raise BadInput for a row that has too little, or more than blanks too much: its cells may have shifted."""
    if len(fields) < want or any(map(str.strip, fields[want:])):
        raise BadInput(
            "{path}, row {row}: {have} fields where the header has {want}",
            path=path, row=row, have=len(fields), want=want,
        )  # fmt: skip
