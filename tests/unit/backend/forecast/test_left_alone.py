"""What had come if nobody had emptied a bin follows from what came."""

import numpy as np

from angkut_backend.forecast.backtest import left_alone
from angkut_backend.forecast.history import History

UNKNOWN = np.nan


def after_two_hours(level: list[float], *, emptied: int | None = None) -> list[float]:
    """Return levels without emptyings 1 to 4 hours after the second of six hours."""
    history = History(
        ("A",),
        np.zeros(1, dtype=np.int64),
        np.array([level]),
        np.array([[hour == emptied for hour in range(6)]]),
        np.arange(6),
        np.zeros(6, dtype=np.int64),
    )
    left = left_alone(history, 2)
    assert left.shape == (1, 73)
    assert np.isnan(left[0, [0, *range(5, 73)]]).all()
    return [float(each) for each in left[0, 1:5]]


def test_what_came_after_an_emptying_comes_on_top_of_what_was_taken() -> None:
    left = after_two_hours([40, 50, 60, 30, 14, 24], emptied=3)

    # A mean of before and after says nothing; 4 % stay in an emptied bin.
    np.testing.assert_equal(left, [60, UNKNOWN, 70, 80])


def test_without_an_emptying_it_is_what_was_seen_falls_too() -> None:
    left = after_two_hours([40, 50, UNKNOWN, 95, 60, 62])

    np.testing.assert_equal(left, [UNKNOWN, 95, 60, 62])


def test_an_emptying_just_before_is_where_it_begins() -> None:
    left = after_two_hours([90, UNKNOWN, 9, 19, UNKNOWN, 29], emptied=1)

    np.testing.assert_equal(left, [9, 19, UNKNOWN, 29])


def test_nothing_is_said_of_a_bin_of_which_nothing_was_known_then() -> None:
    left = after_two_hours([UNKNOWN, UNKNOWN, 20, 30, 40, 50])

    assert np.isnan(left).all()
