"""A real browser before a real `tk serve`: what is tapped on the page is read from the log."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# several folders of tests have a conftest: what modules here share has names of its own
sys.path.insert(0, str(Path(__file__).parent))
from held import Held
from states import Stage
from tapping import ARGS, Served, Tablet

# a page that has lost its server asks again after 5 s at most; a stream that is cut off unheard is given up after 15
expect.set_options(timeout=8000)

FAST = {"test_page", "test_nothing_lost"}
"""What `make test` has time for: the queue, the page's texts and size. The rest is `make slow`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.stem not in FAST:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's own browser; gone with the module, because its loop would stand in the way of other tests."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium: apt install chromium")
        pytest.skip("no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An inpatient session with T, K and six members."""
    one = Served(tmp_path / "w")
    yield one
    one.stop()


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """A clock that only the test moves."""
    return Held(tmp_path / "now")


@pytest.fixture
def device(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make a device: a tablet with a browser of its own."""
    made: list[BrowserContext] = []

    def make(**more) -> BrowserContext:
        given = {
            "locale": "id-ID", "timezone_id": "Asia/Jakarta", "color_scheme": "dark", "has_touch": True,
            "viewport": {"width": 1024, "height": 768}, **more,
        }  # fmt: skip
        made.append(chromium.new_context(**given))
        return made[-1]

    yield make
    for context in made:
        context.close()


@pytest.fixture
def tablet(served: Served, device: Callable[..., BrowserContext]) -> Iterator[Tablet]:
    """A tablet that has the page open."""
    one = Tablet(device().new_page()).open(served.url).live()
    yield one
    assert one.wrong == []


@pytest.fixture
def stage(
    tmp_path: Path, held: Held, device: Callable[..., BrowserContext]
) -> Iterator[Callable[..., Stage]]:
    """Make a device that shows the states of `states.py`, in a language and with other settings of the browser."""
    begun: list[Served] = []

    def make(language: str, **more) -> Stage:
        begun.append(Served(tmp_path / "w", held=held))
        return Stage(begun[-1], lambda: device(**more), held, language)

    yield make
    for served in begun:
        served.stop()


@pytest.fixture
def tablet_on() -> Callable[[Page], Tablet]:
    """Make a tablet of any browser's page."""
    return Tablet


@pytest.fixture
def served_by() -> type[Served]:
    """What a session with further options is made of."""
    return Served
