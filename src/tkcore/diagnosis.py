"""What is found out about installed plugins: each stage of loading, clashes, what importing costs, drift of schemas.

And about records that only a plugin can read: how many there are of which type.

Nothing here runs a plugin: it judges what the workers said and what a child process measured. `says` and `advice` are
templates for `values`, in English, as in `checkup`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import DecodeError, Struct, field, json

from tkcore.codebook import Codebook
from tkcore.errors import CodebookError, TkError
from tkcore.foreign import CORE
from tkcore.log import Scan, stub_of, walk
from tkcore.opening import Desk
from tkcore.plugins import Broken, Found, Offer
from tkcore.projection import opaques
from tkcore.recovery import read
from tkcore.relations import RELATIONS
from tkcore.rows import KINDS
from tkcore.talk import N_
from tkcore.vocabulary import parse_beside

STAGES = ("find", "import", "register", "declare", "check")
OK, WARN, BAD = N_("ok"), N_("warn"), N_("bad")
SLOW_MS = 500
"""Importing that takes longer is worth a word: everybody who analyses waits for it."""
MARK = "--- plugin"
"""What the measuring child prints where the plugin's own imports begin."""

ADVICE = {
    "find": N_("install a version of it that is made for this tkcore, or uninstall the distribution that is too much"),
    "import": N_("its module cannot be imported: install what is missing, or mend the module; python -c 'import {module}' shows more"),
    "register": N_("correct the hook: its name, its arguments (none), and no wrapper or order; docs/reference.md lists the hooks"),
    "declare": N_("a hook raised or returned no list: call it in a test with load_plugin(module)"),
    "check": N_("correct the contribution that is named; tk plugins check {plugin} tests all of them"),
}  # fmt: skip


class Finding(Struct, frozen=True, kw_only=True):
    """What is known of a plugin at a stage: ok, warn or bad."""

    plugin: str
    distribution: str
    stage: str
    state: str
    says: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""


class Import(Struct, frozen=True):
    """What importing a package cost, all its modules together."""

    package: str
    us: int


def stages(found: Found, answer: Offer | Broken) -> list[Finding]:
    """Return the stages a plugin went through, the last one with its error and the fix."""
    reached = answer.stage if isinstance(answer, Broken) else None
    at = STAGES.index(reached) if reached in STAGES else len(STAGES)
    findings = [_of(found, stage, OK) for stage in STAGES[:at]]
    if isinstance(answer, Broken):
        advice = ADVICE.get(
            answer.stage, N_("run tk --debug plugins doctor {plugin}, which shows what it printed")
        )
        values = {"error": answer.error, "plugin": found.name, "module": found.entry.module}
        findings.append(_of(found, answer.stage, BAD, "{error}", values, advice))
    return findings


def _of(
    found: Found, stage: str, state: str, says: str = "", values: Mapping[str, Any] | None = None, advice: str = ""
) -> Finding:  # fmt: skip
    return Finding(
        plugin=found.name, distribution=found.distribution, stage=stage, state=state, says=says, values={"plugin": found.name, **(values or {})}, advice=advice,
    )  # fmt: skip


def twins(installed: Iterable[Found]) -> list[Finding]:
    """Return the plugins whose name two distributions have: neither runs."""
    kept = list(installed)
    return [
        _of(
            one, "clash", BAD, N_("{others} has the name {plugin} too"),
            {"plugin": one.name, "others": ", ".join(others)},
            N_("uninstall one of them: neither runs, nobody can say which was meant"),
        )
        for one in kept
        if (others := [o.distribution for o in kept if o.name == one.name and o is not one])
    ]  # fmt: skip


def clashes(offers: Mapping[str, tuple[Found, Offer]], commands: Iterable[str]) -> list[Finding]:
    """Return where a plugin has what the core or another one has: views, names, and the command of its own name."""
    core, findings = set(commands), []
    views: dict[str, str] = dict.fromkeys((*KINDS, *RELATIONS), "tkcore")
    names: dict[str, str] = {}
    for plugin, (found, offer) in sorted(offers.items()):
        if plugin in core:
            state = BAD if offer.commands else WARN
            findings.append(
                _of(found, "clash", state, N_("tk {plugin} is a command of tkcore: no command of the plugin can ever be called"), {"plugin": plugin}, N_("give the plugin another name in its entry point"))
            )  # fmt: skip
        for event in offer.events:
            if (other := views.setdefault(event.view, plugin)) != plugin:
                findings.append(
                    _of(found, "clash", BAD, N_("its view {view} is {other}'s too"), {"view": event.view, "other": other}, N_("give the type of event another name"))
                )  # fmt: skip
        for name in _names(offer):
            if (other := names.setdefault(name, plugin)) != plugin:
                findings.append(
                    _of(found, "clash", BAD, N_("{name} is {other}'s too"), {"name": name, "other": other}, N_("give it another name"))
                )  # fmt: skip
    return findings


def _names(offer: Offer) -> list[str]:
    declared: tuple[Any, ...] = (*offer.analyses, *offer.sections, *offer.importers, *offer.exporters)
    return sorted({x.name for x in declared})


