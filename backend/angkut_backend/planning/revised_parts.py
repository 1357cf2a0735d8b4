"""The parts of a problem as people want them: bins, vehicles, disposal sites."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from angkut_backend.planning.changes import BinHours, Changes
from angkut_backend.planning.documents import EARLIEST_S, LATEST_S
from angkut_backend.planning.faults import Fault, FaultField, FaultWord, refuse
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.problem import (
    Bin,
    DisposalSite,
    MustReason,
    Problem,
    TimeWindow,
    Vehicle,
)
from angkut_backend.planning.progress import Progress
from angkut_backend.planning.revision import Standing

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RevisedParts:
    """What the parts of the new problem are made of."""

    problem: Problem
    plan: Plan
    base: Problem
    changes: Changes
    standing: Standing
    known: Mapping[str, Vehicle]
    now: Mapping[str, Progress]
    #: No vehicle of a plan of the whole shift leaves sooner.
    leave_at: datetime | None = None

    def fixed(self, there: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the bins that come first on each vehicle, every bin once.

        Raises
        ------
        ChangesError
            More are asked for than a vehicle has.
        """
        driving = {one.code for one in self.problem.vehicles}
        found: dict[str, tuple[str, ...]] = {}
        taken: set[str] = set()
        # What came first on a vehicle before it was taken out may be another's by now.
        for code in sorted(there, key=lambda one: one not in driving):
            found[code] = tuple(one for one in self._fixed_first(code) if one not in taken)
            taken.update(found[code])
        return found

    def _fixed_first(self, code: str) -> tuple[str, ...]:
        """Return the bins that come first on a vehicle.

        Raises
        ------
        ChangesError
            More are asked for than it has.
        """
        done = self.standing.server_of.keys()
        orders = {route.vehicle: route.bins for route in self.plan.routes}
        order = [one for one in orders.get(code, []) if one not in done]
        asked = {one.vehicle: one.stops for one in self.changes.fixed_first}.get(code)
        elsewhere = {one for vehicle in orders if vehicle != code for one in orders[vehicle]}
        kept = self.known[code].fixed_first if code in self.known else ()
        wanted = [one for one in kept if one not in elsewhere]
        if asked is not None:
            if asked > len(order):
                wrong = f"{code} has {len(order)} stops left in this plan, not {asked}"
                word = FaultWord.FEWER_STOPS
                refuse([Fault(FaultField.FIXED_FIRST, code, word, wrong, code, len(order))])
            wanted = order[:asked]
        elif (heading := self._heading(code)) is not None:
            wanted = [heading, *wanted]
        bins = {one.code for one in self.base.bins} - done - {*self.standing.forbid}
        locked = {one.bin: one.vehicle for one in self.standing.locks}
        gone = bins & {*self.changes.unlock} if asked is None else set()
        return tuple(
            one
            for one in dict.fromkeys(wanted)
            if one in bins - gone and locked.get(one, code) == code
        )

    def _heading(self, code: str) -> str | None:
        """Return the bin that a vehicle is on its way to, if nobody has said otherwise."""
        heading = self.now[code].next_bin if code in self.now else None
        placed = any(one.vehicle == code and one.position for one in self.standing.locks)
        closed = {one.bin for one in self.standing.hours}
        return None if placed or heading in closed else heading

    def bins(self, fixed: Mapping[str, tuple[str, ...]]) -> Iterator[Bin]:
        """Yield the bins that nobody has served, as people want them."""
        done = self.standing.server_of.keys()
        hours = {one.bin: one for one in self.standing.hours}
        wanted = {*self.standing.force, *(one.bin for one in self.standing.locks)}
        first = {code for codes in fixed.values() for code in codes}
        for one in self.base.bins:
            if one.code in done:
                continue
            changed: dict[str, Any] = {}
            if one.code in self.standing.forbid:
                changed["forbidden"] = True
            if one.code in wanted:
                changed |= {"forbidden": False, "must": one.must or MustReason.MANUAL}
            if one.code in self.standing.complaints:
                changed |= {"forbidden": False, "must": MustReason.COMPLAINT}
            if one.code in first:
                changed["forbidden"] = False
            if one.code in hours:
                changed["windows"] = (_said_window(self.problem, hours[one.code]),)
            yield one.model_copy(update=changed) if changed else one

    def vehicle(self, one: Vehicle) -> Vehicle:
        """Return a vehicle where it is now; it drives no sooner than the plan begins."""
        at = self.standing.taken_over_at or self.leave_at
        if at is None:
            return one
        at_s = self.problem.seconds(at)
        from_s = min(max(one.shift.from_s, at_s), one.shift.to_s)
        shift = TimeWindow(from_s=from_s, to_s=one.shift.to_s)
        on = self.known[one.code].underway if one.code in self.known else None
        if one.code in self.now:
            on = self.now[one.code].underway
        if on is not None:
            on = on.model_copy(update={"free_at_s": max(on.free_at_s, at_s)})
        # As in a plan that is made at this moment: it has had its break.
        breaks = tuple(rest for rest in one.breaks if from_s <= rest.begin.to_s)
        return one.model_copy(update={"shift": shift, "breaks": breaks, "underway": on})


def _said_window(problem: Problem, hours: BinHours) -> TimeWindow:
    """Return when a bin can be reached by what somebody said of this shift.

    It takes the place of what the city states once for all: who says it knows better.
    """
    return TimeWindow(
        from_s=problem.seconds(hours.after) if hours.after else EARLIEST_S,
        to_s=problem.seconds(hours.before) if hours.before else LATEST_S,
    )


def with_queue(site: DisposalSite, standing: Standing) -> DisposalSite:
    """Return a disposal site with its queue as long as was said."""
    extra_s = {one.disposal_site: one.extra_min * 60 for one in standing.queues}.get(site.code, 0)
    if not extra_s:
        return site
    longer = tuple(min(usual_s + extra_s, _DAY_S) for usual_s in site.queue_s_by_hour)
    return site.model_copy(update={"queue_s_by_hour": longer})
