"""`tk plugins`: list, enable, disable."""

from __future__ import annotations

import click

from tkcore.cli import Shell
from tkcore.talk import N_


@click.group()
def plugins() -> None:
    """Plugins that are installed."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help=N_("one JSON document"))
@click.pass_obj
def listing(shell: Shell, as_json: bool) -> int:
    """List plugins with their state and analyses; exit 1 if an enabled one is broken."""
    from tkcore.cli.documents import PluginLine
    from tkcore.cli.printing import document, table
    from tkcore.plugins import Broken, Plugin, find, load_all, state

    enabled = shell.desk().workspace.config().plugins
    found = find()
    loaded = {(p.found.name, p.found.distribution): p for p in load_all(found, enabled)}
    rows = []
    for one in found:
        answer = loaded.get((one.name, one.distribution))
        rows.append(
            PluginLine(
                plugin=one.name, distribution=one.distribution, version=one.version,
                state="broken" if isinstance(answer, Broken) else state(one, enabled),
                stage=answer.stage if isinstance(answer, Broken) else None,
                error=answer.error if isinstance(answer, Broken) else None,
                analyses=tuple(a.name for a in answer.analyses) if isinstance(answer, Plugin) else (),
                load_ms=answer.load_ms if isinstance(answer, Plugin) else None,
            )
        )  # fmt: skip
    for name in enabled:
        if all(one.name != name for one in found):
            gone = shell._("enabled but not installed")
            rows.append(PluginLine(plugin=name, distribution=None, version=None, state="broken", stage="find", error=gone))  # fmt: skip
    if as_json:
        document(rows)
    else:
        words = [shell._("plugin"), shell._("version"), shell._("state"), shell._("contributes")]
        table(
            words,
            [
                [r.plugin, r.version, shell._(r.state), f"{r.stage}: {r.error}" if r.error else r.analyses]
                for r in rows
            ],
        )
    return 1 if any(r.state == "broken" for r in rows) else 0


@plugins.command("enable")
@click.argument("name")
@click.pass_obj
def enable(shell: Shell, name: str) -> None:
    """Enable an installed plugin as it is now."""
    from msgspec.structs import replace

    from tkcore.config import dump
    from tkcore.errors import NotFound
    from tkcore.events import PluginEnabled
    from tkcore.plugins import find, fingerprint
    from tkcore.recovery import append_once
    from tkcore.root import FILE

    desk = shell.desk()
    one = next((f for f in find() if f.name == name), None)
    if one is None:
        raise NotFound(
            "no plugin {name} is installed. There are: {known}",
            name=name,
            known=", ".join(f.name for f in find()) or "-",
        )
    config = desk.workspace.config()
    digest = fingerprint(one)
    event = desk.stamp(PluginEnabled(plugin=name, sha256=digest), "setup")
    append_once(
        desk.workspace.log, "workspace", [event], desk.disk, now=desk.now(), logged=desk.clocks.wall()
    )
    desk.disk.store(
        desk.workspace.root / FILE, dump(replace(config, plugins={**config.plugins, name: digest}))
    )
    click.echo(name)


@plugins.command("disable")
@click.argument("name")
@click.pass_obj
def disable(shell: Shell, name: str) -> None:
    """Stop running a plugin in this workspace."""
    from msgspec.structs import replace

    from tkcore.config import dump
    from tkcore.errors import NotFound
    from tkcore.root import FILE

    desk = shell.desk()
    config = desk.workspace.config()
    if name not in config.plugins:
        raise NotFound("{name} is not enabled here", name=name)
    left = {k: v for k, v in config.plugins.items() if k != name}
    desk.disk.store(desk.workspace.root / FILE, dump(replace(config, plugins=left)))
    click.echo(name)
