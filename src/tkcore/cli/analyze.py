"""`tk analyze`: outcomes of analyses over a session or the sessions of a group."""

from __future__ import annotations

from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say


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
    from tkcore.cli.outcomes import show
    from tkcore.cli.printing import document, table
    from tkcore.config import locate
    from tkcore.errors import BadInput, Damaged
    from tkcore.plugins import Broken, analyses, find, load_all
    from tkcore.rows import SessionRow

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
    params = _params(given, picked)
    work = _Work(shell, desk, params)
    group = name.lower() if "/" not in name and name.lower() in desk.workspace.group_names() else None
    names = desk.workspace.session_names(group) if group else [locate(desk.workspace, name)]
    of_groups = [o for o in picked if o.what.needs] if group else []
    needed = {n for o in of_groups for n in o.what.needs}
    of_sessions = [o for o in picked if not o.what.needs]
    beside = [o for o in origins if o.what.name in needed and o not in of_sessions]
    sheets, meetings = [], []
    for full in names:
        try:
            session, outcomes = work.outcomes(full, [*of_sessions, *beside])
        except Damaged as error:
            if group is None:
                raise
            shell.tell("left out: {reason}", reason=say(error, shell.t))
            continue
        shown = tuple(outcomes[: len(of_sessions)])
        sheets.append(SessionOutcomes(session=full, head=session.head, outcomes=shown, tkcore=__version__))
        ran = [o.what.name for o in (*of_sessions, *beside)]
        meetings += [(row, dict(zip(ran, outcomes, strict=True))) for row in session.rows(SessionRow)]
        if not as_json and (shown or group is None):
            show(shell, sheets[-1])
    whole = None
    if group is not None:
        heads = tuple(s.head for s in sheets)
        found = tuple(work.of_group(group, o, meetings, origins) for o in of_groups)
        whole = GroupOutcomes(
            group=group, heads=heads, outcomes=found, sessions=tuple(sheets), tkcore=__version__
        )
    if as_json:
        document(whole or sheets[0])
    elif whole is not None and whole.outcomes:
        show(shell, whole)
    every = [*(whole.outcomes if whole else ()), *(o for s in sheets for o in s.outcomes)]
    return 1 if any(isinstance(o, Failed) for o in every) or broken else 0


def _params(given: tuple[str, ...], picked: list[Any]) -> dict[str, str]:
    """Return name=value pairs; each must be a parameter of one of the analyses. Raises BadInput."""
    from tkcore.errors import BadInput

    found = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise BadInput("--param {word}: write it as name=value", word=word)
        known = sorted({param for o in picked for param in o.what.params})
        if name not in known:
            raise BadInput(
                "no parameter {name}. There are: {known}", name=name, known=", ".join(known) or "-"
            )
        found[name] = value
    return found


class _Work:
    """Runs analyses over the sessions of a workspace and over a group."""

    def __init__(self, shell: Shell, desk: Any, params: dict[str, str]) -> None:
        from tkcore.reading import books, families_by_kind

        self.shell, self.desk, self.params = shell, desk, params
        self.codebooks = books(desk.workspace)
        self.families = families_by_kind(self.codebooks)

    def given(self, origin: Any) -> dict[str, str]:
        return {name: value for name, value in self.params.items() if name in origin.what.params}

    def outcomes(self, full: str, origins: list[Any]) -> tuple[Any, list[Any]]:
        """Return a session and what came of each analysis, in their order. Raises Damaged."""
        from tkcore.analyses import run
        from tkcore.reading import captured_of, read_session, rows_of
        from tkcore.relations import sql_over
        from tkcore.session import Session

        read = read_session(self.desk.workspace, full, self.desk.disk)
        if read.partial:
            self.shell.tell(
                "{session}: a newer tkcore has written part of it; what this one knows is answered",
                session=full,
            )
        rows = rows_of(read, self.codebooks)
        session = Session(full, rows, read.scan.head, sql=sql_over(rows))
        captured = captured_of(rows)
        return session, [
            run(o, session, captured=captured, families=self.families, params=self.given(o)) for o in origins
        ]

    def of_group(self, group: str, origin: Any, meetings: list[Any], origins: list[Any]) -> Any:
        """Return the outcome of one group function over the meetings' outcomes."""
        from tkcore.groups import Group, Meeting, meeting_result, run_group

        held = [
            (Meeting(session=row.session, number=row.number, held=row.held), found) for row, found in meetings
        ]
        by_name = {o.what.name: o for o in origins}
        results = {
            need: [meeting_result(by_name[need], meeting, found[need]) for meeting, found in held]
            for need in origin.what.needs
            if need in by_name
        }
        return run_group(origin, Group(group, [m for m, _ in held], results), self.given(origin))
