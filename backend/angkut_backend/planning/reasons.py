"""Why each bin is in the plan or not, worked out apart from the search."""

import math
from collections.abc import Mapping

from angkut_backend.planning.detours import savings_rp
from angkut_backend.planning.draft import Draft
from angkut_backend.planning.insertions import least_costs
from angkut_backend.planning.plan_document import InReason, Left, OutReason, Served, StepKind
from angkut_backend.planning.problem import Bin
from angkut_backend.planning.timetable import Timetable

#: A bin that adds no more than this is taken on the way: some 400 m and a minute of the crew.
ON_THE_WAY_RP = 2_500.0
#: Places that are tried, with exact times, before a bin is said not to fit.
_PLACES = 4

#: More than any way costs: between two of the places there is none.
_NO_WAY_RP = 1e7
#: What a bin adds that no vehicle can take.
_NOWHERE = (math.inf, "")

_MISFITS = {
    "access": OutReason.NO_VEHICLE,
    # Some vehicle has a way to it, but none from where it could still be taken in.
    "unreachable": OutReason.NO_CAPACITY,
    "window": OutReason.WINDOW,
    "load": OutReason.NO_CAPACITY,
    "trips": OutReason.NO_CAPACITY,
    "stops": OutReason.NO_CAPACITY,
    "closed": OutReason.NO_TIME,
    "break": OutReason.NO_TIME,
    "shift": OutReason.NO_TIME,
    "lock": OutReason.LOCK,
    "worth": OutReason.NOT_WORTH,
}


def served_reasons(draft: Draft) -> list[Served]:
    """Return why each bin of the plan is in it, by vehicle and order."""
    result = []
    for code, route in sorted(draft.routes.items()):
        visits = route.visits
        savings = savings_rp(draft.rules, route.vehicle, visits)
        for at, (visit, way_rp) in enumerate(zip(visits, savings, strict=True)):
            if visit.kind is not StepKind.STOP:
                continue
            one, saving_rp = draft.rules.bins[visit.code], way_rp
            if way_rp > one.prize_rp and not one.must and not draft.rules.locked(one):
                # Without it the vehicle may only wait, or go at a worse hour.
                saving_rp = min(way_rp, _exact_rp(draft, route, at))
            result.append(
                Served(
                    bin=one.code,
                    vehicle=code,
                    reason=_in_reason(draft, one, saving_rp),
                    must=one.must,
                    prize_rp=one.prize_rp,
                    saving_rp=round(saving_rp),
                )
            )
    return result


def left_reasons(draft: Draft, out: Mapping[str, OutReason], *, searched: bool) -> list[Left]:
    """Return why each other bin stays.

    Parameters
    ----------
    out
        Bins that were never offered to the search.
    searched
        Whether a search has ended; else what is worth its cost may still come in.
    """
    served = draft.served
    left = [one for one in draft.rules.problem.bins if one.code not in served]
    able = [one for one in left if out.get(one.code) in {None, OutReason.NOT_OFFERED}]
    least_rp, vehicles = least_costs(draft.all_spots(), able)
    least = {
        one.code: (cost_rp, vehicle) if cost_rp < _NO_WAY_RP else _NOWHERE
        for one, cost_rp, vehicle in zip(able, least_rp.tolist(), vehicles, strict=True)
    }
    held = {*draft.rules.positions, *(c for one in draft.takeovers.values() for c in one.failed)}
    known = {
        one.code: OutReason.LOCK
        if one.code in held and one.code in least
        else _out_reason(one, out.get(one.code), least.get(one.code), searched=searched)
        for one in left
    }
    # Few are tried with exact times.
    doubtful = [one for one in left if known[one.code] is None]
    tried: dict[str, OutReason] = {}
    for one, there in zip(doubtful, draft.insertions(doubtful, _PLACES), strict=True):
        wrong = draft.trial(one, there)
        tried[one.code] = OutReason.NOT_FOUND if wrong is None else _MISFITS[wrong.what]
        if wrong is not None and wrong.worth is not None:
            least[one.code] = wrong.worth
    result = []
    for one in left:
        cost_rp, vehicle = least.get(one.code, _NOWHERE)
        result.append(
            Left(
                bin=one.code,
                reason=known[one.code] or tried[one.code],
                must=one.must,
                prize_rp=one.prize_rp,
                insertion_rp=round(cost_rp) if vehicle else None,
                vehicle=vehicle or None,
            )
        )
    return result


def _exact_rp(draft: Draft, route: Timetable, at: int) -> float:
    """Return what a route saves without a visit by exact times, infinite if it needs it."""
    visits = route.visits
    rest = draft.fitted(
        route.vehicle, [*visits[:at], *visits[at + 1 :]], keep=frozenset(route.bins)
    )
    return route.cost_rp - rest.cost_rp if rest is not None else math.inf


def _in_reason(draft: Draft, one: Bin, saving_rp: float) -> InReason:
    if draft.rules.locked(one):
        return InReason.LOCKED
    if one.must:
        return InReason.MUST
    return InReason.ON_THE_WAY if saving_rp <= ON_THE_WAY_RP else InReason.WORTH


def _out_reason(
    one: Bin, out: OutReason | None, least: tuple[float, str] | None, *, searched: bool
) -> OutReason | None:
    """Return why a bin stays as far as that is known without a trial; `None`: try it.

    Parameters
    ----------
    least
        What it adds where it adds least, and on which vehicle; `None`: it cannot be put in.
    """
    if least is None:
        return out
    cost_rp, vehicle = least
    if not vehicle:
        return OutReason.NO_CAPACITY
    if one.must is None and cost_rp >= one.prize_rp:
        return out or OutReason.NOT_WORTH
    return None if searched or one.must else OutReason.NOT_FOUND
