"""What is tapped and typed on the page is in the log, and nothing else."""

from __future__ import annotations

import pytest
from tapping import HOLD


def test_turns_by_two_taps(served, tablet) -> None:
    """From, then to; the same seat again or the middle is the group; ⇄ turns the last pair round."""
    tablet.seats("AB TC DD E.")
    tablet.tap("#reply")  # to the group: nobody answers by himself
    tablet.seats("BA")
    tablet.tap("#reply")
    tablet.seats("C")
    tablet.tap("#reply")
    tablet.settled()
    assert served.said() == ["A>B", "T>C", "D>*", "E>*", "B>A", "A>B", "C>A"]


def test_a_seat_without_a_receiver_is_stored_after_four_seconds(served, tablet) -> None:
    """Nobody tapped as receiver within 4 s: the receiver is unknown; the turn began with the first tap."""
    tablet.page.clock.install()
    tablet.page.reload()
    tablet.live()
    tablet.seats("A")
    tablet.page.clock.run_for(3900)
    assert served.said() == []
    tablet.page.clock.run_for(200)
    tablet.settled()
    assert served.said() == ["A>?"]


def test_codes_by_touch_stand_on_the_present_turn(served, tablet) -> None:
    """A favourite is one tap, a family's code two; a leader's code is his, a member's the single receiver's."""
    tablet.seats("TA")
    tablet.tap("[data-code=gg]")
    tablet.seats("AT")
    tablet.code("uu")
    tablet.seats("TB")
    tablet.code("rj")
    tablet.settled()
    assert served.said() == [
        "T>A", "T!intervention.question", "A>T", "A!mark.disclosure", "T>B", "B!resistance.labelling",
    ]  # fmt: skip
    records = served.records()
    assert [r["turn_id"] for r in records if "code" in r] == [
        r["id"] for r in records if r["t"] == "turn.taken"
    ]


def test_a_code_of_an_armed_seat(served, tablet) -> None:
    """What is said stores the seat's turn too, what is seen of somebody does not; the group's leaves the seat armed."""
    tablet.seats("T")
    tablet.code("gg")
    tablet.seats("C")
    tablet.code("en")
    tablet.seats("D")
    tablet.code("ig")
    tablet.seats("E")
    tablet.settled()
    assert served.said() == ["T>?", "T!intervention.question", "C!mark.sign", "!rating.tension", "D>E"]


def test_who_comes_and_goes(served, tablet) -> None:
    """A code about one seat waits for the seat; a new one gets the next free letter and a place in the circle."""
    tablet.code("hh")
    tablet.seats("B")
    tablet.code("hw")
    tablet.page.wait_for_selector("[data-seat=G]")
    tablet.settled()
    tablet.page.wait_for_selector("[data-seat=B][data-out]")
    tablet.seats("GA")
    tablet.settled()
    assert served.said() == ["seat.left B", "seat.added G", "G>A"]


def test_silence_crosstalk_star_and_phases_by_touch(served, tablet) -> None:
    """The group's buttons store one record each; the phases are those of the setting, in their order."""
    for button in ("#hush", "#crowd", "#star", "#phase-after", "#phase-after", "#phase-before"):
        tablet.tap(button)
    tablet.settled()
    assert served.said() == ["_", "&", "!mark.star", "%preparation", "%task", "%preparation"]


def test_the_keys_are_those_of_the_list(served, tablet) -> None:
    """Seats, families and signs by the places of the keys; a seat's key closes an open family."""
    tablet.typed("12 tt 3. g1 2 gg uu")
    tablet.press("Enter")  # to nobody known: there is nobody to answer
    tablet.press("x", ";", "]", "k", "1", "p", "o", "Enter", "y", "?", "Escape")
    tablet.settled()
    assert served.said() == [
        "A>B", "_", "T>*", "_", "C>*", "_", "A>?", "_", "B>?", "_", "T!intervention.question", "_", "B!mark.disclosure",
        "&", "!mark.star", "%preparation", "K>A", "K!intervention.confront", "A>K", "K!intervention.confront",
    ]  # fmt: skip


