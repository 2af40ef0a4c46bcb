"""Links for further devices: each good for one entry, with a picture that a tablet's camera reads."""

from __future__ import annotations

import io

from msgspec import Struct

from tkcore.web.keys import Joining, Keys, link

QUIET = 4
"""Modules of white around a QR code: without them no camera finds it."""


class Picture(Struct, frozen=True):
    """A QR code as an SVG path of its dark modules, in a square of `size` modules."""

    size: int
    path: str


class Invitation(Struct, frozen=True):
    url: str
    picture: Picture


def invitation(keys: Keys, where: str, who: Joining) -> Invitation:
    """Return a link for one more device of an observer."""
    url = link(where, keys.invite(who))
    return Invitation(url, picture(url))


def picture(text: str) -> Picture:
    """Return a text's QR code for the page, which draws it without markup of ours."""
    rows = _rows(text)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return Picture(len(rows), path)


def drawn(text: str, *, colour: bool) -> str:
    """Return a text's QR code for a terminal, dark on white whatever the terminal's own colours are."""
    import segno

    found = io.StringIO()
    segno.make_qr(text, error="m").terminal(out=found, border=QUIET, compact=True)
    begin, end = ("\x1b[97;40m", "\x1b[0m") if colour else ("", "")
    return "\n".join(f"{begin}{line}{end}" for line in found.getvalue().splitlines())


def _rows(text: str) -> list[bytes]:
    import segno

    code = segno.make_qr(text, error="m")
    return [bytes(row) for row in code.matrix_iter(border=QUIET)]
