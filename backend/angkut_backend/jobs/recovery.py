"""Jobs of workers that died: begun anew by another, or ended with the reason.

Two things tell of a dead worker: the job's own beat, and for a job that was fetched and not begun
the heartbeat that procrastinate keeps. A job whose beat is fresh is left alone.
"""

import logging
from datetime import datetime

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from angkut_backend.db import Row
from angkut_backend.jobs.child import Errand
from angkut_backend.jobs.failures import WORKER_DIED, Failure
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.records import LOST_S, JobState
from angkut_backend.jobs.store import Store

log = logging.getLogger("angkut.jobs")

#: A job that so many workers did not survive is likely to be why.
MAX_DEATHS = 3


async def recover(manager: JobManager, store: Store, metrics: JobMetrics, now: datetime) -> None:
    """Look for jobs that nobody works on though they are said to run; bounded work."""
    for row in await store.silent():
        errand = Errand(row["job_id"], row["attempt"])
        if row["deaths"] >= MAX_DEATHS:
            message = (
                f"the worker died {row['deaths']} times while it was at it: look at its log and "
                "at the machine's memory, then try again with a smaller budget"
            )
            state = await store.fail(errand, Failure(WORKER_DIED, message), now)
        else:
            state = await store.put_back(errand, now, died=True)
        if state is not None:
            metrics.lost()
            log.warning("job %s lost its worker and is %s now", row["job_id"], state)
            await _settle(manager, row["queue_id"], state, now)
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=LOST_S):
        if stalled.id is None:
            continue
        ours: Row | None = await store.of_queue(stalled.id)
        state = JobState.FAILED if ours is None else ours["state"]
        if state != JobState.RUNNING:
            await _settle(manager, stalled.id, state, now)


async def _settle(manager: JobManager, queue_id: int, state: str, now: datetime) -> None:
    """Have the queue say what the job says; another worker may have done so already."""
    try:
        if state == JobState.WAITING:
            await manager.retry_job_by_id_async(queue_id, retry_at=now)
        else:
            status = Status.FAILED if state == JobState.FAILED else Status.SUCCEEDED
            await manager.finish_job_by_id_async(queue_id, status, delete_job=False)
    except ConnectorException as exc:
        log.info("job %d of the queue is settled already: %s", queue_id, exc.__cause__)
