"""Simulated annealing over PyVRP's local search, from a given start, for runs of seconds.

What differs from PyVRP's own `solve`:

- The start is ours; its defaults found no feasible plan for 3,000 bins within 25 s.
- Every so often a whole trip is thrown away and others are built, see `trips`: which vehicles go
  out, and how often, decides more than the order of bins. Then only the stops of vehicles whose day
  changed are improved: all of them took half of the time at 1,000 bins, two thirds at 3,000.
- Worse solutions are accepted by a temperature that falls with the budget, so that a short run
  settles as a long one does.
- Fewer clients are moved at once, penalties follow feasibility sooner. New places to unload are
  sought only after trips were rebuilt: with every move that took a third of the time.
- Where each client must be served, a move that came to nothing is followed by a wider one.
- Bins that must be served are required where the start shows that all can be: PyVRP puts what is
  required where it costs least, but what brings a high prize beside the first neighbour.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyvrp import (
    Activity,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
    Solution,
)
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.search import (
    OPERATORS,
    BinaryOperator,
    LocalSearch,
    PerturbationManager,
    PerturbationParams,
    RelocateWithDepot,
)

from angkut_backend.planning.greedy import Order
from angkut_backend.planning.neighbours import NEIGHBOURS, neighbours_of
from angkut_backend.planning.trips import TripBuilder
from angkut_backend.planning.vrp import Vrp
from angkut_backend.planning.vrp_clients import COST_SCALE

#: Clients that one iteration moves at most; PyVRP's 25 take twice as long and find no more.
_MOVED = 10
#: The same after a move that came to nothing, where all must be served: of long tours four of five
#: moves end where they began. Where bins are chosen two of five do, and this gained nothing.
_MOVED_WIDELY = 25
#: Neighbours where all must be served and loads are mixed: what still fits into a trip is seldom
#: what stands nearest. Where loads are alike more of them only make the search slower.
_NEIGHBOURS_OF_MIXED_LOADS = 50
#: Iterations from one rebuilding of trips to the next, which costs some 20 of them.
_REBUILD_EVERY = 50
#: A run of few iterations rebuilds more often, about so many times: each is worth more there than
#: the iterations that it costs. With a budget of time they are what is scarce, above all with many
#: bins, where this lost 2 %.
_REBUILDS = 50
_REBUILD_AT_MOST_EVERY = 2
#: Of so many rebuildings one is followed by a pass over all stops.
_POLISH_EVERY = 10
#: Temperature at the start, as a share of what serving and leaving costs for each client served.
_TEMPERATURE = 0.2
#: The same where all must be served: there is no choice of whom, and orders settle sooner.
_TEMPERATURE_OF_DUTIES = 0.05
#: Above this an exhaustive pass over the start takes longer than it gains.
_POLISH_CLIENTS = 2_000
#: For one litre, kg or second too much. High at first: feasible solutions are found at once.
_FIRST_PENALTY = 500_000.0 * COST_SCALE
#: More than all bins of a stop can bring, or overloading would look cheap.
_MAX_PENALTY = 10_000_000.0 * COST_SCALE


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search: by time, or by iterations, which gives the same plan each time."""

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        """Refuse an endless search."""
        if self.seconds is None and self.iterations is None:
            raise ValueError("a budget needs seconds or iterations")


_Neighbours = dict[Activity, list[Activity]]

#: Hears the share of the budget that is used, 0 to 1; returns whether to stop.
Watch = Callable[[float], bool]


class Meter:
    """Tells how much of a budget is used, from now on, and lets others watch."""

    def __init__(self, budget: Budget, watch: Watch) -> None:
        self._budget = budget
        self._watch = watch
        self._began_s = time.perf_counter()
        self.iterations = 0

    @property
    def rebuild_every(self) -> int:
        """Return how many iterations there are from one rebuilding of trips to the next."""
        if self._budget.iterations is None:
            return _REBUILD_EVERY
        few = self._budget.iterations // _REBUILDS
        return min(max(few, _REBUILD_AT_MOST_EVERY), _REBUILD_EVERY)

    def used(self) -> float:
        """Return the share of the budget that is used."""
        shares = []
        if self._budget.seconds is not None:
            elapsed_s = time.perf_counter() - self._began_s
            shares.append(elapsed_s / max(self._budget.seconds, 1e-9))
        if self._budget.iterations is not None:
            shares.append(self.iterations / max(self._budget.iterations, 1))
        return min(1.0, max(shares))

    def is_over(self, used: float) -> bool:
        """Tell whether to stop; else one more iteration is counted."""
        if used >= 1 or self._watch(used):
            return True
        self.iterations += 1
        return False


