"""What happens at each bin on one day, whoever empties it: waste, weather, people.

Nothing here depends on a level or on a truck, so two policies over one seed meet the very same
day (common random numbers).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from angkut_sim.days import RAMADAN_FACTOR, Calendar, day_start_s, weekday_of
from angkut_sim.people import Act, acts_of, doings_a_day, leaning_bags
from angkut_sim.places import (
    LARGEST_BAG_SHARE,
    MANNERS,
    MARKET_DAY_FACTOR,
    RATE_MEDIAN_PCT_H,
    RATE_SIGMA,
    Manners,
    Place,
    PlaceKind,
)
from angkut_sim.streams import DayNoise, stream
from angkut_sim.weather import DayWeather, Weather

Floats = NDArray[np.float64]

#: How a bin's days differ, sigma of the logarithm: the median bin and the spread between bins.
#: Tuned so that rates between emptyings vary as in Edinburgh (docs/simulator.md).
MOOD_SIGMA = 0.42
MOOD_SIGMA_SPREAD = 0.65
_MOOD_MEMORY = 0.55
#: All bins together have good and bad days, too.
_TOWN_SIGMA = 0.06
#: Bags come in sizes: gamma with this shape.
_BAG_SHAPE = 2.0
_HOUR_ENDS_S = np.arange(25) * 3600.0
#: A truck may come so often on one day to one bin.
MOST_VISITS = 4
#: After a flood people throw out what it spoiled: in March 2025 the city hauled 1.6 times the usual
#: for five days (5,539 t, press, against about 700 t a day).
_CLEANUP = 1.6
_CLEANUP_DAYS = 5


@dataclass(frozen=True, slots=True)
class BinDay:
    """One bin's day."""

    #: When each bag comes, s since 1970 UTC, ascending, and its litres.
    bags_at_s: Floats
    bags_l: Floats
    #: By time.
    acts: tuple[Act, ...]
    #: Those of them that take time.
    lasting: tuple[Act, ...]
    #: Luck of the day's visits: skipped, partial, share left, early or late; uniform but the last.
    visits: Floats
    #: Noise of what is reported, by hour, standard normal; and whether the sensor is silent.
    sight: Floats
    silence: float
    rough_pct: float
    soft: float


