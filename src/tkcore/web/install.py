"""How a tablet comes to trust this machine: a page that explains it, and the certificate it installs.

Both are for everybody who finds the address: there are no data in them.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tkcore.web.files import STATIC
from tkcore.web.lan import Lan

PAGE = STATIC / "install.html"


def halves(fingerprint: str) -> list[str]:
    """Return a fingerprint as two lines that an eye can compare."""
    return [fingerprint[:47], fingerprint[48:]]


def installing(lan: Lan) -> list[Route]:
    """Return the routes of the page and of the certificate."""

    async def page(_: Request) -> Response:
        # hexadecimal digits: nothing that a page could take for markup
        return HTMLResponse(
            PAGE.read_text("utf-8").replace("{fingerprint}", "\n".join(halves(lan.fingerprint)))
        )

    async def certificate(_: Request) -> Response:
        return Response(
            lan.certificate, media_type="application/x-x509-ca-cert",
            headers={"content-disposition": 'attachment; filename="tkcore-ca.crt"'},
        )  # fmt: skip

    return [Route("/install", page), Route("/ca.crt", certificate)]
