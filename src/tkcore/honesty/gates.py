"""Gates: below its minimum a number is withheld, and the gate is printed. All of them read alike.

A gate is a value, not an exception: `if few := gate("member turns", n, 30): return few`.
"""

from __future__ import annotations

from msgspec import Struct

from tkcore.analyses import Withheld
from tkcore.honesty.intervals import Estimate

Number = float | Withheld


def gate(name: str, n: int, least: int, *, each: int = 1) -> Withheld | None:
    """Return why fewer than *least* of *name* are too few to speak of, None where there are enough.

    `gate("member turns", 12, 30)` is withheld as "fewer than 30 member turns", n = 12. With *each* so many of n make
    one: `gate("blocks of member turns", 8, 2, each=5)`.
    """
    return Withheld(fewer(name, least), n) if n < least * each else None


def cap(name: str, part: int, of: int, *, percent: int = 20, n: int | None = None) -> Withheld | None:
    """Return why more than *percent* of *of* are too many, None where they are not.

    `cap("turns have an unknown receiver", 9, 40)` is withheld as "more than 20 % of turns have an unknown receiver",
    n = 40; *n* shows another number.
    """
    return Withheld(more(name, percent), of if n is None else n) if part * 100 > percent * of else None


def fewer(name: str, least: int) -> str:
    """Return how a minimum reads."""
    return f"fewer than {least} {name}"


def more(name: str, percent: int) -> str:
    """Return how a limit reads."""
    return f"more than {percent} % of {name}"


def bounded(found: Estimate | Withheld) -> tuple[Number, Number, Number]:
    """Return value, low and high as three fields of a result, `share`, `share_low`, `share_high`.

    A field of a result may be `Estimate`, or `float | Withheld`, but not `Estimate | Withheld`: JSON could not tell
    one from the other.
    """
    if isinstance(found, Withheld):
        return found, found, found
    return found.value, found.low, found.high


class Coverage(Struct, frozen=True, kw_only=True):
    """How many `coded` there are `of` what could be: not coded is not absent. `share`: coded by all."""

    coded: int
    of: int
    share: float | Withheld


def coding_coverage(coded: int, of: int) -> Coverage:
    """Return how much was coded; beside every number that rests on codes. Raises ValueError unless 0 <= coded <= of."""
    if not 0 <= coded <= of:
        raise ValueError(f"{coded} of {of}: coded from 0 to of")
    return Coverage(coded=coded, of=of, share=coded / of if of else Withheld("nothing to code", 0))
