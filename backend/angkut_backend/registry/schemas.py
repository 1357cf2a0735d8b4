"""The places of a site over HTTP."""

from typing import Literal

from pydantic import BaseModel

from angkut_backend.geojson import BoundingBox, Point, Surface


class AreaProperties(BaseModel):
    """A kelurahan."""

    #: Kemendagri code with dots.
    code: str
    #: Official spelling.
    name: str
    #: Spelling on signs and in the press.
    common_name: str
    population: int | None


class AreaFeature(BaseModel):
    """A kelurahan on the map."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Surface
    properties: AreaProperties


class AreaCollection(BaseModel):
    """All kelurahan."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[AreaFeature]


class PlaceProperties(BaseModel):
    """Where trucks come from and where they tip."""

    kind: Literal["depot", "disposal_site"]
    code: str
    name: str
    #: Some of what is said of this place nobody surveyed.
    invented: bool


class PlaceFeature(BaseModel):
    """A place on the map."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Point
    properties: PlaceProperties


class PlaceCollection(BaseModel):
    """Depots and disposal sites."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[PlaceFeature]


class DistrictOut(BaseModel):
    """A kecamatan."""

    #: Kemendagri code with dots.
    code: str
    name: str


class SiteOut(BaseModel):
    """What the map shows besides the bins."""

    city: str
    district: DistrictOut
    bbox: BoundingBox
    #: IANA name of the zone that times are shown in.
    timezone: str
    areas: AreaCollection
    places: PlaceCollection
