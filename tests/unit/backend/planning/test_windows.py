"""Windows that the city states, in one shift."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from angkut_backend.planning.problem import TimeWindow
from angkut_backend.planning.windows import NEVER, shift_windows

WIB = ZoneInfo("Asia/Jakarta")
#: A Monday, five in the morning.
SHIFT = datetime(2026, 3, 9, 5, tzinfo=WIB)


def windows(stated: str | None, shift: datetime = SHIFT) -> list[tuple[float, float]]:
    """Return from and to, hours into the shift."""
    return [(one.from_s / 3600, one.to_s / 3600) for one in shift_windows(stated, shift, WIB)]


def test_a_bin_of_which_nothing_is_stated_can_be_emptied_at_any_time() -> None:
    assert windows(None) == []


@pytest.mark.parametrize(
    ("stated", "open_h"),
    [
        ("10:00-24:00", [(5, 19)]),
        ("00:00-07:00", [(-5, 2)]),
        ("05:00-07:00;13:00-24:00", [(0, 2), (8, 19)]),
        ("22:00-05:30", [(-7, 0.5)]),
        # In the shift until its last second.
        ("14:00-16:00", [(9, 11)]),
        ("03:00-05:00", [(-2, 0)]),
        ("1 10:00-12:00;2 06:00-08:00", [(5, 7)]),
        ("7 22:00-05:30;1 06:00-07:00", [(-7, 0.5), (1, 2)]),
    ],
)
def test_windows_are_those_in_which_the_shift_has_a_part(
    stated: str, open_h: list[tuple[float, float]]
) -> None:
    assert windows(stated) == open_h


@pytest.mark.parametrize(
    "stated", ["14:01-16:00", "02:00-04:59", "2 05:00-07:00", "5 05:00-07:00", "7 05:00-24:00"]
)
def test_a_bin_that_is_closed_all_shift_long_has_a_window_in_which_nobody_drives(
    stated: str,
) -> None:
    assert shift_windows(stated, SHIFT, WIB) == (NEVER,)


def test_a_shift_over_midnight_has_the_windows_of_both_days() -> None:
    night = SHIFT.replace(hour=20)
    assert windows("1 21:00-23:00;2 02:00-04:00", night) == [(1, 3), (6, 8)]
    assert windows("22:00-03:00", night) == [(2, 7)]


def test_the_time_zone_in_which_the_shift_is_written_does_not_matter() -> None:
    utc = SHIFT.astimezone(ZoneInfo("UTC"))
    assert windows("1 05:00-07:00", utc) == [(0, 2)]


def test_windows_are_local_time_on_the_day_on_which_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # Clocks go forward at 02:00, an hour into this shift.
    shift = datetime(2026, 3, 29, 1, tzinfo=berlin)
    (found,) = shift_windows("04:00-06:00", shift, berlin)
    assert found == TimeWindow(from_s=2 * 3600, to_s=4 * 3600)


@pytest.mark.parametrize("start_h", range(24))
def test_as_many_windows_as_a_city_may_state_fit_into_a_problem(start_h: int) -> None:
    stated = "00:00-01:00;08:00-09:00;16:00-17:00"
    found = shift_windows(stated, SHIFT.replace(hour=start_h), WIB)
    assert 1 <= len(found) <= 8
