"""Putting bins in: what is refused at a glance does not fit, and no duty is left that fits."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from angkut_backend.planning.candidates import Candidates
from angkut_backend.planning.checker import check
from angkut_backend.planning.inserter import put_in, put_in_duties
from angkut_backend.planning.plan_document import Plan, StepKind
from angkut_backend.planning.problem import Break, MustReason, Problem
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.timetable import Timetable, Visit
from instances.bekasi import LUNCH, shift, with_hours
from instances.odd_shifts import odd_shift

from .conftest import greedy_draft


def with_duties(problem: Problem, every: int) -> Problem:
    """Return the problem with every nth bin one that must be served."""
    duty = {"must": MustReason.SCHEDULE}
    bins = [
        one if number % every else one.model_copy(update=duty)
        for number, one in enumerate(problem.bins)
    ]
    return problem.model_copy(update={"bins": tuple(bins)})


@pytest.mark.parametrize(
    "seeds",
    [
        *(range(block, block + 40) for block in range(0, 160, 40)),
        # Reached later, bins are served in a later window, behind a break that it takes up.
        [1424, 1548, 2070],
        # So does the wait before the disposal site opens.
        [2024, 2703],
    ],
)
def test_what_is_refused_at_a_glance_does_not_fit(seeds: Sequence[int]) -> None:
    refused = 0
    for seed in seeds:
        problem, travel = odd_shift(seed)
        draft = greedy_draft(problem, travel)
        left = [one for one in problem.bins if one.code not in draft.served]
        new = Candidates.of(draft.rules, left)
        for code, forced in product(draft.takeovers, (False, True)):
            spots = draft.spots(code, forced=forced)
            if spots is None or not left:
                continue
            first = len(spots.takeover.visits)
            places = np.arange(first, len(spots.visits) + 1)
            for row, column in np.argwhere(spots.wrong(new, places[None, :]) > 0).tolist():
                visits = list(spots.visits)
                visits.insert(int(places[column]), Visit(StepKind.STOP, left[row].code))
                found = draft.scheduler.timetable(spots.takeover.vehicle, visits)
                assert not isinstance(found, Timetable), (seed, code, left[row].code)
                refused += 1
    assert refused > 40


def test_where_hours_do_not_matter_what_passes_the_glance_fits() -> None:
    problem, travel = shift(60)
    draft = greedy_draft(problem, travel)
    left = [one for one in problem.bins if one.code not in draft.served]
    new = Candidates.of(draft.rules, left)
    tried = 0
    for code, takeover in draft.takeovers.items():
        spots = draft.spots(code)
        assert spots is not None
        places = np.arange(len(spots.visits) + 1)
        for row, at in np.argwhere(spots.wrong(new, places[None, :]) == 0).tolist():
            if code not in draft.rules.crew(left[row]):
                continue
            visits = list(spots.visits)
            visits.insert(at, Visit(StepKind.STOP, left[row].code))
            assert isinstance(draft.scheduler.timetable(takeover.vehicle, visits), Timetable)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize(("breaks", "least"), [((), 0.5), ((LUNCH,), 0.95)])
def test_where_hours_differ_most_that_passes_the_glance_fits(
    breaks: Sequence[Break], least: float
) -> None:
    problem, travel = shift(300)
    problem = with_hours(problem, *breaks)
    draft = greedy_draft(problem, travel)
    left = [one for one in problem.bins if one.code not in draft.served]
    new = Candidates.of(draft.rules, left)
    fits: list[bool] = []
    for code, takeover in draft.takeovers.items():
        spots = draft.spots(code)
        assert spots is not None
        places = np.arange(len(spots.visits) + 1)
        for row, at in np.argwhere(spots.wrong(new, places[None, :]) == 0).tolist():
            if code in draft.rules.crew(left[row]):
                visits = list(spots.visits)
                visits.insert(at, Visit(StepKind.STOP, left[row].code))
                found = draft.scheduler.timetable(takeover.vehicle, visits)
                fits.append(isinstance(found, Timetable))
    assert len(fits) > 20
    assert sum(fits) >= least * len(fits)


def test_putting_in_lowers_the_value_and_breaks_nothing() -> None:
    problem, travel = shift(300)
    draft = greedy_draft(problem, travel)
    missing = [one for one in problem.bins if one.code not in draft.served]
    before_rp = draft.value_rp()

    put_in(draft, missing)

    assert draft.value_rp() < before_rp
    for route in draft.routes.values():
        again = draft.scheduler.timetable(route.vehicle, route.visits)
        assert isinstance(again, Timetable)
        assert again.bins == route.bins


def test_duties_take_the_place_of_what_nobody_needs_served() -> None:
    problem, travel = shift(300)
    draft = greedy_draft(with_duties(problem, 4), travel)
    duties = [one for one in draft.rules.problem.bins if one.must]
    missing = [one for one in duties if one.code not in draft.served]
    assert len(missing) > 3
    held = {one.code for one in duties} & draft.served

    put_in_duties(draft, missing, forced=True)

    served = draft.served
    assert held <= served
    assert len([one for one in missing if one.code in served]) > len(missing) / 2


@pytest.mark.parametrize("every", [1, 2, 4])
def test_no_plan_at_any_stage_leaves_a_duty_that_fits(every: int) -> None:
    problem, travel = shift(300)
    problem = with_duties(problem, every)
    plans: list[Plan] = []

    plans.append(plan(problem, travel, Budget(iterations=10), on_first=plans.append))

    assert len(plans) == 2
    for found in plans:
        # The checker tries each duty that stays in every place of every route.
        assert check(problem, travel, found) == []
