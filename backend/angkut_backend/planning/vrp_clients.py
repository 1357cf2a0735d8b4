"""Groups as PyVRP's clients: one for each way in which a group may be served.

Of bins that nobody must serve, every third is worth less than the time of its service alone. The
search would try to put them in for ever, so it is not told of them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from pyvrp import Client, ClientGroup, ProblemData

from angkut_backend.planning.instance import Instance, Mask

Crew = frozenset[str]

#: PyVRP counts in whole numbers; costs are tenths of a rupiah.
COST_SCALE = 10


@dataclass(frozen=True, slots=True)
class Way:
    """A way of serving a group; of all ways of a group at most one is taken."""

    group: int
    crew: Crew
    from_s: int
    to_s: int
    prize_rp: float
    must: bool


def ways_of(instance: Instance, running: Collection[str]) -> list[Way]:
    """Return the ways of groups that are sought: each window, without or with a change of vehicle.

    A group that an earlier plan gave to a vehicle brings less on any other one: what it costs
    to move its bins. The way without a change comes first.
    """
    problem = instance.rules.problem
    ways = []
    from_s, to_s = instance.windows
    sought = _sought(instance)
    for number, group in enumerate(instance.groups):
        if not sought[number]:
            continue
        crew = instance.rules.crew(group.bins[0]) & frozenset(running)
        prize_rp = float(instance.prize_rp[number])
        options = [(crew, prize_rp)]
        earlier = problem.earlier.get(group.bins[0].code)
        if earlier in crew:
            moved_rp = max(0, prize_rp - problem.change_rp * len(group.bins))
            options = [(frozenset({earlier}), prize_rp), (crew - {earlier}, moved_rp)]
        windows = zip(from_s[number].tolist(), to_s[number].tolist(), strict=True)
        for begin_s, end_s in windows:
            if begin_s <= end_s:
                ways += [
                    Way(number, who, begin_s, end_s, worth, group.is_must)
                    for who, worth in options
                    if who
                ]
    return ways


def _sought(instance: Instance) -> Mask:
    """Tell which groups may be worth their service, or are there for another reason, [g]."""
    problem = instance.rules.problem
    hourly_rp = min((v.rp_per_hour for v in problem.vehicles), default=0)
    worth: Mask = instance.prize_rp >= hourly_rp / 3_600 * instance.service_s
    known = [g.is_must or g.bins[0].code in problem.earlier for g in instance.groups]
    return np.logical_or(worth, known)


def clients_of(
    instance: Instance,
    ways: list[Way],
    crews: list[Crew],
    window: Callable[[int, int], tuple[int, int]],
) -> tuple[list[Client], list[ClientGroup]]:
    """Return a client for each way; ways of one group exclude each other.

    Parameters
    ----------
    crews
        Sets of vehicles with a load dimension each, after volume and mass.
    window
        Puts times into PyVRP's.
    """
    of_group: dict[int, list[int]] = {}
    for number, way in enumerate(ways):
        of_group.setdefault(way.group, []).append(number)
    shared = {group: members for group, members in of_group.items() if len(members) > 1}
    places = {group: place for place, group in enumerate(shared)}
    clients = []
    for way in ways:
        group = instance.groups[way.group]
        early, late = window(way.from_s, way.to_s)
        clients.append(
            Client(
                way.group,
                pickup=[group.load_l, group.load_kg, *(int(way.crew == one) for one in crews)],
                service_duration=int(instance.service_s[way.group]),
                tw_early=early,
                tw_late=late,
                prize=round(way.prize_rp * COST_SCALE),
                required=False,
                group=places.get(way.group),
            )
        )
    return clients, [ClientGroup(members, required=False) for members in shared.values()]


def required(data: ProblemData, ways: Sequence[Way]) -> ProblemData:
    """Return the data with every group that must be served required, in one of its ways."""
    clients = [
        Client(
            one.location,
            pickup=one.pickup,
            service_duration=one.service_duration,
            tw_early=one.tw_early,
            tw_late=one.tw_late,
            prize=one.prize,
            required=way.must and one.group is None,
            group=one.group,
        )
        for one, way in zip(data.clients(), ways, strict=True)
    ]
    groups = [ClientGroup(one.clients, required=ways[one.clients[0]].must) for one in data.groups()]
    return data.replace(clients=clients, groups=groups)
