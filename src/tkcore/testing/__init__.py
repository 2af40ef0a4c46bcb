"""For whoever writes a plugin: sessions to try it on, and what every contribution must hold.

    from tkcore.testing import conformance, session
    import tkcore_gaze

    test_conforms = conformance(tkcore_gaze)

    def test_three_turns():
        found = tkcore_gaze.shared(session("@0:00 ab; @0:05 ba; @0:09 ab"))
        assert found.turns == 3

Installed with tkcore come the pytest fixtures `tk_session`, `tk_workspace`, `tk_cli` and `load_plugin`. Names are looked
up on first use, so that pytest loads nothing of tkcore for tests that need nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tkcore.testing.conforming import conformance
    from tkcore.testing.golden import goldens
    from tkcore.testing.sessions import Sample, sample, samples, session
    from tkcore.testing.workplace import Place, Sitting

_HOME = {
    "Place": "workplace",
    "Sample": "sessions",
    "Sitting": "workplace",
    "conformance": "conforming",
    "goldens": "golden",
    "sample": "sessions",
    "samples": "sessions",
    "session": "sessions",
}

__all__ = ["Place", "Sample", "Sitting", "conformance", "goldens", "sample", "samples", "session"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"tkcore.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module 'tkcore.testing' has no attribute {name!r}")
