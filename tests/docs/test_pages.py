"""Every page is reached from docs/README.md, every link leads somewhere, and words mean what they mean everywhere."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, ROOT

PAGES = sorted(DOCS.glob("**/*.md"))
IDS = [str(page.relative_to(DOCS)) for page in PAGES]
UNUSED = re.compile(r"\b(manager|handler|service|helper|util|payload|stream|metric)s?\b", re.IGNORECASE)
"""Words the project does not use: each would be a second word for something that has one."""


def prose(page) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", head.lower().replace("`", "")).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=[*IDS, "README.md"])
def test_links(page):
    """Every link leads to a file that is there, and to a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(file), f"{target}: no such heading"


def test_every_page_is_in_the_index():
    """docs/README.md names each page."""
    index = (DOCS / "README.md").read_text("utf-8")
    left = [name for name in IDS if name != "README.md" and f"({name})" not in index]
    assert left == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_words(page):
    """A page uses none of the words that the project does not use."""
    assert UNUSED.findall(prose(page)) == []
