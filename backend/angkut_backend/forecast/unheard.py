"""Chances of bins of which nothing is known, set right on bins that are heard of.

How fast such a bin fills nobody knows, and when it was emptied neither; what is made of both says
high chances too high and low ones too low. So bins that are heard of are forecast as if they were
not, from days that are over, and what came is compared with what was said (Platt 1999).

A forecast speaks of a bin that nobody empties, and so does what it is compared with: emptyings are
left out. Hours until the next emptying would not do: days ahead those are hours of bins that were
emptied just before, and chances learned from them are half of what comes when no truck does.
"""

from dataclasses import dataclass, replace

import numpy as np

from angkut_backend.forecast.backtest import SCORED_H, days_over, left_alone
from angkut_backend.forecast.history import Floats, History, Mask, crews_only
from angkut_backend.forecast.model import FillModel, like_its_group
from angkut_backend.forecast.predict import AS_SAID, Forecast, Odds, predict

#: So many hours with a level make a bin one that is heard of.
_HEARD_H = 48
#: A level of so much is full, for a sensor that errs, %.
_FULL_PCT = 99.0
#: What is believed before: that chances are as said, give or take.
_SHIFT_SD, _SLOPE_SD = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class _Looked:
    """Chances that were said of hidden bins and what came, [n]."""

    chance: Floats
    full: Mask


def learn_odds(history: History, model: FillModel, widen: Floats, hour: int) -> Odds:
    """Return how to set chances right of bins of which nothing is known."""
    heard = ((~np.isnan(history.level_pct)).sum(axis=1) > _HEARD_H) & ~crews_only(
        history.level_pct, history.emptied
    )
    found = [_Looked(np.zeros(0), np.zeros(0, dtype=bool))]
    for number, origin in enumerate(days_over(hour)):
        # Half of them each time: how often the others are emptied tells of these.
        hidden = heard & ((np.arange(len(heard)) + number) % 2 == 0)
        past = history.until(origin)
        past.level_pct[hidden], past.emptied[hidden] = np.nan, False
        said = predict(past, like_its_group(model, history, hidden, heard), origin, widen)
        found += _compared(said, history, origin, hidden)
    return _fitted(
        np.concatenate([one.chance for one in found]), np.concatenate([one.full for one in found])
    )


def _compared(said: Forecast, history: History, origin: int, hidden: Mask) -> list[_Looked]:
    level, chance = left_alone(history, origin), said.overflow_probability()
    looked = []
    for ahead in SCORED_H:
        use = hidden & ~np.isnan(level[:, ahead])
        looked.append(_Looked(chance[use, ahead], level[use, ahead] >= _FULL_PCT))
    return looked


def _fitted(chance: Floats, full: Mask) -> Odds:
    """Return shift and slope of the logit that what came is likeliest with, by Newton's method."""
    if not len(chance):
        return AS_SAID
    logit, shift, slope = AS_SAID.logit(chance), AS_SAID.shift, AS_SAID.slope
    # All hours ahead of one forecast tell of one bin once.
    weight = 1 / len(SCORED_H)
    for _ in range(25):
        odds = replace(AS_SAID, shift=shift, slope=slope)
        now = odds.set_right(chance)
        off, sure = weight * (full - now), weight * now * (1 - now)
        pull = np.array(
            [
                off.sum() - (shift - AS_SAID.shift) / _SHIFT_SD**2,
                (off * logit).sum() - (slope - AS_SAID.slope) / _SLOPE_SD**2,
            ]
        )
        both = (sure * logit).sum()
        bend = np.array(
            [
                [sure.sum() + 1 / _SHIFT_SD**2, both],
                [both, (sure * logit**2).sum() + 1 / _SLOPE_SD**2],
            ]
        )
        step = np.linalg.solve(bend, pull)
        shift, slope = shift + float(step[0]), max(slope + float(step[1]), 0.0)
    return replace(AS_SAID, shift=shift, slope=slope)
