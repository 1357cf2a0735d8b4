"""What a plan says of worth is so: nothing in it costs more than it brings, nor stays for less."""

import pytest

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.plan_document import InReason, OutReason, Plan, StepKind
from angkut_backend.planning.problem import Lock, MustReason, Problem
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.planning.takeover import take_over
from angkut_backend.planning.timetable import Misfit, Timetable, Visit
from angkut_backend.planning.trimming import trim
from angkut_backend.roads.travel import Travel
from instances.bekasi import shift as bekasi_shift
from instances.odd_shifts import odd_shift

from .conftest import line_bin, line_shift, line_travel, truck


def draft_of(problem: Problem, *visits: str) -> Draft:
    """Return a draft in which T1 serves bins, and unloads at `TPA`, in this order."""
    rules = Rules(problem, line_travel(problem))
    scheduler = Scheduler(rules)
    takeovers = {one.code: take_over(rules, scheduler, one) for one in problem.vehicles}
    draft = Draft.of(Instance.of(rules), scheduler, takeovers, {})
    kinds = {site.code: StepKind.UNLOAD for site in problem.disposal_sites}
    route = [Visit(kinds.get(code, StepKind.STOP), code) for code in visits]
    draft.put(problem.vehicles[0], route)
    assert draft.routes["T1"].bins == [one for one in visits if one not in kinds]
    return draft


def test_what_costs_more_than_it_brings_leaves_its_route() -> None:
    cheap = {"prize_rp": 2_000, "load_l": 100}
    problem = line_shift(
        bins=(
            line_bin(1),
            line_bin(2, **cheap),
            line_bin(3, **cheap, must=MustReason.MANUAL),
            line_bin(4, **cheap),
        ),
        locks=(Lock(bin="B4", vehicle="T1"),),
    )
    draft = draft_of(problem, "B1", "B2", "B3", "B4")
    before_rp = draft.value_rp()

    trim(draft, Draft.value_rp)

    # Two minutes of the crew are 2,400 rupiah.
    assert draft.routes["T1"].bins == ["B1", "B3", "B4"]
    assert draft.value_rp() == pytest.approx(before_rp - 400)


def test_a_trip_for_one_bin_leaves_with_its_unloading() -> None:
    # Two kilometres and back, two minutes, and half an hour at the landfill.
    problem = line_shift(
        vehicles=(truck("T1"),), bins=(line_bin(1), line_bin(5, prize_rp=30_000), line_bin(6))
    )
    draft = draft_of(problem, "B1", "TPA", "B5", "TPA", "B6")

    trim(draft, Draft.value_rp)

    assert draft.routes["T1"].visits == [
        Visit(StepKind.STOP, "B1"),
        Visit(StepKind.UNLOAD, "TPA"),
        Visit(StepKind.STOP, "B6"),
        Visit(StepKind.UNLOAD, "TPA"),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_no_bin_of_a_plan_costs_more_than_it_brings(seed: int) -> None:
    problem, travel = odd_shift(seed)
    assert_worth(problem.model_copy(update={"earlier": {}}), travel, seed)


def test_no_bin_of_a_plan_of_a_town_costs_more_than_it_brings() -> None:
    assert_worth(*bekasi_shift(60), 1)


def assert_worth(problem: Problem, travel: Travel, seed: int) -> None:
    firsts: list[Plan] = []
    found = plan(problem, travel, Budget(iterations=10), seed, on_first=firsts.append)
    rules = Rules(problem, travel)
    scheduler = Scheduler(rules)
    vehicles = {one.code: one for one in problem.vehicles}
    for one in (*firsts, found):
        served = {line.bin: line for line in one.served}
        for route in one.routes:
            visits = [
                Visit(step.kind, step.code)
                for step in route.steps
                if step.kind in {StepKind.STOP, StepKind.UNLOAD}
            ]
            if not route.bins:
                # Under way it may only go home, and be late.
                continue
            now = scheduler.timetable(vehicles[route.vehicle], visits)
            assert isinstance(now, Timetable)
            for at, visit in enumerate(visits):
                line = served.get(visit.code)
                if line is None or line.reason not in {InReason.WORTH, InReason.ON_THE_WAY}:
                    continue
                assert line.saving_rp <= line.prize_rp + 1
                without = scheduler.timetable(
                    vehicles[route.vehicle], [*visits[:at], *visits[at + 1 :]]
                )
                if isinstance(without, Misfit) or not rules.in_place(without.bins):
                    continue
                if without.bins:
                    assert now.cost_rp - without.cost_rp <= line.prize_rp + 1
        for stays in one.left:
            if stays.reason is OutReason.NOT_WORTH:
                assert stays.insertion_rp is not None
                assert stays.insertion_rp >= stays.prize_rp - 1
