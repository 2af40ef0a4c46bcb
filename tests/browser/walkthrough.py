"""Photograph every state of the page in both languages: `make screenshots`.

    python tests/browser/walkthrough.py [FOLDER]       default: docs/pictures

Names are LANGUAGE-STATE.png; what a state is stands in `states.py`. Time stands still, so a picture changes only where the
page does. `.gitignore` keeps all but those that a document shows.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from held import Held
from playwright.sync_api import Browser, Page, sync_playwright
from states import STATES, Stage
from tapping import ARGS, Served
from test_before import Unopened

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def photograph(page: Page, file: Path) -> None:
    """Take all of the page, also what a narrow window has to scroll to."""
    page.screenshot(path=str(file), full_page=True, animations="disabled")
    print(file)


def photograph_guide(stage: Stage, file: Path, language: str) -> None:
    """Take the quick guide as the page links to it."""
    page = stage.context.new_page()
    answer = page.goto(f"{stage.url.rstrip('/')}/guide?lang={language}")
    assert answer is not None
    assert answer.ok
    photograph(page, file)
    page.close()


def photograph_form(browser: Browser, root: Path, folder: Path, language: str) -> None:
    """Take the page before a session, and as it is when something is missing."""
    unopened = Unopened(root)
    page = browser.new_context(has_touch=True, color_scheme="dark").new_page()
    page.set_viewport_size({"width": 1024, "height": 1500})  # the form scrolls by itself
    page.add_init_script(f"localStorage.setItem('tkcore.language', '{language}')")
    try:
        page.goto(unopened.url)
        page.wait_for_selector("#b-begin")
        photograph(page, folder / f"{language}-before.png")
        page.fill("#b-session", "x y")
        page.tap("#b-begin")
        page.wait_for_selector("#b-session[aria-invalid=true]")
        photograph(page, folder / f"{language}-before-refused.png")
    finally:
        unopened.stop()


def main(folder: Path) -> None:
    """Walk through all states and put their pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGS)
        for language in ("id", "en"):
            with TemporaryDirectory() as fresh:
                held = Held(Path(fresh) / "now")
                served = Served(Path(fresh) / "w", held=held)
                stage = Stage(
                    served, lambda: browser.new_context(has_touch=True, color_scheme="dark"), held, language
                )
                try:
                    for name in STATES:
                        with stage.show(name) as tablet:
                            photograph(tablet.page, folder / f"{language}-{name.replace(' ', '-')}.png")
                    photograph_guide(stage, folder / f"{language}-sheet.png", language)
                finally:
                    served.stop()
                photograph_form(browser, Path(fresh) / "before", folder, language)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
