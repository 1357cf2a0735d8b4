"""The plan that is being changed, as the start of the next one and as what holds it back."""

from collections.abc import Mapping

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.rising import rising
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Visit

#: A bin elsewhere in the order of its vehicle, new on it or no longer on it disturbs a crew less
#: than one on another vehicle.
_SAME_VEHICLE = 0.25


def earlier_draft(
    instance: Instance, scheduler: Scheduler, takeovers: Mapping[str, Takeover]
) -> Draft | None:
    """Return the routes of the earlier plan, without what is not possible any more.

    Returns
    -------
    `None` if no plan is being changed.
    """
    rules = instance.rules
    trips = rules.problem.earlier_trips
    if not trips:
        return None
    # What was served and is not offered any more has no place in the search.
    offered = {one.code for one in instance.bins}
    draft = Draft.of(instance, scheduler, takeovers, {})
    for code, takeover in takeovers.items():
        sites = {site.code for site in rules.disposal_sites(takeover.vehicle)}
        visits = []
        for trip in trips.get(code, ()):
            visits += [
                Visit(StepKind.STOP, one)
                for one in trip.bins
                if one in offered and code in rules.crew(rules.bins[one])
            ]
            if trip.disposal_site in sites:
                visits.append(Visit(StepKind.UNLOAD, trip.disposal_site))
        draft.put(takeover.vehicle, [*takeover.visits, *visits])
    return draft


def unrest_rp(draft: Draft) -> float:
    """Return what it costs that routes are not those of the earlier plan, rupiah.

    Bins on another vehicle are in the draft's own value already.
    """
    problem = draft.rules.problem
    if not problem.earlier_trips:
        return 0
    known = draft.rules.bins
    before = {
        code: [one for trip in trips for one in trip.bins if one in known]
        for code, trips in problem.earlier_trips.items()
    }
    vehicle_of = {one: code for code, order in before.items() for one in order}
    served = draft.served
    disturbed = len(served ^ vehicle_of.keys())
    for code, route in draft.routes.items():
        places = {one: place for place, one in enumerate(before.get(code, []))}
        common = [one for one in route.bins if one in places]
        disturbed += len(common) - len(rising(common, places))
    return disturbed * problem.change_rp * _SAME_VEHICLE
