"""The checker finds each kind of fault in a plan that was good."""

from collections.abc import Callable

import pytest

from angkut_backend.planning.checker import check
from angkut_backend.planning.plan_document import OutReason, Plan, Route, Step, StepKind, Totals
from angkut_backend.planning.problem import (
    Break,
    Forbid,
    Lock,
    MustReason,
    Problem,
    TimeWindow,
)
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.violations import Breach, Figures, Unit

from .conftest import line_bin, line_shift, line_travel, truck

ONE = line_shift(vehicles=(truck("T1", max_trips=1),))


def good(problem: Problem = ONE) -> Plan:
    return plan(problem, line_travel(problem), Budget(iterations=20), seed=1)


def codes(problem: Problem, found: Plan) -> set[str]:
    return {one.code for one in check(problem, line_travel(problem), found)}


def with_step(found: Plan, kind: StepKind, **changes: object) -> Plan:
    """Change the last step of a kind on the first route."""
    route = found.routes[0]
    at = max(i for i, step in enumerate(route.steps) if step.kind is kind)
    steps = list(route.steps)
    steps[at] = steps[at].model_copy(update=changes)
    return with_steps(found, steps)


def with_steps(found: Plan, steps: list[Step]) -> Plan:
    first = Route(vehicle=found.routes[0].vehicle, steps=tuple(steps))
    return found.model_copy(update={"routes": (first, *found.routes[1:])})


FAULTS: dict[str, Callable[[Plan], Plan]] = {
    "time": lambda p: with_step(p, StepKind.STOP, arrive_s=1),
    "service": lambda p: with_step(p, StepKind.STOP, leave_s=90_000),
    "distance": lambda p: with_step(p, StepKind.STOP, distance_m=1),
    "load": lambda p: with_step(p, StepKind.STOP, load_kg=1),
    "queue": lambda p: with_step(p, StepKind.UNLOAD, begin_s=p.routes[0].steps[-2].arrive_s),
    "tipping": lambda p: with_step(p, StepKind.UNLOAD, leave_s=90_000),
    "trip": lambda p: with_step(p, StepKind.STOP, trip=7),
    "depot": lambda p: with_step(p, StepKind.END, code="ELSEWHERE"),
    "loaded": lambda p: with_step(p, StepKind.END, load_l=5),
    "shape": lambda p: with_steps(p, list(p.routes[0].steps[:-1])),
    "totals": lambda p: p.model_copy(update={"totals": p.totals.model_copy(update={"stops": 9})}),
    "reasons": lambda p: p.model_copy(update={"served": ()}),
    "left_twice": lambda p: p.model_copy(update={"left": (*p.left, *p.left)}),
    "forgotten": lambda p: p.model_copy(update={"left": ()}),
    "vehicle_twice": lambda p: p.model_copy(update={"routes": (*p.routes, *p.routes)}),
    "served_twice": lambda p: p.model_copy(update={"routes": (*p.routes, *p.routes)}),
    "unknown_vehicle": lambda p: p.model_copy(
        update={"routes": (p.routes[0].model_copy(update={"vehicle": "T9"}),)}
    ),
    "unknown_bin": lambda p: with_step(p, StepKind.STOP, code="B99"),
}

TIGHTER: dict[str, Problem] = {
    "shift": ONE.model_copy(
        update={"vehicles": (truck("T1", shift=TimeWindow(from_s=0, to_s=1000)),)}
    ),
    "capacity": ONE.model_copy(update={"vehicles": (truck("T1", volume_l=2_000),)}),
    "stops": ONE.model_copy(update={"vehicles": (truck("T1", max_stops=2),)}),
    "container": ONE.model_copy(update={"vehicles": (truck("T1", containers=("other",)),)}),
    "break": ONE.model_copy(
        update={
            "vehicles": (
                truck("T1", breaks=(Break(duration_s=60, begin=TimeWindow(from_s=9, to_s=99)),)),
            )
        }
    ),
    "closed": ONE.model_copy(
        update={
            "disposal_sites": (
                ONE.disposal_sites[0].model_copy(update={"opening": TimeWindow(from_s=0, to_s=10)}),
            )
        }
    ),
    "window": ONE.model_copy(
        update={
            "bins": tuple(
                line_bin(n, windows=(TimeWindow(from_s=80_000, to_s=80_001),)) for n in range(1, 7)
            )
        }
    ),
    "access": ONE.model_copy(
        update={"bins": tuple(line_bin(n, access="alley") for n in range(1, 7))}
    ),
    "forbidden": ONE.model_copy(
        update={"bins": tuple(line_bin(n, forbidden=True) for n in range(1, 7))}
    ),
    "forbid": ONE.model_copy(update={"forbids": (Forbid(bin="B2", vehicle="T1"),)}),
    "lock": line_shift(locks=(Lock(bin="B2", vehicle="T2"),)),
    "fixed_first": ONE.model_copy(
        update={"vehicles": (truck("T1", max_trips=1, fixed_first=("B5", "B1")),)}
    ),
}


def test_a_good_plan_passes() -> None:
    assert codes(ONE, good()) == set()


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_in_the_plan_is_found(code: str) -> None:
    assert code in codes(ONE, FAULTS[code](good()))


