"""Travel between named points: one matrix of metres and one of seconds for each profile."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int32]
Profile = str

#: In a matrix: there is no way. Larger than any shift and any tour, small enough to add up.
UNREACHABLE = 10_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the plane of a plan, WGS84 degrees."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Leg:
    """Matrices of one profile, [from, to] in the order of the points."""

    distance_m: Matrix
    duration_s: Matrix


@dataclass(frozen=True, slots=True)
class Travel:
    """Travel times and distances among all points of one problem."""

    #: Row and column of each point.
    index: Mapping[str, int]
    legs: Mapping[Profile, Leg]
    #: What the figures come from, for people: the engine and the extract.
    source: str
    #: No road network was used: the plan must say so.
    approximate: bool
    #: Names the content: equal travel has equal digests.
    digest: str

    @classmethod
    def of(
        cls,
        points: Sequence[Point],
        legs: Mapping[Profile, Leg],
        *,
        source: str,
        approximate: bool,
    ) -> "Travel":
        """Put matrices together and name their content.

        Raises
        ------
        ValueError
            Two points have one name, or a matrix is not points x points.
        """
        index = {point.name: row for row, point in enumerate(points)}
        if len(index) != len(points):
            raise ValueError("two points of a travel matrix have the same name")
        digest = hashlib.sha256(source.encode())
        for name in index:
            digest.update(name.encode() + b"\0")
        for profile, leg in sorted(legs.items()):
            digest.update(profile.encode())
            for matrix in (leg.distance_m, leg.duration_s):
                if matrix.shape != (len(points), len(points)):
                    raise ValueError(f"matrix of {profile} is {matrix.shape}, not square in points")
                digest.update(np.ascontiguousarray(matrix))
        return cls(index, legs, source, approximate, digest.hexdigest())

    def rows(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Return the rows of some points.

        Raises
        ------
        KeyError
            A point is not in the matrices.
        """
        return np.array([self.index[name] for name in names], dtype=np.intp)
