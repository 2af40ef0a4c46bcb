"""Tables for people and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    right: Sequence[int] = (),
    title: str | None = None,
) -> None:
    """Print a table that fits the terminal, 80 columns where there is none."""
    import shutil
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for at, name in enumerate(columns):
        drawn.add_column(name, justify="right" if at in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(value)) for value in row))
    Console(width=width, highlight=False).print(drawn)


def cell(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(v) for v in value) or "–"
    if isinstance(value, dict):
        if set(value) == {"withheld", "n"}:
            return f"– ({value['withheld']}, n = {value['n']})"
        return ", ".join(f"{k} {cell(v)}" for k, v in value.items()) or "–"
    return str(value)


def minutes(ms: int | None) -> str:
    """Return `12:04` of a length or a time."""
    if ms is None:
        return "–"
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"


def document(value: Any) -> None:
    """Print one stable JSON document."""
    from msgspec import json

    click.echo(json.format(json.encode(value), indent=2).decode())
