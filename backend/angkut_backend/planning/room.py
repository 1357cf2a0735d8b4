"""Whether a vehicle has room and time for one more bin, worked out apart from the planner.

Part of the checker: see `excuses`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.roads.travel import UNREACHABLE, Travel

_HOUR_S = 3600


class Visit(NamedTuple):
    kind: StepKind
    code: str


@dataclass(frozen=True, slots=True)
class _Driven:
    """A route from its earliest start, without its break."""

    back_s: int
    #: All waiting: for windows, for gates and in queues.
    waited_s: int
    #: Where it is when each visit is done, the start first.
    leaves_s: list[int]


class Room:
    """Tries bins in routes of one problem."""

    def __init__(self, problem: Problem, travel: Travel) -> None:
        self._problem = problem
        self._travel = travel
        self._bins = {one.code: one for one in problem.bins}
        self._sites = {one.code: one for one in problem.disposal_sites}
        self._places = {one.bin: one.position for one in problem.locks if one.position}
        start = problem.moment(0)
        self._clock_s = start.hour * _HOUR_S + start.minute * 60 + start.second
        self._is_steady = set(problem.traffic_by_hour) == {1.0}

    def reaches(self, vehicle: Vehicle, one: Bin) -> bool:
        """Tell whether there is a way to a bin, to a disposal site and home."""
        there = f"bin:{one.code}"
        return self._way(vehicle, _start(vehicle), there) is not None and any(
            self._way(vehicle, there, f"disposal:{site}") is not None
            and self._way(vehicle, f"disposal:{site}", f"depot:{vehicle.depot}") is not None
            for site in self._sites_of(vehicle)
        )

    def taken(self, vehicle: Vehicle, route: Sequence[Visit], bins: Sequence[Bin]) -> Iterator[Bin]:
        """Yield the bins of which each can be put somewhere into a route, or on its own trip."""
        base = self._drive(vehicle, route)
        hopes = self._hopes(vehicle, route, bins, base) if route else None
        for row, one in enumerate(bins):
            stop = Visit(StepKind.STOP, one.code)
            places = np.flatnonzero(hopes[row]).tolist() if hopes is not None else []
            if any(self._holds(vehicle, [*route[:at], stop, *route[at:]]) for at in places) or any(
                self._holds(vehicle, [*route, stop, Visit(StepKind.UNLOAD, site)])
                for site in self._sites_of(vehicle)
                if base is None or self._may_end(vehicle, route, one, site, base)
            ):
                yield one

    def _hopes(
        self, vehicle: Vehicle, route: Sequence[Visit], bins: Sequence[Bin], base: _Driven | None
    ) -> NDArray[np.bool_]:
        """Tell at a glance which places are worth working out, [bins, places before a visit].

        With traffic that changes by the hour a way counts as at the time when the route is there
        without the bin: a place that only later hours would open is not seen.
        """
        free_l, free_kg = self._free(vehicle, route)
        hopes = (np.array([[one.load_l] for one in bins]) <= free_l) & (
            np.array([[one.load_kg] for one in bins]) <= free_kg
        )
        if base is None:
            return hopes
        index, leg = self._travel.index, self._travel.legs[vehicle.profile]
        new = np.array([[index[f"bin:{one.code}"]] for one in bins])
        stays = [_start(vehicle), *(_point(visit) for visit in route)]
        here, there = (np.array([index[name] for name in part]) for part in (stays[:-1], stays[1:]))
        pace = np.array([self._pace(at_s) for at_s in base.leaves_s[: len(route)]])
        longer_s = pace * (leg.duration_s[here, new] + leg.duration_s[new, there])
        longer_s -= pace * leg.duration_s[here, there]
        longer_s += np.array([[one.service_s] for one in bins])
        way = (leg.distance_m[here, new] < UNREACHABLE) & (leg.distance_m[new, there] < UNREACHABLE)
        # A break that is due takes up waiting at best.
        spare_s = vehicle.shift.to_s + base.waited_s - base.back_s - _pause_due(vehicle, base)
        found: NDArray[np.bool_] = hopes & way & (longer_s <= spare_s)
        return found

    def _free(
        self, vehicle: Vehicle, route: Sequence[Visit]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return litres and kilograms that are free on the trip of each visit, [visits]."""
        on = vehicle.underway
        loads, trips = [[on.load_l, on.load_kg] if on else [0, 0]], []
        for visit in route:
            trips.append(len(loads) - 1)
            if visit.kind is StepKind.UNLOAD:
                loads.append([0, 0])
            else:
                loads[-1][0] += self._bins[visit.code].load_l
                loads[-1][1] += self._bins[visit.code].load_kg
        free = np.array([vehicle.volume_l, vehicle.payload_kg]) - np.array(loads)
        return free[trips, 0], free[trips, 1]

    def _may_end(
        self, vehicle: Vehicle, route: Sequence[Visit], one: Bin, site: str, base: _Driven
    ) -> bool:
        """Tell at a glance whether a vehicle that is where a route ends has time for a bin."""
        here = _point(route[-1]) if route else _start(vehicle)
        stays = [here, f"bin:{one.code}", f"disposal:{site}", f"depot:{vehicle.depot}"]
        ways = [self._way(vehicle, *leg) for leg in pairwise(stays)]
        if None in ways:
            return False
        pace = min(self._problem.traffic_by_hour)
        spent_s = pace * sum(way for way in ways if way) + one.service_s
        done_s = base.leaves_s[len(route)] + self._sites[site].tipping_s
        return done_s + spent_s <= vehicle.shift.to_s

    def _holds(self, vehicle: Vehicle, visits: Sequence[Visit]) -> bool:
        """Tell whether a vehicle can drive these visits by all rules."""
        order = [visit.code for visit in visits if visit.kind is StepKind.STOP]
        on = vehicle.underway
        made = len(order) + (on.stops_made if on else 0)
        first = [code for code in vehicle.fixed_first if code in order]
        if (
            (vehicle.max_stops is not None and made > vehicle.max_stops)
            or order[: len(first)] != first
            or not self._are_placed(order)
        ):
            return False
        plain = self._drive(vehicle, visits)
        if plain is None:
            return False
        if not (due_s := _pause_due(vehicle, plain)):
            return True
        if self._is_steady and plain.back_s + due_s - plain.waited_s > vehicle.shift.to_s:
            return False
        late_s = vehicle.breaks[0].begin.to_s
        places = [at for at, leave_s in enumerate(plain.leaves_s[:-1]) if leave_s <= late_s]
        return any(self._drive(vehicle, visits, at) for at in reversed(places))

    def _are_placed(self, order: Sequence[str]) -> bool:
        """Tell whether locked places are kept; one behind the last stop is the last."""
        places = {code: self._places[code] for code in order if code in self._places}
        return all(
            order[min(place, len(order) - sum(other > place for other in places.values())) - 1]
            == code
            for code, place in places.items()
        )

    def _drive(
        self, vehicle: Vehicle, visits: Sequence[Visit], pause: int | None = None
    ) -> _Driven | None:
        """Drive as early as can be, with the break after so many visits; `None`: it cannot be."""
        on = vehicle.underway
        here, at_s = _start(vehicle), on.free_at_s if on else vehicle.shift.from_s
        litres, kilos = (on.load_l, on.load_kg) if on else (0, 0)
        trip, waited_s, leaves_s = 1 + (on.trips_made if on else 0), 0, [at_s]
        for number, visit in enumerate([*visits, None]):
            if number == pause:
                rule = vehicle.breaks[0]
                at_s = max(at_s, rule.begin.from_s)
                if at_s > rule.begin.to_s:
                    return None
                at_s += rule.duration_s
            there = _point(visit) if visit else f"depot:{vehicle.depot}"
            way_s = self._way(vehicle, here, there, at_s)
            if way_s is None:
                return None
            here, arrive_s = there, at_s + way_s
            if visit is None:
                at_s = arrive_s
            elif visit.kind is StepKind.STOP:
                one = self._bins[visit.code]
                opens = [max(arrive_s, w.from_s) for w in one.windows if arrive_s <= w.to_s]
                litres, kilos = litres + one.load_l, kilos + one.load_kg
                if (
                    (one.windows and not opens)
                    or litres > vehicle.volume_l
                    or kilos > vehicle.payload_kg
                    or trip > vehicle.max_trips
                ):
                    return None
                begin_s = min(opens, default=arrive_s)
                waited_s += begin_s - arrive_s
                at_s = begin_s + one.service_s
            else:
                site = self._sites[visit.code]
                if arrive_s > site.opening.to_s:
                    return None
                open_s = max(arrive_s, site.opening.from_s)
                begin_s = open_s + site.queue_s_by_hour[self._hour(open_s)]
                waited_s += begin_s - arrive_s
                at_s = begin_s + site.tipping_s
                trip, litres, kilos = trip + 1, 0, 0
            if at_s > vehicle.shift.to_s and visit is None:
                return None
            leaves_s.append(at_s)
        return _Driven(at_s, waited_s, leaves_s)

    def _way(self, vehicle: Vehicle, here: str, there: str, at_s: int | None = None) -> int | None:
        """Return the time of a way, s; without an hour as the matrix has it; `None`: no way."""
        leg, index = self._travel.legs[vehicle.profile], self._travel.index
        cell = index[here], index[there]
        if leg.distance_m[cell] >= UNREACHABLE:
            return None
        seconds = int(leg.duration_s[cell])
        if at_s is None or self._is_steady:
            return seconds
        return math.ceil(seconds * self._pace(at_s))

    def _pace(self, at_s: int) -> float:
        return self._problem.traffic_by_hour[self._hour(at_s)]

    def _hour(self, at_s: int) -> int:
        return (self._clock_s + at_s) // _HOUR_S % 24

    def _sites_of(self, vehicle: Vehicle) -> Sequence[str]:
        return vehicle.disposal_sites or tuple(self._sites)


def _pause_due(vehicle: Vehicle, plain: _Driven) -> int:
    """Return how long the break takes that a route without one lacks."""
    on = vehicle.underway
    if not vehicle.breaks or (on and on.break_taken):
        return 0
    rule = vehicle.breaks[0]
    return rule.duration_s if plain.leaves_s[0] < rule.begin.to_s < plain.back_s else 0


def _start(vehicle: Vehicle) -> str:
    return f"underway:{vehicle.code}" if vehicle.underway else f"depot:{vehicle.depot}"


def _point(visit: Visit) -> str:
    return f"{'bin' if visit.kind is StepKind.STOP else 'disposal'}:{visit.code}"
