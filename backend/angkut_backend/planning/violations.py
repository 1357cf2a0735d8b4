"""What may be wrong with a plan; `checker` finds it."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a plan."""

    code: Breach
    where: str
    detail: str
