"""Asking for forecasts, and for how good they were, over HTTP: the work is a job's."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from angkut_backend.accounts.access import Staff
from angkut_backend.clock import Now
from angkut_backend.jobs import service as jobs
from angkut_backend.jobs.schemas import JobIdOut
from angkut_backend.jobs.service import NewJob
from angkut_backend.pool import PoolDep

router = APIRouter(prefix="/forecast", tags=["forecast"])

#: Queue and kinds of the jobs that forecast.
QUEUE = "forecasts"
FORECAST, BACKTEST = "forecast", "backtest"


class ForecastIn(BaseModel):
    """What to forecast."""

    model_config = ConfigDict(extra="forbid")

    #: All districts, or only those whose forecast is a quarter of an hour old.
    everything: bool = True


class BacktestIn(BaseModel):
    """From which moments to forecast."""

    model_config = ConfigDict(extra="forbid")

    every_h: Annotated[int, Field(ge=1, le=168, description="Hours between them")] = 12


@router.post("/run", status_code=202)
def run_forecast(caller: Staff, pool: PoolDep, now: Now) -> JobIdOut:
    """Forecast all bins now, as a job; a worker does so by itself every quarter of an hour."""
    job = NewJob(FORECAST, QUEUE, ForecastIn().model_dump())
    with pool.connection() as conn:
        return JobIdOut(job_id=jobs.add(conn, job, author=caller.actor, now=now))


@router.post("/backtest", status_code=202)
def run_backtest(caller: Staff, pool: PoolDep, now: Now, body: BacktestIn) -> JobIdOut:
    """Score what forecasts of the last weeks would have been worth; `result` has the scores."""
    job = NewJob(BACKTEST, QUEUE, body.model_dump())
    with pool.connection() as conn:
        return JobIdOut(job_id=jobs.add(conn, job, author=caller.actor, now=now))
