"""Random streams by name, for numpy.

A bin's draws of one day come from a stream of their own, so they depend on nothing but the seed,
the bin's code and the day: another bin, another policy or a restart changes none of them. The
generator is PCG64, seeded through `SeedSequence`; numpy promises both to stay as they are.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

_BLOCK_DAYS = 32


def stream(seed: int, *names: object) -> Generator:
    """Return the stream with this name; streams of different names are independent."""
    name = ":".join(map(str, (seed, *names)))
    # An array, not a list of numbers: seeding takes a third of the time.
    words = np.frombuffer(blake2b(name.encode(), digest_size=16).digest(), "<u4")
    return Generator(PCG64(SeedSequence(words)))


class DayNoise:
    """A standard normal number for each name and day that resembles that of the day before.

    Any day can be asked for without those before it: the number is a weighted sum of the latest
    independent ones, a moving average that stands for a first-order autoregression.

    Parameters
    ----------
    memory
        Correlation between one day and the next, 0 to below 1.

    """

    def __init__(self, seed: int, names: Sequence[str], what: str, *, memory: float) -> None:
        self._seed, self._names, self._what = seed, tuple(names), what
        lags = 1 if memory == 0 else int(np.ceil(np.log(0.02) / np.log(memory)))
        weights = memory ** np.arange(lags)[::-1]
        self._weights = weights / np.sqrt(np.sum(weights**2))
        # Two blocks at a time are in use; a third while a run crosses from one to the next.
        self._block = lru_cache(maxsize=4)(self._draw)

    def of(self, day: int) -> NDArray[np.float64]:
        """Return one number per name."""
        days = range(day - len(self._weights) + 1, day + 1)
        rows = [self._block(each // _BLOCK_DAYS)[each % _BLOCK_DAYS] for each in days]
        # Added in order, lag by lag: a library's dot product may round differently.
        total = np.zeros(len(self._names))
        for weight, row in zip(self._weights, rows, strict=True):
            total += weight * row
        return total

    def _draw(self, block: int) -> NDArray[np.float64]:
        columns = [
            stream(self._seed, name, self._what, block).standard_normal(_BLOCK_DAYS)
            for name in self._names
        ]
        return np.array(columns).T.reshape(_BLOCK_DAYS, len(self._names))
