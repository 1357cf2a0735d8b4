"""Forecasts of bins that somebody will empty on the way, by a plan that is in force."""

from dataclasses import replace

import numpy as np

from angkut_backend.forecast.history import Floats, History, Ints
from angkut_backend.forecast.predict import Forecast


def emptied_now(history: History, rows: Ints, hour: int) -> History:
    """Return a history in which bins were emptied just before an hour."""
    level, emptied = history.level_pct.copy(), history.emptied.copy()
    level[rows, hour - 1] = np.nan
    emptied[rows, hour - 1] = True
    return replace(history, level_pct=level, emptied=emptied)


def emptied_later(forecast: Forecast, fresh: Forecast, rows: Ints, at_h: Ints) -> Forecast:
    """Return a forecast in which bins are emptied so many hours ahead.

    From then on a level is what the bin has right after an emptying, and what comes until later:
    the difference of two hours of `fresh`, in mean and variance. That is a little too wide, since
    what nobody knows of the bin's pace counts from now on. Skewness is that of `fresh`.

    Parameters
    ----------
    fresh
        The forecast if these bins had been emptied now; see `emptied_now`.
    rows, at_h
        Bins, and the hours ahead at which they are emptied, [n].
    """
    parts = forecast.mean_pct.copy(), forecast.sd_pct.copy(), forecast.skew.copy()
    hours = np.arange(forecast.mean_pct.shape[1])
    after = hours[None, :] >= at_h[:, None]

    def since(values: Floats) -> Floats:
        gained = values[rows] - values[rows, at_h][:, None]
        return np.asarray(np.maximum(gained, 0) + values[rows, 0][:, None])

    later = since(fresh.mean_pct), np.sqrt(since(fresh.sd_pct**2)), fresh.skew[rows]
    for part, new in zip(parts, later, strict=True):
        part[rows] = np.where(after, new, part[rows])
    mean_pct, sd_pct, skew = parts
    return replace(forecast, mean_pct=mean_pct, sd_pct=sd_pct, skew=skew)
