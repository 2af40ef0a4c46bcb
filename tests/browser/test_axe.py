"""Whoever cannot see, point or tell colours apart can use the page: every state, both languages, dark and light."""

from __future__ import annotations

from pathlib import Path

import pytest
from states import STATES

AXE = Path(__file__).with_name("axe") / "axe.min.js"
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All rules of axe, and WCAG 2.2's target size, which it leaves off."""
RUN = """
async rules => {
  const own = window.setTimeout;  // which stands still here
  window.setTimeout = window.__way.later;
  try { return await axe.run(document, rules); } finally { window.setTimeout = own; }
}
"""
SIZES = ((".seat", 72), ("#group", 72), (".code", 56), (".family", 56), ("#acts button", 56), ("button, a, input, select", 24))
WAYS = [
    pytest.param("id", "dark"), pytest.param("en", "light", marks=pytest.mark.slow),
    pytest.param("id", "light", marks=pytest.mark.slow), pytest.param("en", "dark", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize(("language", "scheme"), WAYS)
def test_axe_finds_nothing(stage, language: str, scheme: str) -> None:
    """No state of the page violates a rule of axe-core."""
    shown = stage(language, color_scheme=scheme)
    axe = AXE.read_text()
    found = []
    for name in STATES:
        with shown.show(name) as tablet:
            tablet.page.evaluate(axe)
            said = tablet.page.evaluate(RUN, RULES)
            found += [
                f"{name}: {one['id']}: {node['target']} {node['failureSummary']}"
                for one in said["violations"] for node in one["nodes"]
            ]  # fmt: skip
    assert found == []
