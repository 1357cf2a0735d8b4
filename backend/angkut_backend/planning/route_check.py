"""Follows one route of a plan: times, loads, queues, access, trips, shift and break.

Shares no code with the planner; see `checker`.
"""

import math
from itertools import pairwise

from angkut_backend.planning.plan_document import Route, Step, StepKind
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.planning.violations import Breach, Figures, Unit, Violation
from angkut_backend.roads.travel import UNREACHABLE, Travel


class RouteCheck:
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
            figures = Figures(first.leave_s, begin_s, Unit.TIME)
            self._wrong(Breach.SHIFT, f"leaves at {first.leave_s}, may from {begin_s}", figures)
        load = (on.load_l, on.load_kg) if on else (0, 0)
        if _load(first) != load:
            detail = f"begins with {first.load_l} l and {first.load_kg} kg"
            self._wrong(Breach.LOAD, detail, Figures.of_loads(_load(first), load))
        if not on and first.code != self._vehicle.depot:
            self._wrong(Breach.DEPOT, f"begins at {first.code}", at=first.code)

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
            self._wrong(Breach.PLACE, f"{step.code} is not in the problem", at=step.code)
            return here
        self._drive(here, there, before, step)
        if step.trip != trip and step.kind is not StepKind.END:
            detail = f"{step.code} says trip {step.trip}, it is {trip}"
            self._wrong(Breach.TRIP, detail, Figures(step.trip, trip), at=step.code)
        if step.kind is StepKind.STOP:
            self._stop(before, step)
        elif step.kind is StepKind.UNLOAD:
            self._unload(step)
        elif _load(step) != _load(before):
            figures = Figures.of_loads(_load(step), _load(before))
            self._wrong(Breach.LOAD, f"changes at {step.kind}", figures, at=step.code)
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
            self._wrong(Breach.UNREACHABLE, f"no way from {here} to {there}", at=step.code)
        if step.distance_m != metres:
            detail = f"{step.distance_m} m to {there}, the matrix says {metres}"
            figures = Figures(step.distance_m, metres, Unit.METRES)
            self._wrong(Breach.DISTANCE, detail, figures, at=step.code)
        if step.arrive_s != (at_s := before.leave_s + seconds):
            detail = f"at {there} at {step.arrive_s}, driving gives {at_s}"
            figures = Figures(step.arrive_s, at_s, Unit.TIME)
            self._wrong(Breach.TIME, detail, figures, at=step.code)
        if not step.arrive_s <= step.begin_s <= step.leave_s:
            self._wrong(Breach.TIME, f"times at {there} are out of order", at=step.code)

    def _stop(self, before: Step, step: Step) -> None:
        one, vehicle = self._bins[step.code], self._vehicle
        if (took_s := step.leave_s - step.begin_s) != one.service_s:
            figures = Figures(took_s, one.service_s, Unit.SECONDS)
            self._wrong(Breach.SERVICE, f"{one.code} takes {one.service_s} s", figures, at=one.code)
        if one.windows and not any(w.from_s <= step.begin_s <= w.to_s for w in one.windows):
            figures = Figures.of_windows(step.begin_s, one.windows)
            self._wrong(Breach.WINDOW, f"{one.code} at {step.begin_s}", figures, at=one.code)
        load = before.load_l + one.load_l, before.load_kg + one.load_kg
        if _load(step) != load:
            figures = Figures.of_loads(_load(step), load)
            self._wrong(Breach.LOAD, f"after {one.code} it must be {load}", figures, at=one.code)
        if step.load_l > vehicle.volume_l or step.load_kg > vehicle.payload_kg:
            detail = f"{step.load_l} l, {step.load_kg} kg after {one.code}"
            figures = Figures.of_loads(_load(step), (vehicle.volume_l, vehicle.payload_kg))
            self._wrong(Breach.CAPACITY, detail, figures, at=one.code)
        self._access(one)

    def _access(self, one: Bin) -> None:
        if one.access == "alley" and self._vehicle.access != "alley":
            self._wrong(Breach.ACCESS, f"{one.code} stands in an alley", at=one.code)
        containers = self._vehicle.containers
        if containers is not None and one.container not in containers:
            self._wrong(Breach.CONTAINER, f"{one.code} is a {one.container}", at=one.code)

    def _unload(self, step: Step) -> None:
        site = self._sites[step.code]
        allowed = self._vehicle.disposal_sites
        if allowed is not None and step.code not in allowed:
            self._wrong(Breach.DISPOSAL_SITE, f"may not use {step.code}", at=site.code)
        if step.arrive_s > site.opening.to_s:
            figures = Figures(step.arrive_s, site.opening.to_s, Unit.TIME)
            self._wrong(Breach.CLOSED, f"{step.code} at {step.arrive_s}", figures, at=site.code)
        open_s = max(step.arrive_s, site.opening.from_s)
        tips_s = open_s + site.queue_s_by_hour[self._problem.local_hour(open_s)]
        if step.begin_s != tips_s:
            detail = f"tips at {step.begin_s}, the queue ends at {tips_s}"
            figures = Figures(step.begin_s, tips_s, Unit.TIME)
            self._wrong(Breach.QUEUE, detail, figures, at=site.code)
        if (took_s := step.leave_s - step.begin_s) != site.tipping_s:
            detail = f"at {step.code} takes {site.tipping_s} s"
            figures = Figures(took_s, site.tipping_s, Unit.SECONDS)
            self._wrong(Breach.TIPPING, detail, figures, at=site.code)
        if _load(step) != (0, 0):
            figures = Figures.of_loads(_load(step), (0, 0))
            self._wrong(Breach.LOAD, f"is not empty after {step.code}", figures, at=site.code)

    def _whole(self, steps: tuple[Step, ...]) -> None:
        vehicle, on = self._vehicle, self._vehicle.underway
        last = steps[-1]
        is_homeward = self._is_homeward(steps)
        if last.arrive_s > vehicle.shift.to_s and not is_homeward:
            detail = f"is back at {last.arrive_s}, after {vehicle.shift.to_s}"
            self._wrong(Breach.SHIFT, detail, Figures(last.arrive_s, vehicle.shift.to_s, Unit.TIME))
        if last.code != vehicle.depot:
            self._wrong(Breach.DEPOT, f"ends at {last.code}", at=last.code)
        if _load(last) != (0, 0) and not is_homeward:
            figures = Figures.of_loads(_load(last), (0, 0))
            self._wrong(Breach.LOADED, "comes home without unloading", figures)
        stops = [step for step in steps if step.kind is StepKind.STOP]
        # What it carried when the plan took over may be unloaded in any case.
        trips = max((step.trip for step in stops), default=0)
        if trips > vehicle.max_trips:
            figures = Figures(trips, vehicle.max_trips)
            self._wrong(Breach.TRIPS, f"{trips}, at most {vehicle.max_trips}", figures)
        made = len(stops) + (on.stops_made if on else 0)
        if stops and vehicle.max_stops is not None and made > vehicle.max_stops:
            figures = Figures(made, vehicle.max_stops)
            self._wrong(Breach.STOPS, f"{made}, at most {vehicle.max_stops}", figures)
        self._break(steps, is_homeward=is_homeward)

    def _is_homeward(self, steps: tuple[Step, ...]) -> bool:
        """Tell whether a vehicle that is on the road serves nothing and is home soonest.

        Where it is when a plan takes over is no fault of the plan: it may be late and without its
        break, and loaded if no disposal site is open when it comes there.
        """
        on, last = self._vehicle.underway, steps[-1]
        if on is None or any(step.kind is StepKind.STOP for step in steps):
            return False
        here, depot = self._start_point(), f"depot:{self._vehicle.depot}"
        tipped = []
        for code in self._vehicle.disposal_sites or self._sites:
            site, there = self._sites[code], f"disposal:{code}"
            at_s = self._arrival(here, there, on.free_at_s)
            if at_s is None or at_s > site.opening.to_s:
                continue
            open_s = max(at_s, site.opening.from_s)
            open_s += site.queue_s_by_hour[self._problem.local_hour(open_s)]
            tipped.append(self._arrival(there, depot, open_s + site.tipping_s))
        ends = [one for one in tipped if one is not None] if on.load_l or on.load_kg else []
        if not ends:
            direct = self._arrival(here, depot, on.free_at_s)
            return direct is not None and last.arrive_s <= direct
        return last.arrive_s <= min(ends) and not (last.load_l or last.load_kg)

    def _arrival(self, here: str, there: str, leave_s: int) -> int | None:
        """Return when it is there; `None`: there is no way."""
        leg = self._travel.legs[self._vehicle.profile]
        cell = self._travel.index[here], self._travel.index[there]
        if leg.distance_m[cell] >= UNREACHABLE:
            return None
        factor = self._problem.traffic_by_hour[self._problem.local_hour(leave_s)]
        return leave_s + math.ceil(int(leg.duration_s[cell]) * factor)

    def _break(self, steps: tuple[Step, ...], *, is_homeward: bool) -> None:
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
        if under_way and len(pauses) != 1 and not (is_homeward and not pauses):
            detail = f"{len(pauses)} breaks, one is due"
            self._wrong(Breach.BREAK, detail, Figures(len(pauses), 1))
        for pause in pauses:
            inside = rule.begin.from_s <= pause.begin_s <= rule.begin.to_s
            took_s = pause.leave_s - pause.begin_s
            if not inside or took_s != rule.duration_s:
                took = Figures(took_s, rule.duration_s, Unit.SECONDS)
                figures = took if inside else Figures.of_windows(pause.begin_s, [rule.begin])
                self._wrong(Breach.BREAK, f"from {pause.begin_s} to {pause.leave_s}", figures)

    def _wrong(
        self, code: Breach, detail: str, figures: Figures | None = None, *, at: str | None = None
    ) -> None:
        # A break and a start on the road have no place.
        wrong = Violation(code, self._route.vehicle, detail, at=at or None, figures=figures)
        self._found.append(wrong)


def _load(step: Step) -> tuple[int, int]:
    return step.load_l, step.load_kg
