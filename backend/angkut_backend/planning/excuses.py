"""Checks why bins stay: each reason by what it says, without the planner's code.

That a bin which must be served finds no room or no time is believed only if it cannot be put into
any place of any vehicle's route, at the end of it as a trip of its own, or on a vehicle that stays
at home, as the routes are and without the bins that nobody needs served.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from angkut_backend.planning.plan_document import Left, OutReason, Plan, StepKind
from angkut_backend.planning.problem import Bin, Problem, Vehicle
from angkut_backend.planning.room import Room, Visit
from angkut_backend.planning.violations import Breach, Violation
from angkut_backend.roads.travel import Travel

#: Reasons that routes have no part in.
_ROUTELESS = frozenset(
    {OutReason.FORBIDDEN, OutReason.NO_VEHICLE, OutReason.TOO_LARGE, OutReason.UNREACHABLE}
)


class _Wrong(NamedTuple):
    """What speaks against a reason, and the vehicle that could serve the bin."""

    detail: str
    vehicle: str | None = None


class Excuses:
    """The reasons of one plan."""

    def __init__(self, problem: Problem, travel: Travel, plan: Plan) -> None:
        self._problem = problem
        self._room = Room(problem, travel)
        self._plan = plan
        self._bins = {one.code: one for one in problem.bins}
        self._barred = {(one.bin, one.vehicle) for one in problem.forbids}
        self._first = {code: v.code for v in problem.vehicles for code in v.fixed_first}
        self._held = {one.bin: one.vehicle for one in problem.locks} | self._first
        self._visits = {
            route.vehicle: [
                Visit(step.kind, step.code)
                for step in route.steps
                if step.kind in {StepKind.STOP, StepKind.UNLOAD}
            ]
            for route in plan.routes
        }

    def violations(self) -> Iterator[Violation]:
        """Yield each reason that is not so."""
        roomless = []
        for left in self._plan.left:
            one = self._bins[left.bin]
            wrong = self._wrong(one, left.reason)
            if wrong is not None:
                yield _excuse(left, wrong)
            elif one.must is not None and self._says_no_room(left):
                roomless.append(left)
        places = self._places([self._bins[left.bin] for left in roomless])
        for left in roomless:
            if left.bin in places:
                yield _excuse(left, places[left.bin])

    def _wrong(self, one: Bin, reason: OutReason) -> _Wrong | None:
        """Return what speaks against a reason that no route decides."""
        if reason not in _ROUTELESS:
            return None
        if reason is OutReason.FORBIDDEN:
            return None if one.forbidden else _Wrong("nobody keeps it out")
        able = [v for v in self._problem.vehicles if _can_empty(v, one)]
        strong = [v for v in able if _can_carry(v, one)]
        if reason is OutReason.NO_VEHICLE:
            return _can(able, "can empty it")
        if reason is OutReason.TOO_LARGE:
            return _can(strong, "can carry it")
        near = [v for v in strong if self._may(v, one) and self._room.reaches(v, one)]
        return _can(near, "reaches it")

    def _says_no_room(self, left: Left) -> bool:
        # One of the first stops that could not be kept is not put elsewhere.
        is_first = left.reason is OutReason.LOCK and left.bin in self._first
        return left.reason not in _ROUTELESS and not is_first

    def _places(self, bins: Sequence[Bin]) -> dict[str, _Wrong]:
        """Return where bins would fit after all, by code."""
        found: dict[str, _Wrong] = {}
        for spares in (False, True):
            for vehicle in self._problem.vehicles:
                route = self._visits.get(vehicle.code, [])
                where = f"it fits on {vehicle.code}" if route else f"{vehicle.code} is free"
                if spares:
                    kept = [
                        v for v in route if v.kind is StepKind.UNLOAD or self._is_needed(v.code)
                    ]
                    if len(kept) == len(route):
                        continue
                    route, where = _tidy(vehicle, kept), f"{where}, which serves bins that may stay"
                crew = [one for one in bins if one.code not in found and self._serves(vehicle, one)]
                if crew:
                    wrong = _Wrong(where, vehicle.code)
                    found |= {one.code: wrong for one in self._room.taken(vehicle, route, crew)}
        return found

    def _serves(self, vehicle: Vehicle, one: Bin) -> bool:
        return (
            _can_empty(vehicle, one)
            and _can_carry(vehicle, one)
            and self._may(vehicle, one)
            and self._room.reaches(vehicle, one)
        )

    def _may(self, vehicle: Vehicle, one: Bin) -> bool:
        held = self._held.get(one.code, vehicle.code) == vehicle.code
        return held and (one.code, vehicle.code) not in self._barred and not one.forbidden

    def _is_needed(self, code: str) -> bool:
        return self._bins[code].must is not None or code in self._held


def _can(vehicles: Sequence[Vehicle], what: str) -> _Wrong | None:
    return _Wrong(f"{vehicles[0].code} {what}", vehicles[0].code) if vehicles else None


def _excuse(left: Left, wrong: _Wrong) -> Violation:
    detail = f"stays as {left.reason}, but {wrong.detail}"
    return Violation(Breach.EXCUSE, left.bin, detail, vehicle=wrong.vehicle, reason=left.reason)


def _can_empty(vehicle: Vehicle, one: Bin) -> bool:
    reaches = one.access == "road" or vehicle.access == "alley"
    return reaches and (vehicle.containers is None or one.container in vehicle.containers)


def _can_carry(vehicle: Vehicle, one: Bin) -> bool:
    return one.load_l <= vehicle.volume_l and one.load_kg <= vehicle.payload_kg


def _tidy(vehicle: Vehicle, visits: Sequence[Visit]) -> list[Visit]:
    """Return visits without unloading what is empty."""
    on = vehicle.underway
    is_loaded = bool(on and (on.load_l or on.load_kg))
    tidy = []
    for visit in visits:
        if visit.kind is StepKind.STOP or is_loaded:
            tidy.append(visit)
        is_loaded = visit.kind is StepKind.STOP
    return tidy
