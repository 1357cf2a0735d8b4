"""Checks a plan against its problem, sharing no code with the planner.

Everything is worked out again from the documents and the travel matrices: times, loads, windows,
opening hours, queues, shifts, breaks, access (`route_check`), why bins stay (`excuses`), locks, the
longest gap, sums, and that every bin and vehicle is accounted for. A plan that fails here is not
published.
"""

from collections import Counter
from collections.abc import Iterator

from angkut_backend.planning.excuses import Excuses
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.plan_document import Left, OutReason, Plan, StepKind
from angkut_backend.planning.problem import Bin, Problem
from angkut_backend.planning.route_check import RouteCheck
from angkut_backend.planning.violations import Breach, Figures, Unit, Violation
from angkut_backend.roads.travel import UNREACHABLE, Travel

#: Reasons that are good enough for leaving a bin that must be served, if they are so.
_GOOD_FOR_MUST = frozenset(OutReason) - {
    OutReason.NOT_WORTH,
    OutReason.NOT_OFFERED,
    OutReason.NOT_FOUND,
}
#: What leaving a bin that must be served counts beyond its prize, rupiah.
_MUST_RP = 300_000
#: From one chance to the next, hours.
_DAY_H = 24
#: By the last part of their names; others are counts.
_UNITS = {"m": Unit.METRES, "s": Unit.SECONDS, "rp": Unit.RUPIAH}
_UNITS |= {"l": Unit.LITRES, "kg": Unit.KILOGRAMS}
#: Sums of rupiah are rounded.
_ROUNDING_RP = 1.0


def check(problem: Problem, travel: Travel, plan: Plan) -> list[Violation]:
    """Return everything that is wrong; an empty list for a plan that may be published."""
    vehicles = {one.code: one for one in problem.vehicles}
    found = [*_accounts(problem, plan), *_vehicles(problem, travel, plan), *_locks(problem, plan)]
    for route in plan.routes:
        vehicle = vehicles.get(route.vehicle)
        if vehicle is None:
            found.append(Violation(Breach.UNKNOWN_VEHICLE, route.vehicle, "is not in the problem"))
        else:
            found += RouteCheck(problem, travel, vehicle, route).violations()
    found += _totals(problem, plan)
    if not found:
        # Whether a bin would fit is asked of routes that can be driven.
        found += Excuses(problem, travel, plan).violations()
    return found


