"""A worker draws sections: from a result in its declared type to parts of a report, checked before they leave."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError, convert, json

from tkcore import jobs as j
from tkcore.contributions import Bars, Curve, Paragraph, Part, Table
from tkcore.errors import TkError
from tkcore.worker import lent

if TYPE_CHECKING:
    from tkcore.worker import Bench

LARGEST = 4 << 20
"""The most bytes of a section: more than that nobody reads."""


def draw(job: j.Draw, bench: Bench) -> j.Drawn | j.Stopped:
    """Return a section's parts; `Stopped` at `check` where they cannot be shown. Raises TkError."""
    chosen = next((s for s in bench.plugin.sections if s.name == job.section), None)
    if chosen is None:
        raise TkError(
            "the plugin {plugin} has no section {name}", plugin=bench.plugin.found.name, name=job.section
        )
    result = lent(bench, job.lender, chosen.of).what.result
    try:
        value = convert(job.value, result)
    except ValidationError as error:
        raise TkError("the result of {analysis} is of another type: {error}", analysis=chosen.of, error=error) from None  # fmt: skip
    parts = list(chosen.draw(value))
    wrong = next(filter(None, map(misdrawn, parts)), "")
    if wrong:
        return j.Stopped(stage="check", error=wrong)
    try:
        said = json.encode(parts)
        kept = json.decode(said, type=tuple[Part, ...])
    except (ValidationError, TypeError, ValueError, OverflowError, RecursionError) as error:
        return j.Stopped(stage="check", error=str(error))
    if len(said) > LARGEST:
        return j.Stopped(
            stage="size", error=f"the section has {len(said):,} bytes; at most {LARGEST:,} are taken"
        )
    return j.Drawn(kept)


def misdrawn(part: Any) -> str:
    """Return why something cannot be a part of a report, in a sentence; nothing if it can."""
    match part:
        case Paragraph():
            return ""
        case Table(columns=columns, rows=rows):
            odd = next((len(row) for row in rows if len(row) != len(columns)), None)
            if odd is not None:
                return f"a row has {odd} cells, the table {len(columns)} columns"
            return _unreal(cell for row in rows for cell in row)  # in JSON it would be None: nothing known
        case Bars(bars=bars):
            return _unreal(v for bar in bars for v in (bar.value, bar.low, bar.high))
        case Curve(points=points):
            xs = [x for x, _ in points]
            if not (wrong := _unreal(v for point in points for v in point)) and xs != sorted(xs):
                return "the points of a curve are not in the order of x"
            return wrong
    return f"{type(part).__name__} is no part: Paragraph, Table, Bars or Curve"


def _unreal(values: Iterable[Any]) -> str:
    odd = next((v for v in values if isinstance(v, float) and not math.isfinite(v)), None)
    return f"{odd} is no number to draw" if odd is not None else ""
