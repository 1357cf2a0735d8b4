"""The checker believes no reason for which a bin stays unless it is so."""

from collections.abc import Iterable

import numpy as np
import pytest

from angkut_backend.planning.checker import check
from angkut_backend.planning.plan_document import Left, OutReason, Plan, Totals
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import (
    Bin,
    Break,
    Forbid,
    Lock,
    MustReason,
    Problem,
    TimeWindow,
    Underway,
)
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.violations import Breach
from angkut_backend.roads.travel import UNREACHABLE, Leg, Travel

from .conftest import HOUR_S, line_bin, line_shift, line_travel, truck

MUST = MustReason.LONGEST_GAP


def musts(numbers: Iterable[int] = range(1, 7), **changes: object) -> tuple[Bin, ...]:
    return tuple(line_bin(number, must=MUST, **changes) for number in numbers)


def made(problem: Problem, travel: Travel | None = None) -> Plan:
    return plan(problem, travel or line_travel(problem), Budget(iterations=20), seed=1)


def lying(problem: Problem, reason: OutReason, served: Problem | None = None) -> Plan:
    """Return a plan that serves what `served` has, by default nothing, and leaves the rest."""
    found = made(served or problem.model_copy(update={"bins": (), "locks": (), "forbids": ()}))
    there = {code for route in found.routes for code in route.bins}
    left = [one for one in problem.bins if one.code not in there]
    weight_rp = sum(300_000 for one in left if one.must)
    missed_rp = sum(one.prize_rp for one in left)
    totals = {"missed_rp": missed_rp, "objective_rp": found.totals.cost_rp + missed_rp + weight_rp}
    return found.model_copy(
        update={
            "left": tuple(
                Left(bin=one.code, reason=reason, must=one.must, prize_rp=0) for one in left
            ),
            "totals": Totals(**found.totals.model_dump() | totals),
        }
    )


def found(problem: Problem, told: Plan, travel: Travel | None = None) -> dict[str, Breach]:
    return {one.where: one.code for one in check(problem, travel or line_travel(problem), told)}


BELIEVED = frozenset(OutReason) - {
    OutReason.NOT_WORTH,
    OutReason.NOT_OFFERED,
    OutReason.NOT_FOUND,
}


@pytest.mark.parametrize("reason", sorted(BELIEVED))
def test_two_idle_trucks_are_no_excuse_whatever_the_reason(reason: OutReason) -> None:
    problem = line_shift(bins=musts())

    wrong = found(problem, lying(problem, reason))

    assert wrong == {one.code: Breach.EXCUSE for one in problem.bins}


@pytest.mark.parametrize("reason", [OutReason.NO_CAPACITY, OutReason.NO_TIME, OutReason.WINDOW])
def test_room_on_a_trip_is_no_excuse(reason: OutReason) -> None:
    problem = line_shift(bins=musts(range(1, 6)), vehicles=(truck("T1", max_trips=1),))
    four = problem.model_copy(update={"bins": musts(range(1, 5))})

    assert found(problem, lying(problem, reason, four)) == {"B5": Breach.EXCUSE}


def test_time_for_one_more_trip_is_no_excuse() -> None:
    problem = line_shift(vehicles=(truck("T1"),), bins=musts())
    five = problem.model_copy(update={"bins": musts(range(1, 6))})

    assert found(problem, lying(problem, OutReason.NO_CAPACITY, five)) == {"B6": Breach.EXCUSE}


def test_a_truck_full_of_bins_that_may_stay_is_no_excuse() -> None:
    vehicles = (truck("T1", max_trips=1),)
    may = tuple(map(line_bin, range(1, 6)))
    problem = line_shift(bins=(*may, *musts([6])), vehicles=vehicles)
    told = lying(problem, OutReason.NO_CAPACITY, line_shift(bins=may, vehicles=vehicles))

    (wrong,) = check(problem, line_travel(problem), told)

    assert (wrong.code, wrong.where) == (Breach.EXCUSE, "B6")
    assert "T1, which serves bins that may stay" in wrong.detail
    assert (wrong.vehicle, wrong.reason) == ("T1", OutReason.NO_CAPACITY)


def test_a_truck_full_of_bins_that_must_be_served_is_one() -> None:
    problem = line_shift(bins=musts(), vehicles=(truck("T1", max_trips=1),))

    told = made(problem)

    assert [one.reason for one in told.left] == [OutReason.NO_CAPACITY]
    assert found(problem, told) == {}


def test_a_place_of_a_lock_that_can_be_kept_is_no_excuse() -> None:
    problem = line_shift(bins=musts(), locks=(Lock(bin="B6", vehicle="T2", position=1),))
    five = problem.model_copy(update={"bins": musts(range(1, 6)), "locks": ()})

    assert found(problem, lying(problem, OutReason.LOCK, five)) == {"B6": Breach.EXCUSE}