def test_keys_do_not_press_what_has_the_focus_until_tab_does(served, tablet) -> None:
    """Enter answers whatever has the focus; after Tab it presses the focused button; switched off, keys record nothing."""
    tablet.seats("AB")
    tablet.page.locator("[data-seat=C]").focus()
    tablet.press("Enter")
    tablet.page.locator("body").press("Tab")
    tablet.page.locator("[data-seat=C]").focus()
    tablet.press("Enter")
    tablet.page.locator("[data-seat=D]").focus()
    tablet.press("Space")
    tablet.tap("#keys")
    tablet.typed("34uu")
    tablet.tap("#keys")
    tablet.typed("56")
    tablet.settled()
    assert served.said() == ["A>B", "B>A", "C>D", "E>F"]


def test_the_pad_closes_after_four_seconds_and_after_its_code(served, tablet) -> None:
    """A family left open closes after 4 s without a code; a family closes after its code, a held one stays open."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    opened = page.locator(".family[aria-expanded=true]")
    tablet.press("r")
    assert opened.count() == 1
    page.clock.run_for(4100)
    assert opened.count() == 0
    tablet.typed("bm")
    assert opened.count() == 0
    page.locator(".family").nth(0).dispatch_event("pointerdown", {"pointerId": 1, "button": 0})
    page.clock.run_for(700)
    page.locator(".family").nth(0).dispatch_event("pointerup", {"pointerId": 1, "button": 0})
    tablet.tap("[data-code=gd]")
    assert opened.count() == 1
    page.clock.run_for(10_000)
    assert opened.count() == 1
    tablet.settled()
    assert served.said() == ["!conflict.anger", "!intervention.explore"]


def test_undo_and_redo(served, tablet) -> None:
    """Undo takes back the last entry that holds, again the one before; a turn takes its codes along; redo brings back."""
    tablet.seats("AB")
    tablet.typed("uu")
    tablet.seats("BA")
    tablet.press("Backspace", "Backspace", "Backspace")
    tablet.settled()
    assert tablet.last() == ["B>A stored undone", "!uu stored undone", "A>B stored undone"]
    tablet.press("Shift+Backspace", "Shift+Backspace")
    tablet.settled()
    assert tablet.last() == ["B>A stored undone", "!uu stored", "A>B stored"]
    said = served.said()
    assert said[:3] == ["A>B", "A!mark.disclosure", "B>A"]
    assert said[3:] == ["~4", "~3", "~2", "~7", "~6"]
    tablet.page.reload()
    tablet.live()
    assert tablet.last() == ["B>A stored undone", "A!uu>B stored", "A>B stored"]


def test_undo_before_storing_lets_go_of_the_armed_seat(served, tablet) -> None:
    """An armed seat is let go of by undo or Esc; nothing is stored of it."""
    tablet.press("1", "Backspace", "2", "Escape", "3", "4")
    tablet.settled()
    assert served.said() == ["C>D"]


def test_sliding_off_stores_nothing(served, tablet) -> None:
    """A finger that lifts elsewhere has pressed nothing (WCAG 2.5.2)."""
    a, b = (tablet.page.locator(f"[data-seat={seat}]").bounding_box() for seat in "AB")
    mouse = tablet.page.mouse
    mouse.move(a["x"] + 30, a["y"] + 30)
    mouse.down()
    mouse.move(b["x"] + 30, b["y"] + 30)
    mouse.up()
    assert tablet.page.locator("[data-seat][data-armed]").count() == 0
    tablet.page.locator("[data-seat=A]").click()
    tablet.page.locator("[data-seat=B]").click()
    tablet.settled()
    assert served.said() == ["A>B"]


OVERTAKEN = """async () => {
  const { Entries } = await import("/static/entries.js");
  const entries = new Entries();
  const id = (letter) => letter.repeat(30);
  const row = (entry, seq, kind, text, state, more = {}) =>
    ({ seq, id: id(entry), entry: id(entry), ts: 0, text, kind, state, observer: "", ...more });
  const corrected = (entry, to) => {
    const before = entries.byId.get(id("a")).line;
    entries.byId.get(id("a")).line = to;
    entries.note(id(entry), `~{seq+0}: ${to}`, 0, { fixes: id("a"), before });
  };
  entries.note(id("a"), "!uu", 0);
  entries.answered({ id: id("a"), seq: 1, count: 1, ts: 0 });
  entries.heard(row("a", 1, "mark.made", "A!uu", "effective"));
  corrected("b", "!uu^1");
  corrected("c", "!uu^2");
  const said = [];
  for (const [entry, seq] of [["b", 2], ["c", 3]]) {
    entries.answered({ id: id(entry), seq, count: 1, ts: 0 });
    entries.heard(row(entry, seq, "record.amended", "~1:", "effective",
      { changes: [row("a", 1, "mark.made", `A!uu^${seq - 1}`, "amended")] }));
    said.push(entries.byId.get(id("a")).line);
  }
  return said;
}"""


def test_a_later_correction_is_not_overtaken(tablet) -> None:
    """What is heard of a correction is older than the next one, as long as that one waits here."""
    assert tablet.page.evaluate(OVERTAKEN) == ["!uu^2", "A!uu^2"]


def test_levels_receivers_and_earlier(served, tablet) -> None:
    """A level, a rating, one more receiver and two seconds earlier are amendments of what was stored."""
    tablet.typed("t1uu==")
    tablet.typed("ig=")
    tablet.seats("AB")
    tablet.typed("'3,")
    tablet.settled()
    records = served.records()
    fixed = [r["replacement"] for r in records if r["t"] == "record.amended"]
    assert [r.get("intensity") for r in fixed[:2]] == [1, 2]
    assert fixed[2]["score"] == 4
    assert fixed[3]["receivers"] == ["B", "C"]
    turn = next(r for r in records if r["t"] == "turn.taken" and r["sender"] == "A")
    assert turn["ts"] - fixed[4]["ts"] in range(1990, 2011) or fixed[4]["ts"] == 0
    assert tablet.last()[0] == "A>B,C stored"


def test_a_refused_line_is_seen_and_holds_up_nothing(served, tablet) -> None:
    """A line that the recorder refuses stands in the strip with its reason; its undo goes nowhere, the next is stored."""
    tablet.seats("AB")
    tablet.code("hl")
    tablet.seats("B")  # who is in the room does not arrive
    tablet.page.wait_for_selector("#last li[data-state=refused]")
    tablet.seats("CA")
    tablet.press("Backspace", "Backspace")
    tablet.settled()
    assert served.said() == ["A>B", "C>A", "~3", "~2"]


def test_quick_mode_is_offered_to_who_is_too_fast(served, tablet) -> None:
    """More than 25 taps within a minute: the strip offers one tap a turn, and changes nothing by itself."""
    tablet.seats("AB" * 12 + "C")
    assert tablet.page.inner_text("#hint") == ""
    tablet.seats("D")
    assert tablet.page.inner_text("#hint") == "terlalu cepat untuk dua ketukan? c: satu ketukan tiap giliran"
    tablet.settled()
    assert served.said() == [*["A>B"] * 12, "C>D"]
    tablet.press("c")
    assert "satu ketukan tiap giliran" in tablet.page.inner_text("#hint")
    assert tablet.page.get_attribute("#quick", "aria-pressed") == "true"


def test_a_page_that_comes_back_is_in_quick_mode_again(served, tablet) -> None:
    """Who goes on with one tap a turn after a reload stores what he means; switched off it stays off."""
    tablet.seats("AB")
    tablet.press("c")
    tablet.page.reload()
    tablet.live()
    assert tablet.page.get_attribute("#quick", "aria-pressed") == "true"
    tablet.seats("C")
    tablet.press("c")
    tablet.page.reload()
    tablet.live()
    assert tablet.page.get_attribute("#quick", "aria-pressed") == "false"
    tablet.seats("AC")
    tablet.settled()
    assert served.said() == ["A>B", "C>A", "A>C"]


def test_an_answer_to_a_quick_turn_that_nobody_has_stored(served, tablet) -> None:
    """Without a network too its receiver is whoever spoke before: the ring is there, and the answer is theirs."""
    tablet.seats("AB")
    tablet.press("c")
    tablet.settled()
    tablet.page.context.set_offline(True)
    tablet.seats("BC")
    assert tablet.page.locator(".seat[data-to]").get_attribute("data-seat") == "B"
    tablet.press("Enter")
    tablet.page.context.set_offline(False)
    tablet.settled()
    assert served.said() == ["A>B", "B>A", "C>B", "B>C"]


def test_one_more_receiver_is_of_the_last_turn(served, tablet) -> None:
    """A turn to the group takes no further receiver, and no older turn gets it instead."""
    tablet.seats("AB C.")
    tablet.typed("'3")
    assert tablet.page.inner_text("#hint") == "tidak ada giliran untuk ditambah penerima"
    tablet.settled()
    assert served.said() == ["A>B", "C>*"]


def test_a_family_that_is_held_stays_open(served, tablet) -> None:
    """In a go-round it is open over the seats; another press closes it."""
    family = tablet.page.locator(".family >> nth=5")
    family.evaluate(HOLD, False)
    tablet.seats("AB")
    assert tablet.page.locator("[data-code=nn]").is_visible()
    tablet.seats("C")
    tablet.tap("[data-code=nn]")
    assert tablet.page.locator("[data-code=nn]").is_visible()
    family.tap()
    assert tablet.page.locator("[data-code=nn]").count() == 0


def test_a_turn_whose_receiver_is_under_the_finger_waits_for_it(served, tablet) -> None:
    """The armed seat runs out after four seconds, not before a finger that came in time is lifted."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    tablet.seats("T")
    page.clock.run_for(3900)
    seat = page.locator("[data-seat=A]")
    box = seat.bounding_box()
    where = {"pointerId": 1, "button": 0, "clientX": box["x"] + 5, "clientY": box["y"] + 5}
    seat.dispatch_event("pointerdown", where)
    page.clock.run_for(900)
    seat.dispatch_event("pointerup", where)
    tablet.seats("B")
    page.clock.run_for(4100)
    tablet.settled()
    assert served.said() == ["T>A", "B>?"]


