"""Stretches of time: merged, cut, and what they leave uncovered. Half-open, in ms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct


class Span(Struct, frozen=True, order=True):
    start: int
    end: int


def breaks(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as disjoint spans in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        elif span.end > span.start:
            merged.append(span)
    return merged


def uncovered(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """Return what of start..end no span covers."""
    return cut([Span(start, end)], breaks(spans))


def cut(spans: Iterable[Span], out: Sequence[Span], *, at: Sequence[int] = ()) -> list[Span]:
    """Return the spans without `out` (disjoint, in order), also divided at the moments `at` (in order)."""
    left: list[Span] = []
    for span in spans:
        start = span.start
        for hole in out:
            if hole.end <= start or hole.start >= span.end:
                continue
            left.append(Span(start, hole.start))
            start = hole.end
        left.append(Span(start, span.end))
    divided: list[Span] = []
    for span in left:
        start = span.start
        for moment in at:
            if start < moment < span.end:
                divided.append(Span(start, moment))
                start = moment
        divided.append(Span(start, span.end))
    return [span for span in divided if span.end > span.start]
