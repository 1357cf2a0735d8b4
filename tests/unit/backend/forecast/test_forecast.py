"""A forecast finds out how bins fill and says how sure it is."""

from dataclasses import replace

import numpy as np
import pytest

from angkut_backend.forecast.backtest import Score, backtest
from angkut_backend.forecast.history import History
from angkut_backend.forecast.model import FillModel, group_numbers, learn
from angkut_backend.forecast.nowcast import nowcast
from angkut_backend.forecast.predict import HORIZON_H, predict
from instances.filling import KAPPA, NOISE_PCT, PHI, Filling, filling

NOW_H = 35 * 24 + 5


@pytest.fixture(scope="module")
def town() -> Filling:
    return filling(240, 40, seed=1)


@pytest.fixture(scope="module")
def model(town: Filling) -> FillModel:
    return learn(town.history.until(NOW_H))


@pytest.fixture(scope="module")
def scores(town: Filling) -> dict[str, Score]:
    found = backtest(town.history, range(21 * 24 + 5, 36 * 24, 24))
    return {score.name: score for score in found}


def unknown(history: History, row: int) -> History:
    level = history.level_pct.copy()
    level[row] = np.nan
    return replace(history, level_pct=level)


def test_rates_are_found_without_bias_in_spite_of_spikes(town: Filling, model: FillModel) -> None:
    error = model.log_rate - np.log(town.rate)

    assert abs(error.mean()) < 0.03
    assert error.std() < 0.15


def test_the_hours_of_the_day_are_found(town: Filling, model: FillModel) -> None:
    by_hour = model.shape.reshape(-1, 7, 24).mean(axis=(0, 1))

    assert np.abs(by_hour - town.by_hour).max() < 0.12


def test_noise_lumps_and_days_are_told_apart(model: FillModel) -> None:
    assert model.noise_pct == pytest.approx(NOISE_PCT, rel=0.15)
    assert model.phi == pytest.approx(PHI, rel=0.4)
    assert model.kappa == pytest.approx(KAPPA, rel=0.2)


def test_a_steady_bin_is_told_from_the_others_and_forecast_more_narrowly() -> None:
    history = filling(60, 40, seed=6, steady=20).history
    model = learn(history.until(NOW_H))
    usual = replace(model, spread=np.ones(60))

    narrow, wide = (predict(history.until(NOW_H), one, NOW_H) for one in (model, usual))

    assert np.median(model.spread[:20]) < 0.75 * np.median(model.spread[20:])
    assert model.spread.mean() == pytest.approx(1, abs=0.1)
    assert (narrow.sd_pct[:20, 24] < wide.sd_pct[:20, 24]).mean() > 0.9


def test_a_bin_of_which_nothing_is_known_differs_as_much_as_the_others(town: Filling) -> None:
    model = learn(unknown(town.history.until(NOW_H), 0))

    assert model.spread[0] == pytest.approx(1)


def test_a_kind_of_day_gets_its_own_factor() -> None:
    history = filling(120, 42, seed=3, holiday=1.5).history

    assert learn(history).daykind[1] == pytest.approx(1.5, rel=0.12)


def test_a_bin_without_readings_fills_like_its_group(town: Filling) -> None:
    silent = unknown(town.history.until(NOW_H), 0)

    model = learn(silent)

    like = town.history.group == town.history.group[0]
    assert np.exp(model.log_rate[0]) == pytest.approx(
        float(np.exp(np.log(town.rate[like]).mean())), rel=0.25
    )
    assert model.log_rate_sd[0] > 2 * np.median(model.log_rate_sd)


def test_unknown_is_not_empty(town: Filling, model: FillModel) -> None:
    known = town.history.until(NOW_H)
    silent = unknown(known, 0)
    nothing = replace(silent, emptied=np.zeros_like(silent.emptied))

    now = nowcast(nothing, model, NOW_H)

    assert np.isinf(now.age_h[0])
    assert now.mean_pct[0] > 30
    assert now.sd_pct[0] > 5 * nowcast(known, model, NOW_H).sd_pct.mean()