def _accounts(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Each bin once, each missed duty explained."""
    visits = Counter(code for route in plan.routes for code in route.bins)
    left = {one.bin: one for one in plan.left}
    for code in (visits.keys() | left.keys()) - {one.code for one in problem.bins}:
        yield Violation(Breach.UNKNOWN_BIN, code, "is not in the problem")
    for code, count in visits.items():
        if count > 1:
            detail = f"is on the routes {count} times"
            yield Violation(Breach.SERVED_TWICE, code, detail, figures=Figures(count, 1))
    for code, count in Counter(one.bin for one in plan.left).items():
        if count > 1:
            detail = f"is among those that stay {count} times"
            yield Violation(Breach.LEFT_TWICE, code, detail, figures=Figures(count, 1))
    for one in problem.bins:
        yield from _account(one, visits[one.code], left.get(one.code))
    on_routes = Counter((code, route.vehicle) for route in plan.routes for code in route.bins)
    said = Counter((one.bin, one.vehicle) for one in plan.served)
    if odd := (said - on_routes) | (on_routes - said):
        code, vehicle = min(odd)
        yield Violation(Breach.REASONS, code, "reasons do not match the routes", vehicle=vehicle)


def _vehicles(problem: Problem, travel: Travel, plan: Plan) -> Iterator[Violation]:
    """Each vehicle once, and none forgotten on the road."""
    routes = Counter(route.vehicle for route in plan.routes)
    for code, count in routes.items():
        if count > 1:
            detail = f"has {count} routes"
            yield Violation(Breach.VEHICLE_TWICE, code, detail, figures=Figures(count, 1))
    roadless = {note.vehicle for note in plan.notes if note.code is NoteCode.NO_WAY_HOME}
    for vehicle in problem.vehicles:
        if not vehicle.underway or vehicle.code in routes:
            continue
        leg, index = travel.legs[vehicle.profile], travel.index
        cell = index[f"underway:{vehicle.code}"], index[f"depot:{vehicle.depot}"]
        # Without a road it can only be told of.
        if leg.distance_m[cell] < UNREACHABLE or vehicle.code not in roadless:
            yield Violation(Breach.STRANDED, vehicle.code, "is under way and has no route")


def _account(one: Bin, visits: int, left: Left | None) -> Iterator[Violation]:
    if visits and left:
        yield Violation(Breach.SERVED_AND_LEFT, one.code, "is on a route and among those that stay")
    if not visits and not left:
        yield Violation(
            Breach.FORGOTTEN, one.code, "is neither on a route nor among those that stay"
        )
    if one.must and left and left.reason not in _GOOD_FOR_MUST:
        detail = f"must be served ({one.must}) and is left"
        yield Violation(Breach.MUST_MISSED, one.code, detail, reason=left.reason)
    if one.must is None and not visits and (gap := _gap_due(one)):
        detail = f"not emptied for {gap.said} h of {gap.due} h, and no duty says so"
        yield Violation(Breach.GAP, one.code, detail, figures=gap)
    if one.forbidden and visits:
        yield Violation(Breach.FORBIDDEN, one.code, "was kept out by a person")


def _gap_due(one: Bin) -> Figures | None:
    """Return the gap of a bin to the longest of which this shift is nearer than the next one."""
    if one.gap_h is None or one.longest_gap_h is None or one.forbidden:
        return None
    early_h, late_h = one.longest_gap_h - one.gap_h, one.gap_h + _DAY_H - one.longest_gap_h
    return Figures(one.gap_h, one.longest_gap_h, Unit.HOURS) if early_h < late_h else None


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
            detail = f"is on {vehicle}, locked to {lock.vehicle}"
            yield Violation(Breach.LOCK, lock.bin, detail, vehicle=vehicle)
        elif lock.position:
            order = orders[vehicle]
            behind = [
                o for o in problem.locks if o.bin in order and (o.position or 0) > lock.position
            ]
            # It is the last where the vehicle makes fewer stops.
            due, place = min(lock.position, len(order) - len(behind)), order.index(lock.bin) + 1
            if place != due:
                detail = f"is at {place}, locked to {lock.position}"
                yield Violation(Breach.LOCK, lock.bin, detail, figures=Figures(place, due))
    for forbid in problem.forbids:
        if vehicle_of.get(forbid.bin) == forbid.vehicle:
            detail = f"is on {forbid.vehicle}"
            yield Violation(Breach.FORBID, forbid.bin, detail, vehicle=forbid.vehicle)
    for one in problem.vehicles:
        wanted = [code for code in one.fixed_first if code not in excused]
        order = orders.get(one.code, [])
        odd = [code for at, code in enumerate(wanted) if order[at : at + 1] != [code]]
        if odd:
            detail = f"does not begin with {', '.join(wanted)}"
            yield Violation(Breach.FIXED_FIRST, one.code, detail, at=odd[0])


def _totals(problem: Problem, plan: Plan) -> Iterator[Violation]:
    bins = {one.code: one for one in problem.bins}
    vehicles = {one.code: one for one in problem.vehicles}
    driven = [(route, route.steps) for route in plan.routes if route.steps]
    steps = [step for _, steps in driven for step in steps]
    served = [bins[s.code] for s in steps if s.kind is StepKind.STOP and s.code in bins]
    unloads = [step for step in steps if step.kind is StepKind.UNLOAD]
    names = {one.code for one in served}
    missed = [one for one in problem.bins if one.code not in names]
    cost_rp, changed = 0.0, 0
    for route, line in driven:
        if (vehicle := vehicles.get(route.vehicle)) is not None:
            hours = (line[-1].leave_s - line[0].leave_s) / 3600
            km = sum(step.distance_m for step in line) / 1000
            cost_rp += vehicle.rp_fixed + vehicle.rp_per_km * km + vehicle.rp_per_hour * hours
        changed += sum(
            problem.earlier.get(one, route.vehicle) != route.vehicle for one in route.bins
        )
    missed_rp = sum(one.prize_rp for one in missed)
    weight_rp = sum(_MUST_RP for one in missed if one.must)
    expected = {
        "distance_m": sum(step.distance_m for step in steps),
        "duration_s": sum(line[-1].leave_s - line[0].leave_s for _, line in driven),
        "queue_s": sum(step.begin_s - step.arrive_s for step in unloads),
        "load_kg": sum(one.load_kg for one in served),
        "load_l": sum(one.load_l for one in served),
        "trips": len(unloads),
        "stops": len(served),
        "vehicles": len(plan.routes),
        "changed": changed,
    }
    rounded = {
        "cost_rp": cost_rp,
        "missed_rp": missed_rp,
        "objective_rp": cost_rp + missed_rp + weight_rp + changed * problem.change_rp,
    }
    for name, value in (expected | rounded).items():
        said = getattr(plan.totals, name)
        if abs(said - value) > (_ROUNDING_RP if name in rounded else 0):
            detail = f"says {said}, the routes give {value}"
            unit = _UNITS.get(name.rpartition("_")[2], Unit.COUNT)
            yield Violation(Breach.TOTALS, name, detail, figures=Figures(said, value, unit))
