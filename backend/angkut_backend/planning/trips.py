"""Throwing away whole trips and building others.

The moves of a local search add or take one bin, and one bin never pays for sending out another
vehicle, or the same vehicle once more, nor does taking one save a trip: by such moves alone, the
trips of the start stay. That optional clients do not open vehicles is PyVRP's issue 636.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyvrp import Activity, ActivityType, ProblemData, Route, Solution, VehicleType

_Mask = NDArray[np.bool_]

#: Ways of nothing cost this, in PyVRP's units, so that worth per cost is finite.
_LEAST_COST = 500
#: How far chance bends the worth of a client, as a standard deviation of its logarithm.
_NOISE = 0.3
#: How often all trips of a vehicle go at once.
_WHOLE = 0.3
#: Trips that are built, if they are worth it, after one was thrown away.
_BUILT = 3


@dataclass(frozen=True, slots=True)
class _Spot:
    """A vehicle that could make one more trip."""

    type_: int
    #: The route that the trip is added to; none: the vehicle is not in use.
    route: Route | None
    #: Depot before the trip, where the last one was unloaded.
    reload: int | None
    location: int
    time: int


class TripBuilder:
    """Throws away trips of solutions and builds others.

    Parameters
    ----------
    rng
        Decides on vehicle, first client, and bends the choice of the others.
    """

    def __init__(self, data: ProblemData, rng: np.random.Generator) -> None:
        self._data = data
        self._rng = rng
        clients = data.clients()
        self._location = np.array([one.location for one in clients], dtype=np.intp)
        self._prize = np.array([one.prize for one in clients], dtype=np.float64)
        self._early = np.array([one.tw_early for one in clients], dtype=np.int64)
        self._late = np.array([one.tw_late for one in clients], dtype=np.int64)
        self._service = np.array([one.service_duration for one in clients], dtype=np.int64)
        self._pickup = np.array([one.pickup for one in clients], dtype=np.int64)
        self._group = np.array(
            [-1 if one.group is None else one.group for one in clients], dtype=np.int64
        )
        self._durations = [data.duration_matrix(p) for p in range(data.num_profiles)]
        self._distances = [data.distance_matrix(p) for p in range(data.num_profiles)]

    def rebuilt(self, solution: Solution) -> Solution:
        """Return the solution without a trip, or all trips of a vehicle, and with new ones."""
        changed = self._ruined(solution)
        for _ in range(_BUILT):
            changed = self._extended(changed) or changed
        return changed

    def _ruined(self, solution: Solution) -> Solution:
        routes = solution.routes()
        if not routes:
            return solution
        route = routes[int(self._rng.integers(len(routes)))]
        others = [one for one in routes if one is not route]
        trips: list[list[Activity]] = [[]]
        for one in list(route)[1:-1]:
            if one.is_depot():
                # The unloading before a trip goes with it.
                trips.append([])
            trips[-1].append(Activity(one.type, one.idx))
        if len(trips) == 1 or self._rng.random() < _WHOLE:
            return Solution(self._data, others)
        del trips[int(self._rng.integers(len(trips)))]
        left = [one for trip in trips for one in trip]
        if not any(one.is_client() for one in left):
            # Trips without a client are the vehicle's way to unload what it carries.
            return Solution(self._data, others)
        left = left[1:] if left[0].is_depot() else left
        return Solution(self._data, [*others, Route(self._data, left, route.vehicle_type())])

    def _extended(self, solution: Solution) -> Solution | None:
        """Return the solution with one more trip that is worth its way, if chance finds one."""
        routes = solution.routes()
        spots = list(self._spots(routes))
        free = self._unplanned(routes)
        if not spots or not free.any():
            return None
        spot = spots[int(self._rng.integers(len(spots)))]
        trip = self._trip(spot, free)
        if not trip:
            return None
        before: list[Activity] = []
        if spot.route is not None and spot.reload is not None:
            before = [Activity(one.type, one.idx) for one in list(spot.route)[1:-1]]
            before.append(Activity(ActivityType.DEPOT, spot.reload))
        new = [*before, *(Activity(ActivityType.CLIENT, one) for one in trip)]
        others = [one for one in routes if one is not spot.route]
        return Solution(self._data, [*others, Route(self._data, new, spot.type_)])

    def _unplanned(self, routes: Sequence[Route]) -> _Mask:
        free = np.ones(len(self._location), dtype=bool)
        planned = [one.idx for route in routes for one in route if one.is_client()]
        free[planned] = False
        taken = self._group[planned]
        if len(taken := taken[taken >= 0]):
            free &= ~np.isin(self._group, taken)
        return free

    def _spots(self, routes: Sequence[Route]) -> list[_Spot]:
        spots = []
        used = [0] * self._data.num_vehicle_types
        for route in routes:
            used[route.vehicle_type()] += 1
            spot = self._after(route)
            if spot is not None:
                spots.append(spot)
        for number, kind in enumerate(self._data.vehicle_types()):
            if used[number] < kind.num_available:
                at = self._data.depot(kind.start_depot).location
                spots.append(_Spot(number, None, None, at, kind.tw_early))
        return spots

    def _after(self, route: Route) -> _Spot | None:
        """Return the vehicle of a route at the depot where it would be empty first."""
        kind = self._data.vehicle_type(route.vehicle_type())
        last = list(route)[-2]
        if route.num_trips() > kind.max_reloads or not last.is_client() or route.has_time_warp():
            return None
        here = int(self._location[last.idx])
        best: _Spot | None = None
        for number in kind.reload_depots:
            depot = self._data.depot(number)
            arrive = last.end_time + int(self._durations[kind.profile][here, depot.location])
            over = max(arrive, depot.tw_early) + depot.service_duration
            if arrive <= depot.tw_late and (best is None or over < best.time):
                best = _Spot(route.vehicle_type(), route, number, depot.location, over)
        return best

    def _trip(self, spot: _Spot, free: _Mask) -> list[int]:
        """Take clients while they fit and are worth their way; the first one by chance."""
        kind = self._data.vehicle_type(spot.type_)
        room = np.array(kind.capacity, dtype=np.int64)
        if spot.route is None:
            room -= np.array(kind.initial_load, dtype=np.int64)
        home = self._data.depot(kind.end_depot).location
        distances, durations = self._distances[kind.profile], self._durations[kind.profile]
        to_home = durations[self._location, home]
        latest = min(kind.tw_late, self._data.depot(kind.end_depot).tw_late)
        bent = self._prize * np.exp(self._rng.normal(0, _NOISE, len(self._prize)))
        here, now, trip, gain = spot.location, spot.time, list[int](), 0.0
        free = free.copy()
        while True:
            arrive = now + durations[here, self._location]
            over = np.maximum(arrive, self._early) + self._service
            cost = kind.unit_distance_cost * distances[here, self._location]
            cost = cost + kind.unit_duration_cost * (over - now)
            fits = free & (arrive <= self._late) & (over + to_home <= latest)
            fits &= (self._pickup <= room).all(axis=1)
            if trip:
                fits &= self._prize > cost
            if not fits.any():
                break
            if trip:
                taken = int(np.argmax(np.where(fits, bent / (cost + _LEAST_COST), -1)))
            else:
                share = np.where(fits, self._prize + 1, 0)
                taken = int(self._rng.choice(len(share), p=share / share.sum()))
            trip.append(taken)
            gain += self._prize[taken] - float(cost[taken])
            room -= self._pickup[taken]
            here, now = int(self._location[taken]), int(over[taken])
            free[taken] = False
            if self._group[taken] >= 0:
                free &= self._group != self._group[taken]
        return trip if trip and gain > self._return_cost(kind, spot, here) else []

    def _return_cost(self, kind: VehicleType, spot: _Spot, last: int) -> float:
        """Return what coming home costs, less what it cost before this trip."""
        home = self._data.depot(kind.end_depot).location
        distances, durations = self._distances[kind.profile], self._durations[kind.profile]
        metres, seconds = int(distances[last, home]), int(durations[last, home])
        fixed = kind.fixed_cost
        if spot.route is not None:
            fixed = 0
            metres -= int(distances[spot.location, home])
            seconds -= int(durations[spot.location, home])
        return float(fixed + kind.unit_distance_cost * metres + kind.unit_duration_cost * seconds)
