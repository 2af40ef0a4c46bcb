"""The page in the room: the screen, the battery, what a patient sees, the dark, and how numbers are written."""

from __future__ import annotations

import re

import pytest
from tapping import HOLD

BATTERY = """navigator.getBattery = async () => window.battery ||=
    Object.assign(new EventTarget(), {level: 0.15, charging: false});"""
REFUSED = "Object.defineProperty(navigator, 'wakeLock', {value: {request: async () => { throw new Error('no'); }}});"
GRANTED = """window.locks = [];
Object.defineProperty(navigator, 'wakeLock', {value: {request: async () => {
    const lock = new EventTarget();
    window.locks.push(lock);
    return lock;
}}});"""
LEAST = """() => {
    const style = getComputedStyle(document.documentElement);
    const veil = 1 - Number(getComputedStyle(document.body, '::after').opacity);
    const light = (name) => {
        const hex = style.getPropertyValue(name).trim().slice(1).replace(/^(.)(.)(.)$/, '$1$1$2$2$3$3');
        const part = (i) => {
            const c = veil * parseInt(hex.slice(i, i + 2), 16) / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        };
        return 0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4);
    };
    const found = [];
    for (const ink of ['--ink', '--soft', '--warn'])
        for (const ground of ['--ground', '--raised']) {
            const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
            found.push((high + 0.05) / (low + 0.05));
        }
    return Math.min(...found);
}"""


def again(tablet, *scripts: str):
    """Load the page again in a browser that is made so."""
    for script in scripts:
        tablet.page.add_init_script(script)
    tablet.page.reload()
    return tablet.live()


def test_a_screen_that_may_go_off_is_said(tablet) -> None:
    """Where the screen is not kept on, a hint says so; where it is, nothing is said."""
    again(tablet, REFUSED)
    tablet.page.wait_for_selector("#device:has-text('layar bisa mati')")


def test_a_screen_is_asked_for_again(tablet) -> None:
    """A lock that was taken away is said, and asked for again when the page comes to the front."""
    page = again(tablet, GRANTED).page
    assert page.inner_text("#device") == ""
    assert page.evaluate("locks.length") == 1
    page.evaluate("locks[0].dispatchEvent(new Event('release'))")
    page.wait_for_selector("#device:has-text('layar bisa mati')")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => locks.length === 2")
    page.wait_for_function("() => document.getElementById('device').textContent === ''")


def test_mains_and_network_go_in_the_same_minute(served, tablet) -> None:
    """The tablet goes on by its battery and its own disk; both are said, and nothing is lost."""
    page = tablet.page
    page.add_init_script(BATTERY)
    page.reload()
    tablet.live()
    tablet.seats("AB")
    tablet.settled()
    page.context.set_offline(True)
    page.evaluate(
        "battery.charging = false; battery.level = 0.28; battery.dispatchEvent(new Event('levelchange'))"
    )
    tablet.seats("BC CD")
    page.wait_for_selector("#link[data-link=away][data-waiting='2']")
    assert "28%" in page.inner_text("#device")
    page.context.set_offline(False)
    tablet.settled()
    assert served.said() == ["A>B", "B>C", "C>D"]


@pytest.mark.parametrize(
    "what",
    ["window.dispatchEvent(new Event('online'))", "Date.now = (now => () => now() + 60_000)(Date.now)"],
)
def test_it_listens_anew_after_a_gap(tablet, what: str) -> None:
    """With the network back, or awake again: a stream from before may be cut off without a word."""
    with tablet.page.expect_request("**/api/events"):
        tablet.page.evaluate(what)
    tablet.live()


def test_a_low_battery_is_said_by_the_language(tablet) -> None:
    """Under 20 % a warning with the percentage, under 30 % without; nothing while it is charged."""
    page = again(tablet, GRANTED, BATTERY).page
    page.wait_for_selector("#device[data-low]:has-text('baterai 15%')")
    page.evaluate("battery.level = 0.28; battery.dispatchEvent(new Event('levelchange'))")
    page.wait_for_selector("#device:not([data-low]):has-text('baterai 28%')")
    page.evaluate("battery.charging = true; battery.dispatchEvent(new Event('chargingchange'))")
    page.wait_for_function("() => document.getElementById('device').textContent === ''")


def test_a_device_that_does_not_say_is_not_asked(tablet) -> None:
    """Without a battery to be read and without a way to keep the screen on the page works, and no error is raised."""
    page = again(
        tablet,
        "navigator.getBattery = undefined; Object.defineProperty(navigator, 'wakeLock', {value: undefined});",
    ).page
    page.wait_for_selector("#device:has-text('layar bisa mati')")
    assert page.inner_text("#device") == "layar bisa mati"


