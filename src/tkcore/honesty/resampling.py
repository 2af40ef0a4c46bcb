"""The block bootstrap: turns and acts depend on their neighbours, so blocks of them are drawn, not single ones.

What is resampled must come in its order. An analysis that resamples an array takes `block_starts` and
`percentile_ends`, and does the sums its own way; the draws are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from tkcore.analyses import Withheld
from tkcore.honesty.gates import gate
from tkcore.honesty.intervals import LEVEL, Estimate, outside

T = TypeVar("T")


class Resampled(Estimate, frozen=True, kw_only=True):
    """An estimate with percentile bounds of `draws` resamples of blocks of `block`; `seed`: where chance came from."""

    block: int
    draws: int
    seed: str


def block_starts(n: int, *, block: int, draws: int, random: Random, circular: bool = True) -> list[int]:
    """Return where the blocks begin that make up *draws* resamples of *n* things, resample after resample.

    A resample has ceil(n / block) blocks; the last is cut so that there are n things. *circular*: a block goes on from
    the last thing to the first, else it begins where it fits. Raises ValueError if *block* or *draws* is below 1.
    """
    if block < 1 or draws < 1:
        raise ValueError("block and draws: at least 1")
    places = n if circular else max(0, n - block) + min(n, 1)
    return [int(random.random() * places) for _ in range(draws * -(-n // block))]


def percentile_ends(draws: int, level: float = LEVEL) -> int:
    """Return how many sorted draws lie outside a percentile interval at each end: 25 of 1000."""
    return int(draws * outside(level) + 1e-9)


def block_bootstrap(
    values: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    block: int,
    draws: int = 1000,
    random: Random,
    seed: str = "session",
    circular: bool = True,
    level: float = LEVEL,
) -> Resampled | Withheld:
    """Return *statistic* of *values* with the percentile bounds of a block bootstrap.

    Withheld below two blocks: one would be the values themselves, and the bounds a false certainty. *random* is
    `session.random` or `group.random`: what it was seeded with stands in the provenance, and `seed` says "session".
    The bounds need not contain the value where resampling moves it one way.
    """
    n = len(values)
    if few := gate(f"blocks of {block}", n, 2, each=block):
        return few
    begins = block_starts(n, block=block, draws=draws, random=random, circular=circular)
    needed = -(-n // block)
    drawn = []
    for at in range(0, len(begins), needed):
        order = [(begin + step) % n for begin in begins[at : at + needed] for step in range(block)]
        drawn.append(statistic([values[i] for i in order[:n]]))
    drawn.sort()
    out = percentile_ends(draws, level)
    return Resampled(
        value=statistic(values), low=drawn[out], high=drawn[-1 - out], n=n, level=level, block=block, draws=draws,
        method="circular_block_bootstrap" if circular else "block_bootstrap", seed=seed,
    )  # fmt: skip
