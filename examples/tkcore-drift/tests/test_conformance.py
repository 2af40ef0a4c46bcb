"""The plugin holds what every contribution must hold: one test for each of them and each check."""

from __future__ import annotations

from tkcore.testing import conformance, sample

import tkcore_drift
from tkcore_drift.seen import NOTICED

SHRINKING = "; ".join(
    ["@0:00 ta", "@0:10 at", "@0:20 ta", "@0:30 at", "@0:40 tb", "@0:46 bt", "@0:52 tb", "@0:58 bt"]
    + ["@1:04 tc", "@1:06 ct", "@1:07 drift.noticed seat=C direction=shorter", "@1:08 tc", "@1:10 ct"]
)

test_conforms = conformance(
    tkcore_drift, extra=[sample("shrinking", SHRINKING, end="1:12", events=[NOTICED])]
)
