"""`tk plugins`: list, enable, disable, new, doctor, check. Whatever loads a plugin here does it in another process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tkcore.cli import COMMANDS, Shell
from tkcore.talk import N_

if TYPE_CHECKING:
    from tkcore.diagnosis import Finding
    from tkcore.plugins import Found, Offer

KINDS = {
    "analyses": N_("analyses"),
    "events": N_("events"),
    "codebooks": N_("codebooks"),
    "sections": N_("sections"),
    "importers": N_("importers"),
    "exporters": N_("exporters"),
    "commands": N_("commands"),
}
"""What a plugin may add, as it is called."""
OUTCOMES = (N_("passed"), N_("failed"), N_("skipped"))
AS_JSON = click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))


@click.group()
def plugins() -> None:
    """Plugins: make, list, check, enable and disable them."""


def _added(offer: Offer) -> dict[str, Any]:
    """Return the names of what a plugin adds, by kind."""
    named = {
        kind: tuple(one if isinstance(one, str) else one.name for one in getattr(offer, kind)) for kind in KINDS
    }  # fmt: skip
    # a command is called by the plugin's name and its own; everything else has the plugin's name in its own
    return {**named, "commands": tuple(f"{offer.plugin} {name}" for name in named["commands"])}


def _named(shell: Shell, added: dict[str, Any]) -> str:
    return "; ".join(f"{shell._(KINDS[kind])}: {', '.join(names)}" for kind, names in added.items() if names)


@plugins.command("list")
@AS_JSON
@click.pass_obj
def listing(shell: Shell, as_json: bool) -> int:
    """List plugins with their state and what they add; exit 1 if an enabled one does not run."""
    from tkcore.cli.documents import PluginLine
    from tkcore.cli.printing import document, table
    from tkcore.plugins import find, runnable, state
    from tkcore.workers import Crew

    enabled = shell.desk().workspace.config().plugins
    found = find()
    with Crew(runnable(found, enabled), debug=shell.debug) as crew:
        offers = crew.offers
        broken = {(b.found.name, b.found.distribution): b for b in crew.broken}
    rows = []
    for one in found:
        now = state(one, enabled)
        who: dict[str, Any] = {"plugin": one.name, "distribution": one.distribution, "version": one.version}
        if wrong := broken.get((one.name, one.distribution)):
            shown = now if now == "changed" else "broken"
            rows.append(PluginLine(**who, state=shown, stage=wrong.stage, error=wrong.error))
        elif (offer := offers.get(one.name)) and offer.distribution == one.distribution:
            rows.append(PluginLine(**who, state=now, load_ms=offer.load_ms, **_added(offer)))
        else:
            rows.append(PluginLine(**who, state=now))
    for name in enabled:
        if all(one.name != name for one in found):
            gone = shell._("enabled but not installed")
            rows.append(PluginLine(plugin=name, distribution=None, version=None, state="broken", stage="find", error=gone))  # fmt: skip
    if as_json:
        document(rows)
    else:
        words = [shell._(w) for w in (N_("plugin"), N_("distribution"), N_("version"), N_("state"), N_("ms"), N_("contributes"))]  # fmt: skip
        lines = []
        for r in rows:
            what = f"{r.stage}: {r.error}" if r.error else _named(shell, {k: getattr(r, k) for k in KINDS})
            lines.append([r.plugin, r.distribution, r.version, shell._(r.state), r.load_ms, what or "–"])
        table(words, lines, right=[4])
    return 1 if any(r.error for r in rows) else 0


def _chosen(name: str, installed: list[Found]) -> list[Found]:
    """Return the distributions that have a plugin's name. Raises NotFound."""
    from tkcore.errors import NotFound

    found = [one for one in installed if one.name == name]
    if not found:
        raise NotFound(
            "no plugin {name} is installed. There are: {known}",
            name=name,
            known=", ".join(dict.fromkeys(one.name for one in installed)) or "-",
        )
    return found


