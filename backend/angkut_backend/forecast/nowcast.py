"""How full each bin is now: readings weighed against how it should have filled since.

A scalar Kalman filter for each bin, all bins at once: the level grows by the model's gain, its
uncertainty by the gain's variance; a reading draws it back by how much it is believed. A reading
that nothing explains is believed less (Huber 1964), so that one spike moves little.
"""

from dataclasses import dataclass

import numpy as np

from angkut_backend.forecast.history import Floats, History
from angkut_backend.forecast.model import FillModel

#: So many hours are looked back: older readings say less than the model.
BACK_H = 168
#: An unknown level is half full, give or take, %.
_UNKNOWN_PCT, _UNKNOWN_SD = 45.0, 30.0
#: After an emptying the level is near 0: a few per cent stay, %.
_EMPTIED_PCT, _EMPTIED_SD = 4.0, 8.0
#: A reading this many standard deviations off is weighed as if it were at this distance.
_HUBER = 3.0


@dataclass(frozen=True, slots=True)
class Now:
    """Level at the end of the last hour, [b]."""

    mean_pct: Floats
    sd_pct: Floats
    #: Since the last hour with a level, h; infinite without one.
    age_h: Floats


def nowcast(history: History, model: FillModel, hour: int) -> Now:
    """Estimate levels at the beginning of an hour from what was known before it."""
    first = max(0, hour - BACK_H)
    bins = len(history.bins)
    gain = model.gain_pct(history)[:, first:hour]
    mean, var = np.full(bins, _UNKNOWN_PCT), np.full(bins, _UNKNOWN_SD**2)
    age = np.full(bins, np.inf)
    for step in range(hour - first):
        level = history.level_pct[:, first + step]
        emptied = history.emptied[:, first + step]
        mean = mean + gain[:, step]
        # Days differ as a whole: spread over their hours so that a day's sum is right.
        var = var + model.phi * gain[:, step] + 24 * (model.kappa * gain[:, step]) ** 2
        mean = np.where(emptied, _EMPTIED_PCT, mean)
        var = np.where(emptied, _EMPTIED_SD**2, var)
        known = ~np.isnan(level) & ~emptied
        off = np.where(known, level - mean, 0)
        surprise = np.abs(off) / np.sqrt(var + model.noise_pct**2)
        noise = model.noise_pct**2 * np.maximum(surprise / _HUBER, 1) ** 2
        weight = np.where(known, var / (var + noise), 0)
        mean = np.clip(mean + weight * off, 0, 200)
        var = var * (1 - weight)
        age = np.where(known, 0, age) + 1
    return Now(mean, np.sqrt(var), age)
