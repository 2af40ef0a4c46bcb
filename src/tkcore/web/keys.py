"""Who came in: the tokens of the links, the cookies of the devices."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import DecodeError, Struct, json
from msgspec.structs import replace

from tkcore.disk import Disk
from tkcore.errors import WriteFailed

LASTS = 12 * 3_600_000
"""How long a cookie is good: longer than any session."""
MOST = 20
"""The most tokens that wait for a device."""


class Joining(Struct, frozen=True):
    """As whom a device comes in; without an observer it is whoever leads the session that is opened on the page.

    `role` and `families` (None: what the lead codes) are for one who was not there yet.
    """

    observer: str
    role: str = "observer"
    families: tuple[str, ...] | None = None


class _Cookie(Struct, frozen=True):
    """When a cookie ends, and whose device has it."""

    until: int
    who: Joining


class _Entered(Struct, frozen=True):
    """What is kept of those who came in: digests of their cookies."""

    session: str
    cookies: dict[str, _Cookie]


class Keys:
    """The tokens of the links, each good for one entry as one observer, and the cookies of those who came in.

    Their digests are kept in a file, so that a page goes on when the server was killed and begun again.
    """

    def __init__(
        self, session: str, port: int, *, observer: str, file: Path, disk: Disk, now: Callable[[], int]
    ) -> None:
        self.session, self.file, self.disk, self.now = session, file, disk, now
        self.name = f"tkcore-{port}"
        self._tokens = {secrets.token_urlsafe(32): Joining(observer)}
        self._cookies = self._kept()

    @property
    def token(self) -> str | None:
        """Return the oldest token that is not spent."""
        return next(iter(self._tokens), None)

    def invite(self, who: Joining) -> str:
        """Return a token for one more device; of many that nobody used the oldest ends."""
        token = secrets.token_urlsafe(32)
        self._tokens = {**dict(list(self._tokens.items())[-MOST + 1 :]), token: who}
        return token

    def whose(self, token: str) -> Joining | None:
        """Return as whom a token lets in, None where it lets nobody in; it is not spent."""
        fits = [who for one, who in self._tokens.items() if _same(token, one)]
        return fits[0] if fits else None

    def cookie(self, scheme: str) -> str:
        """Return the cookie's name: under TLS the browser itself holds it to this one host."""
        return f"__Host-{self.name}" if scheme == "https" else self.name

    def _kept(self) -> dict[str, _Cookie]:
        try:
            kept = json.decode(self.disk.read(self.file), type=_Entered)
        except (OSError, DecodeError):
            return {}
        # a page of another session must not go on in this one
        return kept.cookies if kept.session == self.session else {}

    def bind(self, session: str, lead: str) -> list[Joining]:
        """Let those who came in go on in the session that is opened now, and return who they are."""
        self.session = session
        self._tokens = {token: _known(who, lead) for token, who in self._tokens.items()}
        self._cookies = {
            digest: replace(kept, who=_known(kept.who, lead)) for digest, kept in self._cookies.items()
        }
        self._keep()
        return [kept.who for kept in self._cookies.values()]

    def _keep(self) -> None:
        with suppress(WriteFailed):  # then they are good until this server ends
            self.disk.store(self.file, json.encode(_Entered(self.session, self._cookies)))

    def enter(self, token: str) -> str | None:
        """Return a new cookie for the token, which is spent with it; None if it is another."""
        fits = [one for one in self._tokens if _same(token, one)]
        if not fits:
            return None
        who = self._tokens.pop(fits[0])
        cookie = secrets.token_urlsafe(32)
        now = self.now()
        self._cookies = {digest: kept for digest, kept in self._cookies.items() if kept.until > now}
        self._cookies[_digest(cookie)] = _Cookie(now + LASTS, who)
        self._keep()
        return cookie

    def knows(self, cookies: str, scheme: str = "http") -> str | None:
        """Return the observer whose device sends a Cookie header, None if it has none of those that are good."""
        for part in cookies.split(";"):
            name, _, value = part.strip().partition("=")
            kept = self._cookies.get(_digest(value)) if name == self.cookie(scheme) else None
            if kept is not None and kept.until > self.now():
                return kept.who.observer
        return None


def _known(who: Joining, lead: str) -> Joining:
    return who if who.observer else replace(who, observer=lead)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def link(where: str, token: str | None) -> str:
    """Return a link that lets one device in; what stands behind # is sent to nobody."""
    return f"{where}/#{token}"
