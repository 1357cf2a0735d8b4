"""Forecasts and rules are scored alike: by one notion of full, over the same bins and moments."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from angkut_backend.forecast.backtest import Score, backtest
from angkut_backend.forecast.history import History
from angkut_backend.forecast.predict import HORIZON_H
from instances.filling import filling

HOURS = 28 * 24
ORIGINS = range(14 * 24, HOURS - HORIZON_H, 60)
#: Its last value says no time, the others do.
TOLD = ("angkut", "linear", "same hours last week")


def steady(rates_pct_h: Sequence[float]) -> History:
    """Return bins that gain the same each hour and are emptied beyond 104 %."""
    rng = np.random.default_rng(3)
    rate = np.array(rates_pct_h)
    level = rng.uniform(0, 90, len(rate))
    levels = np.full((len(rate), HOURS + HORIZON_H), np.nan)
    emptied = np.zeros(levels.shape, dtype=bool)
    for hour in range(HOURS):
        level = level + rate
        emptied[:, hour] = level >= 104
        level = np.where(emptied[:, hour], rng.uniform(2, 6, len(rate)), level)
        levels[:, hour] = level
    hours = np.arange(levels.shape[1])
    bins = tuple(f"B{number}" for number in range(len(rate)))
    return History(bins, np.zeros(len(rate), np.int64), levels, emptied, hours % 168, 0 * hours)


def scored(history: History, origins: Sequence[int] = ORIGINS) -> dict[str, Score]:
    return {score.name: score for score in backtest(history, origins)}


def test_a_forecast_that_is_right_is_no_hours_off() -> None:
    found = scored(steady([1.0] * 30))

    for name in TOLD:
        assert found[name].time_to_full_h == pytest.approx(0, abs=0.7), name


def test_errors_are_of_the_times_that_all_of_them_told() -> None:
    # Emptied within each day: a straight line says no time, but the same hours of last week do.
    fast = scored(steady([5.1] * 20))
    assert {(score.times, score.time_to_full_h) for score in fast.values()} == {(0, None)}

    mixed = scored(steady([1.0] * 30 + [5.1] * 10))
    assert mixed["linear"].times > 50
    assert {mixed[name].times for name in TOLD} == {mixed["linear"].times}
    assert (mixed["last value"].times, mixed["last value"].time_to_full_h) == (0, None)


def test_a_bin_that_is_full_already_is_asked_no_time() -> None:
    full = replace(steady([0.0] * 5), level_pct=np.full((5, HOURS + HORIZON_H), 101.0))

    assert {score.times for score in scored(full).values()} == {0}


def test_among_noise_and_gaps_all_are_scored_on_as_many_times() -> None:
    found = scored(filling(60, 28, seed=2).history, range(14 * 24 + 5, 25 * 24, 48))

    assert found["linear"].times > 10
    assert len({found[name].times for name in TOLD}) == 1
    assert found["angkut"].time_to_full_h is not None


def test_without_a_moment_there_is_no_score() -> None:
    assert backtest(steady([1.0]), []) == []
