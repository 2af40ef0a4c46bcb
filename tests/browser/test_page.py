"""What the page shows and to whom: sizes, languages, what others in the room may see, where it asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tapping import HOLD, Tablet

from tkcore.talk import translator
from tkcore.web.words import WORDS, words

STATIC = Path(__file__).resolve().parents[2] / "src/tkcore/web/static"
SCRIPTS = sorted(STATIC.glob("*.js"))
ENGLISH = {"Esc", "Enter", "Space"}
"""Names of keys."""
HELD = """async (selector) => {
    const button = document.querySelector(selector), box = button.getBoundingClientRect();
    const at = {bubbles: true, pointerId: 1, button: 0, clientX: box.x + 5, clientY: box.y + 5};
    button.dispatchEvent(new PointerEvent('pointerdown', at));
    await new Promise(done => setTimeout(done, 800));
    window.seen = button.querySelector('span').textContent;
    button.dispatchEvent(new PointerEvent('pointerup', at));
}"""
"""A finger that lies on a button; `seen` is what it says meanwhile."""


def said(text: str) -> set[str]:
    """Return what a script looks up: a literal handed to `t`, to a hint, or standing in a list of words."""
    found = re.findall(r'(?:(?:(?<![\w.])t|\.hint|\.say|\.show)\(|title:)\s*"((?:[^"\\]|\\.)*)"', text)
    found += re.findall(r'^  \["[^"]+", (?:"[^"]+", )?"([^"]+)"', text, re.MULTILINE)
    return set(found)


def test_every_text_of_the_page_is_in_the_list_and_each_of_the_list_on_the_page() -> None:
    """What the scripts say is what `words.py` holds for translation."""
    texts = set().union(*(said(path.read_text()) for path in SCRIPTS))
    whole = "".join(path.read_text() for path in SCRIPTS)
    assert texts - set(WORDS) == set()
    assert [text for text in WORDS if f'"{text}"' not in whole] == []
    assert len(WORDS) == len(set(WORDS))


def test_every_text_of_the_page_has_a_translation() -> None:
    """No text of the page is left without an Indonesian one."""
    catalogue = translator("id")._catalog  # type: ignore[attr-defined]
    assert [text for text in WORDS if not catalogue.get(text)] == []
    assert set(words()["id"]) == set(words()["en"]) == set(WORDS)


def test_the_offline_page_is_the_whole_page() -> None:
    """The service worker keeps every file the page is made of, and no file that is none."""
    listed = set(re.findall(r'"/static/([\w.]+)"', (STATIC / "sw.js").read_text()))
    assert listed == {path.name for path in STATIC.iterdir()} - {
        "index.html",
        "sw.js",
        "install.html",
        "install.css",
        "sheet.css",
    }


def needed_by(script: str) -> list[str]:
    """Return all that a script imports, directly or not."""
    found, ahead = {script}, [script]
    while ahead:
        text = (STATIC / ahead.pop()).read_text()
        more = set(re.findall(r'^import [^;]*?from "\./([\w.]+)"', text, re.MULTILINE)) - found
        found |= more
        ahead += more
    return sorted(found - {script})


def test_what_the_page_is_made_of_is_asked_for_at_once() -> None:
    """The page names every script before it is drawn, so that none waits for another to name it; what begins first, first."""
    scripts = re.findall(
        r'<(?:script type="module"(?: async)? src|link rel="modulepreload" href)="/static/([\w.]+)"',
        (STATIC / "index.html").read_text(),
    )
    first = ["start.js", *needed_by("start.js")]
    assert scripts == [*first, *(one for one in needed_by("app.js") if one not in first), "app.js"]


def test_every_sheet_means_the_same_by_a_small_screen() -> None:
    """What scrolls instead of standing side by side is one condition, written in each sheet that needs it."""
    found = {
        line.partition("{")[0].strip()
        for path in STATIC.glob("*.css")
        for line in path.read_text().splitlines()
        if line.startswith("@media (max-width: 880px)")
    }
    assert len(found) == 1


def test_the_page_is_small(served, device) -> None:
    """Less than 150 KB come over the wire until it takes taps, all that it asks for counted."""
    page = device(service_workers="block").new_page()
    wire = page.context.new_cdp_session(page)
    came: list[float] = []
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    Tablet(page).open(served.url).live()
    assert len(came) > 40
    assert 0 < sum(came) < 150_000


def test_the_page_has_nothing_inline() -> None:
    """No style and no script inside the page, no address of anybody else."""
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)
    for path in STATIC.iterdir():
        assert set(re.findall(r"https?://[^\s\"')]+", path.read_text())) <= {"http://www.w3.org/2000/svg"}


def test_nothing_is_asked_of_anybody_else(served, device) -> None:
    """Every request goes to this machine; the token is in no address afterwards, the title says nothing."""
    page = device().new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    page.wait_for_selector("#link[data-link=live]")
    origin = served.url.partition("/#")[0]
    assert asked
    assert all(url.startswith(origin + "/") for url in asked)
    assert page.url == origin + "/"
    assert page.title() == "tkcore"
    page.go_back()
    assert "#" not in page.url or page.url == "about:blank"


def boxes(page, selector: str) -> list[tuple[float, float]]:
    return page.eval_on_selector_all(
        selector,
        "es => es.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect()).map(b => [b.width, b.height])",
    )


@pytest.mark.parametrize("size", [(1024, 768), (1280, 800), (1366, 650), (1024, 690), (320, 568)])
def test_targets_are_large_enough(served, device, size: tuple[int, int]) -> None:
    """Seats 72 px, codes and families 56, everything else 24, at any size; nothing runs out at the side."""
    page = device(viewport={"width": size[0], "height": size[1]}).new_page()
    page.goto(served.url)
    page.wait_for_selector("#link[data-link=live]")
    for selector, least in (
        (".seat", 72),
        (".code", 56),
        (".family", 56),
        ("#acts button", 56),
        ("button", 24),
    ):
        found = boxes(page, selector)
        assert found
        assert min(min(box) for box in found) >= least, selector
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size[0] >= 1024:
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        rects = page.eval_on_selector_all(
            "button", "es => es.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().toJSON())"
        )
        for i, a in enumerate(rects):
            assert a["bottom"] <= size[1]
            for b in rects[i + 1 :]:
                apart = (
                    a["right"] <= b["left"]
                    or b["right"] <= a["left"]
                    or a["bottom"] <= b["top"]
                    or b["bottom"] <= a["top"]
                )
                assert apart, (a, b)


def test_both_languages(served, tablet) -> None:
    """The page begins in the workspace's language, changes with one tap, and no English is left on the Indonesian page."""
    page = tablet.page
    tablet.seats("AB C.")
    tablet.typed("uu")
    tablet.settled()
    tablet.tap("#help")
    indonesian, english = page.inner_text("body"), set(words()["en"]) - set(words()["id"].values())
    assert page.get_attribute("html", "lang") == "id"
    assert "tanpa suara, tanpa kamera" in indonesian
    lines = {line.strip() for line in indonesian.splitlines()}
    assert lines & (english - ENGLISH) == set()
    tablet.tap("#tongue")
    assert page.get_attribute("html", "lang") == "en"
    assert "no sound, no camera" in page.inner_text("body")
    page.reload()
    tablet.live()
    assert page.get_attribute("html", "lang") == "en"


