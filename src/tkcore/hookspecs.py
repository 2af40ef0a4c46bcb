"""The hooks a plugin may answer. Each is optional and returns a list of declarations; order means nothing."""

from __future__ import annotations

import pluggy

from tkcore.analyses import Analysis

GROUP = "tkcore.v1"
"""The entry-point group; its number is the major version of this interface."""

hookspec = pluggy.HookspecMarker("tkcore")
hookimpl = pluggy.HookimplMarker("tkcore")


@hookspec
def register_analyses() -> list[Analysis]:  # type: ignore[empty-body]
    """Return the plugin's analyses; their names start with the plugin's name.

    Called once when the plugin is loaded, never while a session is recorded. Since 0.1.
    """
