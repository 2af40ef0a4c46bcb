"""Each language is whole: no word of the other is left on any state of the page."""

from __future__ import annotations

import re

import pytest
from states import STATES

from tkcore.codebook import handbook, parse
from tkcore.web.words import words

TEXTS = """
() => {
  const found = [];
  const own = e => e.closest('[lang]').lang === document.documentElement.lang && !e.closest('script, style, noscript');
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (own(walk.currentNode.parentElement)) found.push(walk.currentNode.data);
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description', 'aria-roledescription', 'aria-valuetext'])
    for (const e of document.querySelectorAll(`[${name}]`)) if (own(e)) found.push(e.getAttribute(name));
  return found;
}
"""
SAME = {"Enter", "Space", "Esc", "EN, English", "ID, Bahasa Indonesia"}


def foreign(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the texts of the other language, as patterns, that are none of this one."""
    both = words()
    pairs = [
        (said if language == "en" else source, source if language == "en" else said)
        for source, said in both["id"].items()
    ]
    book = parse(handbook(), "handbook.toml")
    labels = [one.label for one in (*book.families, *book.codes)]
    pairs += [(one.id, one.en) if language == "en" else (one.en, one.id) for one in labels]
    own = {mine for _, mine in pairs}
    found = []
    for other, mine in pairs:
        if other != mine and other not in own and other not in SAME and re.search(r"[a-z]{3}", other):
            parts = [re.escape(part) for part in re.split(r"\{\w+\}", other)]
            found.append((re.compile(r"\s*" + ".+".join(parts) + r"\s*", re.DOTALL), other))
    return found


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_word_of_the_other_language_is_left(stage, language: str) -> None:
    """No text, label or title of any state is a text of the other language."""
    shown, others = stage(language), foreign(language)
    found = set()
    for name in STATES:
        with shown.show(name) as tablet:
            if not STATES[name].cookie:
                continue  # a stranger is told in both languages
            assert tablet.page.get_attribute("html", "lang") == language
            for text in set(tablet.page.evaluate(TEXTS)):
                found |= {f"{name}: {text.strip()}" for pattern, _ in others if pattern.fullmatch(text)}
    assert sorted(found) == []
