"""The site as the map shows it."""

from pydantic import TypeAdapter

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import NotFoundError
from angkut_backend.geojson import Point, Surface, bounding_box
from angkut_backend.registry.schemas import (
    AreaCollection,
    AreaFeature,
    AreaProperties,
    DistrictOut,
    PlaceCollection,
    PlaceFeature,
    PlaceProperties,
    SiteOut,
)

_SQL = load_queries("angkut_backend.registry")
_SURFACE: TypeAdapter[Surface] = TypeAdapter(Surface)


def site_view(conn: Connection) -> SiteOut:
    """Return district, kelurahan, depots and disposal sites.

    Raises
    ------
    NotFoundError
        No site pack is loaded.

    """
    district = conn.execute(_SQL["site_district"]).fetchone()
    if district is None:
        raise NotFoundError("no site pack is loaded: load one with `angkut site load`")
    return SiteOut(
        city=district["city_name"],
        district=DistrictOut(code=district["code"], name=district["name"]),
        bbox=bounding_box(_SURFACE.validate_python(district["boundary"])),
        timezone=district["timezone"],
        areas=AreaCollection(
            features=[_area(row) for row in conn.execute(_SQL["site_areas"], district)]
        ),
        places=PlaceCollection(
            features=[_place(row) for row in conn.execute(_SQL["site_places"], district)]
        ),
    )


def _area(row: Row) -> AreaFeature:
    return AreaFeature(
        id=row["code"],
        geometry=_SURFACE.validate_python(row["boundary"]),
        properties=AreaProperties(
            code=row["code"],
            name=row["name"],
            common_name=row["common_name"],
            population=row["population"],
        ),
    )


def _place(row: Row) -> PlaceFeature:
    return PlaceFeature(
        id=row["code"],
        geometry=Point(coordinates=(row["lon"], row["lat"])),
        properties=PlaceProperties(
            kind=row["kind"], code=row["code"], name=row["name"], invented=row["invented"]
        ),
    )
