"""The application: what the page asks for, and where it goes.

GET  /  /static/…  /sw.js     the page; no data in it
GET  /install  /ca.crt        how a tablet comes to trust this machine, and what with (`install.py`)
POST /api/enter               {"token"} → a cookie, once
POST /api/invite              {"observer"?, "role"?} → {"url", "picture"}: a link for one more device (`observers.py`)
GET  /api/state               everything as it is now (`state.py`)
POST /api/entries             {"entries": [{"id", "line", "at"}], "session"?, "observer"?, "language"?} → {"answers", "now"}
GET  /api/events[?after=SEQ]  what is stored, as it is stored (`stream.py`)
GET  /api/words               the page's texts in both languages
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, Raw, Struct, json
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from tkcore.errors import WriteFailed
from tkcore.opening import join
from tkcore.recorder import Answer
from tkcore.talk import say, translator
from tkcore.web.gate import LASTS, Gate, Keys
from tkcore.web.install import installing
from tkcore.web.inviting import base
from tkcore.web.lan import Lan
from tkcore.web.observers import inviting, observer_of
from tkcore.web.room import MOST, Refused, Room
from tkcore.web.state import state
from tkcore.web.stream import begins, told
from tkcore.web.words import words

STATIC = Path(__file__).parent / "static"
LARGEST = 1 << 20
"""The most bytes of a request."""
LANGUAGES = ("id", "en")


class _Entering(Struct, frozen=True):
    token: str


class _Sending(Struct, frozen=True):
    entries: list[Raw]
    session: str | None = None
    observer: str | None = None
    language: str | None = None


def application(
    room: Room,
    keys: Keys,
    *,
    port: int,
    language: str,
    trouble: Callable[[Exception], None],
    static: Path = STATIC,
    lan: Lan | None = None,
) -> ASGIApp:
    """Return the application behind its gate; `trouble` hears of faults that were no line's."""
    session = room.recorder.session
    page = _Fresh(directory=static, check_dir=False)

    async def enter(request: Request) -> Response:
        try:
            asked = json.decode(await _body(request), type=_Entering)
        except DecodeError:
            return _refused(400, "json")
        who = keys.whose(asked.token)
        if who is None:
            return _refused(403, "token")
        try:
            await room.ask(join, room.recorder, who.observer, who.role, who.families)
        except WriteFailed:
            return _refused(503, "disk")
        cookie = keys.enter(asked.token)
        if cookie is None:
            return _refused(403, "token")
        answer = JSONResponse({"session": session})
        scheme = request.url.scheme
        answer.set_cookie(
            keys.cookie(scheme), cookie, max_age=LASTS // 1000, path="/", httponly=True, samesite="strict",
            secure=scheme == "https",
        )  # fmt: skip
        return answer

    async def now(request: Request) -> Response:
        return _document(await room.ask(state, room.recorder, language, observer_of(request)))

    async def entries(request: Request) -> Response:
        if room.ending:
            return _refused(503, "ending")
        try:
            sent = json.decode(await _body(request), type=_Sending)
        except (DecodeError, RecursionError):
            return _refused(400, "json")
        if sent.session not in (None, session):
            return _refused(409, "session")
        observer = observer_of(request)
        if sent.observer not in (None, observer):
            # the browser has come in as somebody else since these were tapped
            return _refused(409, "observer")
        if len(sent.entries) > MOST:
            return _refused(413, "entries")
        speaks = sent.language if sent.language in LANGUAGES else language
        t = translator(str(speaks))
        answers: list[Answer | Refused] = []
        try:
            async for answer in room.enter(sent.entries, t, observer):
                answers.append(answer)
        except WriteFailed as error:
            # no line is wrong, the disk is: what has no answer is to be kept and sent again
            return _document({"answers": answers, "error": {"reason": say(error, t)}}, 503)
        return _document({"answers": answers, "now": await room.ask(room.recorder.clock)})

    async def events(request: Request) -> Response:
        begin = begins(room, request.headers.get("last-event-id"), request.query_params.get("after"))
        return StreamingResponse(told(room, begin, observer_of(request)), media_type="text/event-stream")

    async def invite(request: Request) -> Response:
        return await inviting(await _body(request), room, keys, base(port, lan), observer_of(request))

    async def texts(_: Request) -> Response:
        return _document(words())

    async def index(_: Request) -> Response:
        return FileResponse(static / "index.html", headers=FRESH)

    async def worker(_: Request) -> Response:
        return FileResponse(static / "sw.js", media_type="text/javascript", headers=FRESH)

    async def too_large(_request: Request, _error: Exception) -> Response:
        return _refused(413, "size")

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)

    async def fault(_request: Request, error: Exception) -> Response:
        with suppress(Exception):  # who would hear of it has gone
            trouble(error)
        return _refused(500, "fault")

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/sw.js", worker),
            Mount("/static", page),
            Route("/api/enter", enter, methods=["POST"]),
            Route("/api/state", now),
            Route("/api/entries", entries, methods=["POST"]),
            Route("/api/events", events),
            Route("/api/words", texts),
            Route("/api/invite", invite, methods=["POST"]),
            *(installing(lan) if lan else ()),
        ],
        exception_handlers={TooLarge: too_large, ClientDisconnect: gone, Exception: fault},
    )
    return Gate(app, port=port, keys=keys, lan=lan.hosts if lan else ())


FRESH = {"cache-control": "no-cache"}


class _Fresh(StaticFiles):
    """Files that are asked for again each time: a page and a server of different versions do not meet."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["cache-control"] = FRESH["cache-control"]
        return answer

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if path == "sw.js":
            answer.headers["service-worker-allowed"] = "/"
        return answer


class TooLarge(Exception):
    """More than a page ever sends."""


async def _body(request: Request) -> bytes:
    """Return a request's body; raises TooLarge as soon as it is."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > LARGEST:
            raise TooLarge
    return bytes(found)


def _document(what: object, status: int = 200) -> Response:
    return Response(json.encode(what), status, media_type="application/json")


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"error": {"reason": reason}}, status)
