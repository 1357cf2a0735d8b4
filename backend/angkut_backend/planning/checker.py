"""Checks a plan against its problem, sharing no code with the planner.

Everything is worked out again from the documents and the travel matrices: times, loads, windows,
opening hours, queues, shifts, breaks, access, locks, and that every bin is accounted for. A plan
that fails here is not published.
"""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from angkut_backend.planning.plan_document import Left, OutReason, Plan, Route, Step, StepKind
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.planning.violations import Breach, Violation
from angkut_backend.roads.travel import UNREACHABLE, Travel

#: Reasons that are good enough for leaving a bin that must be served.
_GOOD_FOR_MUST = frozenset(OutReason) - {
    OutReason.NOT_WORTH,
    OutReason.NOT_OFFERED,
    OutReason.NOT_FOUND,
}


def check(problem: Problem, travel: Travel, plan: Plan) -> list[Violation]:
    """Return everything that is wrong; an empty list for a plan that may be published."""
    vehicles = {one.code: one for one in problem.vehicles}
    found = list(_accounts(problem, plan))
    for route in plan.routes:
        vehicle = vehicles.get(route.vehicle)
        if vehicle is None:
            found.append(Violation(Breach.UNKNOWN_VEHICLE, route.vehicle, "is not in the problem"))
        else:
            found += _RouteCheck(problem, travel, vehicle, route).violations()
    found += _totals(problem, plan)
    return found


