"""What a bin adds to a route or saves without it, by matrices alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.candidates import Candidates
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import depot_point, disposal_point, start_point
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.timetable import Visit


def detours_rp(
    rules: Rules, vehicle: Vehicle, visits: Sequence[Visit], bins: Candidates, *, unused: bool
) -> NDArray[np.float64]:
    """Return what each bin costs before each visit of a vehicle and at the end, [bin, at].

    Parameters
    ----------
    visits
        Without the last unloading.
    unused
        The vehicle has no route yet: the way out and home is counted too.
    """
    leg, index = rules.travel.legs[vehicle.profile], rules.travel.index
    tip = disposal_point(rules.disposal_sites(vehicle)[0].code)
    stays = [start_point(vehicle), *(one.point for one in visits), tip]
    rows = np.array([index[point] for point in stays], dtype=np.intp)
    new = bins.rows
    home = index[depot_point(vehicle.depot)]

    cells = new[:, None] * len(index) + rows[1:]

    def detour(matrix: NDArray[np.int32]) -> NDArray[np.int32]:
        # Half the time of what `np.ix_` takes: thousands of bins by dozens of places.
        found = matrix.reshape(-1).take(cells)
        found += matrix[rows[:-1]].take(new, axis=1).T
        found -= -matrix[rows[-1], home] if unused else matrix[rows[:-1], rows[1:]]
        return found

    driving_rp = vehicle.rp_per_km / 1000 * detour(leg.distance_m)
    crew_rp = vehicle.rp_per_hour / 3600 * (detour(leg.duration_s) + bins.service_s[:, None])
    return np.asarray(driving_rp + crew_rp + (vehicle.rp_fixed if unused else 0))


def savings_s(rules: Rules, vehicle: Vehicle, visits: Sequence[Visit]) -> list[int]:
    """Return how much shorter the way is without each visit, s."""
    return _savings(rules, vehicle, visits, rules.travel.legs[vehicle.profile].duration_s)


def savings_rp(rules: Rules, vehicle: Vehicle, visits: Sequence[Visit]) -> list[float]:
    """Return what a route would save without each visit: way, driving time, service."""
    metres = _savings(rules, vehicle, visits, rules.travel.legs[vehicle.profile].distance_m)
    seconds = [
        saved_s + (rules.bins[visit.code].service_s if visit.kind is StepKind.STOP else 0)
        for saved_s, visit in zip(savings_s(rules, vehicle, visits), visits, strict=True)
    ]
    return [
        vehicle.rp_per_km / 1000 * saved_m + vehicle.rp_per_hour / 3600 * saved_s
        for saved_m, saved_s in zip(metres, seconds, strict=True)
    ]


def _savings(
    rules: Rules, vehicle: Vehicle, visits: Sequence[Visit], way: NDArray[np.int32]
) -> list[int]:
    index = rules.travel.index
    stays = [start_point(vehicle), *(one.point for one in visits), depot_point(vehicle.depot)]
    rows = [index[point] for point in stays]
    before, here, after = rows[:-2], rows[1:-1], rows[2:]
    saved = way[before, here].astype(int) + way[here, after] - way[before, after]
    return [int(one) for one in saved]
