"""The instance in PyVRP's terms, and its solutions back in ours.

What PyVRP has no word for is put into matrices and load dimensions:

- A tour must unload before it ends. Its end is a virtual place: the way there leads over the best
  disposal site to the depot and includes queue and tipping.
- A queue that depends on the hour becomes one unloading place for each part of the day.
- A group that only some vehicles may serve loads one unit of a dimension of its own, of which the
  other vehicles hold nothing.
- Several windows, and staying on the vehicle of an earlier plan or not, are clients that exclude
  each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from pyvrp import (
    Depot,
    Location,
    ProblemData,
    Solution,
    VehicleType,
)

from angkut_backend.planning.greedy import Order
from angkut_backend.planning.instance import ANY_TIME_S, Instance
from angkut_backend.planning.problem import DisposalSite, Vehicle
from angkut_backend.planning.schedule import pause_s
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.vrp_clients import COST_SCALE, Way, clients_of, required, ways_of
from angkut_backend.planning.vrp_matrices import matrices_of
from angkut_backend.planning.vrp_start import solution_of

#: No vehicle carries so many units of a dimension that only says who may serve what.
_FREE = 1_000_000
#: Parts of the day with an own queue at each disposal site; more slow the search down.
_DAY_PARTS = 4
#: Parts of the day whose waits differ by no more than this are one.
_SAME_WAIT_S = 120


@dataclass(frozen=True, slots=True)
class Vrp:
    """PyVRP's problem data with the way back to groups, sites and vehicles."""

    data: ProblemData
    #: What each client is.
    ways: list[Way]
    #: Disposal site, by its place in the problem, of each depot that is one.
    site_of: dict[int, int]
    #: Depots of each disposal site, one for each part of the day.
    depots_of: dict[int, list[int]]
    #: Vehicles of each vehicle type.
    vehicles_of: list[list[str]]

    def solution(self, orders: Mapping[str, Order]) -> Solution:
        """Return a solution that does what the orders say."""
        return solution_of(self.data, orders, self.ways, self.depots_of, self.vehicles_of)

    def requiring(self, start: Mapping[str, Order]) -> "Vrp":
        """Return the same with groups that must be served required, if a start serves all."""
        served = {node for order in start.values() for node in order if node >= 0}
        musts = {way.group for way in self.ways if way.must}
        if not musts or not musts <= served:
            return self
        return replace(self, data=required(self.data, self.ways))

    def orders(self, solution: Solution) -> dict[str, Order]:
        """Return what each vehicle does in a solution."""
        left = [list(vehicles) for vehicles in self.vehicles_of]
        orders: dict[str, Order] = {code: [] for codes in left for code in codes}
        for route in solution.routes():
            inner = list(route)[1:-1]
            orders[left[route.vehicle_type()].pop(0)] = [
                self.ways[one.idx].group if one.is_client() else ~self.site_of[one.idx]
                for one in inner
            ]
        return orders


