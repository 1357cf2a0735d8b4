"""From a plan and what a person changes to the problem of the next plan: a pure function.

Everything that nobody changed stays: before the shift on the levels that the plan knew, so that a
lock of one stop does not move others; under way on new ones, for the bins that nobody has served.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from angkut_backend.planning.changes import Changes, UnderwayNow
from angkut_backend.planning.documents import EarlierTrip
from angkut_backend.planning.faults import refuse
from angkut_backend.planning.notes import MAX_NOTES
from angkut_backend.planning.plan_document import Plan, Route, StepKind
from angkut_backend.planning.problem import (
    Bin,
    DisposalSite,
    Problem,
    Vehicle,
)
from angkut_backend.planning.progress import Progress, progress_of
from angkut_backend.planning.refusals import (
    impossible,
    outside_shift,
    served_now,
    unknown_names,
)
from angkut_backend.planning.revised_parts import RevisedParts, with_queue
from angkut_backend.planning.revision import Replaced, Revision, Standing
from angkut_backend.planning.words import Words

#: What it costs to take a bin from the vehicle that a person has seen it on, rupiah: four times
#: what a plan from nothing says, some five kilometres of a truck.
CHANGE_RP = 20_000.0

_Part = TypeVar("_Part", Bin, DisposalSite)


def revise(
    problem: Problem,
    plan: Plan,
    before: Revision | None,
    changes: Changes,
    fresh: Problem | None = None,
    *,
    leave_at: datetime | None = None,
) -> tuple[Problem, Revision]:
    """Return the problem of the next plan, and what has been said of the shift until now.

    Parameters
    ----------
    problem, plan, before
        Those of the plan that is changed; it came of no change if `before` is `None`.
    fresh
        The problem of the same shift as it would be put together now, when levels are to be read
        anew.
    leave_at
        Vehicles of a plan of the whole shift leave their depots no sooner; by default as they
        did.

    Raises
    ------
    ChangesError
        They name what there is not, or ask for what can never be; lists everything.
    """
    said = _said(problem, before)
    known = _vehicles(problem, before)
    base = _without_words(problem, before, known)
    if fresh is not None:
        base = fresh.model_copy(update={"forbids": problem.forbids})
    refuse(unknown_names(base, said, changes, known.keys() | {v.code for v in base.vehicles}))
    now: dict[str, Progress] = {}
    if changes.underway:
        refuse(outside_shift(problem, said, changes.underway.at))
        now = _progress(problem, plan, known, said, changes.underway)
    out = {*said.without, *changes.without} - {*changes.again}
    there = {one.code: one for one in base.vehicles if one.code not in out}
    served = {code: one.served for code, one in now.items()}
    refuse(served_now(changes, served))
    words = Words(said, changes, served, there)
    standing = words.standing()
    parts = RevisedParts(problem, plan, base, changes, standing, known, now, leave_at)
    fixed = parts.fixed(there)
    refuse(impossible(base, changes, there, fixed))
    standing = words.off_fixed(standing, fixed)
    bins = tuple(parts.bins(fixed))
    sites = tuple(with_queue(one, standing) for one in base.disposal_sites)
    vehicles = [parts.vehicle(one) for one in base.vehicles]
    left = {one.code for one in bins}
    made = Problem(
        **dict(base)
        | {
            "vehicles": tuple(
                one.model_copy(update={"fixed_first": fixed[one.code]})
                for one in vehicles
                if one.code in there
            ),
            "bins": bins,
            "disposal_sites": sites,
            "locks": tuple(one for one in standing.locks if one.bin in left),
            "forbids": tuple(
                one for one in base.forbids if one.bin in left and one.vehicle in there
            ),
            "earlier": {
                code: route.vehicle
                for route in plan.routes
                for code in route.bins
                if code in left and route.vehicle in there
            },
            "earlier_trips": {
                route.vehicle: trips
                for route in plan.routes
                if route.vehicle in there and (trips := tuple(_trips(route, left, served)))
            },
            "change_rp": max(problem.change_rp, CHANGE_RP),
        }
    )
    replaced = Replaced(
        bins=_differing(base.bins, bins),
        vehicles=tuple(one for one in vehicles if one.code not in there),
        disposal_sites=_differing(base.disposal_sites, sites),
    )
    notes = tuple(words.notes[:MAX_NOTES])
    return made, Revision(asked=changes, standing=standing, replaced=replaced, notes=notes)


def progress_at(
    problem: Problem, plan: Plan, before: Revision | None, underway: UnderwayNow
) -> dict[str, Progress]:
    """Return how far `revise` takes each vehicle to be at a moment of the shift.

    Raises
    ------
    ChangesError
        The moment is outside the shift, or a bin or vehicle of a report is unknown.
    """
    said = _said(problem, before)
    known = _vehicles(problem, before)
    changes = Changes(underway=underway)
    refuse(unknown_names(problem, said, changes, known.keys()))
    refuse(outside_shift(problem, said, underway.at))
    return _progress(problem, plan, known, said, underway)


def _said(problem: Problem, before: Revision | None) -> Standing:
    return before.standing if before else Standing(locks=problem.locks)


def _vehicles(problem: Problem, before: Revision | None) -> dict[str, Vehicle]:
    """Return all vehicles, with those that were taken out."""
    out = before.replaced.vehicles if before else ()
    return {one.code: one for one in sorted((*problem.vehicles, *out), key=lambda v: v.code)}


def _without_words(
    problem: Problem, before: Revision | None, vehicles: Mapping[str, Vehicle]
) -> Problem:
    """Return the problem as it was before anybody said anything."""
    replaced = before.replaced if before else Replaced()
    bins = {one.code: one for one in replaced.bins}
    sites = {one.code: one for one in replaced.disposal_sites}
    return problem.model_copy(
        update={
            "bins": tuple(bins.get(one.code, one) for one in problem.bins),
            "disposal_sites": tuple(sites.get(one.code, one) for one in problem.disposal_sites),
            "vehicles": tuple(vehicles.values()),
        }
    )


def _progress(
    problem: Problem,
    plan: Plan,
    vehicles: Mapping[str, Vehicle],
    said: Standing,
    underway: UnderwayNow,
) -> dict[str, Progress]:
    """Return how far each vehicle is."""
    at_s = problem.seconds(underway.at)
    reports = {one.vehicle: one for one in underway.vehicles}
    routes = {route.vehicle: route for route in plan.routes}
    done = said.server_of.keys()
    claimed = {code: r.vehicle for r in reports.values() for code in r.served or ()}
    found = {}
    for code, vehicle in vehicles.items():
        report = reports.get(code)
        if report and report.served is not None:
            new = tuple(one for one in report.served if one not in done)
            report = report.model_copy(update={"served": new})
        others = {bin_ for bin_, by in claimed.items() if by != code}
        found[code] = progress_of(problem, vehicle, routes.get(code), at_s, report, others)
    return found


def _trips(
    route: Route, left: Collection[str], served: Mapping[str, Collection[str]]
) -> Iterator[EarlierTrip]:
    """Yield what is left of the trips of a route."""
    done = {code for codes in served.values() for code in codes}
    trips: list[tuple[list[str], str]] = []
    bins: list[str] = []
    for step in route.steps:
        if step.kind is StepKind.STOP:
            bins.append(step.code)
        elif step.kind is StepKind.UNLOAD:
            trips.append((bins, step.code))
            bins = []
    # A vehicle is on the last trip of which something is served.
    current = max((at for at, (codes, _) in enumerate(trips) if done & {*codes}), default=0)
    for codes, site in trips[current:]:
        rest = tuple(code for code in codes if code in left)
        if rest:
            yield EarlierTrip(bins=rest, disposal_site=site)


def _differing(before: Iterable[_Part], now: Iterable[_Part]) -> tuple[_Part, ...]:
    """Return what was replaced, as it was."""
    new = {one.code: one for one in now}
    return tuple(one for one in before if one.code in new and new[one.code] != one)
