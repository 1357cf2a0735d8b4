"""Plans as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.decisions import MAX_NOTE
from angkut_backend.planning.difference import ChangeKind
from angkut_backend.planning.documents import Code
from angkut_backend.planning.driven import MAX_MISSED, MAX_REASON
from angkut_backend.planning.outdated import Outdated
from angkut_backend.planning.plan_document import OutReason, Plan, Totals
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import TimeWindow
from angkut_backend.planning.records import EventKind
from angkut_backend.planning.revision import Standing
from angkut_backend.planning.violations import Breach, Figures


class PlanLineOut(BaseModel):
    """A plan in the list."""

    model_config = ConfigDict(from_attributes=True)

    plan_id: UUID
    district: str
    shift_start: datetime
    policy: Policy
    state: Annotated[EventKind | None, Field(description="Null: made, and nothing since")]
    author: Annotated[str, Field(description="Empty for viewers")]
    created_at: datetime
    approximate: Annotated[bool, Field(description="Straight lines instead of roads")]
    is_treated: Annotated[bool, Field(description="Levels decided in all areas")]
    violations: Annotated[int, Field(description="Rules that it breaks, by the checker")]
    totals: Totals


class PlansOut(BaseModel):
    """The newest plans."""

    plans: list[PlanLineOut]


class AreaTrustOut(BaseModel):
    """How far an area's levels can be relied on."""

    area: str
    name: str
    bins: int
    trusted: Annotated[int, Field(description="Bins with a trusted level of the last day")]
    is_fixed: Annotated[bool, Field(description="It keeps its fixed round")]


class ViolationOut(BaseModel):
    """A rule that the plan breaks."""

    model_config = ConfigDict(from_attributes=True)

    code: Breach
    where: Annotated[str, Field(description="The bin, vehicle or sum that it is about")]
    detail: Annotated[str, Field(description="In English")]
    at: Annotated[str | None, Field(description="Bin, disposal site or depot of the route")]
    vehicle: Annotated[
        str | None, Field(description="That has the bin and may not, or has not and could")
    ]
    reason: Annotated[OutReason | None, Field(description="For which a bin is said to stay")]
    figures: Figures | None


class PlanEventOut(BaseModel):
    """Something that became of the plan."""

    model_config = ConfigDict(from_attributes=True)

    kind: EventKind
    at: datetime
    actor: Annotated[str, Field(description="Empty for viewers, as the note is")]
    note: str


class PlannedBinOut(BaseModel):
    """A bin as the planner knew it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    lon: float
    lat: float
    area: str | None
    container: str
    access: Literal["road", "alley"]
    load_l: int
    load_kg: int
    fill_pct: Annotated[float | None, Field(description="Expected when a vehicle comes")]
    overflow_probability: Annotated[
        float | None, Field(description="That it overflows before the next chance")
    ]
    gap_h: Annotated[float | None, Field(description="Since it was last emptied, hours")]
    trusted: Annotated[bool, Field(description="The level rests on readings of the last day")]
    windows: Annotated[list[TimeWindow], Field(description="For service; empty: at any time")]


class PlannedVehicleOut(BaseModel):
    """A vehicle as the planner knew it."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: str
    access: Literal["road", "alley"]
    volume_l: Annotated[int, Field(description="Loose waste that it holds")]
    payload_kg: int
    shift: Annotated[TimeWindow, Field(description="It drives in this time")]


