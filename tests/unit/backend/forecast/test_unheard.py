"""Chances of bins of which nothing is known come true as often as they say."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from angkut_backend.forecast.backtest import left_alone
from angkut_backend.forecast.history import Floats, History, Mask
from angkut_backend.forecast.model import FillModel, learn
from angkut_backend.forecast.predict import AS_SAID, Odds, predict
from angkut_backend.forecast.unheard import learn_odds
from instances.filling import Filling, filling

#: Learned until here; forecast later.
LEARNED_H = 35 * 24 + 5
WIDEN = np.ones(73)
#: Nothing is ever known of these.
HIDDEN = slice(0, 80)
AHEAD_H = [6, 24, 48]


@pytest.fixture(scope="module")
def town() -> Filling:
    return filling(240, 48, seed=11)


@pytest.fixture(scope="module")
def known(town: Filling) -> History:
    level, emptied = town.history.level_pct.copy(), town.history.emptied.copy()
    level[HIDDEN], emptied[HIDDEN] = np.nan, False
    return replace(town.history, level_pct=level, emptied=emptied)


@pytest.fixture(scope="module")
def model(known: History) -> FillModel:
    return learn(known.until(LEARNED_H))


@pytest.fixture(scope="module")
def odds(known: History, model: FillModel) -> Odds:
    return learn_odds(known.until(LEARNED_H), model, WIDEN, LEARNED_H)


def came(town: Filling, known: History, model: FillModel, odds: Odds) -> tuple[Floats, Mask]:
    """Return what was said of the hidden bins and what had come if nobody had emptied them, [n, h].

    Of the days after the learning.
    """

    def each() -> Iterator[tuple[Floats, Mask]]:
        for hour in range(LEARNED_H, LEARNED_H + 9 * 24, 7):
            said = predict(known.until(hour), model, hour, WIDEN, odds).overflow_probability()
            level = left_alone(town.history, hour)[HIDDEN, AHEAD_H]
            use = ~np.isnan(level).any(axis=1)
            yield said[HIDDEN, AHEAD_H][use], level[use] >= 99

    said, full = zip(*each(), strict=True)
    return np.concatenate(said), np.concatenate(full)


def log_loss(said: Floats, full: Mask) -> float:
    chance = np.clip(np.where(full, said, 1 - said), 1e-4, 1)
    return float(-np.log(chance).mean())


def test_what_is_learned_from_bins_that_are_heard_of_holds_for_others(
    town: Filling, known: History, model: FillModel, odds: Odds
) -> None:
    before, full = came(town, known, model, AS_SAID)
    now, _ = came(town, known, model, odds)

    assert log_loss(now, full) < log_loss(before, full)
    # Two days ahead, too, where most bins have been emptied in the meantime.
    np.testing.assert_allclose(now.mean(axis=0), full.mean(axis=0), atol=0.12)
    assert full[now > 0.4].mean() > full[now < 0.2].mean() + 0.3


def test_chances_of_bins_that_are_heard_of_stay(
    known: History, model: FillModel, odds: Odds
) -> None:
    now = known.until(LEARNED_H)

    plain = predict(now, model, LEARNED_H, WIDEN)
    right = predict(now, model, LEARNED_H, WIDEN, odds)

    heard = np.isfinite(plain.now.age_h)
    np.testing.assert_array_equal(
        plain.overflow_probability()[heard], right.overflow_probability()[heard]
    )
    assert (plain.overflow_probability()[~heard] != right.overflow_probability()[~heard]).any()
    # A median says the same as before, and with it the time to full.
    np.testing.assert_array_equal(plain.hours_to_full(), right.hours_to_full())


def test_higher_chances_stay_higher(odds: Odds) -> None:
    chance = np.linspace(0, 1, 101)

    right = odds.set_right(chance)

    assert (np.diff(right) >= 0).all()
    assert ((right > 0) & (right < 1)).all()
    np.testing.assert_allclose(AS_SAID.set_right(chance)[1:-1], chance[1:-1])


def test_chances_stay_as_said_where_no_bin_is_heard_of(known: History, model: FillModel) -> None:
    nothing = replace(known, level_pct=np.full_like(known.level_pct, np.nan))

    assert learn_odds(nothing, model, WIDEN, LEARNED_H) == AS_SAID
