"""A session behind the server, asked as a page asks: no port, no second process, clocks that stand until they are moved."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tkcore.web.alerting import Alerting
from tkcore.web.app import application
from tkcore.web.keys import Keys
from tkcore.web.observers import inviting
from tkcore.web.room import Room

PORT = 8733
BASE = f"http://127.0.0.1:{PORT}"


class Page:
    """What a browser on this machine is to the server."""

    def __init__(self, sitting, *, language: str = "en") -> None:
        self.sitting, self.recorder = sitting, sitting.recorder
        self.file = sitting.desk.workspace.root / f"serve-{PORT}.json"
        self.static = sitting.desk.workspace.root / "static"
        self.static.mkdir(exist_ok=True)
        for name, text in (("index.html", "<!doctype html>"), ("sw.js", "self"), ("app.js", "export {}")):
            (self.static / name).write_text(text)
        with suppress(FileExistsError):  # a second page of the same sitting
            (self.static / "out.js").symlink_to(self.file)
        self.keys = self.fresh()
        self.room = Room(self.recorder)
        self.trouble: list[Exception] = []
        self.alerting = Alerting(self.room)
        self.app = application(
            self.room, self.keys, port=PORT, language=language, trouble=self.trouble.append, static=self.static,
            alerting=self.alerting, more=[inviting(self.room, self.keys, BASE)],
        )  # fmt: skip
        self.cookies: dict[str, str] = {}
        self._runner = asyncio.Runner()
        self.run = self._runner.run

    def fresh(self, session: str | None = None) -> Keys:
        desk = self.sitting.desk
        return Keys(
            session or self.recorder.session,
            PORT,
            observer="obs1",
            file=self.file,
            disk=desk.disk,
            now=desk.clocks.wall,
        )

    def request(self, method: str, path: str, *, headers=None, without=(), **more) -> httpx.Response:
        sent = {"x-tkcore": "1", "origin": BASE} if method == "POST" else {}
        sent |= headers or {}
        sent = {k: v for k, v in sent.items() if k not in without}

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=self.cookies) as client:
                return await client.request(method, path, headers=sent, **more)

        return self.run(go())

    def enter(self) -> Page:
        answer = self.request("POST", "/api/enter", json={"token": self.keys.token})
        assert answer.status_code == 200
        self.cookies = dict(answer.cookies)
        return self

    def get(self, path: str) -> dict:
        answer = self.request("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, *entries: dict, status: int = 200, **body) -> list[dict]:
        answer = self.request("POST", "/api/entries", json={"entries": list(entries), **body})
        assert answer.status_code == status, answer.text
        return answer.json().get("answers", [])

    def tap(self, *lines: str, at: int | None = None) -> list[dict]:
        """Send lines, each under an id of its own."""
        return self.send(*[{"id": self.sitting.desk.random(15).hex(), "line": x, "at": at} for x in lines])

    def close(self) -> None:
        self.room.close()
        self._runner.close()

    def stored(self) -> int:
        return len(self.recorder.ledger)


@pytest.fixture
def page_of(typed):
    """Make a page of a session: `page_of(seats="T,A,B")`."""
    made: list[Page] = []

    def make(name: str = "g/s", *, language: str = "en", **given) -> Page:
        given.setdefault("clock", "live")
        made.append(Page(typed(name, **given), language=language))
        return made[-1]

    yield make
    for page in made:
        page.close()


@pytest.fixture
def tab(page_of) -> Page:
    """A page that has come in."""
    return page_of().enter()


@pytest.fixture
def root(tab) -> Path:
    return tab.sitting.desk.workspace.root
