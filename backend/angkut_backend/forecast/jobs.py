"""Learning and forecasting as jobs of the queue, off the thread of the periodic ones."""

from datetime import datetime

from angkut_backend.db import Connection
from angkut_backend.forecast import service
from angkut_backend.forecast.loading import districts
from angkut_backend.jobs import service as jobs
from angkut_backend.jobs.running import RunningJob
from angkut_backend.jobs.service import NewJob

QUEUE, KIND = "forecasts", "forecast"
_SCHEDULE = "schedule"


def queue_due(conn: Connection, now: datetime) -> None:
    """Ask for what is due, unless somebody did; a periodic job of the worker."""
    if service.is_due(conn, now) and not jobs.is_open(conn, KIND):
        jobs.add(conn, NewJob(KIND, QUEUE, {"all": False}), author=_SCHEDULE, now=now)


def run(job: RunningJob) -> None:
    """Learn and forecast what is due; all districts if it was asked for."""
    conn, made = job.conn, 0
    job.begin("learn")
    while not job.watch(0.0) and service.learn_due(conn, job.clock()):
        conn.commit()
    there = districts(conn)
    job.begin("forecast")
    if job.body["all"]:
        for number, district in enumerate(there):
            if job.watch(number / len(there)):
                break
            service.issue(conn, district, job.clock())
            conn.commit()
            made += 1
    else:
        while not job.watch(0.0) and service.issue_due(conn, job.clock()):
            conn.commit()
            made += 1
    job.finish(result={"districts": made})
