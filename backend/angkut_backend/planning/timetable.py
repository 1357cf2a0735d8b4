"""A route with its times, inside the planner."""

from dataclasses import dataclass
from typing import NamedTuple

from angkut_backend.planning.plan_document import Route, Step, StepKind
from angkut_backend.planning.points import bin_point, disposal_point
from angkut_backend.planning.problem import Vehicle


class Visit(NamedTuple):
    """A bin to serve, or a disposal site to unload at."""

    kind: StepKind
    code: str

    @property
    def point(self) -> str:
        """Return the name of its place in the travel matrices."""
        named = bin_point if self.kind is StepKind.STOP else disposal_point
        return named(self.code)


class Line(NamedTuple):
    """One line of a timetable: a step of the plan document, before it is one."""

    kind: StepKind
    code: str
    arrive_s: int
    begin_s: int
    leave_s: int
    distance_m: int
    load_l: int
    load_kg: int
    trip: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A route that can be driven."""

    vehicle: Vehicle
    lines: tuple[Line, ...]

    @property
    def begin_s(self) -> int:
        """Return when the vehicle leaves."""
        return self.lines[0].leave_s

    @property
    def end_s(self) -> int:
        """Return when the vehicle is back."""
        return self.lines[-1].leave_s

    @property
    def distance_m(self) -> int:
        """Return the way driven."""
        return sum(line.distance_m for line in self.lines)

    @property
    def visits(self) -> list[Visit]:
        """Return the bins and unloadings in order."""
        return [
            Visit(line.kind, line.code)
            for line in self.lines
            if line.kind in {StepKind.STOP, StepKind.UNLOAD}
        ]

    @property
    def bins(self) -> list[str]:
        """Return the bins in the order of service."""
        return [line.code for line in self.lines if line.kind is StepKind.STOP]

    @property
    def cost_rp(self) -> float:
        """Return what the route costs: kilometres, hours, the vehicle."""
        vehicle = self.vehicle
        hours = (self.end_s - self.begin_s) / 3600
        by_use = vehicle.rp_per_km * self.distance_m / 1000 + vehicle.rp_per_hour * hours
        return vehicle.rp_fixed + by_use

    def document(self) -> Route:
        """Return the route as part of a plan document."""
        steps = tuple(Step(**line._asdict()) for line in self.lines)
        return Route(vehicle=self.vehicle.code, steps=steps)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a route cannot be driven."""

    #: access, unreachable, window, load, trips, stops, closed, break or shift
    what: str
    #: Visit at which it shows; the number of visits means the way home.
    at: int
    #: Where it can be driven and only costs too much: rupiah that it adds, and the vehicle.
    worth: tuple[float, str] | None = None

    @property
    def rank(self) -> tuple[int, float]:
        """Return what says most of why a bin stays: the smaller.

        That there is no way between two places says least: elsewhere there may be one.
        """
        if self.worth is not None:
            return 0, self.worth[0]
        return {"unreachable": 2, "access": 3}.get(self.what, 1), 0
