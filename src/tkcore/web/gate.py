"""Who may come in: the page from this address and nobody else; on the local network under TLS only.

Another site that has the browser send requests here cannot name our origin; a name that was bound anew to this address
is not our host; a stranger on the machine has no cookie.
"""

from __future__ import annotations

from functools import partial

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tkcore.web.keys import Keys

HEADERS: dict[str, str] = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
}
OBSERVER = "tkcore.observer"
"""Under this a request's scope has what says whose device sends it: while a session is opened the answer changes."""
OPEN = "/api/enter"
"""The one request of the API without a cookie."""


class Gate:
    """Stands before the application: refuses, and gives every answer its headers.

    `lan` are the hosts that answer under TLS; without it only this machine's own names do.
    """

    def __init__(self, app: ASGIApp, *, port: int, keys: Keys, lan: tuple[str, ...] = ()) -> None:
        self.app, self.keys = app, keys
        self.hosts = {"http": (f"127.0.0.1:{port}", f"localhost:{port}"), "https": lan}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own),
                ]
                if b"cache-control" not in own:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        refused = self._refusal(scope)
        if refused is None:
            await self.app(scope, receive, with_headers)
        else:
            status, reason = refused
            await JSONResponse({"error": {"reason": reason}}, status)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the reason for which a request is turned away."""
        writes = scope["method"] not in ("GET", "HEAD")
        host, scheme = _only(scope, b"host"), scope["scheme"]
        if host not in self.hosts[scheme]:
            # a read that went astray is 421 as HTTP has it; what would write is forbidden like all that is not ours
            return (403 if writes else 421), "host"
        if writes and _only(scope, b"origin") != f"{scheme}://{host}":
            return 403, "origin"
        if writes and _only(scope, b"x-tkcore") != "1":
            return 403, "x-tkcore"
        if not scope["path"].startswith("/api/"):
            return None
        if (_only(scope, b"sec-fetch-site") or "same-origin") not in ("same-origin", "none"):
            return 403, "site"
        if writes and (_only(scope, b"content-type") or "").partition(";")[0].strip() != "application/json":
            return 415, "content-type"
        if scope["path"] == OPEN:
            return None
        whose = partial(self.keys.knows, _only(scope, b"cookie") or "", scheme)
        if whose() is None:
            return 401, "cookie"
        scope[OBSERVER] = whose
        return None


def _only(scope: Scope, name: bytes) -> str | None:
    """Return a header that is there once; one that is there twice is none."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None
