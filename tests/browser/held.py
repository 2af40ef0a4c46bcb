"""A clock that stands until a test moves it, for a real server and for the pages before it.

As a program it is `tk`, with the time of day and the boot clock read from a file:  python held.py FILE WORDS…
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

BEGINS = 1_795_683_600_000
"""26 November 2026, 17.00 in Jakarta."""
STEP, LONGEST = 9_000, 12_000
"""What passes at once, below a tick's 10 s; and unheard, below the 15 s after which a page takes a server for gone."""
WAY = """
(() => {
  const way = {busy: 0, heard: 0, later: window.setTimeout.bind(window)};
  Object.defineProperty(window, '__way', {value: way});
  const fetched = window.fetch, read = ReadableStreamDefaultReader.prototype.read;
  window.fetch = async (...asked) => {
    if (String(asked[0]).startsWith('/api/events')) return fetched(...asked);
    way.busy++;
    try {
      const answer = await fetched(...asked);
      await answer.clone().arrayBuffer();
      return answer;
    } finally { way.later(() => way.busy--, 0); }
  };
  ReadableStreamDefaultReader.prototype.read = function () {
    return read.call(this).then(found => { way.heard++; return found; });
  };
})()
"""
"""Counts, in the page, what is under way to the server and what was heard from it."""
QUIET = """
async ({heard, away}) => {
  const way = window.__way, link = document.getElementById('link'), before = way.heard;
  for (let tried = 0; tried < 4000; tried++) {
    if (away && link.dataset.link !== 'live' && !way.busy) return;
    if (link.dataset.link === 'live' && link.dataset.waiting === '0' && !way.busy && (!heard || way.heard > before)) {
      await navigator.locks.request('tkcore.drain', () => true);
      if (!way.busy && link.dataset.waiting === '0') return;
    }
    await new Promise(go => way.later(go, 2));
  }
  throw new Error(`not quiet: ${link.dataset.link}, ${link.dataset.waiting} wait, ${way.busy} under way`);
}
"""


class Held:
    """Time, in ms since the test began; whoever keeps it goes on together, and only by `go`."""

    def __init__(self, file: Path) -> None:
        self.file, self.now, self.unheard = file, 0, 0
        self._write()
        self.devices: list[BrowserContext] = []

    def _write(self) -> None:
        # the same length each time and one write: a reader sees one time or the other
        with self.file.open("r+b" if self.file.exists() else "wb") as file:
            file.write(b"%016d" % self.now)

    def keep(self, device: BrowserContext) -> None:
        """Let the pages of a device have this time, from their next document on."""
        device.add_init_script(WAY)
        device.clock.install(time=BEGINS + self.now - 1000)
        device.clock.pause_at(BEGINS + self.now)
        self.devices.append(device)

    def go(self, ms: int) -> None:
        """Let time pass, while nothing is under way between server and pages that have a link."""
        while ms > 0:
            step = min(ms, STEP)
            # a page that hears nothing for long would begin anew
            heard = self.unheard + step > LONGEST
            self.unheard = step if heard else self.unheard + step
            for page in (page for device in self.devices for page in device.pages):
                page.evaluate(QUIET, {"heard": heard, "away": True})
            self.now += step
            self._write()
            for device in self.devices:
                device.clock.run_for(step)
            ms -= step

    def pass_(self, ms: int) -> None:
        """Let time pass whatever is under way: an answer may then be as old as that."""
        self.now += ms
        self._write()
        for device in self.devices:
            device.clock.run_for(ms)

    def until(self, moment: int) -> None:
        """Let time pass until a moment; what is over already is an error of the test."""
        assert moment >= self.now, (moment, self.now)
        self.go(moment - self.now)


def quiet(page: Page, *, heard: bool = False) -> None:
    """Wait until a page has a link and nothing is under way; `heard`: and the server has said something since."""
    page.evaluate(QUIET, {"heard": heard, "away": False})


def main() -> int:
    """Run `tk` by the clock in a file."""
    from tkcore.cli import Shell, main
    from tkcore.opening import Desk
    from tkcore.recorder import Clocks
    from tkcore.web import app, serving

    file = os.open(sys.argv.pop(1), os.O_RDONLY)
    own = Shell.desk

    def now() -> int:
        return int(os.pread(file, 16, 0))

    def desk(shell: Shell) -> Desk:
        found: Desk = own(shell)
        found.clocks = Clocks(lambda: BEGINS + now(), now)
        return found

    Shell.desk = desk  # type: ignore[method-assign]
    # a second of the server's own is a day here
    serving._tick = partial(serving._tick, pause=0.02)
    app.told = partial(app.told, beat=0.02)
    return int(main() or 0)


if __name__ == "__main__":
    sys.exit(main())
