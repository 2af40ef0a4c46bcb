"""Recorded time: the session clock without the pauses."""

from __future__ import annotations

from tkcore import Exposure, Session


def recorded(session: Session, ts: int) -> int:
    """Return the recorded ms from the session's beginning to a moment; a pause that goes on stands still."""
    opened = session.opened
    moment = max(ts, opened.ts)
    paused = 0
    for pause in session.pauses:
        begin = max(pause.ts, opened.ts)
        end = moment if pause.dur is None else pause.ts + pause.dur
        paused += max(0, min(moment, end) - begin)
    return min(moment - opened.ts - paused, opened.recorded)


def passed(session: Session) -> int:
    """Return the ms of the session clock that have passed since the beginning, pauses and all."""
    opened = session.opened
    pauses = (p.ts + (p.dur or 0) - max(p.ts, opened.ts) for p in session.pauses)
    return opened.recorded + sum(max(0, ms) for ms in pauses)


def coded(session: Session, family: str) -> list[tuple[int, int]]:
    """Return the stretches of recorded time in which a family was coded, disjoint and in order."""
    whole = session.opened.recorded
    found: list[tuple[int, int]] = []
    for stretch in sorted(session.rows(Exposure), key=lambda row: row.ts):
        if stretch.family != family:
            continue
        begin = recorded(session, stretch.ts)
        end = whole if stretch.dur is None else min(whole, begin + stretch.dur)
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif end > begin:
            found.append((begin, end))
    return found


def minutes(ms: int) -> int:
    """Return whole minutes, rounded."""
    return (ms + 30_000) // 60_000