class Daybook:
    """The days of a town."""

    def __init__(self, places: Sequence[Place], *, seed: int, calendar: Calendar) -> None:
        self.places = tuple(places)
        self.weather = Weather(seed)
        self._seed, self._calendar = seed, calendar
        codes = [place.code for place in places]
        habits = [stream(seed, code, "habit").standard_normal(3).tolist() for code in codes]
        self.rate_l_h = np.array(
            [
                place.volume_l / 100 * RATE_MEDIAN_PCT_H * MANNERS[place.kind].rate
                * math.exp(RATE_SIGMA * habit[0])
                if place.rate_l_h is None
                else place.rate_l_h
                for place, habit in zip(places, habits, strict=True)
            ]
        )  # fmt: skip
        self._mood_sigma = np.array(
            [MOOD_SIGMA * math.exp(MOOD_SIGMA_SPREAD * habit[1]) for habit in habits]
        )
        self._market_days = [int(3.5 + habit[2]) % 7 for habit in habits]
        self._a_day = [doings_a_day(place) for place in places]
        self._moods = DayNoise(seed, codes, "mood", memory=_MOOD_MEMORY)
        self._town = DayNoise(seed, ["town"], "mood", memory=0.8)

    @cached_property
    def bag_l(self) -> Floats:
        """Mean litres thrown in at once."""
        return np.array(
            [
                min(MANNERS[place.kind].bag_l, LARGEST_BAG_SHARE * place.volume_l)
                for place in self.places
            ]
        )

    def day(self, day: int) -> list[BinDay]:
        """Return the day of every bin, in the order of the places."""
        weather = self.weather.day(day)
        factors = self._factors(day)
        town = _Town(
            day=day,
            wet=min(1.0, float(weather.rain_mm_h.sum()) / 40.0),
            curves={
                (kind, floods): self._curve(day, manners, weather, floods=floods)
                for kind, manners in MANNERS.items()
                for floods in (False, True)
            },
        )
        return [
            self._bin_day(index, place, town, factor)
            for index, (place, factor) in enumerate(zip(self.places, factors.tolist(), strict=True))
        ]

    def _factors(self, day: int) -> Floats:
        """Return each bin's expected litres of the day over its mean, without weather."""
        sigma = self._mood_sigma
        mood = np.exp(sigma * self._moods.of(day) - sigma**2 / 2)
        town = math.exp(_TOWN_SIGMA * float(self._town.of(day)[0]) - _TOWN_SIGMA**2 / 2)
        by_kind = {kind: self._calendar.factor(day, manners) for kind, manners in MANNERS.items()}
        ramadan = RAMADAN_FACTOR if day in self._calendar.ramadan else 1.0
        after_flood = self._after_flood(day)
        own: list[float] = [
            by_kind[place.kind]
            * (after_flood if place.floods else 1.0)
            * (self._market_day(index, day) if place.kind is PlaceKind.MARKET else 1.0)
            for index, place in enumerate(self.places)
        ]
        factors: Floats = mood * (town * ramadan) * np.array(own)
        return factors

    def _market_day(self, index: int, day: int) -> float:
        rest = (7 - 2 * MARKET_DAY_FACTOR) / 5
        days_since = (weekday_of(day) - self._market_days[index]) % 7
        return MARKET_DAY_FACTOR if days_since in {0, 3} else rest

    def _after_flood(self, day: int) -> float:
        ago = range(1, _CLEANUP_DAYS + 1)
        return _CLEANUP if any(self.weather.day(day - n).flood.any() for n in ago) else 1.0

    def _curve(
        self, day: int, manners: Manners, weather: DayWeather, *, floods: bool
    ) -> tuple[float, Floats]:
        """Return the hours' worth of mean rate in the day, and how it grows by hour (25, to 1)."""
        hours = np.array(self._calendar.hours(day, manners))
        heavy = np.minimum(1.0, weather.rain_mm_h / 10.0)
        hours = hours * (1 - (1 - manners.in_rain) * heavy)
        if floods:
            hours = hours * (1 - weather.flood)
        total = float(hours.sum())
        grown = np.concatenate([[0.0], np.cumsum(hours)])
        return total, grown / max(total, 1e-9)

    def _bin_day(self, index: int, place: Place, town: "_Town", factor: float) -> BinDay:
        # The order of draws is part of the world: what is new is drawn last.
        dice = stream(self._seed, place.code, "day", town.day)
        manners = MANNERS[place.kind]
        visits = dice.random((MOST_VISITS, 4))
        visits[:, 3] = dice.standard_normal(MOST_VISITS)
        sight = dice.standard_normal(24)
        silence, shade = dice.random(2).tolist()
        hills, foam = dice.standard_normal(2).tolist()
        start_s = day_start_s(town.day)
        acts = acts_of(dice, self._a_day[index], start_s)
        hours, grown = town.curves[place.kind, place.floods]
        bag_l = float(self.bag_l[index])
        count = int(dice.poisson(float(self.rate_l_h[index]) * factor * hours / bag_l))
        shares = dice.random(count)
        shares.sort()
        bags_at_s = start_s + np.interp(shares, grown, _HOUR_ENDS_S)
        sizes_l = dice.gamma(_BAG_SHAPE, bag_l / _BAG_SHAPE, count)
        acts += leaning_bags(dice, bags_at_s) if place.lidded else []
        acts.sort(key=lambda act: act.at_s)
        return BinDay(
            bags_at_s=bags_at_s,
            bags_l=sizes_l,
            acts=tuple(acts),
            lasting=tuple(act for act in acts if act.until_s > act.at_s),
            visits=visits,
            sight=sight,
            silence=silence,
            rough_pct=3.0 * math.exp(0.4 * hills) * (0.8 + 0.4 * shade),
            soft=min(0.9, manners.soft * (1 + 2 * town.wet) * math.exp(0.7 * foam)),
        )


@dataclass(frozen=True, slots=True)
class _Town:
    """What all bins share of a day."""

    day: int
    #: How wet the day is, 0 to 1.
    wet: float
    curves: dict[tuple[PlaceKind, bool], tuple[float, Floats]]
