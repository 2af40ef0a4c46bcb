"""How the shares of talk are drawn: in seat order, each with what was said to that seat. No ranks."""

from __future__ import annotations

from collections.abc import Iterable

from tkcore import Bar, Bars, Cell, Paragraph, Part, Said, Table, Withheld, section
from tkcore_monopoly.share import Number, Share, Shares

SEAT = Said(id="kursi", en="seat")
COLUMNS = (
    SEAT,
    Said(id="giliran", en="turns"),
    Said(id="% giliran anggota", en="% of the members' turns"),
    Said(id="% waktu anggota", en="% of the members' time"),
    Said(id="% disapa", en="% of acts received"),
)


@section("monopoly.talk", of="monopoly.share", title=Said(id="Pembagian bicara", en="How talk is shared"))
def talk(result: Shares) -> Iterable[Part]:
    """The members' shares of time with their 95 % bounds, of turns, and of the acts received, in seat order."""
    members = [seat for seat in result.seats if not seat.leader]
    timed = [seat for seat in members if isinstance(seat.share_ms, float)]
    if timed:
        unit = Said(
            id="% waktu bicara anggota, dengan batas 95 %", en="% of the members' time, with 95 % bounds"
        )
        yield Bars(unit=unit, bars=tuple(_bar(seat) for seat in timed))
    for gate in {seat.share_ms for seat in members if isinstance(seat.share_ms, Withheld)}:
        yield Paragraph(
            Said(
                id=f"Bagian waktu tidak dapat disebut (n = {gate.n}).",
                en=f"Shares of time cannot be said: {gate.gate} (n = {gate.n}).",
            )
        )
    yield Table(columns=COLUMNS, rows=tuple(_row(seat) for seat in members))
    for seat in result.seats:
        if seat.said is not None:
            yield Paragraph(Said(id=f"{seat.seat}: {seat.said.id}", en=f"{seat.seat}: {seat.said.en}"))


def _bar(seat: Share) -> Bar:
    low, high = _percent(seat.share_ms_low), _percent(seat.share_ms_high)
    return Bar(label=seat.seat, value=_percent(seat.share_ms) or 0.0, low=low, high=high)


def _row(seat: Share) -> tuple[Cell, ...]:
    return (
        seat.seat,
        seat.turns,
        _percent(seat.share_turns),
        _percent(seat.share_ms),
        _percent(seat.received),
    )


def _percent(value: Number) -> float | None:
    return None if isinstance(value, Withheld) else round(100 * value, 1)
