"""Alerts on the page, from a real `tk live`: one line in its own place, a pattern on a seat, put to rest by tap or key."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tapping import SEATS, Served, Tablet, tk

from tkcore import opening
from tkcore.codebook import handbook, parse
from tkcore.config import Workspace
from tkcore.disk import Disk
from tkcore.reading import books
from tkcore.recorder import Clocks

TURNS = [("ab", "ba", "cb", "de", "ea", "bt")[n % 6] for n in range(130)]
"""Thirteen minutes in which F says nothing, a turn each six seconds: one alert, and not yet that of a quarter of an hour."""


class Going(Served):
    """A session that has gone on for a while before the page is opened, with `tk live` beside it."""

    extra = ()

    def __init__(self, root: Path, language: str = "id") -> None:
        self.root, self.port, self.options = root, 0, self.extra
        self.tk = [sys.executable, "-m", "tkcore"]
        tk(root, "init", "--plain", str(root), "--language", language)
        step = 6000
        wall = [time.time_ns() // 1_000_000 - step * len(TURNS)]
        desk = opening.Desk(Workspace(root), Disk(), Clocks(lambda: wall[0], lambda: wall[0]), os.urandom)
        asked = opening.Opening(seats=opening.seatings(SEATS.split(",")), clock="live")
        opening.open_session(desk, "g/s", asked, [parse(handbook(), "handbook.toml")])
        recorder, writer = opening.start(desk, "g/s", books(desk.workspace))
        for turn in TURNS:
            wall[0] += step
            recorder.enter(turn)
        writer.close()
        self.url = self.start()

    def alerts(self) -> list[str]:
        """Return what the log says of alerts."""
        return [f"{r['t']} {r['alert']} {r['seat']}" for r in self.records() if r["t"].startswith("alert.")]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Going]:
    one = Going(tmp_path / "w")
    yield one
    one.stop()


STANDS = "#alert[data-stands]"


def line(tablet: Tablet) -> str:
    return tablet.page.inner_text("#alert-says")


def boxes(tablet: Tablet) -> dict:
    """Where everything stands that can be pressed."""
    return tablet.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("main button:not(#rest)")].map((b, i) => {
            const r = b.getBoundingClientRect(); return [i, [r.x, r.y, r.width, r.height].map(Math.round)]; }))"""
    )


def until(tablet: Tablet, what: Callable[[], bool]) -> None:
    for _ in range(400):
        if what():
            return
        tablet.page.wait_for_timeout(20)
    raise AssertionError("it never was")


def test_one_line_a_pattern_and_nothing_moves(served, tablet):
    """The sentence names no seat, the seat has a pattern; no button is elsewhere than before, no dialog, no sound."""
    before = boxes(tablet)
    tablet.page.wait_for_selector(STANDS, timeout=60_000)
    assert boxes(tablet) == before
    tablet.page.wait_for_selector("[data-seat=F][data-alert]")
    assert "belum ada giliran bicara dari satu kursi" in line(tablet)
    assert tablet.page.eval_on_selector_all("[data-alert]", "all => all.map(b => b.dataset.seat)") == ["F"]
    assert tablet.page.eval_on_selector("[data-seat=F]", "b => getComputedStyle(b).outlineStyle") == "dotted"
    assert tablet.page.locator("dialog, audio, [role=alert], [role=dialog]").count() == 0
    assert tablet.page.locator("#rest").bounding_box()["height"] >= 24
    until(tablet, lambda: served.alerts() == ["alert.shown monopoly.silent F"])
    tablet.tap("#tongue")
    assert "no turn of one seat" in line(tablet)


@pytest.mark.parametrize("way", ["tap", "key"])
def test_put_to_rest(served, tablet, way):
    """One tap or one key: it is gone at once, on record once, and a reload does not bring it back."""
    tablet.page.wait_for_selector(STANDS, timeout=60_000)
    tablet.tap("#rest") if way == "tap" else tablet.press("Delete")
    assert tablet.page.locator(STANDS).count() == 0
    assert tablet.page.locator("[data-alert]").count() == 0
    whole = ["alert.shown monopoly.silent F", "alert.dismissed monopoly.silent F"]
    until(tablet, lambda: served.alerts() == whole)
    tablet.page.reload()
    tablet.live()
    tablet.seats("AB")
    tablet.settled()
    assert tablet.page.locator(STANDS).count() == 0
    assert served.alerts() == whole


def test_a_reload_or_a_server_begun_again_shows_what_stands(served, tablet):
    """It stands there again, and was shown once."""
    tablet.page.wait_for_selector(STANDS, timeout=60_000)
    said = line(tablet)
    until(tablet, lambda: len(served.alerts()) == 1)
    tablet.page.reload()
    tablet.page.wait_for_selector(STANDS)
    assert line(tablet) == said
    served.kill()
    served.start()
    tablet.page.reload()
    tablet.page.wait_for_selector(STANDS, timeout=60_000)
    assert line(tablet) == said
    assert len(served.alerts()) == 1


def test_behind_the_veil_nothing_is_shown(served, tablet):
    """Hidden with everything else it is not on record; it is when the page is seen again."""
    tablet.press("Backquote")
    tablet.page.wait_for_selector(STANDS, timeout=60_000, state="attached")
    tablet.page.wait_for_function("document.querySelector('#alert-says').textContent !== ''")
    veil, box = tablet.page.locator("#veil").bounding_box(), tablet.page.locator("#alert").bounding_box()
    assert veil["x"] <= box["x"]
    assert veil["height"] >= box["y"] + box["height"]
    assert served.alerts() == []
    tablet.press("Backquote")
    until(tablet, lambda: len(served.alerts()) == 1)


def test_another_observer_has_none(served, tablet):
    """Who is not the lead sees no alert, and puts none on record."""

    def passed(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=json.dumps({**answer.json(), "lead": "obs9"}))

    tablet.page.route("**/api/state", passed)
    with tablet.page.expect_response("**/api/state"):
        tablet.page.reload()
    tablet.live()
    with tablet.page.expect_event("console", lambda m: "told" in m.text, timeout=60_000):
        tablet.page.evaluate(
            """async () => { const r = (await fetch("/api/events")).body.pipeThrough(new TextDecoderStream()).getReader();
            for (let s = ""; !s.includes("event: alert"); s += (await r.read()).value); console.log("told"); r.cancel(); }"""
        )
    tablet.seats("AB")
    tablet.settled()
    assert tablet.page.locator(STANDS).count() == 0
    assert tablet.page.locator("[data-alert]").count() == 0
    assert served.alerts() == []
