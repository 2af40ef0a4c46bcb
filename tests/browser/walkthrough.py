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
from playwright.sync_api import Page, sync_playwright
from states import STATES, Stage
from tapping import ARGS, Served

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def photograph(page: Page, file: Path) -> None:
    """Take all of the page, also what a narrow window has to scroll to."""
    page.screenshot(path=str(file), full_page=True, animations="disabled")


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
                            file = folder / f"{language}-{name.replace(' ', '-')}.png"
                            photograph(tablet.page, file)
                            print(file)
                finally:
                    served.stop()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