def test_one_spike_moves_little(town: Filling, model: FillModel) -> None:
    known = town.history.until(NOW_H)
    level = known.level_pct.copy()
    before = nowcast(known, model, NOW_H).mean_pct
    level[:, NOW_H - 1] = np.clip(before + 60, 0, 200)

    after = nowcast(replace(known, level_pct=level), model, NOW_H).mean_pct

    assert np.median(np.abs(after - before)) < 12


def test_an_emptying_is_believed_at_once(town: Filling, model: FillModel) -> None:
    known = town.history.until(NOW_H)
    emptied = known.emptied.copy()
    emptied[:, NOW_H - 1] = True
    level = known.level_pct.copy()
    level[:, NOW_H - 1] = np.nan

    now = nowcast(replace(known, emptied=emptied, level_pct=level), model, NOW_H)

    assert now.mean_pct.max() < 15


def test_distributions_are_in_order(town: Filling, model: FillModel) -> None:
    forecast = predict(town.history.until(NOW_H), model, NOW_H)
    levels = np.stack([forecast.quantile_pct(share) for share in (0.05, 0.5, 0.95)])
    chance = forecast.overflow_probability()
    hours = forecast.overflow_hours()

    assert levels.shape == (3, 240, HORIZON_H + 1)
    assert (np.diff(levels, axis=0) >= -1e-9).all()
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(hours, axis=1) >= 0).all()
    assert (hours <= np.arange(HORIZON_H + 1)).all()


def test_probability_and_quantile_are_each_others_inverse(town: Filling, model: FillModel) -> None:
    forecast = predict(town.history.until(NOW_H), model, NOW_H)
    for share in (0.1, 0.5, 0.9):
        at = forecast.quantile_pct(share)[:, 24]
        for row in range(0, 240, 30):
            chance = forecast.overflow_probability(float(at[row]))[row, 24]
            assert chance == pytest.approx(1 - share, abs=2e-3)


def test_the_median_time_to_full_is_when_half_of_them_are_full(
    town: Filling, model: FillModel
) -> None:
    forecast = predict(town.history.until(NOW_H), model, NOW_H)
    to_full = forecast.hours_to_full()
    chance = forecast.overflow_probability()

    for row in np.flatnonzero(to_full > 1)[:20]:
        assert chance[row, int(np.floor(to_full[row]))] <= 0.5 + 1e-9
        assert chance[row, int(np.ceil(to_full[row]))] >= 0.5 - 1e-9


def test_the_band_holds_what_it_says(scores: dict[str, Score]) -> None:
    coverage = scores["angkut"].coverage

    assert coverage is not None
    assert 0.87 <= coverage <= 0.93


@pytest.mark.parametrize("rule", ["last value", "linear", "same hours last week"])
def test_it_beats_the_naive_rules(scores: dict[str, Score], rule: str) -> None:
    assert scores["angkut"].pinball_pct < 0.6 * scores[rule].pinball_pct


def test_the_future_has_no_influence(town: Filling, model: FillModel) -> None:
    whole = predict(town.history, model, NOW_H)
    past = predict(town.history.until(NOW_H), model, NOW_H)

    assert np.array_equal(whole.mean_pct, past.mean_pct)


def test_nothing_known_at_all_gives_wide_usual_forecasts() -> None:
    empty = History(
        ("A", "B"),
        group_numbers(["tps", "market"]),
        np.full((2, 24 * 7), np.nan),
        np.zeros((2, 24 * 7), dtype=bool),
        np.arange(24 * 7) % 168,
        np.zeros(24 * 7, dtype=np.int64),
    )

    model = learn(empty)
    forecast = predict(empty, model, 24)

    assert np.isfinite(forecast.mean_pct).all()
    assert (forecast.sd_pct > 20).all()
    assert np.exp(model.log_rate) == pytest.approx(1.46, rel=0.01)


def silenced(history: History, row: int, hours: int) -> History:
    """Return what is known when the last hours of a bin brought nothing."""
    level, emptied = history.level_pct.copy(), history.emptied.copy()
    level[row, NOW_H - hours : NOW_H] = np.nan
    emptied[row, NOW_H - hours : NOW_H] = False
    return replace(history, level_pct=level, emptied=emptied)


