"""A shift of some hours ago as a problem of its own: who is where, what is left, what is new."""

import numpy as np

from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.points import bin_point, disposal_point, points_of
from angkut_backend.planning.problem import Bin, MustReason, Problem, Underway, Vehicle
from angkut_backend.roads.travel import Leg, Travel

_NOW_S = 3 * 3600
#: Bins that have become urgent since.
_URGENT = 11


def three_hours_on(problem: Problem, travel: Travel, made: Plan) -> tuple[Problem, Travel]:
    """Drive a plan for three hours, lose the truck with most left to do, and make bins urgent."""
    left_by = {
        route.vehicle: sum(
            step.kind is StepKind.STOP and step.begin_s >= _NOW_S for step in route.steps
        )
        for route in made.routes
    }
    trucks = {vehicle.code for vehicle in problem.vehicles if vehicle.kind == "compactor"}
    lost = max(trucks & set(left_by), key=lambda code: (left_by[code], code))
    served: set[str] = set()
    where: dict[str, str] = {}
    vehicles: list[Vehicle] = []
    places = {one.code: (one.lon, one.lat) for one in problem.bins}
    places |= {one.code: (one.lon, one.lat) for one in problem.disposal_sites}
    for vehicle in problem.vehicles:
        route = next((one for one in made.routes if one.vehicle == vehicle.code), None)
        done = [] if route is None else [one for one in route.steps if one.begin_s < _NOW_S]
        served |= {one.code for one in done if one.kind is StepKind.STOP}
        if vehicle.code == lost:
            continue
        if route is None or not done or done[-1].kind in {StepKind.START, StepKind.END}:
            shift_left = vehicle.shift.model_copy(update={"from_s": _NOW_S})
            vehicles.append(vehicle.model_copy(update={"shift": shift_left}))
            continue
        last = done[-1]
        lon, lat = places[last.code]
        name = bin_point if last.kind is StepKind.STOP else disposal_point
        where[f"underway:{vehicle.code}"] = name(last.code)
        underway = Underway(
            lon=lon,
            lat=lat,
            free_at_s=max(last.leave_s, _NOW_S),
            load_l=last.load_l,
            load_kg=last.load_kg,
            trips_made=last.trip - 1 + (last.kind is StepKind.UNLOAD),
        )
        vehicles.append(vehicle.model_copy(update={"underway": underway}))
    bins = _urgent([one for one in problem.bins if one.code not in served])
    vehicle_of = {one.bin: one.vehicle for one in made.served if one.vehicle != lost}
    after = problem.model_copy(
        update={
            "vehicles": tuple(vehicles),
            "bins": tuple(bins),
            "earlier": {one.code: vehicle_of[one.code] for one in bins if one.code in vehicle_of},
        }
    )
    points = points_of(after)
    rows = [travel.index[where.get(point.name, point.name)] for point in points]
    legs = {
        profile: Leg(leg.distance_m[np.ix_(rows, rows)], leg.duration_s[np.ix_(rows, rows)])
        for profile, leg in travel.legs.items()
    }
    return after, Travel.of(points, legs, source=travel.source, approximate=travel.approximate)


def _urgent(bins: list[Bin]) -> list[Bin]:
    optional = sorted(
        (one for one in bins if one.must is None and one.access == "road" and not one.windows),
        key=lambda one: (-one.prize_rp, one.code),
    )
    chosen = {one.code for one in optional[::3][:_URGENT]}
    return [
        one.model_copy(update={"must": MustReason.COMPLAINT}) if one.code in chosen else one
        for one in bins
    ]