def test_discreet_codes_show_two_letters(tablet) -> None:
    """A code that is nobody's business shows its letters; its words while it is held, or with the help; then none is stored."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    tablet.press("r")
    tile = page.locator("[data-code=rh]")
    assert tile.inner_text() == "rh"
    tile.dispatch_event("pointerdown", {"pointerId": 1, "button": 0})
    page.clock.run_for(700)
    assert "kambing hitam" in tile.inner_text()
    tile.dispatch_event("pointerup", {"pointerId": 1, "button": 0})
    assert tile.inner_text() == "rh"
    assert tablet.last() == []
    tablet.tap("#help")
    assert "kambing hitam" in page.locator("[data-code=rh]").inner_text()


def test_a_held_entry_says_the_words_of_its_code(tablet) -> None:
    """In the strip and among what was searched as on its tile; lifting does nothing else."""
    page = tablet.page
    tablet.seats("A")
    tablet.code("rh")
    tablet.settled()
    what = page.locator("#last span").first
    assert what.inner_text() == "A: rh"
    page.evaluate(HELD, "#last .touch")
    assert what.inner_text() == "A: rh"
    assert page.evaluate("seen") == "A: Dijadikan kambing hitam"
    assert page.locator("[data-offer]:visible").count() == 0
    tablet.press("\\")
    page.keyboard.type("kambing")
    assert page.inner_text("[data-code=rh]") == "rh"
    page.evaluate(HELD, "[data-code=rh]")
    assert "kambing hitam" in page.evaluate("seen")
    assert page.inner_text("[data-code=rh]") == "rh"
    tablet.settled()
    assert len(tablet.last()) == 1


def test_a_tap_on_a_busy_device_is_no_held_finger(tablet) -> None:
    """Lifted at once, told late: a tap on seats, a family and its code."""
    page = tablet.page
    for what in ("[data-seat=T]", "[data-seat=A]", ".family >> nth=5", "[data-code=nn]"):
        page.locator(what).evaluate(HOLD, True)
    tablet.settled()
    assert tablet.last() == ["!nn stored", "T>A stored"]
    assert page.locator("[data-code=nn]").count() == 0
    for shown in (1, 0):  # a press opens the family, the next one closes it
        page.locator(".family >> nth=5").evaluate(HOLD, True)
        assert page.locator("[data-code=nn]").count() == shown


def test_a_slow_finger_on_the_seat_that_is_waited_for(tablet) -> None:
    """A held seat shows what it can do; while somebody is armed, or a code waits for its seat, it is what was waited for."""
    page = tablet.page
    page.locator("[data-seat=T]").evaluate(HOLD, False)
    page.wait_for_selector("[data-offer]")
    tablet.seats("T")
    page.locator("[data-seat=A]").evaluate(HOLD, False)
    tablet.code("hh")
    page.locator("[data-seat=B]").evaluate(HOLD, False)
    tablet.settled()
    assert tablet.last() == ["B!hh stored", "T>A stored"]


def test_hiding_by_a_finger(tablet) -> None:
    """The tap that covers the page does not uncover it; the next one does."""
    veil = tablet.page.locator("#veil")
    tablet.tap("#hide")
    tablet.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert veil.is_visible()
    tablet.tap("#veil")
    assert veil.is_hidden()


def test_one_key_hides_everything_and_recording_goes_on(served, tablet) -> None:
    """The backtick covers the page; keys go on recording; again it is there."""
    page = tablet.page
    tablet.press("`", "1", "2")
    veil = page.locator("#veil")
    box = veil.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1024, 768)
    assert page.evaluate("document.elementFromPoint(300, 300).id") == "veil"
    tablet.press("`")
    assert veil.is_hidden()
    tablet.settled()
    assert served.said() == ["A>B"]


def test_what_is_the_case_is_said_without_colour(tablet) -> None:
    """Who is armed, who speaks and who is spoken to is in each seat's name and in the shape of its edge."""
    page = tablet.page
    tablet.seats("AB C")

    def of(seat: str) -> tuple[str, str, str]:
        edge = page.locator(f"[data-seat={seat}]").evaluate("e => getComputedStyle(e).borderStyle")
        found = page.locator(f"[data-seat={seat}]")
        return found.get_attribute("aria-label"), found.get_attribute("aria-pressed"), edge

    assert of("A") == ("kursi A, berbicara", "false", "double")
    assert of("B") == ("kursi B, diajak bicara", "false", "dashed")
    assert of("C")[:2] == ("kursi C", "true")
    assert page.inner_text("#group b") == "C →"
    page.wait_for_function("document.getElementById('aloud').textContent === 'A → B'")


