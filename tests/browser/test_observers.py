"""Two observers on two devices: one log, each mark once, the other's faint or not there at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, expect
from tapping import Served, Tablet, line_of, turns
from test_nothing_lost import rush, tap

from tkcore import events as e
from tkcore.web.app import application
from tkcore.web.keys import Joining, Keys
from tkcore.web.room import Room
from tkcore.web.sealing import seal


class Pair:
    """A session with two observers, each with a tablet."""

    def __init__(self, served: Served, device: Callable[..., BrowserContext]) -> None:
        self.served = served
        self.one = Tablet(device().new_page()).open(served.url).live()
        self.two = Tablet(device().new_page()).open(served.links[0]).live()

    def said(self) -> list[tuple[str, str]]:
        records = [x for x in self.served.records() if not x["t"].startswith(("observer", "capture"))]
        seqs = {x["id"]: x["seq"] for x in self.served.records()}
        return [(x["observer"], line_of(x, seqs)) for x in records]


def pair_of(root: Path, device, *options: str) -> Iterator[Pair]:
    served = Served(root, options=("--observer", "obs2:co_therapist", *options))
    try:
        both = Pair(served, device)
        yield both
        assert both.one.wrong == both.two.wrong == []
    finally:
        served.stop()


@pytest.fixture
def pair(tmp_path: Path, device) -> Iterator[Pair]:
    """Both are shown each other's marks."""
    yield from pair_of(tmp_path / "w", device)


@pytest.fixture
def blind(tmp_path: Path, device) -> Iterator[Pair]:
    """Neither is shown the other's marks."""
    yield from pair_of(tmp_path / "w", device, "--blind")


def passed(tablet: Tablet) -> None:
    """Pass the lead to the other, as the list offers it."""
    tablet.page.locator("#who").tap()
    tablet.page.locator("#observers li button").tap()


def test_a_tap_is_seen_on_the_second_device(pair) -> None:
    """Faint, with its observer; not among the own last entries, and no turn of one's own to answer."""
    pair.one.seats("TA")
    page = pair.two.page
    page.wait_for_selector("#other:not([hidden])")
    assert page.text_content("#other") == "◌ obs1: T → A"
    assert page.locator(".seat[data-other]").get_attribute("data-seat") == "T"
    assert pair.two.last() == []
    assert page.locator(".seat[data-speaking]").count() == 0
    pair.two.press("Enter")
    pair.two.seats("TB")
    pair.two.settled()
    assert pair.said() == [("obs1", "T>A"), ("obs2", "T>B")]
    assert pair.one.last() == ["T>A stored"]


def test_undo_is_the_own(pair) -> None:
    """Undo on one device takes back that device's last entry, though the other's came later."""
    pair.one.seats("TA")
    pair.one.settled()
    pair.two.seats("TB")
    pair.two.settled()
    pair.one.page.wait_for_selector("#other:not([hidden])")
    pair.one.page.locator("#undo").tap()
    pair.one.settled()
    assert pair.one.last() == ["T>A stored undone"]
    pair.two.page.wait_for_selector("#other[hidden]", state="attached")
    assert pair.two.last() == ["T>B stored"]


def test_blind_the_other_device_shows_nothing(blind) -> None:
    """No dot, no line, no count of the other's marks, also after a reload; the header says so; a phase comes."""
    blind.one.seats("TA AT")
    blind.one.typed("gg")
    blind.one.press("BracketRight")
    blind.one.settled()
    page = blind.two.page
    for _ in range(2):
        expect(page.locator("#phase-now")).to_have_text("persiapan")
        assert page.locator("#blind").is_visible()
        assert page.locator("#other").is_hidden()
        assert page.locator(".seat[data-other]").count() == 0
        assert page.text_content("#rate") == "0/menit"
        assert "T → A" not in (page.text_content("body") or "")
        page.reload()
        blind.two.live()


def test_the_lead_passes_at_once(pair) -> None:
    """The other page gets the phase buttons, the old one loses them; what the old one says of phases is refused."""
    phases = "#phase-after"
    assert pair.one.page.locator(phases).is_visible()
    assert pair.two.page.locator(phases).is_hidden()
    pair.two.press("BracketRight")
    assert "obs1" in (pair.two.page.text_content("#hint") or "")
    passed(pair.one)
    pair.two.page.wait_for_selector(phases, state="visible")
    pair.one.page.wait_for_selector(phases, state="hidden")
    pair.two.press("BracketRight")
    pair.two.settled()
    expect(pair.one.page.locator("#phase-now")).to_have_text("persiapan")
    assert pair.said() == [("obs1", "lead.passed"), ("obs2", "%preparation")]
    passed(pair.two)
    pair.one.page.wait_for_selector(phases, state="visible")


