from datetime import date
from pathlib import Path
from statistics import fmean

import pytest

from angkut_infra.sites import find_site
from angkut_sim.days import (
    Calendar,
    DayKind,
    date_of,
    day_number,
    day_of,
    day_start_s,
    weekday_of,
)
from angkut_sim.errors import SimError
from angkut_sim.places import MANNERS, PlaceKind

PACK = Calendar.read(find_site("bekasi-timur") / "calendar.csv")
#: Idul Fitri 2025 by decree.
FEAST = day_number(date(2025, 3, 31))


def test_days_begin_at_midnight_wib() -> None:
    day = day_number(date(2026, 1, 12))
    assert day_of(day_start_s(day)) == day
    assert day_of(day_start_s(day) - 1) == day - 1
    assert day_start_s(day) % 86_400 == 17 * 3600
    assert date_of(day) == date(2026, 1, 12)
    assert weekday_of(day) == date(2026, 1, 12).weekday() == 0


def test_the_packs_calendar_knows_the_feast_and_the_days_around_it() -> None:
    kinds = [PACK.kind(FEAST + n).name for n in range(-5, 9)]
    before, after = ["BEFORE_FEAST"] * 4, ["AFTER_FEAST"] * 6
    assert kinds == ["ORDINARY", *before, "FEAST", "FEAST", *after, "ORDINARY"]
    assert FEAST - 10 in PACK.ramadan


def test_waste_rises_before_the_feast_falls_on_it_and_rises_after_it() -> None:
    market = MANNERS[PlaceKind.MARKET]
    plain = Calendar()
    ratio = [PACK.factor(FEAST + n, market) / plain.factor(FEAST + n, market) for n in (-2, 0, 4)]
    assert ratio[0] > 1.2
    assert ratio[1] < 0.6
    assert ratio[2] > 1.1


def test_offices_are_quiet_on_a_public_holiday() -> None:
    day = next(day for day, kind in PACK.kinds.items() if kind is DayKind.HOLIDAY)
    assert PACK.factor(day, MANNERS[PlaceKind.OFFICE]) < 0.5


@pytest.mark.parametrize("kind", PlaceKind)
def test_a_week_and_a_day_have_a_mean_of_one(kind: PlaceKind) -> None:
    manners = MANNERS[kind]
    assert fmean(Calendar().factor(day, manners) for day in range(7)) == pytest.approx(1)
    for day in (FEAST - 100, FEAST - 10):
        assert fmean(PACK.hours(day, manners)) == pytest.approx(1)


def test_in_ramadan_waste_comes_after_sunset_and_before_dawn() -> None:
    housing = MANNERS[PlaceKind.HOUSING]
    fasting, eating = PACK.hours(FEAST - 10, housing), PACK.hours(FEAST - 100, housing)
    assert fasting[3] > 2 * eating[3]
    assert fasting[18] > 1.3 * eating[18]
    assert fasting[12] < 0.8 * eating[12]


@pytest.mark.parametrize(
    ("text", "what"),
    [("day,kind\n2026-13-01,ramadan\n", "line 2"), ("date,kind\n2026-01-01,ramadan\n", "day")],
)
def test_a_broken_calendar_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "calendar.csv"
    path.write_text(text)
    with pytest.raises(SimError, match=rf"calendar\.csv.*{what}"):
        Calendar.read(path)


def test_a_missing_calendar_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimError, match=r"none\.csv"):
        Calendar.read(tmp_path / "none.csv")
