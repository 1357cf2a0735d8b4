"""Vehicles that carry too much, places without a way to others, and roads that lead nobody home."""

from collections.abc import Iterable

import pytest

from angkut_backend.planning.checker import check
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.plan_document import OutReason, StepKind
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import MustReason, Problem, Underway
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.violations import Breach
from angkut_backend.roads.travel import UNREACHABLE, Leg, Travel

from .conftest import line_bin, line_shift, line_travel, truck

_FEW = Budget(iterations=20)


def without(problem: Problem, ways: Iterable[tuple[str, str]]) -> Travel:
    """Return travel along the line without these ways."""
    travel = line_travel(problem)
    leg = travel.legs["truck"]
    metres, seconds = leg.distance_m.copy(), leg.duration_s.copy()
    for here, there in ways:
        cell = travel.index[here], travel.index[there]
        metres[cell] = seconds[cell] = UNREACHABLE
    broken = Leg(metres, seconds)
    legs = {"truck": broken, "small": broken}
    return Travel.of(points_of(problem), legs, source="broken", approximate=False)


@pytest.mark.parametrize("load", [{"load_l": 6_500}, {"load_kg": 3_900}, {"load_l": 5_000}])
def test_a_vehicle_with_more_than_it_holds_tips_first_and_goes_on(load: dict[str, int]) -> None:
    running = truck("T1", underway=Underway(lon=107.0, lat=-6.21, free_at_s=10, **load))
    problem = line_shift(vehicles=(running,))
    travel = line_travel(problem)

    found = plan(problem, travel, _FEW)

    (route,) = found.routes
    visits = [step for step in route.steps if step.kind in {StepKind.STOP, StepKind.UNLOAD}]
    assert visits[0].kind is StepKind.UNLOAD
    assert len(route.bins) == 6
    assert check(problem, travel, found) == []


def test_an_overloaded_vehicle_serves_nothing_before_it_has_tipped_says_the_checker() -> None:
    running = truck("T1", underway=Underway(lon=107.0, lat=-6.2, free_at_s=0, load_l=6_500))
    larger = running.model_copy(update={"volume_l": 20_000})
    problem = line_shift(vehicles=(running,), bins=(line_bin(1),))
    held = line_shift(vehicles=(larger,), bins=(line_bin(1),))
    told = plan(held, line_travel(held), _FEW)
    assert [step.kind for step in told.routes[0].steps][1] is StepKind.STOP

    found = check(problem, line_travel(problem), told)

    assert Breach.CAPACITY in {one.code for one in found}


def test_a_bin_is_unreachable_only_if_no_vehicle_reaches_it() -> None:
    bins = (line_bin(1, load_l=4_000), line_bin(2, load_l=4_000, prize_rp=90_000))
    problem = line_shift(vehicles=(truck("T1", max_trips=1),), bins=bins)
    between = [("bin:B1", "bin:B2"), ("bin:B2", "bin:B1")]
    nowhere = [("depot:POOL", "bin:B2")]
    no_way_back = [("disposal:TPA", "depot:POOL")]

    def reason(ways: Iterable[tuple[str, str]]) -> OutReason:
        return next(
            one.reason
            for one in plan(problem, without(problem, ways), _FEW).left
            if one.bin == "B2"
        )

    assert reason(between) is OutReason.NO_CAPACITY
    assert reason(nowhere) is reason(no_way_back) is OutReason.UNREACHABLE


def test_a_must_without_a_way_from_other_bins_is_published_with_a_true_reason() -> None:
    bins = tuple(line_bin(number, must=MustReason.MANUAL, load_l=10) for number in (1, 2))
    problem = line_shift(vehicles=(truck("T1", max_trips=1),), bins=bins)
    travel = without(problem, [("bin:B1", "bin:B2"), ("bin:B2", "bin:B1")])

    found = plan(problem, travel, _FEW)

    assert [one.reason for one in found.left] == [OutReason.NO_CAPACITY]
    assert check(problem, travel, found) == []


def test_a_plan_with_a_vehicle_that_no_road_leads_home_can_be_published_with_its_note() -> None:
    lost = truck("T1", underway=Underway(lon=107.0, lat=-6.23, free_at_s=0))
    problem = line_shift(vehicles=(lost, truck("T2")))
    places = [f"bin:B{number}" for number in range(1, 7)]
    places += ["disposal:TPA", "depot:POOL"]
    travel = without(problem, [("underway:T1", there) for there in places])

    found = plan(problem, travel, _FEW)

    assert [route.vehicle for route in found.routes] == ["T2"]
    assert [note.code for note in found.notes] == [NoteCode.NO_WAY_HOME]
    assert check(problem, travel, found) == []
    silent = found.model_copy(update={"notes": ()})
    assert [one.code for one in check(problem, travel, silent)] == [Breach.STRANDED]
    assert Breach.STRANDED in {one.code for one in check(problem, line_travel(problem), found)}
