"""Who records on which device, who may invite, and whom a record is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import DecodeError, Struct, json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tkcore import codebook as cb
from tkcore.errors import BadInput
from tkcore.ledger import RECORDER
from tkcore.opening import families_of
from tkcore.recorder import Recorder
from tkcore.web.answering import body, document, refused
from tkcore.web.gate import OBSERVER
from tkcore.web.inviting import invitation
from tkcore.web.keys import Joining, Keys
from tkcore.web.room import Room

ROLES = ("co_therapist", "observer")
_NAME = re.compile("[A-Za-z][A-Za-z0-9_-]{0,31}")


class Observer(Struct, frozen=True):
    """One who records; `role` is co_therapist, observer or from_video."""

    observer: str
    role: str


class _Asked(Struct, frozen=True):
    observer: str | None = None
    role: str = "observer"


def observers(recorder: Recorder) -> tuple[Observer, ...]:
    """Return who records, in the order of coming."""
    return tuple(Observer(name, role) for name, role in recorder.now.observers.items())


def joining(word: str, codebooks: Sequence[cb.Codebook]) -> Joining:
    """Return who `NAME[:ROLE[:FAMILY,...]]` is. Raises BadInput."""
    name, _, rest = word.partition(":")
    role, _, families = rest.partition(":")
    role = role or "observer"
    if not _NAME.fullmatch(name) or name == RECORDER:
        raise BadInput(
            "{name!r} cannot be an observer: a sign such as obs2, of letters, digits, - and _; no person's name",
            name=name[:40],
        )
    if role not in ROLES:
        raise BadInput("{seat}: no role {role}. There are: {roles}", seat=name, role=role[:40], roles=", ".join(ROLES))  # fmt: skip
    return Joining(name, role, families_of(families, codebooks) if families else None)


def observer_of(request: Request) -> str:
    """Return whose device a request comes from: nobody's before a session is open, then the lead's."""
    whose: Callable[[], str | None] = request.scope[OBSERVER]
    return whose() or ""


def inviting(room: Room, keys: Keys, where: str) -> Route:
    """Return the route by which a device asks for a link: one more of its own, or, if it leads, another observer's."""

    async def invite(request: Request) -> Response:
        observer = observer_of(request)
        try:
            asked = json.decode(await body(request), type=_Asked)
            who = Joining(observer)
            if asked.observer is not None:
                who = joining(f"{asked.observer}:{asked.role}", ())
        except (DecodeError, BadInput):
            return refused(400, "observer")
        if who.observer != observer and observer != await room.ask(lambda: room.recorder.now.lead):
            return refused(403, "lead")
        return document(invitation(keys, where, who))

    return Route("/api/invite", invite, methods=["POST"])
