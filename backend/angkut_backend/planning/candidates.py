"""Bins that could be put into routes, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.instance import ANY_TIME_S, Ints
from angkut_backend.planning.points import bin_point
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.rules import Rules


@dataclass(frozen=True, slots=True)
class Candidates:
    """Bins that could be put in, as arrays; b is their number."""

    #: Rows in the travel matrices.
    rows: NDArray[np.intp]
    service_s: Ints
    load_l: Ints
    load_kg: Ints
    #: Windows, s, [b, w]; where there is none, any time or none.
    from_s: Ints
    to_s: Ints

    @classmethod
    def of(cls, rules: Rules, bins: Sequence[Bin]) -> "Candidates":
        """Lay out bins."""
        widest = max([1, *(len(one.windows) for one in bins)])
        from_s = np.full((len(bins), widest), ANY_TIME_S, dtype=np.int64)
        to_s = np.full((len(bins), widest), -ANY_TIME_S, dtype=np.int64)
        for row, one in enumerate(bins):
            spans = [(window.from_s, window.to_s) for window in one.windows]
            for column, span in enumerate(spans or [(-ANY_TIME_S, ANY_TIME_S)]):
                from_s[row, column], to_s[row, column] = span
        index = rules.travel.index
        return cls(
            np.array([index[bin_point(one.code)] for one in bins], dtype=np.intp),
            np.array([one.service_s for one in bins], dtype=np.int64),
            np.array([one.load_l for one in bins], dtype=np.int64),
            np.array([one.load_kg for one in bins], dtype=np.int64),
            from_s,
            to_s,
        )

    def take(self, which: NDArray[np.intp]) -> "Candidates":
        """Return some of them."""
        return Candidates(*(getattr(self, one.name)[which] for one in fields(self)))
