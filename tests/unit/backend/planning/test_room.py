"""Whether a bin would have fitted: the check, with code of its own, says what exact times say."""

import pytest

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Bin, Vehicle
from angkut_backend.planning.room import Room
from angkut_backend.planning.room import Visit as Checked
from angkut_backend.planning.timetable import Timetable, Visit
from instances.odd_shifts import odd_shift

from .conftest import greedy_draft


def fits(draft: Draft, vehicle: Vehicle, visits: list[Visit], one: Bin) -> bool:
    """Tell whether a bin can be put before some visit, or on a trip of its own."""
    stop = Visit(StepKind.STOP, one.code)
    for at in range(len(visits) + 1):
        found = draft.scheduler.timetable(vehicle, [*visits[:at], stop, *visits[at:]])
        if isinstance(found, Timetable) and draft.rules.in_place(found.bins):
            first = [code for code in vehicle.fixed_first if code in found.bins]
            if list(found.bins[: len(first)]) == first:
                return True
    return False


@pytest.mark.parametrize("block", range(4))
def test_what_would_have_fitted_is_what_exact_times_say(block: int) -> None:
    said = {True: 0, False: 0}
    for seed in range(block * 30, block * 30 + 30):
        problem, travel = odd_shift(seed)
        draft, room = greedy_draft(problem, travel), Room(problem, travel)
        left = [one for one in problem.bins if one.code not in draft.served]
        for vehicle in problem.vehicles:
            route = draft.routes.get(vehicle.code)
            visits = list(route.visits) if route else []
            bins = [one for one in left if vehicle.code in draft.rules.crew(one)]
            bins = [one for one in bins if room.reaches(vehicle, one)]
            checked = [Checked(visit.kind, visit.code) for visit in visits]
            taken = {one.code for one in room.taken(vehicle, checked, bins)} if bins else set()
            for one in bins:
                does = fits(draft, vehicle, visits, one)
                assert (one.code in taken) == does, (seed, vehicle.code, one.code)
                said[does] += 1
    assert min(said.values()) > 50
