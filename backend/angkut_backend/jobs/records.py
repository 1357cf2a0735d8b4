"""Jobs as they are kept, and reading them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from angkut_backend.db import Connection, Row, load_queries
from angkut_backend.errors import NotFoundError

SQL = load_queries("angkut_backend.jobs")

#: PostgreSQL channel; the payload is the id of a job that changed. The database sends it.
JOBS_CHANNEL = "angkut_jobs"
#: Jobs in one answer at most.
MAX_JOBS = 200
#: A worker, or the worker of a job, that says nothing for so long is taken for dead, seconds.
LOST_S = 30


class JobState(StrEnum):
    """What is with a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: States that a job does not leave.
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job, how far it is and what came of it."""

    job_id: UUID
    kind: str
    queue: str
    #: What was asked for.
    body: dict[str, Any]
    state: JobState
    #: A word of its kind, or `queued`, `no_worker`, `starting`, `worker_lost`.
    phase: str
    #: Share of the work that is done, 0 to 1; of a search, of its budget.
    progress: float
    #: Why it failed: a word for programs, and in English, with what to do.
    code: str | None
    message: str | None
    cancel_asked: bool
    first_plan_id: UUID | None
    plan_id: UUID | None
    result: dict[str, Any] | None
    author: str
    retry_of: UUID | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> "JobRecord":
        """Read a row of `jobs`."""
        return cls(**{**row, "state": JobState(row["state"])})

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more becomes of it."""
        return self.state in ENDED


def get(conn: Connection, job_id: UUID) -> JobRecord:
    """Return a job.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    found = _read(conn, job_id=job_id)
    if not found:
        raise NotFoundError(f"there is no job {job_id}")
    return found[0]


def newest(conn: Connection, limit: int = MAX_JOBS, kind: str | None = None) -> list[JobRecord]:
    """Return jobs, the newest first."""
    return _read(conn, limit=limit, kind=kind)


def _read(
    conn: Connection, *, job_id: UUID | None = None, kind: str | None = None, limit: int = 1
) -> list[JobRecord]:
    values = {"job_id": job_id, "kind": kind, "limit": limit, "lost_s": LOST_S}
    return [JobRecord.from_row(row) for row in conn.execute(SQL["jobs"], values)]
