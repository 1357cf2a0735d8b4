"""Places where a bin could be put into routes, by what it adds; times are checked elsewhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from angkut_backend.planning.detours import detours_rp
from angkut_backend.planning.instance import Floats, Ints
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.points import bin_point, depot_point, disposal_point, start_point
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Line, Timetable, Visit


@dataclass(frozen=True, slots=True)
class Insertion:
    """A place for a bin: before which visit of which vehicle, and what it adds."""

    vehicle: str
    at: int
    cost_rp: float


def cheapest_places(
    rules: Rules,
    takeovers: Mapping[str, Takeover],
    visits: Mapping[str, Sequence[Visit]],
    used: Collection[str],
    bins: Sequence[Bin],
    most: int,
) -> list[list[Insertion]]:
    """Return for each bin at most `most` places, the cheapest first.

    Parameters
    ----------
    visits
        Of each vehicle, without the last unloading.
    used
        Vehicles that have a route.
    """
    crews = [rules.crew(one) for one in bins]
    vehicles: list[str] = []
    costs_rp: list[Floats] = [np.zeros((len(bins), 0))]
    places: list[Ints] = [np.zeros((len(bins), 0), dtype=np.int64)]
    for code, takeover in takeovers.items():
        mine = [row for row, crew in enumerate(crews) if code in crew]
        if not mine or takeover.trips_left < 1:
            continue
        fixed, own = len(takeover.visits), [bins[row] for row in mine]
        detours = detours_rp(rules, takeover.vehicle, visits[code], own, unused=code not in used)
        best = np.argsort(detours[:, fixed:], axis=1, kind="stable")[:, :most] + fixed
        cost_rp = np.full((len(bins), best.shape[1]), np.inf)
        place = np.zeros(cost_rp.shape, dtype=np.int64)
        cost_rp[mine], place[mine] = np.take_along_axis(detours, best, axis=1), best
        costs_rp.append(cost_rp)
        places.append(place)
        vehicles += [code] * best.shape[1]
    cost_rp, place = np.concatenate(costs_rp, axis=1), np.concatenate(places, axis=1)
    order = np.argsort(cost_rp, axis=1, kind="stable")[:, :most]
    return [
        [
            Insertion(vehicles[column], int(place[row, column]), float(cost_rp[row, column]))
            for column in line
            if cost_rp[row, column] < np.inf
        ]
        for row, line in enumerate(order.tolist())
    ]


def best_by_vehicle(places: Iterable[Insertion]) -> list[Insertion]:
    """Return the cheapest place of each vehicle, the cheapest vehicle first."""
    best: dict[str, Insertion] = {}
    for place in sorted(places, key=lambda place: place.cost_rp):
        best.setdefault(place.vehicle, place)
    return list(best.values())


def surely_wrong(rules: Rules, route: Timetable, one: Bin, at: int) -> str | None:
    """Say whether a bin is too much before a visit, for the load or the shift, at a glance.

    The route gets longer by the detour less all waiting there is, whatever else changes.
    """
    lines = [line for line in route.lines if line.kind in {StepKind.STOP, StepKind.UNLOAD}]
    end = next((n for n in range(at, len(lines)) if lines[n].kind is StepKind.UNLOAD), len(lines))
    vehicle = route.vehicle
    if end > 0 and lines[end - 1].kind is StepKind.STOP:
        load_l, load_kg = lines[end - 1].load_l + one.load_l, lines[end - 1].load_kg + one.load_kg
        if load_l > vehicle.volume_l or load_kg > vehicle.payload_kg:
            return "load"
    stays = [start_point(vehicle), *(_point(line) for line in lines), depot_point(vehicle.depot)]
    index, seconds = rules.travel.index, rules.travel.legs[vehicle.profile].duration_s
    here, there, new = index[stays[at]], index[stays[at + 1]], index[bin_point(one.code)]
    added_s = int(seconds[here, new]) + int(seconds[new, there]) - int(seconds[here, there])
    begin_s = vehicle.underway.free_at_s if vehicle.underway else vehicle.shift.from_s
    spare_s = route.begin_s - begin_s + sum(_spare_s(rules, line) for line in lines)
    steady = set(rules.problem.traffic_by_hour) == {1.0}
    over_s = route.end_s + added_s + one.service_s - spare_s - vehicle.shift.to_s
    return "shift" if steady and over_s > 0 else None


def _spare_s(rules: Rules, line: Line) -> int:
    """Return the waiting that could fall away at another time of arrival."""
    wait_s = line.begin_s - line.arrive_s
    if line.kind is StepKind.UNLOAD:
        wait_s -= min(rules.sites[line.code].queue_s_by_hour)
    return wait_s


def _point(line: Line) -> str:
    return bin_point(line.code) if line.kind is StepKind.STOP else disposal_point(line.code)
