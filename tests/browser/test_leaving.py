"""Who goes out, returns, comes late or changes chairs: by touch, with a reason that nobody waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tapping import HOLD, Tablet

REASONS = {
    "sebentar": "short", "dengan izin": "excused", "diantar": "escorted", "diminta keluar": "asked",
    "kemauan sendiri": "own_accord", "alasan tidak diketahui": "unknown",
}  # fmt: skip


def choose(tablet, words: str) -> None:
    tablet.page.get_by_role("button", name=words, exact=True).tap()


@pytest.mark.parametrize("words", ["dengan izin", "kemauan sendiri", "alasan tidak diketahui"])
def test_a_reason_is_added_to_a_leaving(served, tablet, words: str) -> None:
    """It is stored at once as a short one; a reason chosen within 4 s takes its place."""
    tablet.code("hh")
    tablet.seats("C")
    assert tablet.page.locator("[data-offer]:visible").count() == len(REASONS)
    choose(tablet, words)
    tablet.settled()
    left, amended = served.records()
    assert (left["t"], left["seat"], left["reason"]) == ("seat.left", "C", "short")
    assert amended["replacement"]["reason"] == REASONS[words]
    tablet.page.wait_for_selector("[data-seat=C][data-out]")


def test_the_reasons_go_after_four_seconds_or_with_the_next_tap(served, tablet) -> None:
    """Nobody has to choose: the tiles are the codes again, and it stays a short leaving."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    offered = page.locator("[data-offer]:visible")
    tablet.typed("hh3")
    assert offered.count() == 6
    page.clock.run_for(4100)
    assert offered.count() == 0
    tablet.typed("hh4")
    tablet.typed("12")
    assert offered.count() == 0
    tablet.settled()
    assert served.said() == ["seat.left C", "seat.left D", "A>B"]


def test_returning(served, tablet) -> None:
    """The code hh of a seat that is out brings it back, also before the server has heard that it left."""
    tablet.page.context.set_offline(True)
    tablet.typed("hh3")
    assert tablet.page.locator("[data-seat=C][data-out]").count() == 1
    tablet.typed("hh3")
    assert tablet.page.locator("[data-seat=C][data-out]").count() == 0
    tablet.page.context.set_offline(False)
    tablet.settled()
    assert served.said() == ["seat.left C", "seat.arrived C"]


def test_who_comes_in_is_told_apart(served, tablet) -> None:
    """A new seat is a member until another role is chosen."""
    tablet.code("hw")
    choose(tablet, "tamu")
    tablet.settled()
    added, amended = served.records()
    assert (added["seat"], added["role"]) == ("G", "member")
    assert (amended["replacement"]["seat"], amended["replacement"]["role"]) == ("G", "visitor")
    tablet.seats("GA")
    tablet.settled()
    assert served.said()[-1] == "G>A"


def test_changing_chairs(served, tablet) -> None:
    """hs, who moves, and who sat there; or the number of a chair that is free."""
    tablet.typed("hs31")
    tablet.settled()
    place = served.records()[-1]
    assert (place["t"], place["seat"], place["place"]) == ("place.changed", "C", 3)
    tablet.typed("hs")
    tablet.seats("D")
    tablet.page.locator("[data-offer='9']").tap()
    tablet.settled()
    assert served.records()[-1]["place"] == 9


