"""Plans in the database: made from what is stored, or from another plan; never changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from angkut_backend.db import Connection
from angkut_backend.errors import BackendError, ConflictError, NotFoundError
from angkut_backend.forecast.loading import DistrictRow, districts
from angkut_backend.planning.assembly import TRUSTED_SHARE, Assembled, assemble, places
from angkut_backend.planning.changes import Changes
from angkut_backend.planning.keeping import (
    Basis,
    Hooks,
    Making,
    Phase,
    refuse_off_roads,
    solve_and_keep,
)
from angkut_backend.planning.off_roads import places_off_roads
from angkut_backend.planning.points import points_of
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import EventKind, PlanRecord, get
from angkut_backend.planning.revise import revise
from angkut_backend.planning.revision import Revision
from angkut_backend.planning.search import Budget
from angkut_backend.roads.service import Roads


class DistrictError(BackendError):
    """Say which district is meant."""

    code = "which_district"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """What somebody asks for."""

    day: date
    policy: Policy
    parameters: PolicyParameters
    budget: Budget
    seed: int


def find_district(conn: Connection, code: str | None) -> DistrictRow:
    """Return the district of this code; without one, the only one.

    Raises
    ------
    NotFoundError
        There is none, or none of this code.
    DistrictError
        There are several, and none is named.
    """
    found = districts(conn)
    if not found:
        raise NotFoundError("there are no bins: load a site pack first, `angkut site load`")
    names = ", ".join(one.code for one in found)
    if code is None and len(found) > 1:
        raise DistrictError(f"district: say which one of {names}")
    for one in found:
        if code in {None, one.code}:
            return one
    raise NotFoundError(f"district {code}: there is {names}")


def make(
    conn: Connection,
    district: DistrictRow,
    order: PlanOrder,
    roads: Roads,
    plan_id: UUID,
    *,
    actor: str,
    now: datetime,
    **hooks: Unpack[Hooks],
) -> PlanRecord:
    """Plan a shift and keep the plan, with what the independent checker says of it.

    No transaction is open while the planner searches.

    Raises
    ------
    ShiftError, NothingToPlanError
        See `assemble` and `places_off_roads`.
    RoadsUnavailableError
        The road network cannot be read.
    """
    making = Making(plan_id=plan_id, actor=actor, now=now, **hooks)
    making.on_phase(Phase.DATA)
    there = places(conn, district)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # While the database reads what the forecast needs.
        ahead = beside.submit(roads.travel, there)
        assembled = assemble(
            conn, district, order.day, order.policy, order.parameters, now, leave_at=now
        )
        conn.commit()
        making.on_phase(Phase.ROADS)
        points = points_of(assembled.problem)
        # Unless the registry was changed in between.
        travel, off = ahead.result() if points == there else roads.travel(points)
    basis = Basis(
        district_id=district.district_id,
        policy=order.policy,
        parameters=asdict(order.parameters)
        | {"trusted_share": TRUSTED_SHARE}
        | _rests_on(assembled),
        budget=order.budget,
        seed=order.seed,
        problem=assembled.problem,
        readings_as_of=assembled.readings_as_of,
        data_trust=assembled.trust(),
        is_treated=assembled.is_treated,
        notes=places_off_roads(assembled.problem, off),
    )
    solve_and_keep(conn, basis, travel, making)
    return get(conn, plan_id)


def check_changes(conn: Connection, parent_id: UUID, changes: Changes) -> None:
    """Say at once what is wrong with the changes of a plan, as far as its own levels tell.

    Raises
    ------
    NotFoundError, ConflictError, ChangesError
        There is no such plan; it is withdrawn; the changes cannot be made.
    """
    parent = _changeable(conn, parent_id)
    revise(parent.problem, parent.plan, parent.revision, changes)


def replan(
    conn: Connection,
    parent_id: UUID,
    changes: Changes,
    budget: Budget,
    seed: int,
    roads: Roads,
    plan_id: UUID,
    *,
    actor: str,
    now: datetime,
    **hooks: Unpack[Hooks],
) -> PlanRecord:
    """Make a plan from another one and what a person changes in it; that one stays as it is.

    It rests on the levels that its parent knew, or on new ones if vehicles are under way or the
    changes ask for it. Policy and parameters are those of the parent. If it is of the whole shift,
    vehicles leave no sooner than now.

    Raises
    ------
    NotFoundError, ConflictError, ChangesError
        See `check_changes`; and where the district has no bins any more.
    ShiftError
        New levels are needed: see `assemble`.
    NothingToPlanError
        See `assemble`, where new levels are needed, and `places_off_roads`.
    RoadsUnavailableError
        The road network cannot be read.
    """
    making = Making(plan_id=plan_id, actor=actor, now=now, **hooks)
    making.on_phase(Phase.DATA)
    parent = _changeable(conn, parent_id)
    basis = _revised(conn, parent, changes, budget, seed, now)
    conn.commit()
    making.on_phase(Phase.ROADS)
    travel, off = roads.travel(points_of(basis.problem))
    refuse_off_roads(basis.problem.vehicles, off)
    basis = replace(basis, notes=places_off_roads(basis.problem, off))
    solve_and_keep(conn, basis, travel, making)
    return get(conn, plan_id)


def _changeable(conn: Connection, plan_id: UUID) -> PlanRecord:
    found = get(conn, plan_id)
    if found.state is EventKind.WITHDRAWN:
        raise ConflictError(f"plan {plan_id} is withdrawn: change the one that took its place")
    return found


def _revised(
    conn: Connection, parent: PlanRecord, changes: Changes, budget: Budget, seed: int, now: datetime
) -> Basis:
    """Return what the new plan is made of, with levels of now if they are asked for."""
    district = find_district(conn, parent.district)
    fresh: Assembled | None = None
    before = parent.standing.taken_over_at if parent.standing else None
    # Where the plan takes over, vehicles are on their way and begin then.
    leave_at = None if changes.underway or before else now
    if changes.fresh or changes.underway:
        names = {one.name for one in fields(PolicyParameters)}
        kept = {name: value for name, value in parent.parameters.items() if name in names}
        day = parent.shift_start.astimezone(ZoneInfo(parent.timezone)).date()
        parameters = PolicyParameters(**kept)
        fresh = assemble(conn, district, day, parent.policy, parameters, now, leave_at=leave_at)
    problem, revision = revise(
        parent.problem,
        parent.plan,
        parent.revision,
        changes,
        fresh.problem if fresh else None,
        leave_at=leave_at,
    )
    return Basis(
        district_id=district.district_id,
        policy=parent.policy,
        parameters=parent.parameters | (_rests_on(fresh) if fresh else {}),
        budget=budget,
        seed=seed,
        problem=problem,
        readings_as_of=fresh.readings_as_of if fresh else parent.readings_as_of,
        data_trust=fresh.trust() if fresh else parent.data_trust,
        is_treated=_is_treated(parent, revision, fresh),
        parent_id=parent.plan_id,
        revision=revision,
    )


def _rests_on(made: Assembled) -> dict[str, Any]:
    """Return what a plan takes for granted, besides levels."""
    return {"rounds": made.rounds, "takes_driven": [str(one) for one in made.takes_driven]}


def _is_treated(parent: PlanRecord, revision: Revision, fresh: Assembled | None) -> bool:
    """Tell whether levels decide all day: what vehicles drive until it takes over counts, too."""
    if fresh is None:
        return parent.is_treated
    is_whole_shift = revision.standing.taken_over_at is None
    return fresh.is_treated and (is_whole_shift or parent.is_treated)