def test_what_goes_on_is_seen(served, tablet) -> None:
    """An activity's tile is pressed while it runs; a stop of the recording is seen without a network too."""
    page = tablet.page
    tablet.code("ae")
    page.wait_for_selector("#link[data-waiting='0']")
    tablet.press("a")
    page.wait_for_selector("[data-code=ae][aria-pressed=true]")
    tablet.tap("[data-code=ae]")
    tablet.settled()
    tablet.press("a")
    page.wait_for_selector("[data-code=ae]:not([aria-pressed])")
    page.context.set_offline(True)
    tablet.press("Escape")
    tablet.typed("hc")
    assert page.locator("[data-offer]:visible").count() == 5
    tablet.press("Escape")
    tablet.press("1", "Escape")
    assert page.inner_text("#hint") == "pencatatan terhenti: hc melanjutkan"
    tablet.typed("hc")
    assert page.locator("[data-offer]:visible").count() == 0
    page.context.set_offline(False)
    tablet.settled()
    assert [r["t"] for r in served.records()][-2:] == ["capture.paused", "capture.resumed"]


def test_what_is_not_stored_waits_until_it_is_looked_at(tablet) -> None:
    """A refused entry stays in the strip and is counted, whatever comes after it; touched, it says why in full."""
    page = tablet.page
    tablet.seats("AB")
    tablet.code("hl")
    tablet.seats("B")
    refused = page.locator("#last li[data-state=refused]")
    refused.wait_for()
    tablet.seats("CA AB BC CD")
    tablet.settled()
    assert refused.count() == 1
    assert page.inner_text("#hint") == "1 tidak tersimpan: sentuh di bawah"
    refused.locator(".touch").tap()
    assert page.inner_text("#hint").startswith("tidak tersimpan: ")
    assert refused.count() == 0


