"""Timetables: no last unloading and no place of the break brings a vehicle home sooner."""

from collections.abc import Sequence

import numpy as np
import pytest

from angkut_backend.planning.drive import Drive
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Break, Problem, TimeWindow, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler, needs_break
from angkut_backend.planning.timetable import Misfit, Timetable, Visit
from instances.odd_shifts import odd_shift

from .conftest import HOUR_S, line_bin, line_shift, line_travel, truck


def driven(
    rules: Rules, vehicle: Vehicle, visits: Sequence[Visit], pause: int | None
) -> Timetable | None:
    on = vehicle.underway
    drive = Drive(rules, vehicle, on.free_at_s if on else vehicle.shift.from_s)
    for at, visit in enumerate(visits):
        if (at == pause and drive.rest()) or drive.do(visit):
            return None
    if (pause == len(visits) and drive.rest()) or drive.home():
        return None
    return Timetable(vehicle, tuple(drive.lines))


def soonest_s(rules: Rules, vehicle: Vehicle, visits: Sequence[Visit]) -> int | None:
    """Try every last unloading with a break after every visit, each from the start."""
    ends: list[int] = []
    for site in rules.disposal_sites(vehicle):
        whole = [*visits, Visit(StepKind.UNLOAD, site.code)]
        plain = driven(rules, vehicle, whole, None)
        if plain is not None and needs_break(vehicle, plain.lines):
            rested = [driven(rules, vehicle, whole, at) for at in range(len(whole) + 1)]
            ends += [one.end_s for one in rested if one is not None]
        elif plain is not None:
            ends.append(plain.end_s)
    return min(ends, default=None)


def steady(problem: Problem) -> Problem:
    """Return the problem with equal traffic and queues at every hour, and an early break."""
    sites = [
        one.model_copy(update={"queue_s_by_hour": (one.queue_s_by_hour[0],) * 24})
        for one in problem.disposal_sites
    ]
    vehicles = [one.model_copy(update={"breaks": (_rest(one),)}) for one in problem.vehicles]
    return problem.model_copy(
        update={
            "disposal_sites": tuple(sites),
            "vehicles": tuple(vehicles),
            "traffic_by_hour": (1.0,) * 24,
        }
    )


def _rest(vehicle: Vehicle) -> Break:
    begin_s = vehicle.shift.from_s + HOUR_S // 2
    return Break(duration_s=1_800, begin=TimeWindow(from_s=begin_s, to_s=begin_s + HOUR_S))


def some_visits(rules: Rules, vehicle: Vehicle, rng: np.random.Generator) -> list[Visit]:
    """Return bins that the vehicle may serve, an unloading now and then, a bin at the end."""
    sites = rules.disposal_sites(vehicle)
    able = [one for one in rules.problem.bins if vehicle.code in rules.crew(one)]
    visits: list[Visit] = []
    for one in rng.permutation(len(able))[: rng.integers(1, 8)].tolist():
        if visits and rng.random() < 0.3:
            visits.append(Visit(StepKind.UNLOAD, sites[rng.integers(len(sites))].code))
        visits.append(Visit(StepKind.STOP, able[one].code))
    return visits


@pytest.mark.parametrize("block", range(4))
def test_a_route_is_back_as_soon_as_any_unloading_and_break_allow(block: int) -> None:
    rested = 0
    for seed in range(block * 100, block * 100 + 100):
        problem, travel = odd_shift(seed)
        rules, rng = Rules(steady(problem), travel), np.random.default_rng(seed)
        for vehicle in rules.problem.vehicles:
            visits = some_visits(rules, vehicle, rng)
            if not visits:
                continue
            found = Scheduler(rules).timetable(vehicle, visits)
            soonest = soonest_s(rules, vehicle, visits)
            end_s = found.end_s if isinstance(found, Timetable) else None
            assert end_s == soonest, (seed, vehicle.code)
            if isinstance(found, Timetable):
                rested += any(line.kind is StepKind.BREAK for line in found.lines)
    assert rested > 20, rested


def test_a_break_takes_up_the_wait_behind_it_but_not_the_one_before() -> None:
    pause = Break(duration_s=HOUR_S, begin=TimeWindow(from_s=2 * HOUR_S, to_s=4 * HOUR_S))
    early = line_bin(1, windows=(TimeWindow(from_s=HOUR_S, to_s=HOUR_S),))
    late = line_bin(2, windows=(TimeWindow(from_s=5 * HOUR_S, to_s=5 * HOUR_S),))

    def back_s(*bins: str, breaks: tuple[Break, ...]) -> int:
        problem = line_shift(vehicles=(truck("T1", breaks=breaks),), bins=(early, late))
        scheduler = Scheduler(Rules(problem, line_travel(problem)))
        found = scheduler.timetable(
            problem.vehicles[0], [Visit(StepKind.STOP, code) for code in bins]
        )
        assert not isinstance(found, Misfit)
        return found.end_s

    assert back_s("B1", "B2", breaks=(pause,)) == back_s("B1", "B2", breaks=())
    on_the_way = Break(duration_s=HOUR_S, begin=TimeWindow(from_s=HOUR_S, to_s=HOUR_S + 600))
    without = back_s("B1", breaks=())
    assert back_s("B1", breaks=(on_the_way,)) == without + HOUR_S
