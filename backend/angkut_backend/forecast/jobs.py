"""Learning, forecasting and scoring as jobs of the queue, off the thread of the periodic ones."""

import math
from dataclasses import asdict
from datetime import datetime

from angkut_backend.db import Connection
from angkut_backend.forecast import service
from angkut_backend.forecast.backtest import Score
from angkut_backend.forecast.loading import districts
from angkut_backend.forecast.ordering import FORECAST, QUEUE, BacktestIn, ForecastIn
from angkut_backend.jobs import service as jobs
from angkut_backend.jobs.running import CancelledJobError, RunningJob
from angkut_backend.jobs.service import NewJob

#: Author of what comes round by itself.
SCHEDULE = "schedule"


def queue_due(conn: Connection, now: datetime) -> None:
    """Ask for what is due, unless that waits already; a periodic job of the worker."""
    if service.is_due(conn, now) and not jobs.is_open(conn, FORECAST):
        job = NewJob(FORECAST, QUEUE, ForecastIn(everything=False).model_dump())
        jobs.add(conn, job, author=SCHEDULE, now=now)


def forecast(job: RunningJob) -> None:
    """Learn what is due and forecast; each district is kept as soon as it is done."""
    conn, made = job.conn, 0
    job.begin("learn")
    while not job.watch(0.0) and service.learn_due(conn, job.clock()):
        conn.commit()
    job.begin("forecast")
    if ForecastIn.model_validate(job.body).everything:
        there = districts(conn)
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


def backtest(job: RunningJob) -> None:
    """Score forecasts of the last weeks beside naive rules, by district."""
    asked, result = BacktestIn.model_validate(job.body), {}
    there = districts(job.conn)
    job.begin("score")
    for number, district in enumerate(there):

        def progress(done: int, total: int, number: int = number) -> None:
            if job.watch((number + done / max(total, 1)) / len(there)):
                raise CancelledJobError

        scores = service.backtest_district(
            job.conn, district, job.clock(), every_h=asked.every_h, progress=progress
        )
        result[district.code] = [_plain(score) for score in scores]
    job.finish(result={"scores": result})


def _plain(score: Score) -> dict[str, object]:
    """Return a score as JSON knows it, which has no word for what is no number."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(score).items()
    }