def vocabulary(found: Found, file: str, name: str, workspace: Sequence[Codebook]) -> list[Finding]:
    """Return whether a codebook of a plugin's can stand beside those of the workspace; one that is there already can."""
    others = [book for book in workspace if book.name != name]
    try:
        parse_beside(file.encode(), f"{name}.toml", others)
    except CodebookError as error:
        return [
            _of(found, "clash", WARN, "{error}", {"error": str(error), "name": name}, N_("tk codebook add {name} will refuse it here: change the codebook"))
        ]  # fmt: skip
    return []


def drift(found: Found, offer: Offer) -> list[Finding]:
    """Return the results whose JSON Schema is not the one the package has in schemas/NAME.json.

    A package without such files says nothing of what its results were before, and nobody here keeps it.
    """
    findings = []
    for one in offer.analyses:
        file = _schema_file(found, one.name)
        if file is None:
            continue
        try:
            before = json.decode(file.read_bytes())
        except (OSError, DecodeError) as error:
            findings.append(
                _of(found, "schema", BAD, N_("{file} cannot be read: {error}"), {"file": file.name, "error": error}, N_("write it again from msgspec.json.schema(RESULT)"))
            )  # fmt: skip
            continue
        if before != one.schema:
            findings.append(
                _of(
                    found, "schema", BAD, N_("the result of {name} (version {version}) is not what {file} says"),
                    {"name": one.name, "version": one.version, "file": f"schemas/{file.name}"},
                    N_("if the change is meant: raise the version of the analysis and write the file again"),
                )
            )  # fmt: skip
    return findings


def _schema_file(found: Found, name: str) -> Path | None:
    package = found.entry.module.partition(".")[0]
    roots = {
        path.parent for path in found.files if path.name == "__init__.py" and path.parent.name == package
    }
    return next(
        (file for root in sorted(roots) if (file := root / "schemas" / f"{name}.json").is_file()), None
    )


# -- what only a plugin can read -------------------------------------------------------------------------------


def foreign_types(desk: Desk) -> Counter[str]:
    """Return how many records that hold the sessions' logs have of each type that is not the core's.

    A log that cannot be read counts as far as it can. Types the core has in another version are not counted.
    """
    found: Counter[str] = Counter()
    for full in desk.workspace.session_names():
        folder = desk.workspace.session(full)
        # decoding every record takes long, and most logs have none
        with suppress(OSError, TkError, DecodeError):
            if any(
                _is_foreign(stub_of(line.data).t)
                for line in walk(folder, desk.disk, Scan(log=full), trust=True)
            ):
                held = opaques(read(folder, desk.disk, full)[0]).records
                found.update(x.t for x in held if _is_foreign(x.t))
    return found


def _is_foreign(t: str) -> bool:
    return t.partition(".")[0] not in CORE


# -- what importing costs --------------------------------------------------------------------------------------


def measuring(found: Found) -> str:
    """Return the program of a child that loads one plugin and nothing else under `-X importtime`."""
    return (
        "import sys, tkcore.plugins as p\n"
        f"found = [f for f in p.find() if (f.name, f.distribution) == ({found.name!r}, {found.distribution!r})]\n"
        f"sys.stderr.write({MARK + chr(10)!r}); sys.stderr.flush()\n"
        "p.load(found[0])\n"
    )


def imports(told: str) -> list[Import]:
    """Return what the packages a plugin imports cost, the dearest first, from what `-X importtime` printed."""
    _, _, own = told.partition(MARK + "\n")
    costs: dict[str, int] = {}
    for us, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", own, re.MULTILINE):
        package = name.partition(".")[0]
        costs[package] = costs.get(package, 0) + int(us)
    return sorted((Import(package, us) for package, us in costs.items()), key=lambda i: (-i.us, i.package))


def cost(found: Found, measured: Sequence[Import]) -> Finding:
    """Return what importing a plugin costs, with the three dearest packages."""
    ms = sum(one.us for one in measured) // 1000
    dearest = ", ".join(f"{one.package} {one.us // 1000} ms" for one in measured[:3] if one.us >= 1000)
    return _of(
        found, "cost", WARN if ms > SLOW_MS else OK, N_("importing it takes {ms} ms ({dearest})"),
        {"ms": ms, "dearest": dearest or "-"},
        N_("import what is slow inside the function that needs it") if ms > SLOW_MS else "",
    )  # fmt: skip


def standing(found: Found, state: str, enabled: Iterable[str]) -> list[Finding]:
    """Return whether it runs in this workspace: enabled, changed since, or only installed."""
    if state == "changed":
        return [
            _of(found, "enabled", BAD, N_("it changed since it was enabled, and does not run"), {}, N_("look at what changed, then: tk plugins enable {plugin}"))
        ]  # fmt: skip
    if found.name in set(enabled):
        return [_of(found, "enabled", OK)]
    return [_of(found, "enabled", OK, N_("installed, not enabled here"))]
