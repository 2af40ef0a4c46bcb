"""How a request is read and how it is answered: bodies of a bounded size, JSON, a status with a reason."""

from __future__ import annotations

from msgspec import json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LARGEST = 1 << 20
"""The most bytes of a request."""


class TooLarge(Exception):
    """More than a page ever sends."""


async def body(request: Request) -> bytes:
    """Return a request's body; raises TooLarge as soon as it is."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > LARGEST:
            raise TooLarge
    return bytes(found)


def document(what: object, status: int = 200) -> Response:
    return Response(json.encode(what), status, media_type="application/json")


def refused(status: int, reason: str) -> Response:
    return JSONResponse({"error": {"reason": reason}}, status)
