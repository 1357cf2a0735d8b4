"""What changes from one plan to another: bins, kilometres, minutes, risk."""

from dataclasses import dataclass

from angkut_backend.errors import BackendError
from angkut_backend.planning.records import PlanRecord


class NotComparableError(BackendError):
    """These plans are of different districts."""

    code = "not_comparable"


@dataclass(frozen=True, slots=True)
class Moved:
    """A bin that another vehicle serves."""

    bin: str
    from_vehicle: str
    to_vehicle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From one plan to another; sums are of the other less those of the one."""

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: tuple[Moved, ...]
    distance_m: int
    duration_s: int
    trips: int
    cost_rp: float
    #: Expected number of bins that overflow before the next chance, each plan by its own problem.
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
    before = {served.bin: served.vehicle for served in one.plan.served}
    after = {served.bin: served.vehicle for served in other.plan.served}
    sums, theirs = one.plan.totals, other.plan.totals
    return Difference(
        added=tuple(sorted(after.keys() - before.keys())),
        dropped=tuple(sorted(before.keys() - after.keys())),
        moved=tuple(
            Moved(code, before[code], after[code])
            for code in sorted(before.keys() & after.keys())
            if before[code] != after[code]
        ),
        distance_m=theirs.distance_m - sums.distance_m,
        duration_s=theirs.duration_s - sums.duration_s,
        trips=theirs.trips - sums.trips,
        cost_rp=theirs.cost_rp - sums.cost_rp,
        overflows=round(_overflows(other) - _overflows(one), 3),
        missed_must=_missed(other) - _missed(one),
    )


def _overflows(record: PlanRecord) -> float:
    chance = {bin_.code: bin_.overflow_probability or 0.0 for bin_ in record.problem.bins}
    return sum(chance[left.bin] for left in record.plan.left)


def _missed(record: PlanRecord) -> int:
    return sum(left.must is not None for left in record.plan.left)
