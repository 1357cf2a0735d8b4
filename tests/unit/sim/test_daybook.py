from datetime import date

import numpy as np
import pytest

from angkut_sim.daybook import BinDay, Daybook
from angkut_sim.days import DAY_S, Calendar, day_number, day_start_s
from angkut_sim.people import (
    BULKY_A_DAY,
    KNOCKED_A_DAY,
    LEANED_PER_BAG,
    LID_LEFT_A_DAY,
    PRESSED_A_DAY,
)
from angkut_sim.places import MANNERS, MARKET_DAY_FACTOR, RATE_MEDIAN_PCT_H, Place, PlaceKind
from angkut_sim.truth import TruthKind

#: A Monday in the dry season.
FIRST = day_number(date(2026, 7, 6))


def days_of(
    places: list[Place], days: int, calendar: Calendar | None = None
) -> tuple[Daybook, list[list[BinDay]]]:
    book = Daybook(places, seed=1, calendar=calendar or Calendar())
    return book, [book.day(FIRST + n) for n in range(days)]


def housing(bins: int) -> list[Place]:
    return [Place(f"B{number}", 240.0) for number in range(bins)]


def test_what_arrives_is_what_the_rates_say() -> None:
    book, days = days_of(housing(300), 56)
    litres = np.array([[each.bags_l.sum() for each in day] for day in days])
    assert litres.sum() == pytest.approx(book.rate_l_h.sum() * 24 * 56, rel=0.05)


def test_rates_between_bins_are_log_normal_around_the_median() -> None:
    book = Daybook(housing(3000), seed=1, calendar=Calendar())
    logs = np.log(100 * book.rate_l_h / 240.0)
    median = RATE_MEDIAN_PCT_H * MANNERS[PlaceKind.HOUSING].rate
    assert np.exp(np.median(logs)) == pytest.approx(median, rel=0.05)
    # Skewness of a normal distribution is none.
    assert abs(((logs - logs.mean()) ** 3).mean() / logs.std() ** 3) < 0.15


def test_bags_come_within_their_day_in_order() -> None:
    _, days = days_of(housing(40), 5)
    for number, day in enumerate(days):
        start_s = day_start_s(FIRST + number)
        for each in day:
            assert (np.diff(each.bags_at_s) >= 0).all()
            assert ((start_s <= each.bags_at_s) & (each.bags_at_s <= start_s + DAY_S)).all()
            assert (each.bags_l > 0).all()
            assert [act.at_s for act in each.acts] == sorted(act.at_s for act in each.acts)


@pytest.mark.parametrize("kind", PlaceKind)
def test_bags_follow_the_hours_of_their_kind_of_place(kind: PlaceKind) -> None:
    places = [Place(f"B{number}", 660.0, kind) for number in range(300)]
    _, days = days_of(places, 14)
    hours = np.zeros(24)
    for number, day in enumerate(days):
        at_h = np.concatenate([each.bags_at_s for each in day]) - day_start_s(FIRST + number)
        hours += np.bincount((at_h // 3600).astype(int), minlength=25)[:24]
    assert hours / hours.mean() == pytest.approx(np.array(MANNERS[kind].hours), abs=0.15)


def test_a_market_has_two_market_days() -> None:
    places = [Place(f"B{number}", 660.0, PlaceKind.MARKET) for number in range(1)]
    book, days = days_of(places, 7 * 120)
    litres = np.array([day[0].bags_l.sum() for day in days]).reshape(120, 7).mean(axis=0)
    plain = litres / np.array(MANNERS[PlaceKind.MARKET].weekdays)
    strong = sorted(plain / np.median(plain))[-2:]
    assert min(strong) > 1 + 0.6 * (MARKET_DAY_FACTOR - 1)
    assert book.places[0].kind is PlaceKind.MARKET


def test_people_do_what_they_do_as_often_as_stated() -> None:
    _, days = days_of(housing(300), 56)
    count = dict.fromkeys(TruthKind, 0)
    bags = 0
    for each in (each for day in days for each in day):
        bags += len(each.bags_at_s)
        for act in each.acts:
            count[act.kind] += 1
    bin_days = 300 * 56
    for kind, a_day in (
        (TruthKind.BULKY, BULKY_A_DAY),
        (TruthKind.PICKED, MANNERS[PlaceKind.HOUSING].pickers_a_day),
        (TruthKind.PRESSED, PRESSED_A_DAY),
        (TruthKind.LID_OPEN, LID_LEFT_A_DAY),
        (TruthKind.KNOCKED_OVER, KNOCKED_A_DAY),
    ):
        assert count[kind] / bin_days == pytest.approx(a_day, rel=0.2)
    assert count[TruthKind.BAG_LEANED] / bags == pytest.approx(LEANED_PER_BAG, rel=0.2)


def test_an_open_container_has_no_lid_and_does_not_fall_over() -> None:
    places = [Place(f"B{number}", 6000.0, PlaceKind.TPS, lidded=False) for number in range(200)]
    _, days = days_of(places, 40)
    kinds = {act.kind for day in days for each in day for act in each.acts}
    assert kinds == {TruthKind.BULKY, TruthKind.PICKED, TruthKind.PRESSED}


def test_ramadan_moves_waste_into_the_night_and_adds_little() -> None:
    fast = Calendar(ramadan=frozenset(range(FIRST, FIRST + 14)))
    places = housing(300)
    _, plain = days_of(places, 14)
    _, ramadan = days_of(places, 14, fast)

    def litres(days: list[list[BinDay]], first_h: int, last_h: int) -> float:
        return sum(
            float(each.bags_l[(first_h <= at_h) & (at_h < last_h)].sum())
            for number, day in enumerate(days)
            for each in day
            for at_h in [(each.bags_at_s - day_start_s(FIRST + number)) / 3600]
        )

    assert litres(ramadan, 0, 24) == pytest.approx(litres(plain, 0, 24), rel=0.05)
    assert litres(ramadan, 2, 5) > 1.8 * litres(plain, 2, 5)
    assert litres(ramadan, 9, 15) < 0.8 * litres(plain, 9, 15)
