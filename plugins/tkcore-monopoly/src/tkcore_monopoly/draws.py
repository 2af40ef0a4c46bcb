"""Many random numbers at once, the very ones that come one by one."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt


def numbers(random: Random, n: int) -> npt.NDArray[np.float64]:
    """The next n numbers of `random.random()`, and `random` goes on behind them.

    numpy has the same generator and makes the same doubles of it, several times as fast; a test compares them.
    """
    version, state, gauss = random.getstate()
    same = np.random.RandomState()
    mersenne: dict[str, Any] = {"key": np.array(state[:-1], dtype=np.uint32), "pos": state[-1]}
    same.set_state({"bit_generator": "MT19937", "state": mersenne})
    drawn: npt.NDArray[np.float64] = same.random_sample(n)
    after: dict[str, Any] = same.get_state(legacy=False)["state"]
    random.setstate((version, (*after["key"].tolist(), int(after["pos"])), gauss))
    return drawn
