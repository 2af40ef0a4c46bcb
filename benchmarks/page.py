"""Rows 17 to 26: what the capture page makes a co-therapist wait for, in a real Chromium.

A turn is two taps, as fingers give them, at a steady pace; everything is measured in the page, on the clock all pages
share: from the second tap's touching down

- to the next frame after the page has changed (painted: "noted");
- to the moment the page shows that the server's disk has it (on disk: after its fdatasync);
- to the moment the page of a second observer, on another device, shows it.

Beside it, in the same rounds, what somebody would write in an afternoon: a form of which each button posts, is synced to a
file and answered with the whole page again; and a text field that saves itself whole after each line. Both are served by
Python's own http.server in a process of its own, and store no more than the line. Then the page alone: from an empty
cache to the page that takes taps, and from the beginning of `tk serve` to the same; from a reload, and from a tab that
crashed; its bytes; whom it asks.
At last the page beside `tk live` with three plugins: one hangs in its analysis, one burns a core and never ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from data import workspace
from generated import BURNING, HANGING, install
from live import running
from measure import Table, Target, at_least, at_most, interleave, paired, short
from startup import TK

from tkcore.config import Config, dump
from tkcore.disk import Disk
from tkcore.root import FILE

ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"]  # fmt: skip
TURNS, PACE = 40, 60
"""Turns of a round, and ms from one to the next."""
SEATS = "TKABCDEF"
LOOK = """
window.seen = {down: 0, painted: 0, stored: 0};
const clock = at => performance.timeOrigin + (at ?? performance.now());
addEventListener('pointerdown', event => { seen = {down: clock(event.timeStamp), painted: 0, stored: 0}; }, true);
new MutationObserver(() => {
  const other = document.getElementById('other')?.dataset.line;
  if (other && window.shown?.line !== other) window.shown = {line: other, at: clock()};
  const row = document.querySelector('#last li:not([hidden])');
  if (!row) return;
  const own = seen;
  if (own.down && !own.painted && !own.asked) {
    own.asked = true;
    requestAnimationFrame(() => { const {port1, port2} = new MessageChannel();
      port1.onmessage = () => { own.painted = clock(); }; port2.postMessage(0); });
  }
  if (own.down && !own.stored && row.dataset.state === 'stored' && row.dataset.line === window.awaited) own.stored = clock();
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-state', 'data-line']});
"""
READY = """
new MutationObserver(() => {
  if ('ready' in (document.documentElement?.dataset ?? {})) window.ready ??= performance.now();
}).observe(document, {subtree: true, attributes: true, attributeFilter: ['data-ready']});
"""
FIELD = """<!doctype html><title>field</title><textarea id=t rows=20 cols=60></textarea><script>
const clock = at => performance.timeOrigin + (at ?? performance.now());
window.seen = {};
t.addEventListener('input', event => {
  const own = window.seen = {down: clock(event.timeStamp), painted: 0, stored: 0};
  requestAnimationFrame(() => { const {port1, port2} = new MessageChannel();
    port1.onmessage = () => { own.painted = clock(); }; port2.postMessage(0); });
  fetch('/whole', {method: 'POST', body: t.value}).then(answer => answer.text()).then(() => { own.stored = clock(); });
});</script>"""
FORM = """<!doctype html><title>form</title><form method=post action=/line>%s</form><ol>%s</ol><script>
const clock = at => performance.timeOrigin + (at ?? performance.now());
addEventListener('pointerdown', event => sessionStorage.setItem('down', clock(event.timeStamp)), true);
window.seen = {};
requestAnimationFrame(() => { const {port1, port2} = new MessageChannel();
  port1.onmessage = () => { seen = {down: Number(sessionStorage.getItem('down')), painted: clock(), stored: clock()}; };
  port2.postMessage(0); });</script>"""
OTHERS = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
FIELD, FORM, SEATS = sys.argv[2:5]
buttons = "".join(f"<button name=turn style='width:72px;height:72px' value='{a}>{b}'>{a}>{b}</button>" for a in SEATS for b in SEATS if a != b)
lines = []
class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def log_message(self, *_): pass
    def send(self, status, text, **more):
        body = text.encode()
        self.send_response(status)
        for name, value in {"content-type": "text/html", "content-length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.send(200, FIELD if self.path == "/field" else FORM % (buttons, "".join(f"<li>{x}" for x in lines[-3:])))
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/whole":
            whole = os.open(sys.argv[1] + "/whole", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(whole, body); os.fdatasync(whole); os.close(whole)
            return self.send(200, "")
        line = parse_qs(body.decode())["turn"][0]
        os.write(log, line.encode() + b"\\n"); os.fdatasync(log)
        lines.append(line)
        self.send(303, "", location="/")
log = os.open(sys.argv[1] + "/lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
"""


def page(rounds: int, folder: Path) -> list[Table]:
    """Measure the page beside other ways to write down a turn, from a cold start, and beside plugins."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with TemporaryDirectory(dir=folder) as fresh, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGS)
        try:
            return [*_waits(browser, rounds, Path(fresh)), _cold(browser, rounds, Path(fresh))]
        finally:
            browser.close()


class Waits:
    """A side's waits, round by round: ms of each kind, and a round's 95th percentile."""

    def __init__(self) -> None:
        self.all: dict[str, list[float]] = {}
        self.rounds: dict[str, list[float]] = {}

    def take(self, kind: str, found: list[float]) -> None:
        self.all.setdefault(kind, []).extend(found)
        self.rounds.setdefault(kind, []).append(_part(found, 95))

    def say(self, kind: str) -> tuple[str, str]:
        found = self.all.get(kind)
        return (short(_part(found, 50)), short(_part(found, 95))) if found else ("-", "-")


def _part(found: list[float], percent: int) -> float:
    return sorted(found)[min(len(found) - 1, len(found) * percent // 100)]


def _waits(browser: Any, rounds: int, fresh: Path) -> list[Table]:
    packages = fresh / "packages"
    packages.mkdir()
    install(packages, ["calm"])
    install(packages, ["hanging"], body=HANGING)
    enabled = install(packages, ["burner"], BURNING)
    env = {**os.environ, "PYTHONPATH": str(packages), "LC_ALL": "C.UTF-8"}
    root = _workspace(fresh / "w", enabled)
    _tk(root, "session", "open", "g/s", "--seats", ",".join(SEATS))
    lines = iter(range(10**9))
    names = (
        "tkcore",
        "tkcore, beside tk live, a plugin that hangs, one that burns",
        "a form, posted and shown again",
        "a field that saves itself",
    )
    waits = {name: Waits() for name in names}
    with _serving(root, env, "--observer", "obs2") as (url, link), _others(fresh) as others:
        device, second = (_device(browser) for _ in range(2))
        one, two = device.new_page(), second.new_page()
        one.goto(url)
        one.wait_for_selector("#link[data-link=live]")
        two.goto(link)
        two.wait_for_selector("#link[data-link=live]")
        form, field = _device(browser).new_page(), _device(browser).new_page()
        form.goto(others)
        field.goto(others + "field")

        def tapped(name: str) -> float:
            found: dict[str, list[float]] = {"painted": [], "stored": [], "second": []}
            for n in (next(lines) for _ in range(TURNS)):
                # never the one who was spoken to just before: soon again on the same seat is one tap
                line = f"{SEATS[3 * n % 8]}>{SEATS[(3 * n + 1 + (0, 1, 3, 4, 5)[n // 8 % 5]) % 8]}"
                one.evaluate("line => { window.awaited = line; }", line)
                for seat in (line[0], line[2]):
                    _tap(one, f"[data-seat={seat}]")
                one.wait_for_function("() => seen.painted && seen.stored", polling=5)
                two.wait_for_function("line => window.shown?.line === line", arg=line, polling=5)
                seen, shown = one.evaluate("seen"), two.evaluate("shown.at")
                for kind, at in (("painted", seen["painted"]), ("stored", seen["stored"]), ("second", shown)):
                    found[kind].append(at - seen["down"])
                one.wait_for_timeout(PACE)
            return _taken(waits[name], found)

        def beside(name: str) -> float:
            with running([TK, "-w", str(root), "live"], "g/s", env, {"calm", "hanging", "burner"}):
                return tapped(name)

        def formed(name: str) -> float:
            found: dict[str, list[float]] = {"painted": [], "stored": []}
            for n in range(TURNS):
                form.evaluate("window.seen = {}")
                _tap(form, f"button >> nth={n % 56}")
                form.wait_for_function("() => window.seen?.painted && seen.down", polling=5)
                _note(found, form.evaluate("seen"))
                form.wait_for_timeout(PACE)
            return _taken(waits[name], found)

        def typed(name: str) -> float:
            found: dict[str, list[float]] = {"painted": [], "stored": []}
            field.focus("textarea")
            for n in range(TURNS):
                field.keyboard.insert_text(f"{SEATS[n % 8]}>{SEATS[(n + 3) % 8]}\n")
                field.wait_for_function("() => seen.painted && seen.stored", polling=5)
                _note(found, field.evaluate("seen"))
                field.wait_for_timeout(PACE)
            return _taken(waits[name], found)

        ways: tuple[Callable[[str], float], ...] = (tapped, beside, formed, typed)
        interleave(
            {name: lambda name=name, way=way: way(name) for name, way in zip(names, ways, strict=True)},
            rounds,
            lambda: None,
        )
    own, burdened, form_waits, field_waits = (waits[name].rounds for name in names)
    every = waits["tkcore"].all
    rows = [
        (name, *waits[name].say("painted"), *waits[name].say("stored"), *waits[name].say("second"))
        for name in names
    ]
    targets = [
        _below(17, "tap to painted, p95, ms", 50, _part(every["painted"], 95)),
        _below(18, "tap to on disk, p95, ms", 100, _part(every["stored"], 95)),
        _below(19, "tap to a second observer's screen, p95, ms", 150, _part(every["second"], 95)),
        at_least(
            20,
            "p95 to painted, a form posted and shown again / tkcore",
            1.0,
            paired(form_waits["painted"], own["painted"]),
        ),
        Target(
            20,
            "p95 to on disk, tkcore / a field that saves itself",
            "-",
            str(paired(own["stored"], field_waits["stored"])),
            None,
        ),
        at_most(
            21,
            "p95 to on disk, tk live, a hanging and a burning plugin / alone",
            1.5,
            paired(burdened["stored"], own["stored"]),
        ),
        at_most(21, "p95 to painted, the same", 1.5, paired(burdened["painted"], own["painted"])),
    ]
    return [
        Table(
            "A turn on the capture page",
            f"{rounds} rounds x {TURNS} turns by touch, one every {PACE} ms and what it takes; Chromium {browser.version}; milliseconds.",
            ("side", "painted p50", "p95", "on disk p50", "p95", "second observer p50", "p95"),
            rows,
            targets,
        )
    ]


def _below(row: int, what: str, bound: float, measured: float) -> Target:
    return Target(row, what, f"< {bound:g}", short(measured), measured < bound)


def _note(found: dict[str, list[float]], seen: dict[str, float]) -> None:
    for kind, times in found.items():
        times.append(seen[kind] - seen["down"])


def _taken(waits: Waits, found: dict[str, list[float]]) -> float:
    for kind, times in found.items():
        waits.take(kind, times)
    return median(found["stored"])


def _device(browser: Any, **more: Any) -> Any:
    device = browser.new_context(has_touch=True, viewport={"width": 1024, "height": 768}, **more)
    device.add_init_script(LOOK)
    return device


def _tap(page: Any, selector: str) -> None:
    box = page.locator(selector).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


# -- the page alone ------------------------------------------------------------------------------------------------------


def _cold(browser: Any, rounds: int, fresh: Path) -> Table:
    """Measure from nothing to a page that takes taps, what comes over the wire for it, and whom it asks."""
    root = _workspace(fresh / "cold", {})
    _tk(root, "session", "open", "g/s", "--seats", ",".join(SEATS))
    opened, begun, again, after, sizes, elsewhere, files = [], [], [], [], [], 0, 0
    for _ in range(rounds):
        began = perf_counter()
        with _serving(root, dict(os.environ)) as (url, _):
            device = browser.new_context(viewport={"width": 1024, "height": 768}, service_workers="block")
            device.add_init_script(READY)
            page = device.new_page()
            asked: list[Any] = []
            page.on("requestfinished", lambda request, asked=asked: asked.append(request))
            page.goto(url)
            page.wait_for_selector("html[data-ready]")
            begun.append(1000 * (perf_counter() - began))
            opened.append(page.evaluate("ready"))
            page.wait_for_selector("#link[data-link=live]")
            own = [one for one in asked if "/api/" not in one.url]
            origin = url.partition("#")[0]
            elsewhere += sum(not one.url.startswith(origin) for one in asked)
            found = [one.sizes() for one in own]
            sizes.append(sum(size["responseBodySize"] + size["responseHeadersSize"] for size in found) / 1000)
            files = len(own)
            began = perf_counter()
            page.reload()
            page.wait_for_selector("#link[data-link=live]")
            again.append(1000 * (perf_counter() - began))
            with suppress(Exception):  # it says that it has crashed
                page.goto("chrome://crash")
            began = perf_counter()
            page = device.new_page()
            page.goto(url.partition("#")[0])
            page.wait_for_selector("#link[data-link=live]")
            after.append(1000 * (perf_counter() - began))
            device.close()
    return Table(
        "From nothing to a page that takes taps",
        f"{rounds} rounds, an empty cache each; {files} files of the page, {short(sizes[0])} kB with their headers, {elsewhere} requests elsewhere.",
        ("from", "p50, ms", "p95, ms"),
        [
            ("the address is opened, to the page drawn", short(_part(opened, 50)), short(_part(opened, 95))),
            ("`tk serve` begins, to the page drawn", short(_part(begun, 50)), short(_part(begun, 95))),
            ("a reload, to the page with its link", short(_part(again, 50)), short(_part(again, 95))),
            (
                "a tab that crashed, to the next one with its link",
                short(_part(after, 50)),
                short(_part(after, 95)),
            ),
        ],
        (
            _below(22, "tk serve to a page that takes taps, p50, ms", 1500, _part(begun, 50)),
            _below(23, "bytes of the page, kB", 150, max(sizes)),
            Target(24, "requests elsewhere", "0", str(elsewhere), elsewhere == 0),
            _below(25, "a reload to the page with its link, p95, ms", 1000, _part(again, 95)),
            _below(26, "a crashed tab to the next one with its link, p95, ms", 1000, _part(after, 95)),
        ),
    )


# -- processes -----------------------------------------------------------------------------------------------------------


def _workspace(root: Path, enabled: dict[str, str]) -> Path:
    made = workspace(root)
    Disk().store(made.workspace.root / FILE, dump(Config(language="en", plugins=enabled)))
    return root


def _tk(root: Path, *words: str) -> None:
    subprocess.run([TK, "-w", str(root), *words], check=True, capture_output=True)


@contextmanager
def _serving(root: Path, env: dict[str, str], *more: str) -> Iterator[tuple[str, str]]:
    words = [TK, "-w", str(root), "serve", "g/s", "--no-browser", "--no-live", "--port", "0", *more]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    ) as server:
        try:
            yield server.stdout.readline().strip(), server.stdout.readline().strip() if more else ""
        finally:
            server.terminate()


@contextmanager
def _others(fresh: Path) -> Iterator[str]:
    words = [sys.executable, "-c", OTHERS, str(fresh), FIELD, FORM, SEATS]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        finally:
            server.terminate()
