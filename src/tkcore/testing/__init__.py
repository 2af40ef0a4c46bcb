"""For whoever writes a plugin: sessions to try it on, and what every analysis must hold.

from tkcore.testing import conformance, session
import tkcore_gaze

test_conforms = conformance(tkcore_gaze)

def test_three_turns():
found = tkcore_gaze.shared(session("@0:00 ab; @0:05 ba; @0:09 ab"))
assert found.turns == 3
"""

from __future__ import annotations

from tkcore.testing.conformance import conformance
from tkcore.testing.sessions import Sample, sample, samples, session

__all__ = ["Sample", "conformance", "sample", "samples", "session"]
