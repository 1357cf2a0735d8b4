"""Plane geometry on WGS84 degrees: within 100 km good to about 1 %, which tells places apart."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Position = tuple[float, float]  # lon, lat
Ring = tuple[Position, ...]  # closed: the last position repeats the first

#: Metres in a degree of latitude, mean over the ellipsoid.
_M_PER_DEGREE = 111_195.0
#: A point between two polygons belongs to the nearest, if it is this near: published boundaries
#: leave slivers up to some ten metres wide.
SLIVER_M = 50.0


@dataclass(frozen=True, slots=True)
class Boundary:
    """An area on the map: one polygon or more, each an outer ring and its holes."""

    polygons: tuple[tuple[Ring, ...], ...]

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north."""
        points = [point for polygon in self.polygons for point in polygon[0]]
        lons, lats = [p[0] for p in points], [p[1] for p in points]
        return min(lons), min(lats), max(lons), max(lats)

    @property
    def centre(self) -> Position:
        """Return the middle of the bounding box."""
        west, south, east, north = self.bbox
        return (west + east) / 2, (south + north) / 2

    def contains(self, point: Position) -> bool:
        """Whether the point lies inside, by counting crossed edges (even-odd rule)."""
        lon, lat = point
        inside = False
        for (x1, y1), (x2, y2) in self._edges():
            if (y1 > lat) != (y2 > lat) and lon < x1 + (x2 - x1) * (lat - y1) / (y2 - y1):
                inside = not inside
        return inside

    def distance_m(self, point: Position) -> float:
        """Return metres to the area; 0 inside."""
        if self.contains(point):
            return 0.0
        return min(_to_edge_m(point, a, b) for a, b in self._edges())

    def geojson(self) -> dict[str, Any]:
        """Return the GeoJSON geometry."""
        if len(self.polygons) == 1:
            return {"type": "Polygon", "coordinates": self.polygons[0]}
        return {"type": "MultiPolygon", "coordinates": self.polygons}

    def _edges(self) -> list[tuple[Position, Position]]:
        return [edge for polygon in self.polygons for ring in polygon for edge in pairwise(ring)]


def distance_m(a: Position, b: Position) -> float:
    """Return metres between two points."""
    return math.hypot(*_offset_m(a, b))


def area_of(point: Position, areas: Mapping[str, Boundary]) -> str | None:
    """Return the code of the area that a point belongs to.

    Official polygons overlap a little and leave slivers. In two areas: the lowest code wins.
    In none: the nearest within `SLIVER_M`. Else `None`.
    """
    ranked = min(((b.distance_m(point), code) for code, b in areas.items()), default=None)
    return ranked[1] if ranked and ranked[0] <= SLIVER_M else None


def _offset_m(origin: Position, point: Position) -> tuple[float, float]:
    """Return metres east and north of the origin."""
    scale = math.cos(math.radians((origin[1] + point[1]) / 2))
    return (
        (point[0] - origin[0]) * _M_PER_DEGREE * scale,
        (point[1] - origin[1]) * _M_PER_DEGREE,
    )


def _to_edge_m(point: Position, a: Position, b: Position) -> float:
    ax, ay = _offset_m(point, a)
    bx, by = _offset_m(point, b)
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = -(ax * dx + ay * dy) / length2 if length2 else 0.0
    along = min(1.0, max(0.0, along))
    return math.hypot(ax + along * dx, ay + along * dy)