def search(vrp: Vrp, start: Mapping[str, Order], meter: Meter, seed: int) -> dict[str, Order]:
    """Improve a start until the budget is used or someone says stop.

    Returns
    -------
    What each vehicle does in the best plan found.
    """
    vrp = vrp.requiring(start)
    first = vrp.solution(start)
    is_choice = not all(way.must for way in vrp.ways)
    with warnings.catch_warnings():
        # A penalty at its bound says that loads or times are tight, which is no fault here.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        return vrp.orders(_anneal(vrp.data, first, meter, is_choice, seed))


def _anneal(
    data: ProblemData, first: Solution, meter: Meter, is_choice: bool, seed: int
) -> Solution:
    """Return the best solution on the way, feasible if any was.

    Parameters
    ----------
    is_choice
        Whether some clients may be left.
    """
    is_mixed = not is_choice and _has_mixed_loads(data)
    neighbours = neighbours_of(data, _NEIGHBOURS_OF_MIXED_LOADS if is_mixed else NEIGHBOURS)
    moving = _local_search(data, neighbours, seed, _MOVED, [RelocateWithDepot])
    wider = _local_search(data, neighbours, seed, _MOVED_WIDELY, [RelocateWithDepot])
    thorough = _local_search(data, neighbours, seed, _MOVED)
    heat = _TEMPERATURE if is_choice else _TEMPERATURE_OF_DUTIES
    trips = TripBuilder(data, np.random.default_rng(seed))
    chance = np.random.default_rng([seed, 1])
    params = PenaltyParams(
        solutions_between_updates=20, target_feasible=0.8, max_penalty=_MAX_PENALTY
    )
    loads = [_FIRST_PENALTY] * data.num_load_dimensions
    penalties = PenaltyManager((loads, _FIRST_PENALTY, _FIRST_PENALTY), params)
    if data.num_clients <= _POLISH_CLIENTS:
        evaluator = penalties.max_cost_evaluator()
        polished = thorough(first, evaluator, exhaustive=True)
        if evaluator.penalised_cost(polished) < evaluator.penalised_cost(first):
            first = polished
    best = current = first
    local = moving
    while not meter.is_over(used := meter.used()):
        evaluator = penalties.cost_evaluator()
        rebuilding, since = divmod(meter.iterations, meter.rebuild_every)
        if since:
            candidate = local(current, evaluator)
            local = moving if is_choice or candidate != current else wider
        else:
            changed = trips.rebuilt(current)
            thorough.neighbours = (
                _where_changed(neighbours, current, changed)
                if rebuilding % _POLISH_EVERY
                else neighbours
            )
            candidate = thorough(changed, evaluator, exhaustive=True)
        penalties.register(candidate)
        if evaluator.cost(candidate) < evaluator.cost(best):
            best = candidate
        worse = (1 - used) * heat * _cost_of_client(best) * chance.exponential()
        if evaluator.penalised_cost(candidate) < evaluator.penalised_cost(current) + worse:
            current = candidate
    return best


def _has_mixed_loads(data: ProblemData) -> bool:
    """Tell whether the volumes of clients spread, by standard deviation, above their mean."""
    volumes = np.array([one.pickup[0] for one in data.clients()], dtype=np.float64)
    return volumes.size > 0 and bool(volumes.std() > volumes.mean())


def _where_changed(neighbours: _Neighbours, before: Solution, after: Solution) -> _Neighbours:
    """Return the neighbours of stops of vehicles whose day is another; of all others none."""
    days, new_days = (
        {tuple(one.idx for one in route if one.is_client()) for route in solution.routes()}
        for solution in (before, after)
    )
    stops = {stop for day in days ^ new_days for stop in day}
    return {one: near if one.idx in stops else [] for one, near in neighbours.items()}


def _cost_of_client(best: Solution) -> float:
    """Return what serving and leaving cost in the best solution, for each client served."""
    cost = best.distance_cost() + best.duration_cost() + best.fixed_vehicle_cost()
    return (cost + best.uncollected_prizes()) / max(best.num_clients(), 1)


def _local_search(
    data: ProblemData,
    neighbours: _Neighbours,
    seed: int,
    moved: int,
    without: Sequence[type[BinaryOperator]] = (),
) -> LocalSearch:
    perturbation = PerturbationManager(PerturbationParams(max_perturbations=moved))
    rng = RandomNumberGenerator(seed=seed)
    local = LocalSearch(data, rng, neighbours, perturbation)
    for operator in OPERATORS:
        if operator not in without and operator.supports(data):
            local.add_operator(operator(data))
    return local
