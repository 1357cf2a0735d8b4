"""Bins that could be put into routes, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from angkut_backend.planning.instance import Ints, Mask, laid_out
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
        from_s, to_s = laid_out([one.windows for one in bins])
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


def may_serve(rules: Rules, bins: Sequence[Bin], vehicles: Sequence[str]) -> Mask:
    """Tell which bins each vehicle may serve, [bin, vehicle]."""
    # Few crews are unlike.
    alike: dict[frozenset[str], int] = {}
    crew_of = [alike.setdefault(rules.crew(one), len(alike)) for one in bins]
    able = np.array([[code in crew for code in vehicles] for crew in alike], dtype=bool)
    return able.reshape(len(alike), len(vehicles))[np.array(crew_of, dtype=np.intp)]
