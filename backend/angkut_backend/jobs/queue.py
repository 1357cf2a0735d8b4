"""The queue itself: procrastinate on our database.

It decides which worker takes which job and knows which workers live. All of our jobs are one task
of its: `run_job`, with the id of a row of `job`.
"""

import logging
from datetime import UTC, datetime
from uuid import UUID

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector

from angkut_backend.db import Connection
from angkut_backend.jobs.records import JobState

log = logging.getLogger("angkut.jobs")

TASK = "run_job"
#: Long past by every clock: the queue compares with the database's, which ours may be ahead of.
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
#: Puts jobs in with the connection it is given; has none of its own.
_APP = procrastinate.App(connector=SyncPsycopgConnector())


def put(conn: Connection, job_id: UUID, queue: str) -> int:
    """Put a job in the queue, as part of the transaction; return its number there."""
    task = _APP.configure_task(TASK, queue=queue, connection=conn)
    return task.defer(job_id=str(job_id))


async def put_again(
    manager: JobManager, conn: "psycopg.AsyncConnection[object]", job_id: UUID, queue: str
) -> int:
    """Put a job in the queue that is in none; return its number there."""
    job = Job(
        queue=queue,
        lock=None,
        queueing_lock=None,
        task_name=TASK,
        task_kwargs={"job_id": str(job_id)},
    )
    return number(await manager.defer_job_async(job, connection=conn))


def number(job: Job) -> int:
    """Return the number that a job has in the queue."""
    if job.id is None:
        raise TypeError(f"{job.task_name} was put in no queue")
    return job.id


async def settle(manager: JobManager, queue_id: int, state: str) -> None:
    """Have the queue say what the job says; another worker may have done so already."""
    try:
        if state == JobState.WAITING:
            await manager.retry_job_by_id_async(queue_id, retry_at=AT_ONCE)
        else:
            status = Status.FAILED if state == JobState.FAILED else Status.SUCCEEDED
            await manager.finish_job_by_id_async(queue_id, status, delete_job=False)
    except ConnectorException as exc:
        log.info("job %d of the queue is settled already: %s", queue_id, exc.__cause__)