def test_a_bin_that_is_silent_for_days_was_emptied_at_some_time(
    town: Filling, model: FillModel
) -> None:
    row = int(np.argmax(model.log_rate))
    silent = silenced(town.history.until(NOW_H), row, 120)

    now = nowcast(silent, model, NOW_H)

    day_pct = 24 * float(np.exp(model.log_rate[row]))
    # Emptied every other day: between 0 and two days' worth, with a mean of about one.
    assert 0.5 * day_pct < now.mean_pct[row] < 1.8 * day_pct
    assert now.sd_pct[row] > 0.4 * day_pct
    assert now.age_h[row] > 119


def test_a_bin_that_nobody_ever_empties_goes_on_filling_in_silence(
    town: Filling, model: FillModel
) -> None:
    row = int(np.argmin(model.log_rate))
    known = town.history.until(NOW_H)
    never = replace(known, emptied=np.zeros_like(known.emptied))
    filled = np.cumsum(model.gain_pct(known, NOW_H - 168, NOW_H)[row])
    level = never.level_pct.copy()
    level[row, NOW_H - 168 : NOW_H] = filled
    level[row, NOW_H - 48 : NOW_H] = np.nan

    now = nowcast(replace(never, level_pct=level), model, NOW_H)

    assert now.mean_pct[row] == pytest.approx(filled[-1], rel=0.1)


def test_a_silent_bin_holds_what_its_like_hold_however_little_its_rate_is_known(
    town: Filling, model: FillModel
) -> None:
    silent = silenced(town.history.until(NOW_H), 0, 160)
    vague = replace(model, log_rate_sd=np.full_like(model.log_rate_sd, 0.6))

    known, unknown_rate = (nowcast(silent, one, NOW_H) for one in (model, vague))

    assert unknown_rate.mean_pct[0] == pytest.approx(known.mean_pct[0], rel=0.05)
    assert unknown_rate.sd_pct[0] > 1.1 * known.sd_pct[0]


def test_an_hour_of_silence_changes_next_to_nothing(town: Filling, model: FillModel) -> None:
    known = town.history.until(NOW_H)
    level = known.level_pct.copy()
    level[:, NOW_H - 1] = np.nan

    heard, silent = (
        nowcast(history, model, NOW_H) for history in (known, replace(known, level_pct=level))
    )

    assert np.median(np.abs(silent.mean_pct - heard.mean_pct)) < 3
    assert np.median(silent.sd_pct) < 6


def test_the_second_reading_that_says_the_same_is_believed(town: Filling, model: FillModel) -> None:
    known = town.history.until(NOW_H)
    level, emptied = known.level_pct.copy(), known.emptied.copy()
    emptied[:, NOW_H - 6 : NOW_H] = False
    before = nowcast(replace(known, emptied=emptied), model, NOW_H - 2).mean_pct
    far = np.where(before > 50, before - 40, before + 40)
    level[:, NOW_H - 2] = far
    level[:, NOW_H - 1] = far + 1

    now = nowcast(replace(known, level_pct=level, emptied=emptied), model, NOW_H)

    assert np.abs(now.mean_pct - far - 1).max() < 3


def test_what_crews_find_tells_how_fast_a_bin_without_a_sensor_fills() -> None:
    slow = filling(30, 28, seed=9)
    told = slow.history
    level = told.level_pct.copy()
    level[0] = np.nan
    emptied = told.emptied.copy()
    emptied[0] = False
    # A bin that fills four times as fast as its like, emptied every day.
    rate = 4 * float(np.exp(np.log(slow.rate).mean()))
    for hour in range(7, told.hours, 24):
        emptied[0, hour] = True
        level[0, hour - 1] = min(rate * 23, 100)

    alone = learn(unknown(told, 0))
    model = learn(replace(told, level_pct=level, emptied=emptied))

    assert np.exp(model.log_rate[0]) > 1.5 * np.exp(alone.log_rate[0])
    assert model.log_rate_sd[0] < 0.5 * alone.log_rate_sd[0]


