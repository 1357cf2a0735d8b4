"""Putting bins into routes, one after the other, the most worth for its cost first."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.candidates import Candidates, may_serve
from angkut_backend.planning.draft import Draft, worth_rp
from angkut_backend.planning.insertions import Insertion
from angkut_backend.planning.problem import Bin

#: So many trials with exact times in a row that fail say that the glance is too bright here.
_IN_VAIN = 40
#: The same for what must be served: half a second.
_MUST_IN_VAIN = 1_000
#: A place that costs nothing counts this, rupiah, so that worth per cost is finite.
_LEAST_RP = 50.0


def put_in(draft: Draft, bins: Sequence[Bin]) -> None:
    """Put in what fits and is worth its cost, until routes are full.

    What fits nowhere is looked at once, since routes get fuller only.
    """
    _put(_Table(draft, bins, forced=False), bins, draft.insert, _IN_VAIN)


def put_in_duties(draft: Draft, bins: Sequence[Bin], *, forced: bool) -> None:
    """Put in what must be served; if `forced`, others make room, and trips are added."""
    insert = draft.force if forced else draft.insert
    _put(_Table(draft, bins, forced=forced), bins, insert, _MUST_IN_VAIN)


def _put(
    table: "_Table", bins: Sequence[Bin], insert: Callable[[Bin, Insertion], bool], in_vain: int
) -> None:
    failed = 0
    while failed < in_vain and (found := table.best()) is not None:
        row, place = found
        if insert(bins[row], place):
            failed = 0
            table.placed(row, place.vehicle)
        else:
            failed += 1
            table.refuse(row, place)


class _Table:
    """The best place of each bin on each vehicle, [bin, vehicle]."""

    def __init__(self, draft: Draft, bins: Sequence[Bin], *, forced: bool) -> None:
        self._draft = draft
        self._forced = forced
        self._vehicles = list(draft.takeovers)
        self._new = Candidates.of(draft.rules, bins)
        self._worth_rp = np.array([worth_rp(one) for one in bins])
        musts = np.array([one.must is not None for one in bins], dtype=bool)
        self._most_rp = np.where(musts, np.inf, self._worth_rp)
        self._may = may_serve(draft.rules, bins, self._vehicles)
        self._cost_rp = np.full(self._may.shape, np.inf)
        self._at = np.zeros(self._may.shape, dtype=np.int64)
        self._refused: dict[tuple[int, str], set[int]] = {}
        self._left = np.arange(len(bins))
        for code in self._vehicles:
            self._look(code, self._left)
        self._left = np.flatnonzero(np.isfinite(self._cost_rp).any(axis=1))

    def best(self) -> tuple[int, Insertion] | None:
        """Return the bin that brings most for its cost, and where to put it."""
        if not len(self._left):
            return None
        costs_rp = self._cost_rp[self._left]
        column = np.argmin(costs_rp, axis=1)
        cost_rp = costs_rp[np.arange(len(column)), column]
        if not np.isfinite(cost_rp).any():
            return None
        share = self._worth_rp[self._left] / np.maximum(cost_rp, _LEAST_RP)
        pick = int(np.argmax(np.where(np.isfinite(cost_rp), share, -1)))
        row, vehicle = int(self._left[pick]), int(column[pick])
        return row, Insertion(
            self._vehicles[vehicle], int(self._at[row, vehicle]), float(cost_rp[pick]), ""
        )

    def placed(self, row: int, code: str) -> None:
        """Forget a bin that is on a route now, and look at that vehicle anew."""
        self._left = self._left[self._left != row]
        self._refused = {key: at for key, at in self._refused.items() if key[1] != code}
        self._look(code, self._left)

    def refuse(self, row: int, place: Insertion) -> None:
        """Forget a place where a bin does not fit after all."""
        self._refused.setdefault((row, place.vehicle), set()).add(place.at)
        self._look(place.vehicle, np.array([row]))

    def _look(self, code: str, rows: NDArray[np.intp]) -> None:
        vehicle = self._vehicles.index(code)
        self._cost_rp[rows, vehicle] = np.inf
        rows = rows[self._may[rows, vehicle]]
        spots = self._draft.spots(code, forced=self._forced)
        if spots is None or not len(rows):
            return
        costs_rp = spots.fitting(self._new.take(rows))
        if not costs_rp.size:
            return
        first = len(spots.takeover.visits)
        for line, at in self._barred(code, rows):
            costs_rp[line, at - first] = np.inf
        costs_rp[costs_rp >= self._most_rp[rows][:, None]] = np.inf
        best = np.argmin(costs_rp, axis=1)
        self._cost_rp[rows, vehicle] = costs_rp[np.arange(len(rows)), best]
        self._at[rows, vehicle] = best + first

    def _barred(self, code: str, rows: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
        if not self._refused:
            return
        for line, row in enumerate(rows.tolist()):
            for at in self._refused.get((row, code), ()):
                yield line, at
