"""From what analyses say at each tick to alerts: which are *raised*, and which of them are *shown*.

Two folds over the ticks of a session, on its clock alone. `raising` has the hysteresis and knows nothing of a person;
`showing` has the policy of what may be put before the co-therapist, and changes nothing of what is raised. Alerts of
different analyses never meet in `raising`: folding them apart, or some of them later, raises the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tkcore.analyses import Alert, Said
from tkcore.events import STRING, AlertDismissed

RISE = 2
"""Ticks in a row at which an alert must be said to be raised: one alone is as often an entry still to come."""
FALL = 3
"""Ticks in a row at which a raised alert must not be said to be lowered; one at a threshold would come and go."""

Key = tuple[str, str]
"""An alert's name and its seat, empty for none."""


def key_of(alert: str, seat: str | None) -> Key:
    return alert, seat or ""


class Heard(Struct, frozen=True, kw_only=True):
    """What an analysis says at a tick; None: it gave no answer (`error`), which says nothing about its alerts.

    `outcome` is done, not_applicable, withheld or failed.
    """

    analysis: str
    outcome: str
    alerts: tuple[Alert, ...] | None = ()
    error: str = ""


MOST = 100
"""Alerts an analysis may say at one tick; a circle has fewer seats."""


def wrong(alerts: Sequence[Alert], says: Mapping[str, Said]) -> str:
    """Return what is wrong with what an analysis said, in a sentence; nothing if it may be taken."""
    if len(alerts) > MOST:
        return f"{len(alerts)} alerts at one tick; at most {MOST} are taken"
    for one in alerts:
        if one.alert not in says:
            return f"the alert {one.alert!r} is not in says, which has {', '.join(sorted(says)) or 'none'}"
        strays = [text for text in (one.seat or "", *one.numbers) if not STRING.fullmatch(text)]
        if strays:
            return (
                f"{one.alert}: {strays[0][:70]!r} may not stand in a record: a seat's sign, a number's name"
            )
        if any(abs(number) >= 2**63 for number in one.numbers.values()):
            return f"{one.alert}: a number of more than 64 bits"
    return ""


# -- raised ----------------------------------------------------------------------------------------------------


class Standing(Struct, frozen=True):
    """An alert that was said lately: by which analysis, its last numbers, and for how many ticks in a row.

    `since` is the number of the tick that raised it, None before; `there` counts ticks at which it was said, `gone`
    those at which it was not.
    """

    analysis: str
    numbers: dict[str, int]
    there: int = 0
    gone: int = 0
    since: int | None = None


class Change(Struct, frozen=True, kw_only=True):
    """An alert is raised, or (`up` false) lowered: at tick `seq`, `ts` on the session clock, with its numbers then."""

    up: bool
    alert: str
    seat: str | None
    numbers: dict[str, int]
    ts: int
    seq: int


Raised = Mapping[Key, Standing]
"""The state of the fold; alerts with `since` are raised."""


def raising(
    before: Raised, ts: int, seq: int, heard: Iterable[Heard]
) -> tuple[dict[Key, Standing], tuple[Change, ...]]:
    """Return the state after a tick, and what it has raised and lowered, by key."""
    answered: set[str] = set()
    said: dict[Key, tuple[str, Alert]] = {}
    for one in sorted(heard, key=lambda h: h.analysis):
        if one.alerts is not None:
            answered.add(one.analysis)
            for alert in one.alerts:
                said.setdefault(key_of(alert.alert, alert.seat), (one.analysis, alert))
    after: dict[Key, Standing] = {}
    changes = []
    for key in sorted({*before, *said}):
        was = before.get(key)
        if key in said:
            analysis, alert = said[key]
            there = 1 if was is None else was.there + 1
            now = Standing(analysis, alert.numbers, there, 0, None if was is None else was.since)
            if now.since is None and there >= RISE:
                now = replace(now, since=seq)
                changes.append(_change(key, now, ts, seq, up=True))
        else:
            assert was is not None
            now = was if was.analysis not in answered else replace(was, there=0, gone=was.gone + 1)
            if now is not was and (now.since is None or now.gone >= FALL):
                if now.since is not None:
                    changes.append(_change(key, now, ts, seq, up=False))
                continue
        after[key] = now
    return after, tuple(changes)


def _change(key: Key, now: Standing, ts: int, seq: int, *, up: bool) -> Change:
    return Change(up=up, alert=key[0], seat=key[1] or None, numbers=now.numbers, ts=ts, seq=seq)


# -- shown -----------------------------------------------------------------------------------------------------


class Policy(Struct, frozen=True, kw_only=True):
    """When a raised alert may be shown, in ms of the session clock (capture.md, Alerts)."""

    quiet: int = 600_000
    """Nothing is shown before: a group that has just met has no pattern yet."""
    apart: int = 60_000
    """Between two new ones: who captures looks at the room, not at the screen."""
    snooze: int = 600_000
    """After one was dismissed, for that alert and seat."""


class Shown(Struct, frozen=True, kw_only=True):
    """A raised alert is shown at tick `seq`, with its numbers then; `since` is the tick that raised it."""

    alert: str
    seat: str | None
    numbers: dict[str, int]
    ts: int
    seq: int
    since: int


class Showing(Struct, frozen=True):
    """What showing goes on from: when something was shown last, the raise last shown of each alert, and snoozes."""

    last: int | None = None
    done: dict[Key, int] = {}
    until: dict[Key, int] = {}


def showing(
    before: Showing,
    ts: int,
    seq: int,
    raised: Raised,
    dismissed: Iterable[AlertDismissed] = (),
    policy: Policy | None = None,
) -> tuple[Showing, tuple[Shown, ...]]:
    """Return the state after a tick, and what is shown at it; `dismissed` since the tick before.

    What may not be shown yet waits, oldest first, for as long as it is raised; each raise is shown once.
    """
    rules = policy or Policy()
    last, done, until = before.last, dict(before.done), dict(before.until)
    for x in dismissed:
        until[key_of(x.alert, x.seat)] = x.ts + rules.snooze
    found = []
    waiting = [
        (s.since, key) for key, s in raised.items() if s.since is not None and done.get(key) != s.since
    ]
    for since, key in sorted(waiting):
        if ts < rules.quiet or (last is not None and ts - last < rules.apart):
            break
        if ts >= until.get(key, ts):
            last, done[key] = ts, since
            numbers = raised[key].numbers
            found.append(
                Shown(alert=key[0], seat=key[1] or None, numbers=numbers, ts=ts, seq=seq, since=since)
            )
    return Showing(last, done, until), tuple(found)


def filled(said: Said, seat: str | None, numbers: Mapping[str, int]) -> Said:
    """Return an alert's sentence with its seat and numbers filled in; any other brace stays as it stands."""
    values = {**{name: str(number) for name, number in numbers.items()}, "seat": seat or ""}

    def fill(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text).strip()

    return Said(id=fill(said.id), en=fill(said.en))