def test_quick_mode_is_one_tap_a_turn(served, tablet) -> None:
    """In quick mode a tap is a turn to whoever spoke before, marked as inferred; the present speaker again ends it."""
    tablet.seats("AB")
    tablet.press("c")
    tablet.seats("B A")
    tablet.page.wait_for_timeout(1050)  # sooner it would be the same tap again
    tablet.seats("A")
    tablet.settled()
    assert served.said() == ["A>B", "B>A", "A>B", "_"]
    assert [r["inferred"] for r in served.records() if r["t"] == "turn.taken"] == [False, True, True]


def test_a_go_round_shows_whom_it_has_not_come_to(served, tablet) -> None:
    """While it runs, whoever has neither spoken nor been spoken to is outlined; at its end they are named."""
    page = tablet.page
    tablet.code("aa")
    page.wait_for_selector("[data-seat=A][data-missed]")
    tablet.seats("TA TB")
    tablet.settled()
    missed = page.locator(".seat[data-missed]")
    assert sorted(each.get_attribute("data-seat") for each in missed.all()) == ["C", "D", "E", "F"]
    tablet.code("aa")
    assert page.inner_text("#hint") == "putaran belum sampai ke C, D, E, F"
    tablet.settled()
    page.wait_for_selector("[data-seat=C]:not([data-missed])")


