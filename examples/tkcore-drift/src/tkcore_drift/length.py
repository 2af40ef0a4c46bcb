"""How the length of turns changes from the first third of a session's turns to the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from tkcore import Alert, Said, Session, Turn, Withheld, analysis


class Stretch(Struct, frozen=True, kw_only=True):
    """A third of the measured turns, from `since_ms` to `until_ms`: `turns` of them, with a median of `median_ms`."""

    since_ms: int
    until_ms: int
    turns: int
    median_ms: int


class Length(Struct, frozen=True, kw_only=True):
    """The `first` and the `last` third of `measured` turns of known length; `unmeasured` turns have none.

    `change_ms` is the last median less the first; `direction` is longer, shorter or same.
    """

    measured: int
    unmeasured: int
    first: Stretch
    last: Stretch
    change_ms: int
    direction: str


def median(values: Iterable[int]) -> int:
    """Return the median in whole ms: of an even number of values the mean of the middle two, rounded down."""
    found = sorted(values)
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) // 2


def _stretch(turns: Sequence[tuple[Turn, int]]) -> Stretch:
    """Return what is said of these turns and their lengths."""
    return Stretch(
        since_ms=turns[0][0].ts,
        until_ms=max(turn.ts + ms for turn, ms in turns),
        turns=len(turns),
        median_ms=median(ms for _, ms in turns),
    )


def shrinks(result: Length) -> Iterable[Alert]:
    """Say it when the median of the last third is less than half that of the first."""
    if 2 * result.last.median_ms < result.first.median_ms:
        yield Alert(
            alert="drift.shrinks",
            numbers={
                "first": result.first.median_ms,
                "last": result.last.median_ms,
                "turns": result.measured,
            },
        )


SAYS = {
    "drift.shrinks": Said(
        id="giliran bicara memendek: median {last} ms di sepertiga terakhir dari {turns} giliran, "
        "{first} ms di sepertiga pertama",
        en="turns have become shorter: median {last} ms in the last third of {turns} turns, "
        "{first} ms in the first third",
    )
}


@analysis("drift.length", version=1, reads=("turn",), alert=shrinks, says=SAYS)
def length(session: Session, *, least: int = 12) -> Length | Withheld:
    """Whether turns get longer or shorter over a session.

    Of the n turns whose length is known, in the order they began, the first k and the last k are compared, k = n // 3;
    what is between is left out. Each has the median of its lengths in whole ms (of an even number the mean of the
    middle two, rounded down). The change is the last median less the first. Withheld below `least` measured turns, and
    always below 3. All seats count, leaders too. The alert comes when the last median is less than half the first.
    Source: ours, as an example.

    Limits: there is no test and no interval, and one long turn less may be chance. Thirds are of turns, not of time.
    A round in which everybody says a word makes turns short, and that is no decline. Where lengths run to the next
    entry, a pause within a turn counts, and a turn still open has no length.
    """
    known = [(turn, turn.dur) for turn in session.turns if turn.dur is not None]
    if len(known) < max(least, 3):
        return Withheld("fewer measured turns than needed", len(known))
    third = len(known) // 3
    first, last = _stretch(known[:third]), _stretch(known[-third:])
    change = last.median_ms - first.median_ms
    return Length(
        measured=len(known),
        unmeasured=len(session.turns) - len(known),
        first=first,
        last=last,
        change_ms=change,
        direction="longer" if change > 0 else "shorter" if change < 0 else "same",
    )
