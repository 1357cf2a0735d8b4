"""Bins that a person has locked to a place in a vehicle's order."""

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.timetable import Visit


def place_locked(draft: Draft) -> None:
    """Move each such bin to its place; the search only knows its vehicle.

    Where the route does not bear it, other bins make room; where that does not help, the bin is
    left out, and the plan says that its lock could not be kept.
    """
    rules = draft.rules
    by_place = sorted(
        (position, one.bin, one.vehicle)
        for one in rules.problem.locks
        if (position := one.position) is not None
    )
    for vehicle_code in sorted({vehicle for _, _, vehicle in by_place}):
        locked = [(at, code) for at, code, vehicle in by_place if vehicle == vehicle_code]
        vehicle = rules.vehicles[vehicle_code]
        route = draft.routes.get(vehicle_code)
        fixed = sum(v.kind is StepKind.STOP for v in draft.takeovers[vehicle_code].visits)
        names = {code for _, code in locked} - set(vehicle.fixed_first)
        visits = [v for v in (route.visits if route else []) if v.code not in names]
        for at, code in locked:
            # What is fixed comes first; a place among it is no longer free.
            if code in names and at > fixed and rules.crew(rules.bins[code]):
                visits.insert(_before_stop(visits, at), Visit(StepKind.STOP, code))
        found = draft.fitted(vehicle, visits, keep=frozenset(names))
        if found is not None and rules.in_place(found.bins):
            draft.routes[vehicle_code] = found
        else:
            draft.put(vehicle, [v for v in visits if v.code not in names])


def _before_stop(visits: list[Visit], position: int) -> int:
    """Return where a visit has to go to become the bin of this position."""
    stops = [at for at, visit in enumerate(visits) if visit.kind is StepKind.STOP]
    return stops[position - 1] if position <= len(stops) else len(visits)
