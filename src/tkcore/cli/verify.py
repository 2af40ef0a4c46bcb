"""`tk verify`: is every log whole and unaltered?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.command()
@click.argument("name", metavar="[SESSION|GROUP]", required=False)
@click.option("--receipt", metavar="FILE|JSON", help=N_("also check this receipt"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def verify(shell: Shell, name: str | None, receipt: str | None, as_json: bool) -> int:
    """Verify the logs of a session, a group or the whole workspace; exit 1 if one is damaged."""
    from tkcore.cli.printing import document
    from tkcore.errors import Damaged
    from tkcore.log import check, scan

    desk = shell.desk()
    slip = _receipt(receipt) if receipt else None
    results: list[dict[str, Any]] = []
    for log, folder in _folders(desk, name, slip):
        found = None
        try:
            found = scan(folder, desk.disk)
            damage = found.damage
            wrong = "" if damage is None else shell._(_WHAT[damage.kind])
            place = "" if damage is None else f"{damage.segment}:{damage.offset}"
            seq = None if damage is None else damage.seq
        except Damaged as error:
            wrong, place, seq = str(error), "", None
        if not wrong and slip is not None and found is not None and slip.session == log:
            wrong = shell._(check(found, slip, log)) if check(found, slip, log) else ""
        results.append(
            {
                "log": log, "records": len(found.lines) if found else 0, "ok": not wrong,
                "seq": found.head.seq if found else None, "h": found.head.h if found else None,
                "damage": wrong or None, "place": place or None, "before_record": seq,
            }
        )  # fmt: skip
    if as_json:
        document(results)
    else:
        for result in results:
            if result["ok"]:
                click.echo(
                    shell._(
                        "{log}: {records} records, whole and unaltered",
                        log=result["log"],
                        records=result["records"],
                    )
                )
            else:
                click.echo(
                    f"{result['log']}: {result['damage']} {result['place'] or ''} #{result['before_record']}"
                )
        if slip is not None and all(r["ok"] for r in results):
            click.echo(
                shell._("the receipt holds: nothing up to record {seq} is missing or altered", seq=slip.seq)
            )
    return 0 if all(r["ok"] for r in results) else 1


_WHAT = {
    "torn": N_("the last entry was not written to its end; the next `tk record` puts it aside and goes on"),
    "missing_newline": N_("the last newline is missing; the next `tk record` adds it"),
    "damaged_tail": N_("the last line was altered after it was written; a person must decide"),
    "corrupt": N_("damaged: read only, up to the place named. Keep the folder as it is and fetch a backup"),
}


def _folders(desk: Any, name: str | None, slip: Any) -> list[tuple[str, Path]]:
    from tkcore.config import locate
    from tkcore.config import name as checked

    workspace = desk.workspace
    if name is None and slip is not None:
        name = locate(workspace, slip.session)
    if name is not None and "/" not in name and workspace.group(name).is_dir():
        group = checked(name)
        sessions = workspace.session_names(group)
        return [(group, workspace.group_log(group)), *((s, workspace.session(s)) for s in sessions)]
    if name is not None:
        full = locate(workspace, name)
        return [(full, workspace.session(full))]
    found = [("workspace", workspace.log)] if workspace.log.is_dir() else []
    for group in workspace.group_names():
        if workspace.group_log(group).is_dir():
            found.append((group, workspace.group_log(group)))
        found += [(s, workspace.session(s)) for s in workspace.session_names(group)]
    return found


def _receipt(text: str) -> Any:
    from msgspec import DecodeError, json

    from tkcore.errors import BadInput
    from tkcore.log import Receipt

    source = text
    if not text.lstrip().startswith("{"):
        try:
            source = Path(text).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("{path}: {error}", path=text, error=error) from None
    try:
        return json.decode(source.strip(), type=Receipt)
    except DecodeError as error:
        raise BadInput(
            'this is no receipt ({error}): it reads as {{"session", "seq", "h"}}', error=error
        ) from None
