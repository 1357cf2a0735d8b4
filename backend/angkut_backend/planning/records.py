"""Plans as they are kept, and reading them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from angkut_backend.db import Connection
from angkut_backend.errors import NotFoundError
from angkut_backend.planning.assembly import SQL
from angkut_backend.planning.changes import Changes
from angkut_backend.planning.plan_document import Plan, Totals
from angkut_backend.planning.policies import Policy
from angkut_backend.planning.problem import Problem
from angkut_backend.planning.revision import Revision, Standing
from angkut_backend.planning.violations import Violation

#: Tells that something became of a plan.
PLANS_CHANNEL = "angkut_plans"
#: Plans in one answer at most.
MAX_PLANS = 200

_VIOLATIONS = TypeAdapter(list[Violation])


class EventKind(StrEnum):
    """What became of a plan."""

    ACCEPTED = "accepted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """Something that became of a plan."""

    kind: EventKind
    at: datetime
    actor: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """A plan in a list."""

    plan_id: UUID
    district: str
    shift_start: datetime
    policy: Policy
    #: What became of it last; `None`: nothing yet.
    state: EventKind | None
    author: str
    created_at: datetime
    approximate: bool
    is_treated: bool
    violations: int
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A plan with all that it rests on."""

    plan_id: UUID
    district: str
    timezone: str
    shift_start: datetime
    policy: Policy
    parameters: dict[str, Any]
    problem: Problem
    readings_as_of: datetime
    budget: dict[str, Any]
    plan: Plan
    violations: list[Violation]
    #: By area: see `AreaTrust`.
    data_trust: list[dict[str, Any]]
    is_treated: bool
    author: str
    created_at: datetime
    state: EventKind | None
    events: list[PlanEvent]
    #: The plan that a person changed; `None`: made from nothing.
    parent_id: UUID | None = None
    #: What was changed, and what holds of earlier changes.
    revision: Revision | None = None

    @property
    def changes(self) -> Changes | None:
        """Return what was changed in the parent."""
        return self.revision.asked if self.revision else None

    @property
    def standing(self) -> Standing | None:
        """Return what people have said of the shift until this plan."""
        return self.revision.standing if self.revision else None


def get(conn: Connection, plan_id: UUID) -> PlanRecord:
    """Return a plan.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = conn.execute(SQL["plan"], {"plan_id": plan_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no plan {plan_id}")
    events = conn.execute(SQL["events"], {"plan_id": plan_id}).fetchall()
    same = {
        name: row[name]
        for name in (
            "plan_id",
            "district",
            "timezone",
            "shift_start",
            "parameters",
            "budget",
            "readings_as_of",
            "data_trust",
            "is_treated",
            "author",
            "created_at",
            "parent_id",
        )
    }
    return PlanRecord(
        **same,
        policy=Policy(row["policy"]),
        problem=Problem.model_validate_json(row["problem"]),
        plan=Plan.model_validate_json(row["document"]),
        violations=_VIOLATIONS.validate_python(row["violations"]),
        state=EventKind(row["state"]) if row["state"] else None,
        revision=Revision.model_validate(row["changes"]) if row["changes"] else None,
        events=[PlanEvent(EventKind(e["kind"]), e["at"], e["actor"], e["note"]) for e in events],
    )


def list_plans(
    conn: Connection,
    limit: int = MAX_PLANS,
    *,
    day: date | None = None,
    published_only: bool = False,
) -> list[PlanLine]:
    """Return plans, the newest first; those of the shift of a local day, if one is given."""
    values = {"limit": limit, "day": day, "published_only": published_only}
    rows = conn.execute(SQL["plans"], values).fetchall()
    return [
        PlanLine(
            **row
            | {
                "policy": Policy(row["policy"]),
                "state": EventKind(row["state"]) if row["state"] else None,
                "totals": Totals.model_validate(row["totals"]),
            }
        )
        for row in rows
    ]
