"""Iterated local search from a given start, with PyVRP's parts and parameters for short runs.

What differs from PyVRP's own `solve`: the start is ours, neighbour lists come from numpy, and the
search reacts sooner (late acceptance over fewer solutions, penalties updated more often), which
was 5 to 8 % better at 1,000 bins in 30 s, while its defaults found no feasible plan at 3,000.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from pyvrp import (
    Activity,
    ActivityType,
    IteratedLocalSearch,
    IteratedLocalSearchParams,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
)
from pyvrp.search import OPERATORS, LocalSearch, PerturbationManager

from angkut_backend.planning.greedy import Order
from angkut_backend.planning.vrp import Vrp
from angkut_backend.planning.vrp_clients import COST_SCALE

#: Neighbours of each group: 15 was worse at 300 groups, 50 no better.
_NEIGHBOURS = 30
#: From so many groups on only few iterations fit in, and late acceptance must look back less.
_MANY_GROUPS = 600
#: Above this an exhaustive pass over the start takes longer than it gains.
_POLISH_GROUPS = 1_500
#: Three times the prize of a bin that must be served, or overloading would look cheap.
_MAX_PENALTY = 1_000_000.0 * COST_SCALE


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search: by time, or by iterations, which gives the same plan each time."""

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        """Refuse an endless search."""
        if self.seconds is None and self.iterations is None:
            raise ValueError("a budget needs seconds or iterations")


#: Hears the share of the budget that is used, 0 to 1; returns whether to stop.
Watch = Callable[[float], bool]


def search(
    vrp: Vrp, start: Mapping[str, Order], budget: Budget, seed: int, watch: Watch
) -> tuple[dict[str, Order], int]:
    """Improve a start until the budget is used or `watch` says stop.

    Returns
    -------
    What each vehicle does in the best plan found, and the number of iterations.
    """
    data = vrp.data
    rng = RandomNumberGenerator(seed=seed)
    local = LocalSearch(data, rng, _neighbours(data), PerturbationManager())
    for operator in OPERATORS:
        if operator.supports(data):
            local.add_operator(operator(data))
    params = PenaltyParams(
        solutions_between_updates=20, target_feasible=0.8, max_penalty=_MAX_PENALTY
    )
    penalties = PenaltyManager(params.midpoint_penalties(data), params)
    first = vrp.solution(start)
    if data.num_clients <= _POLISH_GROUPS:
        cost = penalties.max_cost_evaluator()
        polished = local(first, cost, exhaustive=True)
        if polished.is_feasible() and cost.penalised_cost(polished) < cost.penalised_cost(first):
            first = polished
    stop = _Stop(budget, watch)
    ils = IteratedLocalSearchParams(
        history_length=300 if data.num_clients < _MANY_GROUPS else 20,
        exhaustive_on_best=False,
    )
    result = IteratedLocalSearch(data, penalties, local, first, ils).run(stop, collect_stats=False)
    return vrp.orders(result.best), stop.calls


class _Stop:
    """Ends a search by time or iterations, and lets others watch."""

    def __init__(self, budget: Budget, watch: Watch) -> None:
        self._budget = budget
        self._watch = watch
        self._began_s = time.perf_counter()
        self.calls = 0

    def __call__(self, best_cost: int) -> bool:  # noqa: ARG002 - PyVRP hands it over by name
        shares = []
        if self._budget.seconds is not None:
            elapsed_s = time.perf_counter() - self._began_s
            shares.append(elapsed_s / max(self._budget.seconds, 1e-9))
        if self._budget.iterations is not None:
            shares.append(self.calls / max(self._budget.iterations, 1))
        used = max(shares)
        if used >= 1 or self._watch(used):
            return True
        self.calls += 1
        return False


def _neighbours(data: ProblemData) -> dict[Activity, list[Activity]]:
    """Return for each client those that are cheapest to reach, with waiting counted."""
    clients = data.clients()
    count = len(clients)
    if count < 2:
        return {Activity(ActivityType.CLIENT, one): [] for one in range(count)}
    places = [one.location for one in clients]
    early = np.array([one.tw_early for one in clients], dtype=np.float64)
    late = np.array([one.tw_late for one in clients], dtype=np.float64)
    service = np.array([one.service_duration for one in clients], dtype=np.float64)
    cheapest = np.full((count, count), np.inf)
    for kind in {
        (v.profile, v.unit_distance_cost, v.unit_duration_cost): v for v in data.vehicle_types()
    }.values():
        metres = data.distance_matrix(kind.profile)[np.ix_(places, places)]
        seconds = data.duration_matrix(kind.profile)[np.ix_(places, places)]
        arrive = early[:, None] + service[:, None] + seconds
        wait = np.maximum(early[None, :] - (late + service)[:, None] - seconds, 0)
        warp = np.maximum(arrive - late[None, :], 0)
        cost = kind.unit_distance_cost * metres + kind.unit_duration_cost * (seconds + wait + warp)
        np.minimum(cheapest, cost, out=cheapest)
    np.minimum(cheapest, cheapest.T, out=cheapest)
    np.fill_diagonal(cheapest, np.inf)
    most = min(_NEIGHBOURS, count - 1)
    nearest = np.argpartition(cheapest, most - 1, axis=1)[:, :most]
    activities = [Activity(ActivityType.CLIENT, one) for one in range(count)]
    return {
        activities[row]: [activities[one] for one in sorted(columns.tolist())]
        for row, columns in enumerate(nearest)
    }
