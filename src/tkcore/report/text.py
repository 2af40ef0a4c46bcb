"""A document as text for a terminal: tables, bars of blocks, curves as a line of signs with their numbers."""

from __future__ import annotations

import io

from tkcore.contributions import Bars, Curve, Paragraph, Part, Table
from tkcore.report.document import Chapter, Document, Drawing, Voice, numeric, plain
from tkcore.report.pictures import part as place
from tkcore.report.pictures import span, spread

BAR = 30
SIGNS = "▁▂▃▄▅▆▇█"
POINTS = 60


def text(document: Document, voice: Voice, width: int = 80) -> str:
    """Return the whole document, as wide as the terminal."""
    lines = [voice._("Report: {name}", name=document.name)]
    for one in document.missing:
        lines.append(voice._("left out: {what}: {why}", what=one.what, why=one.why))
    for chapter in document.chapters:
        lines += ["", *_chapter(chapter, voice, width)]
    return plain("\n".join([*lines, "", f"tkcore {document.tkcore}"])) + "\n"


def _chapter(chapter: Chapter, voice: Voice, width: int) -> list[str]:
    lines = ["═ " + "  ".join([chapter.name, *voice.facts(chapter)])]
    if not chapter.drawings:
        lines += ["", "   " + voice._("no enabled plugin draws a section here")]
    for drawing in chapter.drawings:
        lines += ["", *_section(drawing, voice, width)]
    return lines


def _section(drawing: Drawing, voice: Voice, width: int) -> list[str]:
    lines = [f"── {voice.said(drawing.title)}"]
    lines += ["   " + note for note in voice.notes(drawing)]
    for part in drawing.parts:
        lines += _part(part, voice, width)
    return [*lines, "   " + voice.origin(drawing)]


def _part(part: Part, voice: Voice, width: int) -> list[str]:
    match part:
        case Paragraph(says=says):
            import textwrap

            said = voice.said(says).split("\n")
            return [line for one in said for line in textwrap.wrap(one, width, initial_indent="   ", subsequent_indent="   ") or [""]]  # fmt: skip
        case Table():
            return _table(part, voice, width)
        case Bars():
            return _bars(part, voice)
        case Curve():
            return _curve(part, voice)


def _table(part: Table, voice: Voice, width: int) -> list[str]:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, column in enumerate(part.columns):
        drawn.add_column(
            Text(voice.said(column)), justify="right" if numeric(part.rows, at) else "left", overflow="fold"
        )
    for row in voice.cells(part.rows):
        drawn.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=max(20, width - 3), highlight=False, color_system=None).print(drawn)
    return ["   " + line.rstrip() for line in out.getvalue().rstrip("\n").split("\n") if line.strip()]


def _bars(part: Bars, voice: Voice) -> list[str]:
    """Return a line a bar, on an axis that holds zero; an interval stands in numbers."""
    from rich.cells import cell_len, set_cell_size

    low, high = spread(part)
    labels = [voice.said(bar.label).replace("\n", " ") for bar in part.bars]
    wide = min(24, max(map(cell_len, labels), default=0))
    written = iter(voice.numbers([v for b in part.bars for v in (b.value, b.low, b.high) if v is not None]))
    lines = [f"   ({voice.said(part.unit)})"]
    for label, bar in zip(labels, part.bars, strict=True):
        begin, end = sorted(round(BAR * place(v, low, high)) for v in (0.0, bar.value))
        drawn = " " * begin + "█" * (end - begin) + " " * (BAR - end)
        value, *ends = ("–" if v is None else next(written) for v in (bar.value, bar.low, bar.high))
        between = "" if bar.low is None and bar.high is None else f" [{ends[0]} … {ends[1]}]"
        lines.append(f"   {set_cell_size(label, wide)} {drawn} {value}{between}")
    return lines


def _curve(part: Curve, voice: Voice) -> list[str]:
    """Return a sign a point, of many every n-th, and where the curve begins, ends, is lowest and highest."""
    if not part.points:
        return ["   –"]
    step = -(-len(part.points) // POINTS)
    ys = [y for _, y in part.points]
    low, high = span(ys)
    signs = "".join(SIGNS[min(7, int(8 * place(y, low, high)))] for y in ys[::step])
    begin, end, least, most = voice.numbers([ys[0], ys[-1], min(ys), max(ys)])
    left, right = voice.numbers([part.points[0][0], part.points[-1][0]])
    return [
        f"   {signs}  {begin} → {end} ({least} … {most})",
        f"   {voice.said(part.y)}; {voice.said(part.x)}: {left} … {right}",
    ]
