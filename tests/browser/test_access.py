"""Whoever cannot see, point or tell colours apart can use the page."""

from __future__ import annotations

import re

import pytest

FOCUSED = """
() => {
  const on = document.activeElement, box = on.getBoundingClientRect(), style = getComputedStyle(on);
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    what: on.id || on.dataset.seat || on.dataset.code || on.textContent.slice(0, 20),
    place: [...document.querySelectorAll('*')].indexOf(on),
    outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: Boolean(there && (on.contains(there) || there.contains(on)) && box.bottom <= innerHeight + 1 && box.top >= -1),
    body: on === document.body,
  };
}
"""


@pytest.mark.parametrize("size", [(1024, 768), (320, 640)])
def test_tab_goes_through_all_there_is(served, tablet, size) -> None:
    """Tab reaches every button in the order of the page; what has the focus shows it and is covered by nothing."""
    page = tablet.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    tablet.seats("AB")
    tablet.settled()
    buttons = page.eval_on_selector_all(
        "button, a[href], input, select, textarea",
        "es => es.filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0).length",
    )
    found = []
    for _ in range(buttons):
        tablet.press("Tab")
        found.append(page.evaluate(FOCUSED))
    assert [one["what"] for one in found if one["body"]] == []
    assert [one["what"] for one in found if not one["outline"]] == []
    assert [one["what"] for one in found if not one["seen"]] == []
    places = [one["place"] for one in found]
    assert places == sorted(set(places))


def reach(tablet, selector: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(200):
        if tablet.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        tablet.press("Tab")
    raise AssertionError(f"Tab never comes to {selector}")


def test_a_session_by_tab_and_enter_alone(served, tablet) -> None:
    """With single keys switched off, Tab, Enter and Space do all that taps do."""

    def do(*selectors: str, key: str = "Enter") -> None:
        for selector in selectors:
            reach(tablet, selector)
            tablet.press(key)

    do("#keys")
    tablet.typed("12x")
    do("[data-seat=T]", "[data-seat=A]", ".family", "[data-code=gg]", key="Space")
    do("[data-seat=A]", "#group")
    do("#reply", "#phase-after", "#crowd", "#hush", "#star", "#undo")
    do("#help", "#help", "#hide", "#veil", "#quick", "[data-seat=B]", "#quick")
    tablet.settled()
    assert [line if line[0] != "~" else "~" for line in served.said()] == [
        "T>A", "T!intervention.question", "A>*", "%preparation", "&", "_", "!mark.star", "~", "B>A",
    ]  # fmt: skip


LOOKS = """
e => {
  const looks = (of, part) => { const s = getComputedStyle(of, part);
    return [s.borderTopStyle, s.borderTopWidth, s.textDecorationLine, s.textDecorationStyle, s.fontWeight, s.content].join(); };
  return looks(e) + looks(e, '::before') + looks(e, '::after') + [...e.children].map(c => looks(c)).join() + e.textContent;
}
"""
"""How something looks where nobody sees a colour."""


@pytest.mark.parametrize("forced", ["none", "active"])
def test_states_differ_without_colour(served, tablet, forced) -> None:
    """Edges, marks and words tell states apart in greys and where the system forces its own colours."""
    page = tablet.page
    page.emulate_media(forced_colors=forced)
    page.clock.install()
    page.reload()
    tablet.live()

    def look(selector: str) -> str:
        return page.locator(selector).first.evaluate(LOOKS).replace("A", "").replace("B", "").replace("C", "")

    def seat(sign: str) -> str:
        return re.sub(r"\d", "", look(f"[data-seat={sign}]"))

    seen = {"seat": seat("E")}
    tablet.seats("AB C")
    seen |= {"speaks": seat("A"), "spoken to": seat("B"), "armed": seat("C")}
    tablet.press("Escape")
    tablet.code("hh")
    tablet.seats("D")
    tablet.settled()
    page.wait_for_selector("[data-seat=D][data-out]")
    seen["out"] = seat("D")
    assert len(set(seen.values())) == len(seen), seen
    rows = {look(f".family[data-row='{n}'] i") for n in (1, 2, 3)}
    assert len(rows) == 3
    tablet.press("u")
    assert look(".family[aria-expanded=true]") != look(".family[aria-expanded=false]")
    tablet.press("Escape")
    last = {"stored": look("#last li em")}
    tablet.press("Backspace")
    last["undone"] = look("#last li em")
    connected = look("#link")
    page.context.set_offline(True)
    tablet.seats("AB")
    page.wait_for_selector("#link[data-link=away]")
    last["noted"] = look("#last li em")
    assert len(set(last.values())) == 3, last
    assert look("#link") != connected
