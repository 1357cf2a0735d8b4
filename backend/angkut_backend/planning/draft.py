"""Timetables in the making: dropping what does not fit, putting in what is worth it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from angkut_backend.planning.detours import savings_s
from angkut_backend.planning.greedy import Order
from angkut_backend.planning.insertions import Insertion, cheapest_places, surely_wrong
from angkut_backend.planning.instance import MUST_PRIZE_RP, Instance
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Bin, Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Misfit, Timetable, Visit

#: Misfits that the bin itself is to blame for; else the route as a whole is too much.
_OWN_FAULT = frozenset({"access", "unreachable", "window", "load"})


@dataclass(slots=True)
class Draft:
    """One timetable a vehicle in use."""

    rules: Rules
    scheduler: Scheduler
    takeovers: Mapping[str, Takeover]
    routes: dict[str, Timetable] = field(default_factory=dict)
    #: What leaving every bin would cost.
    offered_rp: float = 0
    #: What was in the way of bins that were to be put in last; more bins do not make it better.
    misfits: dict[str, Misfit] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        instance: Instance,
        scheduler: Scheduler,
        takeovers: Mapping[str, Takeover],
        orders: Mapping[str, Order],
    ) -> "Draft":
        """Work out the times of orders; bins that do not fit after all are left out."""
        offered_rp = sum(map(worth_rp, instance.rules.problem.bins))
        draft = cls(instance.rules, scheduler, takeovers, offered_rp=offered_rp)
        for code, takeover in takeovers.items():
            visits = _visits(instance, orders.get(code, []))
            draft.put(takeover.vehicle, [*takeover.visits, *visits])
        return draft

    @property
    def served(self) -> set[str]:
        """Return the bins on any route."""
        return {code for route in self.routes.values() for code in route.bins}

    def value_rp(self) -> float:
        """Return cost, missed prizes and changes: what is to be small."""
        on_routes = (code for route in self.routes.values() for code in route.bins)
        missed = self.offered_rp - sum(worth_rp(self.rules.bins[code]) for code in on_routes)
        changes = self.changed() * self.rules.problem.change_rp
        return sum(route.cost_rp for route in self.routes.values()) + missed + changes

    def changed(self) -> int:
        """Return how many bins are on another vehicle than before."""
        earlier = self.rules.problem.earlier
        return sum(
            earlier.get(bin_code, code) != code
            for code, route in self.routes.items()
            for bin_code in route.bins
        )

    def put(self, vehicle: Vehicle, visits: Sequence[Visit]) -> None:
        """Give a vehicle these visits, without those that do not fit."""
        found = self.fitted(vehicle, visits) or self.scheduler.way_home(vehicle)
        if found is not None and (found.bins or vehicle.underway):
            self.routes[vehicle.code] = found
        else:
            self.routes.pop(vehicle.code, None)

    def fitted(
        self, vehicle: Vehicle, visits: Sequence[Visit], keep: frozenset[str] = frozenset()
    ) -> Timetable | None:
        """Drop visits until the rest can be driven, the least worth for their time first."""
        fixed = self.takeovers[vehicle.code].visits
        kept = keep | {visit.code for visit in fixed}
        wanted = _tidy(visits, fixed, vehicle)
        while True:
            found = self.scheduler.timetable(vehicle, wanted)
            if isinstance(found, Timetable):
                return found
            at = self._to_drop(vehicle, wanted, found, kept)
            if at is None:
                return None
            wanted = _tidy([*wanted[:at], *wanted[at + 1 :]], fixed, vehicle)

    def insertions(self, bins: Sequence[Bin], most: int) -> list[list[Insertion]]:
        """Return for each bin the cheapest places, by matrices alone: times are not checked.

        Returns
        -------
        For each bin at most `most` places, the cheapest first.
        """
        visits = {code: self._visits(takeover.vehicle) for code, takeover in self.takeovers.items()}
        return cheapest_places(self.rules, self.takeovers, visits, self.routes, bins, most)

    def insert(self, one: Bin, places: Iterable[Insertion]) -> bool:
        """Put a bin into the first place where it fits and costs less than it is worth."""
        found = self._first_fit(one, places)
        if isinstance(found, Misfit):
            self.misfits[one.code] = found
            return False
        self.routes[found.vehicle.code] = found
        return True

    def trial(self, one: Bin, places: Iterable[Insertion]) -> Misfit | None:
        """Say why a bin does not fit; `worth` if it fits somewhere but costs too much."""
        if one.code in self.misfits:
            return self.misfits[one.code]
        found = self._first_fit(one, places)
        return found if isinstance(found, Misfit) else None

    def _first_fit(self, one: Bin, places: Iterable[Insertion]) -> Timetable | Misfit:
        wrong: Misfit | None = None
        for place in places:
            found = self._tried(one, place)
            if isinstance(found, Timetable):
                return found
            if wrong is None or found.what == "worth":
                wrong = found
        return wrong or Misfit("access", 0)

    def force(self, one: Bin, places: Iterable[Insertion]) -> bool:
        """Put a bin in at the cost of others, where that is worth it."""
        value_rp = self.value_rp()
        for place in places:
            vehicle = self.rules.vehicles[place.vehicle]
            before = self.routes.get(place.vehicle)
            visits = self._visits(vehicle)
            visits.insert(place.at, Visit(StepKind.STOP, one.code))
            found = self.fitted(vehicle, visits, keep=frozenset({one.code}))
            if found is None or not self.rules.in_place(found.bins):
                continue
            self.routes[place.vehicle] = found
            if self.value_rp() < value_rp:
                # What made room leaves some, perhaps for others.
                self.misfits.clear()
                return True
            if before is None:
                del self.routes[place.vehicle]
            else:
                self.routes[place.vehicle] = before
        return False

    def _tried(self, one: Bin, place: Insertion) -> Timetable | Misfit:
        vehicle = self.rules.vehicles[place.vehicle]
        before = self.routes.get(place.vehicle)
        if before and (wrong := surely_wrong(self.rules, before, one, place.at)):
            return Misfit(wrong, place.at)
        visits = self._visits(vehicle)
        visits.insert(place.at, Visit(StepKind.STOP, one.code))
        found = self.scheduler.timetable(vehicle, visits)
        if isinstance(found, Misfit):
            return found
        if not self.rules.in_place(found.bins):
            return Misfit("lock", place.at)
        extra_rp = found.cost_rp - (before.cost_rp if before else 0)
        worth = one.must is not None or extra_rp < one.prize_rp
        return found if worth else Misfit("worth", place.at)

    def _visits(self, vehicle: Vehicle) -> list[Visit]:
        route = self.routes.get(vehicle.code)
        if route is None:
            return []
        visits = route.visits
        # The last unloading comes by itself, where it suits the last stop.
        return visits[:-1] if visits and visits[-1].kind is StepKind.UNLOAD else visits

    def _to_drop(
        self, vehicle: Vehicle, visits: Sequence[Visit], wrong: Misfit, keep: frozenset[str]
    ) -> int | None:
        stops = [
            at
            for at, visit in enumerate(visits)
            if visit.kind is StepKind.STOP and visit.code not in keep
        ]
        if wrong.what in _OWN_FAULT and wrong.at in stops:
            return wrong.at
        if not stops:
            return None
        saved_s = savings_s(self.rules, vehicle, visits)

        def worth_per_s(at: int) -> float:
            one = self.rules.bins[visits[at].code]
            return worth_rp(one) / max(saved_s[at] + one.service_s, 1)

        return min(stops, key=worth_per_s)


def worth_rp(one: Bin) -> float:
    """Return what leaving a bin costs in the planner's eyes."""
    return one.prize_rp + (MUST_PRIZE_RP if one.must else 0)


def _visits(instance: Instance, order: Order) -> list[Visit]:
    visits = []
    for node in order:
        if node < 0:
            site = instance.rules.problem.disposal_sites[~node]
            visits.append(Visit(StepKind.UNLOAD, site.code))
        else:
            visits += [Visit(StepKind.STOP, one.code) for one in instance.groups[node].bins]
    return visits


def _tidy(visits: Sequence[Visit], fixed: Sequence[Visit], vehicle: Vehicle) -> list[Visit]:
    """Take out unloadings with nothing to unload, but for those that are fixed."""
    on = vehicle.underway
    tidy = list(visits[: len(fixed)])
    for visit in visits[len(fixed) :]:
        loaded = tidy[-1].kind is StepKind.STOP if tidy else bool(on and on.load_l + on.load_kg)
        if visit.kind is StepKind.STOP or loaded:
            tidy.append(visit)
    return tidy