class VrpBuilder:
    """Collects locations, depots and vehicle types of one instance."""

    def __init__(self, instance: Instance, takeovers: Mapping[str, Takeover]) -> None:
        self._instance = instance
        self._rules = instance.rules
        self._takeovers = [t for t in takeovers.values() if t.trips_left > 0]
        problem = self._rules.problem
        times = [t.time_s for t in self._takeovers]
        times += [site.opening.from_s for site in problem.disposal_sites]
        #: PyVRP's times begin at 0.
        self._zero_s = min(times, default=0)
        self._starts = sorted({t.point for t in self._takeovers})
        self._sites = problem.disposal_sites
        #: One virtual end for each way of going home: vehicle that stands for it.
        self._ends: dict[tuple[object, ...], Vehicle] = {}
        for takeover in self._takeovers:
            self._ends.setdefault(self._end_key(takeover.vehicle), takeover.vehicle)
        everybody = frozenset(t.vehicle.code for t in self._takeovers)
        self._ways = ways_of(instance, everybody)
        crews = {way.crew for way in self._ways} - {everybody}
        self._crews = sorted(crews, key=sorted)

    def build(self) -> Vrp:
        """Return the whole problem in PyVRP's terms."""
        g = len(self._instance.groups)
        clients, exclusive = clients_of(self._instance, self._ways, self._crews, self._window)
        depots, site_of, depots_of = self._depots(g)
        types, vehicles_of = self._types(depots_of)
        profiles: list[str] = sorted({t.vehicle.profile for t in self._takeovers})
        matrices = [
            matrices_of(self._instance, self._takeovers, self._starts, self._ends.values(), profile)
            for profile in profiles
        ]
        locations = [Location(0, 0) for _ in range(len(matrices[0].distance_m))]
        data = ProblemData(
            locations,
            clients,
            depots,
            [one.replace(profile=profiles.index(p)) for one, p in types],
            [one.distance_m for one in matrices],
            [one.duration_s for one in matrices],
            exclusive,
        )
        return Vrp(data, self._ways, site_of, depots_of, vehicles_of)

    def _depots(self, g: int) -> tuple[list[Depot], dict[int, int], dict[int, list[int]]]:
        depots = [Depot(g + row) for row in range(len(self._starts))]
        base = g + len(self._starts)
        site_of: dict[int, int] = {}
        depots_of: dict[int, list[int]] = {}
        for number, site in enumerate(self._sites):
            depots_of[number] = []
            for begin_s, end_s, wait_s in self._parts(site):
                early, late = self._window(begin_s, end_s)
                site_of[len(depots)] = number
                depots_of[number].append(len(depots))
                depots.append(Depot(base + number, early, late, site.tipping_s + wait_s))
        base += len(self._sites)
        depots += [Depot(base + row) for row in range(len(self._ends))]
        return depots, site_of, depots_of

    def _parts(self, site: DisposalSite) -> list[tuple[int, int, int]]:
        """Return parts of the opening hours: from, to, and the usual wait."""
        vehicles = [t.vehicle for t in self._takeovers]
        begin_s = max(site.opening.from_s, min(t.time_s for t in self._takeovers))
        end_s = min(site.opening.to_s, max(v.shift.to_s for v in vehicles))
        if begin_s >= end_s:
            return [(site.opening.from_s, site.opening.to_s, self._rules.queue_s(site, begin_s))]
        edges = np.linspace(begin_s, end_s, _DAY_PARTS + 1).round().astype(int).tolist()
        edges[0], edges[-1] = site.opening.from_s, site.opening.to_s
        parts: list[tuple[int, int, int]] = []
        for low_s, high_s in pairwise(edges):
            inside = np.linspace(max(low_s, begin_s), min(high_s, end_s), 12)
            waits = [self._rules.queue_s(site, at_s) for at_s in inside]
            wait_s = round(sum(waits) / len(waits))
            if parts and abs(wait_s - parts[-1][2]) <= _SAME_WAIT_S:
                parts[-1] = parts[-1][0], high_s, max(wait_s, parts[-1][2])
            else:
                parts.append((low_s, high_s, wait_s))
        return parts

    def _types(
        self, depots_of: Mapping[int, Sequence[int]]
    ) -> tuple[list[tuple[VehicleType, str]], list[list[str]]]:
        """Return vehicle types, each with its profile, and the vehicles of each."""
        ends = {key: number for number, key in enumerate(self._ends)}
        first_end = len(self._starts) + sum(len(one) for one in depots_of.values())
        types: list[tuple[VehicleType, str]] = []
        vehicles_of: list[list[str]] = []
        for takeover in self._takeovers:
            vehicle = takeover.vehicle
            fixed = bool(vehicle.underway or takeover.visits)
            reloads = [
                depot
                for number, site in enumerate(self._sites)
                if site in self._rules.disposal_sites(vehicle)
                for depot in depots_of[number]
            ]
            early, late = self._window(takeover.time_s, vehicle.shift.to_s - pause_s(vehicle))
            one = VehicleType(
                1,
                [
                    vehicle.volume_l,
                    vehicle.payload_kg,
                    *(_FREE if vehicle.code in crew else 0 for crew in self._crews),
                ],
                start_depot=self._starts.index(takeover.point),
                end_depot=first_end + ends[self._end_key(vehicle)],
                fixed_cost=round(vehicle.rp_fixed * COST_SCALE),
                tw_early=early,
                tw_late=max(early, late),
                unit_distance_cost=round(vehicle.rp_per_km / 1000 * COST_SCALE),
                unit_duration_cost=round(vehicle.rp_per_hour / 3600 * COST_SCALE),
                start_late=early if fixed else None,
                # Loaded beyond what it holds it is full: nothing fits before it has unloaded.
                initial_load=[
                    min(takeover.load_l, vehicle.volume_l),
                    min(takeover.load_kg, vehicle.payload_kg),
                    *(0 for _ in self._crews),
                ],
                reload_depots=reloads if takeover.trips_left > 1 else [],
                max_reloads=takeover.trips_left - 1,
            )
            alike = next(
                (n for n, known in enumerate(types) if known == (one, vehicle.profile)), None
            )
            if alike is None:
                types.append((one, vehicle.profile))
                vehicles_of.append([vehicle.code])
            else:
                vehicles_of[alike].append(vehicle.code)
        counted = [
            (one.replace(num_available=len(vehicles)), profile)
            for (one, profile), vehicles in zip(types, vehicles_of, strict=True)
        ]
        return counted, vehicles_of

    def _end_key(self, vehicle: Vehicle) -> tuple[object, ...]:
        late_s = round(self._instance.late_queue_s(vehicle))
        return vehicle.depot, vehicle.disposal_sites, vehicle.profile, late_s

    def _window(self, from_s: int, to_s: int) -> tuple[int, int]:
        return max(0, from_s - self._zero_s), max(0, min(to_s, ANY_TIME_S) - self._zero_s)
