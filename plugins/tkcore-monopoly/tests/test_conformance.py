"""The plugin holds what every analysis must hold, over a member without a turn too."""

from __future__ import annotations

import tkcore_monopoly

from tkcore.testing import conformance, sample

FEW = {"draws": 20}
WAITING = "\n".join(f"@{at // 2}:{at % 2}5 {'ab' if at % 4 else 'bc'}" for at in range(40))
test_conforms = conformance(
    tkcore_monopoly,
    params={"monopoly.share": FEW, "monopoly.inequality": FEW},
    extra=[sample("circular", WAITING, end="20:00")],
)
