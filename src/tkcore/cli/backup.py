"""`tk backup` and `tk restore`: a verified copy of the workspace elsewhere, and a workspace made of one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say

if TYPE_CHECKING:
    from tkcore.backup import Fault
    from tkcore.cli.documents import FaultLine

SHOWN = 8 << 20


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--synced-anyway", is_flag=True, help=N_("also into a folder that a cloud copies"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def backup(shell: Shell, folder: Path, synced_anyway: bool, as_json: bool) -> int:
    """Bring the backup of this workspace in DIR up to date, and verify all of it.

    Logs, notes and codebooks are copied, only what is new or has grown; it works while a session is recorded. Exit 1
    if something in the workspace is damaged: everything else is in the backup.
    """
    from tkcore.cli.documents import BackupSheet
    from tkcore.cli.printing import document
    from tkcore.copying import make
    from tkcore.places import refuse_cloud

    desk = shell.desk()
    refuse_cloud(folder.expanduser().absolute(), anyway=synced_anyway)
    size = sum(path.stat().st_size for path in desk.workspace.root.glob("**/*.ndjson"))
    with _progress(shell._("backing up"), 4 * size) as progress:
        made = make(desk, folder, progress)
    sheet = BackupSheet(
        folder=str(folder.expanduser().absolute()), made=made.backup.made, sha256=made.sha256, logs=len(made.backup.logs),
        records=sum(c.seq + 1 for c in made.backup.logs), files=len(made.backup.files), copied=made.copied,
        faults=_lines(shell, made.faults),
    )  # fmt: skip
    if as_json:
        document(sheet)
    else:
        click.echo(
            shell._(
                "{folder}: {logs} logs with {records} records, {files} files, all verified; {copied} bytes were new",
                folder=sheet.folder, logs=sheet.logs, records=sheet.records, files=sheet.files, copied=sheet.copied,
            )
        )  # fmt: skip
        _tell(shell, sheet.faults)
    return 1 if sheet.faults else 0


@click.command()
@click.argument("folder", metavar="BACKUP_DIR", type=click.Path(path_type=Path))
@click.argument("new", metavar="[NEW_DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help=N_("only verify the backup, make nothing"))
@click.option("--synced-anyway", is_flag=True, help=N_("also into a folder that a cloud copies"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def restore(
    shell: Shell, folder: Path, new: Path | None, only_check: bool, synced_anyway: bool, as_json: bool
) -> int:
    """Make a workspace in NEW_DIR, a new or empty folder, of the backup in BACKUP_DIR.

    Everything is verified before the folder becomes a workspace. Exit 1 if something was damaged already when it was
    backed up.
    """
    from tkcore.backup import opened, sound_or_raise
    from tkcore.backup import restore as restored
    from tkcore.cli.documents import RestoreSheet
    from tkcore.cli.printing import document
    from tkcore.config import Workspace
    from tkcore.disk import Disk
    from tkcore.opening import Desk
    from tkcore.places import refuse_cloud, refuse_network
    from tkcore.recorder import Clocks

    if (new is None) != only_check:
        raise click.UsageError(
            shell._("name the new folder, as in tk restore BACKUP_DIR NEW_DIR, or say --check")
        )
    disk = Disk()
    there, digest, _ = opened(folder.expanduser(), disk)
    size = sum(kept.size for kept in there.files)
    faults: tuple[FaultLine, ...] = ()
    with _progress(shell._("verifying"), size if new is None else 2 * size) as progress:
        if new is None:
            sound_or_raise(there, folder.expanduser(), disk, progress)
        else:
            root = new.expanduser().absolute()
            refuse_network(root, disk.mounts())
            refuse_cloud(root, anyway=synced_anyway)
            done = restored(folder, Desk(Workspace(root), disk, Clocks(), os.urandom), progress)
            faults = _lines(shell, done.faults)
    sheet = RestoreSheet(
        folder=str(folder.expanduser().absolute()), workspace=None if new is None else str(root), made=there.made,
        sha256=digest, logs=len(there.logs), records=sum(c.seq + 1 for c in there.logs), files=len(there.files),
        faults=faults,
    )  # fmt: skip
    if as_json:
        document(sheet)
    elif new is None:
        click.echo(shell._("{folder}: the backup of {made} is whole: {logs} logs with {records} records", folder=sheet.folder, made=sheet.made, logs=sheet.logs, records=sheet.records))  # fmt: skip
    else:
        click.echo(shell._("a workspace in {root}, of the backup of {made}: {logs} logs with {records} records, all verified", root=sheet.workspace, made=sheet.made, logs=sheet.logs, records=sheet.records))  # fmt: skip
        _tell(shell, faults)
    return 1 if faults else 0


@contextmanager
def _progress(label: str, size: int) -> Iterator[Callable[[int], object]]:
    """Show how far it is, on a terminal and where it takes a while."""
    hidden = not sys.stderr.isatty() or size < SHOWN
    with click.progressbar(length=max(1, size), label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


def _lines(shell: Shell, faults: Iterable[Fault]) -> tuple[FaultLine, ...]:
    from tkcore.cli.documents import FaultLine

    return tuple(FaultLine(file=fault.path, detail=say(fault.says, shell.t)) for fault in faults)


def _tell(shell: Shell, faults: Iterable[FaultLine]) -> None:
    for fault in faults:
        shell.tell("{file}: {detail}", file=fault.file, detail=fault.detail)
