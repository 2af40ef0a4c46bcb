"""The whole first-key map of the sheet, its rules, and keys that are a device's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tapping import Served, Tablet

BOOK = (Path(__file__).resolve().parent.parent / "gaze.toml").read_text()


def coded(served) -> list[tuple[str, str]]:
    """Return each code with the turn that it stands on."""
    records = served.records()
    turns = {r["id"]: f"{r['sender']}>{','.join(r['receivers'])}" for r in records if r["t"] == "turn.taken"}
    return [(r["code"].split(".", 1)[1], turns.get(r["turn_id"], "")) for r in records if "code" in r]


def test_the_code_cursor_puts_codes_on_earlier_turns(served, tablet) -> None:
    """← is the turn before, → back to the present; the strip frames it, and the next turn lets go of it."""
    tablet.typed("t11331")
    tablet.press("ArrowLeft", "ArrowLeft")
    assert tablet.page.locator("#last li[data-cursor]").get_attribute("data-line") == "T>A"
    tablet.typed("gg")
    tablet.press("ArrowRight")
    assert tablet.page.locator("#last li[data-cursor]").get_attribute("data-line") == "A>C"
    tablet.typed("uu")
    tablet.press("ArrowRight")
    assert tablet.page.locator("#last li[data-cursor]").count() == 0
    tablet.typed("ud")
    tablet.press("ArrowLeft")
    tablet.typed("24un")
    tablet.settled()
    assert coded(served) == [
        ("intervention.question", "T>A"), ("mark.disclosure", "A>C"), ("mark.support", "C>A"), ("mark.advice", "B>D"),
    ]  # fmt: skip


def test_the_target_of_the_last_code(served, tablet) -> None:
    """The key v and a seat amend whom the last code is about; v and the point make it the group."""
    tablet.typed("12bmv3")
    tablet.settled()
    tablet.typed("v.")
    tablet.settled()
    fixed = [r["replacement"] for r in served.records() if r["t"] == "record.amended"]
    assert [(r["author"], r["targets"], r["audience"]) for r in fixed] == [
        ("A", ["C"], "seats"),
        ("A", [], "all"),
    ]


def test_exchanged_seats(served, tablet) -> None:
    """z, the wrong seat, the right one, Enter: one record exchanges both since five minutes; Backspace takes it back."""
    tablet.typed("13uu")
    tablet.press("z", "1", "2", "Enter")
    tablet.settled()
    assert tablet.last()[1:] == ["B!uu>C stored", "B>C stored"]
    amended = served.records()[-1]
    assert (amended["t"], amended["exchange"], amended["since"]) == ("range.amended", {"A": "B", "B": "A"}, 0)
    tablet.press("Backspace")
    tablet.settled()
    assert tablet.last()[1:] == ["A!uu>C stored", "A>C stored"]
    assert tablet.page.locator("#last li").nth(0).inner_text().count("A dan B ditukar") == 1


def test_a_seat_dropped_on_another_is_exchanged_with_it(served, tablet) -> None:
    """Held, then dragged by a real finger: they are offered to be exchanged; another seat is a tap; beside, nothing is."""
    page = tablet.page
    tablet.seats("AC")
    tablet.settled()
    hand = page.context.new_cdp_session(page)

    def drag(seat: str, onto: str) -> None:
        for kind, selector in (("touchStart", f"[data-seat={seat}]"), ("touchMove", onto)):
            box = page.locator(selector).bounding_box()
            place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            page.wait_for_timeout(700)
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    drag("A", "[data-seat=B]")
    tablet.seats("DE")
    tablet.settled()
    assert served.said() == ["A>C", "D>E"]
    drag("A", "#clock")
    assert "ditukar" not in page.inner_text("#tiles")
    tablet.press("Escape")
    drag("A", "[data-seat=B]")
    page.get_by_role("button", name="tukar A dan B").tap()
    tablet.settled()
    amended = served.records()[-1]
    assert (amended["t"], amended["exchange"]) == ("range.amended", {"A": "B", "B": "A"})
    assert tablet.last()[1:] == ["D>E stored", "B>C stored"]


def test_other_codebooks_are_asked_for_by_q(served, tablet) -> None:
    """Without another codebook q says so; the families stay as they are."""
    tablet.press("q")
    assert tablet.page.inner_text("#hint") == "tidak ada buku kode lain"
    tablet.typed("gg")
    tablet.settled()
    assert served.said() == ["!intervention.question"]


def test_codes_of_another_codebook(tmp_path: Path, device) -> None:
    """After q come the other codebook's own two keys; its families and codes are on the tiles, too."""

    def prepare(root: Path) -> None:
        (tmp_path / "gaze.toml").write_text(BOOK)
        command = [sys.executable, "-m", "tkcore", "codebook", "add", str(tmp_path / "gaze.toml")]
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "TK_WORKSPACE": str(root)}
        )

    served = Served(tmp_path / "w", prepare=prepare)
    try:
        tablet = Tablet(device().new_page()).open(served.url).live()
        tablet.seats("AB")
        tablet.typed("qqduu")
        tablet.press("q")
        tablet.page.locator("[data-offer=q]").tap()
        tablet.tap("[data-code=qd]")
        tablet.settled()
        codes = [r["code"] for r in served.records() if "code" in r]
        assert codes == ["gaze.mark.gaze_down", "handbook.mark.disclosure", "gaze.mark.gaze_down"]
        assert tablet.wrong == []
    finally:
        served.stop()


