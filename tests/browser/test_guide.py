"""The quick guide is one sheet of A5: two pages, nothing cut off, every key on it, in both languages."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from judging import violations

from tkcore.cli import run
from tkcore.codebook import handbook, parse
from tkcore.guide import MOST, guide
from tkcore.talk import translator

BOOK = parse(handbook(), "handbook.toml")
KEYS = sorted(code.key for code in BOOK.codes if code.key)
OVERFLOWS = """() => [...document.querySelectorAll('section, dd, .families')]
    .filter(e => e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2).map(e => e.textContent.slice(0, 40))"""


@pytest.fixture
def printed(desk, chromium, tmp_path):
    """Print the guide of a language as a browser does."""

    def make(language: str, *more: str):
        file = tmp_path / f"guide-{language}.html"
        root = str(desk.workspace.root)
        assert run(["-w", root, "--lang", language, "guide", "-o", str(file), *more]) == 0
        page = chromium.new_page(viewport={"width": 560, "height": 800})
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        pdf = tmp_path / f"{language}.pdf"
        pdf.write_bytes(page.pdf(prefer_css_page_size=True))
        return page, pdf

    return make


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_guide_is_two_pages_of_a5_with_every_key(printed, language, capsys) -> None:
    """215 keys in letters of 6 pt and more; nothing lies outside its page."""
    page, pdf = printed(language)
    assert page.evaluate(OVERFLOWS) == []
    last = page.locator(".families dl").last.bounding_box()
    box = page.locator("section.codes").bounding_box()
    assert last["x"] + last["width"] <= box["x"] + box["width"]
    assert (
        page.evaluate(
            "Math.min(...[...document.querySelectorAll('dt,dd')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        >= 8
    )
    body = pdf.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", body)) == 2
    sizes = {
        tuple(map(float, one)) for one in re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", body)
    }
    assert {(round(w / 72 * 25.4), round(h / 72 * 25.4)) for w, h in sizes} == {(148, 210)}
    assert sorted(page.locator(".codes dt").all_inner_texts()) == KEYS
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        assert set(KEYS) <= set(text.split())
    page.close()


def test_the_page_has_the_guide_of_its_session(served, tablet) -> None:
    """Linked from the help, with its style from this server and nothing inline, in the page's language."""
    tablet.press("?")
    assert tablet.page.locator("#guide a").get_attribute("href") == "/guide?lang=id"
    tablet.page.goto(served.url.partition("/#")[0] + "/guide?lang=id")
    assert tablet.page.locator("h1").first.inner_text().startswith("Panduan ringkas")
    assert tablet.page.locator("section").count() == 2
    assert tablet.page.evaluate("getComputedStyle(document.querySelector('.families')).columnCount") == "4"
    assert violations(tablet.page) == []


def test_cautions_are_those_of_the_setting() -> None:
    """Marked inpatient: what the handbook does not use there, and what is for psychotic members as well."""

    def marked(setting: str) -> set[str]:
        text = guide(BOOK, "en", translator("en"), setting, style="")
        return set(re.findall(r"<dt>(\w\w)</dt><dd>[^<]* •</dd>", text))

    assert marked("inpatient") == {"po", "pi", "bi", "bl", "pp", "pa", "pb", "pc", "pd"}
    assert marked("outpatient") == {"pi", "pp", "pa", "pb", "pc", "pd"}


def test_a_label_is_text() -> None:
    """What a codebook says cannot become a part of the page, and too many codes are cut to the first of each family."""
    text = handbook().decode().replace("asks", "<img src=x onerror=alert(1)>", 1)
    made = guide(parse(text.encode(), "x.toml"), "en", translator("en"), style="")
    assert "<img" not in made
    assert len(KEYS) + len(BOOK.family) <= MOST


def test_a_guide_is_not_written_over(desk, tmp_path, capsys) -> None:
    """A file that is there stays, unless it is said otherwise; an unknown codebook is named."""
    file = tmp_path / "g.html"
    file.write_text("mine")
    root = str(desk.workspace.root)
    assert run(["-w", root, "guide", "-o", str(file)]) == 4
    assert file.read_text() == "mine"
    assert run(["-w", root, "guide", "nothing"]) == 3
    assert "nothing" in capsys.readouterr().err
