"""Travel without a road network: straight lines, lengthened by a factor, at usual speeds.

Figures: measured circuity of four OpenStreetMap networks, 300 street points each, between the
lowest and the highest network (mean error 14 to 24 %); speeds of collection trucks in town, with
15 s a leg for starting and stopping. A plan made with them is marked as approximate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angkut_backend.roads.travel import Leg, Matrix, Point, Profile, Travel

EARTH_RADIUS_M = 6_371_008.8
#: Straight metres from which a factor holds, and the factor: roads wind more on short ways.
CIRCUITY = ((0, 1.9), (1_000, 1.6), (3_000, 1.4), (8_000, 1.3))
#: Straight metres from which a speed holds, and km/h, by profile.
SPEED_KMH: Mapping[Profile, tuple[tuple[float, float], ...]] = {
    "truck": ((0, 18.0), (2_000, 23.0), (5_000, 30.0)),
    "small": ((0, 15.0), (2_000, 20.0), (5_000, 25.0)),
}
LEG_S = 15
_ROWS = 64


def straight_travel(points: Sequence[Point]) -> Travel:
    """Return approximate travel between all points, for every profile."""
    places = _Places.of(points)
    size = (len(points), len(points))
    distance_m = np.empty(size, dtype=np.int32)
    duration_s = {profile: np.empty(size, dtype=np.int32) for profile in SPEED_KMH}
    # Some rows after the other: whole matrices of 3,000 points would leave the processor's cache.
    for begin in range(0, len(points), _ROWS):
        rows, rest = slice(begin, begin + _ROWS), slice(begin, None)
        straight_m = places.apart_m(rows, rest)
        way_m = straight_m * _step(straight_m, CIRCUITY)
        _put_both_ways(distance_m, rows, rest, way_m)
        for profile, speeds in SPEED_KMH.items():
            way_s = way_m / (_step(straight_m, speeds) / 3.6) + LEG_S * (straight_m > 1)
            _put_both_ways(duration_s[profile], rows, rest, way_s)
    legs = {profile: Leg(distance_m, found) for profile, found in duration_s.items()}
    return Travel.of(points, legs, source="straight line x factor", approximate=True)


def haversine_m(points: Sequence[Point]) -> NDArray[np.float64]:
    """Return great-circle distances, m, [from, to] (haversine formula, mean Earth radius)."""
    return _Places.of(points).apart_m(slice(None), slice(None))


@dataclass(frozen=True, slots=True)
class _Places:
    """Radians of points, [p]."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    @classmethod
    def of(cls, points: Sequence[Point]) -> "_Places":
        return cls(
            np.radians([point.lon for point in points]), np.radians([point.lat for point in points])
        )

    def apart_m(self, rows: slice, columns: slice) -> NDArray[np.float64]:
        """Return great-circle distances from some of the points to some, m."""
        lat, to_lat = self.lat[rows, None], self.lat[None, columns]
        sin_lat = np.sin((lat - to_lat) / 2) ** 2
        sin_lon = np.sin((self.lon[rows, None] - self.lon[None, columns]) / 2) ** 2
        root = np.sqrt(sin_lat + np.cos(lat) * np.cos(to_lat) * sin_lon)
        found: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(root, 1))
        return found


def _put_both_ways(
    matrix: Matrix, rows: slice, columns: slice, values: NDArray[np.float64]
) -> None:
    """Write whole numbers there and, since straight lines are as long both ways, back."""
    matrix[rows, columns] = np.rint(values)
    matrix[columns, rows] = matrix[rows, columns].T


def _step(
    straight_m: NDArray[np.float64], steps: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    picked = np.full_like(straight_m, steps[0][1])
    for start_m, value in steps[1:]:
        # Faster than to assign by a mask.
        np.copyto(picked, value, where=straight_m >= start_m)
    return picked