@plugins.command("enable")
@click.argument("name")
@click.pass_obj
def enable(shell: Shell, name: str) -> None:
    """Enable an installed plugin as it is now, and say what it adds."""
    from msgspec.structs import replace

    from tkcore.config import Config
    from tkcore.configuring import change
    from tkcore.errors import NotAllowed
    from tkcore.events import PluginEnabled
    from tkcore.plugins import find, fingerprint
    from tkcore.recovery import append_once
    from tkcore.workers import Crew

    desk = shell.desk()
    one, *others = _chosen(name, find())
    if others:
        raise NotAllowed(
            "{first} and {others} both have the plugin {name}: uninstall one of them, then enable it",
            first=one.distribution,
            others=", ".join(o.distribution for o in others),
            name=name,
        )
    digest = fingerprint(one)
    with Crew([one], debug=shell.debug) as crew:
        for broken in crew.broken:
            shell.tell("plugin {name} is broken at stage {stage}: {error}", name=name, stage=broken.stage, error=broken.error)  # fmt: skip
        for offer in crew.offers.values():
            shell.tell("{name} adds {what}", name=name, what=_named(shell, _added(offer)))

    def enabled(config: Config) -> Config:
        event = desk.stamp(PluginEnabled(plugin=name, sha256=digest), "setup")
        append_once(
            desk.workspace.log, "workspace", [event], desk.disk, now=desk.now(), logged=desk.clocks.wall()
        )
        return replace(config, plugins={**config.plugins, name: digest})

    change(desk, enabled)
    click.echo(name)


@plugins.command("disable")
@click.argument("name")
@click.pass_obj
def disable(shell: Shell, name: str) -> None:
    """Stop running a plugin in this workspace."""
    from msgspec.structs import replace

    from tkcore.config import Config
    from tkcore.configuring import change
    from tkcore.errors import NotFound

    def disabled(config: Config) -> Config:
        if name not in config.plugins:
            raise NotFound("{name} is not enabled here", name=name)
        return replace(config, plugins={k: v for k, v in config.plugins.items() if k != name})

    change(shell.desk(), disabled)
    click.echo(name)


@plugins.command("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help=N_("the folder it is written into (else the one you are in)"),
)
@click.pass_obj
def new(shell: Shell, name: str, into: Path) -> None:
    """Write a new plugin: a package with an analysis of each form, whose tests pass at once."""
    from tkcore.plugins import find
    from tkcore.scaffold import write

    folder = write(name, into, {*COMMANDS, *(one.name for one in find())})
    click.echo(folder)
    # without a ./ pip would look for a distribution of that name on the internet
    here = folder if folder.is_absolute() else f"./{folder}"
    shell.tell("try it: pip install {here}, then pytest {folder}, then tk plugins enable {name}", here=here, folder=folder, name=name)  # fmt: skip


@plugins.command("doctor")
@click.argument("name", required=False)
@AS_JSON
@click.pass_obj
def doctor(shell: Shell, name: str | None, as_json: bool) -> int:
    """Look at installed plugins, enabled or not: each stage of loading, clashes, what importing costs.

    Each is loaded in a process of its own. Importing is measured of those that are enabled as they are, or of the one
    that is named. Exit 1 if one that is enabled does not run.
    """
    from tkcore.cli.documents import PluginFinding
    from tkcore.cli.printing import document, table
    from tkcore.plugins import find

    desk = shell.desk()
    installed = find()
    config = desk.workspace.config()
    if name is not None and name not in config.plugins:
        _chosen(name, installed)
    findings = [f for f in _examined(shell, desk, installed, name) if name in (None, f.plugin)]
    lines = [
        PluginFinding(
            plugin=f.plugin, distribution=f.distribution, stage=f.stage, state=f.state,
            says=shell._(f.says, **f.values), advice=shell._(f.advice, **f.values) if f.advice else "",
        )
        for f in findings
    ]  # fmt: skip
    known = {one.name for one in installed}
    for missing in config.plugins:
        if missing not in known and name in (None, missing):
            lines.append(
                PluginFinding(
                    plugin=missing, distribution=None, stage="find", state="bad", says=shell._("enabled but not installed"),
                    advice=shell._("install it, or: tk plugins disable {name}", name=missing),
                )
            )  # fmt: skip
    if as_json:
        document(lines)
    else:
        rows = [
            [x.plugin, x.stage, shell._(x.state), ". ".join(t for t in (x.says, x.advice) if t)]
            for x in lines
        ]
        table([shell._(w) for w in (N_("plugin"), N_("stage"), N_("state"), N_("finding"))], rows)
    return 1 if any(x.state == "bad" and x.plugin in config.plugins for x in lines) else 0


