"""Jobs over HTTP: seen, cancelled and tried again by dispatchers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from angkut_backend.accounts.access import Staff
from angkut_backend.clock import Now
from angkut_backend.jobs import records, service
from angkut_backend.jobs.schemas import JobIdOut, JobOut, JobsOut, job_out, jobs_out
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/jobs", tags=["jobs"])

Limit = Annotated[int, Query(ge=1, le=records.MAX_JOBS)]
Kind = Annotated[str | None, Query(pattern="^[a-z]{1,20}$", description="Only jobs of this kind")]


@router.get("")
def get_jobs(_caller: Staff, pool: PoolDep, limit: Limit = 50, kind: Kind = None) -> JobsOut:
    """The newest jobs. Event `job` of the live stream has each that changes."""
    with pool.connection() as conn:
        return jobs_out(records.newest(conn, limit, kind))


@router.get("/{job_id}")
def get_job(_caller: Staff, pool: PoolDep, job_id: UUID) -> JobOut:
    """A job: how far it is, what came of it."""
    with pool.connection() as conn:
        return job_out(records.get(conn, job_id))


@router.post("/{job_id}/cancel")
def cancel_job(caller: Staff, pool: PoolDep, now: Now, job_id: UUID) -> JobOut:
    """End it; one that runs ends within seconds and keeps the best plan so far."""
    with pool.connection() as conn:
        service.cancel(conn, job_id, actor=caller.actor, now=now)
        return job_out(records.get(conn, job_id))


@router.post("/{job_id}/retry", status_code=202)
def retry_job(caller: Staff, pool: PoolDep, now: Now, job_id: UUID) -> JobIdOut:
    """Ask for the same again, of a job that failed or was cancelled."""
    with pool.connection() as conn:
        return JobIdOut(job_id=service.retry(conn, job_id, actor=caller.actor, now=now))