def test_a_held_seat_offers_what_is_of_that_seat(served, tablet) -> None:
    """Held, a seat offers its leavings with their reasons, another chair and a note; lifting stores no turn."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    seat = page.locator("[data-seat=E]")
    seat.dispatch_event("pointerdown", {"pointerId": 1, "button": 0})
    page.clock.run_for(700)
    seat.dispatch_event("pointerup", {"pointerId": 1, "button": 0})
    choose(tablet, "keluar: diantar")
    tablet.settled()
    assert served.said() == ["seat.left E"]
    assert served.records()[0]["reason"] == "escorted"


def test_a_stopped_recording_has_a_reason(served, tablet) -> None:
    """The code hc stops at once; a reason can be added, and hc goes on."""
    tablet.typed("hc")
    choose(tablet, "jeda")
    tablet.settled()
    tablet.typed("hc")
    tablet.settled()
    records = served.records()
    assert [r["t"] for r in records] == ["capture.paused", "record.amended", "capture.resumed"]
    assert records[1]["replacement"]["reason"] == "break"


def test_who_goes_along_with_one_who_is_escorted(served, tablet) -> None:
    """Where a leaving is one with an escort, those who lead are offered; nobody has to choose."""
    page = tablet.page
    tablet.typed("ha3")
    offered = page.locator("[data-offer]:visible")
    assert [each.get_attribute("data-offer") for each in offered.all()] == ["T", "K"]
    offered.nth(1).tap()
    tablet.code("hh")
    tablet.seats("D")
    choose(tablet, "diantar")
    offered.nth(0).tap()
    tablet.code("hh")
    tablet.seats("E")
    choose(tablet, "diantar")
    tablet.seats("AB")
    tablet.settled()
    found = {}
    for record in served.records():
        said = record.get("replacement", record)
        if said.get("t") == "seat.left" or "escort" in said:
            found[said["seat"]] = (said["reason"], said["escort"])
    assert found == {"C": ("escorted", "K"), "D": ("escorted", "T"), "E": ("escorted", None)}
    assert served.said()[-1] == "A>B"


def test_who_went_with_an_escort_is_out_and_comes_back(served, tablet) -> None:
    """Without a network too: who goes along is part of what was tapped."""
    page = tablet.page
    page.context.set_offline(True)
    tablet.typed("ha3")
    page.locator("[data-offer]:visible").nth(0).tap()
    assert page.locator("[data-seat=C][data-out]").count() == 1
    tablet.typed("hh3")
    assert page.locator("[data-seat=C][data-out]").count() == 0
    page.context.set_offline(False)
    tablet.settled()
    assert [r["t"] for r in served.records()] == ["seat.left", "record.amended", "seat.arrived"]


def test_who_comes_late_has_it_explained(served, tablet) -> None:
    """Recording and confidentiality are offered after somebody has come in; one tap stores that it was said."""
    tablet.typed("hw")
    choose(tablet, "tamu")
    offered = tablet.page.locator("[data-offer]:visible")
    assert [each.get_attribute("data-offer") for each in offered.all()] == ["ai", "ar"]
    offered.nth(0).tap()
    assert [each.get_attribute("data-offer") for each in offered.all()] == ["ar"]
    offered.nth(0).tap()
    assert offered.count() == 0
    tablet.settled()
    assert [r["code"].rpartition(".")[2] for r in served.records() if "code" in r] == [
        "recording_explained", "confidentiality_announced",
    ]  # fmt: skip


def test_what_is_recorded_of_a_seat_is_seen_and_narrowed(served, tablet) -> None:
    """A held seat offers less than is recorded of it; the disc has the mark, a screen reader the words."""
    page = tablet.page
    seat = page.locator("[data-seat=B]")
    seat.evaluate(HOLD, False)
    choose(tablet, "hanya siapa berbicara kepada siapa, tanpa kode")
    page.wait_for_selector("[data-seat=B][data-scope=floor_only]")
    assert "hanya siapa berbicara" in (seat.get_attribute("aria-label") or "")
    seat.evaluate(HOLD, False)
    choose(tablet, "tidak ada yang dicatat dari kursi ini")
    page.wait_for_selector("[data-seat=B][data-scope=none]")
    tablet.settled()
    assert [r["scope"] for r in served.records() if r["t"] == "seat.scoped"] == ["floor_only", "none"]


def test_a_request_not_to_be_recorded_reaches_back(served, tablet) -> None:
    """The marks of the last two minutes are taken back, who went out stays out; the recording is stopped."""
    tablet.seats("TA")
    tablet.press("g", "g")
    tablet.typed("hd3")
    tablet.typed("hc")
    choose(tablet, "ada yang meminta")
    tablet.settled()
    assert [entry.endswith("undone") for entry in tablet.last()] == [False, False, True]
    gone = [r["record_id"] for r in served.records() if r["t"] == "record.retracted"]
    kept = [r["t"] for r in served.records() if r["id"] not in gone and not r["t"].startswith("record.")]
    assert kept == ["seat.left", "capture.paused"]


def test_a_request_takes_back_marks_and_nothing_else(served, tablet) -> None:
    """An end of a go-round, an exchange of seats and danger stay; after a reload as well; nothing is refused."""
    tablet.typed("aa")
    tablet.seats("TA")
    tablet.typed("gg")
    tablet.typed("aa")
    tablet.typed("ww")
    tablet.typed("z12")
    tablet.press("Enter")
    tablet.seats("CD")
    tablet.settled()
    tablet.page.reload()
    tablet.live()
    tablet.typed("hc")
    choose(tablet, "ada yang meminta")
    tablet.settled()
    gone = {r["record_id"] for r in served.records() if r["t"] == "record.retracted"}
    kept = [r["t"] for r in served.records() if r["id"] not in gone and r["t"] != "record.retracted"]
    assert kept == [
        "activity.started",
        "activity.ended",
        "mark.made",
        "range.amended",
        "capture.paused",
        "record.amended",
    ]
    assert len(gone) == 3
    assert tablet.page.locator("#last [data-state=refused]").count() == 0


def test_scope_and_round_are_seen_without_a_network(served, tablet) -> None:
    """A narrowed seat has its mark, a go-round its outlines, before the server has heard of them."""
    page = tablet.page
    page.context.set_offline(True)
    page.locator("[data-seat=B]").evaluate(HOLD, False)
    choose(tablet, "hanya siapa berbicara kepada siapa, tanpa kode")
    page.wait_for_selector("[data-seat=B][data-scope=floor_only]")
    tablet.typed("aa")
    tablet.seats("TC")
    page.wait_for_selector("[data-seat=D][data-missed]")
    assert page.locator("[data-seat=C][data-missed]").count() == 0
    page.context.set_offline(False)
    tablet.settled()
    page.reload()
    tablet.live()
    page.wait_for_selector("[data-seat=D][data-missed]")
    assert page.locator("[data-seat=C][data-missed]").count() == 0


def test_a_new_seat_gets_no_sign_of_the_group(served_by, tmp_path, device) -> None:
    """G was discharged and H is away today: a stranger is I, and his acts are nobody else's."""

    def group(root) -> None:
        for words in (("new", "g"), *(("admit", "g", seat) for seat in "ABCDEFGH"), ("discharge", "g", "G")):
            subprocess.run([sys.executable, "-m", "tkcore", "-w", str(root), "group", *words], check=True)

    served = served_by(tmp_path / "w", prepare=group)
    tablet = Tablet(device().new_page()).open(served.url).live()
    tablet.typed("hw")
    tablet.settled()
    served.stop()
    assert [r["seat"] for r in served.records()] == ["I"]
