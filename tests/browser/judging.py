"""What any page is judged by: axe-core, the size of what is touched, its language; each names what it found."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tkcore.codebook import handbook, parse
from tkcore.web.words import words

AXE = Path(__file__).with_name("axe") / "axe.min.js"
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All rules of axe, and WCAG 2.2's target size, which it leaves off."""
RUN = """
async rules => {
  const own = window.setTimeout;
  if (window.__way) window.setTimeout = window.__way.later;  // else time stands still for it too
  try { return await axe.run(document, rules); } finally { window.setTimeout = own; }
}
"""


def violations(page: Page) -> list[str]:
    """Return what axe-core says against a page as it stands."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    said = page.evaluate(RUN, RULES)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in said["violations"] for node in one["nodes"]
    ]  # fmt: skip


SIZES = (
    (".seat", 72),
    ("#group", 72),
    (".code", 56),
    (".family", 56),
    ("#acts button", 56),
    ("button, a, input, select", 24),
)


def small(page: Page) -> list[str]:
    """Return what is too small for a finger: seats 72 px, codes, families and acts 56, all else 24; or runs out at the side."""
    found = []
    for selector, least in SIZES:
        boxes = page.eval_on_selector_all(
            selector,
            "es => es.filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])"
            ".map(([what, b]) => [what, Math.min(b.width, b.height)])",
        )
        found += [f"{what}: {size} < {least}" for what, size in boxes if size < least]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append("wider than the window")
    return found


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


@cache
def _foreign(language: str) -> list[re.Pattern[str]]:
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
            found.append(re.compile(r"\s*" + ".+".join(parts) + r"\s*", re.DOTALL))
    return found


def of_the_other(page: Page, language: str) -> set[str]:
    """Return the texts, labels and titles of a page that are texts of the other language."""
    assert page.get_attribute("html", "lang") == language
    others = _foreign(language)
    return {
        text.strip()
        for text in set(page.evaluate(TEXTS))
        if any(pattern.fullmatch(text) for pattern in others)
    }


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
