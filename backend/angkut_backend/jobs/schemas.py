"""Jobs as the API shows them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.jobs.records import JobRecord, JobState


class JobIdOut(BaseModel):
    """What was asked for waits its turn as a job."""

    job_id: UUID


class JobOut(BaseModel):
    """A job, how far it is and what came of it."""

    model_config = ConfigDict(from_attributes=True)

    job_id: UUID
    kind: Annotated[str, Field(description="plan, replan, forecast, backtest")]
    state: JobState
    progress: Annotated[float, Field(ge=0, le=1, description="Of a search: of its budget")]
    phase: Annotated[
        str,
        Field(
            description="queued, no_worker (nobody is there to take it), starting, worker_lost "
            "(silent for 30 s); of a plan: data, roads, first, search, check; of a forecast: "
            "learn, forecast; of a backtest: score"
        ),
    ]
    code: Annotated[
        str | None,
        Field(
            description="Why it failed. Of the order: bad_shift, nothing_to_plan, bad_changes, "
            "conflict, not_found, which_district, no_forecast, roads_unavailable; of the machine: "
            "process_died, process_silent, worker_died, database_unavailable, other_version, "
            "program_fault"
        ),
    ]
    message: Annotated[str | None, Field(description="The same in English, and what to do")]
    attempt: Annotated[int, Field(description="Workers that have taken it up; 0: none yet")]
    cancel_asked: bool
    first_plan_id: Annotated[UUID | None, Field(description="Kept before the search")]
    plan_id: UUID | None
    result: Annotated[dict[str, Any] | None, Field(description="Of kinds that make no plan")]
    author: str
    retry_of: UUID | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobsOut(BaseModel):
    """The newest jobs."""

    jobs: list[JobOut]


def job_out(found: JobRecord) -> JobOut:
    """Return the whole."""
    return JobOut.model_validate(found)


def jobs_out(found: list[JobRecord]) -> JobsOut:
    """Return the list."""
    return JobsOut(jobs=[job_out(one) for one in found])
