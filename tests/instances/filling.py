"""Bins that fill by known rules, seen by sensors that err: what a forecast should find out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_backend.forecast.history import History

#: Means of the gain's variance, phi G + kappa^2 G^2, of the sensors' noise, %, and of the rates.
PHI, KAPPA, NOISE_PCT, RATE, SIGMA = 1.0, 0.4, 2.0, 1.46, 0.52


@dataclass(frozen=True, slots=True)
class Filling:
    """A history with the truth behind it."""

    history: History
    #: % an hour, [b].
    rate: NDArray[np.float64]
    #: Mean 1, [24].
    by_hour: NDArray[np.float64]


def filling(
    bins: int, days: int, seed: int, *, holiday: float | None = None, steady: int = 0
) -> Filling:
    """Return bins that are emptied every other morning; each fifth day may be a holiday.

    To the first `steady` ones every day brings the same.
    """
    rng = np.random.default_rng(seed)
    hours = days * 24
    rate = np.exp(np.log(RATE) + SIGMA * rng.standard_normal(bins))
    by_hour = 1 + 0.35 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi)
    daykind = np.zeros(hours, dtype=np.int64)
    if holiday is not None:
        daykind[(np.arange(hours) // 24) % 5 == 4] = 1
    level = rng.uniform(0, 70, bins)
    seen, emptied = np.full((bins, hours), np.nan), np.zeros((bins, hours), dtype=bool)
    day = np.ones(bins)
    for hour in range(hours):
        if hour % 24 == 0:
            sigma = np.sqrt(np.log(1 + KAPPA**2))
            day = np.exp(sigma * rng.standard_normal(bins) - sigma**2 / 2)
            day[:steady] = 1
        factor = holiday if holiday is not None and daykind[hour] else 1.0
        gain = rng.gamma(rate * by_hour[hour % 24] * day * factor / PHI, PHI)
        level = level + gain
        turn = (hour % 24 == 7) & ((hour // 24 + np.arange(bins)) % 2 == 0)
        visited = turn & (rng.random(bins) < 0.95)
        level = np.where(visited, rng.uniform(0, 3, bins), level)
        emptied[:, hour] = visited
        shown = np.minimum(level, 102) + NOISE_PCT * rng.standard_normal(bins)
        spike = rng.random(bins) < 0.01
        shown = np.where(spike, rng.uniform(0, 100, bins), np.maximum(shown, 0))
        missing = (rng.random(bins) < 0.1) | visited
        seen[:, hour] = np.where(missing, np.nan, shown)
    for row in np.flatnonzero(rng.random(bins) < 0.3):
        begin = rng.integers(0, hours)
        seen[row, begin : begin + rng.integers(6, 100)] = np.nan
    history = History(
        tuple(f"B{number}" for number in range(bins)),
        np.arange(bins) % 3,
        seen,
        emptied,
        np.arange(hours) % 168,
        daykind,
    )
    return Filling(history, rate, by_hour)
