"""How the structure of communication is drawn: what may be said of it, how sure that is, and the acts behind it."""

from __future__ import annotations

from collections.abc import Iterable

from tkcore import Bar, Bars, Paragraph, Part, Said, Table, Withheld, section
from tkcore_network.structure import NAMES, Structure


@section("network.form", of="network.structure", title=Said(id="Struktur komunikasi", en="Structure of communication"))  # fmt: skip
def form(result: Structure) -> Iterable[Part]:
    """The sentence of the structure, the chance of each class under resampling, and the directed acts."""
    yield Paragraph(result.said)
    if result.provisional:
        yield Paragraph(Said(id="Sementara: kurang dari 60 tindak tutur.", en="Provisional: fewer than 60 acts."))  # fmt: skip
    if isinstance(result.probability, Withheld):
        gate = result.probability
        yield Paragraph(
            Said(
                id=f"Peluang tidak dapat disebut (n = {gate.n}).",
                en=f"Chances cannot be said: {gate.gate} (n = {gate.n}).",
            )
        )
    else:
        unit = Said(id="% dari pengambilan ulang", en="% of resamples")
        yield Bars(
            unit=unit,
            bars=tuple(
                Bar(label=NAMES[chance.structure], value=round(100 * chance.probability, 1))
                for chance in result.probability
            ),
        )
    yield Table(
        columns=(Said(id="tindak tutur terarah", en="directed acts"), Said(id="jumlah", en="number")),
        rows=(
            (Said(id="lewat terapis", en="through leaders"), _count(result.through_leaders)),
            (Said(id="antaranggota", en="among members"), _count(result.among_members)),
        ),
    )


def _count(acts: float) -> float:
    """Return a number of acts; it is whole unless an act was shared among addressees."""
    return int(acts) if acts == int(acts) else round(acts, 1)
