"""A document as one HTML file that asks for nothing: no script, no outside request, styles by their digest only.

Every text goes through `_text`; there is no other way into the page for what a plugin or a log says.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

from tkcore.contributions import Bars, Curve, Paragraph, Part, Table
from tkcore.report.document import Chapter, Document, Drawing, Voice, numeric, plain
from tkcore.report.pictures import bars_picture, curve_picture

STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--quiet:#595959;--line:#c8c8c8;--bar:#6a96bb;--note:#f3efe2}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#161616;--quiet:#a8a8a8;--line:#4a4a4a;--bar:#3f76a3;--note:#2c2a20}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:44rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{border-top:1px solid var(--line);padding-top:1.5rem;margin-top:2.5rem}h3{margin:2rem 0 .75rem}
.facts,.origin,footer{color:var(--quiet);font-size:.85rem;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);margin-top:2.5rem;padding-top:.75rem}
.note{background:var(--note);padding:.4rem .8rem;overflow-wrap:anywhere}
.says{white-space:pre-line}h1,h2,h3,.says{overflow-wrap:anywhere}section{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{border-bottom:1px solid var(--line);padding:.2rem .9rem .2rem 0;text-align:left;vertical-align:top}
th{vertical-align:bottom;line-height:1.25}th:last-child,td:last-child{padding-right:.2rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}th.n{max-width:14rem}
svg{max-width:100%;height:auto;display:block;margin:.5rem 0}svg text{fill:var(--ink);font-size:13px}
.bar{fill:var(--bar)}.line,.axis,.curve{fill:none;stroke:var(--ink)}.line{stroke-width:1.5}.axis{stroke:var(--line)}.curve{stroke:var(--bar);stroke-width:2}circle{fill:var(--bar)}
@media (max-width:30rem){body{margin:1rem auto}h1{font-size:1.6rem}table{font-size:.9rem}th{font-size:.8rem}th,td{padding-right:.45rem}th.n{max-width:6.5rem}svg text{font-size:15px}}
@media print{@page{margin:18mm 16mm}section{overflow:visible}:root{color-scheme:light;--ink:#000;--paper:#fff;--quiet:#444;--line:#999;--bar:#999;--note:#fff}body{margin:0;padding:0;max-width:none;font-size:11pt}.note{border:1px solid #999}h2,h3{break-after:avoid}tr,svg,.note{break-inside:avoid}thead{display:table-header-group}.origin{break-before:avoid}}
"""
_DIGEST = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


def page(document: Document, voice: Voice) -> str:
    """Return the whole file."""
    title = _text(voice._("Report: {name}", name=document.name))
    body = [f"<h1>{title}</h1>"]
    for one in document.missing:
        body.append(_note(voice._("left out: {what}: {why}", what=one.what, why=one.why)))
    body += [_chapter(chapter, voice) for chapter in document.chapters]
    body.append(f"<footer>tkcore {_text(document.tkcore)}</footer>")
    return (
        f'<!doctype html>\n<html lang="{_text(voice.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_text(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _chapter(chapter: Chapter, voice: Voice) -> str:
    drawn = [_section(drawing, voice) for drawing in chapter.drawings]
    if not drawn:
        drawn = [_note(voice._("no enabled plugin draws a section here"))]
    facts = _text(" · ".join(voice.facts(chapter)))
    return f'<h2>{_text(chapter.name)}</h2>\n<p class="facts">{facts}</p>\n' + "\n".join(drawn)


def _section(drawing: Drawing, voice: Voice) -> str:
    parts = [_note(said) for said in voice.notes(drawing)] + [_part(part, voice) for part in drawing.parts]
    return (
        f"<section>\n<h3>{_text(voice.said(drawing.title))}</h3>\n" + "\n".join(parts)
        + f'\n<p class="origin">{_text(voice.origin(drawing))}</p>\n</section>'
    )  # fmt: skip


def _part(part: Part, voice: Voice) -> str:
    match part:
        case Paragraph(says=says):
            return f'<p class="says">{_text(voice.said(says))}</p>'
        case Table():
            return _rows(
                [voice.said(column) for column in part.columns],
                voice.cells(part.rows),
                {at for at in range(len(part.columns)) if numeric(part.rows, at)},
            )
        case Bars():
            return _bars(part, voice)
        case Curve():
            x, y = voice.said(part.x), voice.said(part.y)
            columns = (voice.numbers([a for a, _ in part.points]), voice.numbers([b for _, b in part.points]))
            return curve_picture(part, _text, x, y, voice.numbers) + _rows(
                [x, y], list(map(list, zip(*columns, strict=True))), {0, 1}
            )


def _bars(part: Bars, voice: Voice) -> str:
    labels = [voice.said(bar.label) for bar in part.bars]
    between = any(bar.low is not None or bar.high is not None for bar in part.bars)
    written = iter(voice.numbers([v for b in part.bars for v in (b.value, b.low, b.high) if v is not None]))
    cells = [
        [label, *("–" if v is None else next(written) for v in (bar.value, bar.low, bar.high))][: 4 if between else 2]
        for label, bar in zip(labels, part.bars, strict=True)
    ]  # fmt: skip
    columns = ["", voice.said(part.unit), voice._("from"), voice._("to")][: 4 if between else 2]
    return bars_picture(part, _text, labels) + _rows(columns, cells, {1, 2, 3})


def _rows(columns: list[str], rows: list[list[str]], right: set[int]) -> str:
    def line(cells: list[str], begin: str, end: str) -> str:
        kind = {True: ' class="n">', False: ">"}
        drawn = [f"{begin}{kind[at in right]}{_text(cell)}{end}" for at, cell in enumerate(cells)]
        return f"<tr>{''.join(drawn)}</tr>"

    head = line(columns, '<th scope="col"', "</th>")
    body = "\n".join(line(row, "<td", "</td>") for row in rows)
    return f"<table>\n<thead>{head}</thead>\n<tbody>{body}</tbody>\n</table>"


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>'


def _text(text: str) -> str:
    """Return a text that can only be read."""
    return escape(plain(text), quote=True)
