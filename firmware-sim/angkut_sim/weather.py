"""Rain, flood and warmth in Bekasi, by the hour.

Any day can be asked for in any order: it follows from the seed alone. The months' rain is Jakarta's
usual (January 300 mm, July about 60, about 1,800 a year; days of rain: own knowledge). The time of
day is that of the coast of West Java in January and February (Yulihastin et al. 2020,
doi 10.5194/angeo-38-231-2020): of rain events 55 % come from 13 to 24 h, 18.9 % from 1 to 4 h,
26.1 % from 5 to 12 h. Floods come about once a year, as in the press of 2020 to 2025.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from angkut_sim.days import date_of
from angkut_sim.streams import DayNoise, stream

#: January to December.
RAIN_MM = (300, 300, 210, 148, 113, 91, 61, 53, 65, 118, 150, 204)
RAIN_DAYS = (19, 18, 15, 11, 9, 7, 5, 4, 5, 9, 12, 15)
_MONTH_DAYS = 365.25 / 12
_MEAN_C = (27.2, 27.2, 27.7, 28.2, 28.5, 28.3, 28.1, 28.2, 28.6, 28.8, 28.4, 27.8)
#: Rain of a wet day is Weibull with this shape: a day of 100 mm in some Januaries.
_RAIN_SHAPE = 0.75
#: Wet days come in spells.
_WET_MEMORY = 0.6
#: First hour, last hour and share of the events.
_PARTS = ((13.0, 23.0, 0.55), (1.0, 4.0, 0.189), (5.0, 12.0, 0.261))
#: Rain in a day from which low streets go under water, mm; for four hours, longer after more.
FLOOD_MM = 90.0
_FLOOD_H = 4.0
_LONGEST_FLOOD_H = 47.0


@dataclass(frozen=True, slots=True)
class DayWeather:
    """One WIB day; each array has 24 numbers, by hour."""

    rain_mm_h: NDArray[np.float64]
    air_c: NDArray[np.float64]
    #: The part of each hour that low streets are under water, 0 to 1.
    flood: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Sky:
    rain_mm_h: NDArray[np.float64]
    warmer_c: float
    #: Hours after midnight.
    flood_from_h: float
    flood_until_h: float


class Weather:
    """The weather of a seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._spells = DayNoise(seed, ["weather"], "spells", memory=_WET_MEMORY)
        self._sky = lru_cache(maxsize=64)(self._draw)
        self.day = lru_cache(maxsize=64)(self._day)

    def _day(self, day: int) -> DayWeather:
        sky = self._sky(day)
        hours = np.arange(24.0)
        flood = np.zeros(24)
        for ago in range(4):
            past = self._sky(day - ago)
            begin, end = past.flood_from_h - 24 * ago, past.flood_until_h - 24 * ago
            flood = np.maximum(
                flood, np.clip(np.minimum(end, hours + 1) - np.maximum(begin, hours), 0, 1)
            )
        wet = bool(sky.rain_mm_h.sum() > 1)
        swing_c = 2.8 if wet else 4.0
        air_c = (
            _MEAN_C[date_of(day).month - 1]
            + sky.warmer_c
            + swing_c * np.cos((hours + 0.5 - 13.5) * (2 * math.pi / 24))
            - np.minimum(4.0, 0.3 * sky.rain_mm_h)
        )
        return DayWeather(sky.rain_mm_h, air_c, flood)

    def _draw(self, day: int) -> _Sky:
        month = date_of(day).month - 1
        dice = stream(self._seed, "weather", day)
        warmer_c = 0.7 * float(dice.standard_normal())
        rain = np.zeros(24)
        chance = RAIN_DAYS[month] / _MONTH_DAYS
        if NormalDist().cdf(float(self._spells.of(day)[0])) >= chance:
            return _Sky(rain, warmer_c, 0.0, 0.0)
        mean_mm = RAIN_MM[month] / RAIN_DAYS[month]
        total_mm = mean_mm / math.gamma(1 + 1 / _RAIN_SHAPE) * float(dice.weibull(_RAIN_SHAPE))
        end_h = 0.0
        events = 1 + int(dice.poisson(0.4))
        for share in dice.dirichlet(np.ones(events)):
            begin, end = _event(dice)
            _pour(rain, float(share) * total_mm, begin, end)
            end_h = max(end_h, end)
        if total_mm < FLOOD_MM:
            return _Sky(rain, warmer_c, 0.0, 0.0)
        lasts_h = min(_LONGEST_FLOOD_H, _FLOOD_H * (total_mm / FLOOD_MM) ** 2)
        return _Sky(rain, warmer_c, end_h - 0.5, end_h - 0.5 + lasts_h)


def _event(dice: Generator) -> tuple[float, float]:
    """Return when it begins and ends to rain, hours after midnight."""
    luck = float(dice.random())
    part = sum(luck >= until for until in np.cumsum([share for *_, share in _PARTS[:-1]]))
    first, last, _ = _PARTS[int(part)]
    begin = first + (last - first) * float(dice.random())
    lasts = 2.0 * math.exp(0.5 * float(dice.standard_normal()))
    return begin, min(24.0, begin + lasts)


def _pour(rain: NDArray[np.float64], mm: float, begin: float, end: float) -> None:
    for hour in range(int(begin), min(24, math.ceil(end))):
        overlap = min(end, hour + 1) - max(begin, hour)
        rain[hour] += mm * overlap / (end - begin)
