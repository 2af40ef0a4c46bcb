"""`tk analyze`: outcomes of analyses over a session or the sessions of a group."""

from __future__ import annotations

from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.command()
@click.argument("name", metavar="[SESSION|GROUP]", required=False)
@click.argument("only", metavar="[ANALYSIS]...", nargs=-1)
@click.option("--list", "listing", is_flag=True, help=N_("what can be analysed"))
@click.option(
    "--param",
    "-p",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help=N_("set a parameter of the named analyses"),
)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def analyze(
    shell: Shell,
    name: str | None,
    only: tuple[str, ...],
    listing: bool,
    given: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run analyses over a session, or over each session of a group.

    Without names all of them run. A broken or failing plugin is named; the others go on.
    """
    from tkcore import __version__
    from tkcore.analyses import Failed
    from tkcore.cli.documents import AnalysisLine, GroupOutcomes, SessionOutcomes
    from tkcore.cli.printing import document, table
    from tkcore.errors import BadInput
    from tkcore.plugins import Broken, analyses, find, load_all

    desk = shell.desk()
    loaded = load_all(find(), desk.workspace.config().plugins)
    broken = [p for p in loaded if isinstance(p, Broken)]
    origins = analyses(loaded)
    for one in broken:
        shell.tell(
            "plugin {name} is broken at stage {stage}: {error}",
            name=one.found.name,
            stage=one.stage,
            error=one.error,
        )
    if listing or name is None:
        if not listing:
            raise BadInput("which session or group? See: tk session list, or: tk analyze --list")
        if as_json:
            document([AnalysisLine(analysis=o.what.name, version=o.what.version, params=o.what.params, doc=o.what.doc, plugin=o.plugin, plugin_version=o.plugin_version) for o in origins])  # fmt: skip
        else:
            table(
                [shell._("analysis"), shell._("measures"), shell._("plugin")],
                [[o.what.name, o.what.doc.partition("\n")[0], o.plugin] for o in origins],
            )
        return 1 if broken else 0
    picked = [o for o in origins if not only or o.what.name in only or o.what.name.partition(".")[0] in only]
    for wanted in only:
        if not any(wanted in (o.what.name, o.what.name.partition(".")[0]) for o in origins):
            raise BadInput(
                "no analysis {name}. There are: {known}",
                name=wanted,
                known=", ".join(o.what.name for o in origins) or "-",
            )
    params = _params(given)
    sheets = []
    for full in _sessions(desk.workspace, name):
        session, outcomes = outcomes_of(desk, full, picked, params)
        sheets.append(
            SessionOutcomes(session=full, head=session.head, outcomes=tuple(outcomes), tkcore=__version__)
        )
        if not as_json:
            from tkcore.cli.outcomes import show

            show(shell, sheets[-1])
    if as_json:
        heads = tuple(s.head for s in sheets)
        document(
            GroupOutcomes(group=name, heads=heads, outcomes=(), sessions=tuple(sheets), tkcore=__version__)
            if name in desk.workspace.group_names()
            else sheets[0]
        )
    failed = any(isinstance(o, Failed) for s in sheets for o in s.outcomes)
    return 1 if failed or broken else 0


def _params(given: tuple[str, ...]) -> dict[str, str]:
    from tkcore.errors import BadInput

    found = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise BadInput("--param {word}: write it as name=value", word=word)
        found[name] = value
    return found


def _sessions(workspace: Any, name: str) -> list[str]:
    from tkcore.config import locate

    if "/" not in name and name.lower() in workspace.group_names():
        return list(workspace.session_names(name))
    return [locate(workspace, name)]


def outcomes_of(desk: Any, full: str, picked: list[Any], params: dict[str, str]) -> tuple[Any, list[Any]]:
    """Return a session and what came of each analysis, in its own order."""
    from tkcore.analyses import run
    from tkcore.reading import books, captured_of, families_by_kind, read_session, rows_of
    from tkcore.relations import sql_over
    from tkcore.session import Session

    codebooks = books(desk.workspace)
    read = read_session(desk.workspace, full, desk.disk)
    rows = rows_of(read, codebooks)
    session = Session(full, rows, read.scan.head, sql=sql_over(rows))
    kinds = families_by_kind(codebooks)
    return session, [
        run(o, session, captured=captured_of(rows), families=kinds, params=params) for o in picked
    ]
