"""A vehicle that begins when its break's window has closed, or took it, has no break to make."""

import numpy as np
import pytest

from angkut_backend.planning.checker import check
from angkut_backend.planning.points import points_of
from angkut_backend.planning.problem import Break, TimeWindow, Underway
from angkut_backend.planning.revise import revise
from angkut_backend.planning.revision import Standing
from angkut_backend.planning.schedule import pause_s
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan
from angkut_backend.roads.straight import straight_travel
from instances.odd_changes import odd_changes
from instances.odd_shifts import odd_shift

from .conftest import HOUR_S, line_bin, line_shift, line_travel, truck

_FEW = Budget(iterations=10)
_PAUSE = Break(duration_s=1_800, begin=TimeWindow(from_s=HOUR_S, to_s=2 * HOUR_S))


def test_a_break_is_due_until_its_window_closes_or_it_was_taken() -> None:
    def begins(at_s: int, *, break_taken: bool = False) -> int:
        on = Underway(lon=107, lat=-6.2, free_at_s=at_s, break_taken=break_taken)
        return pause_s(truck("T1", breaks=(_PAUSE,), underway=on))

    assert pause_s(truck("T1", breaks=(_PAUSE,))) == begins(2 * HOUR_S - 1) == 1_800
    assert begins(2 * HOUR_S) == begins(0, break_taken=True) == pause_s(truck("T1")) == 0


@pytest.mark.parametrize("breaks", [(), (_PAUSE,)])
def test_a_shift_after_the_break_has_all_its_time_for_bins(breaks: tuple[Break, ...]) -> None:
    late = TimeWindow(from_s=5 * HOUR_S, to_s=5 * HOUR_S + 3_100)
    problem = line_shift(
        vehicles=(truck("T1", shift=late, breaks=breaks),), bins=(line_bin(1, must="manual"),)
    )
    travel = line_travel(problem)

    found = plan(problem, travel, _FEW)

    assert [route.bins for route in found.routes] == [["B1"]]
    assert check(problem, travel, found) == []


def test_a_must_fits_on_a_vehicle_whose_break_is_over() -> None:
    problem, travel = odd_shift(2_688)

    assert check(problem, travel, plan(problem, travel, Budget(iterations=30), 2_688)) == []


def test_a_must_fits_on_a_vehicle_that_is_taken_over_after_its_break() -> None:
    rng = np.random.default_rng(593)
    problem, travel = odd_shift(593)
    found = plan(problem, travel, Budget(iterations=2), 593)
    revision = None
    for _ in range(2):
        before = revision.standing if revision else Standing(locks=problem.locks)
        asked = odd_changes(rng, problem, found, before)
        problem, revision = revise(problem, found, revision, asked)
        travel = straight_travel(points_of(problem))
        found = plan(problem, travel, Budget(iterations=2), 593)

    assert check(problem, travel, found) == []
