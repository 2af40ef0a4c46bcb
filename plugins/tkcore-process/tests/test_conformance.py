"""The plugin holds what every analysis must hold, over codes close together and contracts too."""

from __future__ import annotations

import tkcore_process

from tkcore.testing import conformance, sample

CLOSE = "\n".join(
    ["@0:00 ta", "@1:00 a!jj", *(f"@{10 + at // 6}:{at % 6}5 ab !rn" for at in range(40)), "@17:00 a!js"]
)
test_conforms = conformance(tkcore_process, extra=[sample("circular", CLOSE, end="18:00")])
