"""What may be wrong with a plan; `checker` finds it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from angkut_backend.planning.plan_document import OutReason
from angkut_backend.planning.problem import TimeWindow


class Breach(StrEnum):
    """Which rule is broken, or which figure does not add up."""

    MUST_MISSED = "must_missed"
    FORBIDDEN = "forbidden"
    FORGOTTEN = "forgotten"
    SERVED_TWICE = "served_twice"
    SERVED_AND_LEFT = "served_and_left"
    LEFT_TWICE = "left_twice"
    #: A bin stays for a reason that is not so.
    EXCUSE = "excuse"
    #: A bin stays beyond the longest gap, and no duty says so.
    GAP = "gap"
    #: A vehicle under way has no route.
    STRANDED = "stranded"
    UNKNOWN_BIN = "unknown_bin"
    UNKNOWN_VEHICLE = "unknown_vehicle"
    VEHICLE_TWICE = "vehicle_twice"
    REASONS = "reasons"
    TOTALS = "totals"
    LOCK = "lock"
    FORBID = "forbid"
    FIXED_FIRST = "fixed_first"
    SHAPE = "shape"
    DEPOT = "depot"
    PLACE = "place"
    TRIP = "trip"
    DISTANCE = "distance"
    TIME = "time"
    UNREACHABLE = "unreachable"
    LOAD = "load"
    CAPACITY = "capacity"
    SERVICE = "service"
    WINDOW = "window"
    ACCESS = "access"
    CONTAINER = "container"
    DISPOSAL_SITE = "disposal_site"
    CLOSED = "closed"
    QUEUE = "queue"
    TIPPING = "tipping"
    LOADED = "loaded"
    SHIFT = "shift"
    TRIPS = "trips"
    STOPS = "stops"
    BREAK = "break"


class Unit(StrEnum):
    """Of a figure."""

    #: Seconds from the start of the shift.
    TIME = "time"
    SECONDS = "s"
    HOURS = "h"
    METRES = "m"
    LITRES = "l"
    KILOGRAMS = "kg"
    RUPIAH = "rp"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the plan says, and what follows from the rules: so much, or no more or less."""

    said: float
    due: float
    unit: Unit = Unit.COUNT

    @classmethod
    def of_loads(cls, said: tuple[int, int], due: tuple[int, int]) -> "Figures":
        """Return what is wrong with a load: litres and kg, the kg if those are too many."""
        if said[1] <= due[1] and said[0] != due[0]:
            return cls(said[0], due[0], Unit.LITRES)
        return cls(said[1], due[1], Unit.KILOGRAMS)

    @classmethod
    def of_windows(cls, at_s: int, windows: Iterable[TimeWindow]) -> "Figures":
        """Return a time outside of windows, and the nearest inside of one."""
        edges_s = (edge_s for one in windows for edge_s in (one.from_s, one.to_s))
        return cls(at_s, min(edges_s, key=lambda edge_s: abs(edge_s - at_s)), Unit.TIME)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a plan; those of older plans have the sentence only."""

    code: Breach
    #: The bin or vehicle that it is about, or the sum.
    where: str
    #: In English.
    detail: str
    #: Bin, disposal site or depot of the route at which it shows.
    at: str | None = None
    #: That has the bin and may not, or has not and could.
    vehicle: str | None = None
    #: For which a bin is said to stay.
    reason: OutReason | None = None
    figures: Figures | None = None