def test_a_queue_from_before_the_hand_over_still_goes_in(pair) -> None:
    """Who passed the lead and then lost the network keeps what was tapped: it is stored when the way is open again."""
    context = pair.one.page.context
    passed(pair.one)
    pair.one.settled()
    context.set_offline(True)
    lines = turns(6)
    tap(pair.one, lines)
    pair.two.seats("CD")
    pair.two.settled()
    context.set_offline(False)
    pair.one.settled()
    assert [line for observer, line in pair.said() if observer == "obs1"] == ["lead.passed", *lines]


def test_a_phase_that_was_queued_by_the_lead_is_stored_after_the_hand_over(pair) -> None:
    """It is judged by who led when it was tapped."""
    context = pair.one.page.context
    context.set_offline(True)
    pair.one.press("BracketRight")
    passed(pair.one)
    pair.one.page.wait_for_selector("#link[data-link=away][data-waiting='2']")
    context.set_offline(False)
    pair.one.settled()
    pair.two.page.wait_for_selector("#phase-after", state="visible")
    assert pair.said() == [("obs1", "%preparation"), ("obs1", "lead.passed")]


def test_a_killed_server_keeps_both(pair) -> None:
    """After kill -9 and a new start each device goes on as its own observer, and what was tapped between is there."""
    tap(pair.one, ["T>A"])
    tap(pair.two, ["T>B"])
    pair.one.settled()
    pair.two.settled()
    pair.served.kill()
    tap(pair.one, ["A>T"])
    tap(pair.two, ["B>T"])
    pair.served.start()
    pair.one.settled()
    pair.two.settled()
    found = pair.said()
    assert [line for observer, line in found if observer == "obs1"] == ["T>A", "A>T"]
    assert [line for observer, line in found if observer == "obs2"] == ["T>B", "B>T"]
    assert len([x for x in pair.served.records() if x["t"] == "observer.joined"]) == 1


def test_undo_in_two_tabs_of_one_observer(served, tablet) -> None:
    """Each tab takes back what holds; both come to show the same."""
    other = Tablet(tablet.page.context.new_page()).open(served.url).live()
    lines = turns(3)
    tap(tablet, lines)
    tablet.settled()
    expect(other.page.locator("#last li:not([hidden])")).to_have_count(3)
    other.page.locator("#undo").tap()
    other.settled()
    expect(tablet.page.locator("#last li").first).to_have_attribute("data-undone", "")
    tablet.page.locator("#undo").tap()
    tablet.settled()
    expect(other.page.locator("#last li[data-undone]")).to_have_count(2)
    assert tablet.last() == other.last()
    retracted = [x["record_id"] for x in served.records() if x["t"] == "record.retracted"]
    assert len(retracted) == len(set(retracted)) == 2


def test_undo_of_the_same_entry_in_two_tabs_at_once(served, tablet) -> None:
    """Without a network both tabs take back the same entry: it is taken back once, and stays so on both."""
    other = Tablet(tablet.page.context.new_page()).open(served.url).live()
    rush(tablet, ["T>A"])
    tablet.settled()
    other.page.wait_for_selector("#last li:not([hidden])")
    tablet.page.context.set_offline(True)
    tablet.page.locator("#undo").tap()
    other.page.locator("#undo").tap()
    tablet.page.context.set_offline(False)
    tablet.settled()
    other.settled()
    for tab in (tablet, other):
        # one's undo is refused; who hears that first hears of the other's on the stream
        expect(tab.page.locator("#last li[data-line='T>A'][data-undone]")).to_have_count(1)
    assert len([x for x in served.records() if x["t"] == "record.retracted"]) == 1


INVITE = """fetch('/api/invite', {
    method: 'POST', headers: {'Content-Type': 'application/json', 'X-Tkcore': '1'}, body: JSON.stringify({observer: 'obs1'}),
}).then(answer => answer.json()).then(said => said.url)"""


def test_another_link_in_the_same_tab_makes_it_the_others_page(pair) -> None:
    """The stream that ran for the one before ends with the entering; what comes is the new one's."""
    url = pair.one.page.evaluate(INVITE)
    page = pair.two.page
    with page.expect_request("**/api/events"):
        page.evaluate("hash => { location.hash = hash; }", url.partition("#")[2])
    pair.two.settled()
    pair.one.seats("TA")
    page.wait_for_selector("#last li:not([hidden])")
    assert page.locator("#other").is_hidden()
    assert pair.two.last() == ["T>A stored"]


def test_a_browser_that_becomes_another_observer_keeps_the_firsts_taps_apart(pair, device) -> None:
    """What obs1 tapped without a server is not stored as obs2's; it waits, and the page says so."""
    context = pair.one.page.context
    pair.served.kill()  # no emulation: that ends with its page, and what is closed lives a moment and sends
    tap(pair.one, turns(3))
    pair.one.page.wait_for_selector("#link[data-link=away][data-waiting='3']")
    pair.one.page.close()
    pair.served.start()
    now = Tablet(context.new_page()).open(pair.served.links[0]).live()
    assert now.page.locator("#who").text_content() == "obs2"
    assert (now.page.text_content("#hint") or "").startswith("3 ")
    tap(now, ["A>B"])
    now.settled()
    assert pair.said() == [("obs2", "A>B")]


