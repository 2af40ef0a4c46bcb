"""The end of a meeting: its last record, the receipt, and `tk session close` in a process of its own.

What that process writes (Parquet, the manifest) needs the log's lock: the room lets go of it for that moment, and takes
it again for the corrections and late taps that still come.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tkcore import events as e
from tkcore.errors import NotAllowed, TkError, WriteFailed
from tkcore.log import hash_of
from tkcore.receipts import MOST, Receipt, words_of
from tkcore.recorder import Recorder
from tkcore.talk import say, translator
from tkcore.web.answering import body, document, refused
from tkcore.web.observers import observer_of
from tkcore.web.room import Nobody, Room

PATIENCE = 600
"""Seconds that closing may take."""


class Ended(Struct, frozen=True, kw_only=True):
    """What is copied onto the attendance sheet; no words where a log is longer than they can say."""

    session: str
    seq: int
    h: str
    words: tuple[str, ...]


def ended(recorder: Recorder) -> Ended | None:
    """Return the receipt of a session as it was when the meeting ended, None while it goes on."""
    found = None
    for seq in range(len(recorder.ledger) - 1, -1, -1):
        if isinstance(recorder.ledger[seq], e.SessionClosed):
            found = seq
            break
    if found is None:
        return None
    receipt = Receipt(recorder.session, found, hash_of(recorder.ledger.line(found)))
    words = words_of(receipt) if found < MOST else ()
    return Ended(session=receipt.session, seq=found, h=receipt.h, words=words)


def end(recorder: Recorder, observer: str) -> Ended:
    """Record that the meeting is over, if it is not already. Raises NotAllowed for who does not lead."""
    if recorder.now.closed is None:
        if observer != recorder.now.lead:
            raise NotAllowed("only who leads the recording ends it: {lead}", lead=recorder.now.lead)
        recorder.close_session(observer=observer)
    found = ended(recorder)
    assert found is not None
    return found


class Closer:
    """Ends the meeting when the page says so, and has the log vouched for afterwards."""

    def __init__(
        self,
        room: Room,
        *,
        again: Callable[[str], Recorder],
        child: Callable[[str], None],
        language: str,
    ) -> None:
        self.room, self.again, self.child, self.language = room, again, child, language
        self.wanted = False
        """Whether the session was closed and nothing has vouched for it since."""
        self._vouched = -1
        if room.recording:
            recorder = room.recorder
            self._vouched = len(recorder.ledger)
            # somebody was stopped between the last record and the manifest
            self.wanted = (
                recorder.now.closed is not None and not (recorder.writer.folder / "MANIFEST").exists()
            )

    def routes(self) -> list[Route]:
        return [Route("/api/close", self.close, methods=["POST"]), Route("/api/receipt", self.receipt)]

    async def close(self, request: Request) -> Response:
        await body(request)
        t = translator(self.language)
        try:
            found = await self.room.ask(lambda: end(self.room.recorder, observer_of(request)))
        except WriteFailed as error:
            return document({"error": {"reason": say(error, t)}}, 503)
        except TkError as error:
            return document({"error": {"reason": say(error, t)}}, 403)
        self.wanted = True
        return document(found)

    async def receipt(self, _: Request) -> Response:
        found = await self.room.ask(lambda: ended(self.room.recorder))
        return refused(404, "open") if found is None else document(found)

    def vouch(self) -> None:
        """Let the child close the log and go on recording; in the recorder's thread."""
        self.wanted = False
        session = self.room.session
        vouched = len(self.room.recorder.ledger) if self.room.recording else self._vouched
        # what goes wrong is tried once more as the server ends
        self._vouched = 0
        self.room.rest()
        try:
            self.child(session)
            self._vouched = vouched
        finally:
            self.take_again()

    def take_again(self) -> None:
        """Have the log again. Raises NotAllowed while somebody else has it."""
        if self.room.session and not self.room.recording:
            self.room.begin(self.again(self.room.session))

    def due(self) -> bool:
        """Whether a closed session has records that nothing vouches for, as the server ends."""
        try:
            recorder = self.room.recorder
        except Nobody:
            return self.wanted
        more = self._vouched >= 0 and len(recorder.ledger) > self._vouched
        return recorder.now.closed is not None and (self.wanted or more)


def closing(workspace: Path) -> Callable[[str], None]:
    """Return what runs `tk session close` on a workspace's session. Raises NotAllowed with what it said."""

    def run(session: str) -> None:
        command = [
            sys.executable,
            "-m",
            "tkcore",
            "-w",
            str(workspace),
            "session",
            "close",
            session,
            "--json",
        ]
        try:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotAllowed(
                "{session} is closed, but not packed: {error}", session=session, error=error
            ) from error
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2]
            raise NotAllowed("{session} is closed, but not packed: {error}", session=session, error=said)

    return run
