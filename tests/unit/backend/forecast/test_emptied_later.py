"""A bin that a plan in force empties is forecast as if it had been emptied then."""

from dataclasses import replace

import numpy as np

from angkut_backend.forecast.emptied_later import emptied_later, emptied_now
from angkut_backend.forecast.history import LEFT_PCT, History, Ints
from angkut_backend.forecast.model import FillModel, learn
from angkut_backend.forecast.predict import AS_SAID, Forecast, Odds, predict, predict_from
from instances.filling import filling

NOW_H, LATER_H = 35 * 24 + 5, 10


def later(
    known: History, model: FillModel, rows: Ints, at_h: int, unheard: Odds = AS_SAID
) -> Forecast:
    """Return the forecast of now in which bins are emptied so many hours ahead."""
    before = predict(known, model, NOW_H, unheard=unheard)
    fresh = predict_from(emptied_now(before.now, rows), known, model, NOW_H, unheard=unheard)
    return emptied_later(before, fresh, rows, np.full(len(rows), at_h))


def emptied(known: History, model: FillModel, rows: Ints, hour: int) -> Forecast:
    """Return the forecast at an hour before which they were emptied, nothing else being heard."""
    level, emptied = known.level_pct.copy(), known.emptied.copy()
    level[rows, hour - 1], emptied[rows, hour - 1] = np.nan, True
    return predict(replace(known, level_pct=level, emptied=emptied), model, hour)


def test_it_is_what_is_said_once_the_bin_was_emptied_then() -> None:
    history = filling(120, 40, seed=2).history
    known = history.until(NOW_H)
    model = learn(known)
    before = predict(known, model, NOW_H)
    rows = np.arange(0, 120, 2)

    found = later(known, model, rows, LATER_H)

    then = emptied(known, model, rows, NOW_H + LATER_H)
    for hour in (0, 6, 24, 48):
        at = LATER_H + hour
        off_pct = np.abs(found.mean_pct[rows, at] - then.mean_pct[rows, hour])
        assert off_pct.mean() < 1.5
        ratio = found.sd_pct[rows, at] / then.sd_pct[rows, hour]
        # A little too wide: how far the pace may be off counts from now on, not from then.
        assert 0.98 < np.median(ratio) < 1.25
    others = np.arange(1, 120, 2)
    for part in ("mean_pct", "sd_pct", "skew"):
        was, now = getattr(before, part), getattr(found, part)
        assert (now[others] == was[others]).all()
        assert (now[rows, :LATER_H] == was[rows, :LATER_H]).all()
    assert (found.overflow_probability()[rows, 40] <= before.overflow_probability()[rows, 40]).all()
    assert (found.now.age_h == before.now.age_h).all()


def test_one_that_is_emptied_at_once_is_what_is_said_right_after_it() -> None:
    known = filling(20, 40, seed=2).history.until(NOW_H)
    model = learn(known)
    # The last hour's level would tell of its pace, too.
    known.level_pct[3, NOW_H - 1] = np.nan
    rows = np.array([3])

    found, fresh = later(known, model, rows, 0), emptied(known, model, rows, NOW_H)

    # One emptying more says a little of how often bins are emptied.
    np.testing.assert_allclose(found.mean_pct[3], fresh.mean_pct[3], rtol=2e-3)
    np.testing.assert_allclose(found.sd_pct[3], fresh.sd_pct[3], rtol=2e-3)
    np.testing.assert_allclose(found.skew[3], fresh.skew[3], rtol=2e-3, atol=1e-3)


def test_where_the_same_comes_every_hour_it_is_that_much_more_every_hour() -> None:
    hours = 35 * 24 + 80
    at, bins, gain_pct = np.arange(hours), 30, 1.5
    since_h = (at + np.arange(bins)[:, None]) % 48
    known = History(
        tuple(f"B{n}" for n in range(bins)),
        np.zeros(bins, dtype=np.int64),
        np.asarray(LEFT_PCT + gain_pct * since_h, dtype=np.float64),
        since_h == 0,
        at % 168,
        np.zeros(hours, dtype=np.int64),
    ).until(NOW_H)
    model, rows = learn(known), np.arange(bins)

    found = later(known, model, rows, LATER_H)

    then = emptied(known, model, rows, NOW_H + LATER_H)
    for hour in (0, 12, 36, 60):
        mean_pct = found.mean_pct[:, LATER_H + hour]
        np.testing.assert_allclose(mean_pct, then.mean_pct[:, hour], atol=0.5)
        np.testing.assert_allclose(mean_pct, LEFT_PCT + gain_pct * hour, atol=2)


def test_once_it_is_emptied_it_is_no_bin_of_which_nothing_is_known() -> None:
    known = filling(20, 40, seed=2).history.until(NOW_H)
    silent = np.array([3, 4])
    known.level_pct[silent], known.emptied[silent] = np.nan, False
    model, odds = learn(known), Odds(1.0, 0.5)
    row = silent[:1]
    before = predict(known, model, NOW_H, unheard=odds)

    found = later(known, model, row, LATER_H, odds)

    chance = found.overflow_probability()
    as_said = replace(found, unheard=Odds(0.0, 1.0)).overflow_probability()
    was = before.overflow_probability()
    assert (chance[3, LATER_H:] == as_said[3, LATER_H:]).all()
    assert chance[3, LATER_H] < 0.001 < was[3, LATER_H]
    # Until then, and of others, nothing is known as before.
    assert (chance[3, :LATER_H] == was[3, :LATER_H]).all()
    assert (was[3, :LATER_H] != as_said[3, :LATER_H]).all()
    assert (chance[4] == was[4]).all()
    # That hours are looked at alone changes nothing.
    for hours in ((0, 72), (LATER_H - 2, LATER_H + 2), (40, 40)):
        part = found.between(*hours).overflow_probability()
        assert (part == chance[:, hours[0] : hours[1] + 1]).all()
    # A plan is no reading: the level is as little to be relied on as before.
    assert np.isinf(found.now.age_h[silent]).all()
