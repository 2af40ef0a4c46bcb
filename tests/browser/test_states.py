"""Whatever the page shows, each language is whole, whoever cannot see or point can use it, in the dark and in the light."""

from __future__ import annotations

import pytest
from judging import THIRD, of_the_other, small, untranslated, violations
from states import STATES


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_state(stage, language: str) -> None:
    """No state violates a rule of axe-core, has a target that is too small, or a text of the other language."""
    shown, found = stage(language), []
    for name, state in STATES.items():
        with shown.show(name) as tablet:
            page = tablet.page
            judged = {"small": small(page), "dark": violations(page)}
            if state.cookie:  # a stranger is told in both languages
                judged["of the other language"] = sorted(of_the_other(page, language))
            page.emulate_media(color_scheme="light")
            judged["light"] = violations(page)
            found += [f"{name}: {kind}: {what}" for kind, faults in judged.items() for what in faults]
    assert found == []


def test_every_text_comes_from_where_it_can_be_translated(stage) -> None:
    """With all that can be translated in full-width letters no word of any state is in others."""
    shown, found = stage("id"), []
    shown.context.add_init_script(THIRD)
    for name, state in STATES.items():
        if state.cookie:
            with shown.show(name) as tablet:
                found += [f"{name}: {text}" for text in sorted(untranslated(tablet.page))]
    assert found == []
