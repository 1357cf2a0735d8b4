"""Bins and their levels over HTTP. A level is rounded to a tenth: no sensor knows more."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, Field

from angkut_backend.accounts.service import Role
from angkut_backend.geojson import Point
from angkut_backend.readings.figures import DayFigures
from angkut_backend.readings.service import BinState, FillClass, LevelHistory, fill_class


class BinProperties(BaseModel):
    """A bin and the newest that is known of it."""

    code: str
    site_name: str
    area_code: str
    area_name: str
    container: str
    volume_l: int
    #: The newest trusted level; kept when the class is `unknown`.
    fill_pct: float | None
    fill_class: FillClass
    #: When that level was measured.
    trusted_at: datetime | None
    #: From then on the level is too old to be believed.
    unknown_after: datetime | None
    #: The newest sign of life, trusted or not.
    seen_at: datetime | None
    battery_mv: int | None
    device_id: str | None
    #: Some of what is said of this bin nobody surveyed.
    invented: bool
    collection_windows: Annotated[
        str | None,
        Field(
            description="When it can be emptied, local time: `05:00-07:00;13:00-24:00`, or each "
            "behind the days on which it begins, 1 is Monday: `1 2 3 4 5 00:00-07:00`. Null: at "
            "any time"
        ),
    ]


class BinFeature(BaseModel):
    """A bin on the map; `id` is the code on its label."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Point
    properties: BinProperties


class BinCollection(BaseModel):
    """Bins on the map."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[BinFeature]


class ReadingPoint(BaseModel):
    """The trusted readings within one bucket, per cent."""

    #: Start of the bucket.
    t: datetime
    mean: float
    min: float
    max: float
    n: int


class ReadingsOut(BaseModel):
    """How a bin's level went; a bucket without trusted readings is missing."""

    code: str
    bucket_s: int
    points: list[ReadingPoint]


class DayOut(BaseModel):
    """All bins on one operational day; times are summed over the bins, seconds."""

    day: date
    #: Bins with at least one reading.
    bins: int
    #: Readings, and those of them whose level is believed.
    n: int
    trusted_n: int
    mean_pct: float | None
    #: For how long levels are known, and were at 90 % or 100 % and more.
    known_s: int
    over_90_s: int
    over_100_s: int


class DaysOut(BaseModel):
    """Day by day; a day without any reading is missing."""

    days: list[DayOut]


def bin_feature(state: BinState, role: Role, now: datetime) -> dict[str, object]:
    """Show a bin to that role, as a `BinFeature`: a viewer is not shown what hangs in it."""
    inside = role is not Role.VIEWER
    unknown_after = state.unknown_after
    return {
        "type": "Feature",
        "id": state.code,
        "geometry": {"type": "Point", "coordinates": (state.lon, state.lat)},
        "properties": {
            "code": state.code,
            "site_name": state.site_name,
            "area_code": state.area_code,
            "area_name": state.area_name,
            "container": state.container,
            "volume_l": state.volume_l,
            "fill_pct": None if state.fill_pct is None else round(state.fill_pct, 1),
            "fill_class": fill_class(state.fill_pct, unknown_after, now),
            "trusted_at": state.trusted_at,
            "unknown_after": unknown_after,
            "seen_at": state.seen_at,
            "battery_mv": state.battery_mv if inside else None,
            "device_id": state.device_id if inside else None,
            "invented": state.invented,
            "collection_windows": state.collection_windows,
        },
    }


def bins_json(states: Iterable[BinState], role: Role, now: datetime) -> bytes:
    """Show bins to that role: the JSON of a `BinCollection`.

    Without its objects and its encoder, which would take as long as all the rest of the answer; a
    test compares.
    """
    features = [bin_feature(state, role, now) for state in states]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def readings_out(history: LevelHistory) -> ReadingsOut:
    """Show how a level went."""
    return ReadingsOut(
        code=history.code,
        bucket_s=history.bucket_s,
        points=[
            ReadingPoint(
                t=point.bucket_start,
                mean=round(point.mean_pct, 1),
                min=round(point.min_pct, 1),
                max=round(point.max_pct, 1),
                n=point.n,
            )
            for point in history.points
        ],
    )


def days_out(days: Iterable[DayFigures]) -> DaysOut:
    """Show what all bins did."""
    return DaysOut(
        days=[
            DayOut(
                day=day.day,
                bins=day.bins,
                n=day.n,
                trusted_n=day.trusted_n,
                mean_pct=None if day.mean_pct is None else round(day.mean_pct, 1),
                known_s=round(day.known_s),
                over_90_s=round(day.over_90_s),
                over_100_s=round(day.over_100_s),
            )
            for day in days
        ]
    )
