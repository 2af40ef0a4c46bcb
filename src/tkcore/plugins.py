"""Loading plugins: find, import, register, declare, check. A broken one is a value, shown and never fatal.

`load` runs the plugin's code in the process that calls it: a worker, a test. What a plugin adds, as plain values that
another process can be told, is its `Offer`.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import click
import msgspec
import pluggy
from msgspec import Struct, json

from tkcore import codebook as cb
from tkcore import contributions as c
from tkcore import hookspecs
from tkcore.analyses import Analysis, Origin, Said
from tkcore.analyses import faults as analysis_faults
from tkcore.errors import CodebookError
from tkcore.rows import KINDS

_GROUP = re.compile(r"tkcore\.v(\d+)")
_NAME = re.compile(r"[a-z]{2}[a-z0-9]*(-[a-z0-9]+)*")


class Found(Struct, frozen=True):
    """A plugin's entry point, before anything of it is imported."""

    name: str
    distribution: str
    version: str
    entry: EntryPoint
    files: tuple[Path, ...]
    group: str = hookspecs.GROUP


class Plugin(Struct, frozen=True):
    """A loaded plugin and what it contributes."""

    found: Found
    analyses: tuple[Analysis, ...]
    load_ms: int
    events: tuple[c.EventType[Any], ...] = ()
    codebooks: tuple[Traversable, ...] = ()
    sections: tuple[c.Section, ...] = ()
    importers: tuple[c.Importer, ...] = ()
    exporters: tuple[c.Exporter, ...] = ()
    commands: tuple[click.Command, ...] = ()


class Broken(Struct, frozen=True):
    """A plugin that stopped at a stage, and why."""

    found: Found
    stage: str
    error: str


def find(installed: Iterable[Distribution] | None = None) -> list[Found]:
    """Return the installed plugins by name, importing none.

    Of a distribution that is made for several major versions of the interface the one for this one is taken.
    """
    found: dict[str, Found] = {}
    for distribution in distributions() if installed is None else installed:
        for entry in _entries(distribution):
            if _GROUP.fullmatch(entry.group):
                name = str(distribution.metadata["Name"] or "-")
                key = f"{entry.name} {name}"
                if key not in found or (found[key].group != entry.group == hookspecs.GROUP):
                    files = _files(distribution, entry)
                    found[key] = Found(
                        entry.name, name, str(distribution.version or "-"), entry, files, entry.group
                    )
    return sorted(found.values(), key=lambda f: (f.name, f.distribution))


def _entries(distribution: Distribution) -> Iterable[EntryPoint]:
    """Return a distribution's entry points; one that nobody can read adds nothing, whosever it is."""
    try:
        return tuple(distribution.entry_points)
    except (TypeError, ValueError, OSError):
        return ()


class _Direct(Struct):
    """What is read of `direct_url.json`."""

    url: str = ""
    dir_info: dict[str, Any] = {}


def _files(distribution: Distribution, entry: EntryPoint) -> tuple[Path, ...]:
    """Return the files that decide what a plugin does: what was installed, or an editable one's sources."""
    package = re.split(r"[^\w]", entry.value.strip(), maxsplit=1)[0]
    try:
        direct = json.decode(distribution.read_text("direct_url.json") or "{}", type=_Direct)
    except (msgspec.DecodeError, ValueError):
        direct = _Direct()
    if package and direct.dir_info.get("editable") and direct.url.startswith("file://"):
        from urllib.parse import unquote

        root = Path(unquote(direct.url[7:]))
        bases = (root / "src", root)
        one = [path for base in bases if (path := base / f"{package}.py").is_file()]
        return tuple(sorted([*one, *(p for base in bases for p in (base / package).glob("**/*.py"))]))
    listed = [
        Path(str(distribution.locate_file(f))) for f in distribution.files or () if str(f).endswith(".py")
    ]
    return tuple(sorted(listed))


def fingerprint(found: Found) -> str:
    """Return the digest of a plugin's files: what was enabled is what runs."""
    digest = hashlib.sha256()
    for path in found.files:
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def state(found: Found, enabled: Mapping[str, str]) -> str:
    """Return enabled, changed (enable again) or installed (not enabled)."""
    if found.name not in enabled:
        return "installed"
    return "enabled" if enabled[found.name] == fingerprint(found) else "changed"


