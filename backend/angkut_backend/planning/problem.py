"""The planning problem of one shift as a document: everything that a plan depends on.

Outside of the planner units are SI with rupiah; times are seconds from the start of the shift.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, model_validator

from angkut_backend.planning.documents import (
    Code,
    Document,
    EarlierTrip,
    Kilograms,
    Latitude,
    Litres,
    Longitude,
    Moment,
    Probability,
    Rupiah,
    Seconds,
    ShiftTime,
    Zone,
    agreeing,
    known,
    shift_time,
    unique,
)

#: More bins than a city of this size has; the planner was measured up to 3,000.
MAX_BINS = 5_000
MAX_VEHICLES, MAX_SITES = 200, 50
#: Of a vehicle in a shift.
MAX_TRIPS, MAX_STOPS = 50, 1000
#: Of its volume, as far as anybody believes it.
MAX_FILL_PCT = 1000.0
MAX_GAP_H = 100_000.0


class TimeWindow(Document):
    """From and to, both included."""

    from_s: ShiftTime
    to_s: ShiftTime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_s > self.to_s:
            raise ValueError(f"from_s {self.from_s} is after to_s {self.to_s}: swap them")
        return self


class Depot(Document):
    """Where vehicles start and end."""

    code: Code
    lon: Longitude
    lat: Latitude


class DisposalSite(Document):
    """Where vehicles unload: a landfill or a transfer station."""

    code: Code
    lon: Longitude
    lat: Latitude
    #: A vehicle must arrive within.
    opening: TimeWindow
    tipping_s: Seconds
    #: Wait before tipping by local hour of arrival, 0 to 23.
    queue_s_by_hour: Annotated[tuple[Seconds, ...], Field(min_length=24, max_length=24)]


class Break(Document):
    """A pause that must begin within a window if the vehicle is on its way by the window's end."""

    duration_s: Annotated[int, Field(gt=0, le=4 * 3600)]
    begin: TimeWindow


class Underway(Document):
    """Where a vehicle will be when the plan takes over, with what it carries."""

    lon: Longitude
    lat: Latitude
    free_at_s: ShiftTime
    load_l: Litres = 0
    load_kg: Kilograms = 0
    #: Trips to disposal sites and stops made already in this shift.
    trips_made: Annotated[int, Field(ge=0, le=MAX_TRIPS)] = 0
    stops_made: Annotated[int, Field(ge=0, le=MAX_STOPS)] = 0
    #: The break is over or was given up.
    break_taken: bool = False


class Vehicle(Document):
    """A vehicle with its crew for this shift."""

    code: Code
    kind: Code
    depot: Code
    #: The narrowest way that it can drive.
    access: Literal["road", "alley"] = "road"
    #: Which travel matrix holds for it.
    profile: Literal["truck", "small"] = "truck"
    #: Kinds of container that it can empty; `None`: all.
    containers: tuple[Code, ...] | None = None
    #: Disposal sites that it may use; `None`: all.
    disposal_sites: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None
    #: What the body holds, loose waste times compaction.
    volume_l: Annotated[Litres, Field(gt=0)]
    payload_kg: Annotated[Kilograms, Field(gt=0)]
    shift: TimeWindow
    breaks: Annotated[tuple[Break, ...], Field(max_length=1)] = ()
    max_trips: Annotated[int, Field(ge=1, le=MAX_TRIPS)] = 8
    max_stops: Annotated[int, Field(ge=1, le=MAX_STOPS)] | None = None
    rp_per_km: Rupiah = 3_000
    rp_per_hour: Rupiah = 72_000
    rp_fixed: Rupiah = 0
    underway: Underway | None = None
    #: Bins that come first, in this order: the driver has them already.
    fixed_first: Annotated[tuple[Code, ...], Field(max_length=MAX_STOPS)] = ()


class MustReason(StrEnum):
    """Why a bin has to be served in this shift."""

    LONGEST_GAP = "longest_gap"
    OVERFLOW_RISK = "overflow_risk"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    SKIPPED = "skipped"
    SCHEDULE = "schedule"
    THRESHOLD = "threshold"


