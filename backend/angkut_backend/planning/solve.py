"""From a problem to a plan: a pure function of problem, travel, budget and seed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from angkut_backend.planning.draft import Draft, worth_rp
from angkut_backend.planning.earlier import earlier_draft, unrest_rp
from angkut_backend.planning.greedy import CAPS_RP, Order, greedy_orders
from angkut_backend.planning.insertions import best_by_vehicle
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.placing import place_locked
from angkut_backend.planning.plan_document import Plan, Provenance, StepKind, Totals
from angkut_backend.planning.problem import Problem, Vehicle
from angkut_backend.planning.reasons import left_reasons, served_reasons
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler, needs_break
from angkut_backend.planning.search import Budget, Meter, Watch, search
from angkut_backend.planning.takeover import Takeover, take_over
from angkut_backend.planning.vrp import VrpBuilder
from angkut_backend.planning.vrp_start import orders_of
from angkut_backend.roads.travel import Travel

#: Places that are tried for a bin that the search has left out though it is worth its cost.
_PLACES = 6
_EVERYWHERE = 10_000
_ROUNDS = 3
#: When so many in a row find no place, vehicles are full, and the rest is left to the search.
_IN_VAIN = 12
#: For so many bins others are thrown out, which takes some 30 ms each with 3,000 bins.
_FORCED = 24


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
    starts = (greedy_orders(planner.instance, planner.takeovers, cap_rp) for cap_rp in CAPS_RP)
    drafts = [*planner.earlier(), *(planner.draft(one) for one in starts)]
    first = min(drafts, key=_burden_rp)
    usable = any(takeover.trips_left > 0 for takeover in planner.takeovers.values())
    if not planner.instance.groups or not usable:
        return planner.document(first, "search", 0)
    on_first(planner.document(first, "greedy", 0))
    vrp = VrpBuilder(planner.instance, planner.takeovers).build()
    orders = search(vrp, orders_of(first, planner.instance), meter, seed)
    best = min([planner.draft(orders), first], key=_burden_rp)
    planner.fill(best)
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

    def draft(self, orders: Mapping[str, Order]) -> Draft:
        """Work out exact times, and put in what the search left out though it is worth it."""
        return self._completed(Draft.of(self.instance, self.scheduler, self.takeovers, orders))

    def earlier(self) -> Iterator[Draft]:
        """Yield the plan that is being changed, as far as it still holds, if there is one."""
        found = earlier_draft(self.instance, self.scheduler, self.takeovers)
        if found is not None:
            self.fill(self._completed(found))
            yield found

    def _completed(self, draft: Draft) -> Draft:
        place_locked(draft)
        musts = [one for group in self.instance.groups for one in group.bins if one.must]
        forces = _FORCED
        # One that makes room for another may find a place again.
        for _ in range(_ROUNDS):
            served, failed = draft.served, 0
            for one in [one for one in musts if one.code not in served]:
                places = draft.insertions([one], _EVERYWHERE if forces else _PLACES)[0]
                done = draft.insert(one, places[:_PLACES])
                if not done and forces:
                    forces -= 1
                    done = draft.force(one, best_by_vehicle(places))
                failed = 0 if done else failed + 1
                if failed == _IN_VAIN:
                    break
        return draft

    def fill(self, draft: Draft) -> None:
        """Put in what the search left out though it is worth its cost, the best gain first."""
        served = draft.served
        offered = [one for group in self.instance.groups for one in group.bins]
        missing = [one for one in offered if one.code not in served]
        found = draft.insertions(missing, _PLACES)
        gains = [
            (worth_rp(one) - places[0].cost_rp, one.code, places)
            for one, places in zip(missing, found, strict=True)
            if places
        ]
        changed: set[str] = set()
        for gain_rp, code, known in sorted(gains, key=lambda gain: gain[:2], reverse=True):
            if gain_rp <= 0:
                break
            one, places = self.instance.rules.bins[code], known
            if not changed.isdisjoint(place.vehicle for place in places):
                places = draft.insertions([one], _PLACES)[0]
            before = dict(draft.routes)
            if draft.insert(one, places):
                changed |= {key for key, route in draft.routes.items() if route != before.get(key)}

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
                solver=f"pyvrp {version('pyvrp')}",
                stage=stage,
            ),
            notes=tuple(self._notes(draft)),
        )

    def _notes(self, draft: Draft) -> Iterator[str]:
        for takeover in self.takeovers.values():
            if takeover.vehicle.underway:
                yield from _homeward(draft, takeover.vehicle)
            for code, what in takeover.failed.items():
                yield f"{code} cannot be among the first bins of {takeover.vehicle.code}: {what}"


def _homeward(draft: Draft, vehicle: Vehicle) -> Iterator[str]:
    """Say what a vehicle under way cannot keep to on its way home."""
    route = draft.routes.get(vehicle.code)
    if route is None:
        yield f"{vehicle.code} has no route: no road leads it home"
        return
    last, moment = route.lines[-1], draft.rules.problem.moment
    if route.end_s > vehicle.shift.to_s:
        yield (
            f"{vehicle.code} cannot be back by {moment(vehicle.shift.to_s):%H:%M}: it goes home at "
            f"once and is there at {moment(route.end_s):%H:%M}"
        )
    if last.load_l or last.load_kg:
        yield (
            f"{vehicle.code} comes home with {last.load_l} l, {last.load_kg} kg: it reaches no "
            "disposal site before it closes"
        )
    has_break = any(line.kind is StepKind.BREAK for line in route.lines)
    if needs_break(vehicle, route.lines) and not has_break:
        yield f"{vehicle.code} goes home without its break: there is no time for it"


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
