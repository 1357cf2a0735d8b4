"""Timetables in the making: dropping what does not fit, putting in what is worth it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from angkut_backend.planning.detours import savings_s
from angkut_backend.planning.greedy import Order
from angkut_backend.planning.insertions import Insertion, Spots, cheapest_places
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
        return self.offered_rp + sum(map(self._cost_rp, self.routes.values()))

    def changed(self) -> int:
        """Return how many bins are on another vehicle than before."""
        return sum(map(self._moved, self.routes.values()))

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

    def spots(self, code: str, *, forced: bool = False) -> Spots | None:
        """Return where bins can be put into the route of a vehicle; `None`: nowhere.

        Parameters
        ----------
        forced
            As if nothing else were on it but what must be served; a trip more is a place, too.
        """
        takeover, route = self.takeovers[code], self.routes.get(code)
        if takeover.trips_left < 1:
            return None
        visits = self._visits(takeover.vehicle)
        if forced and route is not None:
            visits = self._needed(takeover.vehicle, route.visits)
        return Spots(self.rules, takeover, visits, route is None)

    def insertions(self, bins: Sequence[Bin], most: int) -> list[list[Insertion]]:
        """Return for each bin at most `most` cheapest places, also where it surely does not fit."""
        return cheapest_places(self.all_spots(), bins, most)

    def all_spots(self) -> list[Spots]:
        """Return where bins can be put into routes."""
        return [one for code in self.takeovers if (one := self.spots(code)) is not None]

    def insert(self, one: Bin, place: Insertion) -> bool:
        """Put a bin in where it fits and costs less than it is worth."""
        found = self._tried(one, place)
        if isinstance(found, Timetable):
            self.routes[place.vehicle] = found
        return isinstance(found, Timetable)

    def force(self, one: Bin, place: Insertion) -> bool:
        """Put in what must be served, at the cost of what need not be.

        Parameters
        ----------
        place
            Among forced spots.
        """
        vehicle, before = self.rules.vehicles[place.vehicle], self.routes.get(place.vehicle)
        if before is None:
            return self.insert(one, place)
        stop = Visit(StepKind.STOP, one.code)
        needed = self._needed(vehicle, before.visits)
        least = self.scheduler.timetable(
            vehicle, _tidy([*needed[: place.at], stop, *needed[place.at :]], [], vehicle)
        )
        if isinstance(least, Misfit):
            return False
        visits = before.visits
        if place.at < len(needed):
            nth = needed[: place.at + 1].count(needed[place.at])
            at = [n for n, visit in enumerate(visits) if visit == needed[place.at]][nth - 1]
        else:
            at = len(visits)
        keep = frozenset(visit.code for visit in needed) | {one.code}
        found = self.fitted(vehicle, [*visits[:at], stop, *visits[at:]], keep)
        # Without the others a bin that is locked to a place may not be there any more.
        for route in (found, least):
            if route is not None and self.rules.in_place(route.bins):
                self.routes[place.vehicle] = route
                return True
        return False

    def _needed(self, vehicle: Vehicle, visits: Sequence[Visit]) -> list[Visit]:
        """Return visits without the bins that nobody needs served."""
        fixed = self.takeovers[vehicle.code].visits
        bins, rules = self.rules.bins, self.rules
        needed = [
            visit
            for visit in visits[len(fixed) :]
            if visit.kind is StepKind.UNLOAD
            or bins[visit.code].must
            or rules.locked(bins[visit.code])
        ]
        return _tidy([*fixed, *needed], fixed, vehicle)

    def trial(self, one: Bin, places: Iterable[Insertion]) -> Misfit | None:
        """Say why a bin does not fit; `worth` if it does, where it adds least, but costs more."""
        wrong = Misfit("access", 0)
        for place in places:
            found = Misfit(place.wrong, place.at) if place.wrong else self._tried(one, place)
            if isinstance(found, Timetable):
                return None
            wrong = min(wrong, found, key=lambda one: one.rank)
        if wrong.what != "load" or one.must:
            # What must be served has been tried on a trip of its own.
            return wrong
        found = self._on_own_trip(one)
        return None if isinstance(found, Timetable) else min(wrong, found, key=lambda one: one.rank)

    def _cost_rp(self, route: Timetable) -> float:
        """Return what a route adds to the value of the draft: its cost less its bins' worth."""
        worth = sum(worth_rp(self.rules.bins[code]) for code in route.bins)
        changes = self._moved(route) * self.rules.problem.change_rp
        return route.cost_rp - worth + changes

    def _moved(self, route: Timetable) -> int:
        earlier, vehicle = self.rules.problem.earlier, route.vehicle.code
        return sum(earlier.get(code, vehicle) != vehicle for code in route.bins)

    def _tried(self, one: Bin, place: Insertion) -> Timetable | Misfit:
        vehicle = self.rules.vehicles[place.vehicle]
        return self._with(one, vehicle, self._visits(vehicle), place.at)

    def _on_own_trip(self, one: Bin) -> Timetable | Misfit:
        """Try a bin behind all else on the vehicle that is back first: it has most time left."""
        crew = self.rules.crew(one)
        able = [route for code, route in self.routes.items() if code in crew]
        if not able:
            return Misfit("load", 0)
        soonest = min(able, key=lambda route: route.end_s)
        return self._with(one, soonest.vehicle, soonest.visits, len(soonest.visits))

    def _with(
        self, one: Bin, vehicle: Vehicle, visits: Sequence[Visit], at: int
    ) -> Timetable | Misfit:
        """Return the route of a vehicle with a bin before a visit, if it is worth its cost."""
        before = self.routes.get(vehicle.code)
        stop = Visit(StepKind.STOP, one.code)
        found = self.scheduler.timetable(vehicle, [*visits[:at], stop, *visits[at:]])
        if isinstance(found, Misfit):
            return found
        if not self.rules.in_place(found.bins):
            return Misfit("lock", at)
        extra_rp = found.cost_rp - (before.cost_rp if before else 0)
        worth = one.must is not None or extra_rp < one.prize_rp
        return found if worth else Misfit("worth", at, (extra_rp, vehicle.code))

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