class Bin(Document):
    """A bin that may be served, with what is expected in it when a vehicle comes."""

    code: Code
    lon: Longitude
    lat: Latitude
    area: Code | None = None
    access: Literal["road", "alley"] = "road"
    container: Code
    load_l: Litres
    load_kg: Kilograms
    service_s: Seconds
    #: When service may begin; empty: at any time.
    windows: Annotated[tuple[TimeWindow, ...], Field(max_length=8)] = ()
    #: What leaving it costs: expected cost of overflow until the next chance, and its litres.
    prize_rp: Rupiah = 0
    must: MustReason | None = None
    #: Kept out of this plan by a person.
    forbidden: bool = False
    #: Expected fill level at service, %.
    fill_pct: Annotated[float, Field(ge=0, le=MAX_FILL_PCT)] | None = None
    #: Probability that it overflows before the next chance.
    overflow_probability: Probability | None = None
    #: Since it was last emptied, hours.
    gap_h: Annotated[float, Field(ge=0, le=MAX_GAP_H)] | None = None
    #: It must not become more than this; `None`: its policy has no such rule.
    longest_gap_h: Annotated[float, Field(ge=0, le=MAX_GAP_H)] | None = None
    #: Whether the estimate rests on readings that can be trusted.
    trusted: bool = True


class Lock(Document):
    """A person's word: this bin on no other vehicle, perhaps at this place in its order.

    It makes no duty of the bin: whoever wants one gives it `must`, as a change of a plan does.
    """

    bin: Code
    vehicle: Code
    #: 1 is the first bin that the vehicle serves.
    position: Annotated[int, Field(ge=1, le=MAX_STOPS)] | None = None


class Forbid(Document):
    """A person's word: this bin not on this vehicle."""

    bin: Code
    vehicle: Code


class Problem(Document):
    """Everything that a plan of one shift depends on, apart from travel times."""

    v: Literal[1] = 1
    district: Code
    shift_start: Moment
    #: Hours of queues and traffic are local.
    timezone: Zone
    #: Newest reading that the estimates know.
    readings_as_of: AwareDatetime | None = None
    depots: Annotated[tuple[Depot, ...], Field(min_length=1, max_length=MAX_SITES)]
    disposal_sites: Annotated[tuple[DisposalSite, ...], Field(min_length=1, max_length=MAX_SITES)]
    vehicles: Annotated[tuple[Vehicle, ...], Field(max_length=MAX_VEHICLES)]
    bins: Annotated[tuple[Bin, ...], Field(max_length=MAX_BINS)]
    locks: Annotated[tuple[Lock, ...], Field(max_length=MAX_BINS)] = ()
    forbids: Annotated[tuple[Forbid, ...], Field(max_length=MAX_BINS)] = ()
    #: Vehicle of each bin in the plan that is being changed.
    earlier: dict[Code, Code] = Field(default_factory=dict)
    #: Trips of each vehicle in that plan: where the search begins.
    earlier_trips: dict[Code, tuple[EarlierTrip, ...]] = Field(default_factory=dict)
    #: Cost of moving one bin to another vehicle than in `earlier`.
    change_rp: Rupiah = 5_000
    #: Travel takes this times as long, by local hour of departure.
    traffic_by_hour: Annotated[
        tuple[Annotated[float, Field(ge=0.2, le=5)], ...], Field(min_length=24, max_length=24)
    ] = (1.0,) * 24

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        depots = unique("depots", (depot.code for depot in self.depots))
        sites = unique("disposal_sites", (site.code for site in self.disposal_sites))
        vehicles = unique("vehicles", (vehicle.code for vehicle in self.vehicles))
        bins = unique("bins", (one.code for one in self.bins))
        for vehicle in self.vehicles:
            where = f"vehicle {vehicle.code}"
            known(f"{where}, depot", [vehicle.depot], depots)
            known(f"{where}, disposal_sites", vehicle.disposal_sites or (), sites)
            known(f"{where}, fixed_first", vehicle.fixed_first, bins)
        unique("fixed_first", (code for v in self.vehicles for code in v.fixed_first))
        unique("locks, bin", (lock.bin for lock in self.locks))
        first = {c: (v.code, at) for v in self.vehicles for at, c in enumerate(v.fixed_first, 1)}
        agreeing(first, ((one.bin, one.vehicle, one.position) for one in self.locks))
        known("locks, bin", (lock.bin for lock in self.locks), bins)
        known("locks, vehicle", (lock.vehicle for lock in self.locks), vehicles)
        known("forbids, bin", (forbid.bin for forbid in self.forbids), bins)
        known("forbids, vehicle", (forbid.vehicle for forbid in self.forbids), vehicles)
        return self

    def local_hour(self, at_s: float) -> int:
        """Return the local hour of the day, 0 to 23, of a time in the shift."""
        local = self.shift_start.astimezone(ZoneInfo(self.timezone)) + timedelta(seconds=at_s)
        return local.hour

    def moment(self, at_s: float) -> datetime:
        """Return the time of a time in the shift, with its zone."""
        return (self.shift_start + timedelta(seconds=at_s)).astimezone(ZoneInfo(self.timezone))

    def seconds(self, at: datetime) -> int:
        """Return a moment as a time in the shift."""
        return shift_time(at - self.shift_start)
