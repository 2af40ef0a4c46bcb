"""Codes by their words, favourites of one's own, and tiles that cut nothing."""

from __future__ import annotations

import pytest


def test_a_code_is_found_by_its_words(served, tablet) -> None:
    """A part of a label: Enter takes the nearest; by touch its tile; the row goes with it."""
    tablet.seats("TA")
    tablet.press("\\")
    tablet.page.keyboard.type("sumbang")
    assert [tile.get_attribute("data-code") for tile in tablet.page.locator(".code:visible").all()] == ["du"]
    tablet.press("Enter")
    assert tablet.page.locator("#finding").is_hidden()
    tablet.seats("AT")
    tablet.tap("#rarer")
    tablet.page.get_by_role("button", name="cari kode").tap()
    tablet.page.keyboard.type("terbuka tentang")
    tablet.tap("[data-code=nb]")
    assert tablet.page.locator("#finding").is_hidden()
    tablet.settled()
    assert served.said() == ["T>A", "T!intervention.credit_contribution", "A>T", "T!norm.self_disclosure"]


def test_search_is_in_the_spoken_language_and_by_key_and_id(tablet) -> None:
    """The key comes first, then labels of the language, then ids."""
    first = tablet.page.locator(".code:visible").first
    tablet.tap("#tongue")
    tablet.press("\\")
    for said, key in (("credit", "du"), ("rj", "rj"), ("self_harm", "wl")):
        tablet.page.fill("#finding input", said)
        assert first.get_attribute("data-code") == key
    tablet.page.fill("#finding input", "sumbang")
    assert tablet.page.locator(".code:visible").count() == 0
    tablet.press("Escape")
    assert tablet.page.locator("#families").is_visible()


def test_own_favourites(served, tablet) -> None:
    """A tapped code is put on or taken off and not recorded; kept on this device; the setting's come back."""
    page = tablet.page

    def shown() -> list[str]:
        return [tile.get_attribute("data-code") for tile in page.locator(".code:visible").all()]

    def menu(words: str) -> None:
        tablet.tap("#rarer")
        page.get_by_role("button", name="favorit sendiri").tap()
        page.get_by_role("button", name=words).tap()

    setting = shown()
    menu("sembilan untuk pemula")
    assert shown() == ["gg", "dd", "sr", "uu", "un", "ud", "fu", "rr", "bb"]
    menu("pilih satu per satu")
    tablet.tap("[data-code=bb]")
    tablet.code("en")
    tablet.press("Escape")
    page.reload()
    tablet.live()
    assert shown() == ["gg", "dd", "sr", "uu", "un", "ud", "fu", "rr", "en"]
    # another observer on this device has others
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('tkcore.fav'))") == [
        "tkcore.favourites.obs1"
    ]
    menu("menurut jenis layanan")
    assert shown() == setting
    tablet.settled()
    assert served.said() == []


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_tile_cuts_its_words(tablet, language: str) -> None:
    """Every label of every family fits its tile, and so does every family's name."""
    page = tablet.page
    if page.get_attribute("html", "lang") != language:
        tablet.tap("#tongue")
    tablet.tap("#help")
    cut = """es => es.filter(e => e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
        .map(e => e.textContent)"""
    assert page.eval_on_selector_all(".family span", cut) == []
    for letter in "gdpslurbfmeijanohw":
        tablet.press(letter)
        assert page.locator(".code:visible").count() > 1
        assert page.eval_on_selector_all(".code span", cut) == []
        page.locator(".family[aria-expanded=true]").tap()
