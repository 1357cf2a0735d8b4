from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from angkut_sim.days import date_of, day_number
from angkut_sim.weather import FLOOD_MM, RAIN_DAYS, RAIN_MM, Weather

Grid = NDArray[np.float64]
FIRST = day_number(date(2000, 1, 1))
YEARS = 30
DAYS = range(FIRST, FIRST + int(365.25 * YEARS))


@pytest.fixture(scope="module")
def rain() -> Grid:
    weather = Weather(5)
    return np.array([weather.day(day).rain_mm_h for day in DAYS])


def test_any_day_can_be_asked_for_first() -> None:
    one, other = Weather(5), Weather(5)
    days = [one.day(day) for day in range(FIRST, FIRST + 40)]
    alone = other.day(FIRST + 30)
    assert alone.rain_mm_h.tolist() == days[30].rain_mm_h.tolist()
    assert alone.air_c.tolist() == days[30].air_c.tolist()


def test_months_are_as_wet_as_in_jakarta(rain: Grid) -> None:
    months = np.array([date_of(day).month for day in DAYS])
    for month in range(1, 13):
        total = rain[months == month].sum() / YEARS
        wet_days = (rain[months == month].sum(axis=1) > 0).sum() / YEARS
        assert total == pytest.approx(RAIN_MM[month - 1], rel=0.25)
        assert wet_days == pytest.approx(RAIN_DAYS[month - 1], rel=0.25)


def test_most_rain_falls_in_the_afternoon_and_evening(
    rain: Grid,
) -> None:
    by_hour = rain.sum(axis=0) / rain.sum()
    assert 0.5 < by_hour[13:].sum() < 0.65
    assert by_hour[1:7].sum() > 0.15


def test_wet_days_come_in_spells(rain: Grid) -> None:
    wet = rain.sum(axis=1) > 0
    assert wet[1:][wet[:-1]].mean() > wet.mean() + 0.1


def test_streets_go_under_water_about_once_a_year_and_after_heavy_rain_only() -> None:
    weather = Weather(5)
    flooded = [day for day in DAYS if weather.day(day).flood.any()]
    begins = [day for day in flooded if day - 1 not in flooded]
    assert 0.4 * YEARS < len(begins) < 2.5 * YEARS
    for day in begins:
        assert weather.day(day).rain_mm_h.sum() >= FLOOD_MM


def test_noon_is_warm_and_night_is_cooler() -> None:
    air = np.array([Weather(5).day(day).air_c for day in DAYS[:365]])
    assert 26 < air.mean() < 30
    assert air[:, 13].mean() - air[:, 3].mean() > 4
