"""Whether a vehicle has room and time for one more bin, worked out apart from the planner.

Part of the checker: see `excuses`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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

    def fits(self, vehicle: Vehicle, route: Sequence[Visit], one: Bin) -> bool:
        """Tell whether a bin can be put somewhere into a route, or on a trip of its own."""
        stop = Visit(StepKind.STOP, one.code)
        base = self._drive(vehicle, route)
        for at in range(len(route) if route else 0):
            if self._may_fit(vehicle, route, one, at, base) and self._holds(
                vehicle, [*route[:at], stop, *route[at:]]
            ):
                return True
        return any(
            self._holds(vehicle, [*route, stop, Visit(StepKind.UNLOAD, site)])
            for site in self._sites_of(vehicle)
        )

    def _may_fit(
        self, vehicle: Vehicle, route: Sequence[Visit], one: Bin, at: int, base: _Driven | None
    ) -> bool:
        """Tell at a glance whether a place is worth working out."""
        first = next((n for n in range(at, 0, -1) if route[n - 1].kind is StepKind.UNLOAD), 0)
        litres, kilos = one.load_l, one.load_kg
        if first == 0 and vehicle.underway:
            litres, kilos = litres + vehicle.underway.load_l, kilos + vehicle.underway.load_kg
        for visit in route[first:]:
            if visit.kind is StepKind.UNLOAD:
                break
            litres += self._bins[visit.code].load_l
            kilos += self._bins[visit.code].load_kg
        if litres > vehicle.volume_l or kilos > vehicle.payload_kg:
            return False
        if base is None or not self._is_steady:
            return base is None or base.leaves_s[at] <= vehicle.shift.to_s
        here = _point(route[at - 1]) if at else _start(vehicle)
        there, next_ = f"bin:{one.code}", _point(route[at])
        legs = [(here, there), (there, next_), (here, next_)]
        ways = [self._way(vehicle, *leg) for leg in legs]
        if ways[0] is None or ways[1] is None or ways[2] is None:
            return False
        longer_s = ways[0] + ways[1] - ways[2] + one.service_s - base.waited_s
        return base.back_s + longer_s <= vehicle.shift.to_s

    def _holds(self, vehicle: Vehicle, visits: Sequence[Visit]) -> bool:
        """Tell whether a vehicle can drive these visits by all rules."""
        order = [visit.code for visit in visits if visit.kind is StepKind.STOP]
        on = vehicle.underway
        made = len(order) + (on.stops_made if on else 0)
        first = [code for code in vehicle.fixed_first if code in order]
        if (
            (vehicle.max_stops is not None and made > vehicle.max_stops)
            or order[: len(first)] != first
            or any(self._places.get(code, at) != at for at, code in enumerate(order, start=1))
        ):
            return False
        plain = self._drive(vehicle, visits)
        if plain is None or not vehicle.breaks or (on and on.break_taken):
            return plain is not None
        if not plain.leaves_s[0] < vehicle.breaks[0].begin.to_s < plain.back_s:
            return True
        return any(self._drive(vehicle, visits, at) for at in range(len(visits) + 1))

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
        return math.ceil(seconds * self._problem.traffic_by_hour[self._hour(at_s)])

    def _hour(self, at_s: int) -> int:
        return (self._clock_s + at_s) // _HOUR_S % 24

    def _sites_of(self, vehicle: Vehicle) -> Sequence[str]:
        return vehicle.disposal_sites or tuple(self._sites)


def _start(vehicle: Vehicle) -> str:
    return f"underway:{vehicle.code}" if vehicle.underway else f"depot:{vehicle.depot}"


def _point(visit: Visit) -> str:
    return f"{'bin' if visit.kind is StepKind.STOP else 'disposal'}:{visit.code}"
