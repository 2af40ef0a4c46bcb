"""Bars and curves as inline SVG: presentation attributes and classes only, so that a page needs no script and no style of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tkcore.contributions import Bars, Curve
from tkcore.report.document import numbers

WIDE, LABEL, ROW = 640, 160, 24
HIGH, EDGE = 200, 40


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds all values and is not empty."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low / 2 < high / 2:
        return low, high
    return low - abs(low) - 1.0, high + abs(high) + 1.0


def part(value: float, low: float, high: float) -> float:
    """Return where on an axis a value lies, 0 to 1; halved first, so that no difference is infinite."""
    return min(1.0, max(0.0, (value / 2 - low / 2) / (high / 2 - low / 2)))


def spread(bars: Bars) -> tuple[float, float]:
    """Return the axis of bars: it holds zero, every value and every interval."""
    values = [v for b in bars.bars for v in (b.value, b.low, b.high) if v is not None]
    return span([0.0, *values])


def bars_picture(bars: Bars, text: Callable[[str], str], label: Callable[[int], str]) -> str:
    """Return bars from zero, each with its interval as a line; `text` escapes, `label` names a bar."""
    low, high = spread(bars)
    room = WIDE - LABEL - 10

    def x(value: float) -> str:
        return f"{LABEL + room * part(value, low, high):.1f}"

    tall = ROW * len(bars.bars) + 8
    drawn = []
    for at, bar in enumerate(bars.bars):
        top = 4 + ROW * at
        begin, end = sorted((part(0.0, low, high), part(bar.value, low, high)))
        drawn.append(
            f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{text(_short(label(at)))}</text>'
        )
        drawn.append(
            f'<rect class="bar" x="{LABEL + room * begin:.1f}" y="{top + 4}" '
            f'width="{max(1.0, room * (end - begin)):.1f}" height="{ROW - 8}"/>'
        )
        if bar.low is not None and bar.high is not None:
            middle = top + ROW // 2
            drawn.append(f'<path class="line" d="M{x(bar.low)} {middle}H{x(bar.high)}"/>')
            drawn += [f'<path class="line" d="M{x(v)} {middle - 5}v10"/>' for v in (bar.low, bar.high)]
    drawn.append(f'<path class="axis" d="M{x(0.0)} 0V{tall}"/>')
    return _svg(tall, drawn)


def curve_picture(curve: Curve, text: Callable[[str], str], x_name: str, y_name: str) -> str:
    """Return a line through the points, with the ends of both axes in numbers."""
    left, right = span([x for x, _ in curve.points])
    low, high = span([y for _, y in curve.points])
    wide, tall = WIDE - 2 * EDGE - 40, HIGH - 2 * EDGE
    begin = EDGE + 40
    at = [
        f"{begin + wide * part(x, left, right):.1f} {EDGE + tall * (1 - part(y, low, high)):.1f}"
        for x, y in curve.points
    ]
    bottom = EDGE + tall
    lows, highs = numbers([low, high])
    lefts, rights = numbers([left, right])
    drawn = [
        f'<path class="axis" d="M{begin} {EDGE}V{bottom}H{begin + wide}"/>',
        f'<text x="{begin}" y="{EDGE - 14}" text-anchor="start">{text(_short(y_name, 80))}</text>',
        f'<text x="{begin - 6}" y="{EDGE + 5}" text-anchor="end">{text(highs)}</text>',
        f'<text x="{begin - 6}" y="{bottom}" text-anchor="end">{text(lows)}</text>',
        f'<text x="{begin}" y="{bottom + 16}" text-anchor="start">{text(lefts)}</text>',
        f'<text x="{begin + wide}" y="{bottom + 16}" text-anchor="end">{text(rights)}</text>',
        f'<text x="{begin + wide / 2:.1f}" y="{bottom + 32}" text-anchor="middle">{text(_short(x_name, 80))}</text>',
    ]
    if at:
        drawn.append(f'<path class="curve" d="M{"L".join(at)}"/>')
        drawn += [f'<circle cx="{p.split()[0]}" cy="{p.split()[1]}" r="2.5"/>' for p in at if len(at) <= 100]
    return _svg(HIGH, drawn)


def _svg(tall: int, drawn: list[str]) -> str:
    """Return a picture that a reader of tables skips: what it shows stands in the table beside it."""
    return (
        f'<svg viewBox="0 0 {WIDE} {tall}" width="{WIDE}" height="{tall}" aria-hidden="true" focusable="false">'
        + "".join(drawn)
        + "</svg>"
    )


def _short(label: str, most: int = 22) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
