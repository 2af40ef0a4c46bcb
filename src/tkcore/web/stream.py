"""What is stored, told as it is stored: server-sent events, each under its record's number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tkcore.web.room import Room

BEAT = 5.0
"""Seconds without a record after which a beat says that the link is alive."""
TOGETHER = 100
"""Records that go out at once to one who comes late."""


def begins(room: Room, last: str | None, after: str | None) -> int:
    """Return the record after which a listener begins: the last he had, else the one he names, else the present one.

    A number beyond the log is of another log, or of records that were never acknowledged: he begins at the present one.
    """
    for said in (last, after):
        if said == "-1":
            return -1
        if said is not None and said.isascii() and said.isdecimal() and len(said) < 12:
            return min(int(said), room.head)
    return room.head


async def told(room: Room, seq: int, observer: str, beat: float = BEAT) -> AsyncIterator[bytes]:
    """Yield each record after `seq` that an observer is told, what stands beside them, and a beat where nothing comes."""
    yield b"retry: 1000\n: beat\n\n"
    aside = b""
    while not room.ending:
        changed = room.changed
        if room.aside != aside and observer == room.lead:
            aside = room.aside
            yield b"event: alert\ndata: %s\n\n" % aside
        fresh = room.after(seq)[:TOGETHER]
        if fresh:
            mine = [news for news in fresh if not room.apart or news.owner in ("", observer)]
            if mine:
                yield b"".join(b"id: %d\ndata: %s\n\n" % (news.seq, news.data) for news in mine)
            seq = fresh[-1].seq
            # a listener who has gone is noticed between two of these
            await asyncio.sleep(0)
        if not fresh and not await room.change(changed, beat):
            yield b": beat\n\n"