def _examined(shell: Shell, desk: Any, installed: list[Found], name: str | None) -> list[Finding]:
    """Return the findings, by plugin; clashes need all plugins, costs are measured of those that are looked at."""
    from tkcore import diagnosis as d
    from tkcore.jobs import CodebookFile, GiveCodebook
    from tkcore.plugins import state
    from tkcore.reading import books
    from tkcore.workers import Crew

    enabled = desk.workspace.config().plugins
    twins = d.twins(installed)
    alone = [one for one in installed if all(one.name != f.plugin for f in twins)]
    findings = list(twins)
    by_name = {one.name: one for one in alone}
    with Crew(alone, debug=shell.debug) as crew:
        offers = {plugin: (by_name[plugin], offer) for plugin, offer in crew.offers.items()}
        here = books(desk.workspace)
        for plugin, (found, offer) in offers.items():
            findings += d.stages(found, offer)
            for book in offer.codebooks if name in (None, plugin) else ():
                answer = crew.ask(plugin, GiveCodebook(book))
                if isinstance(answer, CodebookFile):
                    findings += d.vocabulary(found, answer.text, book, here)
        for broken in crew.broken:
            findings += d.stages(broken.found, broken)
    findings += d.clashes(offers, COMMANDS)
    for one in alone:
        findings += d.standing(one, state(one, enabled), enabled)
    for plugin, (found, offer) in offers.items():
        if name in (None, plugin):
            findings += d.drift(found, offer)
            trusted = name == plugin or state(found, enabled) == "enabled"  # measuring runs it unconfined
            if trusted and (measured := _measured(found)) is not None:
                findings.append(d.cost(found, d.imports(measured)))
    order = {stage: at for at, stage in enumerate((*d.STAGES, "enabled", "clash", "cost", "schema"))}
    return sorted(findings, key=lambda f: (f.plugin, f.distribution, order[f.stage]))


def _measured(found: Found) -> str | None:
    """Return what Python says of importing a plugin in a new process; None where it does not end."""
    import subprocess
    import sys
    import tempfile

    from tkcore.diagnosis import measuring

    try:
        with tempfile.TemporaryDirectory(prefix="tkcore-") as place:
            done = subprocess.run(
                [sys.executable, "-X", "importtime", "-c", measuring(found)], check=False, capture_output=True,
                stdin=subprocess.DEVNULL, cwd=place, timeout=30,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return done.stderr.decode(errors="replace")


@plugins.command("check")
@click.argument("name")
@AS_JSON
@click.pass_obj
def check(shell: Shell, name: str, as_json: bool) -> int:
    """Try an installed plugin on all that every contribution must hold; exit 1 if it fails.

    It needs pytest. Each contribution and each check is a line.
    """
    from tkcore.checking import checked
    from tkcore.cli.documents import CheckLine
    from tkcore.cli.printing import document
    from tkcore.plugins import find

    lines = [
        CheckLine(item=c.item, outcome=c.outcome, says=c.says) for c in checked(_chosen(name, find())[0])
    ]
    if as_json:
        document(lines)
    else:
        for x in lines:
            click.echo(f"{shell._(x.outcome)}  {x.item}")
            if x.says:
                click.echo("    " + x.says.replace("\n", "\n    "))
    failed = sum(x.outcome == "failed" for x in lines)
    shell.tell("{n} checks, {failed} failed", n=len(lines), failed=failed)
    return 1 if failed or not lines else 0
