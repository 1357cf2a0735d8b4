"""A plan from a problem: feasible, explained, the same each time."""

import subprocess
import sys
from pathlib import Path

import pytest

from angkut_backend.planning.checker import check
from angkut_backend.planning.notes import NoteCode
from angkut_backend.planning.plan_document import InReason, OutReason, Plan, StepKind
from angkut_backend.planning.problem import (
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
from instances.bekasi import shift as bekasi_shift
from instances.odd_shifts import odd_shift

from .conftest import HOUR_S, line_bin, line_shift, line_travel, truck

QUICK = Budget(iterations=50)


def solved(problem: Problem) -> Plan:
    travel = line_travel(problem)
    found = plan(problem, travel, QUICK, seed=1)
    assert check(problem, travel, found) == []
    return found


def left(found: Plan) -> dict[str, OutReason]:
    return {one.bin: one.reason for one in found.left}


def vehicle_of(found: Plan) -> dict[str, str]:
    return {code: route.vehicle for route in found.routes for code in route.bins}


@pytest.mark.parametrize("block", range(20))
def test_every_plan_of_odd_shifts_passes_the_checker_at_every_stage(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        problem, travel = odd_shift(seed)
        plans: list[Plan] = []
        plans.append(plan(problem, travel, Budget(iterations=8), seed, on_first=plans.append))
        for found in plans:
            assert check(problem, travel, found) == [], seed


def test_one_truck_takes_what_fits_into_a_trip_on_its_way_to_the_landfill(shift: Problem) -> None:
    found = solved(shift.model_copy(update={"vehicles": (truck("T1", max_trips=1),)}))

    (route,) = found.routes
    assert len(route.bins) == 5
    assert route.bins == sorted(route.bins)
    assert [step.kind for step in route.steps[-2:]] == [StepKind.UNLOAD, StepKind.END]
    assert list(left(found).values()) == [OutReason.NO_CAPACITY]


def test_the_queue_of_the_landfill_is_in_the_times() -> None:
    found = solved(line_shift(bins=(line_bin(1),)))

    unload = found.routes[0].steps[-2]
    assert unload.begin_s - unload.arrive_s == 900
    assert found.totals.queue_s == 900


def test_a_bin_that_costs_more_than_it_is_worth_stays_and_says_what_it_would_cost() -> None:
    found = solved(line_shift(bins=(line_bin(1), line_bin(7, lat=-6.2 - 0.3, prize_rp=20_000))))

    (stays,) = found.left
    assert stays.reason is OutReason.NOT_WORTH
    assert stays.insertion_rp is not None
    assert stays.insertion_rp > 20_000


def test_a_bin_for_which_every_trip_is_full_says_what_a_trip_of_its_own_would_cost() -> None:
    bins = (*(line_bin(number) for number in range(1, 6)), line_bin(6, prize_rp=15_000))
    found = solved(line_shift(bins=bins, vehicles=(truck("T1"),)))

    (stays,) = found.left
    assert (stays.bin, stays.reason, stays.vehicle) == ("B6", OutReason.NOT_WORTH, "T1")
    assert stays.insertion_rp is not None
    assert stays.insertion_rp > 15_000


def test_a_must_is_served_whatever_it_costs() -> None:
    far = line_bin(7, lat=-6.2 - 0.3, prize_rp=0, must=MustReason.COMPLAINT)

    found = solved(line_shift(bins=(line_bin(1), far)))

    reasons = {one.bin: one.reason for one in found.served}
    assert reasons["B7"] is InReason.MUST


def test_what_cannot_be_done_is_listed_with_its_reason() -> None:
    bins = (
        line_bin(1, forbidden=True),
        line_bin(2, access="alley"),
        line_bin(3, load_l=9_000),
        line_bin(4, windows=(TimeWindow(from_s=0, to_s=10),), must=MustReason.MANUAL),
        line_bin(5),
    )

    found = solved(line_shift(bins=bins))

    assert left(found) == {
        "B1": OutReason.FORBIDDEN,
        "B2": OutReason.NO_VEHICLE,
        "B3": OutReason.TOO_LARGE,
        "B4": OutReason.WINDOW,
    }


@pytest.mark.parametrize("changes", [{"vehicles": ()}, {"bins": ()}, {"vehicles": (), "bins": ()}])
def test_a_shift_without_vehicles_or_bins_gives_an_answer(changes: dict[str, tuple[()]]) -> None:
    found = solved(line_shift(**changes))

    assert found.routes == ()
    assert len(found.left) == (0 if "bins" in changes else 6)


def test_a_lock_puts_a_bin_on_its_vehicle_and_at_its_place() -> None:
    locks = (Lock(bin="B6", vehicle="T2", position=1), Lock(bin="B1", vehicle="T2"))

    found = solved(line_shift(locks=locks))

    orders = {route.vehicle: route.bins for route in found.routes}
    assert orders["T2"][0] == "B6"
    assert "B1" in orders["T2"]
    reasons = {one.bin: one.reason for one in found.served}
    assert reasons["B6"] is InReason.LOCKED


def test_a_place_that_cannot_be_kept_costs_no_other_place() -> None:
    bins = tuple(
        line_bin(n, load_l=200, must=MustReason.MANUAL if n in {3, 5, 7} else None)
        for n in range(1, 13)
    )
    never = bins[2].model_copy(update={"windows": (TimeWindow(from_s=0, to_s=10),)})
    places = {"B7": 1, "B3": 3, "B5": 4}
    locks = tuple(Lock(bin=code, vehicle="T1", position=at) for code, at in places.items())

    found = solved(line_shift(bins=(*bins[:2], never, *bins[3:]), locks=locks))

    order = next(route.bins for route in found.routes if route.vehicle == "T1")
    assert (order[0], order[3]) == ("B7", "B5")
    assert left(found) == {"B3": OutReason.LOCK}


def test_a_place_behind_the_last_stop_is_the_last() -> None:
    bins = tuple(line_bin(number, load_l=200) for number in range(1, 7))

    found = solved(line_shift(bins=bins, locks=(Lock(bin="B1", vehicle="T1", position=50),)))

    order = next(route.bins for route in found.routes if route.vehicle == "T1")
    assert order[-1] == "B1"
    assert found.totals.stops == 6
    # It does not drive once more for it.
    assert found.totals.trips == len(found.routes)
    (note,) = found.notes
    assert (note.code, note.bin, note.vehicle, note.position) == (
        NoteCode.AT_THE_END,
        "B1",
        "T1",
        50,
    )


def test_bins_behind_the_last_stop_come_last_in_their_order() -> None:
    places = {"B2": 90, "B5": 1, "B4": 70, "B3": 80}
    locks = tuple(Lock(bin=code, vehicle="T1", position=at) for code, at in places.items())

    found = solved(line_shift(locks=locks))

    order = next(route.bins for route in found.routes if route.vehicle == "T1")
    assert (order[0], order[-3:]) == ("B5", ["B4", "B3", "B2"])
    assert {one.bin for one in found.notes} == {"B4", "B3", "B2"}


def test_a_last_place_for_which_there_is_no_room_has_a_trip_of_its_own() -> None:
    bins = tuple(line_bin(number, must=MustReason.MANUAL) for number in range(1, 7))
    locks = (Lock(bin="B1", vehicle="T1", position=9),)

    found = solved(line_shift(vehicles=(truck("T1"),), bins=bins, locks=locks))

    (route,) = found.routes
    assert route.bins[-1] == "B1"
    assert left(found) == {}
    assert found.totals.trips == 2


def test_a_first_place_that_is_never_open_leaves_the_places_behind_it() -> None:
    never = (TimeWindow(from_s=0, to_s=10), TimeWindow(from_s=8 * HOUR_S - 60, to_s=8 * HOUR_S))
    bins = (line_bin(1, windows=never, must=MustReason.MANUAL), *map(line_bin, range(2, 7)))
    locks = tuple(Lock(bin=f"B{at}", vehicle="T1", position=at) for at in (1, 2))

    found = solved(line_shift(bins=bins, locks=locks))

    orders = {route.vehicle: route.bins for route in found.routes}
    assert orders["T1"][1] == "B2"
    assert left(found) == {"B1": OutReason.LOCK}


def test_a_forbidden_pair_is_kept_apart() -> None:
    forbids = tuple(Forbid(bin=f"B{number}", vehicle="T1") for number in range(1, 7))

    found = solved(line_shift(forbids=forbids))

    assert set(vehicle_of(found).values()) == {"T2"}


def test_the_first_stops_of_a_running_route_stay_as_they_are() -> None:
    running = truck(
        "T1",
        underway=Underway(lon=107.0, lat=-6.23, free_at_s=HOUR_S, load_l=2_000, load_kg=500),
        fixed_first=("B5", "B2"),
    )

    found = solved(line_shift(vehicles=(running, truck("T2"))))

    orders = {route.vehicle: route for route in found.routes}
    assert orders["T1"].bins[:2] == ["B5", "B2"]
    assert orders["T1"].steps[0].leave_s == HOUR_S
    assert orders["T1"].steps[0].load_l == 2_000


def test_a_loaded_truck_with_nothing_left_to_serve_unloads_and_goes_home() -> None:
    running = truck(
        "T1", underway=Underway(lon=107.0, lat=-6.23, free_at_s=HOUR_S, load_l=10, load_kg=1)
    )

    found = solved(line_shift(vehicles=(running,), bins=()))

    assert [step.kind for step in found.routes[0].steps] == [
        StepKind.START,
        StepKind.UNLOAD,
        StepKind.END,
    ]


def test_a_break_is_taken_in_its_window() -> None:
    noon = Break(duration_s=1800, begin=TimeWindow(from_s=600, to_s=1200))

    found = solved(line_shift(vehicles=(truck("T1", breaks=(noon,)),)))

    (pause,) = [step for step in found.routes[0].steps if step.kind is StepKind.BREAK]
    assert 600 <= pause.begin_s <= 1200
    assert pause.leave_s - pause.begin_s == 1800


def test_a_small_change_moves_few_bins() -> None:
    problem, travel = bekasi_shift(60)
    before = plan(problem, travel, Budget(iterations=400), seed=1)
    earlier = vehicle_of(before)
    one_more = problem.bins[0].model_copy(update={"must": MustReason.COMPLAINT, "windows": ()})
    changed = problem.model_copy(
        update={"bins": (one_more, *problem.bins[1:]), "earlier": earlier, "change_rp": 20_000.0}
    )

    after = plan(changed, travel, Budget(iterations=400), seed=2)

    assert check(changed, travel, after) == []
    assert one_more.code in vehicle_of(after)
    assert after.totals.changed <= 2


def test_the_same_input_seed_and_iterations_give_the_same_plan_in_another_process() -> None:
    problem, travel = bekasi_shift(60)
    here = plan(problem, travel, Budget(iterations=100), seed=3)
    code = (
        "from instances.bekasi import shift;"
        "from angkut_backend.planning.search import Budget;"
        "from angkut_backend.planning.solve import plan;"
        "print(plan(*shift(60), Budget(iterations=100), seed=3).model_dump_json())"
    )
    tests = Path(__file__).parents[3]
    there = subprocess.run(
        [sys.executable, "-c", code], cwd=tests, check=True, capture_output=True, text=True
    )

    assert Plan.model_validate_json(there.stdout) == here


def test_a_watcher_can_stop_the_search_and_gets_the_best_so_far() -> None:
    problem, travel = bekasi_shift(60)
    heard: list[float] = []

    def watch(used: float) -> bool:
        heard.append(used)
        return len(heard) > 5

    found = plan(
        problem,
        travel,
        Budget(iterations=10_000),
        watch=watch,
    )

    assert found.provenance.iterations <= 6
    assert check(problem, travel, found) == []


def test_a_budget_has_an_end() -> None:
    with pytest.raises(ValueError, match="seconds or iterations"):
        Budget()
