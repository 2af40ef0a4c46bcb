"""The page before a session and at its end, by finger and by key: what was chosen is what was opened."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judging import THIRD, untranslated, violations
from playwright.sync_api import BrowserContext, Page, Route, expect
from tapping import Tablet, tk

from tkcore.web.words import words

TK = [sys.executable, "-m", "tkcore"]
CHOOSING = "#b-begin"


class Unopened:
    """A workspace with the group mawar, and `tk serve` on it, on which no session is open yet."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, 0
        self.tk("init", "--plain", str(root), "--language", "id")
        self.tk("group", "new", "mawar", "--setting", "inpatient", "--population", "psychotic")
        for seat in "ABCD":
            self.tk("group", "admit", "mawar", seat)
        self.tk("group", "consent", "mawar", "A")
        self.tk("group", "consent", "mawar", "B", "--scope", "floor_only")
        self.url = self.start()

    def tk(self, *argv: str) -> str:
        return tk(self.root, *argv)

    def start(self, *argv: str) -> str:
        self.process = subprocess.Popen(
            [*TK, "serve", *argv, "--no-browser", "--port", str(self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TK_WORKSPACE": str(self.root)},
        )  # fmt: skip
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        self.port = int(url.split(":")[2].split("/")[0])
        return url

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(sig)
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def records(self, session: str) -> list[dict]:
        group, _, own = session.partition("/")
        lines: list[str] = []
        for path in sorted(self.root.glob(f"groups/{group}/sessions/{own}/*.ndjson")):
            lines += path.read_text().splitlines()
        return [record for record in map(json.loads, lines) if "seq" in record]

    def opened(self, session: str) -> dict:
        return self.records(session)[0]


@pytest.fixture
def unopened(tmp_path: Path) -> Iterator[Unopened]:
    one = Unopened(tmp_path / "w")
    yield one
    one.stop()


@pytest.fixture
def page(unopened: Unopened, device: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A tablet with the page of the server."""
    found, wrong = open_page(device(), unopened.url)
    yield found
    assert wrong == []


def open_page(context: BrowserContext, url: str) -> tuple[Page, list[str]]:
    page, wrong = context.new_page(), []
    page.set_default_timeout(8000)
    page.on("pageerror", lambda error: wrong.append(error.stack or str(error)))
    page.goto(url)
    page.wait_for_selector(CHOOSING)
    return page, wrong


def live(page: Page) -> None:
    page.wait_for_selector("#link[data-link=live]")
    page.wait_for_selector("main:not([hidden])")


def circle(page: Page) -> list[str]:
    return page.eval_on_selector_all(".b-disc", "es => es.map(e => e.dataset.disc)")


def middle(page: Page, seat: str) -> tuple[float, float]:
    box = page.locator(f"[data-disc={seat}]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, seat: str, onto: str) -> None:
    page.locator("#b-circle").scroll_into_view_if_needed()
    (x, y), (to_x, to_y) = middle(page, seat), middle(page, onto)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
    page.mouse.move(to_x, to_y)
    page.mouse.up()


def test_chosen_by_touch(unopened, page) -> None:
    """Settings, seats dragged and moved, who is absent, a visitor, families: the first record says the same."""
    assert circle(page) == ["T", "K", "A", "B", "C", "D"]
    page.select_option("#b-format", "single_session")
    page.select_option("#b-seating", "circle")
    page.fill("#b-planned", "75")
    drag(page, "D", "A")
    assert circle(page) == ["T", "K", "D", "A", "B", "C"]
    page.tap("[data-chair=T] .b-down")
    page.tap("[data-disc=C]")
    page.select_option("#b-add", "role:visitor")
    page.tap("#b-adding")
    page.tap("[data-chair=D] .b-off")
    page.tap("#b-none")
    page.locator("[data-family=explore]").tap()
    page.locator("[data-family=conflict]").tap()
    assert "Tidak hadir: C." in page.inner_text("#b-summary")
    page.tap(CHOOSING)
    live(page)
    found = unopened.opened("mawar/s1")
    assert [(s["seat"], s["role"], s["scope"]) for s in found["seats"]] == [
        ("K", "co_therapist", "full"), ("T", "therapist", "full"), ("A", "member", "full"),
        ("B", "member", "floor_only"), ("C", "member", "full"), ("E", "visitor", "full"),
    ]  # fmt: skip
    assert (found["absent"], found["planned"], found["details"]) == (
        ["C"],
        75 * 60_000,
        {"seating": "circle"},
    )
    assert (found["setting"], found["format"], found["population"]) == (
        "inpatient",
        "single_session",
        "psychotic",
    )
    assert found["captures"][0]["families"] == ["floor", "phase", "explore", "conflict"]
    assert page.inner_text("#session") == "mawar/s1"
    page.tap("[data-seat=A]")
    page.tap("[data-seat=B]")
    page.wait_for_selector("#link[data-waiting='0']")
    assert [r["sender"] for r in unopened.records("mawar/s1") if r["t"] == "turn.taken"] == ["A"]


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that has the focus."""
    for _ in range(150):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no key leads to {selector}")


def test_chosen_by_keys_alone(unopened, page) -> None:
    """Without a pointer a group is founded, seats are moved in the circle and in the list, the session begun and ended."""
    tab_to(page, "#b-group")
    page.keyboard.press("End")
    page.wait_for_selector("#b-which")
    tab_to(page, "#b-group")
    page.keyboard.type("melati")
    page.keyboard.press("Enter")  # opens nothing
    tab_to(page, "#b-setting")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[data-disc=F]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.dataset.disc") == "F"
    tab_to(page, "[data-chair=B] .b-up")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    tab_to(page, "[data-family=norm]")
    page.keyboard.press("Space")
    tab_to(page, CHOOSING)
    assert unopened.root.joinpath("groups/melati").exists() is False
    page.keyboard.press("Enter")
    live(page)
    found = unopened.opened("melati/s1")
    assert [s["seat"] for s in found["seats"]] == ["T", "B", "K", "A", "C", "D", "F", "E"]
    assert (found["absent"], found["setting"]) == (["F"], "outpatient")
    assert "norm" not in found["captures"][0]["families"]
    page.keyboard.press("1")
    page.keyboard.press("2")
    tab_to(page, "#end")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ended:not([hidden])")
    kinds = [r["t"] for r in unopened.records("melati/s1") if r["t"] not in ("clock.ticked", "log.segment")]
    assert kinds == ["session.opened", "turn.taken", "session.closed"]


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(unopened, page) -> None:
    """Refused fields are marked and the first has the focus; a reload keeps all that was typed; mended, it opens."""
    page.fill("#b-session", "Bu Sri")
    page.fill("#b-planned", "5000")
    page.locator("[data-family=norm]").uncheck()
    page.tap("[data-disc=A]")
    page.tap(CHOOSING)
    page.wait_for_selector("#b-session[aria-invalid=true]")
    assert page.get_attribute("#b-planned", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "b-session"
    assert "'Bu Sri' tidak dapat" in page.inner_text("#b-session-said")
    assert "belum benar" in page.inner_text("#b-say")
    page.reload()
    page.wait_for_selector(CHOOSING)
    assert page.input_value("#b-session") == "Bu Sri"
    assert page.input_value("#b-planned") == "5000"
    assert not page.is_checked("[data-family=norm]")
    assert page.get_attribute("[data-disc=A]", "aria-pressed") == "false"
    page.fill("#b-session", "kedua")
    page.fill("#b-planned", "60")
    page.tap(CHOOSING)
    live(page)
    assert unopened.opened("mawar/kedua")["absent"] == ["A"]
    assert page.evaluate("sessionStorage.getItem('tkcore.before')") is None


def test_both_languages(unopened, page) -> None:
    """It begins in the workspace's language; no English is left on it; one tap changes it, and what was chosen stays."""
    page.fill("#b-session", "kedua")
    page.wait_for_selector("#b-cautions li")
    english = set(words()["en"]) - set(words()["id"].values())
    indonesian = page.inner_text("#before")
    assert {line.strip() for line in indonesian.splitlines()} & english == set()
    assert page.get_attribute("html", "lang") == "id"
    assert "setara" in page.inner_text("#b-cautions")
    assert "belum ada persetujuan tercatat" in indonesian
    assert "hanya siapa berbicara kepada siapa" in page.inner_text("[data-chair=B]")
    page.tap("#b-tongue")
    page.wait_for_selector("html[lang=en]")
    assert "Before the session".lower() in page.inner_text("h1:visible").lower()
    page.locator("#b-cautions", has_text="equal in status").wait_for()
    assert page.input_value("#b-session") == "kedua"
    assert "Rawat" not in page.inner_text("#before")


@pytest.mark.parametrize("size", [(1024, 768), (1366, 768), (320, 568)])
def test_it_fits(unopened, device, size: tuple[int, int]) -> None:
    """Nothing runs out at the side, targets are at least 24 px, the seats 72; narrow, the list says it all."""
    page, wrong = open_page(device(viewport={"width": size[0], "height": size[1]}), unopened.url)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "document.querySelector('#before').scrollWidth <= document.querySelector('#before').clientWidth"
    )
    boxes = page.eval_on_selector_all(
        "#before :is(button, input, select)",
        "es => es.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect()).map(b => Math.min(b.width, b.height))",
    )
    assert min(boxes) >= 24
    discs = page.locator(".b-disc")
    if size[0] > 480:
        rects = [discs.nth(i).bounding_box() for i in range(discs.count())]
        assert min(min(r["width"], r["height"]) for r in rects) >= 72
        assert len(rects) == 6
    else:
        assert not discs.first.is_visible()
        page.tap("[data-chair=A] .b-up")
        page.tap("[data-chair=B] .b-there")
    page.tap(CHOOSING)
    live(page)
    assert wrong == []


def test_open_sessions_are_offered(unopened, device) -> None:
    """With two open sessions the page asks which; a tap goes on with it."""
    unopened.stop()
    for name, held in (("satu", "20261101T160000+0700"), ("dua", "2026-11-08T16:00:00+07:00")):
        unopened.tk("session", "open", f"mawar/{name}", "--seats", "T,K,A", "--held", held)
    page, wrong = open_page(device(), unopened.start())
    odd, usual = page.locator("[data-running]").all_inner_texts()
    assert odd == "mawar/satu · 20261101T160000+0700"  # no browser reads that
    assert re.fullmatch(r"mawar/dua · 8 Nov 2026,? \d\d\.00", usual), usual
    page.tap("[data-running='mawar/satu']")
    live(page)
    assert page.inner_text("#session") == "mawar/satu"
    assert wrong == []


def test_a_server_that_is_gone_opens_nothing_and_the_form_stays(unopened, page) -> None:
    """Begun without a connection: it is said; when the server is back the same form opens one session."""
    page.fill("#b-session", "kedua")
    page.wait_for_selector("#b-cautions li")
    unopened.stop(signal.SIGKILL)
    page.tap(CHOOSING)
    page.locator("#b-say", has_text="sambungan").wait_for()
    assert page.input_value("#b-session") == "kedua"
    unopened.start()
    page.tap(CHOOSING)
    live(page)
    assert unopened.opened("mawar/kedua")["t"] == "session.opened"
    assert [p.name for p in (unopened.root / "groups/mawar/sessions").iterdir()] == ["kedua"]


def test_a_second_page_follows(unopened, device) -> None:
    """Two pages before the session: one opens it, the other becomes the capture page of the same session."""
    context = device()
    one, wrong = open_page(context, unopened.url)
    two, also = open_page(context, unopened.url.partition("#")[0])
    one.tap(CHOOSING)
    live(one)
    live(two)
    assert two.inner_text("#session") == "mawar/s1"
    assert wrong + also == []


# -- the end -----------------------------------------------------------------------------------------------------


def test_what_is_not_reported_is_said_at_the_end(unopened, page) -> None:
    """Danger that was marked is counted when the end is asked for, beside the receipt and after it, until `wj`."""
    page.tap(CHOOSING)
    tablet = Tablet(page)
    live(page)
    tablet.seats("AB")
    tablet.typed("wl")
    tablet.settled()
    hint = page.locator("#hint")
    assert hint.inner_text() == ""
    page.tap("#end")
    said = "belum dilaporkan kepada petugas jaga: 1; wj bila sudah"
    expect(hint).to_have_text(said)
    page.tap("#end")
    page.wait_for_selector("#ended:not([hidden])")
    assert page.inner_text("#ended .owed") == said
    page.get_by_text("sudah disalin").tap()
    # the review comes by itself, and asks about it
    expect(page.locator("#review .about")).to_have_text("A: Melukai diri")
    page.keyboard.press("Escape")
    expect(hint).to_have_text(said)
    tablet.typed("wj")
    expect(hint).to_have_text("")
    page.tap("#end")
    assert page.locator("#ended .owed").count() == 0


def test_what_the_press_was_answered_stays(unopened, page) -> None:
    """Neither a question that was asked before it and is answered late wipes it away, nor one that was about to be asked."""
    page.clock.install()
    page.reload()
    page.wait_for_selector(CHOOSING)
    late: list[Route] = []
    page.route(
        "**/api/before",
        lambda route: late.append(route) if route.request.post_data_json["dry"] else route.continue_(),
    )
    page.fill("#b-session", "Bu")
    page.clock.run_for(1000)
    while not late:
        page.wait_for_timeout(10)
    page.fill("#b-session", "Bu Sri")
    page.tap(CHOOSING)
    said = page.locator("#b-say")
    expect(said).to_contain_text("belum benar")
    with page.expect_response("**/api/before"):
        late[0].continue_()
    page.clock.run_for(1000)
    assert len(late) == 1
    expect(said).to_contain_text("belum benar")


def test_the_group_chosen_last_is_shown(tmp_path, device) -> None:
    """Two groups are chosen one after the other; the first one's form comes late, and is not shown."""
    unopened = Unopened(tmp_path / "w")
    try:
        for name in ("anggrek", "melati"):
            unopened.tk("group", "new", name)
        page, wrong = open_page(device(), unopened.url)
        late: list[Route] = []
        page.route("**/api/before?*group=anggrek", lambda asked: late.append(asked))  # noqa: PLW0108 - a builtin has no place to be wrapped
        chosen = page.locator("form select").first
        chosen.select_option("anggrek")
        chosen.select_option("melati")
        summary = page.locator("#b-summary")
        expect(summary).to_contain_text("melati/")
        with page.expect_response("**/api/before?*group=anggrek") as answer:
            late[0].continue_()
        answer.value.finished()
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert "melati/" in summary.inner_text()
        assert chosen.input_value() == "melati"
        assert wrong == []
    finally:
        unopened.stop()


def test_the_end_takes_two_presses(unopened, page) -> None:
    """One press asks, and lets go after five seconds; two end the session, show the receipt, and the log is packed."""
    page.tap(CHOOSING)
    live(page)
    page.clock.install()
    page.reload()
    live(page)
    page.tap("#end")
    assert page.inner_text("#end") == "akhiri? tekan lagi"
    page.clock.run_for(5100)
    assert page.inner_text("#end") == "akhiri"
    page.tap("[data-seat=A]")
    page.tap("#end")
    page.tap("#end")
    page.wait_for_selector("#ended:not([hidden])")
    receipt = page.locator("#ended li").all_inner_texts()
    assert len(receipt) == 8
    kinds = [r["t"] for r in unopened.records("mawar/s1")]
    # the seat that was armed is a turn before the end
    assert [kind for kind in kinds if kind in ("turn.taken", "session.closed")] == [
        "turn.taken",
        "session.closed",
    ]
    page.get_by_text("sudah disalin").tap()
    assert page.is_hidden("#ended")
    # a page that comes back has the receipt behind the button
    page.reload()
    page.wait_for_selector("#link[data-link=closed]")
    assert page.is_hidden("#ended")
    page.tap("#end")
    page.wait_for_selector("#ended:not([hidden])")
    assert page.locator("#ended li").all_inner_texts() == receipt
    unopened.stop()
    assert (unopened.root / "groups/mawar/sessions/s1/MANIFEST").is_file()
    unopened.tk("verify", "mawar/s1", "--receipt", " ".join(receipt))
    shown = json.loads(unopened.tk("session", "show", "mawar/s1", "--json"))
    assert shown["opened"]["closed"] is True
    assert unopened.tk("session", "close", "mawar/s1", "--json")


def test_who_was_away_at_the_end_sees_the_receipt(unopened, page) -> None:
    """A page that knew the session open shows the receipt, though its texts come after the news of the end."""
    page.tap(CHOOSING)
    live(page)
    where = page.url
    page.goto("about:blank")
    origin = where.rstrip("/")
    done = page.context.request.post(
        f"{origin}/api/close", data={}, headers={"X-Tkcore": "1", "Origin": origin}
    )
    assert done.ok
    held = []
    page.route("**/api/words", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_response("**/api/events"):
        page.goto(where)
    assert held
    for route in held:
        route.continue_()
    page.wait_for_selector("#ended:not([hidden])")
    assert page.locator("#ended li").count() == 8


def test_a_form_that_did_not_come_is_asked_for_again(unopened, page) -> None:
    """One request of the page before a session is lost: it comes with the next try."""
    lost: list[str] = []

    def form(route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    # no worker, which would ask in the page's place
    device = page.context.browser.new_context(service_workers="block")
    device.add_cookies(page.context.cookies())
    other = device.new_page()
    other.route(re.compile(r"/static/before\.js"), form)
    other.goto(page.url)
    other.wait_for_selector(CHOOSING)
    assert lost
    device.close()


def test_a_receipt_that_does_not_come_is_asked_for_with_a_pause(unopened, page) -> None:
    """While the server has none it is asked every two seconds, no faster; then it is shown."""
    page.tap(CHOOSING)
    live(page)
    asked: list[str] = []

    def receipt(route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, json={"error": {"reason": "resting"}}) if len(
            asked
        ) < 3 else route.continue_()

    page.route("**/api/receipt", receipt)
    where = page.url
    page.goto("about:blank")
    origin = where.rstrip("/")
    page.context.request.post(f"{origin}/api/close", data={}, headers={"X-Tkcore": "1", "Origin": origin})
    page.goto(where)
    page.wait_for_selector("#ended:not([hidden])")
    assert len(asked) == 3


def test_taps_of_a_device_that_was_offline_come_after_the_end(unopened, page) -> None:
    """Ended while a tablet has no network: what was tapped on it is stored when it is back, at its time."""
    page.tap(CHOOSING)
    live(page)
    page.context.set_offline(True)
    page.tap("[data-seat=A]")
    page.tap("[data-seat=B]")
    page.wait_for_selector("#link[data-waiting='1']")
    base = unopened.url.partition("/#")[0]
    headers = {"x-tkcore": "1", "origin": base, "content-type": "application/json"}
    assert page.context.request.post(f"{base}/api/close", headers=headers, data="{}").ok
    page.context.set_offline(False)
    page.wait_for_selector("#link[data-waiting='0']")
    page.wait_for_selector("#ended:not([hidden])")
    found = [r for r in unopened.records("mawar/s1") if r["t"] in ("turn.taken", "session.closed")]
    assert [r["t"] for r in found] == ["session.closed", "turn.taken"]
    assert found[1]["ts"] <= found[0]["ts"]


def test_a_second_observer_waits_until_the_lead_has_begun(unopened, device) -> None:
    """His page says so, and records with the others once the session is open."""
    unopened.stop()
    url = unopened.start("--observer", "obs2:co_therapist")
    link = unopened.process.stdout.readline().strip()
    second = device().new_page()
    second.goto(link)
    second.wait_for_selector("#before:has-text('sedang disiapkan di perangkat lain')")
    lead, wrong = open_page(device(), url)
    lead.tap(CHOOSING)
    live(lead)
    live(second)
    second.tap("[data-seat=A]")
    second.tap("[data-seat=B]")
    second.wait_for_selector("#last li[data-state=stored]")
    found = [(r["observer"], r["t"]) for r in unopened.records("mawar/s1")]
    assert found[-2:] == [("obs2", "observer.joined"), ("obs2", "turn.taken")]
    assert wrong == []


def test_no_text_of_a_group_is_an_element(unopened, device) -> None:
    """What is typed as a name is shown as text wherever it is shown."""
    page, wrong = open_page(device(), unopened.url)
    bad = "<img src=x onerror=alert(1)>"
    page.fill("#b-session", bad[:31])
    page.fill("#b-observer", bad)
    page.tap(CHOOSING)
    page.wait_for_selector("#b-session[aria-invalid=true]")
    assert page.locator("#before img").count() == 0
    assert re.search(r"<img", page.inner_text("#b-summary"))
    assert wrong == []


def test_axe_finds_nothing(unopened, device) -> None:
    """Nor does what is chosen before a session, nor what is said to be wrong in it."""
    page, wrong = open_page(device(), unopened.url)
    for language in ("id", "en"):
        page.evaluate("said => localStorage.setItem('tkcore.language', said)", language)
        page.reload()
        page.fill("#b-session", "Bu Sri")
        page.tap("#b-begin")
        page.wait_for_selector("#b-session[aria-invalid=true]")
        assert page.get_attribute("html", "lang") == language
        assert violations(page) == []
    assert wrong == []


def test_every_text_comes_from_where_it_can_be_translated(unopened, device) -> None:
    """With all that can be translated in full-width letters no word is left in others."""
    context = device()
    context.add_init_script(THIRD)
    page, _ = open_page(context, unopened.url)
    assert sorted(untranslated(page)) == []
