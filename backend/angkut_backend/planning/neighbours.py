"""For each client of PyVRP those that may follow it: moves are only tried among these."""

import numpy as np
from pyvrp import Activity, ActivityType, ProblemData

#: Neighbours of each client: 15 was worse at 300, 50 no better.
NEIGHBOURS = 30


def neighbours_of(data: ProblemData, most: int = NEIGHBOURS) -> dict[Activity, list[Activity]]:
    """Return for each client so many that are cheapest to reach, with waiting counted.

    The cheapest comes first: a client is put back beside the first where that is worth it.
    """
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
    most = min(most, count - 1)
    nearest = np.argpartition(cheapest, most - 1, axis=1)[:, :most]
    order = np.argsort(np.take_along_axis(cheapest, nearest, axis=1), axis=1, kind="stable")
    nearest = np.take_along_axis(nearest, order, axis=1)
    activities = [Activity(ActivityType.CLIENT, one) for one in range(count)]
    return {
        activities[row]: [activities[one] for one in columns.tolist()]
        for row, columns in enumerate(nearest)
    }
