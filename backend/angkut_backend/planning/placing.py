"""Bins that a person has locked to a place in a vehicle's order."""

from collections.abc import Sequence

from angkut_backend.planning.draft import Draft, worth_rp
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.timetable import Timetable, Visit

#: A place in a vehicle's order, from 1, and the bin that belongs there.
_Placed = tuple[int, str]


def place_locked(draft: Draft) -> None:
    """Move each such bin to its place; the search only knows its vehicle.

    A place behind the last stop is the last. Where the route does not bear it, other bins make
    room. A place that cannot be kept for all that costs only its own bin, which is left, and the
    plan says so.
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
    keep = frozenset(code for _, code in locked)
    orders = [_with(rest, locked, own_trip=own_trip) for own_trip in (False, True)]
    if orders[0] == orders[1]:
        del orders[1]
    routes = [draft.fitted(vehicle, visits, keep=keep) for visits in orders]
    bins = draft.rules.bins
    return min(
        (one for one in routes if one is not None and draft.rules.in_place(one.bins)),
        key=lambda one: one.cost_rp - sum(worth_rp(bins[code]) for code in one.bins),
        default=None,
    )


def _with(rest: Sequence[Visit], locked: Sequence[_Placed], *, own_trip: bool) -> list[Visit]:
    """Return visits with these bins at their places; what is behind the last stop comes last.

    Parameters
    ----------
    own_trip
        What comes last has a trip of its own, so that nothing else makes room for it.
    """
    visits = list(rest)
    for position, code in locked:
        stops = [at for at, visit in enumerate(visits) if visit.kind is StepKind.STOP]
        if position <= len(stops):
            at = stops[position - 1]
        else:
            at = len(visits) if own_trip or not stops else stops[-1] + 1
        visits.insert(at, Visit(StepKind.STOP, code))
    return visits
