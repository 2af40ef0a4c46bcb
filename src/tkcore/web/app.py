"""The application: what the page asks for, and where it goes.

GET  /  /static/…  /sw.js     the page; no data in it (`files.py`)
GET  /install  /ca.crt        how a tablet comes to trust this machine, and what with (`install.py`)
POST /api/enter               {"token"} → a cookie, once
POST /api/invite              {"observer"?, "role"?} → {"url", "picture"}: a link for one more device (`observers.py`)
GET  /api/state               everything as it is now (`state.py`)
POST /api/entries             {"entries": [{"id", "line", "at"}], "session"?, "observer"?, "language"?} → {"answers", "now"}
POST /api/alerts              {"alert", "seat", "act": shown | dismissed} → {"stands"} (`alerting.py`)
GET  /api/events[?after=SEQ]  what is stored, as it is stored (`stream.py`)
GET  /api/words               the page's texts in both languages
GET  /guide                   the quick guide, to be printed
GET  /api/review              what this observer may look at again (`review.py`)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, Raw, Struct, json
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tkcore.errors import WriteFailed
from tkcore.guide import guide
from tkcore.opening import join
from tkcore.recorder import Answer
from tkcore.talk import say, translator
from tkcore.web.alerting import Act, Alerting
from tkcore.web.answering import TooLarge
from tkcore.web.answering import body as _body
from tkcore.web.answering import document as _document
from tkcore.web.answering import refused as _refused
from tkcore.web.files import STATIC, files
from tkcore.web.gate import Gate
from tkcore.web.keys import LASTS, Keys
from tkcore.web.observers import observer_of
from tkcore.web.review import reviewed
from tkcore.web.room import MOST, Nobody, Refused, Room
from tkcore.web.state import state
from tkcore.web.stream import begins, told
from tkcore.web.words import words

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
    hosts: tuple[str, ...] = (),
    alerting: Alerting | None = None,
    more: Sequence[Route] = (),
) -> ASGIApp:
    """Return the application behind its gate; `trouble` hears of faults that were no line's, `more` is what else it does."""

    async def enter(request: Request) -> Response:
        try:
            asked = json.decode(await _body(request), type=_Entering)
        except DecodeError:
            return _refused(400, "json")
        who = keys.whose(asked.token)
        if who is None:
            return _refused(403, "token")
        try:
            if room.session:  # else they join as it is opened
                await room.ask(lambda: join(room.recorder, who.observer, who.role, who.families))
        except WriteFailed:
            return _refused(503, "disk")
        cookie = keys.enter(asked.token)
        if cookie is None:
            return _refused(403, "token")
        answer = JSONResponse({"session": room.session})
        scheme = request.url.scheme
        answer.set_cookie(
            keys.cookie(scheme), cookie, max_age=LASTS // 1000, path="/", httponly=True, samesite="strict",
            secure=scheme == "https",
        )  # fmt: skip
        return answer

    async def now(request: Request) -> Response:
        found = await room.ask(lambda: state(room.recorder, language, observer_of(request)))
        return _document(replace(found, queue=room.seal.queue if room.seal else None))

    async def entries(request: Request) -> Response:
        if room.ending:
            return _refused(503, "ending")
        try:
            sent = json.decode(await _body(request), type=_Sending)
        except (DecodeError, RecursionError):
            return _refused(400, "json")
        if sent.session not in (None, room.session):
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

    async def alerts(request: Request) -> Response:
        if observer_of(request) != await room.ask(lambda: room.recorder.now.lead):
            return _refused(403, "lead")
        try:
            said = json.decode(await _body(request), type=Act)
        except (DecodeError, RecursionError):
            return _refused(400, "json")
        try:
            return _document({"stands": alerting is not None and await alerting.act(said)})
        except WriteFailed:
            return _refused(503, "disk")

    async def events(request: Request) -> Response:
        begin = begins(room, request.headers.get("last-event-id"), request.query_params.get("after"))
        return StreamingResponse(told(room, begin, observer_of(request)), media_type="text/event-stream")

    async def texts(_: Request) -> Response:
        return _document(words())

    async def again(request: Request) -> Response:
        return _document(await room.ask(lambda: reviewed(room.recorder, observer_of(request))))

    async def sheet(request: Request) -> Response:
        said = request.query_params.get("lang")
        speaks = said if said in LANGUAGES else language
        opened, book = room.recorder.now.opened, room.recorder.books[0]
        setting = opened.setting if opened else None
        text = guide(book, speaks, translator(speaks), setting, at="/static/sheet.css")
        return Response(text, media_type="text/html")

    async def too_large(_request: Request, _error: Exception) -> Response:
        return _refused(413, "size")

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)

    async def nobody(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Nobody)
        return _refused(error.status, error.reason)

    async def fault(_request: Request, error: Exception) -> Response:
        with suppress(Exception):  # who would hear of it has gone
            trouble(error)
        return _refused(500, "fault")

    app = Starlette(
        routes=[
            *files(static),
            Route("/guide", sheet),
            Route("/api/enter", enter, methods=["POST"]),
            Route("/api/state", now),
            Route("/api/entries", entries, methods=["POST"]),
            Route("/api/alerts", alerts, methods=["POST"]),
            Route("/api/events", events),
            Route("/api/words", texts),
            Route("/api/review", again),
            *more,
        ],
        middleware=[Middleware(GZipMiddleware, compresslevel=6)],
        exception_handlers={Nobody: nobody, TooLarge: too_large, ClientDisconnect: gone, Exception: fault},
    )
    return Gate(app, port=port, keys=keys, lan=hosts)