def test_a_place_behind_the_last_stop_is_none() -> None:
    problem = line_shift(bins=musts(), locks=(Lock(bin="B6", vehicle="T2", position=7),))
    five = problem.model_copy(update={"bins": musts(range(1, 6)), "locks": ()})

    assert found(problem, lying(problem, OutReason.LOCK, five)) == {"B6": Breach.EXCUSE}


def test_a_place_that_is_reached_too_late_is_one() -> None:
    early = (TimeWindow(from_s=0, to_s=1_500),)
    bins = (
        *musts(range(1, 5)),
        line_bin(5, must=MUST, service_s=1_500),
        line_bin(6, must=MUST, windows=early),
    )
    locks = (Lock(bin="B5", vehicle="T1", position=1), Lock(bin="B6", vehicle="T1", position=2))
    problem = line_shift(bins=bins, locks=locks)

    told = made(problem)

    assert [(one.bin, one.reason) for one in told.left] == [("B6", OutReason.LOCK)]
    assert found(problem, told) == {}


CANNOT: dict[OutReason, Problem] = {
    OutReason.FORBIDDEN: line_shift(bins=musts(forbidden=True)),
    OutReason.NO_VEHICLE: line_shift(bins=musts(access="alley")),
    OutReason.TOO_LARGE: line_shift(bins=musts(load_kg=9_000)),
    OutReason.WINDOW: line_shift(bins=musts(windows=(TimeWindow(from_s=0, to_s=10),))),
    OutReason.NO_TIME: line_shift(
        bins=musts(), vehicles=(truck("T1", shift=TimeWindow(from_s=0, to_s=2_000)),)
    ),
    OutReason.LOCK: line_shift(
        bins=musts([1]), forbids=tuple(Forbid(bin="B1", vehicle=code) for code in ("T1", "T2"))
    ),
}


@pytest.mark.parametrize("reason", CANNOT)
def test_what_truly_cannot_be_is_one(reason: OutReason) -> None:
    told = made(CANNOT[reason])

    assert {one.reason for one in told.left} == {reason}
    assert found(CANNOT[reason], told) == {}


def test_a_bin_that_no_road_leads_to_is_one_and_one_beside_a_road_is_not() -> None:
    problem = line_shift(bins=musts())
    travel = line_travel(problem)
    cut = {}
    for profile, leg in travel.legs.items():
        metres, seconds = leg.distance_m.copy(), leg.duration_s.copy()
        row = travel.index["bin:B6"]
        for matrix in (metres, seconds):
            matrix[row, :] = matrix[:, row] = UNREACHABLE
            np.fill_diagonal(matrix, 0)
        cut[profile] = Leg(metres, seconds)
    away = Travel.of(points_of(problem), cut, source="line", approximate=False)

    told = made(problem, away)

    assert [(one.bin, one.reason) for one in told.left] == [("B6", OutReason.UNREACHABLE)]
    assert found(problem, told, away) == {}
    assert found(problem, told)["B6"] is Breach.EXCUSE


def test_a_break_on_the_way_counts_when_room_is_looked_for() -> None:
    noon = Break(duration_s=1_800, begin=TimeWindow(from_s=600, to_s=1_200))
    # It stands at B1 until its break may begin, and is back after 5,200 s.
    short, long = (TimeWindow(from_s=0, to_s=at_s) for at_s in (5_100, 5_300))
    for shift, is_free in ((short, False), (long, True)):
        problem = line_shift(bins=musts([1]), vehicles=(truck("T1", shift=shift, breaks=(noon,)),))

        wrong = found(problem, lying(problem, OutReason.NO_TIME))

        assert wrong == ({"B1": Breach.EXCUSE} if is_free else {})


def test_a_truck_under_way_may_not_be_forgotten() -> None:
    running = truck(
        "T1", underway=Underway(lon=107.0, lat=-6.23, free_at_s=HOUR_S, load_l=9, load_kg=3)
    )
    problem = line_shift(bins=musts(), vehicles=(running, truck("T2")))
    told = lying(problem, OutReason.NO_CAPACITY, line_shift(bins=musts(), vehicles=(truck("T2"),)))

    assert found(problem, told) == {"T1": Breach.STRANDED}


def test_a_truck_that_only_goes_home_may_be_late_and_no_later_than_it_must() -> None:
    late = truck("T1", underway=Underway(lon=107.0, lat=-6.26, free_at_s=8 * HOUR_S - 60))
    problem = line_shift(vehicles=(late,), bins=())
    told = made(problem)
    (route,) = told.routes

    assert found(problem, told) == {}

    home = route.steps[-1]
    slow = home.model_copy(update={"begin_s": home.begin_s + 60, "arrive_s": home.arrive_s + 60})
    steps = (*route.steps[:-1], slow)
    told = told.model_copy(update={"routes": (route.model_copy(update={"steps": steps}),)})
    assert Breach.SHIFT in {one.code for one in check(problem, line_travel(problem), told)}
