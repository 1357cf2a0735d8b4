"""What can never be: said before anybody waits for a plan."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.faults import Fault, FaultField, FaultWord
from angkut_backend.planning.problem import Bin, Lock, Problem, Vehicle
from angkut_backend.planning.revision import Standing
from angkut_backend.planning.rules import Rules


class _Hindrance(NamedTuple):
    """Why a vehicle can never serve a bin."""

    why: FaultWord
    detail: str


def unknown_names(
    base: Problem, standing: Standing, changes: Changes, vehicles: Collection[str]
) -> Iterator[Fault]:
    """Say which bins, vehicles and disposal sites of the changes there are not."""
    done = standing.server_of
    bins = {one.code for one in base.bins} | done.keys()
    for what, codes in _named_bins(changes):
        for code in codes:
            if code not in bins:
                yield _unknown(what, code, f"there is no bin {code!r} in this plan")
            elif code in done and what is not FaultField.UNDERWAY_SERVED:
                detail = f"{code} has been served by {done[code]} already"
                yield Fault(what, code, FaultWord.SERVED, detail, vehicle=done[code])
    for what, codes in _named_vehicles(changes):
        for code in codes:
            if code not in vehicles:
                there = f"it has {_list(vehicles)}"
                yield _unknown(what, code, f"there is no vehicle {code!r} in this plan: {there}")
    sites = {one.code for one in base.disposal_sites}
    for code in (one.disposal_site for one in changes.queues):
        if code not in sites:
            there = f"there is {_list(sites)}"
            yield _unknown(FaultField.QUEUES, code, f"there is no disposal site {code!r}: {there}")


def outside_shift(problem: Problem, standing: Standing, at: datetime) -> Iterator[Fault]:
    """Say what is wrong with the time of a replanning in the shift."""
    last_s = max((one.shift.to_s for one in problem.vehicles), default=0)
    end = problem.shift_start + timedelta(seconds=last_s)
    before = standing.taken_over_at
    zone = problem.moment(0).tzinfo
    field = FaultField.UNDERWAY_AT
    if not problem.shift_start < at < end:
        detail = (
            f"{problem.moment(0):%Y-%m-%d %H:%M} to {problem.moment(last_s):%H:%M} "
            f"is the shift, {at.astimezone(zone):%Y-%m-%d %H:%M} is outside"
        )
        word = FaultWord.OUTSIDE_SHIFT
        yield Fault(field, None, word, detail, from_at=problem.moment(0), until_at=end)
    elif before is not None and at < before:
        detail = (
            f"the plan begins at {before.astimezone(zone):%H:%M} only: say a later time, or "
            "change the plan before it"
        )
        yield Fault(field, None, FaultWord.BEFORE_PLAN, detail, from_at=before)


def served_now(changes: Changes, served: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """Say which bins of the changes a vehicle has served, or is serving, at the time."""
    done = {code: vehicle for vehicle, codes in served.items() for code in codes}
    for what, codes in _named_bins(changes):
        for code in codes:
            if code in done and what is not FaultField.UNDERWAY_SERVED:
                detail = (
                    f"{code} is served by {done[code]} before the plan takes over; if it "
                    f"is not, say what {done[code]} has `served`"
                )
                yield Fault(what, code, FaultWord.SERVED, detail, vehicle=done[code])


def impossible(
    base: Problem,
    changes: Changes,
    there: Mapping[str, Vehicle],
    fixed: Mapping[str, tuple[str, ...]],
) -> Iterator[Fault]:
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
        if vehicle is None:
            detail = "it does not drive: take it in with `again`, or lock to another"
            yield _of_lock(lock, FaultWord.NOT_DRIVING, detail)
            continue
        hindrance = _hinders(vehicle, bins[lock.bin])
        if hindrance is None and (lock.bin, lock.vehicle) in apart:
            hindrance = _Hindrance(FaultWord.KEPT_APART, "a person keeps the two apart")
        if hindrance:
            yield _of_lock(lock, *hindrance)
        yield from _wrong_position(lock, vehicle, fixed.get(lock.vehicle, ()))
    asked_for = (
        (FaultField.FORCE, changes.force),
        (FaultField.COMPLAINTS, changes.complaints),
    )
    for what, codes in asked_for:
        for code in codes:
            found = {_hinders(one, bins[code]) for one in there.values()}
            if found and None not in found:
                why = _list(one.detail for one in found if one)
                detail = f"no vehicle can serve {code}: {why}"
                yield Fault(what, code, FaultWord.NO_VEHICLE, detail)


def _wrong_position(lock: Lock, vehicle: Vehicle, first: tuple[str, ...]) -> Iterator[Fault]:
    """Say why a bin cannot be at a position, given the bins that come first."""
    position, most = lock.position, vehicle.max_stops
    if position is None:
        return
    if most is not None and position > most:
        detail = f"it makes {most} stops at most, there is no position {position}"
        yield _of_lock(lock, FaultWord.NO_POSITION, detail, stops=most)
    place = first.index(lock.bin) + 1 if lock.bin in first else None
    if position <= len(first) and place != position:
        detail = (
            f"its first {len(first)} stops are fixed, position {position} is "
            "not free: fix fewer with `fixed_first`"
        )
        yield _of_lock(lock, FaultWord.POSITION_FIXED, detail, stops=len(first))
    elif place and place != position:
        detail = f"it is fixed at position {place}: fix fewer with `fixed_first`"
        yield _of_lock(lock, FaultWord.POSITION_FIXED, detail, position=place)


def _named_bins(changes: Changes) -> Iterator[tuple[FaultField, Iterable[str]]]:
    yield FaultField.LOCKS, [one.bin for one in changes.locks]
    yield FaultField.HOURS, [one.bin for one in changes.hours]
    yield FaultField.FORBID, changes.forbid
    yield FaultField.FORCE, changes.force
    yield FaultField.COMPLAINTS, changes.complaints
    yield FaultField.UNLOCK, changes.unlock
    for report in changes.underway.vehicles if changes.underway else ():
        yield FaultField.UNDERWAY_SERVED, report.served or ()


def _named_vehicles(changes: Changes) -> Iterator[tuple[FaultField, Iterable[str]]]:
    yield FaultField.LOCKS, [one.vehicle for one in changes.locks]
    yield FaultField.FIXED_FIRST, [one.vehicle for one in changes.fixed_first]
    yield FaultField.WITHOUT, changes.without
    yield FaultField.AGAIN, changes.again
    if changes.underway:
        yield FaultField.UNDERWAY_VEHICLES, [one.vehicle for one in changes.underway.vehicles]


def _hinders(vehicle: Vehicle, one: Bin) -> _Hindrance | None:
    if Rules.can_empty(vehicle, one) and Rules.can_carry(vehicle, one):
        return None
    if vehicle.access != "alley" and one.access == "alley":
        where = f"it stands in an alley where a {vehicle.kind} does not get in"
        return _Hindrance(FaultWord.ALLEY, where)
    if not Rules.can_empty(vehicle, one):
        return _Hindrance(FaultWord.CONTAINER, f"a {vehicle.kind} cannot empty a {one.container}")
    load = f"its {one.load_l} l, {one.load_kg} kg do not fit into a {vehicle.kind}"
    return _Hindrance(FaultWord.TOO_LARGE, load)


def _unknown(what: FaultField, code: str, detail: str) -> Fault:
    return Fault(what, code, FaultWord.UNKNOWN, detail)


def _of_lock(
    lock: Lock,
    why: FaultWord,
    detail: str,
    *,
    stops: int | None = None,
    position: int | None = None,
) -> Fault:
    said = f"{lock.bin} to {lock.vehicle}: {detail}"
    return Fault(FaultField.LOCKS, lock.bin, why, said, lock.vehicle, stops, position)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
