"""What becomes of jobs whose worker died, case by case."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID, uuid4

import procrastinate
import pytest
from prometheus_client import CollectorRegistry
from psycopg_pool import AsyncConnectionPool

from angkut_backend.db import Connection
from angkut_backend.jobs import records, service
from angkut_backend.jobs.child import Errand
from angkut_backend.jobs.failures import PROCESS_DIED, Failure
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.records import JobRecord, JobState
from angkut_backend.jobs.recovery import MAX_DEATHS, recover
from angkut_backend.jobs.service import NewJob
from angkut_backend.jobs.store import Back, Claimed, Store

T = TypeVar("T")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def store(dsn: str, ask: Callable[[Store], Awaitable[T]]) -> T:
    """Have a worker's side of the table of jobs."""

    async def run() -> T:
        async with AsyncConnectionPool(dsn, open=False) as pool:
            return await ask(Store(pool))

    return asyncio.run(run())


def look_for_lost(dsn: str, now: datetime = NOW) -> None:
    """Look once, as a worker does every few seconds."""

    async def look() -> None:
        connector = procrastinate.PsycopgConnector(conninfo=dsn)
        async with procrastinate.App(connector=connector).open_async() as app:
            metrics = JobMetrics(CollectorRegistry(), ["plan"])
            await recover(app.job_manager, Store(connector.pool), metrics, now)

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


def test_one_that_failed_while_it_was_to_be_cancelled_is_cancelled_with_its_first_plan(
    database: str, conn: Connection, job_id: UUID
) -> None:
    conn.execute("ALTER TABLE job DROP CONSTRAINT job_first_plan_id_fkey")
    conn.execute("ALTER TABLE job DROP CONSTRAINT job_plan_id_fkey")
    first_id = uuid4()
    running(conn, silent_s=0)
    conn.execute("UPDATE job SET first_plan_id = %s, cancel_asked = true", [first_id])
    died = Failure(PROCESS_DIED, "the process that worked on it ended")
    assert store(database, lambda it: it.fail(Errand(job_id, 1), died, NOW)) == "cancelled"
    ended = found(conn, job_id)
    assert (ended.plan_id, ended.code, ended.message) == (first_id, None, None)


@pytest.mark.parametrize("status_there", ["succeeded", "failed", None])
def test_one_that_waits_and_is_in_no_queue_is_put_in_again(
    database: str, conn: Connection, job_id: UUID, status_there: str | None
) -> None:
    # A worker that was only slow said that it is done, while another one was at it and stopped.
    if status_there is None:
        conn.execute("DELETE FROM procrastinate_jobs")
    else:
        conn.execute("UPDATE procrastinate_jobs SET status = %s", [status_there])
    look_for_lost(database)
    look_for_lost(database)
    rows = conn.execute(
        "SELECT q.status, q.args, q.queue_name FROM job AS j "
        "JOIN procrastinate_jobs AS q ON q.id = j.queue_id"
    ).fetchall()
    assert rows == [
        {"status": "todo", "args": {"job_id": str(job_id)}, "queue_name": "planning"},
    ]
    count = conn.execute("SELECT FROM procrastinate_jobs WHERE status = 'todo'").fetchall()
    assert len(count) == 1
    # The old number in the queue begins nothing, whoever holds it.
    assert store(database, lambda it: it.claim(job_id, 1, NOW)) is None
    assert store(database, lambda it: it.claim(job_id, 2, NOW))


@pytest.mark.parametrize("ahead_h", [-5, 5])
def test_a_worker_whose_clock_is_wrong_gives_jobs_back_for_now_and_counts_no_time_twice(
    database: str, conn: Connection, job_id: UUID, ahead_h: int
) -> None:
    wrong = NOW + timedelta(hours=ahead_h)
    assert store(database, lambda it: it.claim(job_id, 1, wrong))
    running(conn, silent_s=40)
    look_for_lost(database, now=datetime.now(UTC) + timedelta(hours=ahead_h))
    due = conn.execute(
        "SELECT FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at <= now()"
    ).fetchall()
    assert len(due) == 1
    [figures] = store(database, lambda it: it.figures(NOW - timedelta(hours=5)))
    assert figures["oldest_waiting_s"] == 0
    assert store(database, lambda it: it.claim(job_id, 1, wrong))
    assert store(database, lambda it: it.drop(Errand(job_id, 2), wrong)) == "cancelled"
    times = found(conn, job_id)
    assert times.started_at
    assert times.ended_at
    assert times.created_at <= times.started_at <= times.ended_at


def test_an_attempt_that_could_not_be_made_just_then_counts_and_a_restart_does_not(
    database: str, conn: Connection, job_id: UUID
) -> None:
    def put_back(attempt: int, because: Literal["deaths", "delays"] | None) -> Back | None:
        running(conn, silent_s=0, attempt=attempt)
        errand = Errand(job_id, attempt)
        return store(database, lambda it: it.put_back(errand, NOW, because=because))

    for back in (put_back(1, "delays"), put_back(2, None), put_back(3, "deaths")):
        assert back
        assert (back.state, back.queue_id) == ("waiting", 1)
    assert put_back(4, "delays")
    claimed = store(database, lambda it: it.claim(job_id, 1, NOW))
    assert claimed == Claimed(attempt=5, kind="plan", delays=2)
    assert found(conn, job_id).result is None


def test_one_that_ended_before_its_worker_could_say_so_stays_ended(
    database: str, conn: Connection, job_id: UUID
) -> None:
    conn.execute("UPDATE job SET state = 'done', ended_at = now()")
    look_for_lost(database)
    assert (found(conn, job_id).state, status(conn)) == (JobState.DONE, "succeeded")
