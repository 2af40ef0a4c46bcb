"""The plugin holds what every analysis must hold."""

from __future__ import annotations

import tkcore_monopoly

from tkcore.testing import conformance

FEW = {"draws": 20}
test_conforms = conformance(tkcore_monopoly, params={"monopoly.share": FEW, "monopoly.inequality": FEW})
