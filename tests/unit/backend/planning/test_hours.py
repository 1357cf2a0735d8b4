"""How soon something ends and how late it may begin where hours differ, against every second."""

import math

import numpy as np
import pytest

from angkut_backend.planning.hours import Hours

_TIME_OF_DAY_S = 5 * 3600 + 420
_FROM_S, _TO_S = 600, 14_000
_PAUSE_FROM_S = 6_000


def factor(by_hour: list[float], at_s: int) -> float:
    return by_hour[(_TIME_OF_DAY_S + at_s) // 3600 % 24]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("pause_s", [0, 1_800])
def test_nothing_ends_sooner_nor_begins_later_than_is_said(seed: int, pause_s: int) -> None:
    rng = np.random.default_rng(seed)
    by_hour = rng.uniform(0.5, 3, 24).round(2).tolist()
    hours = Hours(tuple(by_hour), _TIME_OF_DAY_S, _FROM_S, _TO_S, pause_s, _PAUSE_FROM_S)
    duration_s = int(rng.integers(1, 2_400))
    begins_s = np.arange(_FROM_S, _TO_S)
    real_s = np.array([b + math.ceil(duration_s * factor(by_hour, b)) for b in begins_s.tolist()])
    shifted_s = real_s
    if pause_s:
        # What is done behind the pause is seen here as much earlier.
        behind = begins_s >= _PAUSE_FROM_S
        late_s = [
            b + math.ceil(duration_s * factor(by_hour, b + pause_s)) for b in begins_s.tolist()
        ]
        shifted_s = np.where(behind, np.minimum(real_s, late_s), real_s)
    soonest_s = np.minimum.accumulate(shifted_s[::-1])[::-1]
    for at in range(0, len(begins_s), 97):
        begin_s = int(begins_s[at])
        assert hours.ends_s(begin_s, duration_s) <= soonest_s[at]
        assert hours.begins_s(int(shifted_s[at]), duration_s) >= begin_s
        end_s = hours.ends_s(begin_s, duration_s)
        assert begin_s + duration_s * min(by_hour) <= end_s
        if not pause_s:
            latest_s = hours.begins_s(int(real_s[at]), duration_s)
            assert latest_s + math.ceil(duration_s * factor(by_hour, latest_s)) <= real_s[at]
    ends_s = hours.all_end_s(begins_s, np.full(len(begins_s), duration_s))
    assert ends_s.tolist() == [hours.ends_s(one, duration_s) for one in begins_s.tolist()]


def test_within_an_hour_like_the_next_ones_times_are_exact() -> None:
    hours = Hours((1.0,) * 6 + (1.5,) * 18, _TIME_OF_DAY_S, _FROM_S, _TO_S, 0, 0)
    assert hours.ends_s(1_000, 100) == 1_100
    assert hours.ends_s(4_000, 100) == 4_150
    assert hours.begins_s(4_150, 100) == 4_000
    # The hour that takes longer begins at 3,180 s.
    assert hours.begins_s(3_200, 100) == 3_100
    assert hours.begins_s(3_300, 100) == 3_179
