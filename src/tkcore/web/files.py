"""The page's own files, read and compressed as the server begins: a page and a server of different versions do not meet.

A browser asks for each again each time, and is told when it has it already.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
OWN = {"index.html": "/", "sw.js": "/sw.js"}
"""Files with an address of their own: the page, and what may answer for all of it."""


class _File(Struct, frozen=True):
    text: bytes
    packed: bytes
    headers: dict[str, str]


def _read(path: Path) -> _File:
    text = path.read_bytes()
    headers = {
        "content-type": TYPES[path.suffix],
        "cache-control": "no-cache",
        "etag": f'W/"{hashlib.sha256(text).hexdigest()[:32]}"',
        "vary": "Accept-Encoding",
    }
    return _File(text, gzip.compress(text, 6, mtime=0), headers)


def files(folder: Path = STATIC) -> list[Route]:
    """Return the routes of the files of a folder: those of the types above, no links, nothing below it."""
    found = {
        OWN.get(path.name, f"/static/{path.name}"): _read(path)
        for path in folder.iterdir()
        if path.suffix in TYPES and path.is_file() and not path.is_symlink()
    }

    async def answer(request: Request) -> Response:
        file = found.get(request.url.path)
        if file is None:
            raise HTTPException(404)
        if request.headers.get("if-none-match") == file.headers["etag"]:
            return Response(None, 304, file.headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, headers={**file.headers, "content-encoding": "gzip"})
        return Response(file.text, headers=file.headers)

    return [Route(path, answer) for path in (*OWN.values(), "/static/{name}")]
