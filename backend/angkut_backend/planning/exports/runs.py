"""A plan told step by step: where each step is, which bin it serves, and why."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from angkut_backend.errors import NotFoundError
from angkut_backend.planning.plan_document import Served, Step, StepKind
from angkut_backend.planning.points import depot_point
from angkut_backend.planning.problem import Bin, Vehicle
from angkut_backend.planning.records import PlanRecord
from angkut_backend.roads.travel import Point

_OF_A_TRIP = {StepKind.STOP, StepKind.UNLOAD}


@dataclass(frozen=True, slots=True)
class Stage:
    """A step, with what is needed to understand it alone."""

    step: Step
    #: Ends by unloading; the way home belongs to the last one.
    trip: int
    #: In the route, from 1.
    number: int
    #: Among the bins that the vehicle serves, from 1, as locks count; `None`: it serves no bin.
    position: int | None
    #: A break on the way is nowhere.
    place: Point | None
    bin: Bin | None
    served: Served | None


@dataclass(frozen=True, slots=True)
class Run:
    """What one vehicle does."""

    vehicle: Vehicle
    stages: tuple[Stage, ...]

    def trips(self) -> dict[int, list[Stage]]:
        """Return the stages of each trip."""
        found: dict[int, list[Stage]] = {}
        for stage in self.stages:
            found.setdefault(stage.trip, []).append(stage)
        return found


def of_vehicle(record: PlanRecord, vehicle: str) -> PlanRecord:
    """Return what a plan has for one vehicle: its route, its bins, what is remarked of it.

    Raises
    ------
    NotFoundError
        It has no route in the plan.
    """
    plan = record.plan
    routes = tuple(one for one in plan.routes if one.vehicle == vehicle)
    if not routes:
        there = ", ".join(one.vehicle for one in plan.routes) or "no vehicle has one"
        raise NotFoundError(
            f"vehicle {vehicle!r} has no route in plan {record.plan_id}; routes: {there}"
        )
    own = {
        "routes": routes,
        "served": tuple(one for one in plan.served if one.vehicle == vehicle),
        "left": (),
        "notes": tuple(one for one in plan.notes if one.vehicle == vehicle),
    }
    return replace(record, plan=plan.model_copy(update=own))


def runs_of(record: PlanRecord) -> list[Run]:
    """Return what each vehicle with a route does, in the order of the plan."""
    problem = record.problem
    bins = {one.code: one for one in problem.bins}
    vehicles = {one.code: one for one in problem.vehicles}
    served = {one.bin: one for one in record.plan.served}
    sites = {one.code: Point(one.code, one.lon, one.lat) for one in problem.disposal_sites}
    depots = {one.code: Point(depot_point(one.code), one.lon, one.lat) for one in problem.depots}
    runs = []
    for route in record.plan.routes:
        vehicle = vehicles[route.vehicle]
        stages: list[Stage] = []
        position = 0
        last_trip = max(
            (s.trip for s in route.steps if s.kind in _OF_A_TRIP), default=route.steps[0].trip
        )
        for number, step in enumerate(route.steps, start=1):
            one = bins[step.code] if step.kind is StepKind.STOP else None
            place: Point | None
            if one is not None:
                position += 1
                place = Point(one.code, one.lon, one.lat)
            elif step.kind is StepKind.UNLOAD:
                place = sites[step.code]
            elif step.kind is StepKind.BREAK:
                place = None
            elif step.kind is StepKind.START and vehicle.underway is not None:
                place = Point("underway", vehicle.underway.lon, vehicle.underway.lat)
            else:
                place = depots[vehicle.depot]
            stages.append(
                Stage(
                    step,
                    min(step.trip, last_trip),
                    number,
                    position if one is not None else None,
                    place,
                    one,
                    served.get(one.code) if one is not None else None,
                )
            )
        runs.append(Run(vehicle, tuple(stages)))
    return runs


def utc(at: datetime) -> str:
    """Return a time as programs read it: ISO 8601 in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
