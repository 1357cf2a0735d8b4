"""From a problem to a plan: a pure function of problem, travel, budget and seed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.earlier import earlier_draft, unrest_rp
from angkut_backend.planning.greedy import CHOICES, DUTIES, Greedy, Order
from angkut_backend.planning.inserter import put_in, put_in_duties
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.placing import place_locked
from angkut_backend.planning.plan_document import Plan, Provenance, StepKind, Totals
from angkut_backend.planning.problem import Bin, Problem
from angkut_backend.planning.reasons import left_reasons, served_reasons
from angkut_backend.planning.remarks import remarks
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.search import Budget, Meter, Watch, search
from angkut_backend.planning.takeover import Takeover, take_over
from angkut_backend.planning.vrp import VrpBuilder
from angkut_backend.planning.vrp_start import orders_of
from angkut_backend.roads.travel import Travel
from angkut_broker import __version__

#: So many missing bins have others thrown out for them before the best start is known.
_FEW = 300


def plan(
    problem: Problem,
    travel: Travel,
    budget: Budget,
    seed: int = 0,
    *,
    watch: Watch = lambda _used: False,
    on_first: Callable[[Plan], None] = lambda _plan: None,
) -> Plan:
    """Choose bins, vehicles and orders for one shift.

    Parameters
    ----------
    watch
        Hears how much of the budget is used, 0 to 1; returns whether to stop and take the best.
    on_first
        Hears a feasible plan that is there within a second or two, before the search.

    Returns
    -------
    A plan for what can be done; what cannot is in `left`, with the reason. With a budget of
    iterations alone, the same arguments and solver version give the same plan.
    """
    meter = Meter(budget, watch)
    planner = _Planner.of(problem, travel, seed)
    first = planner.first()
    usable = any(takeover.trips_left > 0 for takeover in planner.takeovers.values())
    if not planner.instance.groups or not usable:
        return planner.document(first, "search", 0)
    on_first(planner.document(first, "greedy", 0))
    if budget.iterations == 0:
        return planner.document(first, "search", 0)
    vrp = VrpBuilder(planner.instance, planner.takeovers).build()
    orders = search(vrp, orders_of(first, planner.instance), meter, seed)
    found = planner.draft(orders)
    planner.fill(found)
    best = min([found, first], key=_burden_rp)
    return planner.document(best, "search", meter.iterations)


@dataclass(frozen=True, slots=True)
class _Planner:
    """What all steps of one call share."""

    problem: Problem
    travel: Travel
    seed: int
    instance: Instance
    scheduler: Scheduler
    takeovers: Mapping[str, Takeover]

    @classmethod
    def of(cls, problem: Problem, travel: Travel, seed: int) -> "_Planner":
        rules = Rules(problem, travel)
        scheduler = Scheduler(rules)
        takeovers = {one.code: take_over(rules, scheduler, one) for one in problem.vehicles}
        taken = frozenset(
            visit.code
            for takeover in takeovers.values()
            for visit in takeover.visits
            if visit.kind is StepKind.STOP
        )
        failed = frozenset(code for takeover in takeovers.values() for code in takeover.failed)
        instance = Instance.of(rules, taken=taken | failed)
        return cls(problem, travel, seed, instance, scheduler, takeovers)

    def first(self) -> Draft:
        """Return the best of some drafts that are there at once."""
        greedy = Greedy(self.instance, self.takeovers)
        drafts = [*self.earlier(), *(self.draft(greedy.orders(one)) for one in CHOICES)]
        best = min(drafts, key=_burden_rp)
        self.fill(best)
        if _missing(best, self.duties()) and not self.instance.must.all():
            other = self.draft(greedy.orders(DUTIES))
            self.fill(other)
            best = min([best, other], key=_burden_rp)
        return best

    def duties(self) -> list[Bin]:
        """Return the bins that must be served and can be."""
        return [one for one in self.instance.bins if one.must]

    def draft(self, orders: Mapping[str, Order]) -> Draft:
        """Work out exact times, and put in what must be served and was left out."""
        return self._completed(Draft.of(self.instance, self.scheduler, self.takeovers, orders))

    def earlier(self) -> Iterator[Draft]:
        """Yield the plan that is being changed, as far as it still holds, if there is one."""
        found = earlier_draft(self.instance, self.scheduler, self.takeovers)
        if found is not None:
            self.fill(self._completed(found))
            yield found

    def _completed(self, draft: Draft) -> Draft:
        """Put in what must be served and is missing; of few also at the cost of others."""
        place_locked(draft)
        put_in_duties(draft, _missing(draft, self.duties()), forced=False)
        if len(missing := _missing(draft, self.duties())) <= _FEW:
            put_in_duties(draft, missing, forced=True)
        return draft

    def fill(self, draft: Draft) -> None:
        """Put in all that must be served and can be, then what is worth its cost."""
        put_in_duties(draft, _missing(draft, self.duties()), forced=True)
        put_in(draft, _missing(draft, self.instance.bins))

    def document(self, draft: Draft, stage: Literal["greedy", "search"], iterations: int) -> Plan:
        """Write the plan down, with reasons and sums."""
        left = left_reasons(draft, self.instance.out, searched=stage == "search")
        return Plan(
            routes=tuple(route.document() for _, route in sorted(draft.routes.items())),
            served=tuple(served_reasons(draft)),
            left=tuple(left),
            totals=_totals(draft, sum(one.prize_rp for one in left)),
            provenance=Provenance(
                problem_sha256=digest(self.problem),
                travel_sha256=self.travel.digest,
                travel_source=self.travel.source,
                approximate=self.travel.approximate,
                seed=self.seed,
                iterations=iterations,
                solver=f"angkut {__version__}, pyvrp {version('pyvrp')}",
                stage=stage,
            ),
            notes=tuple(remarks(draft, self.takeovers.values())),
        )


def _missing(draft: Draft, bins: Iterable[Bin]) -> list[Bin]:
    served = draft.served
    return [one for one in bins if one.code not in served]


def _burden_rp(draft: Draft) -> float:
    """Return what is to be small: the value, and what an earlier plan's crews must learn anew."""
    return draft.value_rp() + unrest_rp(draft)


def digest(problem: Problem) -> str:
    """Return the name of a problem's content."""
    return hashlib.sha256(problem.model_dump_json().encode()).hexdigest()


def _totals(draft: Draft, missed_rp: float) -> Totals:
    routes = list(draft.routes.values())
    lines = [line for route in routes for line in route.lines]
    unloads = [line for line in lines if line.kind is StepKind.UNLOAD]
    stops = [draft.rules.bins[line.code] for line in lines if line.kind is StepKind.STOP]
    return Totals(
        distance_m=sum(route.distance_m for route in routes),
        duration_s=sum(route.end_s - route.begin_s for route in routes),
        queue_s=sum(line.begin_s - line.arrive_s for line in unloads),
        load_kg=sum(one.load_kg for one in stops),
        load_l=sum(one.load_l for one in stops),
        trips=len(unloads),
        stops=len(stops),
        vehicles=len(routes),
        cost_rp=round(sum(route.cost_rp for route in routes)),
        missed_rp=round(missed_rp),
        changed=draft.changed(),
        objective_rp=round(draft.value_rp()),
    )
