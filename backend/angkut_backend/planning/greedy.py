"""A feasible plan at once: each vehicle takes what is worth most for the way it costs.

Small vehicles come first, since only they reach the alleys. It takes a second for 3,000 bins and
is where the search begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from angkut_backend.planning.instance import (
    ANY_TIME_S,
    NEVER_S,
    Floats,
    Instance,
    Ints,
    Mask,
    home_legs,
)
from angkut_backend.planning.points import disposal_point
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.schedule import pause_s
from angkut_backend.planning.takeover import Takeover

#: A group by its number, or a disposal site by ~ of its place in the problem.
Order = list[int]

#: A way of nothing still costs this, rupiah, so that worth per cost is finite.
_LEAST_RP = 50.0
#: A way costs so many times its crew: kilometres come on top of hours.
_WAY_SHARE = 1.5


class Choice(NamedTuple):
    """How a vehicle chooses what comes next."""

    #: What a bin may count at most, rupiah: with a cap a vehicle does not cross the district from
    #: one urgent bin to the next; without one it serves more of them.
    cap_rp: float
    #: Nothing else while anything fits that must be served.
    duties_first: bool = False


#: Both are tried.
CHOICES = (Choice(20_000.0), Choice(1e9))
#: Tried where these leave bins that must be served.
DUTIES = Choice(20_000.0, duties_first=True)


class Greedy:
    """Fills the vehicles of a shift one after the other."""

    def __init__(self, instance: Instance, takeovers: Mapping[str, Takeover]) -> None:
        self._instance = instance
        self._takeovers = takeovers
        vehicles = sorted(
            instance.rules.problem.vehicles, key=lambda v: (v.access != "alley", v.volume_l, v.code)
        )
        self._fillers = {one.code: _Filler(instance, one) for one in vehicles}

    def orders(self, choice: Choice) -> dict[str, Order]:
        """Return what each vehicle does after its takeover."""
        free = np.ones(len(self._instance.groups), dtype=bool)
        return {
            code: filler.fill(self._takeovers[code], free, choice)
            for code, filler in self._fillers.items()
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """A vehicle while its route grows."""

    row: int
    time_s: int
    load_l: int
    load_kg: int
    trips_left: int
    stops_left: int


class _Filler:
    """Fills one vehicle."""

    def __init__(self, instance: Instance, vehicle: Vehicle) -> None:
        self._instance = instance
        self._vehicle = vehicle
        self._leg = instance.rules.travel.legs[vehicle.profile]
        self._service_s = instance.service_s + instance.inside[vehicle.profile][1]
        self._admitted = instance.admitted(vehicle) & instance.not_elsewhere(vehicle)
        self._end_s = vehicle.shift.to_s - pause_s(vehicle)
        queue_s = instance.late_queue_s(vehicle)
        _, self._home_s = home_legs(instance, vehicle, instance.last, queue_s)
        self._from_s, self._to_s = instance.windows
        self._any_time = bool((self._to_s >= ANY_TIME_S).any(axis=1).all())

    def fill(self, takeover: Takeover, free: Mask, choice: Choice) -> Order:
        """Take groups while they fit; they are marked as no longer free."""
        place = _Place(
            self._instance.rules.travel.index[takeover.point],
            takeover.time_s,
            takeover.load_l,
            takeover.load_kg,
            takeover.trips_left,
            takeover.stops_left,
        )
        order: Order = []
        while True:
            trip, place = self._trip(place, free, choice)
            order += trip
            tipped = self._unload(place)
            # A vehicle that is taken over full unloads before its first bin.
            if tipped is None:
                return order[:-1] if order and order[-1] < 0 else order
            order.append(~tipped[0])
            place = tipped[1]

    def _trip(self, place: _Place, free: Mask, choice: Choice) -> tuple[Order, _Place]:
        """Take groups until the vehicle is full, unless all of them are not worth the trip."""
        trip: Order = []
        at = place
        while (found := self._next(at, free, choice)) is not None:
            taken, begin_s = found
            trip.append(taken)
            free[taken] = False
            at = self._after(at, taken, begin_s)
        if trip and self._instance.prize_rp[trip].sum() < self._trip_rp(place, at):
            free[trip] = True
            return [], place
        return trip, at

    def _trip_rp(self, begin: _Place, end: _Place) -> float:
        """Return what a trip costs with its way home; that of the trip before is paid."""
        _, home_s = home_legs(self._instance, self._vehicle, [begin.row, end.row], 0)
        extra_s = end.time_s - begin.time_s + int(home_s[1])
        return self._vehicle.rp_per_hour / 3600 * extra_s * _WAY_SHARE

    def _next(self, place: _Place, free: Mask, choice: Choice) -> tuple[int, int] | None:
        """Return the group that is worth most for its cost of way and waiting, and its begin."""
        instance, vehicle = self._instance, self._vehicle
        begin_s, way_m = self._arrivals(place)
        possible = (
            free
            & self._admitted
            & (place.load_l + instance.load_l <= vehicle.volume_l)
            & (place.load_kg + instance.load_kg <= vehicle.payload_kg)
            & (begin_s + self._service_s + self._home_s <= self._end_s)
            & (instance.sizes <= place.stops_left)
        )
        if place.trips_left < 1 or not possible.any():
            return None
        cost_rp = vehicle.rp_per_km / 1000 * way_m + vehicle.rp_per_hour / 3600 * (
            begin_s - place.time_s
        )
        if place.load_l:
            # The way out and home is paid by the first of a trip already.
            service_rp = vehicle.rp_per_hour / 3600 * self._service_s
            possible &= instance.prize_rp > cost_rp + service_rp
        if choice.duties_first and (duties := possible & instance.must).any():
            possible = duties
        prize_rp = np.minimum(instance.prize_rp, choice.cap_rp)
        worth: Floats = np.where(possible, prize_rp / (cost_rp + _LEAST_RP), -1)
        best = int(np.argmax(worth))
        return (best, int(begin_s[best])) if worth[best] > 0 else None

    def _arrivals(self, place: _Place) -> tuple[Ints, Ints]:
        """Return when service could begin at each group, and the way there, m."""
        first = self._instance.first
        way_m = self._leg.distance_m[place.row, first].astype(np.int64)
        arrive_s = place.time_s + self._leg.duration_s[place.row, first].astype(np.int64)
        if self._any_time:
            return arrive_s, way_m
        begins_s = np.where(
            arrive_s[:, None] <= self._to_s, np.maximum(arrive_s[:, None], self._from_s), NEVER_S
        )
        return begins_s.min(axis=1), way_m

    def _after(self, place: _Place, taken: int, begin_s: int) -> _Place:
        return replace(
            place,
            row=int(self._instance.last[taken]),
            time_s=begin_s + int(self._service_s[taken]),
            load_l=place.load_l + int(self._instance.load_l[taken]),
            load_kg=place.load_kg + int(self._instance.load_kg[taken]),
            stops_left=place.stops_left - int(self._instance.sizes[taken]),
        )

    def _unload(self, place: _Place) -> tuple[int, _Place] | None:
        """Return the disposal site where the vehicle is empty first, and its state then."""
        if place.load_l + place.load_kg == 0 or place.trips_left < 2:
            return None
        rules = self._instance.rules
        best: tuple[int, _Place] | None = None
        for number, site in enumerate(rules.problem.disposal_sites):
            if site not in rules.disposal_sites(self._vehicle):
                continue
            row = rules.travel.index[disposal_point(site.code)]
            arrive_s = place.time_s + int(self._leg.duration_s[place.row, row])
            if arrive_s > site.opening.to_s:
                continue
            open_s = max(arrive_s, site.opening.from_s)
            leave_s = open_s + rules.queue_s(site, open_s) + site.tipping_s
            if best is None or leave_s < best[1].time_s:
                tipped = _Place(row, leave_s, 0, 0, place.trips_left - 1, place.stops_left)
                best = number, tipped
        return best
