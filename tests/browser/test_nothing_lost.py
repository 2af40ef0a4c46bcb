"""No tap is lost, none is doubled, none changes its place: without a network, without a server, without the page."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Error
from tapping import Tablet, turns


def tap(tablet, lines: list[str]) -> None:
    for line in lines:
        tablet.seats(line.replace(">", ""))


def rush(tablet, lines: list[str]) -> None:
    """Tap as fast as the page takes it."""
    tablet.page.evaluate(
        """seats => {
            const at = {bubbles: true, pointerId: 1, button: 0};
            for (const seat of seats) {
                const button = document.querySelector(`[data-seat=${seat}]`);
                const box = button.getBoundingClientRect();
                const where = {...at, clientX: box.x + 30, clientY: box.y + 30};
                button.dispatchEvent(new PointerEvent('pointerdown', where));
                button.dispatchEvent(new PointerEvent('pointerup', where));
            }
        }""",
        [seat for line in lines for seat in line.split(">")],
    )


@pytest.mark.slow
def test_more_tabs_than_a_browser_has_connections(served, tablet) -> None:
    """Eight tabs: each is there, tells what is tapped in it, and comes to know what is tapped elsewhere."""
    tabs = [tablet]
    tabs += [
        Tablet(tablet.page.context.new_page()).open(served.url.partition("#")[0]).live() for _ in range(7)
    ]
    for n, (a, b) in enumerate(("AB", "CD", "EF", "TA", "BC", "DE", "FT", "AC")):
        tabs[n].seats(a + b)
    for one in tabs:
        one.settled()
        one.page.wait_for_function("() => document.querySelectorAll('#last li:not([hidden])').length === 3")
        one.page.wait_for_selector("#last li[data-line='A>C'][data-state=stored]")
    assert sorted(served.said()) == sorted(["A>B", "C>D", "E>F", "T>A", "B>C", "D>E", "F>T", "A>C"])


@pytest.mark.slow
def test_five_hundred_taps(served, tablet) -> None:
    """250 turns tapped by touch as fast as they can be: all stored, once, in their order, each later than the one before."""
    lines = turns(250)
    tap(tablet, lines)
    tablet.settled()
    assert served.said() == lines
    times = [record["ts"] for record in served.records()]
    assert times == sorted(times)


def test_two_hundred_taps_without_a_network(served, tablet) -> None:
    """What is tapped offline waits, is shown as noted, and is stored when the network is back, at the time of its tap."""
    lines = turns(210)
    tap(tablet, lines[:5])
    tablet.settled()
    context = tablet.page.context
    context.set_offline(True)
    rush(tablet, lines[5:205])
    tablet.page.wait_for_selector("#link[data-link=away][data-waiting='200']")
    assert tablet.last()[0] == f"{lines[204]} noted"
    assert served.said() == lines[:5]
    context.set_offline(False)
    tap(tablet, lines[205:])
    tablet.settled()
    assert served.said() == lines


def test_codes_and_undo_without_a_network(served, tablet) -> None:
    """Offline, a code stands on the turn it was pressed at, and undo takes back what it took back on the page."""
    context = tablet.page.context
    context.set_offline(True)
    tablet.seats("TA")
    tablet.typed("gg")
    tablet.seats("AB")
    tablet.typed("uu")
    tablet.press("Backspace", "Backspace")
    tablet.seats("BC")
    tablet.press("Shift+Backspace", "Backspace")
    tablet.seats("CD")
    tablet.press("Backspace", "Shift+Backspace")
    tablet.page.wait_for_selector("#link[data-link=away]")
    shown = tablet.last()
    context.set_offline(False)
    tablet.settled()
    assert shown == ["C>D noted", "B>C noted undone", "!uu noted undone"]
    assert tablet.last() == ["C>D stored", "B>C stored undone", "!uu stored undone"]
    said = served.said()
    assert [line for line in said if line[0] != "~"] == [
        "T>A", "T!intervention.question", "A>B", "A!mark.disclosure", "B>C", "C>D",
    ]  # fmt: skip
    assert [line for line in said if line[0] == "~"] == ["~5", "~4", "~8", "~10", "~11"]


def test_the_server_is_killed_and_begun_again(served, tablet) -> None:
    """Killed while taps go on, begun again under its port: the page goes on by itself, and counts are equal."""
    lines = turns(120)
    tap(tablet, lines[:30])
    served.kill()
    tap(tablet, lines[30:60])
    tablet.page.wait_for_selector("#link[data-link=away]")
    served.start()
    tap(tablet, lines[60:90])
    served.kill()
    served.start()
    tap(tablet, lines[90:])
    tablet.settled()
    assert served.said() == lines


def test_a_reload_keeps_what_waits(served, tablet) -> None:
    """Reloaded at once, without a server: the page comes back, shows what waits, takes more, and stores all of it."""
    lines = turns(60)
    tablet.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tap(tablet, lines[:10])
    tablet.settled()
    served.kill()
    rush(tablet, lines[10:40])
    tablet.page.reload()
    tablet.page.wait_for_selector("html[data-ready]")
    tablet.page.wait_for_selector("#link[data-waiting='30']")
    tap(tablet, lines[40:])
    served.start()
    tablet.settled()
    assert served.said() == lines


def test_a_reload_in_the_middle_of_a_turn(served, tablet) -> None:
    """An armed seat is not lost by a reload: its turn is stored, the receiver unknown."""
    tablet.seats("AB C")
    tablet.page.reload()
    tablet.page.wait_for_selector("html[data-ready]")
    tablet.settled()
    assert served.said() == ["A>B", "C>?"]


def test_a_crashed_tab_keeps_what_waits(served, tablet) -> None:
    """A tab that crashes without a server leaves its taps on the disk; the next tab of the browser stores them."""
    lines = turns(20)
    served.kill()
    tap(tablet, lines)
    tablet.page.wait_for_selector("#link[data-link=away][data-waiting='20']")
    tablet.page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('tkcore.tap.'))")
    other = tablet.page.context.new_page()
    with tablet.page.expect_event("crash"), suppress(Error):
        tablet.page.goto("chrome://crash")
    served.start()
    other.goto(served.url.partition("#")[0])
    other.wait_for_selector("#link[data-link=live][data-waiting='0']")
    assert served.said() == lines


def test_a_second_tab_sees_and_stores_the_same(served, tablet) -> None:
    """Two tabs of one browser: each shows what the other tapped, each tap is stored once."""
    other = tablet.page.context.new_page()
    other.goto(served.url.partition("#")[0])
    other.wait_for_selector("#link[data-link=live]")
    tablet.seats("AB")
    other.wait_for_selector("#last li[data-line='A>B'][data-state=stored]")
    # no answer by Enter: on a busy machine the clocks of two tabs differ by more than that takes
    Tablet(other).press("2", "1")
    tablet.page.wait_for_selector("#last li[data-line='B>A'][data-state=stored]")
    tablet.press("1", "2", "Backspace")
    other.wait_for_selector("#last li[data-line='A>B'][data-undone]")
    tablet.settled()
    assert served.said() == ["A>B", "B>A", "A>B", "~4"]


def test_taps_of_another_session_do_not_go_into_this_one(served, tablet) -> None:
    """What waits for another session stays where it is, and the page says so."""
    tablet.page.evaluate(
        """() => new Promise(done => {
            const asked = indexedDB.open('tkcore', 1);
            asked.onsuccess = () => {
                const way = asked.result.transaction('queue', 'readwrite');
                way.objectStore('queue').add({session: 'g/other', id: 'a'.repeat(30), line: 'A>B', at: 0, after: '', more: {}});
                way.oncomplete = () => { asked.result.close(); done(); };
            };
        })"""
    )
    tablet.page.reload()
    tablet.live()
    tablet.seats("BC")
    tablet.settled()
    tablet.page.wait_for_selector("#hint:has-text('1 ketukan dari pertemuan atau pencatat lain')")
    assert served.said() == ["B>C"]


def test_an_unknown_browser_is_asked_for_a_new_link(served, tablet, device) -> None:
    """Without its cookie the page keeps what is tapped and says what to do; a new link in any tab lets it go on."""
    context = tablet.page.context
    tablet.seats("AB")
    tablet.settled()
    served.kill()
    context.clear_cookies()
    url = served.start()
    tablet.seats("BA")
    tablet.page.wait_for_selector("#link[data-link=locked][data-waiting='1']")
    assert tablet.page.locator("#away").is_visible()
    other = context.new_page()
    other.goto(url)
    tablet.settled()
    assert other.url == url.partition("#")[0]
    assert served.said() == ["A>B", "B>A"]
    stranger = device().new_page()
    stranger.goto(url)  # the token is spent
    stranger.wait_for_selector("#away")
    assert stranger.locator("main").is_hidden()


def test_an_answer_that_gets_lost_doubles_nothing(served, tablet) -> None:
    """The server has stored, its answer breaks off: the page sends again under the same ids, and nothing is there twice."""
    lost = []

    def lose(route) -> None:
        if len(lost) < 3:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    tablet.page.route("**/api/entries", lose)
    lines = turns(12)
    tap(tablet, lines)
    tablet.press("Backspace")
    tablet.settled()
    assert lost == [200, 200, 200]
    assert [line for line in served.said() if line[0] != "~"] == lines
    assert len(served.records()) == 13


def test_what_the_disk_refuses_for_now_is_sent_again(served, tablet) -> None:
    """An answer that says try again keeps the line in the queue, and the lines behind it in their places."""
    refused = []

    def full(route) -> None:
        if refused:
            route.continue_()
            return
        entries = route.request.post_data_json["entries"]
        refused.append(len(entries))
        error = {"column": 1, "reason": "full", "near": [], "retry": True}
        route.fulfill(json={"answers": [{"id": one["id"], "error": error} for one in entries]})

    tablet.page.route("**/api/entries", full)
    lines = turns(6)
    tap(tablet, lines)
    tablet.settled()
    assert refused
    assert served.said() == lines


def test_a_page_of_somebody_else_stores_nothing(served, tablet) -> None:
    """A page on another origin, in the same browser with its cookie, cannot put a line into the log."""
    origin = served.url.partition("/#")[0]
    other = tablet.page.context.new_page()
    other.route(
        "http://evil.test/**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html")
    )
    other.goto("http://evil.test/")
    other.evaluate(
        """async origin => {
            const body = JSON.stringify({entries: [{id: 'b'.repeat(30), line: 'A>B', at: null}]});
            for (const headers of [{'Content-Type': 'text/plain'}, {'Content-Type': 'application/json', 'X-Tkcore': '1'}])
                for (const mode of ['no-cors', 'cors'])
                    await fetch(origin + '/api/entries', {method: 'POST', mode, credentials: 'include', headers, body})
                        .catch(() => undefined);
        }""",
        origin,
    )
    tablet.seats("BC")
    tablet.settled()
    assert served.said() == ["B>C"]


FULL = """
const add = IDBObjectStore.prototype.add;
IDBObjectStore.prototype.add = function (...given) {
  if (localStorage.getItem('full')) throw new DOMException('full', 'QuotaExceededError');
  return add.apply(this, given);
};
"""


def test_a_page_whose_disk_refuses_comes_back_and_sends(served, tablet) -> None:
    """The tap is in the journal; the page that is loaded anew finds a disk that still refuses, and sends all the same."""
    page = tablet.page
    page.add_init_script(FULL)
    page.reload()
    tablet.live()
    page.evaluate("localStorage.setItem('full', '1')")
    page.context.set_offline(True)
    rush(tablet, ["A>B"])
    page.wait_for_selector("#link[data-link=away][data-waiting='1']")
    page.context.set_offline(False)
    page.reload()
    tablet.settled()
    rush(tablet, ["B>C"])
    tablet.settled()
    assert served.said() == ["A>B", "B>C"]


def test_a_change_of_the_room_that_could_not_be_asked_is_asked_again(served, tablet) -> None:
    """One answer is lost, while the stream goes on: the page begins the connection anew until it knows."""
    page = tablet.page
    lost: list[str] = []

    def state(route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/api/state", state)
    tablet.typed("ae")
    page.wait_for_function("() => document.querySelector('#link').dataset.waiting === '0'")
    tablet.press("a")
    page.wait_for_selector("[data-code=ae][aria-pressed=true]")
    assert lost


def test_an_undo_of_what_the_disk_refused_takes_back_that(served, tablet) -> None:
    """The undo is on the disk and stands before what it is about: it waits for it, and takes back nothing else."""
    page = tablet.page
    page.add_init_script(FULL)
    page.reload()
    tablet.live()
    rush(tablet, ["T>A"])
    tablet.settled()
    page.context.set_offline(True)
    page.evaluate("localStorage.setItem('full', '1')")
    rush(tablet, ["B>C"])
    page.wait_for_selector("#link[data-link=away][data-waiting='1']")
    page.evaluate("localStorage.removeItem('full')")
    page.locator("#undo").tap()
    page.context.set_offline(False)
    tablet.settled()
    said = served.said()
    assert said[:2] == ["T>A", "B>C"]
    assert served.records()[2]["record_id"] == served.records()[1]["id"]
    assert tablet.last() == ["B>C stored undone", "T>A stored"]
