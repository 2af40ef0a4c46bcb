"""What waits on a device cannot be read there by whoever finds it, and is neither lost nor out of its order for that."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import ARGS, Tablet

WORDS = "menyuruh istrinya pulang ke Wonogiri"
KEEP = """async ([line, at]) => {
    const { open } = await import("/static/queue.js");
    const { Waiting } = await import("/static/waiting.js");
    const waiting = new Waiting(await open());
    const { queue, observer } = await (await fetch("/api/state")).json();
    await waiting.of(queue, observer);
    await waiting.add(line, at, {}).kept;
}"""
MARK = """async (said) => {
    const { open } = await import("/static/queue.js");
    await (await open()).keep("mark", said);
}"""
ITEMS = """() => new Promise(done => {
    const asked = indexedDB.open('tkcore', 1);
    asked.onsuccess = () => {
        const all = asked.result.transaction('queue').objectStore('queue').getAll();
        all.onsuccess = () => { asked.result.close(); done(all.result); };
    };
})"""


@pytest.fixture
def profile(chromium, tmp_path: Path) -> Iterator[Callable]:
    """A browser that keeps its files in a folder, begun and ended by hand."""
    folder = tmp_path / "profile"

    @contextmanager
    def begun() -> Iterator[BrowserContext]:
        context = chromium.browser_type.launch_persistent_context(
            folder, executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=ARGS,
            viewport={"width": 1024, "height": 768}, has_touch=True, locale="id-ID",
        )  # fmt: skip
        yield context
        context.close()

    begun.folder = folder
    return begun


def found(folder: Path, *words: str) -> set[str]:
    """Return which of the words are in any file of a browser, in either of its ways of writing."""
    there = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            there |= {word for word in words if word.encode() in data or word.encode("utf-16-le") in data}
    return there


def opened(page: Page, url: str) -> Tablet:
    tablet = Tablet(page).open(url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return tablet


def test_what_waits_is_in_no_file_of_the_browser(served, profile) -> None:
    """Turns, an armed seat and a note that wait: their words are in no byte of the browser's files, those of a test mark are."""
    with profile() as context:
        tablet = opened(context.new_page(), served.url).live()
        tablet.page.evaluate(KEEP, [f"#B: {WORDS}", 0])
        tablet.page.evaluate(MARK, "a mark to be found by")
        tablet.page.evaluate("localStorage.setItem('mark', 'another to be found by')")
        served.kill()
        tablet.seats("FE EF C")
        tablet.page.wait_for_selector("#link[data-link=away]")
        assert len(tablet.page.evaluate(ITEMS)) == 3
    marks = ("a mark to be found by", "another to be found by")
    said = (WORDS, '"line', "F>E", "E>F", "C>?")
    assert found(profile.folder, *marks) == set(marks)
    assert found(profile.folder, *said) == set()


def test_nothing_is_left_once_it_is_stored_and_closed(served, profile) -> None:
    """A note that was acknowledged, in a session that is closed: no words, no queue, no room; not even in deleted bytes."""
    with profile() as context:
        tablet = opened(context.new_page(), served.url).live()
        tablet.page.evaluate(KEEP, [f"#B: {WORDS}", 0])
        tablet.page.reload()
        tablet.live().settled()
        tablet.page.wait_for_function(
            "() => !Object.keys(localStorage).some(k => k.startsWith('tkcore.tap.'))"
        )
        assert tablet.page.evaluate(ITEMS) == []
        assert [r["t"] for r in served.records()] == ["note.written"]

        def closed(route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, json={**answer.json(), "closed": True})

        tablet.page.route("**/api/state", closed)
        tablet.page.reload()
        tablet.page.wait_for_selector("#link[data-link=closed]")
        kept = "async () => (await (await import('/static/queue.js')).open()).kept('state')"
        assert tablet.page.evaluate(kept) is None
        assert tablet.page.evaluate("sessionStorage.length") == 0
    assert found(profile.folder, WORDS) == set()


