"""A stretch of time that a world has lived through: the truth that devices sense."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from angkut_sim.daybook import BinDay
from angkut_sim.days import day_of, day_start_s
from angkut_sim.people import LID_S, Act
from angkut_sim.places import Place
from angkut_sim.truth import Surface, TruthEvent, TruthKind
from angkut_sim.weather import DayWeather

_HOUR_S = 3600
#: Waste on the ground shows its hills from this level on, %.
_HILLS_FROM_PCT = 20.0
#: A bin that lies on the street.
_LYING_DEG = 85.0


@dataclass(frozen=True)
class Stretch:
    """The truth from `start_s` to the world's time, in steps. Implements `truth.Truth`."""

    places: Sequence[Place]
    start_s: float
    step_s: int
    #: Waste in the bin, % of its volume: a row per step, the first at `start_s`; a row holds
    #: until the next.
    level_pct: NDArray[np.float32]
    #: Waste beside the bin, litres; the same rows.
    beside_l: NDArray[np.float32]
    #: What happened, by time of its end.
    happened: Sequence[TruthEvent]
    #: What began and has not ended: overflows and floods.
    ongoing: Sequence[TruthEvent]
    #: When each bin was last emptied before the stretch.
    emptied_before_s: NDArray[np.float64]
    days: Mapping[int, Sequence[BinDay]] = field(repr=False)
    weather: Mapping[int, DayWeather] = field(repr=False)

    @cached_property
    def codes(self) -> Sequence[str]:
        """The bins, by printed code."""
        return [place.code for place in self.places]

    @property
    def span_s(self) -> tuple[float, float]:
        """What can be asked about, s since 1970 UTC."""
        return self.start_s, self.start_s + len(self.level_pct) * self.step_s

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {code: index for index, code in enumerate(self.codes)}

    @cached_property
    def _by_bin(self) -> Mapping[str, list[TruthEvent]]:
        found: dict[str, list[TruthEvent]] = {}
        for event in (*self.happened, *self.ongoing):
            found.setdefault(event.bin_code, []).append(event)
        for events in found.values():
            events.sort(key=lambda event: event.at_s)
        return found

    def events(self, bin_code: str) -> Sequence[TruthEvent]:
        """Return what happened at this bin, by time."""
        return self._by_bin.get(bin_code, ())

    def level(self, bin_code: str, at_s: float) -> float:
        """Return how full the bin is, % of its volume."""
        return float(self.level_pct[self._row(at_s), self._index[bin_code]])

    def surface(self, bin_code: str, at_s: float) -> Surface:
        """Return what a sensor in this bin has below it.

        Raises
        ------
        ValueError
            When the moment lies outside the stretch.

        """
        index = self._index[bin_code]
        level_pct = float(self.level_pct[self._row(at_s), index])
        day = day_of(at_s)
        today = self.days[day][index]
        hour = int(at_s - day_start_s(day)) // _HOUR_S
        sky = self.weather[day]
        lid_open = self.places[index].lidded and _just_thrown(today, at_s)
        near_pct, tilt_deg = None, 0.0
        for act in self._acting(day, index, at_s):
            if act.kind is TruthKind.LID_OPEN:
                lid_open = True
            elif act.kind is TruthKind.BAG_LEANED:
                near_pct = level_pct + act.amount
            elif act.kind is TruthKind.KNOCKED_OVER:
                tilt_deg = _LYING_DEG
        covered = min(1.0, level_pct / _HILLS_FROM_PCT)
        return Surface(
            fill_pct=level_pct,
            rough_pct=today.rough_pct * covered,
            soft=today.soft * covered,
            lid_open=lid_open,
            near_pct=near_pct,
            tilt_deg=tilt_deg,
            air_c=float(sky.air_c[hour]),
            rain_mm_h=float(sky.rain_mm_h[hour]),
            flooded=self.places[index].floods and bool(sky.flood[hour] >= 0.5),
        )

    def _row(self, at_s: float) -> int:
        row = int((at_s - self.start_s) // self.step_s)
        if not 0 <= row < len(self.level_pct):
            first, last = self.span_s
            raise ValueError(f"{at_s} is outside the stretch from {first} to {last}")
        return row

    def _acting(self, day: int, index: int, at_s: float) -> list[Act]:
        """Return what goes on at the moment; a truck's visit ends leaning and lying."""
        acts = [
            act
            for each in (day - 1, day)
            for act in self.days[each][index].lasting
            if act.at_s <= at_s < act.until_s
        ]
        if not acts:
            return acts
        emptied_s = max(
            (
                event.at_s
                for event in self.events(self.places[index].code)
                if event.kind is TruthKind.COLLECTED and event.at_s <= at_s
            ),
            default=float(self.emptied_before_s[index]),
        )
        return [act for act in acts if act.at_s > emptied_s]


def _just_thrown(today: BinDay, at_s: float) -> bool:
    nth = int(today.bags_at_s.searchsorted(at_s, side="right"))
    return nth > 0 and at_s - float(today.bags_at_s[nth - 1]) < LID_S
