"""What stands close together or is left open while a group works: codes of resistance, contracts."""

from __future__ import annotations

from tkcore import Analysis, hookimpl


@hookimpl
def register_analyses() -> list[Analysis]:
    """Return the analyses; the code loads only now."""
    from tkcore_process.contracts import contracts
    from tkcore_process.resistance import resistance

    return [contracts, resistance]
