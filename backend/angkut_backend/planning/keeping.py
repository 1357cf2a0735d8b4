"""Solving what a plan is asked for, and keeping it with what the independent checker says."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict
from uuid import UUID

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.planning.assembly import SQL
from angkut_backend.planning.checker import check
from angkut_backend.planning.faults import Fault, FaultField, FaultWord, refuse
from angkut_backend.planning.notes import MAX_NOTES, Note
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.points import start_point
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import Problem, Vehicle
from angkut_backend.planning.revision import Revision
from angkut_backend.planning.search import Budget, Watch
from angkut_backend.planning.solve import plan as solve
from angkut_backend.roads.travel import Travel


class Phase(StrEnum):
    """Where the making of a plan is."""

    DATA = "data"
    ROADS = "roads"
    FIRST = "first"
    SEARCH = "search"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan is made of, and what is kept with it."""

    district_id: int
    policy: Policy
    parameters: dict[str, Any]
    budget: Budget
    seed: int
    problem: Problem
    readings_as_of: datetime
    data_trust: list[dict[str, Any]]
    is_treated: bool
    parent_id: UUID | None = None
    revision: Revision | None = None
    #: What is to be remarked of where it is planned.
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a plan is made: under which id, for whom, and who hears of it."""

    plan_id: UUID
    actor: str
    now: datetime
    watch: Watch = lambda _used: False
    on_first: Callable[[Plan], None] = lambda _plan: None
    first_id: UUID | None = None
    on_phase: Callable[[Phase], None] = lambda _phase: None


class Hooks(TypedDict, total=False):
    """Who hears of the making of a plan."""

    #: See `solve.plan`.
    watch: Watch
    on_first: Callable[[Plan], None]
    #: Keep the first plan too, under this id, if a search follows; `on_first` is part of the
    #: transaction that does.
    first_id: UUID | None
    #: Hears what begins.
    on_phase: Callable[[Phase], None]


def solve_and_keep(conn: Connection, basis: Basis, travel: Travel, making: Making) -> None:
    """Search, check and keep. No transaction is open while the planner searches."""

    def take_first(found: Plan) -> None:
        if making.first_id is not None and basis.policy.is_routed:
            _keep(conn, making.first_id, basis, found, travel, making)
            making.on_first(found)
            conn.commit()
        else:
            making.on_first(found)
        making.on_phase(Phase.SEARCH)

    making.on_phase(Phase.FIRST)
    budget = basis.budget if basis.policy.is_routed else Budget(iterations=0)
    made = solve(
        basis.problem,
        travel,
        budget,
        basis.seed,
        watch=making.watch,
        on_first=take_first,
    )
    making.on_phase(Phase.CHECK)
    _keep(conn, making.plan_id, basis, made, travel, making)


def refuse_off_roads(vehicles: Iterable[Vehicle], off: Mapping[str, Collection[str]]) -> None:
    """Refuse vehicles that were reported where there is no road for them.

    Parameters
    ----------
    off
        Names of points off the roads, by profile.

    Raises
    ------
    ChangesError
        Names them.
    """
    refuse(
        Fault(
            FaultField.UNDERWAY_VEHICLES,
            one.code,
            FaultWord.OFF_ROAD,
            f"there is no road within 50 m of {one.code} at {on.lon:.5f}, {on.lat:.5f}: "
            "give a place on the road",
        )
        for one in vehicles
        if (on := one.underway) and start_point(one) in off.get(one.profile, ())
    )


def _keep(
    conn: Connection, plan_id: UUID, basis: Basis, found: Plan, travel: Travel, making: Making
) -> None:
    """Check a plan and keep it; part of the transaction."""
    revision = basis.revision
    remarks = (*(revision.notes if revision else ()), *basis.notes, *found.notes)
    made = found.model_copy(update={"notes": remarks[:MAX_NOTES]})
    origin = made.provenance
    violations = check(basis.problem, travel, made)
    conn.execute(
        SQL["add_plan"],
        {
            "plan_id": plan_id,
            "district_id": basis.district_id,
            "shift_start": basis.problem.shift_start,
            "policy": basis.policy,
            "parameters": Jsonb(basis.parameters),
            "problem": basis.problem.model_dump_json(),
            "problem_sha256": origin.problem_sha256,
            "travel_sha256": origin.travel_sha256,
            "travel_source": origin.travel_source,
            "approximate": origin.approximate,
            "readings_as_of": basis.readings_as_of,
            "seed": basis.seed,
            "budget": Jsonb({k: v for k, v in asdict(basis.budget).items() if v is not None}),
            "solver": origin.solver,
            "stage": origin.stage,
            "document": made.model_dump_json(),
            "violations": Jsonb([asdict(one) for one in violations]),
            "data_trust": Jsonb(basis.data_trust),
            "is_treated": basis.is_treated,
            "author": making.actor,
            "parent_id": basis.parent_id,
            "changes": Jsonb(revision.model_dump(mode="json")) if revision else None,
            "created_at": making.now,
        },
    )
    after: dict[str, Any] = {
        "policy": str(basis.policy),
        "shift_start": str(basis.problem.shift_start),
    }
    if revision is None:
        audit(conn, making.actor, "plan.make", str(plan_id), after=after)
        return
    asked = revision.asked.model_dump(mode="json", exclude_defaults=True)
    after |= {"parent": str(basis.parent_id), "changes": asked}
    audit(conn, making.actor, "plan.replan", str(plan_id), after=after)
