"""What holds for a vehicle, a bin and a time: access, travel, queues."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from angkut_backend.planning.problem import Bin, DisposalSite, Problem, Vehicle
from angkut_backend.roads.travel import Travel


class _Alike(NamedTuple):
    """Vehicles that get to bins of one kind and handle them."""

    able: tuple[Vehicle, ...]
    crew: frozenset[str]
    #: What fits into each of them.
    least_l: int
    least_kg: int

    @classmethod
    def of(cls, able: tuple[Vehicle, ...]) -> "_Alike":
        return cls(
            able,
            frozenset(one.code for one in able),
            min((one.volume_l for one in able), default=0),
            min((one.payload_kg for one in able), default=0),
        )


class Rules:
    """The rules of one problem. Hours are taken with the zone's offset at the start."""

    def __init__(self, problem: Problem, travel: Travel) -> None:
        self.problem = problem
        self.travel = travel
        self.bins = {one.code: one for one in problem.bins}
        self.vehicles = {one.code: one for one in problem.vehicles}
        self.sites = {one.code: one for one in problem.disposal_sites}
        #: Place in its vehicle's order that a bin is locked to.
        self.positions = {one.bin: one.position for one in problem.locks if one.position}
        self._barred = {(one.bin, one.vehicle) for one in problem.forbids}
        self._locked = {one.bin: one.vehicle for one in problem.locks}
        self._locked |= {code: v.code for v in problem.vehicles for code in v.fixed_first}
        #: Whether driving takes as long at every hour.
        self.steady = set(problem.traffic_by_hour) == {1.0}
        start = problem.moment(0)
        self.time_of_day_s = start.hour * 3600 + start.minute * 60 + start.second
        self._named = {code for code, _ in self._barred} | set(self._locked)
        self._alike: dict[tuple[str, str], _Alike] = {}
        self._crews = {one.code: self._crew(one) for one in problem.bins}

    def crew(self, one: Bin) -> frozenset[str]:
        """Return the vehicles that may serve a bin."""
        return self._crews[one.code]

    def locked(self, one: Bin) -> str | None:
        """Return the vehicle that a bin is locked to."""
        return self._locked.get(one.code)

    def in_place(self, bins: Sequence[str]) -> bool:
        """Tell whether all bins of an order that are locked to a place are there.

        A place behind the end is the end; of several such bins the one locked farther is later.
        """
        if self.positions.keys().isdisjoint(bins):
            return True
        wanted = {code: self.positions[code] for code in bins if code in self.positions}
        for code, position in wanted.items():
            later = sum(other > position for other in wanted.values())
            if bins[min(position, len(bins) - later) - 1] != code:
                return False
        return True

    @staticmethod
    def can_empty(vehicle: Vehicle, one: Bin) -> bool:
        """Tell whether a vehicle gets to a bin and handles its container."""
        return (vehicle.access == "alley" or one.access == "road") and (
            vehicle.containers is None or one.container in vehicle.containers
        )

    @staticmethod
    def can_carry(vehicle: Vehicle, one: Bin) -> bool:
        """Tell whether the content of a bin fits into an empty vehicle."""
        return one.load_l <= vehicle.volume_l and one.load_kg <= vehicle.payload_kg

    def disposal_sites(self, vehicle: Vehicle) -> list[DisposalSite]:
        """Return the sites that a vehicle may use."""
        return [self.sites[code] for code in vehicle.disposal_sites or self.sites]

    def hour(self, at_s: float) -> int:
        """Return the local hour of the day."""
        return int((self.time_of_day_s + at_s) // 3600) % 24

    def queue_s(self, site: DisposalSite, arrive_s: float) -> int:
        """Return the wait in the queue of a site for an arrival."""
        return site.queue_s_by_hour[self.hour(arrive_s)]

    def leg(self, vehicle: Vehicle, here: str, there: str, leave_s: float) -> tuple[int, int]:
        """Return metres and seconds between two points for a departure."""
        leg = self.travel.legs[vehicle.profile]
        row, column = self.travel.index[here], self.travel.index[there]
        duration_s = int(leg.duration_s[row, column])
        if not self.steady:
            factor = self.problem.traffic_by_hour[self.hour(leave_s)]
            duration_s = math.ceil(duration_s * factor)
        return int(leg.distance_m[row, column]), duration_s

    def _crew(self, one: Bin) -> frozenset[str]:
        if one.code in self._named or one.forbidden:
            return frozenset(v.code for v in self.problem.vehicles if self._admits(v, one))
        # Most bins are like others: for thousands of them it matters.
        kind = one.access, one.container
        alike = self._alike.get(kind)
        if alike is None:
            able = tuple(v for v in self.problem.vehicles if self.can_empty(v, one))
            alike = self._alike[kind] = _Alike.of(able)
        if one.load_l <= alike.least_l and one.load_kg <= alike.least_kg:
            return alike.crew
        return frozenset(v.code for v in alike.able if self.can_carry(v, one))

    def _admits(self, vehicle: Vehicle, one: Bin) -> bool:
        return (
            not one.forbidden
            and self.can_empty(vehicle, one)
            and self.can_carry(vehicle, one)
            and (one.code, vehicle.code) not in self._barred
            and self._locked.get(one.code, vehicle.code) == vehicle.code
        )