@pytest.mark.parametrize("code", TIGHTER)
def test_a_plan_that_breaks_a_rule_of_the_problem_is_found(code: str) -> None:
    assert code in codes(TIGHTER[code], good())


def test_a_bin_that_stays_must_be_one_of_the_problem() -> None:
    found = good()
    ghost = found.left[0].model_copy(update={"bin": "GHOST"})

    assert "unknown_bin" in codes(ONE, found.model_copy(update={"left": (*found.left, ghost)}))


def test_a_reason_must_be_said_of_the_vehicle_that_serves() -> None:
    found = good()
    served = tuple(one.model_copy(update={"vehicle": "T9"}) for one in found.served)

    assert codes(ONE, found.model_copy(update={"served": served})) == {"reasons"}


@pytest.mark.parametrize("name", Totals.model_fields)
def test_every_sum_is_worked_out_again(name: str) -> None:
    found = good()
    totals = found.totals.model_copy(update={name: getattr(found.totals, name) + 2})

    (wrong,) = check(ONE, line_travel(ONE), found.model_copy(update={"totals": totals}))

    assert (wrong.code, wrong.where) == ("totals", name)


@pytest.mark.parametrize(("gap_h", "is_wrong"), [(83.5, False), (84.5, True), (500.0, True)])
def test_the_longest_gap_is_checked_by_itself(gap_h: float, *, is_wrong: bool) -> None:
    found = good()
    (stays,) = found.left
    bins = tuple(
        one.model_copy(update={"gap_h": gap_h, "longest_gap_h": 96.0})
        if one.code == stays.bin
        else one
        for one in ONE.bins
    )
    problem = ONE.model_copy(update={"bins": bins})

    assert codes(problem, found) == ({"gap"} if is_wrong else set())
    forbidden = tuple(one.model_copy(update={"forbidden": one.code == stays.bin}) for one in bins)
    assert "gap" not in codes(problem.model_copy(update={"bins": forbidden}), found)


def test_a_place_that_is_locked_is_checked() -> None:
    problem = ONE.model_copy(update={"locks": (Lock(bin="B1", vehicle="T1", position=3),)})

    assert "lock" in codes(problem, good())


def test_a_place_behind_the_last_stop_is_the_last() -> None:
    (route,) = good().routes
    *_, before, last = route.bins

    def wrong(*locks: tuple[str, int]) -> bool:
        wanted = tuple(Lock(bin=code, vehicle="T1", position=at) for code, at in locks)
        return "lock" in codes(ONE.model_copy(update={"locks": wanted}), good())

    assert not wrong((last, 50))
    assert not wrong((last, 51), (before, 50))
    assert wrong((before, 50))
    assert wrong((last, 50), (before, 51))


def test_a_must_may_not_be_left_because_it_is_not_worth_it() -> None:
    found = good()
    (stays,) = found.left
    bins = tuple(
        one.model_copy(update={"must": MustReason.LONGEST_GAP}) if one.code == stays.bin else one
        for one in ONE.bins
    )
    problem = ONE.model_copy(update={"bins": bins})
    excuse = stays.model_copy(update={"reason": OutReason.NOT_WORTH})

    assert "must_missed" in codes(problem, found.model_copy(update={"left": (excuse,)}))
    assert "must_missed" not in codes(problem, found)


def test_a_bin_is_either_served_or_left() -> None:
    found = good()
    (stays,) = found.left
    both = stays.model_copy(update={"bin": found.routes[0].bins[0]})

    assert "served_and_left" in codes(ONE, found.model_copy(update={"left": (stays, both)}))


def test_a_violation_says_where_it_shows_and_how_far_the_plan_is_off() -> None:
    found = good()
    order = found.routes[0].bins
    tighter = truck("T1", max_trips=1, volume_l=2_000, payload_kg=1_100)
    wrong = check(ONE.model_copy(update={"vehicles": (tighter,)}), line_travel(ONE), found)

    by_load = [(one.at, one.figures) for one in wrong if one.code is Breach.CAPACITY]

    # Behind the third bin there are too many litres, behind the fourth too many kilograms.
    assert by_load == [
        (order[2], Figures(3_000, 2_000, Unit.LITRES)),
        *(
            (code, Figures(300 * n, 1_100, Unit.KILOGRAMS))
            for n, code in enumerate(order, 1)
            if n > 3
        ),
    ]


def test_a_time_outside_of_windows_is_told_with_the_nearest_inside() -> None:
    windows = (TimeWindow(from_s=10, to_s=20), TimeWindow(from_s=60, to_s=90))

    assert [Figures.of_windows(at_s, windows).due for at_s in (0, 39, 41, 100)] == [10, 20, 60, 90]


@pytest.mark.parametrize("code", [*FAULTS, *TIGHTER])
def test_figures_of_a_violation_differ_and_places_are_of_the_plan(code: str) -> None:
    found = FAULTS[code](good()) if code in FAULTS else good()
    problem = TIGHTER.get(code, ONE)
    places = {step.code for route in found.routes for step in route.steps}

    for one in check(problem, line_travel(problem), found):
        assert one.figures is None or one.figures.said != one.figures.due
        assert one.at is None or one.at in places
