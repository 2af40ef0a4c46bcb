"""`tk drift list`: the drift of every session."""

from __future__ import annotations

import click
from tkcore import Reader, Said, TkError, Withheld

from tkcore_drift.length import Length, length

LONGER = Said(id="lebih panjang", en="longer")
SHORTER = Said(id="lebih pendek", en="shorter")
SAME = Said(id="tetap", en="same")
TOO_FEW = Said(id="belum cukup giliran terukur: {n}", en="too few measured turns: {n}")
WORDS = {"longer": LONGER, "shorter": SHORTER, "same": SAME}


@click.command("list")
@click.option("--group", metavar="G", help="only this group")
@click.pass_obj
def list_(reader: Reader, group: str | None) -> None:
    """Each session's drift: median turn of the first third, of the last third (ms), and the direction."""
    failed = False
    for name in reader.sessions(group):
        try:
            session = reader.session(name)
        except TkError as error:
            click.echo(str(error), err=True)  # it names the session
            failed = True
            continue
        found: Length | Withheld = length(session)
        if isinstance(found, Withheld):
            click.echo(f"{name}  {reader.say(TOO_FEW).format(n=found.n)}")
        else:
            said = reader.say(WORDS[found.direction])
            click.echo(f"{name}  {found.first.median_ms} -> {found.last.median_ms} ms  {said}")
    if failed:
        raise SystemExit(1)
