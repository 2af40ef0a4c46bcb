"""`tk doctor`: can this computer and this folder be recorded on?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.checkup import Finding
    from tkcore.opening import Desk


@click.command()
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def doctor(shell: Shell, as_json: bool) -> int:
    """Look at the disk, the clock, the folder, the logs and the plugins before the first patient sits down.

    Exit 1 if something is bad. What it writes to find out it takes away again.
    """
    from tkcore.checkup import BAD, OK, examine
    from tkcore.cli.documents import DoctorLine
    from tkcore.cli.printing import document, table

    desk = shell.desk()
    lines = []
    for finding in (*examine(desk, os.environ), _types(shell, desk)):
        advice = shell._(finding.advice) if finding.advice else ""
        lines.append(
            DoctorLine(
                check=finding.check, state=finding.state, says=_said(shell, finding), advice=advice,
                numbers={k: v for k, v in finding.values.items() if isinstance(v, int)},
            )
        )  # fmt: skip
    if as_json:
        document(lines)
    else:
        rows = [
            [shell._(line.state), shell._(line.check), f"{line.says}. {line.advice}" if line.advice else line.says]
            for line in lines
        ]  # fmt: skip
        table(["", shell._("check"), shell._("finding")], rows)
    if not as_json and all(line.state == OK for line in lines):
        shell.tell("nothing stands in the way of recording")
    return 1 if any(line.state == BAD for line in lines) else 0


def _types(shell: Shell, desk: Desk) -> Finding:
    """Return which types in the logs nobody can read: misspelt ones, and those of plugins that do not run here."""
    from tkcore.checkup import OK, WARN, Finding
    from tkcore.diagnosis import foreign_types
    from tkcore.plugins import find, runnable
    from tkcore.workers import Crew

    counts = foreign_types(desk)
    if counts:  # plugins are asked only where there is something to ask about
        with Crew(runnable(find(), desk.workspace.config().plugins), debug=shell.debug) as crew:
            for offer in crew.offers.values():
                for event in offer.events:
                    del counts[event.name]
    if not counts:
        return Finding(N_("types"), OK, N_("every record's type is known"))
    return Finding(
        N_("types"), WARN, N_("no plugin that is enabled offers: {names}"),
        {
            "names": ", ".join(f"{t} ({n})" for t, n in sorted(counts.items())),
            "types": len(counts), "records": counts.total(),
        },
        N_("Misspelt ones: tk query \"select session, seq, t, body from record where state = 'opaque'\" shows them; take each back (~SEQ) and say it again. Else enable the plugin whose they are"),
    )  # fmt: skip


def _said(shell: Shell, finding: Finding) -> str:
    from tkcore.errors import TkError
    from tkcore.talk import say

    values: dict[str, Any] = {
        k: say(v, shell.t) if isinstance(v, TkError) else v for k, v in finding.values.items()
    }
    return shell._(finding.says).format(**values)
