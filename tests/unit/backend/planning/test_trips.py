"""Building and throwing away trips, and what the search starts from."""

import numpy as np
from pyvrp import Activity, ActivityType, Route, Solution

from angkut_backend.planning.checker import check
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.plan_document import OutReason
from angkut_backend.planning.problem import MustReason, TimeWindow
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.takeover import take_over
from angkut_backend.planning.trips import TripBuilder
from angkut_backend.planning.vrp import Vrp, VrpBuilder
from instances.bekasi import shift


def _vrp(bins: int) -> Vrp:
    problem, travel = shift(bins)
    rules = Rules(problem, travel)
    takeovers = {one.code: take_over(rules, Scheduler(rules), one) for one in problem.vehicles}
    return VrpBuilder(Instance.of(rules), takeovers).build()


def test_vehicles_in_the_yard_go_out_for_bins_that_are_worth_it_together() -> None:
    data = _vrp(60).data
    nobody = Solution(data, [])

    found = TripBuilder(data, np.random.default_rng(1)).rebuilt(nobody)

    assert found.num_routes() >= 1
    assert found.is_feasible()
    gained = nobody.uncollected_prizes() - found.uncollected_prizes()
    assert gained > found.distance_cost() + found.duration_cost()


def test_trips_are_rebuilt_within_the_fleet_and_no_bin_is_served_twice() -> None:
    data = _vrp(300).data
    builder = TripBuilder(data, np.random.default_rng(2))
    found = Solution(data, [])

    for _ in range(60):
        found = builder.rebuilt(found)
        served = [one.idx for route in found.routes() for one in route if one.is_client()]
        types = [route.vehicle_type() for route in found.routes()]

        assert len(served) == len(set(served))
        assert all(
            types.count(number) <= kind.num_available
            for number, kind in enumerate(data.vehicle_types())
        )
        assert not found.has_time_warp()
        assert not found.has_excess_load()


def test_a_trip_is_thrown_away_beside_unloadings_without_a_client() -> None:
    data = _vrp(60).data
    tip = Activity(ActivityType.DEPOT, data.vehicle_types()[0].reload_depots[0])
    client = Activity(ActivityType.CLIENT, 0)
    builder = TripBuilder(data, np.random.default_rng(3))

    for ways in ([tip, client], [client, tip], [tip, client, tip], [tip, tip, client]):
        start = Solution(data, [Route(data, ways, 0)])
        for _ in range(20):
            found = builder.rebuilt(start)

            assert all(any(one.is_client() for one in route) for route in found.routes())


def test_a_bin_whose_window_lies_outside_every_shift_is_left_for_its_window() -> None:
    problem, travel = shift(60)
    night = TimeWindow(from_s=20 * 3600, to_s=21 * 3600)
    late = problem.bins[0].model_copy(update={"windows": (night,), "must": MustReason.MANUAL})
    problem = problem.model_copy(update={"bins": (late, *problem.bins[1:])})

    found = plan(problem, travel, Budget(iterations=5))

    assert {one.bin: one.reason for one in found.left}[late.code] is OutReason.WINDOW
    assert check(problem, travel, found) == []


def test_with_more_musts_than_room_each_that_stays_has_a_reason_and_no_rule_is_broken() -> None:
    problem, travel = shift(300)
    musts = [one.model_copy(update={"must": MustReason.SCHEDULE}) for one in problem.bins]
    few = problem.vehicles[:1] + problem.vehicles[-1:]
    problem = problem.model_copy(update={"bins": tuple(musts), "vehicles": few})

    found = plan(problem, travel, Budget(iterations=20))

    assert check(problem, travel, found) == []
    assert len(found.served) + len(found.left) == 300
    assert {one.reason for one in found.left} <= {
        OutReason.NO_CAPACITY,
        OutReason.NO_TIME,
        OutReason.WINDOW,
    }


def test_the_search_is_not_told_of_bins_that_are_worth_less_than_their_service() -> None:
    problem, travel = shift(300)
    rules = Rules(problem, travel)
    instance = Instance.of(rules)
    takeovers = {one.code: take_over(rules, Scheduler(rules), one) for one in problem.vehicles}
    told = {way.group for way in VrpBuilder(instance, takeovers).build().ways}

    musts = {number for number, group in enumerate(instance.groups) if group.is_must}
    assert musts <= told
    untold = [one for n, group in enumerate(instance.groups) if n not in told for one in group.bins]
    # 20 rupiah a second.
    assert 60 < len(untold) < 150
    assert all(one.prize_rp < 20 * one.service_s for one in untold)
    # In the plan of before they are sought again: what was planned is not dropped in silence.
    before = problem.model_copy(update={"earlier": {one.code: "C1" for one in untold}})
    again = VrpBuilder(Instance.of(Rules(before, travel)), takeovers).build()
    assert {way.group for way in again.ways} == set(range(len(again.ways)))
