"""Places where a bin could be put into routes, by what it adds; times are checked elsewhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from angkut_backend.planning.detours import detours_rp
from angkut_backend.planning.instance import Floats, Ints
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Timetable, Visit


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


def is_full(route: Timetable, one: Bin, at: int) -> bool:
    """Tell whether a bin is too much for the trip that it would be put into before a visit."""
    steps = [line for line in route.lines if line.kind in {StepKind.STOP, StepKind.UNLOAD}]
    end = next((n for n in range(at, len(steps)) if steps[n].kind is StepKind.UNLOAD), len(steps))
    if end == 0 or steps[end - 1].kind is StepKind.UNLOAD:
        return False
    load_l, load_kg = steps[end - 1].load_l + one.load_l, steps[end - 1].load_kg + one.load_kg
    return load_l > route.vehicle.volume_l or load_kg > route.vehicle.payload_kg
