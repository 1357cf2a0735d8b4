"""Kept plans of the small shift, as exports get them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from angkut_backend.planning.checker import check
from angkut_backend.planning.exports.names import BinName, Names
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import Break, Problem, TimeWindow
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.search import Budget
from angkut_backend.planning.solve import plan

from .conftest import line_shift, line_travel, truck


def kept(problem: Problem, **changes: object) -> PlanRecord:
    """Return a plan of the problem with all that is kept with it."""
    travel = line_travel(problem)
    made: Plan = plan(problem, travel, Budget(iterations=5), seed=1)
    shape: dict[str, Any] = {
        "plan_id": UUID("6b1f3a52-0000-4000-8000-000000000001"),
        "district": problem.district,
        "timezone": problem.timezone,
        "shift_start": problem.shift_start,
        "policy": Policy.INTEGRATED,
        "parameters": {},
        "problem": problem,
        "readings_as_of": datetime(2026, 1, 14, 21, 30, tzinfo=UTC),
        "budget": {"iterations": 5},
        "plan": made,
        "violations": check(problem, travel, made),
        "data_trust": [],
        "is_treated": True,
        "author": "account:ana",
        "created_at": datetime(2026, 1, 14, 21, 31, tzinfo=UTC),
        "state": None,
        "events": [],
    }
    return PlanRecord(**(shape | changes))


def two_trips() -> Problem:
    """Return a shift of one truck that unloads twice and has a break."""
    pause = Break(duration_s=1800, begin=TimeWindow(from_s=3600, to_s=5400))
    return line_shift(
        vehicles=(truck("T1", volume_l=3_000, breaks=(pause,)), truck("T2", rp_fixed=1e7))
    )


def named(problem: Problem, site: str = "TPS RW 04", area: str = "Bekasi Jaya") -> Names:
    """Return names for every place; all bins stand at sites of one name."""
    return Names(
        "Bekasi Timur",
        "Kota Bekasi",
        {one.code: BinName(f"{site} {one.code}", area) for one in problem.bins},
        {"POOL": "Pool UPTD", "TPA": "TPA Sumur Batu"},
    )
