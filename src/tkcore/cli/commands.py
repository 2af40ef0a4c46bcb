"""`tk PLUGIN COMMAND`: a first word that is none of tkcore's own is looked up among the plugins.

Only then are installed plugins looked for, and only the one that is named is loaded, in this process: it is what the
user has asked for. It gets a `Reader`, and what goes wrong in it is said with its name.
"""

from __future__ import annotations

from typing import Any

import click

from tkcore.cli import Shell, _trace


def commands_of(ctx: click.Context, name: str) -> click.Command | None:
    """Return a plugin's commands as a group; None where no plugin has that name.

    Raises BadInput for a plugin that is not enabled or changed, or adds no command; leaves with 1 for a broken one, and
    for one that is enabled and not installed.
    """
    from tkcore.errors import BadInput, TkError
    from tkcore.plugins import Broken, find, load, runnable, state

    found = [one for one in find() if one.name == name]
    given = ctx.params
    shell = Shell(given.get("workspace"), given.get("lang"), debug=bool(given.get("debug")))
    if not found:
        try:
            known = shell.desk().workspace.config().plugins
        except TkError:  # a word that is no command is just that, wherever one stands
            return None
        if name not in known:
            return None
        shell.tell(
            "the plugin {name} is enabled but not installed: pip install tkcore-{name}, or tk plugins disable {name}", name=name
        )  # fmt: skip
        raise click.exceptions.Exit(1)
    desk = shell.desk()
    enabled = desk.workspace.config().plugins
    if name not in enabled:
        raise BadInput(
            "the plugin {name} is installed but not enabled here: tk plugins enable {name}", name=name
        )
    able = runnable(found, {name: enabled[name]})
    if len(found) == 1 and state(found[0], enabled) == "changed":
        raise BadInput(
            "the plugin {name} has changed since it was enabled. If that was meant: tk plugins enable {name}", name=name
        )  # fmt: skip
    loaded = load(able[0]) if not isinstance(able[0], Broken) else able[0]
    if isinstance(loaded, Broken):
        shell.tell(
            "plugin {name} is broken at stage {stage}: {error}. What to do: tk plugins doctor",
            name=name, stage=loaded.stage, error=loaded.error,
        )  # fmt: skip
        raise click.exceptions.Exit(1)
    if not loaded.commands:
        raise BadInput("the plugin {name} adds no command. What it adds: tk plugins list", name=name)
    from tkcore.reader import Reader

    return Commands(
        name,
        shell=shell,
        reader=Reader(desk.workspace, desk.disk, shell.language, loaded.events),
        commands={str(one.name): one for one in loaded.commands},
        help=shell._("Commands of the plugin {name} ({distribution} {version}).", name=name, distribution=loaded.found.distribution, version=loaded.found.version),
    )  # fmt: skip


class Commands(click.Group):
    """The commands of one plugin: each gets the reader, and none can end with more than a sentence."""

    def __init__(self, name: str, *, shell: Shell, reader: Any, **rest: Any) -> None:
        super().__init__(name, **rest)
        self._shell, self._reader = shell, reader

    def invoke(self, ctx: click.Context) -> None:
        """Run a command. What it returns is not its exit code: that is `ctx.exit(n)` or `sys.exit(n)`."""
        from tkcore.errors import TkError

        ctx.obj = self._reader
        try:
            super().invoke(ctx)
        except (
            TkError,
            click.ClickException,
            click.exceptions.Exit,
            click.exceptions.Abort,
            BrokenPipeError,
        ):
            raise
        except SystemExit as error:
            if isinstance(error.code, int) or error.code is None:
                raise click.exceptions.Exit(error.code or 0) from error
            click.echo(str(error.code), err=True)
            raise click.exceptions.Exit(1) from error
        except Exception as error:
            if self._shell.debug:
                _trace(error)
            self._shell.tell(
                "the plugin {name} failed in its command {command}: {kind}: {error}",
                name=self.name, command=ctx.invoked_subcommand, kind=type(error).__name__, error=error,
            )  # fmt: skip
            raise click.exceptions.Exit(1) from error
