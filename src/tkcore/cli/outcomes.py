"""Outcomes for people: a heading, a table of what is one thing, a table for each list."""

from __future__ import annotations

from typing import Any

import click
from msgspec import to_builtins

from tkcore.cli import Shell
from tkcore.cli.documents import GroupOutcomes, SessionOutcomes
from tkcore.cli.printing import cell, minutes, table
from tkcore.talk import decimal_mark


def show(shell: Shell, found: SessionOutcomes | GroupOutcomes) -> None:
    """Print the outcomes of one session or group."""
    sheet = to_builtins(found)
    if isinstance(found, GroupOutcomes):
        click.echo(shell._("group {group}, {count} meetings", group=found.group, count=len(found.heads)))
    else:
        click.echo(f"{found.session}  #{found.head.seq} {found.head.h[:12]}")
    for outcome in sheet["outcomes"]:
        click.echo()
        params = " ".join(f"{k}={v}" for k, v in outcome["params"].items())
        click.echo(f"── {outcome['analysis']} {outcome['version']}" + (f"  ({params})" if params else ""))
        kind = outcome["outcome"]
        if kind == "not_applicable":
            shell_line(shell, "not captured: {families}", families=", ".join(outcome["missing"]))
        elif kind == "withheld":
            shell_line(shell, "withheld: {gate} (n = {n})", gate=shell._(outcome["gate"]), n=outcome["n"])
        elif kind == "failed":
            shell_line(
                shell, "failed at stage {stage}: {error}", stage=outcome["stage"], error=outcome["error"]
            )
        else:
            _value(shell, outcome["value"])
            if outcome["missing"]:
                shell_line(shell, "not captured: {families}", families=", ".join(outcome["missing"]))


def shell_line(shell: Shell, text: str, **values: Any) -> None:
    click.echo("   " + shell._(text, **values))


def _value(shell: Shell, value: Any) -> None:
    if isinstance(value, list):
        _rows(shell, value)
        return
    plain = {k: v for k, v in value.items() if not _is_rows(v)}
    singles = {k: v for k, v in plain.items() if not _is_record(v)}
    if singles:
        table([shell._("measure"), shell._("value")], [[k, _cell(shell, v, k)] for k, v in singles.items()])
    records = {k: v for k, v in plain.items() if _is_record(v)}
    if records:
        fields = list(dict.fromkeys(f for v in records.values() for f in v if set(v) != {"withheld", "n"}))
        rows = []
        for field in fields:
            rows.append([field, *[_cell(shell, v.get(field), field) for v in records.values()]])
        table([shell._("measure"), *records], rows, right=range(1, len(records) + 1))
    for name, rows_ in value.items():
        if _is_rows(rows_):
            click.echo(f"   {name}")
            _rows(shell, rows_)


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and set(value) not in ({"withheld", "n"}, {"id", "en"})


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


TIMES = {"ts", "dur", "ms", "since", "until", "longest", "recorded"}


def _cell(shell: Shell, value: Any, field: str = "") -> str:
    if field in TIMES and isinstance(value, int):
        return minutes(value)
    if isinstance(value, dict) and set(value) == {"withheld", "n"}:
        return f"– {shell._(value['withheld'])} (n = {value['n']})"
    if isinstance(value, dict) and set(value) == {"id", "en"}:
        return str(value[shell.language])
    if isinstance(value, str) and value:
        return shell._(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ", ".join(shell._(part) for part in value)
    if isinstance(value, float):
        return f"{value:.3f}".replace(".", decimal_mark(shell.language))
    return cell(value, decimal_mark(shell.language))


def _rows(shell: Shell, rows: list[dict[str, Any]]) -> None:
    """A table if it fits 80 columns; else each row's fields under each other, the first fields first."""
    if not rows:
        shell_line(shell, "nothing")
        return
    fields = list(rows[0])
    gates: dict[str, None] = {}
    cells = []
    for row in rows:
        line = []
        for f in fields:
            value = row.get(f)
            if isinstance(value, dict) and set(value) == {"withheld", "n"}:
                gates[f"– {f}: {shell._(value['withheld'])} (n = {value['n']})"] = None
                value = None
            line.append(_cell(shell, value, f))
        cells.append(line)
    width = sum(max(len(f), *(len(c[at]) for c in cells)) + 3 for at, f in enumerate(fields))
    if width <= 80:
        table(
            fields,
            cells,
            right=[at for at in range(len(fields)) if isinstance(rows[0][fields[at]], (int, float))],
        )
    else:
        _turned(fields, cells)
    for gate in gates:
        click.echo(f"   {gate}")


def _turned(fields: list[str], cells: list[list[str]]) -> None:
    """A wide table stands on its side: one column a row, six at a time; sentences below."""
    short = [max(len(c[at]) for c in cells) <= 12 for at in range(len(fields))]
    for begin in range(0, len(cells), 6):
        part = cells[begin : begin + 6]
        lines = [[f, *[c[at] for c in part]] for at, f in enumerate(fields) if at and short[at]]
        table([fields[0], *[c[0] for c in part]], lines, right=range(1, len(part) + 1))
    for at, field in enumerate(fields):
        if at and not short[at]:
            for line in cells:
                if line[at] != "–":
                    click.echo(f"   {line[0]}  {field}: {line[at]}")
