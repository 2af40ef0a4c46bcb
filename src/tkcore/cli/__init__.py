"""`tk`: each command parses, calls one function, prints. Modules load when their command is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tkcore import __version__
from tkcore.errors import GrammarError, TkError
from tkcore.root import language_at, root_of
from tkcore.talk import N_, language_of, say, speak, translator

COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("workspace", "init", N_("make a workspace")),
    "group": ("groups", "group", N_("found groups, describe and admit, show where they stand")),
    "session": ("sessions", "session", N_("open, list, show and close sessions")),
    "record": ("record", "record", N_("record a session line by line")),
    "serve": ("serve", "serve", N_("record a session on a page in the browser")),
    "verify": ("verify", "verify", N_("check that logs are whole and unaltered")),
    "recover": ("verify", "recover", N_("decide about a log whose end was altered")),
    "backup": ("backup", "backup", N_("copy the workspace elsewhere, verified")),
    "restore": ("backup", "restore", N_("make a workspace of a backup")),
    "doctor": ("doctor", "doctor", N_("look at disk, clock and folder before a session")),
    "archive": ("archive", "archive", N_("compact closed sessions for fast questions")),
    "query": ("query", "query", N_("ask a question in SQL")),
    "live": ("live", "live", N_("follow a session and print its alerts")),
    "analyze": ("analyze", "analyze", N_("run analyses over a session or a group")),
    "report": ("report", "report", N_("report on a session or a group, as a page or as text")),
    "plugins": ("plugins", "plugins", N_("list, enable and disable plugins")),
    "import": ("imports", "imports", N_("take in what was captured elsewhere")),
    "export": ("export", "export", N_("write a session to a file, for elsewhere")),
    "codebook": ("codebook", "codebook", N_("look into codebooks, add, check and write them")),
    "guide": ("guide", "guide", N_("make the quick guide, one sheet to print")),
    "simulate": ("simulation", "simulate", N_("make a session to learn and test with")),
    "demo": ("simulation", "demo", N_("show the main job with two simulated sessions")),
}


class Shell:
    """What a command gets: the language, the workspace on demand, the way to say things."""

    def __init__(self, workspace: str | None, lang: str | None, *, debug: bool) -> None:
        self._workspace, self._lang, self.debug = workspace, lang, debug
        root = root_of(workspace, os.environ, Path.cwd())
        self.speak(language_of(lang, language_at(root), os.environ))

    def desk(self) -> Any:
        """Return the desk of the workspace in force, and take its language."""
        from tkcore.config import find
        from tkcore.disk import Disk
        from tkcore.opening import Desk
        from tkcore.recorder import Clocks

        workspace = find(self._workspace, os.environ, Path.cwd())
        self.speak(language_of(self._lang, workspace.config().language, os.environ))
        return Desk(workspace, Disk(), Clocks(), os.urandom)

    def speak(self, language: str) -> None:
        """Say what follows in a language."""
        self.language, self.t = language, translator(language)

    def _(self, text: str, **values: Any) -> str:
        """Return a text in the user's language."""
        said = self.t.gettext(text)
        return said.format(**values) if values else said

    def tell(self, text: str, **values: Any) -> None:
        """Say something beside the data, on stderr."""
        click.echo(self._(text, **values), err=True)

    def label(self, label: Any) -> str:
        """Return a codebook's label in the user's language."""
        return str(label.id if self.language == "id" else label.en)

    def caution(self, cautions: Iterable[Any]) -> None:
        """Say what a codebook would have a person know, beside the data."""
        for caution in cautions:
            self.tell("a caution: {caution}", caution=self.label(caution.text))


class Lazy(click.Group):
    """The table of commands; a module is imported when its command is. Their help is in `language`."""

    language = "en"

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            from tkcore.cli.commands import commands_of

            return commands_of(ctx, cmd_name)
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"tkcore.cli.{module}"), attribute)
        _translate(command, translator(self.language))
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        t = translator(self.language)
        with formatter.section(t.gettext("Commands")):
            formatter.write_dl([(name, t.gettext(text)) for name, (_, _, text) in COMMANDS.items()])


_SOURCES: dict[int, str] = {}
"""The help of commands and options as it is written, by their identity: another language may be asked for later."""


def _translate(command: click.Command, t: Any) -> None:
    """Put a command's help into the user's language."""
    if command.help:
        source = _SOURCES.setdefault(id(command), command.help)
        command.help = "\n\n".join(t.gettext(" ".join(part.split())) for part in source.split("\n\n"))
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = t.gettext(_SOURCES.setdefault(id(param), param.help))
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            _translate(sub, t)


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "-w",
    "--workspace",
    metavar="DIR",
    help=N_("the workspace (else TK_WORKSPACE, else the folder you are in)"),
)
@click.option("--lang", type=click.Choice(["id", "en"]), is_eager=True, help=N_("the language: id or en"))
@click.option("--debug", is_flag=True, help=N_("show where in the program an error came from"))
@click.version_option(__version__, prog_name="tk", message="%(prog)s %(version)s")
@click.pass_context
def tk(ctx: click.Context, workspace: str | None, lang: str | None, debug: bool) -> None:
    """Tkcore records group psychotherapy sessions and answers questions about them."""
    ctx.obj = Shell(workspace, lang, debug=debug)


def main(argv: list[str] | None = None) -> None:
    """Run `tk` and leave with its exit code: 0 done, 1 bad answer, 2 usage, 3 bad input, 4 not allowed, 70 a bug."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run one command and return its exit code."""
    debug = "--debug" in argv
    language = _language(argv)
    speak(language)
    tk.language = language
    _translate(tk, translator(language))
    try:
        code = tk.main(args=argv, prog_name="tk", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except TkError as error:
        if debug:
            _trace(error)
        t = translator(language)
        where = (
            t.gettext("column {column}: ").format(column=error.column)
            if isinstance(error, GrammarError)
            else ""
        )
        click.echo("tk: " + where + say(error, t), err=True)
        return error.exit_code
    except BrokenPipeError:
        # who read our output has gone: nothing more to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a fault of ours is said in one sentence too
        if debug:
            _trace(error)
        t = translator(language)
        click.echo(
            t.gettext(
                "tk: this is a fault of tkcore, not yours ({kind}: {error}). What was acknowledged is stored. `tk --debug ...` shows more"
            ).format(kind=type(error).__name__, error=error),
            err=True,
        )
        return 70
    return code if isinstance(code, int) else 0


def _trace(error: Exception) -> None:
    """Say where in the program an error came from."""
    import structlog

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    structlog.get_logger().error("refused", kind=type(error).__name__, exc_info=error)


def _language(argv: list[str]) -> str:
    """Return the language for an error that came before or outside a command."""
    option = None
    workspace = None
    for at, word in enumerate(argv):
        if word == "--lang" and at + 1 < len(argv):
            option = argv[at + 1]
        elif word.startswith("--lang="):
            option = word[7:]
        elif word in ("-w", "--workspace") and at + 1 < len(argv):
            workspace = argv[at + 1]
    return language_of(option, language_at(root_of(workspace, os.environ, Path.cwd())), os.environ)