def test_the_silence_timer(tablet) -> None:
    """While nobody speaks the time of it is shown from 3 s on, with marks at 10, 30 and 60 s."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    silence = page.locator("#silence")
    tablet.seats("AB")
    tablet.settled()
    page.clock.run_for(30_000)
    assert silence.inner_text() == ""
    tablet.press("Space")
    tablet.settled()
    # a minute of the page without a sign of life: it would ask the server, whose time has stood
    page.context.set_offline(True)
    page.clock.run_for(1000)
    assert silence.inner_text() == ""
    page.clock.run_for(2500)
    assert silence.inner_text().startswith("hening 0.0")
    page.clock.run_for(8000)
    assert silence.get_attribute("data-mark") == "1"
    page.clock.run_for(50_000)
    assert silence.get_attribute("data-mark") == "3"


def test_a_palm_on_the_header_hides_everything(tablet) -> None:
    """Beside the buttons of the header, too; on a button it is that button."""
    page = tablet.page
    page.locator("#session").tap()
    assert page.locator("#veil").is_visible()
    tablet.tap("#veil")
    tablet.tap("#set")
    assert page.locator("#veil").is_hidden()


def test_a_sign_tells_strangers_apart(tablet) -> None:
    """A word or a shape on a disc, in the memory of this page and on no disk; after a reload the letter is left."""
    page = tablet.page
    seat = page.locator("[data-seat=D]")
    seat.evaluate(HOLD, False)
    page.get_by_role("button", name="tanda untuk D").tap()
    page.get_by_role("button", name="kata", exact=True).tap()
    page.keyboard.type("topi 12")
    page.keyboard.press("Enter")
    assert seat.locator("em").inner_text() == "topi 1"
    assert tablet.last() == []
    page.locator("[data-seat=E]").evaluate(HOLD, False)
    page.get_by_role("button", name="tanda untuk E").tap()
    page.locator("[data-offer='▲']").tap()
    assert page.locator("[data-seat=E] em").inner_text() == "▲"
    page.set_viewport_size({"width": 320, "height": 640})
    seat.evaluate(HOLD, False)
    page.get_by_role("button", name="tanda untuk D").tap()
    page.get_by_role("button", name="kata", exact=True).tap()
    assert page.locator("#sign").evaluate("e => document.activeElement === e")
    middle = "e => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }"
    (x, y), (u, v) = page.locator("#sign").evaluate(middle), seat.evaluate(middle)
    assert abs(x - u) < 12, (x, u)
    assert abs(y - v) < 12, (y, v)
    page.keyboard.type("kaus")
    page.locator("[data-seat=A]").tap()
    assert page.locator("#sign").count() == 0
    assert seat.locator("em").inner_text() == "kaus"
    page.set_viewport_size({"width": 1024, "height": 768})
    tablet.press("Escape")
    seat.evaluate(HOLD, False)
    page.get_by_role("button", name="tanda untuk D").tap()
    page.get_by_role("button", name="merah").tap()
    assert seat.locator("em[data-colour=red]").inner_text() == "merah"
    tablet.press("Escape")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "topi" not in kept
    page.reload()
    tablet.live()
    assert seat.locator("em").inner_text() == ""


LETTERS = "ABCDEFGHIJLMNOPQRSUV"
APART = """() => {
    const boxes = [...document.querySelectorAll('#circle button')].map(b => b.getBoundingClientRect());
    const found = [];
    boxes.forEach((b, i) => boxes.slice(0, i).forEach(c => {
        const [x, y] = [b.x + b.width / 2 - c.x - c.width / 2, b.y + b.height / 2 - c.y - c.height / 2];
        const square = Math.max(Math.abs(x) - (b.width + c.width) / 2, Math.abs(y) - (b.height + c.height) / 2);
        const round = [b, c].every(one => Math.abs(one.width - one.height) < 1);
        const gap = round ? Math.hypot(x, y) - (b.width + c.width) / 2 : square;
        found.push(gap);
    }));
    const place = document.getElementById('floor').getBoundingClientRect();
    return [Math.min(...found), boxes.every(b => b.left >= place.left && b.right <= place.right && b.top >= place.top)];
}"""
"""The least gap between two discs, and whether all lie inside."""


@pytest.mark.slow
@pytest.mark.parametrize("members", [6, 10, 12, 16, 20])
def test_discs_keep_apart(tablet, members) -> None:
    """However many sit there, 8 px lie between two discs, on every screen."""
    page = tablet.page

    def crowd(route) -> None:
        said = route.fetch().json()
        seats = [s for s in said["seats"] if s["role"] != "member"]
        one = {"role": "member", "inside": True, "scope": "full"}
        seats += [{**one, "seat": sign, "place": n + 9} for n, sign in enumerate(LETTERS[:members])]
        route.fulfill(json={**said, "seats": seats})

    page.route("**/api/state", crowd)
    page.reload()
    tablet.live()
    assert page.locator(".seat").count() == members + 2
    for width, height in ((1024, 768), (1366, 768), (1366, 650), (800, 1280), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(100)
        gap, inside = page.evaluate(APART)
        assert (gap >= 7.5, inside) == (True, True), (width, height, gap)


PROMISED = """([name, blind]) => {
    document.getElementById('session').textContent = name;
    for (const id of ['blind', 'bare']) document.getElementById(id).hidden = !blind;
    document.getElementById('blind').textContent = 'tanda pencatat lain tidak tampil';
    document.getElementById('bare').textContent = 'tanpa offline';
    const all = [...document.querySelectorAll('#top button')].map(b => b.getBoundingClientRect().right);
    return [...document.querySelectorAll('#promise, #blind')].filter(p => !p.hidden)
        .filter(p => p.scrollWidth > p.clientWidth || p.scrollHeight > p.clientHeight + 2).map(p => p.id)
        .concat(Math.max(...all) > innerWidth ? ['buttons'] : []);
}"""
"""What of the header is cut off."""


@pytest.mark.slow
@pytest.mark.parametrize("language", ["id", "en"])
def test_the_promise_is_never_cut(tablet, language: str) -> None:
    """'No sound, no camera' stands whole beside the longest name, on every screen; the name gives way."""
    page = tablet.page
    if page.get_attribute("html", "lang") != language:
        tablet.tap("#tongue")
    for width, height in (
        (1366, 650),
        (1024, 768),
        (960, 800),
        (900, 1000),
        (800, 1280),
        (768, 1024),
        (320, 640),
    ):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("g/s", "mawar-pagi/2026-11-26", f"{'m' * 31}/{'n' * 31}"):
            for blind in (False, True):
                assert page.evaluate(PROMISED, [name, blind]) == [], (width, name, blind)


def test_events_a_minute(served, tablet) -> None:
    """What was tapped in the last minute and holds; afterwards nothing."""
    page = tablet.page
    page.clock.install()
    page.reload()
    tablet.live()
    tablet.seats("AB CD EF")
    tablet.tap("#undo")
    tablet.settled()
    page.clock.run_for(1000)
    assert page.inner_text("#rate") == "2/menit"
    page.context.set_offline(True)
    page.clock.run_for(60_000)
    assert page.inner_text("#rate") == "0/menit"


def test_open_contracts_are_seen_near_the_end(tablet, served) -> None:
    """From ten minutes before the planned end a member's disc says it, until the contract is settled."""
    page = tablet.page
    tablet.seats("AT")
    tablet.typed("jj")
    tablet.settled()

    def planned(minutes: int) -> None:
        def say(route) -> None:
            said = route.fetch().json()
            route.fulfill(json={**said, "planned": said["clock"]["now"] + minutes * 60_000})

        page.unroute_all()
        page.route("**/api/state", say)
        page.reload()
        tablet.live()

    planned(11)
    assert page.locator("[data-owing]").count() == 0
    planned(9)
    page.wait_for_selector("[data-seat=A][data-owing]")
    assert "ada kontrak yang terbuka" in page.get_attribute("[data-seat=A]", "aria-label")
    assert page.locator("[data-owing]").count() == 1
    # what was said in the room is in no clear words on this device's disk
    kept = "async () => (await (await import('/static/queue.js')).open()).kept('state')"
    assert page.evaluate(kept)["state"]["owing"] == []
    tablet.seats("AT")
    tablet.typed("js")
    page.wait_for_selector("[data-seat=A]:not([data-owing])")


TWICE = """button => {
    const box = button.getBoundingClientRect();
    const at = {bubbles: true, pointerId: 1, button: 0, clientX: box.x + 5, clientY: box.y + 5};
    for (const kind of ['pointerdown', 'pointerup', 'pointerdown', 'pointerup'])
        button.dispatchEvent(new PointerEvent(kind, at));
}"""
"""A finger that trembles: no machine is so busy that the second tap comes late."""


def test_a_double_tap_is_one_tap(served, tablet) -> None:
    """The armed seat again within a second is once, which is said; later it is to the group. So with who speaks in quick mode."""
    page = tablet.page

    def twice(seat: str) -> None:
        page.locator(f"[data-seat={seat}]").evaluate(TWICE)
        assert page.inner_text("#hint") == f"{seat} dua kali: dicatat sekali"

    twice("A")
    twice("B")
    tablet.seats("CC")
    tablet.tap("#quick")
    twice("D")
    page.wait_for_timeout(1050)
    tablet.seats("D")
    tablet.settled()
    assert served.said() == ["A>B", "C>*", "D>C", "_"]
