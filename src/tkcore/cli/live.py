"""`tk live`: a session is followed while it is recorded, on a terminal as a table, else as lines for its alerts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.lines import LiveLine


@click.command()
@click.argument("name", metavar="SESSION")
@click.option("--lines", is_flag=True, help=N_("on a terminal too: a line for each alert, no table"))
@click.option("--once", is_flag=True, help=N_("only what the log holds now, then end"))
@click.option(
    "--raised", is_flag=True, help=N_("print what is raised and lowered too, not only what is shown")
)
@click.option("--json", "as_json", is_flag=True, help=N_("a JSON line for everything that happens"))
@click.option(
    "--aside",
    is_flag=True,
    help=N_("for a program that begins it: give way to others, say each tick that was heard, end with stdin"),
)
@click.pass_obj
def live(shell: Shell, name: str, lines: bool, once: bool, raised: bool, as_json: bool, aside: bool) -> int:
    """Follow a session and say what its analyses would tell the co-therapist.

    On a terminal it is a table that fills the screen: shares, network, silences, codes, alerts. q leaves.

    It reads the log and writes nothing. A plugin that fails is named and begun again; the others go on. It ends when
    the session is closed.
    """
    import os
    import signal

    from msgspec import json

    from tkcore.cli.screen import fit_for_it
    from tkcore.config import locate
    from tkcore.following import Tail
    from tkcore.live import LIMITS, Live
    from tkcore.plugins import find, runnable
    from tkcore.workers import Crew

    desk = shell.desk()
    full = locate(desk.workspace, name)
    signal.signal(signal.SIGTERM, _leave)
    if aside:
        _aside()
    if not (lines or once or raised or as_json or aside) and fit_for_it(os.environ):
        return _table(shell, desk, full)
    ready = runnable(find(), desk.workspace.config().plugins)
    with Crew(ready, LIMITS, debug=shell.debug) as crew:
        following = Live(
            crew, str(desk.workspace.root.resolve()), Tail(desk.workspace.session(full), full, desk.disk),
            ticks=aside,
        )  # fmt: skip
        if not following.ears and not as_json:
            shell.tell("no enabled plugin has an alert. See: tk plugins list")
        for line in following.run(once=once):
            if as_json:
                sys.stdout.buffer.write(json.encode(line) + b"\n")
                sys.stdout.buffer.flush()
            else:
                _print(shell, line, raised=raised)
    return 1 if following.failed else 0


def _table(shell: Shell, desk: Any, full: str) -> int:
    """Show the session on the whole screen until somebody leaves."""
    from tkcore.cli.screen import Screen
    from tkcore.cli.watch import Watch

    with Screen() as screen:
        watch = Watch(desk, full, screen, shell.language, debug=shell.debug)
        watch.run()
    return 1 if watch.failed else 0


PATIENCE = 5.0
"""Seconds to put everything away before it is left as it is."""


def _aside() -> None:
    """Give way to whoever records, and end when the program that began this one has."""
    import os
    import signal
    import threading
    import time

    def last() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(1)

    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=last, daemon=True).start()


def _leave(_signal: int, _frame: Any) -> None:
    """Leave by way of everything that has to be put away."""
    raise SystemExit(143)


def _print(shell: Shell, line: LiveLine, *, raised: bool) -> None:
    """Print a line for a person: alerts to stdout, what is wrong with a plugin to stderr."""
    from tkcore.cli.printing import minutes
    from tkcore.lines import FailedLine, LoweredLine, RaisedLine, ShownLine, WorkerLine

    match line:
        case ShownLine():
            _alert(shell, line, minutes(line.ts), "")
        case RaisedLine() if raised:
            _alert(shell, line, minutes(line.ts), shell._("raised: "))
        case LoweredLine() if raised:
            _alert(shell, line, minutes(line.ts), shell._("lowered: "))
        case FailedLine():
            shell.tell(
                "{time} {analysis} gives no answer: {error}",
                time=minutes(line.ts), analysis=line.analysis, error=line.error,
            )  # fmt: skip
        case WorkerLine(state="failed"):
            shell.tell(
                "plugin {name} has failed and is begun again in {seconds} s: {error}",
                name=line.plugin, seconds=(line.retry_ms or 0) // 1000, error=line.error,
            )  # fmt: skip
        case WorkerLine(state="stopped"):
            shell.tell(
                "plugin {name} is left out: {error}. See: tk plugins doctor",
                name=line.plugin,
                error=line.error,
            )


def _alert(shell: Shell, line: Any, time: str, what: str) -> None:
    """Print an alert's sentence in the user's language."""
    from tkcore.jobs import plain

    click.echo(f"{time}  {what}{plain(shell.label(line.says))}")
    sys.stdout.flush()
