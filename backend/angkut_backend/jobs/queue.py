"""The queue itself: procrastinate on our database.

It decides which worker takes which job and knows which workers live. All of our jobs are one task
of its: `run_job`, with the id of a row of `job`.
"""

from uuid import UUID

import procrastinate
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector

from angkut_backend.db import Connection

TASK = "run_job"
#: Puts jobs in with the connection it is given; has none of its own.
_APP = procrastinate.App(connector=SyncPsycopgConnector())


def put(conn: Connection, job_id: UUID, queue: str) -> int:
    """Put a job in the queue, as part of the transaction; return its number there."""
    task = _APP.configure_task(TASK, queue=queue, connection=conn)
    return task.defer(job_id=str(job_id))