def test_a_page_loaded_again_reads_what_it_has_sealed(served, tablet) -> None:
    """Without a server a page that is loaded again shows the words of what waits, and goes on from them."""
    page = tablet.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    served.kill()
    tablet.seats("AB")
    tablet.typed("uu")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert tablet.last() == ["!uu noted", "A>B noted"]
    tablet.tap("#reply")
    served.start()
    tablet.settled()
    assert served.said() == ["A>B", "A!mark.disclosure", "B>A"]


def test_a_browser_that_was_ended_shows_how_much_waits(served, profile) -> None:
    """Ended and begun again without a server: number and order are seen, no words; undo takes back the right one."""
    with profile() as context:
        tablet = opened(context.new_page(), served.url).live()
        served.kill()
        tablet.seats("AB BC")
        tablet.typed("uu")
        tablet.page.wait_for_selector("#link[data-link=away][data-waiting='3']")
    with profile() as context:
        tablet = opened(context.new_page(), served.url.partition("#")[0])
        page = tablet.page
        page.wait_for_selector("#link[data-waiting='3']")
        assert tablet.last() == ["… noted", "… noted", "… noted"]
        assert page.inner_text("#silence") == ""
        tablet.press("Backspace")
        assert tablet.last() == ["… noted undone", "… noted", "… noted"]
        tablet.seats("CD")
        served.start()
        tablet.settled()
        said, kept = served.said(), served.records()
        assert [*said[:3], *said[4:]] == ["A>B", "B>C", "B!mark.disclosure", "C>D"]
        assert (kept[3]["t"], kept[3]["record_id"]) == ("record.retracted", kept[2]["id"])
        assert tablet.last() == ["C>D stored", "B!uu>C stored undone", "B>C stored"]
        assert tablet.wrong == []


def test_what_was_damaged_on_the_disk_is_refused_and_the_rest_is_stored(served, tablet) -> None:
    """One byte of a sealed tap is changed on the device: that one is shown as refused, nothing false is stored."""
    page = tablet.page
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    served.kill()
    tablet.seats("AB BC CD")
    page.wait_for_selector("#link[data-link=away][data-waiting='3']")
    page.evaluate(
        """() => new Promise(done => {
            const asked = indexedDB.open('tkcore', 1);
            asked.onsuccess = () => {
                const way = asked.result.transaction('queue', 'readwrite');
                const all = way.objectStore('queue').getAll();
                all.onsuccess = () => {
                    const [, second] = all.result;
                    const last = second.sealed.at(-6);
                    second.sealed = second.sealed.slice(0, -6) + (last === 'A' ? 'B' : 'A') + second.sealed.slice(-5);
                    way.objectStore('queue').put(second);
                };
                way.oncomplete = () => { asked.result.close(); done(); };
            };
        })"""
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")
    served.start()
    tablet.settled()
    assert served.said() == ["A>B", "C>D"]
    assert [line.rpartition(" ")[2] for line in tablet.last()].count("refused") == 1


def test_the_words_of_a_burst_are_all_sealed(served, tablet) -> None:
    """A thousand turns in one breath need more key stream than there is: they wait for it in their order."""
    page = tablet.page
    page.context.set_offline(True)
    count = page.evaluate(
        """async () => {
            const { open } = await import("/static/queue.js");
            const { Waiting } = await import("/static/waiting.js");
            const waiting = new Waiting(await open());
            await waiting.of({name: "0123456789abcdef", key: (await (await open()).kept("state")).state.queue.key});
            const kept = [];
            for (let i = 0; i < 2000; i++) kept.push(waiting.add(`A>B=${i}.5`, i, {}).kept);
            await Promise.all(kept);
            const { items } = await waiting.all();
            const said = await Promise.all(items.map((item) => waiting.read(item)));
            const pads = new Set(items.map((item) => item.sealed.split(".")[1]));
            return [said.every((s, i) => s.at === i), said.length, pads.size];
        }"""
    )
    assert count == [True, 2000, 2000]
    page.context.set_offline(False)
