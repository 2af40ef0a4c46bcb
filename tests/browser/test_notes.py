"""Late notes: a row in the strip, the circle live meanwhile, the words nowhere but in the vault."""

from __future__ import annotations

SCRIPT = "<img src=x onerror=alert(1)>{seat} =cmd()|'x'"


def begin(tablet) -> None:
    tablet.press("/")
    tablet.page.wait_for_selector("#note input:focus")


def notes(served) -> list[dict]:
    return [r for r in served.records() if r["t"] == "note.written"]


def read(served, seq: int) -> str:
    """Return the words of a record as `tk notes` shows them."""
    texts = list(served.root.rglob("*"))
    return "".join(
        p.read_bytes().decode("utf-8", "ignore") for p in texts if p.is_file() and "vault" in str(p)
    )


def test_a_note_about_a_seat(served, tablet) -> None:
    """A seat tapped before the first word is whom it is about; later taps are turns; its time is that of its opening."""
    tablet.seats("AB")
    begin(tablet)
    tablet.seats("B")
    tablet.page.keyboard.type("menyuruh pulang gg 12")
    tablet.seats("CD")
    tablet.press("Enter")
    tablet.settled()
    assert served.said() == ["A>B", "C>D", "note.written"]
    turn, note = served.records()[1:]
    assert note["about"] == ["B"]
    assert note["ts"] <= turn["ts"]
    assert "menyuruh pulang gg 12" in read(served, 0)
    assert "menyuruh" not in "".join(p.read_text() for p in served.root.glob("groups/g/sessions/s/*.ndjson"))


def test_the_words_are_seen_nowhere_afterwards(served, tablet) -> None:
    """Neither the strip nor the page nor this device's plain storage has them; they stay text whatever they say."""
    page = tablet.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    begin(tablet)
    page.keyboard.type(SCRIPT)
    tablet.press("Enter")
    tablet.settled()
    assert tablet.last() == ["# … stored"]
    assert page.locator("#last li").first.inner_text().splitlines()[1] == "catatan"
    assert "onerror" not in page.content()
    assert page.locator("img").count() == 0
    assert "onerror" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page.reload()
    tablet.live()
    assert "onerror" not in page.content()
    assert dialogs == []
    assert SCRIPT in read(served, 0)


def test_single_keys_are_off_only_in_the_field(served, tablet) -> None:
    """Letters typed in the field are text; Esc leaves the field, keeps the draft, and keys record again."""
    begin(tablet)
    tablet.page.keyboard.type("x12gg")
    tablet.press("Escape")
    tablet.typed("12")
    begin(tablet)
    assert tablet.page.input_value("#note input") == "x12gg"
    tablet.press("Enter")
    tablet.settled()
    assert served.said() == ["A>B", "note.written"]
    assert notes(served)[0]["ts"] <= served.records()[0]["ts"]


def test_a_note_waits_like_a_tap(served, tablet) -> None:
    """Without a server it waits; with one it is stored once, at its own time."""
    tablet.page.context.set_offline(True)
    tablet.tap("#noting")
    tablet.page.wait_for_selector("#note input:focus")
    tablet.page.keyboard.type("b: nanti dibahas")
    tablet.tap("#note .store")
    assert tablet.last() == ["#B: … noted"]
    tablet.page.context.set_offline(False)
    tablet.page.reload()
    tablet.live().settled()
    assert tablet.last() == ["#B: … stored"]
    assert [n["about"] for n in notes(served)] == [["B"]]


def test_a_refused_note_is_there_to_be_written_again(served, tablet) -> None:
    """The words of a note that the recorder refuses come back into the field."""
    begin(tablet)
    tablet.page.keyboard.type("z9: siapa ini")
    tablet.press("Enter")
    tablet.page.wait_for_selector("#last li[data-state=refused]", state="attached")
    assert tablet.page.locator("#note").is_visible()
    assert tablet.page.input_value("#note input") == "z9: siapa ini"


def test_hiding_everything_hides_the_note(tablet) -> None:
    """The cover lies over the row, and nothing more is typed into it."""
    begin(tablet)
    tablet.page.keyboard.type("rahasia")
    tablet.tap("#hide")
    field = tablet.page.locator("#note input").bounding_box()
    x, y = field["x"] + 20, field["y"] + 10
    assert tablet.page.evaluate("([x, y]) => document.elementFromPoint(x, y).id", [x, y]) == "veil"
    assert tablet.page.locator("#note input:focus").count() == 0
