"""The section: the two thirds beside each other."""

from __future__ import annotations

from collections.abc import Iterable

from tkcore import Bar, Bars, Paragraph, Part, Said, Table, section

from tkcore_drift.length import Length

FIRST = Said(id="sepertiga pertama", en="first third")
LAST = Said(id="sepertiga terakhir", en="last third")
DIRECTION = {
    "longer": Said(id="Giliran bicara menjadi lebih panjang", en="Turns became longer"),
    "shorter": Said(id="Giliran bicara menjadi lebih pendek", en="Turns became shorter"),
    "same": Said(id="Panjang giliran bicara tetap", en="Turns stayed as long as they were"),
}


def clock(ms: int) -> str:
    """Return a time on the session clock, e.g. `12:04`."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"


@section("drift.lengths", of="drift.length", title=Said(id="Panjang giliran bicara", en="Length of turns"))
def lengths(result: Length) -> Iterable[Part]:
    """Whether turns became longer or shorter, and the medians of the two thirds as bars and as a table."""
    said, first, last = DIRECTION[result.direction], result.first, result.last
    yield Paragraph(
        Said(
            id=f"{said.id}: median {first.median_ms} ms dari {clock(first.since_ms)} sampai {clock(first.until_ms)}, "
            f"{last.median_ms} ms dari {clock(last.since_ms)} sampai {clock(last.until_ms)}.",
            en=f"{said.en}: median {first.median_ms} ms from {clock(first.since_ms)} to {clock(first.until_ms)}, "
            f"{last.median_ms} ms from {clock(last.since_ms)} to {clock(last.until_ms)}.",
        )
    )
    yield Bars(
        unit=Said(id="median giliran, ms", en="median turn, ms"),
        bars=(Bar(label=FIRST, value=first.median_ms), Bar(label=LAST, value=last.median_ms)),
    )
    yield Table(
        columns=(
            Said(id="bagian", en="part"),
            Said(id="dari", en="from"),
            Said(id="sampai", en="to"),
            Said(id="giliran", en="turns"),
            Said(id="median, ms", en="median, ms"),
        ),
        rows=tuple(
            (name, clock(part.since_ms), clock(part.until_ms), part.turns, part.median_ms)
            for name, part in ((FIRST, first), (LAST, last))
        ),
    )