def load(found: Found) -> Plugin | Broken:
    """Import and register one plugin, alone with its own manager."""
    began = time.perf_counter()
    stage = "find"
    if found.group != hookspecs.GROUP:
        return Broken(
            found, stage, f"it is made for {found.group}, this tkcore reads {hookspecs.GROUP}: install another version of it"
        )  # fmt: skip
    if not _NAME.fullmatch(found.name) or found.name in c.CORE:
        return Broken(
            found,
            stage,
            f"{found.name!r} cannot be a plugin's name: small letters, and none of the core's words",
        )
    try:
        stage = "import"
        module = found.entry.load()
        stage = "register"
        hooks = answered(module, found.name)
        if not hooks:
            return Broken(found, stage, "it answers no hook of tkcore")
        stage = "declare"
        answers = {hook: answer() for hook, answer in hooks.items()}
        wrong = [fault for hook, answer in answers.items() if (fault := _no_list(hook, answer))]
        if not wrong:
            stage = "check"
            wrong = checked(answers, found.name)
        if wrong:
            return Broken(found, stage, "; ".join(wrong))
        parts: dict[str, Any] = {
            hook.removeprefix("register_"): tuple(answer) for hook, answer in answers.items()
        }
        parts.setdefault("analyses", ())
        return Plugin(found=found, load_ms=round(1000 * (time.perf_counter() - began)), **parts)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does is shown, not passed on
        return Broken(found, stage, f"{type(error).__name__}: {error}")


def answered(module: Any, name: str) -> dict[str, Callable[[], Any]]:
    """Return a module's functions for our hooks, by hook; what pluggy raises says which is none of ours."""
    manager = pluggy.PluginManager("tkcore")
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    manager.check_pending()
    found = {}
    for caller in manager.get_hookcallers(module) or ():
        for made in caller.get_hookimpls():
            if made.wrapper or made.hookwrapper or made.tryfirst or made.trylast:
                raise TypeError(f"{caller.name}: hooks of tkcore have no wrappers and no order")
            found[caller.name] = made.function
    return dict(sorted(found.items()))


def _no_list(hook: str, answer: object) -> str:
    if isinstance(answer, (list, tuple)):
        return ""
    return f"{hook} returned {type(answer).__name__}: return a list"


