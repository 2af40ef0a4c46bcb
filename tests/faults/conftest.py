"""What the fault tests share: their helper modules, the count of cases, the tools of the machine."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(
    0, str(Path(__file__).parent)
)  # the helpers are siblings: fault_logs, fault_world, fault_program


@pytest.fixture
def tried(record_property):
    """Count cases: `tried("F2", 8)`. `table.py` reads the sums out of the JUnit report."""
    cases: Counter[str] = Counter()

    def count(family: str, n: int = 1) -> None:
        cases[family] += n

    yield count
    assert cases, "a fault test that tried nothing proves nothing"
    for family, n in cases.items():
        record_property("cases", f"{family}={n}")


@pytest.fixture
def missing():
    """Say that this machine lacks a tool: a failure where everything must run, else a skip."""

    def say(what: str) -> None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{what}: the fault tests need it")
        pytest.skip(what)

    return say
