"""Places where a bin could be put into routes, by what it adds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.candidates import Candidates, may_serve
from angkut_backend.planning.detours import detours_rp
from angkut_backend.planning.glance import WRONG, Glance
from angkut_backend.planning.instance import Floats, Ints
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.takeover import Takeover
from angkut_backend.planning.timetable import Visit


@dataclass(frozen=True, slots=True)
class Insertion:
    """A place for a bin: before which visit of which vehicle, and what it adds."""

    vehicle: str
    at: int
    cost_rp: float
    #: Why it surely does not fit there, as in `Misfit.what`; empty: it may.
    wrong: str


@dataclass(frozen=True, slots=True)
class Spots:
    """A vehicle into whose route bins can be put."""

    rules: Rules
    takeover: Takeover
    #: Without the last unloading.
    visits: Sequence[Visit]
    #: It has no route yet.
    unused: bool

    def costs_rp(self, new: Candidates) -> Floats:
        """Return what each bin adds at each place after what is fixed, [b, p]."""
        vehicle, first = self.takeover.vehicle, len(self.takeover.visits)
        costs_rp = detours_rp(self.rules, vehicle, self.visits, new, unused=self.unused)
        return costs_rp[:, first:]

    def cheapest(self, new: Candidates, most: int) -> tuple[Floats, Ints]:
        """Return costs and places of at most `most` places for each bin, cheapest first."""
        costs_rp = self.costs_rp(new)
        most = min(most, costs_rp.shape[1])
        best_rp, places = np.zeros((2, len(new.rows), most))
        every = np.arange(len(new.rows))
        for rank in range(most):
            # A few passes take less time than sorting.
            at = np.argmin(costs_rp, axis=1)
            best_rp[:, rank], places[:, rank] = costs_rp[every, at], at
            costs_rp[every, at] = np.inf
        return best_rp, places.astype(np.int64) + len(self.takeover.visits)

    def fitting(self, new: Candidates) -> Floats:
        """Return costs as `costs_rp` does, infinite where a bin does not fit at a glance."""
        first = len(self.takeover.visits)
        places = np.arange(first, len(self.visits) + 1)[None, :]
        costs_rp = np.full((len(new.rows), places.shape[1]), np.inf)
        if costs_rp.size:
            fits = self.wrong(new, places) == 0
            some = np.flatnonzero(fits.any(axis=1))
            costs_rp[some] = np.where(fits[some], self.costs_rp(new.take(some)), np.inf)
        return costs_rp

    def wrong(self, new: Candidates, at: Ints) -> NDArray[np.int8]:
        """Return what is wrong with places at a glance; see `Glance.wrong`."""
        return Glance(self.rules, self.takeover, self.visits).wrong(new, at)


def least_costs(spots: Sequence[Spots], bins: Sequence[Bin]) -> tuple[Floats, list[str]]:
    """Return what each bin adds where it adds least, infinite if nowhere, and on which vehicle."""
    least_rp, vehicles = np.full(len(bins), np.inf), [""] * len(bins)
    for code, mine, own, one in _by_vehicle(spots, bins):
        costs_rp = one.costs_rp(own)
        if not costs_rp.shape[1]:
            continue
        own_rp = costs_rp.min(axis=1)
        for row in mine[own_rp < least_rp[mine]].tolist():
            vehicles[row] = code
        least_rp[mine] = np.minimum(least_rp[mine], own_rp)
    return least_rp, vehicles


def cheapest_places(
    spots: Sequence[Spots], bins: Sequence[Bin], most: int
) -> list[list[Insertion]]:
    """Return for each bin at most `most` places, the cheapest first."""
    vehicles: list[str] = []
    costs_rp, places, wrongs = [], [], []
    for code, mine, own, one in _by_vehicle(spots, bins):
        best_rp, best = one.cheapest(own, most)
        shape = len(bins), best.shape[1]
        cost_rp, at = np.full(shape, np.inf), np.zeros(shape, dtype=np.int64)
        wrong = np.zeros(shape, dtype=np.int8)
        if best.size:
            cost_rp[mine], at[mine], wrong[mine] = best_rp, best, one.wrong(own, best)
        costs_rp.append(cost_rp)
        places.append(at)
        wrongs.append(wrong)
        vehicles += [code] * shape[1]
    if not vehicles:
        return [[] for _ in bins]
    cost_rp, at = np.concatenate(costs_rp, axis=1), np.concatenate(places, axis=1)
    wrong = np.concatenate(wrongs, axis=1)
    order = np.argsort(cost_rp, axis=1, kind="stable")[:, :most]
    return [
        [
            Insertion(
                vehicles[column],
                int(at[row, column]),
                float(cost_rp[row, column]),
                WRONG[wrong[row, column]],
            )
            for column in line
            if cost_rp[row, column] < np.inf
        ]
        for row, line in enumerate(order.tolist())
    ]


def _by_vehicle(
    spots: Sequence[Spots], bins: Sequence[Bin]
) -> Iterator[tuple[str, NDArray[np.intp], Candidates, Spots]]:
    """Yield each vehicle with those of the bins that it may serve: their numbers, and they."""
    if not spots or not bins:
        return
    rules = spots[0].rules
    new = Candidates.of(rules, bins)
    vehicles = [one.takeover.vehicle.code for one in spots]
    for code, one, may in zip(vehicles, spots, may_serve(rules, bins, vehicles).T, strict=True):
        mine = np.flatnonzero(may)
        if len(mine):
            yield code, mine, new.take(mine), one
