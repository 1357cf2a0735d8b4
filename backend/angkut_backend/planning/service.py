"""Plans in the database: made, accepted, published, withdrawn; never changed (`records` reads)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.errors import ConflictError
from angkut_backend.forecast.loading import DistrictRow
from angkut_backend.planning.assembly import SQL, TRUSTED_SHARE, Assembled, assemble
from angkut_backend.planning.checker import check
from angkut_backend.planning.plan_document import Plan
from angkut_backend.planning.points import points_of
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.records import EventKind, PlanRecord, get
from angkut_backend.planning.search import Budget, Watch
from angkut_backend.planning.solve import plan as solve
from angkut_backend.roads.service import Roads
from angkut_backend.roads.travel import Travel

#: Of a withdrawal, characters.
MAX_NOTE = 500


class PlanViolatesError(ConflictError):
    """The checker found this plan to break rules: it cannot be published."""

    code = "plan_violates"


class Phase(StrEnum):
    """Where the making of a plan is."""

    DATA = "data"
    ROADS = "roads"
    FIRST = "first"
    SEARCH = "search"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """What somebody asks for."""

    day: date
    policy: Policy
    parameters: PolicyParameters
    budget: Budget
    seed: int


def make(
    conn: Connection,
    district: DistrictRow,
    order: PlanOrder,
    roads: Roads,
    plan_id: UUID,
    *,
    actor: str,
    now: datetime,
    watch: Watch = lambda _used: False,
    on_first: Callable[[Plan], None] = lambda _plan: None,
    first_id: UUID | None = None,
    on_phase: Callable[[Phase], None] = lambda _phase: None,
) -> PlanRecord:
    """Plan a shift and keep the plan, with what the independent checker says of it.

    No transaction is open while the planner searches.

    Parameters
    ----------
    watch, on_first
        See `solve.plan`.
    first_id
        Keep the first plan too, under this id, if a search follows; `on_first` is part of the
        transaction that does.
    on_phase
        Hears what begins.

    Raises
    ------
    ShiftError, NothingToPlanError
        See `assemble`.
    RoadsUnavailableError
        The road network cannot be read.
    """
    on_phase(Phase.DATA)
    assembled = assemble(conn, district, order.day, order.policy, order.parameters, now)
    conn.commit()
    on_phase(Phase.ROADS)
    travel, _ = roads.travel(points_of(assembled.problem))

    def take_first(found: Plan) -> None:
        if first_id is not None and order.policy.is_routed:
            keep(conn, first_id, district, order, assembled, found, travel, actor=actor, now=now)
            on_first(found)
            conn.commit()
        else:
            on_first(found)
        on_phase(Phase.SEARCH)

    on_phase(Phase.FIRST)
    budget = order.budget if order.policy.is_routed else Budget(iterations=0)
    made = solve(assembled.problem, travel, budget, order.seed, watch=watch, on_first=take_first)
    on_phase(Phase.CHECK)
    keep(conn, plan_id, district, order, assembled, made, travel, actor=actor, now=now)
    return get(conn, plan_id)


def keep(
    conn: Connection,
    plan_id: UUID,
    district: DistrictRow,
    order: PlanOrder,
    assembled: Assembled,
    made: Plan,
    travel: Travel,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Check a plan and keep it; part of the transaction."""
    origin = made.provenance
    violations = check(assembled.problem, travel, made)
    conn.execute(
        SQL["add_plan"],
        {
            "plan_id": plan_id,
            "district_id": district.district_id,
            "shift_start": assembled.problem.shift_start,
            "policy": order.policy,
            "parameters": Jsonb(asdict(order.parameters) | {"trusted_share": TRUSTED_SHARE}),
            "problem": assembled.problem.model_dump_json(),
            "problem_sha256": origin.problem_sha256,
            "travel_sha256": origin.travel_sha256,
            "travel_source": origin.travel_source,
            "approximate": origin.approximate,
            "readings_as_of": assembled.readings_as_of,
            "seed": order.seed,
            "budget": Jsonb({k: v for k, v in asdict(order.budget).items() if v is not None}),
            "solver": origin.solver,
            "stage": origin.stage,
            "document": Jsonb(made.model_dump(mode="json")),
            "violations": Jsonb([asdict(one) for one in violations]),
            "data_trust": Jsonb(assembled.trust()),
            "is_treated": assembled.is_treated,
            "author": actor,
            "created_at": now,
        },
    )
    after = {"policy": str(order.policy), "shift_start": str(assembled.problem.shift_start)}
    audit(conn, actor, "plan.make", str(plan_id), after=after)


def accept(conn: Connection, plan_id: UUID, *, actor: str, now: datetime) -> None:
    """Say that a plan is good; it is not in force yet.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or something became of it already.
    """
    _lock(conn, plan_id)
    found = get(conn, plan_id)
    if found.state is not None:
        raise ConflictError(f"plan {plan_id} is {found.state} already")
    _note(conn, plan_id, EventKind.ACCEPTED, actor, now)


def publish(conn: Connection, plan_id: UUID, *, actor: str, now: datetime) -> list[UUID]:
    """Put a plan in force; return the plans of the same shift that it replaces.

    Raises
    ------
    NotFoundError
        There is none of this id.
    PlanViolatesError
        It breaks rules; lists them.
    ConflictError
        It was published or withdrawn already.
    """
    _lock(conn, plan_id)
    found = get(conn, plan_id)
    if found.violations:
        wrong = "; ".join(f"{one.where}: {one.code}, {one.detail}" for one in found.violations[:50])
        raise PlanViolatesError(f"plan {plan_id} breaks {len(found.violations)} rules: {wrong}")
    if found.state in {EventKind.PUBLISHED, EventKind.WITHDRAWN}:
        raise ConflictError(f"plan {plan_id} is {found.state} already: make a new one")
    rows = conn.execute(SQL["in_force"], {"plan_id": plan_id}).fetchall()
    replaced = [row["plan_id"] for row in rows]
    for other in replaced:
        _note(conn, other, EventKind.WITHDRAWN, actor, now, f"replaced by {plan_id}")
    _note(conn, plan_id, EventKind.PUBLISHED, actor, now)
    return replaced


def withdraw(conn: Connection, plan_id: UUID, *, actor: str, now: datetime, note: str = "") -> None:
    """Take a plan out of force for good.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or it was withdrawn already.
    """
    _lock(conn, plan_id)
    if get(conn, plan_id).state is EventKind.WITHDRAWN:
        raise ConflictError(f"plan {plan_id} is withdrawn already")
    _note(conn, plan_id, EventKind.WITHDRAWN, actor, now, note)


def _lock(conn: Connection, plan_id: UUID) -> None:
    conn.execute(SQL["lock_shift"], {"plan_id": plan_id})


def _note(
    conn: Connection, plan_id: UUID, kind: EventKind, actor: str, now: datetime, note: str = ""
) -> None:
    values = {"plan_id": plan_id, "kind": kind, "at": now, "actor": actor, "note": note}
    conn.execute(SQL["add_event"], values)
    audit(conn, actor, f"plan.{kind}", str(plan_id), after={"note": note} if note else None)
