"""Random changes of random plans: what people may say, sensible or not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from angkut_backend.planning.changes import (
    BinHours,
    Changes,
    FixedFirst,
    LongerQueue,
    UnderwayNow,
    VehicleNow,
)
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.problem import Lock, Problem
from angkut_backend.planning.revision import Standing


def odd_changes(
    rng: np.random.Generator, problem: Problem, plan: Plan, standing: Standing
) -> Changes:
    """Return changes of up to three bins in each way; names are those of the problem."""
    bins = rng.permutation([one.code for one in problem.bins]).tolist()
    vehicles = [one.code for one in problem.vehicles]
    out = [code for code in vehicles if rng.random() < 0.1]
    driving = [code for code in vehicles if code not in out]
    orders = {route.vehicle: route.bins for route in plan.routes}
    said = [*(one.bin for one in standing.locks), *standing.forbid, *standing.force]
    locks = [
        Lock(
            bin=code,
            vehicle=str(rng.choice(driving)),
            position=number + 1 if rng.random() < 0.3 else None,
        )
        for number, code in enumerate(_some(rng, bins, 3) if driving else [])
    ]
    now = None
    if rng.random() < 0.5 and vehicles:
        last_s = max(one.shift.to_s for one in problem.vehicles)
        begin_s = 1
        if standing.taken_over_at:
            begin_s = int((standing.taken_over_at - problem.shift_start).total_seconds())
        at_s = int(rng.integers(begin_s, max(last_s, begin_s + 1)))
        now = UnderwayNow(
            at=problem.shift_start + timedelta(seconds=at_s),
            vehicles=tuple(
                _report(rng, code, orders.get(code, [])) for code in vehicles if rng.random() < 0.5
            ),
        )
    left = {one.bin for one in locks}
    changes: dict[str, Any] = {
        "locks": tuple(locks),
        "forbid": tuple(_some(rng, bins, 3)),
        "force": tuple(_some(rng, bins, 3)),
        "complaints": tuple(_some(rng, bins, 2)),
        "hours": tuple(_hours(rng, problem, code) for code in _some(rng, bins, 2)),
        "fixed_first": tuple(
            FixedFirst(vehicle=code, stops=int(rng.integers(0, len(orders.get(code, [])) + 1)))
            for code in driving
            if rng.random() < 0.2
        ),
        "without": tuple(out),
        "again": tuple(code for code in standing.without if rng.random() < 0.5),
        "queues": tuple(
            LongerQueue(disposal_site=one.code, extra_min=int(rng.choice([0, 20, 200])))
            for one in problem.disposal_sites
            if rng.random() < 0.2
        ),
        "underway": now,
    }
    touched = left.union(
        changes["forbid"],
        changes["force"],
        changes["complaints"],
        (one.bin for one in changes["hours"]),
    )
    free = {one for one in said if one not in touched}
    changes["unlock"] = tuple(sorted(code for code in free if rng.random() < 0.3))
    return Changes(**changes)


def _some(rng: np.random.Generator, bins: list[str], most: int) -> list[str]:
    """Take up to so many bins away, none more often than some."""
    count = int(rng.integers(0, most + 1)) if rng.random() < 0.5 else 0
    return [bins.pop() for _ in range(min(count, len(bins)))]


def _hours(rng: np.random.Generator, problem: Problem, code: str) -> BinHours:
    first, last = sorted(rng.integers(0, 9 * 3600, 2).tolist())
    after = problem.shift_start + timedelta(seconds=first)
    before = problem.shift_start + timedelta(seconds=last)
    kind = rng.integers(3)
    return BinHours(
        bin=code, after=after if kind != 1 else None, before=before if kind != 0 else None
    )


def _report(rng: np.random.Generator, code: str, order: Sequence[str]) -> VehicleNow:
    known: dict[str, Any] = {}
    if rng.random() < 0.5:
        known["served"] = tuple(order[: int(rng.integers(0, len(order) + 1))])
    if rng.random() < 0.5:
        known |= {"load_kg": int(rng.integers(0, 6_000)), "load_l": int(rng.integers(0, 10_000))}
    return VehicleNow(vehicle=code, **known)
