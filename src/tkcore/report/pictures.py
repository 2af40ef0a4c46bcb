"""Bars and curves as inline SVG: presentation attributes and classes only, so that a page needs no script and no style of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap

from tkcore.contributions import Bars, Curve

WIDE, ROW, FOLDED = 440, 26, 36
"""So narrow that its text is still read where a telephone shrinks it."""
SIGN, NARROW, BROAD, MOST = 8.5, 30, 200, 22
"""How wide a sign of a label is, how much room labels have at least and at most, and the signs in a line of one."""
HIGH, EDGE = 190, 34


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


def bars_picture(bars: Bars, text: Callable[[str], str], names: Sequence[str]) -> str:
    """Return bars from zero, each with its name and its interval as a line; `text` escapes."""
    low, high = spread(bars)
    labels = [_folded(name) for name in names]
    longest = max((len(line) for lines in labels for line in lines), default=0)
    begin_at = min(BROAD, max(NARROW, round(SIGN * longest) + 12))
    room = WIDE - begin_at - 10
    row = FOLDED if any(len(lines) > 1 for lines in labels) else ROW

    def x(value: float) -> str:
        return f"{begin_at + room * part(value, low, high):.1f}"

    tall = row * len(bars.bars) + 8
    drawn = []
    for at, (bar, lines) in enumerate(zip(bars.bars, labels, strict=True)):
        top = 4 + row * at
        middle = top + row // 2
        begin, end = sorted((part(0.0, low, high), part(bar.value, low, high)))
        drawn += [
            f'<text x="{begin_at - 8}" y="{middle + 12 - 7 * len(lines) + 14 * n}" text-anchor="end">{text(line)}</text>'
            for n, line in enumerate(lines)
        ]
        drawn.append(
            f'<rect class="bar" x="{begin_at + room * begin:.1f}" y="{middle - 9}" '
            f'width="{max(1.0, room * (end - begin)):.1f}" height="18"/>'
        )
        if bar.low is not None and bar.high is not None:
            drawn.append(f'<path class="line" d="M{x(bar.low)} {middle}H{x(bar.high)}"/>')
            drawn += [f'<path class="line" d="M{x(v)} {middle - 5}v10"/>' for v in (bar.low, bar.high)]
    drawn.append(f'<path class="axis" d="M{x(0.0)} 0V{tall}"/>')
    return _svg(tall, drawn)


def curve_picture(
    curve: Curve,
    text: Callable[[str], str],
    x_name: str,
    y_name: str,
    numbers: Callable[[Sequence[float]], list[str]],
) -> str:
    """Return a line through the points, with the ends of both axes in numbers."""
    left, right = span([x for x, _ in curve.points])
    low, high = span([y for _, y in curve.points])
    lows, highs = numbers([low, high])
    begin = min(BROAD, max(NARROW, round(SIGN * max(len(lows), len(highs))) + 12))
    wide, tall = WIDE - begin - 10, HIGH - EDGE - 44
    at = [
        f"{begin + wide * part(x, left, right):.1f} {EDGE + tall * (1 - part(y, low, high)):.1f}"
        for x, y in curve.points
    ]
    bottom = EDGE + tall
    lefts, rights = numbers([left, right])
    drawn = [
        f'<path class="axis" d="M{begin} {EDGE}V{bottom}H{begin + wide}"/>',
        f'<text x="0" y="14" text-anchor="start">{text(_short(y_name, 60))}</text>',
        f'<text x="{begin - 6}" y="{EDGE + 5}" text-anchor="end">{text(highs)}</text>',
        f'<text x="{begin - 6}" y="{bottom}" text-anchor="end">{text(lows)}</text>',
        f'<text x="{begin}" y="{bottom + 16}" text-anchor="start">{text(lefts)}</text>',
        f'<text x="{begin + wide}" y="{bottom + 16}" text-anchor="end">{text(rights)}</text>',
        f'<text x="{begin + wide / 2:.1f}" y="{bottom + 34}" text-anchor="middle">{text(_short(x_name, 46))}</text>',
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


def _folded(label: str) -> list[str]:
    """Return a label in at most two lines."""
    lines = wrap(label, MOST) or [""]
    return lines if len(lines) < 3 else [lines[0], _short(" ".join(lines[1:]), MOST)]


def _short(label: str, most: int) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
