"""Loading plugins: find, import, register, declare, check. A broken one is a value, shown and never fatal."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy
from msgspec import Struct, json

from tkcore import hookspecs
from tkcore.analyses import Analysis, Origin, faults


class Found(Struct, frozen=True):
    """A plugin's entry point, before anything of it is imported."""

    name: str
    distribution: str
    version: str
    entry: EntryPoint
    files: tuple[Path, ...]


class Plugin(Struct, frozen=True):
    """A loaded plugin and what it contributes."""

    found: Found
    analyses: tuple[Analysis, ...]
    load_ms: int


class Broken(Struct, frozen=True):
    """A plugin that stopped at a stage, and why."""

    found: Found
    stage: str
    error: str


def find(installed: Iterable[Distribution] | None = None) -> list[Found]:
    """Return the installed plugins by name, importing none."""
    found: dict[str, Found] = {}
    for distribution in distributions() if installed is None else installed:
        for entry in distribution.entry_points:
            if entry.group == hookspecs.GROUP:
                name = distribution.metadata["Name"]
                found.setdefault(
                    f"{entry.name} {name}",
                    Found(entry.name, name, distribution.version, entry, _files(distribution, entry)),
                )
    return sorted(found.values(), key=lambda f: (f.name, f.distribution))


def _files(distribution: Distribution, entry: EntryPoint) -> tuple[Path, ...]:
    """Return the files that decide what a plugin does: what was installed, or an editable one's sources."""
    package = entry.module.split(".")[0]
    direct = distribution.read_text("direct_url.json")
    if direct:
        origin: dict[str, Any] = json.decode(direct)
        url = str(origin.get("url", ""))
        if origin.get("dir_info", {}).get("editable") and url.startswith("file://"):
            from urllib.parse import unquote

            root = Path(unquote(url[7:]))
            return tuple(sorted(p for base in (root / "src", root) for p in (base / package).glob("**/*.py")))
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
    stage = "import"
    try:
        module = found.entry.load()
        stage = "register"
        manager = pluggy.PluginManager("tkcore")
        manager.add_hookspecs(hookspecs)
        manager.register(module, found.name)
        manager.check_pending()
        if not manager.get_hookcallers(module):
            return Broken(found, stage, "it answers no hook of tkcore")
        stage = "declare"
        answers = manager.hook.register_analyses()
        declared = [item for answer in answers for item in answer]
        stage = "check"
        wrong = [fault for item in declared for fault in faults(item, found.name)]
        names = [item.name for item in declared if isinstance(item, Analysis)]
        wrong += [f"{name} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
        if wrong:
            return Broken(found, stage, "; ".join(wrong))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does is shown, not passed on
        return Broken(found, stage, f"{type(error).__name__}: {error}")
    return Plugin(found, tuple(declared), round(1000 * (time.perf_counter() - began)))


def load_all(found: Iterable[Found], enabled: Mapping[str, str]) -> list[Plugin | Broken]:
    """Load the enabled plugins; one that changed since it was enabled does not run."""
    loaded: list[Plugin | Broken] = []
    seen: dict[str, str] = {}
    for one in found:
        now = state(one, enabled)
        if one.name in seen and now != "installed":
            loaded.append(Broken(one, "find", f"{seen[one.name]} has the name {one.name} too: remove one"))
        elif now == "changed":
            loaded.append(Broken(one, "find", f"changed since it was enabled: tk plugins enable {one.name}"))
        elif now == "enabled":
            loaded.append(load(one))
        seen.setdefault(one.name, one.distribution)
    return loaded


def analyses(loaded: Iterable[Plugin | Broken]) -> list[Origin[Analysis]]:
    """Return all analyses with where they come from, by name."""
    found = [
        Origin(item, p.found.distribution, p.found.version)
        for p in loaded
        if isinstance(p, Plugin)
        for item in p.analyses
    ]
    return sorted(found, key=lambda origin: origin.what.name)
