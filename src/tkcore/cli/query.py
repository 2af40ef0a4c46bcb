"""`tk query`: one SELECT over a session, a group or the workspace."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.views import PluginView


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
    checklist, contract, note, crowd, presence, phase, activity, pause, silence, exposure, seat, session. Events of
    enabled plugins: a view each, such as gaze_shifted.
    """
    from msgspec.structs import replace

    from tkcore.cli.printing import comma_separated, document, table
    from tkcore.errors import BadInput
    from tkcore.gathering import gather
    from tkcore.reading import books
    from tkcore.relations import wants_record
    from tkcore.sandbox import ask
    from tkcore.talk import decimal_mark, say

    if session is not None and group is not None:
        raise BadInput("--session and --group say two different things: choose one")
    if as_json and as_csv:
        raise BadInput("--json and --csv say two different things: choose one")
    desk = shell.desk()
    names = chosen(desk.workspace, session, group)
    views = views_for(shell, sql, desk.workspace.config().plugins)
    with tempfile.TemporaryDirectory(prefix="tkcore-") as folder:
        with click.progressbar(
            length=max(1, len(names)), label=shell._("reading"), file=sys.stderr,
            hidden=not sys.stderr.isatty() or len(names) < 100,
        ) as bar:  # fmt: skip
            sources, left = gather(
                desk.workspace, names, books(desk.workspace), desk.disk, Path(folder), shell.tell,
                lambda _: bar.update(1), records=wants_record(sql, views),
            )  # fmt: skip
        if left and len(names) == 1:
            raise left[0].reason
        for one in left:
            shell.tell("left out: {reason}", reason=say(one.reason, shell.t))
        answer = ask(sql, replace(sources, views=views), deadline=deadline)
    columns = distinct(answer.columns)
    if as_json:
        document([dict(zip(columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        comma_separated(columns, answer.rows)
    else:
        numbers = [
            at
            for at in range(len(answer.columns))
            if any(isinstance(r[at], (int, float)) and not isinstance(r[at], bool) for r in answer.rows)
        ]
        table(answer.columns, answer.rows, right=numbers, point=decimal_mark(shell.language))


def views_for(shell: Shell, sql: str, enabled: Mapping[str, str]) -> tuple[PluginView, ...]:
    """Return the views that a statement asks for of enabled plugins, as their own processes tell them.

    A plugin is begun only where a word of the statement begins with its name.
    """
    from tkcore.rows import KINDS
    from tkcore.views import asked, views_of

    words = {w for w in re.findall(r"[a-z0-9_]+", sql.lower()) if "_" in w and w not in KINDS}
    wanted = {p for p in enabled if any(word.startswith(p.replace("-", "_") + "_") for word in words)}
    if not wanted:
        return ()
    from tkcore.plugins import Broken, find, runnable
    from tkcore.workers import Crew

    runs = [
        one
        for one in runnable(find(), enabled)
        if (one.found if isinstance(one, Broken) else one).name in wanted
    ]
    with Crew(runs, debug=shell.debug) as crew:
        for broken in crew.broken:
            shell.tell(
                "plugin {name} is broken at stage {stage}: {error}",
                name=broken.found.name, stage=broken.stage, error=broken.error,
            )  # fmt: skip
        return asked(sql, views_of(own for offer in crew.offers.values() for own in offer.events))


def distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns with a number at every repeated name, so that none hides another."""
    found: dict[str, None] = {}
    for name in columns:
        free = name
        number = 0
        while free in found or (number and free in columns):
            number += 1
            free = f"{name}_{number}"
        found[free] = None
    return tuple(found)


def chosen(workspace: Any, session: str | None, group: str | None) -> list[str]:
    """Return the sessions asked for. Raises NotFound."""
    from tkcore.config import locate, name
    from tkcore.errors import NotFound

    if session is not None:
        return [locate(workspace, session)]
    if group is not None and not workspace.group(name(group)).is_dir():
        raise NotFound("there is no group {group}. See: tk group list", group=name(group))
    return list(workspace.session_names(group))
