"""pytest fixtures for plugins, there as soon as tkcore is installed; nothing of tkcore loads before one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tkcore.plugins import Plugin
    from tkcore.session import Session
    from tkcore.testing.workplace import Place, Ran


@pytest.fixture
def tk_session() -> Callable[..., Session]:
    """Return the session that lines of the grammar make: `tk_session("@0:00 ab; @0:05 ba", end="0:09")`."""
    from tkcore.testing.sessions import session

    return session


@pytest.fixture
def tk_workspace(tmp_path: Path) -> Iterator[Place]:
    """A new workspace: `tk_workspace.open("g/s").say("@0:00 ab").close("0:30")`."""
    from tkcore.testing.workplace import Place

    place = Place(tmp_path / "tk-workspace", tmp_path / "tk-installed")
    yield place
    place.rest()


@pytest.fixture
def tk_cli(tk_workspace: Place) -> Callable[..., Ran]:
    """Run `tk` on `tk_workspace` in a process of its own: `tk_cli("analyze", "g/s", plugins=[tkcore_gaze])`.

    `plugins` are the modules that are enabled, and stay so for the next call that names none; `lines` is its input.
    It returns the exit code, what was printed and what was said beside it: `code`, `out`, `err`, and `json`.
    """

    def run(*words: str, plugins: list[ModuleType] | None = None, **more: Any) -> Ran:
        if plugins is not None:
            tk_workspace.enable(*plugins)
        return tk_workspace.tk(*words, **more)

    return run


@pytest.fixture
def load_plugin() -> Callable[..., Plugin]:
    """Load a module as if it were installed and return what it adds; a broken one fails the test with the reason."""

    def load(module: ModuleType, name: str | None = None) -> Plugin:
        from tkcore.plugins import Broken
        from tkcore.testing.workplace import loaded

        try:
            plugin = loaded(module, name)
        except Exception as error:  # noqa: BLE001 - what a hook raises while its name is looked for
            pytest.fail(f"{module.__name__} could not be asked what it adds: {type(error).__name__}: {error}")
        if isinstance(plugin, Broken):
            pytest.fail(f"{module.__name__} is broken at stage {plugin.stage}: {plugin.error}")
        return plugin

    return load
