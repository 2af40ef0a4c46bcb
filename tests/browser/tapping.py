"""What is tapped and where it goes: a page as a finger and a keyboard have it, and the server whose log is read."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from held import Held
from playwright.sync_api import Page

from tkcore.cli import run

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SEATS = "T,K,A,B,C,D,E,F"
HOLD = """(button, late) => new Promise(done => {
    const box = button.getBoundingClientRect();
    const at = {bubbles: true, pointerId: 1, button: 0, clientX: box.x + 5, clientY: box.y + 5};
    const soon = new PointerEvent('pointerup', at);
    button.dispatchEvent(new PointerEvent('pointerdown', at));
    setTimeout(() => done(button.dispatchEvent(late ? soon : new PointerEvent('pointerup', at))), 800);
})"""
"""A finger that lies on a button; or, `late`, one that was lifted at once, and the page is told of it as late."""
FLOOR = {"floor.released": "_", "floor.crowded": "&"}


def tk(root: Path, *words: str) -> str:
    """Run a command on a workspace, in this process: to begin another takes as long as a short test."""
    out, err = StringIO(), StringIO()
    with patch.dict(os.environ, TK_WORKSPACE=str(root)), redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    assert code == 0, err.getvalue()
    return out.getvalue()


class Served:
    """A session that `tk serve` records in a process of its own, by the real clock or by one that is held."""

    extra: tuple[str, ...] = ("--no-live",)
    """Further options of `tk serve`."""

    def __init__(
        self,
        root: Path,
        setting: str = "inpatient",
        language: str = "id",
        held: Held | None = None,
        prepare: Callable[[Path], None] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.root, self.port, self.options = root, 0, (*self.extra, *options)
        self.tk = [sys.executable, "-m", "tkcore"]
        tk(root, "init", "--plain", str(root), "--language", language)
        if prepare:
            prepare(root)
        opens = ("session", "open", "g/s", "--seats", SEATS, "--setting", setting)
        if held:
            self.tk = [sys.executable, str(Path(__file__).with_name("held.py")), str(held.file)]
            subprocess.run([*self.tk, *opens], check=True, capture_output=True, env=self._environment())
        else:
            tk(root, *opens)
        self.url = self.start()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "TK_WORKSPACE": str(self.root)}

    def start(self) -> str:
        self.process = subprocess.Popen(
            [*self.tk, "serve", "g/s", "--no-browser", "--port", str(self.port), *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self._environment(),
        )  # fmt: skip
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), url
        self.port = int(url.split(":")[2].split("/")[0])
        self.links = [self.process.stdout.readline().strip() for _ in range(self.options.count("--observer"))]
        return url

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self._gone()

    def _gone(self) -> None:
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def records(self) -> list[dict]:
        """Return what is in the log, without ticks and its frame."""
        found = []
        for path in sorted(self.root.glob("groups/g/sessions/s/*.ndjson")):
            for line in path.read_text().splitlines():
                record = json.loads(line)
                if "seq" in record and record["t"].split(".")[0] not in ("clock", "session", "log"):
                    found.append(record)
        return found

    def said(self) -> list[str]:
        """Return the records as short lines."""
        records = self.records()
        seqs = {record["id"]: record["seq"] for record in records}
        return [line_of(record, seqs) for record in records]


def line_of(record: dict, seqs: dict[str, int]) -> str:
    kind = record["t"]
    if kind == "turn.taken":
        to = {"all": "*", "unknown": "?"}.get(record["audience"], ",".join(record["receivers"]))
        return f"{record['sender']}>{to}"
    if kind in FLOOR:
        return FLOOR[kind]
    if kind == "record.retracted":
        return f"~{seqs[record['record_id']]}"
    if kind == "phase.entered":
        return f"%{record['phase']}"
    if "code" in record:
        return f"{record['author'] or ''}!{record['code'].partition('.')[2]}"
    return f"{kind} {record.get('seat', '')}".strip()


def turns(count: int, seats: str = "TABCDEF") -> list[str]:
    """Return so many different pairs in a row; who was spoken to answers with ⇄ and is not tapped twice."""
    found: list[str] = []
    for a, b in itertools.cycle(itertools.permutations(seats, 2)):
        if len(found) == count:
            break
        if not found or found[-1][2] != a:
            found.append(f"{a}>{b}")
    return found


class Tablet:
    """A page being tapped."""

    def __init__(self, page: Page) -> None:
        self.page, self.before = page, ""
        page.set_default_timeout(8000)
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(error.stack or str(error)))
        page.on(
            "console",
            lambda message: (
                self.wrong.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )

    def open(self, url: str) -> Tablet:
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]")
        return self

    def live(self) -> Tablet:
        self.page.wait_for_selector("#link[data-link=live]")
        return self

    def seats(self, letters: str) -> None:
        """Tap seats one after the other; a space is nothing, a point the middle."""
        for letter in letters.replace(" ", ""):
            if letter == self.before:
                armed = self.page.locator(f"[data-armed][data-seat='{letter}']").count()
                self.page.wait_for_timeout(1050 if armed else 350)  # sooner it would be the same tap again
            self.before = letter
            self.tap("#group" if letter == "." else f"[data-seat={letter}]")

    def tap(self, selector: str) -> None:
        # where it is, not whether it stands still: a finger does not wait
        box = self.page.locator(selector).bounding_box()
        assert box is not None, selector
        self.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def code(self, key: str) -> None:
        """Tap a family, then its code."""
        self.page.locator(f".family >> nth={'gdpslnurbfmeijaohw'.index(key[0])}").tap()
        self.page.locator(f"[data-code={key}]").tap()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def typed(self, keys: str) -> None:
        """Press the keys of a text, as in labels.md."""
        self.press(*({" ": "Space"}.get(key, key) for key in keys))

    def settled(self) -> Tablet:
        """Wait until nothing waits."""
        self.page.wait_for_selector("#link[data-link=live][data-waiting='0']")
        # a record may be heard of before its answer has come: who sends holds this lock until then
        self.page.evaluate("navigator.locks.request('tkcore.drain', () => true)")
        return self

    def last(self) -> list[str]:
        """Return the strip's entries, newest first: line, state, and whether taken back."""
        return self.page.eval_on_selector_all(
            "#last li:not([hidden])",
            "rows => rows.map(r => `${r.dataset.line} ${r.dataset.state}${'undone' in r.dataset ? ' undone' : ''}`)",
        )
