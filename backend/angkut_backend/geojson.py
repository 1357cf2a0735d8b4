"""GeoJSON (RFC 7946) as the API speaks it: WGS84, longitude first."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

#: Longitude, latitude, degrees.
Position = tuple[float, float]
#: West, south, east, north, degrees.
BoundingBox = tuple[float, float, float, float]


class Point(BaseModel):
    """A place."""

    type: Literal["Point"] = "Point"
    coordinates: Position


class Polygon(BaseModel):
    """A surface: its outer ring, then its holes."""

    type: Literal["Polygon"] = "Polygon"
    coordinates: list[list[Position]]


class MultiPolygon(BaseModel):
    """Several surfaces."""

    type: Literal["MultiPolygon"] = "MultiPolygon"
    coordinates: list[list[list[Position]]]


Surface = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


def bounding_box(surface: Polygon | MultiPolygon) -> BoundingBox:
    """Return the smallest box around a surface that does not cross the antimeridian."""
    polygons = [surface.coordinates] if isinstance(surface, Polygon) else surface.coordinates
    corners = [position for polygon in polygons for position in polygon[0]]
    lons, lats = zip(*corners, strict=True)
    return min(lons), min(lats), max(lons), max(lats)
