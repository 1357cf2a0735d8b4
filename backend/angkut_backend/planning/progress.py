"""How far each vehicle is at a moment of the shift: as it was reported, else as the plan says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from angkut_backend.planning.changes import VehicleNow
from angkut_backend.planning.documents import MAX_LOAD
from angkut_backend.planning.plan_document import Route, Step, StepKind
from angkut_backend.planning.problem import MAX_STOPS, MAX_TRIPS, Problem, Underway, Vehicle


class Place(NamedTuple):
    """WGS84 degrees."""

    lon: float
    lat: float


class Load(NamedTuple):
    """What a vehicle carries."""

    litres: int
    kg: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A vehicle at a moment."""

    #: Where it can be sent on from; `None`: it has not left its depot.
    underway: Underway | None
    #: Bins that it has served since the plan took over, and that it is serving.
    served: tuple[str, ...] = ()
    #: The step of the plan that it is at, or on its way to; `None`: that is not known, or it is
    #: where the plan took it over.
    step: Step | None = None
    is_driving: bool = False

    @property
    def next_bin(self) -> str | None:
        """Return the bin that it is on its way to, as far as one knows."""
        step = self.step
        return step.code if step and self.is_driving and step.kind is StepKind.STOP else None


def progress_of(
    problem: Problem,
    vehicle: Vehicle,
    route: Route | None,
    at_s: int,
    report: VehicleNow | None,
    others: Collection[str] = (),
) -> Progress:
    """Return how far a vehicle is, so many seconds into the shift.

    What it has begun (a bin, unloading, its break, the way to the next stop) it brings to an end:
    a crew cannot be called back from there. A report goes before the plan.

    Parameters
    ----------
    report
        Its `served` are those since the plan took over.
    others
        Bins that are reported of other vehicles: this one has not served them, and has nothing of
        them on board.
    """
    walk = _Walk(problem, vehicle, route.steps if route else (), others)
    planned = walk.by_time(at_s)
    if report is None:
        return planned
    known = planned if report.served is None else walk.by_served(report.served, report, at_s)
    if report.lon is None and report.load_kg is None and report.load_l is None:
        return known
    on = known.underway or walk.in_depot(at_s)
    changes: dict[str, object] = {}
    if report.lon is not None:
        changes |= {"lon": report.lon, "lat": report.lat, "free_at_s": at_s}
    for name in ("load_kg", "load_l"):
        if getattr(report, name) is not None:
            changes[name] = getattr(report, name)
    known = replace(known, underway=on.model_copy(update=changes))
    return known if report.lon is None else replace(known, step=None, is_driving=False)


def begun_at(steps: Sequence[Step], at_s: int) -> int:
    """Return the number of the step that a vehicle has come to by a time; the first, if to none."""
    return max((number for number, step in enumerate(steps) if step.arrive_s <= at_s), default=0)


def heading_at(steps: Sequence[Step], at_s: int) -> int | None:
    """Return the number of the step that a vehicle is driving to at a time."""
    begun = begun_at(steps, at_s)
    driving = steps[begun].leave_s <= at_s and begun + 1 < len(steps)
    return begun + 1 if driving else None