@pytest.mark.parametrize("key", ["1", "t", "Space", "Enter", ",", "=", ";", "x"])
def test_rule_1_a_seat_or_a_sign_closes_an_open_family(served, tablet, key: str) -> None:
    """After a family's key seats and signs do what they always do, except a letter; no code is stored."""
    tablet.seats("AB")
    tablet.press("g", key)
    if key == "x":  # there is no code gx
        assert "gx" in tablet.page.inner_text("#hint")
    assert tablet.page.locator(".family[aria-expanded=true]").count() == 0
    tablet.press("Escape")
    tablet.settled()
    more = {"Space": ["_"], "Enter": ["B>A"], ",": ["record.amended"], ";": ["!mark.star"]}
    assert served.said() == ["A>B", *more.get(key, [])]


def test_rules_2_and_5_general_codes_and_physical_keys(served, tablet) -> None:
    """The same key twice is the general code; Caps Lock and Shift change no letter."""
    tablet.press("CapsLock", "1", "2")
    tablet.press("Shift+KeyR", "Shift+KeyR", "KeyB", "KeyB")
    tablet.settled()
    assert served.said() == ["A>B", "A!resistance.unspecified", "A!conflict.unspecified"]


def test_rule_6_the_keys_are_the_same_in_english(served, tablet) -> None:
    """The English page takes the same two letters."""
    tablet.tap("#tongue")
    tablet.typed("12rjgm")
    tablet.settled()
    assert served.said() == ["A>B", "A!resistance.labelling", "!intervention.ask_look"]


def test_every_family_letter_opens_its_family(tablet) -> None:
    """With the seats' and signs' letters every letter of the alphabet does something."""
    for letter in "gdpslurbfmeijanohw":
        tablet.press(letter)
        opened = tablet.page.locator(".family[aria-expanded=true] b")
        assert opened.inner_text() == letter
        tablet.press("Escape")


def test_own_keys(served, tablet) -> None:
    """A key given to another act is exchanged with it, which is said; the guide and the seats show it; it can be reset."""
    page = tablet.page
    tablet.tap("#help")
    page.locator("#rekey").click()
    page.locator("[data-act=crowd]").click()
    tablet.press("g")
    said = page.inner_text("#guide [role=status]")
    assert said == "g sekarang: ramai. Tadinya: Gali, yang kini memakai x"
    page.locator("[data-act='seat:A']").click()
    tablet.press("F8")
    tablet.press("a")
    assert page.locator("[data-seat=A]").get_attribute("data-key") == "a"
    assert "a 2 3" in page.inner_text("#guide")
    tablet.tap("#help")
    tablet.typed("a2")
    tablet.press("g", "x", "g")
    tablet.settled()
    assert served.said() == ["A>B", "&", "!intervention.question"]
    page.reload()
    tablet.live()
    tablet.press("g")
    tablet.settled()
    assert served.said()[3:] == ["&"]
    tablet.tap("#help")
    page.locator("#rekey").click()
    page.locator(".keyset + button").click()
    tablet.tap("#help")
    tablet.press("x")
    tablet.settled()
    assert served.said()[4:] == ["&"]
    assert page.evaluate("localStorage.getItem('tkcore.keymap')") is None


def test_escape_leaves_a_key_as_it_is(tablet) -> None:
    """Esc while a key is awaited changes nothing, and Tab is never given away."""
    page = tablet.page
    tablet.tap("#help")
    page.locator("#rekey").click()
    for key in ("Escape", "Tab"):
        page.locator("[data-act=crowd]").click()
        tablet.press(key)
        assert page.locator("[data-act=crowd] kbd").inner_text() == "x"
