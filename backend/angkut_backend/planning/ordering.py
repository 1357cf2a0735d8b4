"""Asking for a plan over HTTP: the work is a job's."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from angkut_backend.accounts.access import Staff
from angkut_backend.clock import Now
from angkut_backend.db import Connection
from angkut_backend.jobs import service as jobs
from angkut_backend.jobs.schemas import JobIdOut
from angkut_backend.jobs.service import NewJob
from angkut_backend.planning import service
from angkut_backend.planning.changes import Changes
from angkut_backend.planning.faults import REFUSED
from angkut_backend.planning.policies import Policy, PolicyParameters
from angkut_backend.planning.search import Budget
from angkut_backend.planning.service import find_district
from angkut_backend.planning.shifts import check_day
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/plans", tags=["plans"])

#: Queue and kinds of the jobs that make plans.
QUEUE = "planning"
PLAN, REPLAN = "plan", "replan"
MAX_SECONDS = 600
MAX_ITERATIONS = 1_000_000
MAX_SEED = 2**31 - 1
_SECONDS = 30.0


class SearchIn(BaseModel):
    """How long to search, and from which seed."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    seconds: Annotated[float | None, Field(ge=0, le=MAX_SECONDS, description="Default: 30")] = None
    iterations: Annotated[
        int | None,
        Field(ge=0, le=MAX_ITERATIONS, description="Instead of seconds: gives the same plan again"),
    ] = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 1

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if self.seconds is not None and self.iterations is not None:
            raise ValueError("give seconds or iterations, not both")
        return self

    @property
    def budget(self) -> Budget:
        """Return how long to search."""
        if self.iterations is not None:
            return Budget(iterations=self.iterations)
        return Budget(seconds=_SECONDS if self.seconds is None else self.seconds)


class ParametersIn(BaseModel):
    """What a city may turn in a policy; what is not given is as usual."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    threshold_pct: Annotated[float, Field(ge=0, le=200)] = PolicyParameters().threshold_pct
    overflow_rp: Annotated[float, Field(ge=0, le=1e8)] = PolicyParameters().overflow_rp
    litre_rp: Annotated[float, Field(ge=0, le=1e5)] = PolicyParameters().litre_rp
    must_probability: Annotated[float, Field(ge=0, le=1)] = PolicyParameters().must_probability
    longest_gap_h: Annotated[float, Field(ge=1, le=2400)] = PolicyParameters().longest_gap_h

    @property
    def parameters(self) -> PolicyParameters:
        """Return them as the planner takes them."""
        return PolicyParameters(**self.model_dump())


class PlanIn(SearchIn):
    """The plan of a day's shift."""

    day: Annotated[date, Field(description="Local day of the shift")]
    policy: Policy = Policy.INTEGRATED
    parameters: ParametersIn = ParametersIn()
    district: Annotated[
        str | None,
        Field(max_length=64, pattern=r"^\P{Cc}+$", description="Needed where there are several"),
    ] = None


class ReplanIn(SearchIn):
    """A plan changed by a person."""

    changes: Changes = Changes()


@router.post("", status_code=202)
def make_plan(caller: Staff, pool: PoolDep, now: Now, body: PlanIn) -> JobIdOut:
    """Plan a shift, as a job: `GET /jobs/{job_id}` and event `job` tell how far it is."""
    with pool.connection() as conn:
        return JobIdOut(job_id=order_plan(conn, body, author=caller.actor, now=now))


@router.post("/{plan_id}/replan", status_code=202, responses=REFUSED)
def replan(caller: Staff, pool: PoolDep, now: Now, plan_id: UUID, body: ReplanIn) -> JobIdOut:
    """Make a plan from this one with changes, as a job; this one stays as it is."""
    with pool.connection() as conn:
        service.check_changes(conn, plan_id, body.changes)
        job = _job(REPLAN, body, plan_id=str(plan_id))
        return JobIdOut(job_id=jobs.add(conn, job, author=caller.actor, now=now))


def order_plan(conn: Connection, asked: PlanIn, *, author: str, now: datetime) -> UUID:
    """Ask for a plan; return the id of the job.

    Raises
    ------
    NotFoundError, DistrictError
        See `service.find_district`.
    ShiftError
        The day is over, or further ahead than forecasts reach.
    TooManyJobsError
        See `jobs.add`.
    """
    district = find_district(conn, asked.district)
    check_day(district, asked.day, now)
    job = _job(PLAN, asked.model_copy(update={"district": district.code}))
    return jobs.add(conn, job, author=author, now=now)


def _job(kind: str, body: BaseModel, **more: str) -> NewJob:
    return NewJob(kind, QUEUE, body.model_dump(mode="json") | more)
