"""`tk query`: one SELECT over a session, a group or the workspace."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.command()
@click.argument("sql", metavar='"SELECT ..."')
@click.option("--session", metavar="S", help=N_("only this session"))
@click.option("--group", metavar="G", help=N_("only this group"))
@click.option("--json", "as_json", is_flag=True, help=N_("a list of row objects"))
@click.option("--csv", "as_csv", is_flag=True, help=N_("comma-separated values"))
@click.option(
    "--deadline",
    type=click.FloatRange(0.1, 3600),
    default=30.0,
    show_default=True,
    help=N_("seconds after which it is stopped"),
)
@click.pass_obj
def query(
    shell: Shell,
    sql: str,
    session: str | None,
    group: str | None,
    as_json: bool,
    as_csv: bool,
    deadline: float,
) -> None:
    """Ask one SELECT.

    Relations: event, record. Views: turn, address, intervention, conflict, resistance, factor, mark, rating,
    checklist, contract, note, crowd, presence, phase, activity, pause, silence, exposure, seat, session.
    """
    from tkcore.cli.printing import document, table
    from tkcore.sandbox import ask

    desk = shell.desk()
    names = chosen(desk.workspace, session, group)
    with tempfile.TemporaryDirectory(prefix="tkcore-") as folder:
        answer = ask(sql, gather(shell, desk, names, Path(folder)), deadline=deadline)
    if as_json:
        document([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        import csv

        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(answer.columns)
        out.writerows(answer.rows)
    else:
        numbers = [
            at
            for at in range(len(answer.columns))
            if any(isinstance(r[at], (int, float)) and not isinstance(r[at], bool) for r in answer.rows)
        ]
        table(answer.columns, answer.rows, right=numbers)


def chosen(workspace: Any, session: str | None, group: str | None) -> list[str]:
    """Return the sessions asked for. Raises NotFound."""
    from tkcore.config import locate, name
    from tkcore.errors import NotFound

    if session is not None:
        return [locate(workspace, session)]
    if group is not None and not workspace.group(name(group)).is_dir():
        raise NotFound("there is no group {group}. See: tk group list", group=name(group))
    return list(workspace.session_names(group))


def gather(shell: Shell, desk: Any, names: list[str], folder: Path) -> Any:
    """Fold what has no fresh Parquet, and name the files of all; damaged sessions are left out, and said."""
    from tkcore.archive import fresh
    from tkcore.errors import Damaged
    from tkcore.reading import books, read_session, records_of, rows_of
    from tkcore.relations import Sources, encode_records, encode_rows

    codebooks = books(desk.workspace)
    parquet: list[tuple[str, str]] = []
    event, record = folder / "event.ndjson", folder / "record.ndjson"
    with event.open("wb") as events, record.open("wb") as records:
        for name in names:
            try:
                read = read_session(desk.workspace, name, desk.disk)
            except Damaged as error:
                if len(names) == 1:
                    raise
                from tkcore.talk import say

                shell.tell("left out: {reason}", reason=say(error, shell.t))
                continue
            kept = fresh(desk.workspace.session(name), read.scan)
            if kept is not None:
                parquet.append((str(kept[0]), str(kept[1])))
                continue
            if read.scan.manifest is not None:
                shell.tell(
                    "{session} has changed since it was closed: read from its log. `tk session close` makes it fast again",
                    session=name,
                )
            events.write(encode_rows(rows_of(read, codebooks)))
            records.write(encode_records(records_of(read)))
    return Sources(
        event=(str(event),), record=(str(record),),
        event_parquet=tuple(p[0] for p in parquet), record_parquet=tuple(p[1] for p in parquet),
    )  # fmt: skip
