"""The review on the page: a planted session is looked at again by keys alone and by touch alone, and the log says so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tkcore import opening
from tkcore.codebook import handbook, parse
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.recorder import Clocks

PLANTED = (
    (5, "T>A"), (6, "A>T"), (4, "a!jj"), (2, "!rr"), (3, ";"), (3, "_"), (40, "T>B"), (5, "!gg"), (6, "B>C"), (5, "c!wa"),
    (3, "b!bb>C"), (2, "!om"), (4, "C>*"), (1, "!un"), (6, "_"), (2, "!oo"), (3, "T>*"), (4, "!om"), (6, "_"),
)  # fmt: skip
"""Seconds since the line before, and the line."""
ANSWERS = ("2", "uu", "j", "p", "2", "2", "4", "2", "2")
"""Keys, a question each: safety, star (a family and its code), two kinds, gap, late, contract, conflict, activity."""
SAYS = [
    ("mark.made", "handbook.mark.handed_to_duty", None, 110_000),
    ("mark.made", "handbook.mark.disclosure", "A", 11_000),
    ("resistance.shown", "handbook.resistance.labelling", "A", 11_000),
    ("conflict.arisen", "handbook.conflict.rivalry", "B", 82_000),
    ("resistance.shown", "handbook.resistance.silence", None, 23_000),
    ("mark.made", "handbook.mark.advice", "B", 74_000),
    ("contract.settled", "handbook.contract.settled", "A", 110_000),
    ("conflict.settled", "handbook.conflict.settled", "B", 110_000),
    ("activity.ended", "handbook.activity.roleplay", None, 110_000),
]
"""What the log holds of them."""


class Planted:
    """A session that was captured and, if asked, closed; `tk serve` shows what is left of it."""

    def __init__(self, served, *, closed: bool) -> None:
        self.served = served
        served.kill()
        for path in served.root.glob("groups/g/sessions/s*"):
            path.rename(path.with_name("before"))
        wall, boot = time.time_ns() // 1_000_000 - 3_600_000, 50_000
        now = [wall, boot]
        desk = opening.Desk(
            Workspace(served.root), Disk(), Clocks(lambda: now[0], lambda: now[1]), os.urandom
        )
        books = [parse(handbook(), "handbook.toml")]
        seats = opening.seatings(["T", "K", "A", "B", "C", "D"])
        name = opening.open_session(
            desk, "g/s", opening.Opening(seats=seats, settings=opening.Settings(setting="inpatient"), clock="live"), books
        )  # fmt: skip
        recorder, writer = opening.start(desk, name, books)
        for seconds, line in PLANTED:
            for _ in range(seconds):
                now[0] += 1000
                now[1] += 1000
                recorder.tick()
            recorder.enter(line)
        if closed:
            recorder.close_session()
        writer.close()
        self.url = served.start()

    def reviewed(self) -> list[tuple[str, str, str | None, int]]:
        """Return what holds of the codes that were made in the review, as they came."""
        gone, held = set(), {}
        for record in self.served.records():
            if record["t"] == "record.retracted":
                gone.add(record["record_id"])
                held.pop(record["record_id"], None)
            elif record["t"] == "record.amended":
                held[record["id"]] = record["replacement"]
            elif "code" in record:
                held[record["id"]] = record
        return [
            (x["t"], x["code"], x.get("author"), x["ts"]) for i, x in held.items()
            if x.get("made") == "review" and i not in gone
        ]  # fmt: skip


@pytest.fixture
def planted(served) -> Callable[..., Planted]:
    return lambda closed=True: Planted(served, closed=closed)


@pytest.fixture
def reviewer(device: Callable[..., BrowserContext]) -> Iterator[Callable]:
    """A tablet that opens a page and waits for the review."""
    from tapping import Tablet

    made = []

    def come(url: str, **more) -> Tablet:
        made.append(Tablet(device(**more).new_page()).open(url))
        made[-1].page.wait_for_selector("#link[data-waiting='0']", state="attached")
        return made[-1]

    yield come
    for one in made:
        assert one.wrong == []


def count(tablet) -> str:
    return tablet.page.locator("#review-count").inner_text()


def arrived(tablet) -> None:
    tablet.page.wait_for_selector("#link[data-waiting='0']", state="attached")
    tablet.page.evaluate("navigator.locks.request('tkcore.drain', () => true)")


def by_keys(tablet, answer: str) -> None:
    tablet.press(*answer)


def by_touch(tablet, answer: str) -> None:
    for key in answer:
        tablet.page.locator(
            f"#review .choices [data-key='{key}'], #review .pick [data-key='{key}']"
        ).first.tap()


@pytest.mark.parametrize("way", [by_keys, by_touch])
def test_a_planted_session_is_reviewed(planted, reviewer, way) -> None:
    """After the close the review comes by itself; nine questions, one key or tap each, are nine codes in the log."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    for number, answer in enumerate(ANSWERS, 1):
        assert count(tablet) == f"{number} dari 9"
        way(tablet, answer)
    assert count(tablet) == ""
    arrived(tablet)
    assert one.reviewed() == SAYS


