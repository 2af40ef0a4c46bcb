"""The floor in rows: turns and whom they address, crowds, and the silences between them."""

from __future__ import annotations

from bisect import bisect_right

from tkcore import events as e
from tkcore import rows as r
from tkcore.observation import AFTER
from tkcore.sheet import Sheet
from tkcore.spans import Span, cut, uncovered

SILENCE = 3000


def floor(sheet: Sheet) -> None:
    """Put the rows of everybody who recorded the floor: lengths and silences are derived within one observer's."""
    lanes: dict[str, list[e.Event]] = {}
    for x in sheet.seen.of(e.TurnTaken, e.FloorReleased, e.FloorCrowded):
        lanes.setdefault(x.observer, []).append(x)
    for observer, lane in lanes.items():
        _Lane(sheet, observer, lane).put()


class _Lane:
    """The floor events of one observer, in order, and where each ends."""

    def __init__(self, sheet: Sheet, observer: str, lane: list[e.Event]) -> None:
        self.sheet, self.observer, self.lane = sheet, observer, lane
        self.ends = self._ends()

    def put(self) -> None:
        steps = self.sheet.who.steps("floor")
        for x, end in zip(self.lane, self.ends, strict=True):
            counted = self.sheet.who.counts(x, "floor")
            if counted and not _given(x):
                # from the hand-over on the floor is the next observer's
                ceases = steps.after(x.ts, x.seq)
                if ceases is not None:
                    end = ceases if end is None else min(end, ceases)  # noqa: PLW2901
            dur = None if end is None else end - x.ts
            if isinstance(x, e.TurnTaken):
                self._turn(x, dur, counted=counted)
            elif isinstance(x, e.FloorCrowded):
                self.sheet.put(r.Crowd, x, dur, counted=counted, **self.sheet.around(x.ts, x.seq))
        self._silences()

    def _ends(self) -> list[int | None]:
        """Where each floor event ends: a given length stands; else the next one, or what was last recorded before a
        pause, a gap or the session's end; at once if it lies in one; None where nothing follows.
        """
        stops = self.sheet.seen.stops(self.observer)
        begins = [start for start, _ in stops]
        lengths_given = self.sheet.seen.opened.turn_ends == "given"
        ends: list[int | None] = []
        for at, x in enumerate(self.lane):
            if isinstance(x, e.TurnTaken) and (x.dur is not None or lengths_given):
                ends.append(None if x.dur is None else x.ts + x.dur)
                continue
            stop = bisect_right(begins, (x.ts, x.seq))
            if stop and (x.ts, x.seq) < stops[stop - 1][1]:
                ends.append(x.ts)
                continue
            following = [self.lane[at + 1].ts] if at + 1 < len(self.lane) else []
            following += [begins[stop][0]] if stop < len(begins) else []
            ends.append(min(following, default=None))
        return ends

    def _turn(self, x: e.TurnTaken, dur: int | None, *, counted: bool) -> None:
        sheet = self.sheet
        whole = x.audience == "all" or len(x.receivers) > 12
        receivers = () if whole else x.receivers
        place = sheet.around(x.ts, x.seq)
        role = sheet.role(x.sender)
        sheet.put(
            r.Turn, x, dur, counted=counted, turn=x.id, sender=x.sender, role=role,
            audience="all" if whole else x.audience, receivers=receivers, inferred=x.inferred,
            given=x.dur is not None, **place,
        )  # fmt: skip
        for receiver in receivers:
            sheet.put(
                r.Address, x, dur, counted=counted, turn=x.id, sender=x.sender, receiver=receiver, role=role,
                receiver_role=sheet.role(receiver), fanout=len(receivers),
                weight=r.WEIGHT // len(receivers), inferred=x.inferred, **place,
            )  # fmt: skip

    def _silences(self) -> None:
        """Three seconds and more in which no floor is held, once anybody has spoken: judged whole, then divided where
        the activity changes. A hand-over ends one.
        """
        seen, lane = self.sheet.seen, self.lane
        held: list[Span] = []
        for at, (x, end) in enumerate(zip(lane, self.ends, strict=True)):
            if not isinstance(x, e.FloorReleased):
                unknown = lane[at + 1].ts if at + 1 < len(lane) else seen.last
                held.append(Span(x.ts, unknown if end is None else end))
        begun = {x.ts: x for x in reversed(lane) if isinstance(x, e.TurnTaken)}
        source = {x.ts: x for x in reversed(lane)}
        passed = [ts for ts, _ in self.sheet.who.steps("floor").at]
        free = uncovered(held, max(lane[0].ts, seen.start), seen.last)
        whole = [
            gap
            for gap in cut(free, seen.away(self.observer), at=passed)
            if gap.end - gap.start >= SILENCE
            and (gap.end < seen.last or gap.end in source or seen.end is not None)
        ]
        starts = [x.ts for x in lane]
        for part in cut(whole, (), at=[ts for ts, _ in self.sheet.activity.at]):
            x = source[starts[bisect_right(starts, part.start) - 1]]
            breaker = begun.get(part.end)
            self.sheet.put(
                r.Silence, x, part.end - part.start, ts=part.start,
                counted=self.sheet.who.at("floor", part.start, AFTER) == self.observer,
                breaker=breaker.sender if breaker else None,
                breaker_role=self.sheet.role(breaker.sender) if breaker else None,
                **self.sheet.around(part.start, AFTER),
            )  # fmt: skip


def _given(x: e.Event) -> bool:
    return isinstance(x, e.TurnTaken) and x.dur is not None
