"""A plan as a document: who drives where and when, what stays and why."""

from enum import StrEnum
from typing import Literal

from angkut_backend.planning.documents import Code, Document
from angkut_backend.planning.notes import Notes
from angkut_backend.planning.problem import MustReason


class StepKind(StrEnum):
    """What happens at a step of a route."""

    START = "start"
    STOP = "stop"
    UNLOAD = "unload"
    BREAK = "break"
    END = "end"


class Step(Document):
    """One step; times are seconds from the start of the shift."""

    kind: StepKind
    #: Bin, disposal site or depot; empty for a break on the way and a start on the road.
    code: str
    arrive_s: int
    #: Waiting (for a window, or in the queue of a disposal site) ends and work begins.
    begin_s: int
    leave_s: int
    #: Driven since the step before.
    distance_m: int
    #: On board when leaving.
    load_l: int
    load_kg: int
    #: Trips begin at 1 and end by unloading.
    trip: int


class Route(Document):
    """What one vehicle does."""

    vehicle: Code
    steps: tuple[Step, ...]

    @property
    def bins(self) -> list[str]:
        """Return the bins in the order of service."""
        return [step.code for step in self.steps if step.kind is StepKind.STOP]


class InReason(StrEnum):
    """Why a bin is served."""

    MUST = "must"
    LOCKED = "locked"
    WORTH = "worth"
    ON_THE_WAY = "on_the_way"


class OutReason(StrEnum):
    """Why a bin is not served."""

    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    NO_VEHICLE = "no_vehicle"
    TOO_LARGE = "too_large"
    WINDOW = "window"
    NO_TIME = "no_time"
    NO_CAPACITY = "no_capacity"
    LOCK = "lock"
    NOT_WORTH = "not_worth"
    NOT_OFFERED = "not_offered"
    #: A vehicle had room and time for it: the search ended before it was taken in.
    NOT_FOUND = "not_found"


class Served(Document):
    """A bin in the plan, and why."""

    bin: Code
    vehicle: Code
    reason: InReason
    must: MustReason | None = None
    prize_rp: float
    #: What the route would save without it; the other bins stay in their order.
    saving_rp: float


class Left(Document):
    """A bin that stays, and why."""

    bin: Code
    reason: OutReason
    must: MustReason | None = None
    prize_rp: float
    #: What the cheapest insertion would cost; `None`: it fits nowhere.
    insertion_rp: float | None = None
    #: The vehicle of the cheapest insertion.
    vehicle: Code | None = None


class Totals(Document):
    """Sums over all routes."""

    distance_m: int
    #: From leaving the depot to being back, with waiting and breaks.
    duration_s: int
    queue_s: int
    load_kg: int
    load_l: int
    #: Trips to a disposal site (ritase).
    trips: int
    stops: int
    vehicles: int
    #: Driving, crews and vehicles.
    cost_rp: float
    #: Prizes of the bins that stay.
    missed_rp: float
    #: Bins that are on another vehicle than before.
    changed: int
    #: What the planner minimises: cost, missed prizes, changes.
    objective_rp: float


class Provenance(Document):
    """Where a plan comes from. Equal provenance with an iteration limit gives an equal plan."""

    problem_sha256: str
    travel_sha256: str
    travel_source: str
    #: No road network was used.
    approximate: bool
    seed: int
    iterations: int
    #: Ours and the library's, with their versions.
    solver: str
    stage: Literal["greedy", "search"]


class Plan(Document):
    """Routes, reasons and sums; immutable."""

    v: Literal[1] = 1
    routes: tuple[Route, ...]
    served: tuple[Served, ...]
    left: tuple[Left, ...]
    totals: Totals
    provenance: Provenance
    #: What could not be kept to.
    notes: Notes = ()