def test_what_is_skipped_comes_again_and_what_is_left_does_not(planted, reviewer) -> None:
    """Skipping stores nothing; a page opened anew goes on with what is left, and offers the skipped ones."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    tablet.press("ArrowRight", "Enter", "j", "Escape")
    assert not tablet.page.locator("#review").is_visible()
    arrived(tablet)
    assert [code for _, code, *_ in one.reviewed()] == ["handbook.resistance.labelling"]
    tablet.page.reload()
    tablet.page.wait_for_selector("#review")
    assert "keselamatan" in tablet.page.locator("#review-what").inner_text()
    assert count(tablet) == "3 dari 9"
    tablet.press("ArrowRight")
    assert count(tablet) == "4 dari 9"
    for _ in range(6):
        tablet.press("ArrowRight")
    assert "7 dilewati" in tablet.page.locator("#review").inner_text()
    tablet.press("1")
    assert count(tablet) == "3 dari 9"


def test_an_answer_is_taken_back(planted, reviewer) -> None:
    """Backspace brings the question back and takes back what was stored, also where that was two entries."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    before = one.served.said()
    for answer in ANSWERS[:6]:
        tablet.press(*answer)
    arrived(tablet)
    for number in range(6, 0, -1):
        tablet.press("Backspace")
        assert count(tablet) == f"{number} dari 9"
    arrived(tablet)
    assert one.reviewed() == []
    assert one.served.said()[: len(before)] == before
    tablet.press("2")
    arrived(tablet)
    assert one.reviewed() == SAYS[:1]


def test_answers_without_a_link_wait_on_the_device(planted, reviewer) -> None:
    """Given while the server is away, over a reload of nothing, they are stored when it is back."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    one.served.kill()
    for answer in ANSWERS:
        tablet.press(*answer)
    assert one.reviewed() == []
    one.served.start()
    tablet.page.wait_for_selector("#link[data-waiting='0']", state="attached", timeout=20_000)
    arrived(tablet)
    assert one.reviewed() == SAYS


def test_in_a_break_the_recording_waits_behind(planted, reviewer) -> None:
    """Opened by its button while the session goes on: its keys record nothing else, discreet codes keep their words."""
    one = planted(closed=False)
    tablet = reviewer(one.url)
    tablet.live()
    assert not tablet.page.locator("#review").is_visible()
    tablet.page.locator("#review-open").tap()
    tablet.page.wait_for_selector("#review")
    before = len(one.served.records())
    tablet.press("ArrowRight", "ArrowRight")
    said = tablet.page.locator("#review").inner_text()
    assert "rr" in said
    assert "Resistensi (jenis" not in said
    tablet.press("7", "t", "Space", "Escape")
    assert not tablet.page.locator("#review").is_visible()
    assert len(one.served.records()) == before
    tablet.press("t", "1")
    tablet.settled()
    assert one.served.said()[-1] == "T>A"


def test_details_are_asked_when_the_rest_is_done(planted, reviewer) -> None:
    """They are offered, counted, asked for each code; a value is put beside the record as it was made."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    for _ in ANSWERS:
        tablet.press("Enter")
    tablet.press("2")
    tablet.page.wait_for_selector("#review-count:text('1 dari')")
    tablet.press("3")
    arrived(tablet)
    (amended,) = [x for x in one.served.records() if x["t"] == "record.amended"]
    assert amended["replacement"]["attrs"] == {"information_form": "advice"}
    assert amended["replacement"]["made"] == "review"


def test_hiding_covers_the_review(planted, reviewer) -> None:
    """The backtick hides it as all else, and its keys answer nothing meanwhile."""
    one = planted()
    tablet = reviewer(one.url)
    tablet.page.wait_for_selector("#review")
    tablet.press("`")
    assert tablet.page.locator("#veil").is_visible()
    tablet.press("2", "`")
    assert count(tablet) == "1 dari 9"
    assert one.reviewed() == []


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("size", [(1024, 768), (320, 568)])
def test_the_review_fits_in_both_languages(planted, reviewer, language, size) -> None:
    """Nothing is clipped or wider than the screen, buttons are 44 px and more, choices 56, and no word is left over."""
    one = planted()
    tablet = reviewer(one.url, viewport={"width": size[0], "height": size[1]})
    tablet.page.wait_for_selector("#review")
    if language == "en":
        tablet.page.locator("#tongue").tap()
    for answer in ANSWERS:
        said = tablet.page.locator("#review").inner_text()
        assert ("tinjau" in said) == (language == "id"), said
        wide = tablet.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert wide
        boxes = tablet.page.eval_on_selector_all(
            "#review button", "es => es.map(e => [e.offsetHeight, e.scrollWidth <= e.clientWidth + 1])"
        )
        assert all(height >= 44 and whole for height, whole in boxes)
        tablet.press(*answer)
