"""How good forecasts would have been: rolling origins, scored against what came, beside rules.

Scores are taken until the next emptying of a bin, because a forecast speaks of a bin that is left
alone, at hours in which a trusted level is known. Levels above 100 % count as 100: a full bin
shows no more. Full is one thing for what came, for forecasts and for rules: the first whole hour
with a level of 100 % and more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from angkut_backend.forecast.history import LEFT_PCT, Floats, History, Mask
from angkut_backend.forecast.model import FillModel, learn
from angkut_backend.forecast.nowcast import BACK_H
from angkut_backend.forecast.predict import FULL_PCT, HORIZON_H, QUANTILES, predict

#: Hours ahead at which forecasts are scored.
SCORED_H = (3, 6, 12, 24, 36, 48, 72)
#: The share of what comes that the outer quantiles should hold.
BAND = 0.9
#: A level from so many hours before tells where a bin stood.
_RECENT_H = 3
_MEDIAN = QUANTILES.index(0.5)
#: The rule by which a bin is full now or never: it tells no time to compare.
_LAST_VALUE = "last value"


@dataclass(frozen=True, slots=True)
class Score:
    """Of one way of forecasting."""

    name: str
    #: Mean pinball loss over quantiles and hours ahead, %.
    pinball_pct: float
    #: Share of levels inside the 90 % band; `None` for rules that give one number.
    coverage: float | None
    #: Mean absolute error of the time to full, h, over the same times for all that tell one: the
    #: bin was not full yet, all of them said a time within 72 h, and it became full in these.
    time_to_full_h: float | None
    #: Of how many times that is.
    times: int
    #: Levels scored.
    count: int


@dataclass(frozen=True, slots=True)
class Origin:
    """One moment of forecasting and what came after, [b, h]."""

    level_pct: Floats
    use: Mask
    #: Hours until the level was at 100 %, [b]; NaN: not seen.
    full_h: Floats


def backtest(
    history: History,
    origins: Sequence[int],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Score]:
    """Score forecasts from some hours of a history, each with a model of what came before it.

    Parameters
    ----------
    origins
        Hours of the history, each with two weeks before it and some days behind it.
    """
    ways: dict[str, list[Floats]] = {}
    came: list[Origin] = []
    for number, hour in enumerate(origins):
        progress(number, len(origins))
        past = history.until(hour)
        model = learn(past)
        forecast = predict(past, model, hour, calibrate(past, model, hour))
        levels = np.stack([forecast.quantile_pct(share) for share in QUANTILES])
        ways.setdefault("angkut", []).append(levels)
        for name, points in naive(past, hour).items():
            ways.setdefault(name, []).append(np.repeat(points[None], len(QUANTILES), axis=0))
        came.append(after(history, hour))
    progress(len(origins), len(origins))
    off_h = _time_errors(ways, came)
    return [
        _score(name, levels, came, off_h.get(name, np.zeros(0)), banded=name == "angkut")
        for name, levels in ways.items()
    ]


def calibrate(history: History, model: FillModel, hour: int) -> Floats:
    """Return what standard deviations are to be multiplied with, by hours ahead, [h].

    Forecasts of the last ten days are looked at: how far off were nine of ten of them, in their own
    standard deviations? That is set right (a split conformal correction, Vovk et al. 2005), between
    half and three times, with more trust the more there is to look at.
    """
    origins = days_over(hour)
    off: list[list[Floats]] = [[] for _ in SCORED_H]
    for origin in origins:
        past, came = history.until(origin), after(history, origin)
        forecast = predict(past, model, origin)
        low, high = forecast.quantile_pct(0.05), forecast.quantile_pct(0.95)
        middle = forecast.quantile_pct(0.5)
        for number, ahead in enumerate(SCORED_H):
            use = came.use[:, ahead]
            level = came.level_pct[use, ahead]
            mid = np.minimum(middle[use, ahead], 100)
            up = np.minimum(high[use, ahead], 100) - mid
            down = mid - np.minimum(low[use, ahead], 100)
            above = level - mid
            reach = np.where(above >= 0, up, down)
            clear = reach > 0.5
            off[number].append(np.abs(above[clear]) / reach[clear])
    factors = []
    for found in off:
        joined = np.concatenate(found) if found else np.zeros(0)
        weight = len(joined) / (len(joined) + 50)
        wanted = float(np.quantile(joined, BAND)) if len(joined) else 1.0
        factors.append(float(np.clip(1 + weight * (wanted - 1), 0.5, 3.0)))
    hours = np.arange(HORIZON_H + 1)
    return np.interp(hours, SCORED_H, factors)


def days_over(hour: int) -> list[int]:
    """Return hours of the last ten days to forecast from, each with a week before it."""
    return [at for at in range(hour - 240, hour - 5, 18) if at >= BACK_H]


def after(history: History, hour: int) -> Origin:
    """Return what came after an hour, as far as it is known."""
    end = min(hour + HORIZON_H + 1, history.hours)
    level = np.full((len(history.bins), HORIZON_H + 1), np.nan)
    # Column h is the mean of the hour that ends h hours after the origin.
    level[:, 1 : end - hour + 1] = history.level_pct[:, hour : hour + HORIZON_H][:, : end - hour]
    emptied = np.zeros(level.shape, dtype=bool)
    emptied[:, 1 : end - hour + 1] = history.emptied[:, hour : hour + HORIZON_H][:, : end - hour]
    alone = np.cumsum(emptied, axis=1) == 0
    use = alone & ~np.isnan(level)
    level = np.minimum(level, 100)
    return Origin(level, use, _first_full(np.where(use, level, -1)))


def left_alone(history: History, hour: int) -> Floats:
    """Return what levels after an hour had been without the emptyings that came, % [b, h].

    Rises are added up and emptyings left out. NaN: unknown then, or in the last hours before.
    """
    level, known_h = np.full(len(history.bins), np.nan), min(HORIZON_H, history.hours - hour)
    left = np.full((len(history.bins), HORIZON_H + 1), np.nan)
    for at in range(max(hour - _RECENT_H, 0), hour + known_h):
        if at == hour:
            total = level.copy()
        shown, emptied = history.level_pct[:, at], history.emptied[:, at]
        known = ~np.isnan(shown) & ~emptied
        if at >= hour:
            total = np.where(known, total + shown - level, total)
            left[known, at - hour + 1] = total[known]
        level = np.where(emptied, LEFT_PCT, np.where(known, shown, level))
    return left


def _first_full(level_pct: Floats) -> Floats:
    reached = level_pct >= FULL_PCT
    return np.where(reached.any(axis=1), np.argmax(reached, axis=1), np.nan)


def naive(past: History, hour: int) -> dict[str, Floats]:
    """Return the naive forecasts, % [b, h]."""
    week = past.level_pct[:, max(0, hour - 168) : hour]
    last = _last(week)
    ahead = np.arange(HORIZON_H + 1)[None, :]
    day_before = _last(past.level_pct[:, max(0, hour - 48) : max(0, hour - 24)])
    fell = past.emptied[:, max(0, hour - 24) : hour].any(axis=1)
    slope = np.where(fell | np.isnan(day_before), 0, (last - day_before) / 24)
    # What the bin gained in the same hours a week ago, on top of its level now.
    hourly = np.diff(week, axis=1, prepend=week[:, :1])
    gained = np.cumsum(np.maximum(np.nan_to_num(hourly), 0)[:, : HORIZON_H + 1], axis=1)
    padded = np.zeros((len(week), HORIZON_H + 1))
    padded[:, : gained.shape[1]] = gained
    return {
        _LAST_VALUE: np.clip(last[:, None] + 0 * ahead, 0, 100),
        "linear": np.clip(last[:, None] + slope[:, None] * ahead, 0, 100),
        "same hours last week": np.clip(last[:, None] + padded, 0, 100),
    }


def _last(levels: Floats) -> Floats:
    """Return the last known level, half full if there is none, [b]."""
    known = ~np.isnan(levels)
    column = levels.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found = levels[np.arange(len(levels)), np.maximum(column, 0)] if levels.size else np.zeros(0)
    return np.where(known.any(axis=1), found, 50.0)


def _time_errors(
    ways: Mapping[str, Sequence[Floats]], origins: Sequence[Origin]
) -> Mapping[str, Floats]:
    """Return by way how far off its times to full were, h; all of the same bins and origins.

    Each tells times of other bins: errors over its own would compare the bins, not the ways.
    """
    if not origins:
        return {}
    came_h = np.concatenate([origin.full_h for origin in origins])
    told_h = {
        name: np.concatenate([_first_full(levels[_MEDIAN]) for levels in each])
        for name, each in ways.items()
    }
    # Of a bin that is full already nothing is left to say.
    is_open = np.isnan(told_h.pop(_LAST_VALUE))
    all_h = np.stack([came_h, *told_h.values()])
    use = is_open & ~np.isnan(all_h).any(axis=0)
    return {name: np.abs(hours - came_h)[use] for name, hours in told_h.items()}


def _score(
    name: str,
    results: Sequence[Floats],
    origins: Sequence[Origin],
    off_h: Floats,
    *,
    banded: bool,
) -> Score:
    losses, inside = [], []
    shares = np.array(QUANTILES)[:, None]
    for levels, after in zip(results, origins, strict=True):
        for ahead in SCORED_H:
            use = after.use[:, ahead]
            told = np.minimum(levels[:, use, ahead], 100)
            came = after.level_pct[use, ahead][None, :]
            losses.append(np.maximum(shares * (came - told), (shares - 1) * (came - told)).mean(0))
            inside.append((told[0] - 0.5 <= came[0]) & (came[0] <= told[-1] + 0.5))
    loss, hits = map(np.concatenate, (losses, inside))
    return Score(
        name,
        float(loss.mean()) if len(loss) else float("nan"),
        float(hits.mean()) if banded and len(hits) else None,
        float(off_h.mean()) if len(off_h) else None,
        len(off_h),
        len(loss),
    )
