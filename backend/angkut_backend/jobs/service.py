"""Jobs asked for, cancelled and tried again (`records` reads, `work` does them)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from angkut_backend.accounts.service import audit
from angkut_backend.db import Connection
from angkut_backend.errors import BackendError, ConflictError, NotFoundError
from angkut_backend.jobs import queue
from angkut_backend.jobs.records import ENDED, LOST_S, SQL, JobState

#: Jobs of one person that have not ended, at most.
MAX_OPEN = 5
#: Of everybody together.
MAX_OPEN_ALL = 100
#: Who asks for the same within so long means the same job.
IMPATIENCE = timedelta(seconds=10)
#: So long it is known of a job that ended what came of it.
KEEP = timedelta(days=30)


class TooManyJobsError(BackendError):
    """Too many jobs wait; wait until one of them ends, or cancel one."""

    status = 429
    code = "too_many_jobs"


@dataclass(frozen=True, slots=True)
class NewJob:
    """What somebody asks for."""

    kind: str
    #: Which workers may take it.
    queue: str
    #: The order as JSON, which its kind reads back.
    body: dict[str, Any]


def add(
    conn: Connection, job: NewJob, *, author: str, now: datetime, retry_of: UUID | None = None
) -> UUID:
    """Put a job in the queue, as part of the transaction; return its id.

    Who asks twice for the same while it waits, or within `IMPATIENCE`, gets the job that is there:
    a second click, or a request that was sent again because its answer was lost.

    Raises
    ------
    TooManyJobsError
        The author, or all together, have too many that did not end.
    """
    conn.execute(SQL["lock_bounds"])
    values = {"kind": job.kind, "body": Jsonb(job.body), "author": author, "retry_of": retry_of}
    if same := conn.execute(SQL["same"], {**values, "since": now - IMPATIENCE}).fetchone():
        same_id: UUID = same["job_id"]
        return same_id
    count = conn.execute(SQL["count_open"], {"author": author}).fetchone() or {}
    if count["mine"] >= MAX_OPEN:
        raise TooManyJobsError(
            f"{count['mine']} jobs of yours have not ended, at most {MAX_OPEN} may be open: "
            "wait for one, or cancel one"
        )
    if count["total"] >= MAX_OPEN_ALL:
        raise TooManyJobsError(
            f"{count['total']} jobs have not ended, at most {MAX_OPEN_ALL} may be open: "
            "see that a worker runs (`angkut worker`), and try again later"
        )
    job_id = uuid4()
    conn.execute(SQL["add"], {**values, "job_id": job_id, "queue": job.queue, "now": now})
    queue_id = queue.put(conn, job_id, job.queue)
    conn.execute(SQL["set_queue_id"], {"job_id": job_id, "queue_id": queue_id})
    audit(conn, author, "job.add", str(job_id), after={"kind": job.kind, "body": job.body})
    return job_id


def is_open(conn: Connection, kind: str) -> bool:
    """Tell whether a job of this kind waits or runs."""
    return conn.execute(SQL["open_of_kind"], {"kind": kind}).fetchone() is not None


def cancel(conn: Connection, job_id: UUID, *, actor: str, now: datetime) -> None:
    """End a job: one that waits never starts, one that runs keeps the best that it has so far.

    Raises
    ------
    NotFoundError
        There is none of this id.
    ConflictError
        It ended already.
    """
    row = _lock(conn, job_id)
    if row["state"] in ENDED:
        raise ConflictError(f"job {job_id} is {row['state']} already")
    # Nobody is there who could stop a job whose worker died.
    at_once = row["state"] == JobState.WAITING or row["is_lost"]
    conn.execute(SQL["cancel_now" if at_once else "ask_to_cancel"], {"job_id": job_id, "now": now})
    audit(conn, actor, "job.cancel", str(job_id))


def retry(conn: Connection, job_id: UUID, *, actor: str, now: datetime) -> UUID:
    """Ask for the same again; return the id of the new job.

    Raises
    ------
    NotFoundError
        There is none of this id.
    ConflictError
        It did not fail and was not cancelled.
    TooManyJobsError
        See `add`.
    """
    row = _lock(conn, job_id)
    if row["state"] not in {JobState.FAILED, JobState.CANCELLED}:
        raise ConflictError(
            f"job {job_id} is {row['state']}: only one that failed or was cancelled is tried again"
        )
    job = NewJob(row["kind"], row["queue"], row["body"])
    return add(conn, job, author=actor, now=now, retry_of=job_id)


def prune(conn: Connection, now: datetime) -> None:
    """Remove jobs that ended long ago, as often as the worker likes; their plans stay."""
    conn.execute(SQL["prune"], {"before": now - KEEP})
    conn.execute(SQL["prune_queue"])


def _lock(conn: Connection, job_id: UUID) -> dict[str, Any]:
    row = conn.execute(SQL["lock_job"], {"job_id": job_id, "lost_s": LOST_S}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row