def filled_at(history: History, model: FillModel, pace: float, hours: int) -> History:
    """Return what is known when all bins filled from 5 % at a pace in the last hours."""
    level, emptied = history.level_pct.copy(), history.emptied.copy()
    gain = model.gain_pct(history, NOW_H - hours, NOW_H)
    level[:, NOW_H - hours : NOW_H] = 5 + pace * np.cumsum(gain, axis=1)
    emptied[:, NOW_H - hours : NOW_H] = False
    emptied[:, NOW_H - hours - 1] = True
    return replace(history, level_pct=level, emptied=emptied)


def gained(town: Filling, model: FillModel, pace: float, ahead: slice) -> float:
    """Return how much more than usual bins are to gain in hours ahead, after a day at a pace."""
    known = filled_at(town.history.until(NOW_H), model, pace, 24)
    mean = predict(known, model, NOW_H).mean_pct
    usual = model.gain_pct(known, NOW_H, known.hours)[:, ahead].sum(axis=1)
    slow = np.exp(model.log_rate) * 24 * pace < 80
    return float(np.median(((mean[:, ahead.stop] - mean[:, ahead.start]) / usual)[slow]))


def test_a_busy_day_follows_a_busy_day_and_is_forgotten(town: Filling, model: FillModel) -> None:
    usual, busy, quiet = (gained(town, model, pace, slice(0, 24)) for pace in (1.0, 1.8, 0.4))

    assert usual == pytest.approx(1, abs=0.08)
    assert 1.2 < busy < 1.8
    assert 0.4 < quiet < 0.85
    assert gained(town, model, 1.8, slice(48, 72)) - 1 < 0.5 * (busy - 1)


def test_a_level_that_leaps_to_full_is_held_possible_until_it_falls(
    town: Filling, model: FillModel
) -> None:
    quiet = filled_at(town.history.until(NOW_H), model, 1.0, 12)
    low = quiet.level_pct[:, NOW_H - 4] < 30
    level = quiet.level_pct.copy()
    level[:, NOW_H - 3 :] = 108

    leapt = predict(replace(quiet, level_pct=level), model, NOW_H)
    level[:, NOW_H - 1] = quiet.level_pct[:, NOW_H - 1]
    level[:, NOW_H - 2] = quiet.level_pct[:, NOW_H - 2]
    fell = predict(replace(quiet, level_pct=level), model, NOW_H)

    chance = leapt.overflow_probability()[low, 0]
    assert ((chance > 0.2) & (chance < 0.7)).all()
    assert (leapt.quantile_pct(0.05)[low, 0] < quiet.level_pct[low, NOW_H - 1] + 15).all()
    assert np.median(np.abs(fell.now.mean_pct - quiet.level_pct[:, NOW_H - 1])[low]) < 5


def test_a_level_that_rises_to_full_is_believed(town: Filling, model: FillModel) -> None:
    known = filled_at(town.history.until(NOW_H), model, 1.0, 12)
    level = known.level_pct.copy()
    level[:, NOW_H - 12 : NOW_H] = np.minimum(np.linspace(40, 150, 12), 108)

    forecast = predict(replace(known, level_pct=level), model, NOW_H)

    assert (forecast.overflow_probability()[:, 0] > 0.9).all()


def test_silence_between_reports_of_crews_is_not_an_emptying(
    town: Filling, model: FillModel
) -> None:
    row = int(np.argmin(model.log_rate))
    told = unknown(town.history.until(NOW_H), row)
    emptied = told.emptied.copy()
    emptied[row] = False
    emptied[row, NOW_H - 40 - 48 * np.arange(12)] = True
    gain = model.gain_pct(told, 0, told.hours)[row]

    soon = nowcast(replace(told, emptied=emptied), model, NOW_H)
    late = emptied.copy()
    late[row, NOW_H - 90 : NOW_H] = False
    late[row, NOW_H - 160] = True
    overdue = nowcast(replace(told, emptied=late), model, NOW_H)

    assert soon.unseen[row] == 0
    assert soon.mean_pct[row] == pytest.approx(4 + gain[NOW_H - 39 : NOW_H].sum(), rel=0.05)
    assert overdue.unseen[row] > 0.1