def checked(answers: Mapping[str, Any], plugin: str) -> list[str]:
    """Return what is wrong with a plugin's contributions, in sentences."""
    check: dict[str, Callable[[Any], list[str]]] = {
        "register_analyses": lambda one: analysis_faults(one, plugin),
        "register_codebooks": lambda one: _codebook_faults(one, plugin),
        "register_commands": _command_faults,
    }
    kinds = {
        "register_events": c.EventType, "register_sections": c.Section, "register_importers": c.Importer,
        "register_exporters": c.Exporter,
    }  # fmt: skip
    wrong = _unreadable(answers, plugin)
    for hook, answer in answers.items():
        for one in answer:
            if hook in kinds and not isinstance(one, kinds[hook]):
                wrong.append(f"{hook}: {one!r} is no {kinds[hook].__name__}")
            else:
                wrong += check.get(hook, lambda one: c.faults(one, plugin))(one)
        names = [str(getattr(one, "name", "")) for one in answer]
        wrong += [f"{name} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
    return wrong


def _unreadable(answers: Mapping[str, Any], plugin: str) -> list[str]:
    """Return what analyses read that is neither a view nor an event type: nobody could say it was not captured."""
    own = {one.name for one in answers.get("register_events", ()) if isinstance(one, c.EventType)}
    return [
        f"{one.name}: it reads {word!r}, which is no view ({', '.join(KINDS)}) and no event type"
        for one in answers.get("register_analyses", ())
        if isinstance(one, Analysis)
        for word in one.reads
        if word not in KINDS and word not in own and ("." not in word or word.startswith(f"{plugin}."))
    ]


def _codebook_faults(file: Any, plugin: str) -> list[str]:
    name = str(getattr(file, "name", file))
    try:
        book = cb.parse(file.read_bytes(), name)
    except (CodebookError, AttributeError, OSError) as error:
        return [str(error) if isinstance(error, CodebookError) else f"{name}: it cannot be read ({error})"]
    if book.name != plugin.replace("-", "_") and not book.name.startswith(plugin.replace("-", "_") + "_"):
        return [f"{name}: the codebook's name {book.name!r} does not begin with {plugin!r}"]
    return []


def _command_faults(command: Any) -> list[str]:
    if not isinstance(command, click.Command):
        return [f"register_commands: {command!r} is no click command"]
    if not re.fullmatch(r"[a-z][a-z0-9-]*", command.name or ""):
        return [f"the command's name {command.name!r} has other signs than small letters, digits and -"]
    return [] if command.help else [f"the command {command.name} has no help"]


def load_all(found: Iterable[Found], enabled: Mapping[str, str]) -> list[Plugin | Broken]:
    """Load the enabled plugins here; one that changed since it was enabled does not run."""
    return [one if isinstance(one, Broken) else load(one) for one in runnable(found, enabled)]


def runnable(found: Iterable[Found], enabled: Mapping[str, str]) -> list[Found | Broken]:
    """Return the enabled plugins, importing none: those that may run, and those that may not with the reason.

    Of two distributions with one plugin's name neither runs: nobody can say which was meant. One that is enabled and
    not among those found is broken, too.
    """
    kept = list(found)
    chosen: list[Found | Broken] = []
    for one in kept:
        now = state(one, enabled)
        others = [o.distribution for o in kept if o.name == one.name and o is not one]
        if one.name not in enabled:
            continue
        if others:
            chosen.append(Broken(one, "find", f"{', '.join(others)} has the name {one.name} too: remove one"))
        elif now == "changed":
            chosen.append(Broken(one, "find", f"changed since it was enabled: tk plugins enable {one.name}"))
        else:
            chosen.append(one)
    there = {one.name for one in kept}
    chosen += [_absent(name) for name in sorted(enabled) if name not in there]
    return chosen


def _absent(name: str) -> Broken:
    """Return the finding that a plugin is enabled of which nothing is installed."""
    nothing = Found(name, "-", "-", EntryPoint(name, "", hookspecs.GROUP), ())
    return Broken(
        nothing, "find", f"enabled but not installed: pip install tkcore-{name}, or tk plugins disable {name}"
    )


# -- what another process is told of a plugin ------------------------------------------------------------------


class AnalysisOffer(Struct, frozen=True, kw_only=True):
    """`form` is query, function or group; `schema` the JSON Schema of the result; `live`: it has an alert."""

    name: str
    version: int
    form: str
    doc: str
    params: dict[str, Any]
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    live: bool
    says: dict[str, Said]
    schema: dict[str, Any]


class EventOffer(Struct, frozen=True, kw_only=True):
    """`columns` are the view's own, by name, with their DuckDB types."""

    name: str
    version: int
    family: str
    view: str
    columns: dict[str, str]
    doc: str


class SectionOffer(Struct, frozen=True, kw_only=True):
    name: str
    of: str
    title: Said
    doc: str


class FormatOffer(Struct, frozen=True, kw_only=True):
    """A format to read or (with `suffix`) to write."""

    name: str
    doc: str
    params: dict[str, Any]
    suffix: str = ""


class CommandOffer(Struct, frozen=True, kw_only=True):
    name: str
    doc: str


class Offer(Struct, frozen=True, kw_only=True):
    """A loaded plugin in plain values."""

    plugin: str
    distribution: str
    version: str
    load_ms: int
    analyses: tuple[AnalysisOffer, ...] = ()
    events: tuple[EventOffer, ...] = ()
    codebooks: tuple[str, ...] = ()
    sections: tuple[SectionOffer, ...] = ()
    importers: tuple[FormatOffer, ...] = ()
    exporters: tuple[FormatOffer, ...] = ()
    commands: tuple[CommandOffer, ...] = ()


class Refusal(Struct, frozen=True, kw_only=True):
    """A plugin that is broken, in plain values: the stage it stopped at, and why."""

    plugin: str
    distribution: str
    version: str
    stage: str
    error: str


def offered(loaded: Plugin | Broken) -> Offer | Refusal:
    """Return what a plugin adds, or why it is broken, in values that go through JSON."""
    who = {
        "plugin": loaded.found.name,
        "distribution": loaded.found.distribution,
        "version": loaded.found.version,
    }
    if isinstance(loaded, Broken):
        return Refusal(**who, stage=loaded.stage, error=loaded.error)
    try:
        return _offer(loaded, who)
    except (TypeError, ValueError) as error:  # a result or a parameter that JSON has no form for
        return Refusal(**who, stage="check", error=f"{type(error).__name__}: {error}")


def _offer(loaded: Plugin, who: dict[str, str]) -> Offer:
    def shape(a: Analysis) -> dict[str, Any]:
        return msgspec.json.schema(a.result)

    return Offer(
        plugin=who["plugin"], distribution=who["distribution"], version=who["version"], load_ms=loaded.load_ms,
        analyses=tuple(
            AnalysisOffer(
                name=a.name, version=a.version, form="query" if a.sql else "group" if a.needs else "function", doc=a.doc,
                params=json.decode(json.encode(a.params)), reads=a.reads, needs=a.needs, live=a.alert is not None,
                says=a.says, schema=shape(a),
            )
            for a in sorted(loaded.analyses, key=lambda a: a.name)
        ),
        events=tuple(
            EventOffer(name=x.name, version=x.version, family=x.family, view=x.view, columns=x.columns, doc=x.doc)
            for x in loaded.events
        ),
        codebooks=tuple(cb.parse(file.read_bytes(), file.name).name for file in loaded.codebooks),
        sections=tuple(SectionOffer(name=s.name, of=s.of, title=s.title, doc=s.doc) for s in loaded.sections),
        importers=tuple(FormatOffer(name=f.name, doc=f.doc, params=f.params) for f in loaded.importers),
        exporters=tuple(
            FormatOffer(name=f.name, doc=f.doc, params=f.params, suffix=f.suffix) for f in loaded.exporters
        ),
        commands=tuple(CommandOffer(name=str(x.name), doc=x.help or "") for x in loaded.commands),
    )  # fmt: skip


def analyses(loaded: Iterable[Plugin | Broken]) -> list[Origin[Analysis]]:
    """Return all analyses with where they come from, by name."""
    found = [
        Origin(item, p.found.distribution, p.found.version)
        for p in loaded
        if isinstance(p, Plugin)
        for item in p.analyses
    ]
    return sorted(found, key=lambda origin: origin.what.name)