def _accounts(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Each bin once, each vehicle once, each missed duty explained, each lock kept."""
    visits = Counter(
        step.code for route in plan.routes for step in route.steps if step.kind is StepKind.STOP
    )
    left = {one.bin: one for one in plan.left}
    for code in set(visits) - {one.code for one in problem.bins}:
        yield Violation(Breach.UNKNOWN_BIN, code, "is not in the problem")
    for code, count in visits.items():
        if count > 1:
            yield Violation(Breach.SERVED_TWICE, code, f"is on the routes {count} times")
    for one in problem.bins:
        yield from _account(one, visits[one.code], left.get(one.code))
    if {one.bin for one in plan.served} != set(visits):
        yield Violation(Breach.REASONS, "served", "reasons do not match the routes")
    for code, count in Counter(route.vehicle for route in plan.routes).items():
        if count > 1:
            yield Violation(Breach.VEHICLE_TWICE, code, f"has {count} routes")
    yield from _locks(problem, plan)


def _account(one: Bin, visits: int, left: Left | None) -> Iterator[Violation]:
    if visits and left:
        yield Violation(Breach.SERVED_AND_LEFT, one.code, "is on a route and among those that stay")
    if not visits and not left:
        yield Violation(
            Breach.FORGOTTEN, one.code, "is neither on a route nor among those that stay"
        )
    if one.must and left and left.reason not in _GOOD_FOR_MUST:
        yield Violation(Breach.MUST_MISSED, one.code, f"must be served ({one.must}) and is left")
    if one.forbidden and visits:
        yield Violation(Breach.FORBIDDEN, one.code, "was kept out by a person")


def _locks(problem: Problem, plan: Plan) -> Iterator[Violation]:
    orders = {
        route.vehicle: [step.code for step in route.steps if step.kind is StepKind.STOP]
        for route in plan.routes
    }
    vehicle_of = {code: vehicle for vehicle, codes in orders.items() for code in codes}
    excused = {one.bin for one in plan.left if one.reason in _GOOD_FOR_MUST}
    for lock in problem.locks:
        vehicle = vehicle_of.get(lock.bin)
        if vehicle is None:
            continue
        if vehicle != lock.vehicle:
            yield Violation(Breach.LOCK, lock.bin, f"is on {vehicle}, locked to {lock.vehicle}")
        elif lock.position and orders[vehicle].index(lock.bin) + 1 != lock.position:
            place = orders[vehicle].index(lock.bin) + 1
            yield Violation(Breach.LOCK, lock.bin, f"is at {place}, locked to {lock.position}")
    for forbid in problem.forbids:
        if vehicle_of.get(forbid.bin) == forbid.vehicle:
            yield Violation(Breach.FORBID, forbid.bin, f"is on {forbid.vehicle}")
    for one in problem.vehicles:
        wanted = [code for code in one.fixed_first if code not in excused]
        if orders.get(one.code, [])[: len(wanted)] != wanted:
            yield Violation(
                Breach.FIXED_FIRST, one.code, f"does not begin with {', '.join(wanted)}"
            )


def _totals(problem: Problem, plan: Plan) -> Iterator[Violation]:
    bins = {one.code: one for one in problem.bins}
    steps = [step for route in plan.routes for step in route.steps]
    served = [bins[s.code] for s in steps if s.kind is StepKind.STOP and s.code in bins]
    unloads = [step for step in steps if step.kind is StepKind.UNLOAD]
    expected = {
        "distance_m": sum(step.distance_m for step in steps),
        "duration_s": sum(r.steps[-1].leave_s - r.steps[0].leave_s for r in plan.routes),
        "queue_s": sum(step.begin_s - step.arrive_s for step in unloads),
        "load_kg": sum(one.load_kg for one in served),
        "load_l": sum(one.load_l for one in served),
        "trips": len(unloads),
        "stops": len(served),
        "vehicles": len(plan.routes),
    }
    for name, value in expected.items():
        if getattr(plan.totals, name) != value:
            said = getattr(plan.totals, name)
            yield Violation(Breach.TOTALS, name, f"says {said}, the routes give {value}")


class _RouteCheck:
    """Follows one route."""

    def __init__(self, problem: Problem, travel: Travel, vehicle: Vehicle, route: Route) -> None:
        self._problem = problem
        self._travel = travel
        self._vehicle = vehicle
        self._route = route
        self._bins = {one.code: one for one in problem.bins}
        self._sites = {one.code: one for one in problem.disposal_sites}
        self._found: list[Violation] = []

    def violations(self) -> list[Violation]:
        """Return what is wrong with the route."""
        steps = self._route.steps
        if (
            len(steps) < 2
            or steps[0].kind is not StepKind.START
            or steps[-1].kind is not StepKind.END
        ):
            self._wrong(Breach.SHAPE, "does not go from a start to an end")
            return self._found
        self._start(steps[0])
        here, trip = self._start_point(), steps[0].trip
        for before, step in pairwise(steps):
            here = self._step(here, before, step, trip)
            trip += step.kind is StepKind.UNLOAD
        self._whole(steps)
        return self._found

    def _start(self, first: Step) -> None:
        on = self._vehicle.underway
        begin_s = on.free_at_s if on else self._vehicle.shift.from_s
        if first.leave_s < begin_s or (on and first.leave_s != begin_s):
            self._wrong(Breach.SHIFT, f"leaves at {first.leave_s}, may from {begin_s}")
        load = (on.load_l, on.load_kg) if on else (0, 0)
        if (first.load_l, first.load_kg) != load:
            self._wrong(Breach.LOAD, f"begins with {first.load_l} l and {first.load_kg} kg")
        if not on and first.code != self._vehicle.depot:
            self._wrong(Breach.DEPOT, f"begins at {first.code}")

    def _start_point(self) -> str:
        vehicle = self._vehicle
        return f"underway:{vehicle.code}" if vehicle.underway else f"depot:{vehicle.depot}"

    def _step(self, here: str, before: Step, step: Step, trip: int) -> str:
        """Check one step; return where the vehicle is after it."""
        there = {
            StepKind.STOP: f"bin:{step.code}",
            StepKind.UNLOAD: f"disposal:{step.code}",
            StepKind.END: f"depot:{step.code}",
        }.get(step.kind, here)
        if there not in self._travel.index:
            self._wrong(Breach.PLACE, f"{step.code} is not in the problem")
            return here
        self._drive(here, there, before, step)
        if step.trip != trip and step.kind is not StepKind.END:
            self._wrong(Breach.TRIP, f"{step.code} says trip {step.trip}, it is {trip}")
        if step.kind is StepKind.STOP:
            self._stop(before, step)
        elif step.kind is StepKind.UNLOAD:
            self._unload(step)
        elif (step.load_l, step.load_kg) != (before.load_l, before.load_kg):
            self._wrong(Breach.LOAD, f"changes at {step.kind}")
        return there

    def _drive(self, here: str, there: str, before: Step, step: Step) -> None:
        leg = self._travel.legs[self._vehicle.profile]
        cell = self._travel.index[here], self._travel.index[there]
        if step.kind is StepKind.BREAK:
            metres, seconds = 0, 0
        else:
            factor = self._problem.traffic_by_hour[self._problem.local_hour(before.leave_s)]
            metres = int(leg.distance_m[cell])
            seconds = math.ceil(int(leg.duration_s[cell]) * factor)
        if metres >= UNREACHABLE:
            self._wrong(Breach.UNREACHABLE, f"no way from {here} to {there}")
        if step.distance_m != metres:
            self._wrong(
                Breach.DISTANCE, f"{step.distance_m} m to {there}, the matrix says {metres}"
            )
        if step.arrive_s != before.leave_s + seconds:
            at_s = before.leave_s + seconds
            self._wrong(Breach.TIME, f"at {there} at {step.arrive_s}, driving gives {at_s}")
        if not step.arrive_s <= step.begin_s <= step.leave_s:
            self._wrong(Breach.TIME, f"times at {there} are out of order")

    def _stop(self, before: Step, step: Step) -> None:
        one, vehicle = self._bins[step.code], self._vehicle
        if step.leave_s != step.begin_s + one.service_s:
            self._wrong(Breach.SERVICE, f"{one.code} takes {one.service_s} s")
        if one.windows and not any(w.from_s <= step.begin_s <= w.to_s for w in one.windows):
            self._wrong(Breach.WINDOW, f"{one.code} at {step.begin_s}")
        load = before.load_l + one.load_l, before.load_kg + one.load_kg
        if (step.load_l, step.load_kg) != load:
            self._wrong(Breach.LOAD, f"after {one.code} it must be {load}")
        if step.load_l > vehicle.volume_l or step.load_kg > vehicle.payload_kg:
            self._wrong(Breach.CAPACITY, f"{step.load_l} l, {step.load_kg} kg after {one.code}")
        self._access(one)

    def _access(self, one: Bin) -> None:
        if one.access == "alley" and self._vehicle.access != "alley":
            self._wrong(Breach.ACCESS, f"{one.code} stands in an alley")
        containers = self._vehicle.containers
        if containers is not None and one.container not in containers:
            self._wrong(Breach.CONTAINER, f"{one.code} is a {one.container}")

    def _unload(self, step: Step) -> None:
        site = self._sites[step.code]
        allowed = self._vehicle.disposal_sites
        if allowed is not None and step.code not in allowed:
            self._wrong(Breach.DISPOSAL_SITE, f"may not use {step.code}")
        if step.arrive_s > site.opening.to_s:
            self._wrong(Breach.CLOSED, f"{step.code} at {step.arrive_s}")
        open_s = max(step.arrive_s, site.opening.from_s)
        queue_s = site.queue_s_by_hour[self._problem.local_hour(open_s)]
        if step.begin_s != open_s + queue_s:
            self._wrong(
                Breach.QUEUE, f"tips at {step.begin_s}, the queue ends at {open_s + queue_s}"
            )
        if step.leave_s != step.begin_s + site.tipping_s:
            self._wrong(Breach.TIPPING, f"at {step.code} takes {site.tipping_s} s")
        if (step.load_l, step.load_kg) != (0, 0):
            self._wrong(Breach.LOAD, f"is not empty after {step.code}")

    def _whole(self, steps: tuple[Step, ...]) -> None:
        vehicle, on = self._vehicle, self._vehicle.underway
        last = steps[-1]
        if last.arrive_s > vehicle.shift.to_s:
            self._wrong(Breach.SHIFT, f"is back at {last.arrive_s}, after {vehicle.shift.to_s}")
        if last.code != vehicle.depot:
            self._wrong(Breach.DEPOT, f"ends at {last.code}")
        if last.load_l or last.load_kg:
            self._wrong(Breach.LOADED, "comes home without unloading")
        stops = [step for step in steps if step.kind is StepKind.STOP]
        # What it carried when the plan took over may be unloaded in any case.
        trips = max((step.trip for step in stops), default=0)
        if trips > vehicle.max_trips:
            self._wrong(Breach.TRIPS, f"{trips}, at most {vehicle.max_trips}")
        made = len(stops) + (on.stops_made if on else 0)
        if stops and vehicle.max_stops is not None and made > vehicle.max_stops:
            self._wrong(Breach.STOPS, f"{made}, at most {vehicle.max_stops}")
        self._break(steps)

    def _break(self, steps: tuple[Step, ...]) -> None:
        vehicle = self._vehicle
        pauses = [step for step in steps if step.kind is StepKind.BREAK]
        taken = vehicle.underway is not None and vehicle.underway.break_taken
        wanted = () if taken else vehicle.breaks
        if not wanted:
            if pauses:
                self._wrong(Breach.BREAK, "has a break that nobody asked for")
            return
        rule = wanted[0]
        under_way = steps[0].leave_s < rule.begin.to_s < steps[-1].arrive_s
        if under_way and len(pauses) != 1:
            self._wrong(Breach.BREAK, f"{len(pauses)} breaks, one is due")
        for pause in pauses:
            inside = rule.begin.from_s <= pause.begin_s <= rule.begin.to_s
            if not inside or pause.leave_s - pause.begin_s != rule.duration_s:
                self._wrong(Breach.BREAK, f"from {pause.begin_s} to {pause.leave_s}")

    def _wrong(self, code: Breach, detail: str) -> None:
        self._found.append(Violation(code, self._route.vehicle, detail))