def test_what_a_patient_sees(served, tablet) -> None:
    """The circle, what is noted and what is not, the time; nothing of the recording, which goes on by keys. Held, it goes."""
    page = tablet.page
    tablet.tap("#show")
    cover = page.locator("#patient")
    assert cover.bounding_box() == {"x": 0, "y": 0, "width": 1024, "height": 768}
    assert cover.locator("b").inner_text() == "tanpa suara, tanpa kamera"
    assert re.fullmatch(r"\d\d\.\d\d", cover.locator("time").inner_text())
    assert (
        cover.locator("em").inner_text()
        == "yang dicatat: siapa berbicara kepada siapa, dengan huruf, tanpa nama"
    )
    assert cover.locator("span").inner_text() == "tahan untuk kembali"
    assert cover.locator("u").all_inner_texts() == ["K", "A", "B", "C", "D", "E", "F", "T"]
    assert all(
        page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('#patient') !== null", spot)
        for spot in ([5, 5], [300, 300], [800, 300], [500, 700])
    )
    assert page.locator("main").evaluate("e => e.inert")
    tablet.press("1", "2")
    tablet.tap("#patient")
    assert cover.is_visible()
    cover.evaluate(HOLD, False)
    assert cover.is_hidden()
    tablet.settled()
    assert served.said() == ["A>B"]


def test_hiding_by_a_finger(tablet) -> None:
    """The tap that covers the page does not uncover it."""
    tablet.tap("#hide")
    tablet.page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert tablet.page.locator("#veil").is_visible()
    tablet.tap("#veil")
    assert tablet.page.locator("#veil").is_hidden()


@pytest.mark.parametrize(
    ("look", "scheme"), [("", "dark"), ("", "light"), ("dark", "light"), ("light", "dark"), ("dim", "light")]
)
def test_text_can_be_read_in_every_look(served, device, look: str, scheme: str) -> None:
    """Ink, soft ink and warnings have 4.5:1 on both grounds, under the veil too."""
    page = device(color_scheme=scheme).new_page()
    page.add_init_script(f"localStorage.setItem('tkcore.look', '{look}')")
    page.goto(served.url)
    page.wait_for_selector("html[data-ready]")
    if look != "dim":
        assert page.evaluate(LEAST.replace("getComputedStyle(document.body, '::after').opacity", "0")) >= 4.5
    else:
        assert page.evaluate("getComputedStyle(document.body, '::after').opacity") == "0.35"
        assert page.evaluate(LEAST) >= 4.5


def test_a_look_is_chosen_and_kept(served, tablet) -> None:
    """Chosen in the settings by touch, in force at once and before anything is drawn the next time."""
    page = tablet.page
    tablet.tap("#set")
    page.locator("#settings label", has_text="sangat gelap").tap()
    assert page.get_attribute("html", "data-look") == "dim"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(0, 0, 0)"
    # the page without its scripts, in a browser that is set to light
    page.emulate_media(color_scheme="light")
    page.route("**/static/app.js", lambda route: route.abort())
    page.reload(wait_until="load")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(0, 0, 0)"
    seen = page.screenshot(type="png")
    bright = page.evaluate(
        """async (bytes) => {
            const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
            canvas.drawImage(picture, 0, 0);
            const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
            return data.reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / data.length;
        }""",
        list(seen),
    )
    assert bright < 8
    tablet.wrong.clear()


def test_settings_by_keys(served, tablet) -> None:
    """While the focus is among the settings keys record nothing; Esc leaves, and they record again."""
    page = tablet.page
    page.locator("#set").focus()
    page.keyboard.press("Tab")
    page.locator("#set").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#settings:focus")
    page.keyboard.press("Tab")
    tablet.press("1", "2", "ArrowDown")
    assert page.get_attribute("html", "data-look") == "dark"
    page.keyboard.press("Escape")
    page.wait_for_selector("#settings", state="hidden")
    tablet.press("2", "3")
    tablet.settled()
    assert served.said() == ["B>C"]


def test_numbers_and_times_by_language(tablet) -> None:
    """Indonesian times have points, English ones colons."""
    page = tablet.page
    tablet.seats("AB")
    assert re.fullmatch(r"0\.00\.\d\d", page.inner_text("#clock"))
    assert re.fullmatch(r"0\.00\.\d\d", page.inner_text("#last time >> nth=0"))
    tablet.tap("#tongue")
    assert re.fullmatch(r"0:00:\d\d", page.inner_text("#clock"))
    said = "async (n) => { const w = await import('/static/words.js'); return [w.t('{n}', {n}), w.percent(0.155)]; }"
    assert page.evaluate(said, 1234) == ["1,234", "16%"]
    tablet.tap("#tongue")
    assert page.evaluate(said, 1234) == ["1.234", "16%"]


@pytest.mark.parametrize("size", [(320, 568), (512, 384)])
@pytest.mark.parametrize("cover", ["", "#set", "#show"])
def test_nothing_runs_out_at_the_side(served, device, size: tuple[int, int], cover: str) -> None:
    """At 320 px, and at a tablet's size with everything twice as large, all that is there can be reached by going down."""
    page = device(viewport={"width": size[0], "height": size[1]}).new_page()
    page.goto(served.url)
    page.wait_for_selector("#link[data-link=live]")
    if cover:
        page.locator(cover).tap()
        page.wait_for_selector("#settings section" if cover == "#set" else "#patient")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    out = page.eval_on_selector_all(
        "button, p, label, li, time, b",
        """es => es.filter(e => e.checkVisibility() && !e.closest('.unseen')).map(e => [e.id || e.className, e.getBoundingClientRect()])
            .filter(([, b]) => b.width && (b.left < -1 || b.right > innerWidth + 1)).map(([name]) => name)""",
    )
    assert out == []
