"""Bins that a person has locked to a place in a vehicle's order."""

from collections.abc import Sequence

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.timetable import Timetable, Visit

#: A place in a vehicle's order, from 1, and the bin that belongs there.
_Placed = tuple[int, str]


def place_locked(draft: Draft) -> None:
    """Move each such bin to its place; the search only knows its vehicle.

    Where the route does not bear it, other bins make room. A place that cannot be kept for all
    that costs only its own bin, which is left, and the plan says so.
    """
    rules = draft.rules
    by_place = sorted(
        (position, one.bin, one.vehicle)
        for one in rules.problem.locks
        if (position := one.position) is not None
    )
    for vehicle_code in sorted({vehicle for _, _, vehicle in by_place}):
        vehicle = rules.vehicles[vehicle_code]
        route = draft.routes.get(vehicle_code)
        fixed = sum(v.kind is StepKind.STOP for v in draft.takeovers[vehicle_code].visits)
        names = {code for _, code, of in by_place if of == vehicle_code}
        names -= set(vehicle.fixed_first)
        rest = [v for v in (route.visits if route else []) if v.code not in names]
        # What is fixed comes first; a place among it is no longer free.
        able = [
            (at, code)
            for at, code, _ in by_place
            if code in names and at > fixed and rules.crew(rules.bins[code])
        ]
        found = _placed(draft, vehicle, rest, able) or _one_by_one(draft, vehicle, rest, able)
        if found is not None and found.bins:
            draft.routes[vehicle_code] = found
        else:
            draft.put(vehicle, rest)


def _one_by_one(
    draft: Draft, vehicle: Vehicle, rest: Sequence[Visit], able: Sequence[_Placed]
) -> Timetable | None:
    """Keep each place that can be kept beside those before it."""
    kept: list[_Placed] = []
    best: Timetable | None = None
    for one in able:
        found = _placed(draft, vehicle, rest, [*kept, one])
        if found is not None:
            best = found
            kept.append(one)
    return best


def _placed(
    draft: Draft, vehicle: Vehicle, rest: Sequence[Visit], locked: Sequence[_Placed]
) -> Timetable | None:
    """Return the route with these bins at their places, by rising place."""
    visits = list(rest)
    for at, code in locked:
        visits.insert(_before_stop(visits, at), Visit(StepKind.STOP, code))
    found = draft.fitted(vehicle, visits, keep=frozenset(code for _, code in locked))
    return found if found is not None and draft.rules.in_place(found.bins) else None


def _before_stop(visits: Sequence[Visit], position: int) -> int:
    """Return where a visit has to go to become the bin of this position."""
    stops = [at for at, visit in enumerate(visits) if visit.kind is StepKind.STOP]
    return stops[position - 1] if position <= len(stops) else len(visits)
