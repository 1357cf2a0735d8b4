"""Where the planner takes over each vehicle: after what is driven and what is fixed already."""

from dataclasses import dataclass

from angkut_backend.planning.drive import Drive
from angkut_backend.planning.plan_document import StepKind
from angkut_backend.planning.problem import Vehicle
from angkut_backend.planning.rules import Rules
from angkut_backend.planning.schedule import Scheduler, earliest_s
from angkut_backend.planning.timetable import Timetable, Visit


@dataclass(frozen=True, slots=True)
class Takeover:
    """State of a vehicle when the planner may decide."""

    vehicle: Vehicle
    #: What comes first whatever is planned.
    visits: tuple[Visit, ...]
    #: Fixed bins that cannot be served in this order, and what is in the way.
    failed: dict[str, str]
    #: Name of the place in the travel matrices.
    point: str
    time_s: int
    load_l: int
    load_kg: int
    trips_left: int
    stops_left: int


def take_over(rules: Rules, scheduler: Scheduler, vehicle: Vehicle) -> Takeover:
    """Drive through the fixed bins, unloading where they do not fit; leave out what cannot be."""
    visits: list[Visit] = []
    failed: dict[str, str] = {}
    for code in vehicle.fixed_first:
        found = scheduler.timetable(vehicle, [*visits, Visit(StepKind.STOP, code)])
        if isinstance(found, Timetable):
            visits.append(Visit(StepKind.STOP, code))
            continue
        if found.what == "load":
            with_tip = _with_unloading(scheduler, vehicle, visits, code)
            if with_tip is not None:
                visits = with_tip
                continue
        failed[code] = found.what
    drive = Drive(rules, vehicle, earliest_s(vehicle))
    for visit in visits:
        drive.do(visit)
    last = drive.lines[-1]
    return Takeover(
        vehicle,
        tuple(visits),
        failed,
        drive.here,
        last.leave_s,
        last.load_l,
        last.load_kg,
        vehicle.max_trips - drive.trip + 1,
        drive.stops_left,
    )


def _with_unloading(
    scheduler: Scheduler, vehicle: Vehicle, visits: list[Visit], code: str
) -> list[Visit] | None:
    for site in scheduler.rules.disposal_sites(vehicle):
        tried = [*visits, Visit(StepKind.UNLOAD, site.code), Visit(StepKind.STOP, code)]
        if isinstance(scheduler.timetable(vehicle, tried), Timetable):
            return tried
    return None
