"""`tk doctor`: can this computer and this folder be recorded on?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.checkup import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def doctor(shell: Shell, as_json: bool) -> int:
    """Look at the disk, the clock, the folder and the plugins before the first patient sits down.

    Exit 1 if something is bad. What it writes to find out it takes away again.
    """
    from tkcore.checkup import BAD, OK, examine
    from tkcore.cli.documents import DoctorLine
    from tkcore.cli.printing import document, table

    lines = []
    for finding in examine(shell.desk(), os.environ):
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


def _said(shell: Shell, finding: Finding) -> str:
    from tkcore.errors import TkError
    from tkcore.talk import say

    values: dict[str, Any] = {
        k: say(v, shell.t) if isinstance(v, TkError) else v for k, v in finding.values.items()
    }
    return shell._(finding.says).format(**values)
