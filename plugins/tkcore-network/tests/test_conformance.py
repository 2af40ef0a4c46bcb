"""The plugin holds what every analysis must hold."""

from __future__ import annotations

import tkcore_network

from tkcore.testing import conformance

test_conforms = conformance(tkcore_network, params={"network.structure": {"draws": 20}})