def test_what_stands_on_no_turn_goes_by_itself_with_the_cursor_too(served, tablet) -> None:
    """A report, a settled contract: with the cursor on a turn they are what they are."""
    tablet.seats("AB")
    tablet.typed("jj")
    tablet.seats("CD")
    tablet.press("ArrowLeft")
    tablet.typed("ww")
    tablet.typed("wj")
    tablet.typed("js")
    tablet.settled()
    assert tablet.page.locator("#last [data-state=refused]").count() == 0
    records = served.records()
    assert records[-1]["ref"] == records[1]["id"]
    assert tablet.page.evaluate("fetch('/api/state').then(r => r.json()).then(s => s.unreported)") == 0


def test_a_code_on_a_turn_that_ended_a_pause(served, tablet) -> None:
    """Its entry has two records: the code stands on the second."""
    tablet.typed("hc")
    tablet.press("Escape")
    tablet.seats("AB CD")
    tablet.press("ArrowLeft")
    tablet.typed("uu")
    tablet.settled()
    turns_ = [r for r in served.records() if r["t"] == "turn.taken"]
    assert served.records()[-1]["turn_id"] == turns_[0]["id"]


@pytest.mark.slow
def test_a_code_on_an_old_turn_outlasts_a_reload(served, tablet) -> None:
    """It waits with the number of its turn, which the page knows no more when it sends it."""
    page = tablet.page
    for _ in range(6):
        tablet.seats("AB CD EF TA BC DE")
    tablet.settled()
    for _ in range(34):
        tablet.press("ArrowLeft")
    page.route("**/api/entries", lambda route: route.abort())
    tablet.typed("uu")
    page.wait_for_selector("#link[data-waiting='1']")
    page.reload()
    page.unroute("**/api/entries")
    tablet.settled()
    turns_ = [r for r in served.records() if r["t"] == "turn.taken"]
    assert served.records()[-1]["turn_id"] == turns_[1]["id"]


def test_a_leaders_code_stands_on_the_turn_that_was_chosen(served, tablet) -> None:
    """The cursor overrides the rule that such a code belongs to the leader's last turn."""
    tablet.seats("TA AC BC")
    tablet.settled()
    tablet.press("ArrowLeft")
    tablet.typed("gg")
    tablet.settled()
    turns_, code = served.records()[:3], served.records()[3]
    assert code["turn_id"] == turns_[1]["id"]
