"""How good forecasts would have been: rolling origins, scored against what came, beside rules.

Scores are taken until the next emptying of a bin, because a forecast speaks of a bin that is left
alone, at hours in which a trusted level is known. Levels above 100 % count as 100: a full bin
shows no more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from angkut_backend.forecast.history import LEFT_PCT, Floats, History, Mask
from angkut_backend.forecast.model import FillModel, learn
from angkut_backend.forecast.nowcast import BACK_H
from angkut_backend.forecast.predict import HORIZON_H, QUANTILES, predict

#: Hours ahead at which forecasts are scored.
SCORED_H = (3, 6, 12, 24, 36, 48, 72)
#: The share of what comes that the outer quantiles should hold.
BAND = 0.9
#: A level from so many hours before tells where a bin stood.
_RECENT_H = 3


@dataclass(frozen=True, slots=True)
class Score:
    """Of one way of forecasting."""

    name: str
    #: Mean pinball loss over quantiles and hours ahead, %.
    pinball_pct: float
    #: Share of levels inside the 90 % band; `None` for rules that give one number.
    coverage: float | None
    #: Mean absolute error of the time to full, h, where both came within 72 h.
    time_to_full_h: float | None
    #: Levels scored.
    count: int


@dataclass(frozen=True, slots=True)
class Origin:
    """One moment of forecasting and what came after, [b, h]."""

    level_pct: Floats
    use: Mask
    #: Hours until the level reached 95 %, [b]; NaN: not seen.
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
    ways: dict[str, list[tuple[Floats, Floats | None, Origin]]] = {}
    for number, hour in enumerate(origins):
        progress(number, len(origins))
        past, came = history.until(hour), after(history, hour)
        model = learn(past)
        forecast = predict(past, model, hour, calibrate(past, model, hour))
        levels = np.stack([forecast.quantile_pct(share) for share in QUANTILES])
        ways.setdefault("angkut", []).append((levels, forecast.hours_to_full(), came))
        for name, points in naive(past, hour).items():
            same = np.repeat(points[None], len(QUANTILES), axis=0)
            ways.setdefault(name, []).append((same, _first_full(points), came))
    progress(len(origins), len(origins))
    return [_score(name, results, banded=name == "angkut") for name, results in ways.items()]


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
    reached = level_pct >= 95
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
        "last value": np.clip(last[:, None] + 0 * ahead, 0, 100),
        "linear": np.clip(last[:, None] + slope[:, None] * ahead, 0, 100),
        "same hours last week": np.clip(last[:, None] + padded, 0, 100),
    }


def _last(levels: Floats) -> Floats:
    """Return the last known level, half full if there is none, [b]."""
    known = ~np.isnan(levels)
    column = levels.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found = levels[np.arange(len(levels)), np.maximum(column, 0)] if levels.size else np.zeros(0)
    return np.where(known.any(axis=1), found, 50.0)


def _score(
    name: str, results: Sequence[tuple[Floats, Floats | None, Origin]], *, banded: bool
) -> Score:
    losses, inside, errors = [], [], []
    shares = np.array(QUANTILES)[:, None]
    for levels, full_h, after in results:
        for ahead in SCORED_H:
            use = after.use[:, ahead]
            told = np.minimum(levels[:, use, ahead], 100)
            came = after.level_pct[use, ahead][None, :]
            losses.append(np.maximum(shares * (came - told), (shares - 1) * (came - told)).mean(0))
            inside.append((told[0] - 0.5 <= came[0]) & (came[0] <= told[-1] + 0.5))
        if full_h is not None:
            both = ~np.isnan(full_h) & ~np.isnan(after.full_h) & (after.full_h > 0)
            errors.append(np.abs(full_h[both] - after.full_h[both]))
    loss, hits, error = map(np.concatenate, (losses, inside, errors))
    return Score(
        name,
        float(loss.mean()) if len(loss) else float("nan"),
        float(hits.mean()) if banded and len(hits) else None,
        float(error.mean()) if len(error) else None,
        len(loss),
    )
