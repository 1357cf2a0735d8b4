"""What changes from one plan to another: bins, order, kilometres, minutes, risk, and its cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from angkut_backend.errors import BackendError
from angkut_backend.planning.plan_document import Left, Served, StepKind
from angkut_backend.planning.progress import begun_at, heading_at
from angkut_backend.planning.records import PlanRecord
from angkut_backend.planning.rising import rising


class NotComparableError(BackendError):
    """These plans are of different districts."""

    code = "not_comparable"


@dataclass(frozen=True, slots=True)
class Moved:
    """A bin that another vehicle serves."""

    bin: str
    from_vehicle: str
    to_vehicle: str


class ChangeKind(StrEnum):
    """What becomes of a bin."""

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinChange:
    """What becomes of a bin, and what that costs by itself: the other bins stay as they are."""

    bin: str
    kind: ChangeKind
    #: `None`: it stays.
    from_vehicle: str | None
    to_vehicle: str | None
    #: Way and time of the crew that it adds where it is, less what it added where it was.
    cost_rp: float
    #: Expected overflows that it adds.
    overflows: float
    #: Why it is in the other plan or not: a word of `InReason` or `OutReason`.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a vehicle does, or all of them."""

    distance_m: int = 0
    duration_s: int = 0
    stops: int = 0
    trips: int = 0
    cost_rp: float = 0

    def less(self, other: "Sums") -> "Sums":
        """Return what is more here than there."""
        return Sums(
            distance_m=self.distance_m - other.distance_m,
            duration_s=self.duration_s - other.duration_s,
            stops=self.stops - other.stops,
            trips=self.trips - other.trips,
            cost_rp=round(self.cost_rp - other.cost_rp),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleChange:
    """What changes for a vehicle."""

    vehicle: str
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From one plan to another; sums are of the other less those of the one.

    If the other takes over in the middle of the shift, the rest of the one counts, as if it had
    been kept to until then.
    """

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: tuple[Moved, ...]
    #: On the same vehicle, before or after others than before.
    reordered: tuple[str, ...]
    #: Served before the other plan takes over.
    served: tuple[str, ...]
    changes: tuple[BinChange, ...]
    vehicles: tuple[VehicleChange, ...]
    distance_m: int
    duration_s: int
    trips: int
    cost_rp: float
    #: Expected number of bins that overflow before the next chance, by the levels of the other.
    overflows: float
    #: Bins that must be served and are not.
    missed_must: int


def difference(one: PlanRecord, other: PlanRecord) -> Difference:
    """Compare two plans; bins are in the order of their codes.

    Raises
    ------
    NotComparableError
        They are of different districts.
    """
    if one.district != other.district:
        raise NotComparableError(
            f"plan {one.plan_id} is of {one.district}, plan {other.plan_id} of {other.district}"
        )
    done = _done(other) - _done(one)
    changes = tuple(_changes(one, other, done))
    before, after = _by_vehicle(one, _taken_over_s(one, other)), _by_vehicle(other, None)
    vehicles = tuple(
        VehicleChange(vehicle=code, sums=after.get(code, Sums()).less(before.get(code, Sums())))
        for code in sorted(before.keys() | after.keys())
        if before.get(code) != after.get(code)
    )
    sums = [one.sums for one in vehicles]
    chance = _chance(one) | _chance(other)
    stay = [left for left in one.plan.left if left.bin not in done]
    return Difference(
        added=_of(changes, ChangeKind.ADDED),
        dropped=_of(changes, ChangeKind.DROPPED),
        moved=tuple(
            Moved(change.bin, change.from_vehicle, change.to_vehicle)
            for change in changes
            if change.kind is ChangeKind.MOVED and change.from_vehicle and change.to_vehicle
        ),
        reordered=_of(changes, ChangeKind.REORDERED),
        served=tuple(sorted(done)),
        changes=changes,
        vehicles=vehicles,
        distance_m=sum(one.distance_m for one in sums),
        duration_s=sum(one.duration_s for one in sums),
        trips=sum(one.trips for one in sums),
        cost_rp=sum(one.cost_rp for one in sums),
        overflows=round(
            sum(chance[left.bin] for left in other.plan.left)
            - sum(chance[left.bin] for left in stay),
            3,
        ),
        missed_must=_missed(other.plan.left) - _missed(stay),
    )


def _changes(one: PlanRecord, other: PlanRecord, done: set[str]) -> Iterator[BinChange]:
    before = {served.bin: served for served in one.plan.served if served.bin not in done}
    after = {served.bin: served for served in other.plan.served}
    left = {left.bin: str(left.reason) for left in other.plan.left}
    chance = _chance(one) | _chance(other)
    moved = _reordered(one, other)
    for code in sorted(before.keys() | after.keys()):
        was, now = before.get(code), after.get(code)
        if was and now and was.vehicle == now.vehicle and code not in moved:
            continue
        yield BinChange(
            bin=code,
            kind=_kind(was, now),
            from_vehicle=was.vehicle if was else None,
            to_vehicle=now.vehicle if now else None,
            cost_rp=(now.saving_rp if now else 0) - (was.saving_rp if was else 0),
            overflows=((now is None) - (was is None)) * chance.get(code, 0.0),
            reason=str(now.reason) if now else left.get(code, ""),
        )


def _kind(was: Served | None, now: Served | None) -> ChangeKind:
    if was is None:
        return ChangeKind.ADDED
    if now is None:
        return ChangeKind.DROPPED
    return ChangeKind.MOVED if was.vehicle != now.vehicle else ChangeKind.REORDERED


def _of(changes: Sequence[BinChange], kind: ChangeKind) -> tuple[str, ...]:
    return tuple(change.bin for change in changes if change.kind is kind)


def _reordered(one: PlanRecord, other: PlanRecord) -> set[str]:
    """Return the fewest bins of which one can say that they have moved on their vehicle."""
    orders = {route.vehicle: route.bins for route in one.plan.routes}
    found: set[str] = set()
    for route in other.plan.routes:
        places = {code: place for place, code in enumerate(orders.get(route.vehicle, []))}
        common = [code for code in route.bins if code in places]
        found |= {*common} - {*rising(common, places)}
    return found


def _by_vehicle(record: PlanRecord, from_s: int | None) -> dict[str, Sums]:
    """Return what each vehicle does from a time on; `None`: from its start."""
    vehicles = {one.code: one for one in record.problem.vehicles}
    found = {}
    for route in record.plan.routes:
        first, begin_s = 0, route.steps[0].leave_s
        work = rest = route.steps[1:]
        if from_s is not None and from_s > begin_s:
            heading = heading_at(route.steps, from_s)
            first = begun_at(route.steps, from_s) if heading is None else heading
            begin_s = route.steps[first].leave_s if heading is None else route.steps[first].arrive_s
            rest = route.steps[first + 1 :]
            # It gets where it is heading for, and has still to work there.
            work = rest if heading is None else route.steps[first:]
        vehicle = vehicles[route.vehicle]
        metres = sum(step.distance_m for step in rest)
        seconds = route.steps[-1].leave_s - min(begin_s, route.steps[-1].leave_s)
        hours = seconds / 3600
        cost_rp = vehicle.rp_fixed + vehicle.rp_per_km * metres / 1000 + vehicle.rp_per_hour * hours
        found[route.vehicle] = Sums(
            distance_m=metres,
            duration_s=seconds,
            stops=sum(step.kind is StepKind.STOP for step in work),
            trips=sum(step.kind is StepKind.UNLOAD for step in work),
            cost_rp=cost_rp,
        )
    return found


def _taken_over_s(one: PlanRecord, other: PlanRecord) -> int | None:
    """Return when the other takes over from the one, seconds into the shift of the one."""
    at = other.standing.taken_over_at if other.standing else None
    before = one.standing.taken_over_at if one.standing else None
    if at is None or one.shift_start != other.shift_start or (before and before >= at):
        return None
    return one.problem.seconds(at)


def _done(record: PlanRecord) -> set[str]:
    return set(record.standing.server_of) if record.standing else set()


def _chance(record: PlanRecord) -> dict[str, float]:
    return {one.code: one.overflow_probability or 0.0 for one in record.problem.bins}


def _missed(left: Sequence[Left]) -> int:
    return sum(one.must is not None for one in left)
