"""Emptyings seen in the level."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from angkut_backend.quality.emptyings import Emptying, emptyings
from parts.levels import HALF_HOUR, START, series


def found(
    levels: Sequence[float | None], *, every: timedelta = HALF_HOUR
) -> list[tuple[float, float]]:
    return [(e.before_pct, e.after_pct) for e in seen(levels, every=every)]


def seen(levels: Sequence[float | None], *, every: timedelta = HALF_HOUR) -> list[Emptying]:
    readings = series(levels, every=every)
    return emptyings([r for r in readings if r.fill_pct is not None])


def test_a_fall_that_stays_is_an_emptying_between_its_readings() -> None:
    (emptying,) = seen([70, 72, 1, 2])
    assert (emptying.before_pct, emptying.after_pct) == (72, 1)
    assert (emptying.before_at, emptying.after_at) == (START + HALF_HOUR, START + 2 * HALF_HOUR)
    assert emptying.confidence > 0.9


def test_what_is_left_in_the_bin_makes_it_a_partial_emptying() -> None:
    assert found([80, 82, 35, 36]) == [(82, 35)]


def test_steps_that_follow_closely_are_one_emptying() -> None:
    assert found([80, 50, 20, 1, 2]) == [(80, 1)]
    assert found([80, 50, 20, 1, 2], every=timedelta(hours=2)) == [(80, 50), (50, 20), (20, 1)]


@pytest.mark.parametrize("levels", [[60, 50, 60], [30, 26, 22, 18], [10, 11, 12], [5], []])
def test_settling_and_noise_are_none(levels: list[float]) -> None:
    assert not found(levels)


def test_readings_without_a_level_between_do_not_hide_it() -> None:
    assert found([80, None, None, 2, 3]) == [(80, 2)]


def test_a_fall_over_a_long_silence_tells_nothing() -> None:
    assert found([80, 2, 3], every=timedelta(days=8))
    assert not found([80, 2, 3], every=timedelta(days=10))


def test_a_small_partial_or_unconfirmed_fall_is_less_sure() -> None:
    def confidence(levels: list[float]) -> float:
        return seen(levels)[0].confidence

    whole = confidence([80, 1, 2])
    assert whole > confidence([80, 30, 31]) > confidence([50, 30, 31])
    assert whole > confidence([80, 1])
    assert whole > confidence([80, 1, 79, 78, 78, 78])
