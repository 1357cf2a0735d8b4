"""Jobs of workers that died: begun anew by another, or ended with the reason.

Two things tell of a dead worker: the job's own beat, and for a job that was fetched and not begun
the heartbeat that procrastinate keeps. A job whose beat is fresh is left alone. And what waits is
in the queue, whatever became of those who were at it.
"""

import logging
from datetime import datetime

from procrastinate.manager import JobManager

from angkut_backend.db import Row
from angkut_backend.jobs.child import Errand
from angkut_backend.jobs.failures import WORKER_DIED, Failure
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.queue import settle
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
            back = await store.put_back(errand, now, because="deaths")
            state = back.state if back else None
        if state is not None:
            metrics.lost()
            log.warning("job %s lost its worker and is %s now", row["job_id"], state)
            await settle(manager, row["queue_id"], state)
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=LOST_S):
        if stalled.id is None:
            continue
        ours: Row | None = await store.of_queue(stalled.id)
        state = JobState.FAILED if ours is None else ours["state"]
        if state != JobState.RUNNING:
            await settle(manager, stalled.id, state)
    for job_id in await store.put_stranded_again(manager):
        log.warning("job %s waited and was in no queue: put in again", job_id)