class _Walk:
    """Follows a route of the plan."""

    def __init__(
        self, problem: Problem, vehicle: Vehicle, steps: Sequence[Step], others: Collection[str]
    ) -> None:
        self._vehicle = vehicle
        self._steps = steps
        self._others = others
        self._bins = {one.code: one for one in problem.bins}
        self._places: Mapping[StepKind, Mapping[str, Place]] = {
            StepKind.STOP: {one.code: Place(one.lon, one.lat) for one in problem.bins},
            StepKind.UNLOAD: {one.code: Place(one.lon, one.lat) for one in problem.disposal_sites},
            StepKind.END: {one.code: Place(one.lon, one.lat) for one in problem.depots},
        }

    def in_depot(self, at_s: int) -> Underway:
        """Return the vehicle at its depot, or where the plan took it over, at this time."""
        on = self._vehicle.underway
        if on is not None:
            return on.model_copy(update={"free_at_s": max(on.free_at_s, at_s)})
        place = self._places[StepKind.END][self._vehicle.depot]
        free_at_s = max(at_s, self._vehicle.shift.from_s)
        return Underway(lon=place.lon, lat=place.lat, free_at_s=free_at_s)

    def by_time(self, at_s: int) -> Progress:
        """Return where the plan says that it is."""
        steps, on = self._steps, self._vehicle.underway
        if not steps or at_s <= steps[0].leave_s:
            return Progress(self.in_depot(at_s) if on else None)
        begun, heading = begun_at(steps, at_s), heading_at(steps, at_s)
        last = steps[begun]
        if heading is None:
            free_at_s = at_s if begun + 1 == len(steps) else last.leave_s
            return replace(self._after(begun, self._stops(begun), free_at_s), step=last)
        to = steps[heading]
        going = self._after(begun, self._stops(begun), to.arrive_s)
        there = self._places[to.kind][to.code]
        underway = going.underway and going.underway.model_copy(update=there._asdict())
        return Progress(underway, going.served, step=to, is_driving=True)

    def by_served(self, served: Sequence[str], report: VehicleNow, at_s: int) -> Progress:
        """Return how far it must be on its route, having served these bins."""
        done = set(served)
        stops = [n for n, step in enumerate(self._steps) if self._is_stop(step, done)]
        begun = max(stops, default=0)
        if not served:
            return Progress(self.in_depot(at_s) if self._vehicle.underway else None)
        following = self._steps[begun + 1] if begun + 1 < len(self._steps) else None
        if stops and following and following.kind is StepKind.UNLOAD and report.load_kg == 0:
            begun += 1
        found = self._after(begun, tuple(served), at_s)
        if stops or found.underway is None:
            return replace(found, step=self._steps[begun])
        # It has served what was not on its route: where it did so last is nearest to the truth.
        there = self._places[StepKind.STOP].get(served[-1])
        underway = found.underway.model_copy(update=there._asdict() if there else {})
        return Progress(underway, found.served)

    def _after(self, begun: int, served: tuple[str, ...], free_at_s: int) -> Progress:
        """Return the vehicle when it has done the steps of its route up to one."""
        on, steps = self._vehicle.underway, self._steps[: begun + 1]
        unloads = sum(step.kind is StepKind.UNLOAD for step in steps)
        rested = any(step.kind is StepKind.BREAK for step in steps)
        place = self._place(steps)
        load = self._load(steps, served)
        underway = Underway(
            lon=place.lon,
            lat=place.lat,
            free_at_s=free_at_s,
            load_l=min(load.litres, MAX_LOAD),
            load_kg=min(load.kg, MAX_LOAD),
            trips_made=min((on.trips_made if on else 0) + unloads, MAX_TRIPS),
            stops_made=min((on.stops_made if on else 0) + len(served), MAX_STOPS),
            break_taken=rested or bool(on and on.break_taken),
        )
        return Progress(underway, served)

    def _place(self, steps: Sequence[Step]) -> Place:
        for step in reversed(steps):
            if step.kind in self._places:
                return self._places[step.kind][step.code]
        start = self.in_depot(0)
        return Place(start.lon, start.lat)

    def _load(self, steps: Sequence[Step], served: Sequence[str]) -> Load:
        """Return what is on board: what was served since the last unloading."""
        unloads = [n for n, step in enumerate(steps) if step.kind is StepKind.UNLOAD]
        on = self._vehicle.underway
        gone = {step.code for step in steps[: unloads[-1]]} if unloads else set()
        there = [self._bins[code] for code in served if code in self._bins.keys() - gone]
        begin = Load(0, 0) if unloads or on is None else Load(on.load_l, on.load_kg)
        return Load(
            begin.litres + sum(one.load_l for one in there),
            begin.kg + sum(one.load_kg for one in there),
        )

    def _stops(self, begun: int) -> tuple[str, ...]:
        stops = (one.code for one in self._steps[: begun + 1] if one.kind is StepKind.STOP)
        return tuple(code for code in stops if code not in self._others)

    @staticmethod
    def _is_stop(step: Step, done: set[str]) -> bool:
        return step.kind is StepKind.STOP and step.code in done
