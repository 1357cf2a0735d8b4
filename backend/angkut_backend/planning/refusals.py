"""What can never be: said before anybody waits for a plan."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from angkut_backend.planning.changes import Changes
from angkut_backend.planning.faults import Fault, FaultWord
from angkut_backend.planning.problem import Bin, Lock, Problem, Vehicle
from angkut_backend.planning.revision import Standing
from angkut_backend.planning.rules import Rules

_AT, _SERVED, _VEHICLES = "underway.at", "underway.served", "underway.vehicles"


class _Hindrance(NamedTuple):
    """Why a vehicle can never serve a bin."""

    why: FaultWord
    detail: str


def unknown_names(
    base: Problem, standing: Standing, changes: Changes, vehicles: Collection[str]
) -> Iterator[Fault]:
    """Say which bins, vehicles and disposal sites of the changes there are not."""
    done = {code: one.vehicle for one in standing.served for code in one.bins}
    bins = {one.code for one in base.bins} | done.keys()
    for what, codes in _named_bins(changes):
        for code in codes:
            if code not in bins:
                yield _unknown(what, code, f"there is no bin {code!r} in this plan")
            elif code in done and what != _SERVED:
                detail = f"{code} has been served by {done[code]} already"
                yield Fault(what, code, FaultWord.SERVED, detail)
    for what, codes in _named_vehicles(changes):
        for code in codes:
            if code not in vehicles:
                there = f"it has {_list(vehicles)}"
                yield _unknown(what, code, f"there is no vehicle {code!r} in this plan: {there}")
    sites = {one.code for one in base.disposal_sites}
    for code in (one.disposal_site for one in changes.queues):
        if code not in sites:
            there = f"there is {_list(sites)}"
            yield _unknown("queues", code, f"there is no disposal site {code!r}: {there}")


def outside_shift(problem: Problem, standing: Standing, at: datetime) -> Iterator[Fault]:
    """Say what is wrong with the time of a replanning in the shift."""
    last_s = max((one.shift.to_s for one in problem.vehicles), default=0)
    end = problem.shift_start + timedelta(seconds=last_s)
    before = standing.taken_over_at
    zone = problem.moment(0).tzinfo
    if not problem.shift_start < at < end:
        detail = (
            f"{problem.moment(0):%Y-%m-%d %H:%M} to {problem.moment(last_s):%H:%M} "
            f"is the shift, {at.astimezone(zone):%Y-%m-%d %H:%M} is outside"
        )
        yield Fault(_AT, None, FaultWord.OUTSIDE_SHIFT, detail)
    elif before is not None and at < before:
        detail = (
            f"the plan begins at {before.astimezone(zone):%H:%M} only: say a later time, or "
            "change the plan before it"
        )
        yield Fault(_AT, None, FaultWord.BEFORE_PLAN, detail)


def served_now(changes: Changes, served: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """Say which bins of the changes a vehicle has served, or is serving, at the time."""
    done = {code: vehicle for vehicle, codes in served.items() for code in codes}
    for what, codes in _named_bins(changes):
        for code in codes:
            if code in done and what != _SERVED:
                detail = (
                    f"{code} is served by {done[code]} before the plan takes over; if it "
                    f"is not, say what {done[code]} has `served`"
                )
                yield Fault(what, code, FaultWord.SERVED, detail)


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
    for what, codes in (("force", changes.force), ("complaints", changes.complaints)):
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
        yield _of_lock(lock, FaultWord.NO_POSITION, detail)
    place = first.index(lock.bin) + 1 if lock.bin in first else None
    if position <= len(first) and place != position:
        detail = (
            f"its first {len(first)} stops are fixed, position {position} is "
            "not free: fix fewer with `fixed_first`"
        )
        yield _of_lock(lock, FaultWord.POSITION_FIXED, detail)
    elif place and place != position:
        detail = f"it is fixed at position {place}: fix fewer with `fixed_first`"
        yield _of_lock(lock, FaultWord.POSITION_FIXED, detail)


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
        yield _VEHICLES, [one.vehicle for one in changes.underway.vehicles]


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


def _unknown(what: str, code: str, detail: str) -> Fault:
    return Fault(what, code, FaultWord.UNKNOWN, detail)


def _of_lock(lock: Lock, why: FaultWord, detail: str) -> Fault:
    return Fault("locks", lock.bin, why, f"{lock.bin} to {lock.vehicle}: {detail}")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
