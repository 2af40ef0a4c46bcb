"""A workspace for tests: sessions typed into it by the real recorder, plugins enabled in it, `tk` run on it.

A plugin's module becomes an installed one by a folder with the metadata that an installer would have written, which
only the child process sees; what is really installed is never loaded unless the test names it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import DistributionFinder, EntryPoint, MetadataPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from msgspec import json
from msgspec.structs import replace

from tkcore import codebook as cb
from tkcore.config import Config, Workspace, dump
from tkcore.grammar import parse
from tkcore.hookspecs import GROUP
from tkcore.opening import Desk, Opening, Settings, open_session, seatings, start
from tkcore.plugins import Broken, Found, Plugin, find, fingerprint, load, offered
from tkcore.plugins import Refusal as _Refusal
from tkcore.recorder import Clocks
from tkcore.root import FILE
from tkcore.testing.sessions import HELD, MOMENT, SEATS, Unsynced, counted


class Ran(NamedTuple):
    """How a `tk` ended: its exit code, what it printed, what it said beside it."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what was printed with `--json`."""
        return json.decode(self.out)


class Sitting:
    """A session being typed."""

    def __init__(self, desk: Desk, name: str, books: Sequence[cb.Codebook]) -> None:
        self.name = name
        self._recorder, self._writer = start(desk, name, books)

    def say(self, *lines: str) -> Sitting:
        """Type lines. Raises GrammarError for one that cannot be."""
        for line in lines:
            self._recorder.enter(line)
        return self

    def close(self, end: str | None = None) -> str:
        """Close the session, at `end` (`"5:30"`) or with the last line, and return its name."""
        time = None if end is None else parse(f"@{end} _").time
        if time is not None:
            self._recorder.close_session(time.ms)
        self.stop()
        return self.name

    def stop(self) -> None:
        """Type no more; the session stays open."""
        self._writer.close()


class Place:
    """A workspace in a folder, with the handbook and no plugin enabled."""

    def __init__(self, root: Path, installs: Path) -> None:
        self.workspace = Workspace(root)
        self.root = root
        self._installs = installs
        self._paths: list[str] = []
        self._sittings: list[Sitting] = []
        for folder in (self.workspace.groups, self.workspace.vault, self.workspace.codebooks):
            folder.mkdir(parents=True)
        (self.workspace.codebooks / "handbook.toml").write_bytes(cb.handbook())
        self._configure(Config(language="en"))
        self._desk = Desk(self.workspace, Unsynced(), Clocks(lambda: MOMENT, lambda: 0), counted())

    def _configure(self, config: Config) -> None:
        (self.root / FILE).write_bytes(dump(config))

    def open(
        self, name: str = "g/s", *, seats: str = SEATS, setting: str | None = None, held: str = HELD
    ) -> Sitting:
        """Open a session with a given clock; it is typed with `say`."""
        books = [
            cb.load(self.workspace.codebooks / f"{book}.toml") for book in self.workspace.config().codebooks
        ]
        opening = Opening(
            seats=seatings(seats.split(",")), clock="given", held=held, settings=Settings(setting=setting),
            zone="Asia/Jakarta",
        )  # fmt: skip
        sitting = Sitting(self._desk, open_session(self._desk, name, opening, books), books)
        self._sittings.append(sitting)
        return sitting

    def enable(self, *modules: ModuleType) -> None:
        """Enable plugins by their modules, and no other; one that is not installed is made to look so."""
        enabled = {}
        for module in modules:
            found = next((f for f in find() if f.entry.module == module.__name__), None)
            if found is None:
                place = self._installs / module.__name__
                found = installed_at(place, module)
                self._paths += [str(place), str(_home(module))]
            enabled[found.name] = fingerprint(found)
        self._configure(replace(self.workspace.config(), plugins=enabled))

    def tk(self, *words: str, lines: str = "", timeout: float = 120) -> Ran:
        """Run `tk` in a process of its own on this workspace."""
        self.rest()
        paths = [*self._paths, *(p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p)]
        env = {**os.environ, "TK_WORKSPACE": str(self.root), "PYTHONPATH": os.pathsep.join(paths)}
        done = subprocess.run(
            [sys.executable, "-m", "tkcore", *words], check=False, capture_output=True, text=True, env=env, input=lines,
            cwd=self.root, timeout=timeout,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    def rest(self) -> None:
        """Let go of the sessions that are typed, so that another process may have them."""
        for sitting in self._sittings:
            sitting.stop()
        self._sittings.clear()


def _home(module: ModuleType) -> Path:
    """Return the folder from which a module is imported."""
    assert module.__file__ is not None, f"{module.__name__} has no file: write it to a folder on sys.path"
    file = Path(module.__file__)
    return file.parents[module.__name__.count(".") + (file.name == "__init__.py")]


def named(module: ModuleType) -> str:
    """Return the plugin's name, as its contributions begin."""
    from tkcore.testing.subject import declared

    return declared(module).name


def installed_at(place: Path, module: ModuleType, name: str | None = None) -> Found:
    """Write the metadata of an installed distribution that has this module for a plugin, and return it found."""
    chosen = name or named(module)
    info = place / f"{module.__name__}-0.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    home = _home(module)
    package = home / module.__name__.partition(".")[0]
    files = sorted(package.rglob("*.py")) if package.is_dir() else [Path(str(module.__file__))]
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {module.__name__.replace('_', '-')}\nVersion: 0.0\n"
    )
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{chosen} = {module.__name__}\n")
    (info / "RECORD").write_text("".join(f"{os.path.relpath(file, place)},,\n" for file in files))
    context = DistributionFinder.Context(path=[str(place)])
    return next(iter(find(MetadataPathFinder.find_distributions(context))))


def loaded(module: ModuleType, name: str | None = None) -> Plugin | Broken:
    """Load a module as if it were installed, with all its checks."""
    chosen = name or named(module)
    entry = EntryPoint(name=chosen, value=module.__name__, group=GROUP)
    found = Found(chosen, module.__name__.replace("_", "-"), "0.0", entry, ())
    plugin = load(found)
    if isinstance(plugin, Plugin) and isinstance(said := offered(plugin), _Refusal):
        return Broken(found, said.stage, said.error)
    return plugin
