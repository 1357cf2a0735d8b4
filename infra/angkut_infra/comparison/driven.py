"""What a plan came to on the road: bins hold more or less than was expected."""

from collections.abc import Mapping
from dataclasses import dataclass

from angkut_backend.planning.district import KG_PER_LITRE, SWAPPED
from angkut_backend.planning.plan_document import Plan, Route, StepKind
from angkut_backend.planning.points import bin_point, depot_point, disposal_point
from angkut_backend.planning.problem import Problem, Vehicle
from angkut_backend.roads.travel import Travel


@dataclass(frozen=True, slots=True)
class Driven:
    """Sums of a shift."""

    km: float = 0.0
    #: Trips to a disposal site (ritase).
    trips: int = 0
    truck_h: float = 0.0
    queue_h: float = 0.0
    #: Of the truck hours, those after the end of a shift.
    over_h: float = 0.0
    stops: int = 0

    def __add__(self, other: "Driven") -> "Driven":
        """Add two shifts."""
        return Driven(
            self.km + other.km,
            self.trips + other.trips,
            self.truck_h + other.truck_h,
            self.queue_h + other.queue_h,
            self.over_h + other.over_h,
            self.stops + other.stops,
        )


def drive(problem: Problem, travel: Travel, plan: Plan, taken_l: Mapping[str, float]) -> Driven:
    """Drive a plan with what was really in the bins.

    Crews keep to the order and to the trips of the plan, and stay until all is done. A vehicle that
    cannot take the next bin in whole tips first and comes back, whatever the hour.

    Parameters
    ----------
    taken_l
        Litres taken from each bin; one that is not named was not emptied.
    """
    vehicles = {one.code: one for one in problem.vehicles}
    total = Driven()
    for route in plan.routes:
        total += _Trip(problem, travel, vehicles[route.vehicle]).drive(route, taken_l)
    return total


class _Trip:
    def __init__(self, problem: Problem, travel: Travel, vehicle: Vehicle) -> None:
        self._sites = {one.code: one for one in problem.disposal_sites}
        self._swapped = {one.code: one.load_l for one in problem.bins if one.container in SWAPPED}
        self._start_h = problem.moment(0).hour
        self._leg, self._index = travel.legs[vehicle.profile], travel.index
        self._vehicle = vehicle
        self._most_l = min(vehicle.volume_l, vehicle.payload_kg / KG_PER_LITRE)

    def drive(self, route: Route, taken_l: Mapping[str, float]) -> Driven:
        metres, seconds, queue_s, trips, stops, load_l = 0, 0, 0, 0, 0, 0.0
        here = depot_point(self._vehicle.depot)
        tips = [step.code for step in route.steps if step.kind is StepKind.UNLOAD]
        for step in route.steps:
            if step.kind in {StepKind.START, StepKind.BREAK}:
                continue
            there = self._point(step.kind, step.code)
            if step.kind is StepKind.STOP:
                litres = taken_l.get(step.code, 0.0)
                if litres:
                    litres = self._swapped.get(step.code, litres)
                if load_l and load_l + litres > self._most_l:
                    extra = self._detour(here, there, tips[0], step.arrive_s)
                    metres, seconds = metres + extra[0], seconds + extra[1]
                    queue_s, trips, load_l = queue_s + extra[2], trips + 1, 0.0
                load_l += litres
                stops += 1
            elif step.kind is StepKind.UNLOAD:
                tips = tips[1:] or tips
                trips, load_l = trips + 1, 0.0
                queue_s += step.begin_s - step.arrive_s
            metres += int(self._leg.distance_m[self._index[here], self._index[there]])
            here = there
        over_s = max(0, route.steps[-1].leave_s + seconds - self._vehicle.shift.to_s)
        seconds += route.steps[-1].leave_s - route.steps[0].leave_s
        return Driven(metres / 1000, trips, seconds / 3600, queue_s / 3600, over_s / 3600, stops)

    def _point(self, kind: StepKind, code: str) -> str:
        if kind is StepKind.STOP:
            return bin_point(code)
        return disposal_point(code) if kind is StepKind.UNLOAD else depot_point(code)

    def _detour(self, here: str, there: str, site: str, at_s: int) -> tuple[int, int, int]:
        """Return metres, seconds and seconds of queue that tipping on the way adds."""
        place = self._sites[site]
        a, b, c = (self._index[name] for name in (here, disposal_point(site), there))
        metres, drive_s = (
            int(table[a, b]) + int(table[b, c]) - int(table[a, c])
            for table in (self._leg.distance_m, self._leg.duration_s)
        )
        queue_s = place.queue_s_by_hour[(self._start_h + at_s // 3600) % 24]
        return metres, drive_s + queue_s + place.tipping_s, queue_s