class PlacedOut(BaseModel):
    """A depot or a disposal site."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    lon: float
    lat: float


class ProblemOut(BaseModel):
    """What there was to plan."""

    model_config = ConfigDict(from_attributes=True)

    bins: list[PlannedBinOut]
    vehicles: list[PlannedVehicleOut]
    depots: list[PlacedOut]
    disposal_sites: list[PlacedOut]


class PlanOut(BaseModel):
    """A plan with what it rests on."""

    model_config = ConfigDict(from_attributes=True)

    plan_id: UUID
    district: str
    timezone: str
    shift_start: datetime
    policy: Policy
    parameters: dict[str, Any]
    budget: dict[str, Any]
    readings_as_of: datetime
    state: EventKind | None
    author: Annotated[str, Field(description="Empty for viewers")]
    created_at: datetime
    is_treated: bool
    data_trust: list[AreaTrustOut]
    violations: list[ViolationOut]
    events: list[PlanEventOut]
    parent_id: Annotated[UUID | None, Field(description="The plan that was changed")]
    changes: Annotated[Changes | None, Field(description="What was changed in it")]
    standing: Annotated[
        Standing | None, Field(description="What holds of all changes until this plan")
    ]
    problem: ProblemOut
    plan: Plan


class MovedOut(BaseModel):
    """A bin that another vehicle serves."""

    model_config = ConfigDict(from_attributes=True)

    bin: str
    from_vehicle: str
    to_vehicle: str


class BinChangeOut(BaseModel):
    """What becomes of a bin, and what that costs by itself."""

    model_config = ConfigDict(from_attributes=True)

    bin: str
    kind: ChangeKind
    from_vehicle: Annotated[str | None, Field(description="Null: it was not served")]
    to_vehicle: Annotated[str | None, Field(description="Null: it stays")]
    cost_rp: Annotated[float, Field(description="Of its way and time; others stay as they are")]
    overflows: Annotated[float, Field(description="Expected overflows that it adds")]
    reason: Annotated[str, Field(description="Why it is served or not in the other plan")]


class SumsOut(BaseModel):
    """What a vehicle does more or less."""

    model_config = ConfigDict(from_attributes=True)

    distance_m: int
    duration_s: int
    stops: int
    trips: int
    cost_rp: float


class VehicleChangeOut(BaseModel):
    """What changes for a vehicle."""

    model_config = ConfigDict(from_attributes=True)

    vehicle: str
    sums: SumsOut


class DifferenceOut(BaseModel):
    """From one plan to another; sums are of the other less those of the one.

    If the other takes over in the middle of the shift, the rest of the one counts.
    """

    model_config = ConfigDict(from_attributes=True)

    added: list[str]
    dropped: list[str]
    moved: list[MovedOut]
    reordered: Annotated[list[str], Field(description="Elsewhere in the order of their vehicle")]
    served: Annotated[list[str], Field(description="Before the other plan takes over")]
    changes: Annotated[list[BinChangeOut], Field(description="Each of these bins, with its cost")]
    vehicles: Annotated[list[VehicleChangeOut], Field(description="Those for which sums change")]
    distance_m: int
    duration_s: int
    trips: int
    cost_rp: float
    overflows: Annotated[float, Field(description="Expected, of bins that stay")]
    missed_must: Annotated[int, Field(description="Bins that must be served and are not")]


class WithdrawIn(BaseModel):
    """Why a plan is withdrawn."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=MAX_NOTE, pattern=r"^\P{Cc}*$")] = ""


class PublishedOut(BaseModel):
    """What publishing did."""

    plan_id: UUID
    withdrawn: Annotated[list[UUID], Field(description="Plans of the shift that it replaces")]


class NotPublishedOut(BaseModel):
    """Why a plan is not put in force."""

    error: str
    detail: str
    changed: Annotated[
        list[Outdated],
        Field(
            description="Of `outdated`, 50 at most: what the routes rest on and is not as it was"
        ),
    ] = []


Reason = Annotated[str, Field(max_length=MAX_REASON, pattern=r"^\P{Cc}*$")]


class DrivenIn(BaseModel):
    """What became of the stops of a plan until now: those that are not named were emptied."""

    model_config = ConfigDict(extra="forbid")

    missed: Annotated[
        dict[Code, Reason],
        Field(max_length=MAX_MISSED, description="Reason, perhaps empty, by code of the bin"),
    ]


class DrivenOut(BaseModel):
    """Stops of a plan by what became of them."""

    model_config = ConfigDict(from_attributes=True)

    emptied: int
    missed: int
    still_to_come: int
    gone: Annotated[
        int, Field(description="Bins are gone from the registry: nothing is kept of them")
    ]


class MissedStopOut(BaseModel):
    """A stop at which a bin was not emptied."""

    model_config = ConfigDict(from_attributes=True)

    bin: str
    at: Annotated[datetime, Field(description="When the plan had it served")]
    reason: Annotated[str, Field(description="Empty for viewers")]


class ToldOut(BaseModel):
    """What was said of a plan that was driven."""

    model_config = ConfigDict(from_attributes=True)

    emptied: int
    missed: Annotated[list[MissedStopOut], Field(description="By time")]
    author: Annotated[str, Field(description="Empty for viewers, and if nothing was said")]
    told_at: Annotated[datetime | None, Field(description="Null: nothing was said")]
