"""What can never be: said before anybody waits for a plan."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from angkut_backend.errors import BackendError
from angkut_backend.planning.changes import Changes
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.planning.revision import Standing
from angkut_backend.planning.rules import Rules

#: Sentences in one error at most.
_MOST = 20
_SERVED = "underway, served"


class ChangesError(BackendError):
    """These changes cannot be made; says which, and why."""

    status = 422
    code = "bad_changes"


def refuse(found: Iterable[str]) -> None:
    """Raise if something is wrong.

    Raises
    ------
    ChangesError
        With everything that is wrong.
    """
    wrong = list(found)
    if wrong:
        more = [f"and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else []
        raise ChangesError("; ".join([*wrong[:_MOST], *more]))


def unknown_names(
    base: Problem, standing: Standing, changes: Changes, vehicles: Collection[str]
) -> Iterator[str]:
    """Say which bins, vehicles and disposal sites of the changes there are not."""
    done = {code: one.vehicle for one in standing.served for code in one.bins}
    bins = {one.code for one in base.bins} | done.keys()
    for what, codes in _named_bins(changes):
        for code in codes:
            if code not in bins:
                yield f"{what}: there is no bin {code!r} in this plan"
            elif code in done and what != _SERVED:
                yield f"{what}: {code} has been served by {done[code]} already"
    there = _list(vehicles)
    for what, codes in _named_vehicles(changes):
        for code in codes:
            if code not in vehicles:
                yield f"{what}: there is no vehicle {code!r} in this plan: it has {there}"
    sites = {one.code for one in base.disposal_sites}
    for code in (one.disposal_site for one in changes.queues):
        if code not in sites:
            yield f"queues: there is no disposal site {code!r}: there is {_list(sites)}"


def outside_shift(problem: Problem, standing: Standing, at: datetime) -> Iterator[str]:
    """Say what is wrong with the time of a replanning in the shift."""
    last_s = max((one.shift.to_s for one in problem.vehicles), default=0)
    end = problem.shift_start + timedelta(seconds=last_s)
    before = standing.taken_over_at
    if not problem.shift_start < at < end:
        yield (
            f"underway, at: {problem.moment(0):%Y-%m-%d %H:%M} to {problem.moment(last_s):%H:%M} "
            f"is the shift, {at.astimezone(problem.moment(0).tzinfo):%Y-%m-%d %H:%M} is outside"
        )
    elif before is not None and at < before:
        yield (
            f"underway, at: the plan begins at {before.astimezone(problem.moment(0).tzinfo):%H:%M} "
            "only: say a later time, or change the plan before it"
        )


def served_now(changes: Changes, served: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Say which bins of the changes a vehicle has served, or is serving, at the time."""
    done = {code: vehicle for vehicle, codes in served.items() for code in codes}
    for what, codes in _named_bins(changes):
        for code in codes:
            if code in done and what != _SERVED:
                yield (
                    f"{what}: {code} is served by {done[code]} before the plan takes over; if it "
                    f"is not, say what {done[code]} has `served`"
                )


def impossible(
    base: Problem,
    changes: Changes,
    there: Mapping[str, Vehicle],
    fixed: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """Say which locks and forced bins no plan can keep.

    Parameters
    ----------
    there
        Vehicles that drive.
    fixed
        Bins that come first, by vehicle.
    """
    bins = {one.code: one for one in base.bins}
    apart = {(one.bin, one.vehicle) for one in base.forbids}
    for lock in changes.locks:
        vehicle = there.get(lock.vehicle)
        where = f"locks: {lock.bin} to {lock.vehicle}"
        if vehicle is None:
            yield f"{where}: it does not drive: take it in with `again`, or lock to another"
            continue
        why = _hinders(vehicle, bins[lock.bin])
        if why is None and (lock.bin, lock.vehicle) in apart:
            why = "a person keeps the two apart"
        if why:
            yield f"{where}: {why}"
        most = vehicle.max_stops
        if lock.position and most is not None and lock.position > most:
            yield f"{where}: it makes {most} stops at most, there is no position {lock.position}"
        first = fixed.get(lock.vehicle, ())
        place = first.index(lock.bin) + 1 if lock.bin in first else None
        if lock.position and lock.position <= len(first) and place != lock.position:
            yield (
                f"{where}: its first {len(first)} stops are fixed, position {lock.position} is "
                "not free: fix fewer with `fixed_first`"
            )
        elif lock.position and place and place != lock.position:
            yield f"{where}: it is fixed at position {place}: fix fewer with `fixed_first`"
    for code in (*changes.force, *changes.complaints):
        reasons = {_hinders(one, bins[code]) for one in there.values()}
        if reasons and None not in reasons:
            yield f"force: no vehicle can serve {code}: {_list(str(one) for one in reasons)}"


def _named_bins(changes: Changes) -> Iterator[tuple[str, Iterable[str]]]:
    yield "locks", [one.bin for one in changes.locks]
    yield "hours", [one.bin for one in changes.hours]
    for name in ("forbid", "force", "complaints", "unlock"):
        yield name, getattr(changes, name)
    for report in changes.underway.vehicles if changes.underway else ():
        yield _SERVED, report.served or ()


def _named_vehicles(changes: Changes) -> Iterator[tuple[str, Iterable[str]]]:
    yield "locks", [one.vehicle for one in changes.locks]
    yield "fixed_first", [one.vehicle for one in changes.fixed_first]
    yield "without", changes.without
    yield "again", changes.again
    if changes.underway:
        yield "underway", [one.vehicle for one in changes.underway.vehicles]


def _hinders(vehicle: Vehicle, one: Bin) -> str | None:
    """Say why a vehicle can never serve a bin."""
    if Rules.can_empty(vehicle, one) and Rules.can_carry(vehicle, one):
        return None
    if vehicle.access != "alley" and one.access == "alley":
        return f"it stands in an alley where a {vehicle.kind} does not get in"
    if not Rules.can_empty(vehicle, one):
        return f"a {vehicle.kind} cannot empty a {one.container}"
    return f"its {one.load_l} l, {one.load_kg} kg do not fit into a {vehicle.kind}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
