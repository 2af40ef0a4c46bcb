"""`tk simulate` and `tk demo`: sessions to learn with, through the real recorder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from tkcore.cli import Shell
from tkcore.talk import N_

STRUCTURES = ("vertical", "triangular", "circular", "horizontal")


@click.command()
@click.option("--group", required=True, metavar="G", help=N_("the group, founded where it is missing"))
@click.option("--session", required=True, metavar="S", help=N_("the new session"))
@click.option(
    "--minutes", type=click.IntRange(1, 1440), default=90, show_default=True, help=N_("length in minutes")
)
@click.option(
    "--members", type=click.IntRange(1, 24), default=7, show_default=True, help=N_("number of members")
)
@click.option(
    "--leaders", type=click.IntRange(0, 2), default=1, show_default=True, help=N_("number of leaders")
)
@click.option(
    "--structure",
    type=click.Choice(STRUCTURES),
    default="circular",
    show_default=True,
    help=N_("who speaks to whom"),
)
@click.option("--towards", type=click.Choice(STRUCTURES), help=N_("the structure towards the end"))
@click.option("--holder", metavar="SEAT", help=N_("the seat of a member who holds the floor"))
@click.option(
    "--seed", type=int, default=1, show_default=True, help=N_("the same seed gives the same session")
)
@click.option("--lines", is_flag=True, help=N_("print the lines and record nothing"))
@click.pass_obj
def simulate(shell: Shell, /, group: str, session: str, lines: bool, holder: str | None, **plan: Any) -> None:
    """Simulate a session and record it."""
    from tkcore.exchange.simulate import Plan
    from tkcore.exchange.simulate import simulate as generate

    script = generate(Plan(**plan, holder=holder.upper() if holder else None))
    if lines:
        click.echo("\n".join(script.lines))
        return
    full, _ = play(shell.desk(), group, session, script)
    click.echo(full)


def play(desk: Any, group: str, session: str, script: Any) -> tuple[str, Any]:
    """Record a script's lines as they would be typed, and close the session."""
    from tkcore.closing import close_session
    from tkcore.config import name
    from tkcore.opening import Opening, Settings, open_session, seatings, start, zone
    from tkcore.reading import in_force

    codebooks = in_force(desk.workspace)
    full = open_session(
        desk, f"{name(group)}/{name(session)}",
        Opening(seats=seatings(script.seats), clock="given", settings=Settings(setting="outpatient"), zone=zone(os.environ), planned=script.until // 60_000),
        codebooks,
    )  # fmt: skip
    recorder, writer = start(desk, full, codebooks)
    try:
        with click.progressbar(
            script.lines, label=full, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as steps:
            for line in steps:
                recorder.enter(line)
    finally:
        writer.close()
    return full, close_session(desk, full, codebooks, script.until)


@click.command()
@click.argument("folder", default="demo", type=click.Path(path_type=Path))
@click.pass_obj
def demo(shell: Shell, folder: Path) -> int:
    """Show the main job in a new workspace: capture, log, question, analysis."""
    from tkcore.cli import tk
    from tkcore.config import Workspace
    from tkcore.disk import Disk
    from tkcore.exchange.simulate import Plan
    from tkcore.exchange.simulate import simulate as generate
    from tkcore.opening import Desk
    from tkcore.recorder import Clocks

    root = _fresh(folder)
    os.environ["TK_WORKSPACE"] = str(root)

    def run(*argv: str) -> None:
        click.echo("\n$ tk " + " ".join(f'"{a}"' if " " in a else a for a in argv))
        tk.main(args=["--lang", shell.language, *argv], prog_name="tk", standalone_mode=False)

    click.echo(shell._("A workspace, then a session typed from paper, then two simulated ones."))
    run("init", "--plain", str(root))
    desk = Desk(Workspace(root), Disk(), Clocks(), os.urandom)
    run("session", "open", "melati/typed", "--seats", "T,A,B,C", "--clock", "given")
    _typed(shell, desk, "melati/typed")
    run("session", "close", "melati/typed", "--at", "0:50")
    for session, plan in (
        ("held", Plan(seed=3, structure="triangular", holder="C")),
        ("grows", Plan(seed=5, structure="vertical", towards="circular")),
    ):
        script = generate(plan)
        click.echo(
            f"\n$ tk simulate --group melati --session {session} --structure {plan.structure}"
            + (f" --towards {plan.towards}" if plan.towards else "")
            + (f" --holder {plan.holder}" if plan.holder else "")
            + f" --seed {plan.seed}"
        )
        for line in script.lines[:5]:
            click.echo(f"  {line}")
        click.echo(shell._("  ... {lines} lines, each on the disk before the next", lines=len(script.lines)))
        play(desk, "melati", session, script)
    run("session", "list")
    run("session", "show", "held")
    run("verify")
    run(
        "query",
        "select session, sender as seat, count(*) as turns, sum(dur) // 1000 as seconds from turn where session = 'melati/held' group by all order by seconds desc limit 4",
    )
    run(
        "query",
        "select session, count(*) as silences, sum(dur) // 1000 as seconds from silence group by all order by all",
    )
    run("analyze", "held", "monopoly")
    run("analyze", "grows", "network.structure", "network.evolution")
    click.echo()
    click.echo(shell._("The workspace stays in {root}. Try: tk -w {root} record typed", root=root))
    return 0


def _fresh(folder: Path) -> Path:
    """Return a folder that is not there yet: an earlier demo is kept."""
    root, number = folder.absolute(), 2
    while root.exists():
        root = folder.absolute().with_name(f"{folder.name}-{number}")
        number += 1
    return root


def _typed(shell: Shell, desk: Any, full: str) -> None:
    """Type a few lines, one of them wrong, as somebody would."""
    from tkcore.errors import GrammarError
    from tkcore.opening import start
    from tkcore.reading import books
    from tkcore.recorder import clock_text
    from tkcore.talk import say

    click.echo(f"\n$ tk record {full}")
    recorder, writer = start(desk, full, books(desk.workspace))
    try:
        for line in (
            "@0:00 t. !gg",
            "@0:07 ab !un",
            "@0:15 <",
            "@0:21 c. !uu #c: teks ini ada di brankas",
            "@0:30 _",
            "@0:38 tz",
            "@0:40 tc !dd^2",
            "~",
            "@0:41 tb !dd^2",
        ):
            try:
                answer = recorder.enter(line)
            except GrammarError as error:
                click.echo(f"  {line:<44} ✗ " + say(error, shell.t))
            else:
                click.echo(f"  {line:<44} ✓ {clock_text(answer.ts)} #{answer.seq}")
    finally:
        writer.close()
