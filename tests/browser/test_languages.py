"""Each language is whole: no word of the other is left on any state of the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page
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


THIRD = """
(() => {
  const wide = text => text.split(/(\\{\\w+\\})/).map(part => part[0] === '{' ? part
    : part.replace(/[A-Za-z]/g, letter => String.fromCharCode(letter.charCodeAt() + 0xFEE0))).join('');
  const other = (data, said) => {
    if (typeof data === 'string') return said ? wide(data) : data;
    if (Array.isArray(data)) return data.map(one => other(one, said));
    if (data === null || typeof data !== 'object') return data;
    const both = Object.keys(data).sort().join() === 'en,id';
    return Object.fromEntries(Object.entries(data).map(([name, one]) => [name, other(one, said || both || name === 'reason')]));
  };
  const parse = JSON.parse;
  JSON.parse = (...asked) => other(parse(...asked), false);
  Response.prototype.json = async function () { return JSON.parse(await this.text()); };
})()
"""
"""What the server says in both languages, and why it refuses, is in full-width letters, as if in a third language."""
NAMES = re.compile("|".join([*sorted(SAME), "Del", "tk serve", "tkcore", r"obs\d", "mawar", r"http://\S+"]))
"""What has no language: programs, observers, groups, the languages themselves, keys, addresses."""


def untranslated(page: Page) -> set[str]:
    """Return the texts of a page in its third language in which a word was left."""
    # who has no page is told in both languages at once
    page.evaluate("document.getElementById('away')?.replaceChildren()")
    return {text.strip() for text in page.evaluate(TEXTS) if re.search(r"[A-Za-z]{3}", NAMES.sub("", text))}


def test_every_text_comes_from_where_it_can_be_translated(stage) -> None:
    """With all that can be translated in full-width letters no word of any state is in others."""
    shown, found = stage("id"), set()
    shown.context.add_init_script(THIRD)
    for name in STATES:
        if STATES[name].cookie:
            with shown.show(name) as tablet:
                found |= {f"{name}: {text}" for text in untranslated(tablet.page)}
    assert sorted(found) == []
