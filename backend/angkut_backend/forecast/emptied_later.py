"""Forecasts of bins that somebody will empty on the way, by a plan that is in force."""

from dataclasses import replace

import numpy as np

from angkut_backend.forecast.history import LEFT_PCT, Floats, Ints
from angkut_backend.forecast.nowcast import Now
from angkut_backend.forecast.predict import Forecast

#: Of the level after an emptying, as `nowcast` has it, %.
_LEFT_SD = 8.0


def emptied_now(now: Now, rows: Ints) -> Now:
    """Return what is believed once bins are emptied: of their pace what was believed before."""
    emptied = np.zeros(len(now.unseen), dtype=bool)
    emptied[rows] = True
    return replace(
        now,
        belief=now.belief.set(emptied, LEFT_PCT, _LEFT_SD**2),
        unseen=np.where(emptied, 0, now.unseen),
    )


def emptied_later(forecast: Forecast, fresh: Forecast, rows: Ints, at_h: Ints) -> Forecast:
    """Return a forecast in which bins are emptied so many hours ahead.

    From then on a level is what the bin has right after an emptying, and what comes until later:
    the difference of two hours of `fresh`, in mean and variance. That is a little too wide, since
    what nobody knows of the bin's pace counts from now on. Skewness is that of `fresh`. A bin of
    which nothing is known is one of which an emptying is known from then on; its level is as old.

    Parameters
    ----------
    fresh
        The forecast if these bins were emptied now; see `emptied_now`.
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
    unknown = forecast.unknown.copy()
    unknown[rows] &= ~after
    return replace(forecast, mean_pct=mean_pct, sd_pct=sd_pct, skew=skew, unknown=unknown)
