"""`tk analyze`: outcomes of analyses over a session or the sessions of a group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
@click.option(
    "--deadline",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help=N_("stop a plugin that works longer on a session"),
)
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def analyze(
    shell: Shell,
    name: str | None,
    only: tuple[str, ...],
    listing: bool,
    given: tuple[str, ...],
    deadline: float,
    as_json: bool,
) -> int:
    """Run analyses over a session, or over each session of a group.

    Without names all of them run. A broken or failing plugin is named; the others go on.
    """
    from contextlib import ExitStack

    from tkcore import __version__
    from tkcore.analyses import Failed
    from tkcore.asking import look, offered_by, over_group, over_sessions
    from tkcore.cli.documents import AnalysisLine, GroupOutcomes, SessionOutcomes
    from tkcore.cli.outcomes import show
    from tkcore.cli.printing import document, table
    from tkcore.config import locate
    from tkcore.errors import BadInput, Damaged
    from tkcore.plugins import find, runnable
    from tkcore.reading import books
    from tkcore.workers import Crew, Limits

    if not (math.isfinite(deadline) and deadline > 0):
        raise BadInput(
            "a deadline of {seconds} s is none: give it seconds, as in --deadline 60", seconds=deadline
        )
    desk = shell.desk()
    with ExitStack() as stack:
        limits = Limits(deadline=deadline, loading=min(deadline, Limits().loading))
        able = runnable(find(), desk.workspace.config().plugins)
        crew = stack.enter_context(Crew(able, limits, debug=shell.debug))
        offers = offered_by(crew)
        for one in crew.broken:
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
                document([AnalysisLine(analysis=o.what.name, version=o.what.version, params=o.what.params, doc=o.what.doc, plugin=o.by.distribution, plugin_version=o.by.version) for o in offers])  # fmt: skip
            else:
                table(
                    [shell._("analysis"), shell._("measures"), shell._("plugin")],
                    [[o.what.name, o.what.doc.partition("\n")[0], o.by.distribution] for o in offers],
                )
            return 1 if crew.broken else 0
        picked = [
            o for o in offers if not only or o.what.name in only or o.what.name.partition(".")[0] in only
        ]
        for wanted in only:
            if not any(wanted in (o.what.name, o.what.name.partition(".")[0]) for o in offers):
                raise BadInput(
                    "no analysis {name}. There are: {known}",
                    name=wanted,
                    known=", ".join(o.what.name for o in offers) or "-",
                )
        params = _params(given, picked)
        group = name.lower() if "/" not in name and name.lower() in desk.workspace.group_names() else None
        names = desk.workspace.session_names(group) if group else [locate(desk.workspace, name)]
        of_groups = [o for o in picked if o.what.needs] if group else []
        needed = {n for o in of_groups for n in o.what.needs}
        of_sessions = [o for o in picked if not o.what.needs]
        beside = [o for o in offers if o.what.name in needed and o not in of_sessions]
        codebooks = books(desk.workspace)
        seen = []
        for full in names:
            try:
                seen.append(look(desk.workspace, full, desk.disk, codebooks))
            except Damaged as error:
                if group is None:
                    raise
                shell.tell("left out: {reason}", reason=say(error, shell.t))
                continue
            if seen[-1].partial:
                shell.tell(
                    "{session}: a newer tkcore has written part of it; what this one knows is answered",
                    session=full,
                )
        with _progress() as step:
            found = over_sessions(crew, desk.workspace, seen, [*of_sessions, *beside], params, step=step)
        sheets = [
            SessionOutcomes(session=s.session, head=s.head, outcomes=tuple(f[o.what.name] for o in of_sessions), tkcore=__version__)
            for s, f in zip(seen, found, strict=True)
        ]  # fmt: skip
        whole = None
        if group is not None:
            held = [(s.meeting, f) for s, f in zip(seen, found, strict=True) if s.meeting is not None]
            whole = GroupOutcomes(
                group=group, heads=tuple(s.head for s in sheets), sessions=tuple(sheets), tkcore=__version__,
                outcomes=tuple(over_group(crew, group, held, of_groups, params)),
            )  # fmt: skip
    if as_json:
        document(whole or sheets[0])
    else:
        for sheet in sheets:
            if sheet.outcomes or group is None:
                show(shell, sheet)
        if whole is not None and whole.outcomes:
            show(shell, whole)
    every = [*(whole.outcomes if whole else ()), *(o for s in sheets for o in s.outcomes)]
    return 1 if any(isinstance(o, Failed) for o in every) or crew.broken else 0


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show how much is done, on a terminal and once it has taken over half a second."""
    import sys
    import time

    began, shown = time.monotonic(), False

    def step(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - began > 0.5:
            shown = True
            click.echo(f"\r{done}/{total}", nl=False, err=True)

    yield step
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)


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