def test_the_lead_lets_a_further_observer_in(served, tablet, device) -> None:
    """The list shows a link with its picture; whoever opens it is there, under the next sign."""
    page = tablet.page
    page.locator("#who").tap()
    page.locator("#observers .links button").first.tap()
    link = page.locator("#observers .url").text_content()
    assert page.locator("#observers svg[role=img] path").get_attribute("d")
    other = Tablet(device().new_page()).open(str(link)).live()
    expect(page.locator("#observers li")).to_have_count(2)
    assert other.page.locator("#who").text_content() == "obs2"
    page.keyboard.press("Escape")
    assert page.locator("#observers").is_hidden()


# -- ten minutes -------------------------------------------------------------------------------------------------------


class Hall:
    """A server in this process, whose clocks stand until they are moved; two pages whose clocks go with them."""

    def __init__(self, sitting, time, device) -> None:
        self.sitting, self.time = sitting, time
        self.at = socket.create_server(("127.0.0.1", 0))
        port = self.at.getsockname()[1]
        desk = sitting.desk
        self.room = Room(sitting.recorder, lambda session: seal(desk.workspace.root, session, desk.disk))
        keys = Keys(
            "g/s", port, observer="obs1", file=desk.workspace.root / "serve.json", disk=desk.disk, now=time.clocks().wall
        )  # fmt: skip
        app = application(self.room, keys, port=port, language="id", trouble=lambda _: None)
        self.server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        where = f"http://127.0.0.1:{port}/#"
        self.tablets = []
        for token in (keys.token, keys.invite(Joining("obs2"))):
            page = device().new_page()
            page.clock.install()
            self.tablets.append(Tablet(page).open(where + str(token)).live())

    def _run(self) -> None:
        self.loop.run_until_complete(self.server.serve([self.at]))

    def go(self, seconds: float) -> None:
        self.time.go(seconds)
        asyncio.run_coroutine_threadsafe(self.room.ask(self.sitting.recorder.tick), self.loop).result(20)
        for tablet in self.tablets:
            tablet.page.clock.run_for(round(seconds * 1000))

    def stop(self) -> None:
        self.room.end()
        self.server.should_exit = True
        self.thread.join(20)
        self.room.close()
        self.loop.close()
        with contextlib.suppress(OSError):
            self.at.close()


@pytest.fixture
def hall(typed, time, device) -> Iterator[Hall]:
    one = Hall(typed("g/s", clock="live", seats="T,K,A,B,C,D,E,F", setting="inpatient"), time, device)
    yield one
    one.stop()


@pytest.mark.parametrize("apart", [False, True], ids=["shown", "blind"])
def test_ten_minutes_of_two_devices(hall, apart) -> None:
    """A hundred steps of six seconds, one device twice without a network: one log, each mark once, in its order and minute."""
    hall.sitting.recorder.apart = apart
    one, two = hall.tablets
    network = two.page.context
    lines = {"obs1": turns(100), "obs2": turns(100, "KABCDE")}
    for step in range(100):
        if step in (20, 60):
            network.set_offline(True)
        if step in (40, 85):
            network.set_offline(False)
            two.settled()
        hall.go(6)
        tap(one, [lines["obs1"][step]])
        tap(two, [lines["obs2"][step]])
        # an answer on its way while the clocks are moved would tell one page a time that the other has not yet
        one.settled()
        if not 20 <= step < 40 and not 60 <= step < 85:
            two.settled()
    found: dict[str, list[str]] = {"obs1": [], "obs2": []}
    for x in hall.sitting.recorder.ledger:
        if isinstance(x, e.TurnTaken):
            # a page without a network goes by its own clock, which goes on while this test works; it is offline for 120 s
            assert abs(x.ts - 6000 * (len(found[x.observer]) + 1)) < 20_000, (x.observer, x.ts)
            found[x.observer].append(f"{x.sender}>{x.receivers[0]}")
    assert found == lines
    ids = [x.id for x in hall.sitting.recorder.ledger]
    assert len(ids) == len(set(ids))
    for tablet, own, other in ((one, "obs1", "obs2"), (two, "obs2", "obs1")):
        assert tablet.last() == [f"{line} stored" for line in lines[own][:-4:-1]]
        if apart:
            assert tablet.page.locator("#other").is_hidden()
            continue
        said = f"◌ {other}: {lines[other][-1].replace('>', ' → ')}"
        expect(tablet.page.locator("#other")).to_have_text(said)
    assert one.wrong == two.wrong == []
