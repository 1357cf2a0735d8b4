"""A bin that a plan in force empties is forecast as if it had been emptied then."""

import numpy as np

from angkut_backend.forecast.emptied_later import emptied_later, emptied_now
from angkut_backend.forecast.model import learn
from angkut_backend.forecast.predict import predict
from instances.filling import filling

NOW_H, LATER_H = 35 * 24 + 5, 10


def test_it_is_what_is_said_once_the_bin_was_emptied_then() -> None:
    history = filling(120, 40, seed=2).history
    known = history.until(NOW_H)
    model = learn(known)
    before = predict(known, model, NOW_H)
    rows = np.arange(0, 120, 2)
    fresh = predict(emptied_now(known, rows, NOW_H), model, NOW_H)

    found = emptied_later(before, fresh, rows, np.full(60, LATER_H))

    # Nothing is heard until then, and it is emptied in the hour before.
    then = predict(emptied_now(known, rows, NOW_H + LATER_H), model, NOW_H + LATER_H)
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


def test_one_that_is_emptied_at_once_is_the_fresh_one() -> None:
    known = filling(20, 40, seed=2).history.until(NOW_H)
    model = learn(known)
    rows = np.array([3])
    fresh = predict(emptied_now(known, rows, NOW_H), model, NOW_H)

    found = emptied_later(predict(known, model, NOW_H), fresh, rows, np.array([0]))

    assert np.allclose(found.mean_pct[3], fresh.mean_pct[3])
    assert np.allclose(found.sd_pct[3], fresh.sd_pct[3])
