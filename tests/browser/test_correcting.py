"""One of the last entries, touched: taken back, moved, given another seat or level."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tapping import Served, Tablet


def touch(tablet, line: str) -> None:
    tablet.tap(f"#last li[data-line='{line}'] .touch")


def choose(tablet, words: str) -> None:
    tablet.page.locator("[data-offer]", has_text=words).tap()


def amended(served) -> list[dict]:
    return [r["replacement"] for r in served.records() if r["t"] == "record.amended"]


def test_any_of_the_last_is_taken_back_and_brought_back(served, tablet) -> None:
    """The touched entry is taken back, not the last; touched again it is brought back."""
    tablet.seats("AB CD EF")
    touch(tablet, "C>D")
    choose(tablet, "batalkan butir ini")
    tablet.settled()
    assert tablet.last() == ["E>F stored", "C>D stored undone", "A>B stored"]
    touch(tablet, "C>D")
    choose(tablet, "kembalikan")
    tablet.settled()
    assert tablet.last() == ["E>F stored", "C>D stored", "A>B stored"]
    assert served.said() == ["A>B", "C>D", "E>F", "~3", "~5"]


def test_undo_of_a_touched_entry_waits_for_its_number(served, tablet) -> None:
    """Without a server the touched entry is taken back too, and it is that one once there is a server."""
    tablet.page.context.set_offline(True)
    tablet.seats("AB CD")
    touch(tablet, "A>B")
    tablet.press("Backspace")
    assert tablet.last() == ["C>D noted", "A>B noted undone"]
    tablet.page.context.set_offline(False)
    tablet.settled()
    assert served.said() == ["A>B", "C>D", "~2"]
    assert tablet.last() == ["C>D stored", "A>B stored undone"]


def test_another_speaker_and_another_receiver(served, tablet) -> None:
    """Who spoke and to whom are amended by tapping the right seat; the middle is the group."""
    tablet.seats("AB CD")
    touch(tablet, "A>B")
    choose(tablet, "pembicaranya lain")
    tablet.seats("E")
    tablet.settled()
    touch(tablet, "E>B")
    choose(tablet, "penerimanya lain")
    tablet.seats("F")
    tablet.settled()
    touch(tablet, "E>F")
    choose(tablet, "penerimanya lain")
    tablet.seats(".")
    tablet.settled()
    assert [(r["sender"], r["receivers"], r["audience"]) for r in amended(served)] == [
        ("E", ["B"], "seats"), ("E", ["F"], "seats"), ("E", [], "all"),
    ]  # fmt: skip
    assert tablet.last() == ["C>D stored", "E>* stored"]


def test_the_code_of_another_member_and_its_target(served, tablet) -> None:
    """Whose a code is and whom it is about are amended, its level stays."""
    tablet.seats("AB")
    tablet.typed("bm==")
    tablet.settled()
    touch(tablet, tablet.last()[0].split()[0])
    choose(tablet, "pelakunya lain")
    tablet.seats("C")
    tablet.settled()
    touch(tablet, tablet.last()[0].split()[0])
    choose(tablet, "sasaran kode")
    tablet.seats("D")
    tablet.settled()
    last = amended(served)[-1]
    assert (last["author"], last["targets"], last["intensity"]) == ("C", ["D"], 2)


def test_level_buttons_beside_the_last_code(served, tablet) -> None:
    """Two buttons of 40 px beside the last code raise and lower it; no other entry has them."""
    tablet.seats("AB")
    tablet.code("uu")
    tablet.seats("BA")
    buttons = tablet.page.locator("#last li:not([hidden]) :is(.less, .more):visible")
    assert buttons.count() == 2
    assert all(min(b["width"], b["height"]) >= 40 for b in (buttons.nth(i).bounding_box() for i in (0, 1)))
    for which in ("more", "more", "less"):
        tablet.tap(f"#last .{which}:visible")
    tablet.settled()
    assert [r["intensity"] for r in amended(served)] == [1, 2, 1]


def test_a_touched_entry_is_moved_and_starred(served, tablet) -> None:
    """Two seconds earlier and a star go to the touched entry."""
    tablet.seats("AB CD")
    tablet.settled()
    touch(tablet, "A>B")
    choose(tablet, "2 detik lebih awal")
    choose(tablet, "bintang")
    tablet.settled()
    turn = served.records()[0]
    fixed, star = served.records()[2:]
    assert fixed["record_id"] == turn["id"]
    assert star["code"] == "core.mark.star"
    assert star["turn_id"] == turn["id"]


def test_codes_on_a_touched_turn(served, tablet) -> None:
    """A touched turn takes the code cursor; the next code stands on it."""
    tablet.seats("AB CD")
    touch(tablet, "A>B")
    choose(tablet, "kode pada giliran ini")
    tablet.code("uu")
    tablet.settled()
    turn, _, code = served.records()
    assert (code["turn_id"], code["author"]) == (turn["id"], "A")


def test_corrections_by_keys_alone(served, tablet) -> None:
    """Tab reaches an entry, Enter opens it, its first choice has the focus; Enter takes it back."""
    tablet.typed("12")
    tablet.page.locator("body").press("Tab")
    tablet.page.locator("#last .touch").first.focus()
    tablet.press("Enter")
    tablet.page.wait_for_selector(".code[data-offer]:focus")
    tablet.press("Enter")
    tablet.settled()
    assert served.said() == ["A>B", "~2"]


def test_touching_an_entry_stores_the_armed_seat(served, tablet) -> None:
    """A seat that was armed is no less recorded because an entry was touched."""
    tablet.seats("AB C")
    touch(tablet, "A>B")
    tablet.settled()
    assert served.said() == ["A>B", "C>?"]


@pytest.fixture
def later(tmp_path, held, device) -> Iterator[tuple[Served, Tablet]]:
    """A tablet a minute after the beginning, and its server, both by the held clock."""
    served = Served(tmp_path / "w", held=held)
    held.keep(one := device())
    tablet = Tablet(one.new_page()).open(served.url).live()
    held.go(60_000)
    yield served, tablet
    served.stop()
    assert tablet.wrong == []


def test_a_turn_that_was_missed_is_entered_at_its_time(later, held) -> None:
    """Of the rarer acts: the next turn was so long ago; only that one."""
    served, tablet = later
    page = tablet.page
    tablet.seats("TA")
    tablet.settled()
    tablet.tap("#rarer")
    page.get_by_role("button", name="giliran berikutnya terjadi lebih awal").tap()
    page.locator("[data-offer='−20 s']").tap()
    tablet.seats("BC")
    held.go(1000)
    tablet.seats("DE")
    tablet.settled()
    first, late, last = [r["ts"] for r in served.records() if r["t"] == "turn.taken"]
    assert first - late in range(15_000, 25_000)
    assert last >= first


def test_a_missed_turn_is_not_the_present_one(later, held) -> None:
    """It stands where it was: the answer goes to the last turn. What is meant is said until it comes, and runs out."""
    served, tablet = later
    page = tablet.page

    def missed() -> None:
        tablet.tap("#rarer")
        page.get_by_role("button", name="giliran berikutnya terjadi lebih awal").tap()
        page.locator("[data-offer='−20 s']").tap()
        assert page.inner_text("#hint") == "giliran berikutnya terjadi 20 detik yang lalu"

    tablet.seats("TA")
    missed()
    tablet.seats("BC")
    tablet.tap("#reply")
    tablet.settled()
    assert served.said() == ["T>A", "B>C", "A>T"]
    missed()
    held.go(15_100)
    assert page.inner_text("#hint") == ""
    tablet.seats("DE")
    tablet.tap("#quick")
    missed()
    held.go(2000)
    tablet.seats("F")
    tablet.settled()
    turns = [r for r in served.records() if r["t"] == "turn.taken"]
    assert [t["sender"] for t in turns[-2:]] == ["D", "F"]
    assert turns[-2]["ts"] - turns[-1]["ts"] in range(10_000, 20_000)
