"""Drafts as orders of groups, and these in PyVRP's terms: what stands for each at its time.

A group may be several clients, one for each window, and a disposal site several depots, one for
each part of the day; a start with the wrong ones would break windows that the order itself keeps.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from pyvrp import Activity, ActivityType, Client, Depot, ProblemData, Route, Solution

from angkut_backend.planning.draft import Draft
from angkut_backend.planning.greedy import Order
from angkut_backend.planning.instance import Instance
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.vrp_clients import Way

_Place = Client | Depot


def orders_of(draft: Draft, instance: Instance) -> dict[str, Order]:
    """Return what each vehicle does after its takeover.

    A group that is on two vehicles counts for the first of them, whole.
    """
    group_of = {one.code: n for n, group in enumerate(instance.groups) for one in group.bins}
    site_of = {site.code: ~n for n, site in enumerate(draft.rules.problem.disposal_sites)}
    seen: set[int] = set()
    orders: dict[str, Order] = {}
    for code, route in sorted(draft.routes.items()):
        takeover = draft.takeovers[code]
        order: Order = []
        loaded = takeover.load_l + takeover.load_kg > 0
        for visit in route.visits[len(takeover.visits) :]:
            if visit.kind is StepKind.UNLOAD:
                order += [site_of[visit.code]] if loaded else []
                loaded = False
            elif (group := group_of[visit.code]) not in seen:
                seen.add(group)
                order.append(group)
                loaded = True
        # The last unloading is part of the way home.
        orders[code] = order[:-1] if order and order[-1] < 0 else order
    return orders


def solution_of(
    data: ProblemData,
    orders: Mapping[str, Order],
    ways: Sequence[Way],
    depots_of: Mapping[int, Sequence[int]],
    vehicles_of: Sequence[Sequence[str]],
) -> Solution:
    """Return a solution that does what the orders say; arguments as in `Vrp`.

    Groups that the search is not told of are left out, and trips of nothing else.
    """
    clients: dict[int, list[int]] = {}
    for client, way in enumerate(ways):
        clients.setdefault(way.group, []).append(client)
    routes = []
    for type_, vehicles in enumerate(vehicles_of):
        for code in vehicles:
            sought = _sought(orders.get(code, []), clients)
            if not sought:
                continue
            walk = _Walk(data, type_)
            for node in sought:
                if node < 0:
                    walk.unload(depots_of[~node])
                else:
                    walk.serve(one for one in clients[node] if code in ways[one].crew)
            routes.append(Route(data, walk.activities, type_))
    return Solution(data, routes)


def _sought(order: Order, clients: Collection[int]) -> Order:
    """Return an order without groups that are no clients, and without trips of nothing else."""
    sought: Order = []
    for place, node in enumerate(order):
        # What is unloaded first was on the vehicle before.
        if node in clients or (node < 0 and (place == 0 or (sought and sought[-1] >= 0))):
            sought.append(node)
    return sought[:-1] if sought and sought[-1] < 0 else sought


class _Walk:
    """A vehicle's day as PyVRP counts it."""

    def __init__(self, data: ProblemData, type_: int) -> None:
        kind = data.vehicle_type(type_)
        self._data = data
        self._durations = data.duration_matrix(kind.profile)
        self._here = data.depot(kind.start_depot).location
        self._now = kind.tw_early
        self.activities: list[Activity] = []

    def serve(self, clients: Iterable[int]) -> None:
        """Take the client that is over first."""
        self._take(ActivityType.CLIENT, [(one, self._data.client(one)) for one in clients])

    def unload(self, depots: Iterable[int]) -> None:
        """Take the depot that is over first."""
        self._take(ActivityType.DEPOT, [(one, self._data.depot(one)) for one in depots])

    def _take(self, what: ActivityType, options: Sequence[tuple[int, _Place]]) -> None:
        def late_and_over(option: tuple[int, _Place]) -> tuple[int, int]:
            _, place = option
            arrive = self._now + int(self._durations[self._here, place.location])
            late = max(0, arrive - place.tw_late)
            return late, max(arrive, place.tw_early) + place.service_duration

        taken = min(options, key=late_and_over)
        self._now = late_and_over(taken)[1]
        self._here = taken[1].location
        self.activities.append(Activity(what, taken[0]))
