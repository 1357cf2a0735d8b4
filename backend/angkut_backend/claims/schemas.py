"""Claims over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.claims.records import Caution, NewClaim, Position
from angkut_backend.claims.trial import Verdict
from angkut_backend.db import Row
from angkut_backend.registry.hanging import Hanging, MountingKind
from angkut_backend.registry.labels import Label
from angkut_broker.topics import ID_PATTERN

#: No control characters: PostgreSQL cannot even be asked about a NUL.
Typed = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^\P{Cc}+$")]


class HangingModel(BaseModel):
    """How a sensor hangs in a bin, mm and degrees."""

    model_config = ConfigDict(extra="forbid")

    #: Sensor to the bottom of the empty bin.
    d_empty_mm: int = Field(ge=1, le=20_000)
    #: Sensor to the full line.
    d_full_mm: int = Field(ge=0, le=20_000)
    #: Added to each measured distance.
    offset_mm: int = Field(0, ge=-5_000, le=5_000)
    #: Off the vertical.
    angle_deg: float = Field(0.0, ge=0, le=60, allow_inf_nan=False)
    kind: MountingKind | None = None
    #: Of the container, from the rim to the bottom.
    inner_depth_mm: int | None = Field(None, ge=50, le=20_000)
    #: Of the sensor above the rim; negative below it.
    sensor_height_mm: int | None = Field(None, ge=-5_000, le=5_000)

    def hanging(self) -> Hanging:
        """Check the measures against each other.

        Raises
        ------
        GeometryError
            They contradict each other.

        """
        return Hanging(**self.model_dump())


class PositionIn(BaseModel):
    """Where the phone was."""

    model_config = ConfigDict(extra="forbid")

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    #: Null: typed by hand.
    accuracy_m: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False)


class ClaimIn(BaseModel):
    """A sensor mounted at the bin."""

    model_config = ConfigDict(extra="forbid")

    #: Made by the phone: the same save sent twice is one claim.
    claim_id: UUID
    bin_code: str = Field(min_length=1, max_length=64, pattern=r"^\P{Cc}+$")
    device_id: str = Field(pattern=ID_PATTERN)
    hanging: HangingModel
    position: PositionIn | None = None
    #: What the person saves in spite of.
    confirmed: frozenset[Caution] = Field(frozenset(), max_length=len(Caution))
    note: str = Field("", max_length=500, pattern=r"^[\P{Cc}\n]*$")

    def claim(self) -> NewClaim:
        """Return what was said.

        Raises
        ------
        GeometryError
            The measures contradict each other.

        """
        return NewClaim(
            claim_id=self.claim_id,
            bin_code=self.bin_code,
            device_id=self.device_id,
            hanging=self.hanging.hanging(),
            position=None if self.position is None else Position(**self.position.model_dump()),
            confirmed=self.confirmed,
            note=self.note.strip(),
        )


class MountedOut(HangingModel):
    """What hangs in a bin."""

    device_id: str
    since: datetime
    #: Null: not mounted with a phone.
    claim_id: UUID | None
    #: Who claimed it: `account:rudi`.
    actor: str | None
    has_photo: bool


class TargetOut(BaseModel):
    """A bin at which somebody stands."""

    code: str
    short_code: str
    site_name: str
    area_name: str
    container: str
    volume_l: int
    lon: float
    lat: float
    #: Some of what is said of this bin nobody surveyed.
    invented: bool
    #: Farther away than this must be confirmed.
    far_m: float
    mounted: MountedOut | None


class CandidateOut(BaseModel):
    """A device that may be meant."""

    model_config = ConfigDict(from_attributes=True)

    device_id: str
    model: str | None
    interval_s: int
    #: Where it hangs; null: in stock.
    bin_code: str | None
    #: When something of it arrived last.
    seen_at: datetime | None


class CandidatesOut(BaseModel):
    """Devices that may be meant, the likeliest first."""

    devices: list[CandidateOut]


class TrialOut(BaseModel):
    """What a device said last, and what that would be in this bin."""

    #: Null: it never said anything.
    observed_at: datetime | None
    received_at: datetime | None
    #: All echoes; null: it measures no distance.
    distances_mm: list[int] | None
    #: The echo taken for the surface.
    distance_mm: float | None
    battery_mv: int | None
    temp_c: float | None
    tilt_deg: float | None
    rssi_dbm: int | None
    #: Expected seconds between two readings.
    interval_s: int
    fill_pct: float | None
    #: Null without a reading.
    verdict: Verdict | None


class ClaimOut(BaseModel):
    """A claim as it is recorded."""

    model_config = ConfigDict(from_attributes=True)

    claim_id: UUID
    bin_code: str
    device_id: str
    actor: str
    made_at: datetime
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    #: From the bin's registered place.
    distance_m: float | None
    confirmed: list[str]
    note: str
    has_photo: bool
    #: Null: in force, or followed by another one.
    undone_at: datetime | None
    undone_by: str | None


class ClaimsOut(BaseModel):
    """The newest claims."""

    claims: list[ClaimOut]


def target_out(row: Row, far_m: float) -> TargetOut:
    """Show a row of `target`."""
    mounted = None
    if row["device_id"] is not None:
        mounted = MountedOut(
            since=row["valid_from"],
            **{name: row[name] for name in MountedOut.model_fields if name != "since"},
        )
    label = Label(row["code"], row["site_name"], row["area_name"])
    plain = set(TargetOut.model_fields) - {"short_code", "far_m", "mounted"}
    return TargetOut(
        short_code=label.short_code,
        far_m=far_m,
        mounted=mounted,
        **{name: row[name] for name in plain},
    )
