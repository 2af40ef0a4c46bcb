"""Tables for people and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tkcore.cli import Shell
    from tkcore.scheme import Setting


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    right: Sequence[int] = (),
    title: str | None = None,
    point: str = ".",
) -> None:
    """Print a table that fits the terminal, 80 columns where there is none; one that cannot, a block a row.

    `point` is what the language writes in a number.
    """
    import shutil
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    cells = [[cell(value, point) for value in row] for row in rows]
    needed = [_needed([name, *(row[at] for row in cells)]) for at, name in enumerate(columns)]
    if cells and sum(needed) + 3 * len(needed) > width:
        blocks(columns, cells, title)
        return
    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for at, name in enumerate(columns):
        drawn.add_column(
            Text(name), justify="right" if at in right else "left", overflow="fold", min_width=needed[at]
        )
    for row in cells:
        drawn.add_row(*map(Text, row))
    Console(width=width, highlight=False).print(drawn)


def _needed(cells: Sequence[str]) -> int:
    """Return the columns of the screen below which a word would have to be torn."""
    from rich.cells import cell_len

    return max((cell_len(word) for text in cells for word in text.split()), default=1)


def blocks(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str | None = None) -> None:
    """Print a row as lines of column and value, and a blank line behind it."""
    from rich.cells import cell_len

    widest = max(map(cell_len, columns))
    if title is not None:
        click.echo(f"{title}\n")
    for row in cells:
        for name, value in zip(columns, row, strict=True):
            click.echo(f"{name}{' ' * (widest - cell_len(name))}  {value}".rstrip())
        click.echo()


def comma_separated(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV: what is missing is empty, and what is no text or number stands as JSON has it."""
    import csv
    import sys

    from msgspec import json

    def field(value: Any) -> Any:
        return json.encode(value).decode() if isinstance(value, (bool, list, tuple, dict)) else value

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(columns)
    out.writerows([field(value) for value in row] for row in rows)


def cell(value: Any, point: str = ".") -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, float):
        return f"{value:.4f}".replace(".", point)
    if isinstance(value, (list, tuple)):
        return between(point).join(cell(v, point) for v in value) or "–"
    if isinstance(value, dict):
        if set(value) == {"withheld", "n"}:
            return f"– ({value['withheld']}, n = {value['n']})"
        return between(point).join(f"{k} {cell(v, point)}" for k, v in value.items()) or "–"
    return str(value)


def between(point: str) -> str:
    """Return what divides values that may be numbers: not the sign that stands in them."""
    return "; " if point == "," else ", "


def worded(shell: Shell, setting: Setting | None, value: str) -> str:
    """Return one of a setting's values in the user's language; a word no codebook knows as it stands."""
    labels = {} if setting is None else {v.id: shell.label(v.label) for v in setting.values}
    return labels.get(value) or shell._(value)


def minutes(ms: int | None) -> str:
    """Return `12:04` of a length or a time."""
    if ms is None:
        return "–"
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"


def document(value: Any) -> None:
    """Print one stable JSON document."""
    from msgspec import json

    click.echo(json.format(json.encode(value), indent=2).decode())
