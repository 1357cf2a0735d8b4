"""Matrices among what the solver knows: groups, starts, disposal sites and virtual ends."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from angkut_backend.planning.instance import Instance, home_legs
from angkut_backend.planning.points import depot_point, disposal_point
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.takeover import Takeover

#: A way that does not exist costs more than any tour, and still adds up without overflow.
_NO_WAY = 10_000_000
#: As PyVRP's stubs have it.
_Square = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Matrices:
    """[from, to]: groups, starts, disposal sites, virtual ends."""

    distance_m: _Square
    duration_s: _Square


def matrices_of(
    instance: Instance,
    takeovers: Sequence[Takeover],
    starts: Sequence[str],
    ends: Collection[Vehicle],
    profile: str,
) -> Matrices:
    """Return the matrices of one profile.

    Parameters
    ----------
    starts
        Points where vehicles are taken over.
    ends
        A vehicle for each virtual end.
    """
    rules = instance.rules
    leg, index = rules.travel.legs[profile], rules.travel.index
    at_start = [index[point] for point in starts]
    sites = [index[disposal_point(site.code)] for site in rules.problem.disposal_sites]
    here = np.array([*instance.last, *at_start, *sites], dtype=np.intp)
    there = np.array([*instance.first, *at_start, *sites], dtype=np.intp)
    g, real, size = len(instance.groups), len(here), len(here) + len(ends)
    distance = np.zeros((size, size), dtype=np.int64)
    duration = np.zeros((size, size), dtype=np.int64)
    distance[:real, :real] = leg.distance_m[np.ix_(here, there)]
    factor = _traffic(rules, takeovers)
    duration[:real, :real] = np.ceil(leg.duration_s[np.ix_(here, there)] * factor)
    for column, vehicle in enumerate(ends, start=real):
        home_m, home_s = home_legs(instance, vehicle, here, instance.late_queue_s(vehicle))
        distance[:real, column], duration[:real, column] = home_m, np.ceil(home_s * factor)
        # From a disposal site the vehicle goes home empty.
        depot = index[depot_point(vehicle.depot)]
        distance[g + len(starts) : real, column] = leg.distance_m[sites, depot]
        duration[g + len(starts) : real, column] = np.ceil(leg.duration_s[sites, depot] * factor)
    inside_m, inside_s = instance.inside[profile]
    distance[:g] += inside_m[:, None]
    duration[:g] += inside_s[:, None]
    for matrix in (distance, duration):
        np.clip(matrix, 0, _NO_WAY, out=matrix)
        np.fill_diagonal(matrix, 0)
    return Matrices(distance, duration)


def _traffic(rules: Rules, takeovers: Sequence[Takeover]) -> float:
    """Return the mean factor of the hours in which vehicles drive."""
    begin_s = min(t.time_s for t in takeovers)
    end_s = max(t.vehicle.shift.to_s for t in takeovers)
    hours = [rules.hour(at_s) for at_s in range(begin_s, max(end_s, begin_s + 1), 3600)]
    return sum(rules.problem.traffic_by_hour[hour] for hour in hours) / len(hours)
