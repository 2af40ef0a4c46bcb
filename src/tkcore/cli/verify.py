"""`tk verify` and `tk recover`: is every log whole and unaltered, and what a person may decide where one is not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_, say


@click.command()
@click.argument("name", metavar="[SESSION|GROUP]", required=False)
@click.option("--receipt", metavar="FILE|JSON|WORDS", help=N_("also check this receipt"))
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def verify(shell: Shell, name: str | None, receipt: str | None, as_json: bool) -> int:
    """Verify the logs of a session, a group or the whole workspace; exit 1 if one is damaged.

    With a receipt it also proves that nothing up to it is missing or altered.
    """
    from msgspec.structs import replace

    from tkcore.cli.documents import Place, VerifyLine
    from tkcore.cli.printing import document
    from tkcore.config import locate
    from tkcore.errors import BadInput
    from tkcore.receipts import prove
    from tkcore.verifying import behind, logs
    from tkcore.verifying import verify as verified

    desk = shell.desk()
    slip = _receipt(receipt) if receipt else None
    if slip is not None and name is None:
        if not slip.session:
            raise BadInput("of which session is the receipt? Name it: tk verify SESSION --receipt ...")
        name = locate(desk.workspace, slip.session)
    found = logs(desk.workspace, name)
    if slip is not None and len(found) != 1:
        raise BadInput("a receipt is of one session: name it, as in tk verify SESSION --receipt ...")
    away = behind(desk.workspace, desk.disk)
    size = sum(path.stat().st_size for _, folder in found for path in folder.glob("*.ndjson"))
    lines: list[VerifyLine] = []
    with click.progressbar(
        length=max(1, size), label=shell._("verifying"), file=sys.stderr,
        hidden=not sys.stderr.isatty() or size < 8 << 20,
    ) as bar:  # fmt: skip
        for log, folder in found:
            verdict = verified(log, folder, desk.workspace.vault, desk.disk, bar.update, away)
            places = [
                Place(file=str(folder / d.segment), byte=d.offset, seq=d.seq, damage=d.kind, detail=shell._(d.detail), advice=shell._(ADVICE[d.kind], log=log))
                for d in verdict.damage
            ]  # fmt: skip
            if verdict.owner:
                says = shell._("it is the log of {owner}, not of {log}: a folder was renamed, copied or swapped", owner=verdict.owner, log=log)  # fmt: skip
                places = [replace(place, detail=says) for place in places]
            if verdict.refused is not None:
                places.append(Place(file=str(folder), byte=0, seq=verdict.records, damage="refused", detail=say(verdict.refused, shell.t), advice=""))  # fmt: skip
            if slip is not None and not places:
                wrong = prove(folder, log, slip, desk.disk)
                if wrong:
                    places.append(Place(file=str(folder), byte=0, seq=slip.seq, damage="receipt", detail=shell._(wrong), advice=shell._(ADVICE["receipt"])))  # fmt: skip
            lines.append(
                VerifyLine(log=log, ok=not places, records=verdict.records, seq=verdict.seq, h=verdict.h, texts=verdict.texts, stayed=verdict.stayed, places=tuple(places))
            )  # fmt: skip
    if as_json:
        document(lines)
    else:
        for line in lines:
            _say(shell, line)
        if slip is not None and lines[0].ok:
            click.echo(
                shell._("the receipt holds: nothing up to record {seq} is missing or altered", seq=slip.seq)
            )
    return 0 if all(line.ok for line in lines) else 1


ADVICE = {
    "torn": N_("the next `tk record` puts what was not finished aside and goes on"),
    "missing_newline": N_("the next `tk record` adds it"),
    "damaged_tail": N_("a person must decide: copy the folder, then see `tk recover {log}`"),
    "corrupt": N_("it is read up to there and not written any more: keep the folder and fetch the last backup"),
    "derived": N_("the log is whole: `tk session close {log}` makes it anew"),
    "newer": N_("install that version; up to there the log is whole"),
    "lost_text": N_("fetch the vault from the last backup; the record itself is whole"),
    "receipt": N_("something was taken back or replaced since the receipt was given: keep everything and compare with a backup"),
}  # fmt: skip


def _say(shell: Shell, line: Any) -> None:
    if line.ok:
        click.echo(
            shell._("{log}: {records} records, whole and unaltered", log=line.log, records=line.records)
        )
    if line.stayed:
        click.echo(
            shell._("{log}: {count} texts stayed where the log came from", log=line.log, count=line.stayed)
        )
    for place in line.places:
        where = f"{place.file}, byte {place.byte}, #{place.seq}"
        click.echo(f"{line.log}: {where}: {place.detail}" + (f". {place.advice}" if place.advice else ""))


def _receipt(text: str) -> Any:
    from tkcore.errors import BadInput
    from tkcore.receipts import parse

    path = Path(text)
    looks_like_a_file = not text.lstrip().startswith("{") and len(text.split()) == 1
    if looks_like_a_file:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("{path}: {error}", path=path, error=error) from None
    return parse(text)


@click.command()
@click.argument("name", metavar="SESSION|GROUP|workspace")
@click.option("--accept-loss", is_flag=True, help=N_("cut off the altered last line and go on without it"))
@click.pass_obj
def recover(shell: Shell, name: str, accept_loss: bool) -> int:
    """Decide about a log whose last line was altered after it was written.

    Without --accept-loss it only shows what would be lost. What is cut is kept beside the log.
    """
    from tkcore.recovery import accept_loss as accepted
    from tkcore.recovery import doubtful
    from tkcore.verifying import WORKSPACE, logs

    desk = shell.desk()
    log, folder = (WORKSPACE, desk.workspace.log) if name == WORKSPACE else logs(desk.workspace, name)[0]
    found = doubtful(folder, log, desk.disk)
    shell.tell(
        "{log}: record {seq} ({segment} from byte {offset}, {size} bytes) was altered after it was written:",
        log=log, seq=found.head.seq + 1, segment=found.segments[-1].name, offset=found.sound, size=len(found.tail),
    )  # fmt: skip
    click.echo(found.tail.decode("utf-8", "replace").rstrip("\n")[:2000])
    if not accept_loss:
        shell.tell(
            "Nothing was changed. With --accept-loss these bytes are put aside as {file}, and the log goes on without them",
            file=f"torn-{found.segments[-1].stem}-{found.sound}.bin",
        )
        return 1
    accepted(folder, log, desk.disk, now=desk.now(), logged=desk.clocks.wall())
    shell.tell("cut off and put on record; the bytes are kept in {folder}", folder=folder)
    return 0
