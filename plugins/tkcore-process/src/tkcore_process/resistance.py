"""Stretches in which codes of resistance stand close together, and their rate (science.md §7)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tkcore import Alert, Resistance, Said, Session, Withheld, analysis, bounded, poisson_rate
from tkcore_process.clock import coded, minutes, recorded

HOUR = 3_600_000
HEALTHY = {"acting_out": "expressive"}
"""What the codebook keeps with resistance and calls a healthy expression; it is counted apart."""


class Stretch(Struct, frozen=True, kw_only=True):
    """From the first code at `ts` to the last at `until` (ms on the session clock), `count` codes of these `kinds`.

    `open`: it reaches the last minutes of what is recorded; `recent` codes are in them.
    """

    ts: int
    until: int
    count: int
    kinds: tuple[str, ...]
    open: bool
    recent: int


class Resistances(Struct, frozen=True, kw_only=True):
    """`coded` codes in `observed` ms in which resistance was looked for; `per_hour` with its 95 % bounds.

    `within` minutes are what makes a stretch; `expressive` codes are counted in nothing else.
    """

    coded: int
    expressive: int
    observed: int
    within: int
    per_hour: float | Withheld
    per_hour_low: float | Withheld
    per_hour_high: float | Withheld
    stretches: tuple[Stretch, ...]
    said: Said


def close_together(result: Resistances) -> Iterable[Alert]:
    """Codes of resistance stood close together just now: how many, in how many minutes. No seat."""
    for stretch in result.stretches:
        if stretch.open:
            yield Alert(
                alert="process.resistance", numbers={"count": stretch.recent, "minutes": result.within}
            )


SAYS = {
    "process.resistance": Said(
        id="{count} kode resistensi tercatat dalam {minutes} menit terakhir",
        en="{count} codes of resistance in the last {minutes} minutes",
    )
}


@analysis(
    "process.resistance",
    version=1,
    reads=("resistance",),
    captures=("resistance",),
    alert=close_together,
    says=SAYS,
)
def resistance(session: Session, *, codes: int = 2, within: int = 3) -> Resistances:
    """Where codes of resistance stand close together, and how many there were an hour.

    A stretch: `codes` (2) or more within `within` (3) minutes of recorded time, pauses left out; stretches that share
    a code are one. It is open while so many lie in the last minutes. The rate is of the codes made while resistance
    was coded, by the hours of that, with the exact interval of Poisson [χ²(.025; 2x)/2, χ²(.975; 2x + 2)/2]/t: five in
    1.5 h are 3.33 an hour [1.08, 7.78], none in 1.5 h 0 [0, 2.46]. Acting-out coded as a healthy expression is
    counted apart. Source: science.md §7; the stretch is ours (capture.md: two or more in three minutes).

    Limits: a stretch of time, and nothing about a person: whose codes they were is not asked. Only what was coded is
    counted; silence is resistance only where somebody coded it so, advice is expected early, and no code is not the
    same as none. Two codes may stand for one event.
    """
    if codes < 2 or within < 1:
        raise ValueError("codes: at least 2; within: at least 1 minute")
    rows = session.rows(Resistance)
    seen = [row for row in rows if not _healthy(row)]
    times = [recorded(session, row.ts) for row in seen]
    spans = coded(session, "resistance")
    observed = sum(end - begin for begin, end in spans)
    inside = sum(any(begin <= ts <= end for begin, end in spans) for ts in times)
    rate = (
        poisson_rate(inside, observed / HOUR)
        if observed
        else Withheld("no time in which to look was recorded", 0)
    )
    value, low, high = bounded(rate)
    return Resistances(
        coded=len(seen), expressive=len(rows) - len(seen), observed=observed, within=within,
        per_hour=value, per_hour_low=low, per_hour_high=high,
        stretches=tuple(_stretches(session, seen, times, codes, 60_000 * within)),
        said=_said(inside, observed, low, high),
    )  # fmt: skip


def _healthy(row: Resistance) -> bool:
    return any(row.attrs.get(name) == value for name, value in HEALTHY.items())


def _stretches(
    session: Session, rows: list[Resistance], times: list[int], codes: int, within: int
) -> Iterable[Stretch]:
    """Windows of `codes` codes that are short enough, those that share one put together."""
    found: list[tuple[int, int]] = []
    for first in range(len(rows) - codes + 1):
        last = first + codes - 1
        if times[last] - times[first] > within:
            continue
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    since = session.opened.recorded - within
    for first, last in found:
        own = rows[first : last + 1]
        recent = sum(ts >= since for ts in times[first : last + 1])
        yield Stretch(
            ts=own[0].ts, until=own[-1].ts, count=len(own), kinds=tuple(sorted({row.code for row in own})),
            open=recent >= codes, recent=recent,
        )  # fmt: skip


def _said(inside: int, observed: int, low: float | Withheld, high: float | Withheld) -> Said:
    """What was coded, and the rates it is compatible with: none coded is not none."""
    if isinstance(low, Withheld) or isinstance(high, Withheld):
        return Said(id="belum ada waktu tercatat untuk mengamati", en="no time in which to look was recorded")
    span = minutes(observed)
    least, most = f"{low:.2f}", f"{high:.2f}"
    return Said(
        id=f"kode resistensi dalam {span} menit: {inside}; sejalan dengan {least.replace('.', ',')} sampai "
        f"{most.replace('.', ',')} per jam",
        en=f"codes of resistance in {span} minutes: {inside}; compatible with {least} to {most} an hour",
    )
