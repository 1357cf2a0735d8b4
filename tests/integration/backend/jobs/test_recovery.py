"""What becomes of jobs whose worker died, case by case."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import procrastinate
import pytest
from prometheus_client import CollectorRegistry

from angkut_backend.db import Connection
from angkut_backend.jobs import records, service
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.records import JobRecord, JobState
from angkut_backend.jobs.recovery import MAX_DEATHS, recover
from angkut_backend.jobs.service import NewJob
from angkut_backend.jobs.store import Store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def look_for_lost(dsn: str) -> None:
    """Look once, as a worker does every few seconds."""

    async def look() -> None:
        connector = procrastinate.PsycopgConnector(conninfo=dsn)
        async with procrastinate.App(connector=connector).open_async() as app:
            metrics = JobMetrics(CollectorRegistry(), ["plan"])
            await recover(app.job_manager, Store(connector.pool), metrics, NOW)

    asyncio.run(look())


@pytest.fixture
def job_id(conn: Connection) -> UUID:
    """A job that a dead worker has fetched."""
    conn.autocommit = True
    made = service.add(conn, NewJob("plan", "planning", {}), author="test", now=NOW)
    conn.execute(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - '1 h'::interval)"
    )
    conn.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1")
    return made


def running(conn: Connection, *, silent_s: int, attempt: int = 1) -> None:
    conn.execute(
        "UPDATE job SET state = 'running', attempt = %s, "
        "beat_at = now() - make_interval(secs => %s)",
        [attempt, silent_s],
    )


def status(conn: Connection) -> str:
    row = conn.execute("SELECT status FROM procrastinate_jobs").fetchone()
    assert row
    return str(row["status"])


def found(conn: Connection, job_id: UUID) -> JobRecord:
    return records.get(conn, job_id)


def test_one_that_was_fetched_and_not_begun_goes_back(
    database: str, conn: Connection, job_id: UUID
) -> None:
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.WAITING, "todo")


def test_one_that_was_begun_goes_back(database: str, conn: Connection, job_id: UUID) -> None:
    running(conn, silent_s=40)
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.WAITING, "todo")


def test_one_whose_worker_is_heard_is_left_alone(
    database: str, conn: Connection, job_id: UUID
) -> None:
    running(conn, silent_s=10)
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.RUNNING, "doing")


def test_one_that_no_worker_survives_fails_with_advice(
    database: str, conn: Connection, job_id: UUID
) -> None:
    for attempt in range(1, MAX_DEATHS):
        running(conn, silent_s=40, attempt=attempt)
        look_for_lost(database)
        assert (found(conn, job_id).state, found(conn, job_id).result) == (JobState.WAITING, None)
    # That a worker was restarted on the way is no death.
    running(conn, silent_s=40, attempt=MAX_DEATHS + 4)
    look_for_lost(database)
    ended = found(conn, job_id)
    assert (ended.state, ended.ended_at, status(conn)) == (JobState.FAILED, NOW, "failed")
    assert ended.message
    assert "the worker died 3 times" in ended.message
    assert (ended.code, ended.result) == ("worker_died", None)


def test_one_that_was_to_be_cancelled_is(database: str, conn: Connection, job_id: UUID) -> None:
    running(conn, silent_s=10)
    service.cancel(conn, job_id, actor="test", now=NOW)
    assert found(conn, job_id).state is JobState.RUNNING
    running(conn, silent_s=40)
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.CANCELLED, "succeeded")


def test_one_whose_worker_is_silent_is_cancelled_without_it(
    database: str, conn: Connection, job_id: UUID
) -> None:
    running(conn, silent_s=40)
    service.cancel(conn, job_id, actor="test", now=NOW)
    assert found(conn, job_id).state is JobState.CANCELLED
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.CANCELLED, "succeeded")


def test_one_that_ended_before_its_worker_could_say_so_stays_ended(
    database: str, conn: Connection, job_id: UUID
) -> None:
    conn.execute("UPDATE job SET state = 'done', ended_at = now()")
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.DONE, "succeeded")
