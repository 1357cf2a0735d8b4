"""Travel without a road network: straight lines, lengthened by a factor, at usual speeds.

Figures: measured circuity of four OpenStreetMap networks, 300 street points each, between the
lowest and the highest network (mean error 14 to 24 %); speeds of collection trucks in town, with
15 s a leg for starting and stopping. A plan made with them is marked as approximate.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from angkut_backend.roads.travel import Leg, Point, Profile, Travel

EARTH_RADIUS_M = 6_371_008.8
#: Straight metres from which a factor holds, and the factor: roads wind more on short ways.
CIRCUITY = ((0, 1.9), (1_000, 1.6), (3_000, 1.4), (8_000, 1.3))
#: Straight metres from which a speed holds, and km/h, by profile.
SPEED_KMH: Mapping[Profile, tuple[tuple[float, float], ...]] = {
    "truck": ((0, 18.0), (2_000, 23.0), (5_000, 30.0)),
    "small": ((0, 15.0), (2_000, 20.0), (5_000, 25.0)),
}
LEG_S = 15


def straight_travel(points: Sequence[Point]) -> Travel:
    """Return approximate travel between all points, for every profile."""
    straight_m = haversine_m(points)
    distance_m = straight_m * _step(straight_m, CIRCUITY)
    legs = {}
    for profile, speeds in SPEED_KMH.items():
        duration_s = distance_m / (_step(straight_m, speeds) / 3.6) + LEG_S * (straight_m > 1)
        legs[profile] = Leg(
            np.rint(distance_m).astype(np.int32), np.rint(duration_s).astype(np.int32)
        )
    return Travel.of(points, legs, source="straight line x factor", approximate=True)


def haversine_m(points: Sequence[Point]) -> NDArray[np.float64]:
    """Return great-circle distances, m, [from, to] (haversine formula, mean Earth radius)."""
    lon = np.radians([point.lon for point in points])
    lat = np.radians([point.lat for point in points])
    sin_lat = np.sin((lat[:, None] - lat[None, :]) / 2) ** 2
    sin_lon = np.sin((lon[:, None] - lon[None, :]) / 2) ** 2
    root = np.sqrt(sin_lat + np.cos(lat)[:, None] * np.cos(lat)[None, :] * sin_lon)
    distance: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(root, 1))
    return distance


def _step(
    straight_m: NDArray[np.float64], steps: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    starts = np.array([start for start, _ in steps])
    values = np.array([value for _, value in steps])
    picked: NDArray[np.float64] = values[np.searchsorted(starts, straight_m, side="right") - 1]
    return picked
