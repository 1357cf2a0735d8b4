"""The records of a site pack: what a row may hold."""

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict
from pydantic import with_config as checked

from angkut_backend.registry.site.columns import (
    Access,
    AreaBpsCode,
    AreaCode,
    BinPrefix,
    CitySlug,
    Code,
    CollectionWindows,
    Day,
    Degrees,
    DistrictBpsCode,
    DistrictCode,
    Invented,
    Kilograms,
    Litres,
    LocalTime,
    OptionalCode,
    Population,
    Postcode,
    Queue,
    ServiceSeconds,
    Source,
    Text,
    TimeZone,
    TippingMinutes,
    Traffic,
    Weekdays,
)
from angkut_backend.registry.site.geometry import Boundary

#: A column or key that nobody knows is a spelling mistake, not an extension.
_CONFIG = ConfigDict(extra="forbid", str_strip_whitespace=True)


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """The kecamatan that the pack describes, and its city."""

    city_slug: CitySlug
    city_name: Text
    code: DistrictCode
    bps_code: DistrictBpsCode = None
    name: Text
    population: Population = None
    timezone: TimeZone
    operational_day_starts_at: LocalTime
    bin_prefix: BinPrefix
    traffic_by_hour: Traffic = (1.0,) * 24
    source: Source
    invented: Invented = ()
    boundary: Boundary


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The one feature of `district.geojson`."""

    code: DistrictCode
    source: Source
    invented: Invented = ()
    boundary: Boundary


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A kelurahan."""

    code: AreaCode
    bps_code: AreaBpsCode = None
    name: Text
    common_name: Text
    postcode: Postcode = None
    population: Population = None
    source: Source
    invented: Invented = ()
    boundary: Boundary


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place where bins stand."""

    code: Code
    area: AreaCode
    name: Text
    kind: Literal["tps", "tps3r", "street", "market", "public"]
    lon: Degrees
    lat: Degrees
    source: Source
    invented: Invented = ()


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A container."""

    code: Code
    site: Code
    container: Literal["wheelie_120", "wheelie_240", "wheelie_660", "cart", "arm_roll_6m3"]
    volume_l: Litres
    #: The widest way that leads to it.
    access: Access
    service_s: ServiceSeconds
    lon: Degrees
    lat: Degrees
    #: When it can be emptied; `None`: at any time.
    collection_windows: CollectionWindows = None
    source: Source
    invented: Invented = ()


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """Where vehicles start and end their day."""

    code: Code
    name: Text
    lon: Degrees
    lat: Degrees
    source: Source
    invented: Invented = ()


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A truck or a motor cart."""

    code: Code
    depot: Code
    kind: Literal["dump_truck", "arm_roll", "compactor", "motor_cart"]
    volume_l: Litres
    payload_kg: Kilograms
    #: The narrowest way that it can drive.
    access: Access
    source: Source
    invented: Invented = ()


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalSite:
    """Where vehicles tip."""

    code: Code
    name: Text
    lon: Degrees
    lat: Degrees
    opens_at: LocalTime
    closes_at: LocalTime
    tipping_min: TippingMinutes
    #: Minutes of waiting by local hour of arrival.
    queue_min: Queue
    source: Source
    invented: Invented = ()


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """A day on which waste or service differs."""

    day: Day
    kind: Literal["public_holiday", "ramadan", "idul_fitri", "city_event"]
    name: Text
    source: Source
    invented: Invented = ()

    @property
    def code(self) -> str:
        """What makes a row unique."""
        return f"{self.day} {self.kind}"


@checked(_CONFIG)
@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """On which days of the week a site, or one bin of it, is emptied."""

    #: One of the two.
    site: OptionalCode = None
    bin: OptionalCode = None
    weekdays: Weekdays
    vehicle: OptionalCode = None
    #: The first day on which it holds, until another one of the same place does.
    valid_from: Day
    source: Source
    invented: Invented = ()

    @property
    def code(self) -> str:
        """What makes a row unique."""
        words = (self.bin or self.site, str(self.valid_from), self.vehicle)
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePack:
    """A district, whole and checked."""

    district: District
    areas: tuple[Area, ...]
    sites: tuple[Site, ...]
    bins: tuple[Bin, ...]
    depots: tuple[Depot, ...]
    vehicles: tuple[Vehicle, ...]
    disposal_sites: tuple[DisposalSite, ...]
    calendar: tuple[CalendarDay, ...]
    #: A city that has said nothing of its rounds has none.
    rounds: tuple[Round, ...] = ()
    #: Of the files it was read from.
    sha256: str
