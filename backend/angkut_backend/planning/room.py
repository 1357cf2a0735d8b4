"""Whether a vehicle has room and time for one more bin, worked out apart from the planner.

Part of the checker: see `excuses`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.planning.returns import Backs, Clock, Ints, Mask, leaving
from angkut_backend.roads.travel import UNREACHABLE, Travel

#: A way that there is not takes longer than any shift.
_NO_WAY_S = 10**9


class Visit(NamedTuple):
    kind: StepKind
    code: str


class Room:
    """Tries bins in routes of one problem."""

    def __init__(self, problem: Problem, travel: Travel) -> None:
        self._problem = problem
        self._travel = travel
        self._bins = {one.code: one for one in problem.bins}
        self._sites = {one.code: one for one in problem.disposal_sites}
        self._places = {one.bin: one.position for one in problem.locks if one.position}

    def reaches(self, vehicle: Vehicle, one: Bin) -> bool:
        """Tell whether there is a way to a bin, to a disposal site and home."""
        there, home = f"bin:{one.code}", f"depot:{vehicle.depot}"
        sites = [f"disposal:{code}" for code in self._sites_of(vehicle)]
        onward_s = self._ways(vehicle, [there], sites)[0]
        home_s = self._ways(vehicle, sites, [home])[:, 0]
        start_s = self._ways(vehicle, [_start(vehicle)], [there])
        return bool(start_s[0, 0] < _NO_WAY_S and (onward_s + home_s < _NO_WAY_S).any())

    def taken(self, vehicle: Vehicle, route: Sequence[Visit], bins: Sequence[Bin]) -> Iterator[Bin]:
        """Yield the bins of which each can be put somewhere into a route, or on its own trip."""
        on = vehicle.underway
        order = [visit.code for visit in route if visit.kind is StepKind.STOP]
        made = len(order) + (on.stops_made if on else 0)
        if vehicle.max_stops is not None and made >= vehicle.max_stops:
            return
        holds = self._in_time(vehicle, route, bins, self._loaded(vehicle, route, bins))
        before = np.cumsum([0, *(visit.kind is StepKind.STOP for visit in route)])
        for row, one in enumerate(bins):
            places = {int(before[at]) for at in np.flatnonzero(holds[row])}
            if any(self._in_order(vehicle, [*order[:at], one.code, *order[at:]]) for at in places):
                yield one

    def _loaded(self, vehicle: Vehicle, route: Sequence[Visit], bins: Sequence[Bin]) -> Mask:
        """Tell where bins can be loaded, [bin, place before a visit or behind the last]."""
        on = vehicle.underway
        loads, trips = [[on.load_l, on.load_kg] if on else [0, 0]], [0]
        for visit in route:
            if visit.kind is StepKind.UNLOAD:
                loads.append([0, 0])
            else:
                loads[-1][0] += self._bins[visit.code].load_l
                loads[-1][1] += self._bins[visit.code].load_kg
            trips.append(len(loads) - 1)
        free = (np.array([vehicle.volume_l, vehicle.payload_kg]) - np.array(loads))[trips]
        wanted = np.array([[[one.load_l, one.load_kg]] for one in bins])
        trips_left = vehicle.max_trips - (on.trips_made if on else 0) - np.array(trips)
        fits: Mask = (wanted <= free).all(axis=2) & (trips_left >= 1)
        return fits

    def _in_time(
        self, vehicle: Vehicle, route: Sequence[Visit], bins: Sequence[Bin], holds: Mask
    ) -> Mask:
        """Return those of the places at which a bin is served in time, as all behind it.

        From the end of the route on, by when the vehicle would be back from each place.
        """
        clock = Clock(self._problem, vehicle)
        stops, codes = clock.stops(bins), [f"bin:{one.code}" for one in bins]
        points = [_start(vehicle), *map(_point, route)]
        leaves = [leaving(clock, np.zeros(1, dtype=np.int64))]
        for visit, here, there in zip(route, points[:-1], points[1:], strict=True):
            way_s = int(self._ways(vehicle, [here], [there])[0, 0])
            done_s = self._done(clock, visit, clock.driven(leaves[-1], way_s))
            leaves.append(leaving(clock, done_s))

        def held(at: int, there: str, backs: Backs) -> Mask:
            way_in_s = self._ways(vehicle, [points[at]], codes)[0]
            way_out_s = self._ways(vehicle, codes, [there])[:, 0]
            return backs.hold(clock, leaves[at], stops, (way_in_s, way_out_s))

        def before(visit: Visit, there: str, backs: Backs) -> Backs:
            way_s = int(self._ways(vehicle, [_point(visit)], [there])[0, 0])
            return backs.before(clock, self._done(clock, visit, clock.every), way_s)

        there, backs = f"depot:{vehicle.depot}", Backs.home(clock)
        own = np.zeros(len(bins), dtype=np.bool_)
        for code in self._sites_of(vehicle):
            tip = Visit(StepKind.UNLOAD, code)
            own |= held(len(route), _point(tip), before(tip, there, backs))
        found = np.zeros_like(holds)
        found[:, -1] = holds[:, -1] & own
        for at in range(len(route) - 1, -1, -1):
            if not holds[:, : at + 1].any():
                break
            backs, there = before(route[at], there, backs), points[at + 1]
            found[:, at] = holds[:, at] & held(at, there, backs)
        return found

    def _done(self, clock: Clock, visit: Visit, arrive_s: Ints) -> Ints:
        if visit.kind is StepKind.UNLOAD:
            return clock.tipped(arrive_s, self._sites[visit.code])
        done_s: Ints = clock.served(arrive_s, clock.stops([self._bins[visit.code]]))[0]
        return done_s

    def _in_order(self, vehicle: Vehicle, order: Sequence[str]) -> bool:
        """Tell whether first stops and locked places are kept; behind the last stop is the last."""
        first = [code for code in vehicle.fixed_first if code in order]
        places = {code: self._places[code] for code in order if code in self._places}
        return order[: len(first)] == first and all(
            order[min(place, len(order) - sum(other > place for other in places.values())) - 1]
            == code
            for code, place in places.items()
        )

    def _ways(self, vehicle: Vehicle, here: Sequence[str], there: Sequence[str]) -> Ints:
        """Return times of ways as the matrix has them, s, [here, there]."""
        leg, index = self._travel.legs[vehicle.profile], self._travel.index
        cells = np.ix_([index[one] for one in here], [index[one] for one in there])
        ways_s = np.where(leg.distance_m[cells] < UNREACHABLE, leg.duration_s[cells], _NO_WAY_S)
        return ways_s.astype(np.int64)

    def _sites_of(self, vehicle: Vehicle) -> Sequence[str]:
        return vehicle.disposal_sites or tuple(self._sites)


def _start(vehicle: Vehicle) -> str:
    return f"underway:{vehicle.code}" if vehicle.underway else f"depot:{vehicle.depot}"


def _point(visit: Visit) -> str:
    return f"{'bin' if visit.kind is StepKind.STOP else 'disposal'}:{visit.code}"
