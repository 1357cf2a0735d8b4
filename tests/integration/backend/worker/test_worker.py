"""The worker on a real database: who runs a job, and what a failure stops."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from angkut_backend.db import Connection, connect
from angkut_backend.worker import PeriodicJob, Worker, run_once
from angkut_infra.stack import ports
from parts.waiting import wait_until

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@contextmanager
def working(dsn: str, *jobs: PeriodicJob, port: int | None = None) -> Iterator[None]:
    """Keep a worker running in a thread; it must end when told to."""
    stop = threading.Event()
    worker = Worker(
        dsn,
        jobs,
        clock=lambda: NOW,
        rng=random.Random(1),  # noqa: S311 - jitter
        monitor_address=None if port is None else ("127.0.0.1", port),
    )
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Counter:
    """A job that counts its runs."""

    def __init__(self, answer: Callable[[int], bool] = lambda _: False) -> None:
        self.runs: list[datetime] = []
        self._answer = answer

    def __call__(self, _conn: Connection, now: datetime) -> bool:
        self.runs.append(now)
        return self._answer(len(self.runs))


def test_a_job_is_repeated_at_once_while_it_has_work_left(database: str) -> None:
    job = Counter(lambda runs: runs < 5)
    with working(database, PeriodicJob("count", 3600, job)):
        wait_until(lambda: len(job.runs) >= 5, what="the fifth run")
    assert job.runs == [NOW] * 5


def test_what_a_job_wrote_is_committed_when_it_returns_and_undone_when_it_raises(
    conn: Connection,
) -> None:
    def write(conn: Connection, _now: datetime) -> None:
        conn.execute("INSERT INTO dirty_hour (bin_id, bucket) VALUES (1, now())")

    def write_and_fail(conn: Connection, now: datetime) -> None:
        write(conn, now)
        raise ValueError

    run_once(conn, PeriodicJob("write", 1, write), NOW)
    try:
        run_once(conn, PeriodicJob("fail", 1, write_and_fail), NOW)
    except ValueError:
        conn.rollback()
    assert len(conn.execute("SELECT FROM dirty_hour").fetchall()) == 1


def test_a_job_that_fails_stops_no_other_and_is_tried_again(database: str) -> None:
    def fail_first(runs: int) -> bool:
        if runs == 1:
            raise ValueError("a job's own fault")
        return False

    failing, steady = Counter(fail_first), Counter()
    with working(
        database, PeriodicJob("failing", 0.01, failing), PeriodicJob("steady", 0.01, steady)
    ):
        wait_until(lambda: len(failing.runs) >= 2 and len(steady.runs) >= 2, what="both again")


def test_one_worker_at_a_time_runs_a_job(database: str, conn: Connection) -> None:
    job = Counter()

    def while_another_works(_other: Connection, now: datetime) -> bool:
        assert not run_once(conn, PeriodicJob("shared", 1, job), now)
        assert not job.runs
        return run_once(conn, PeriodicJob("of its own", 1, job), now)

    with connect(database) as other:
        run_once(other, PeriodicJob("shared", 1, while_another_works), NOW)
    assert len(job.runs) == 1
    run_once(conn, PeriodicJob("shared", 1, job), NOW)
    assert len(job.runs) == 2


def test_a_worker_whose_connection_breaks_comes_back(database: str, conn: Connection) -> None:
    job = Counter()
    with working(database, PeriodicJob("count", 0.01, job)):
        wait_until(lambda: job.runs, what="the first run")
        killed = conn.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name = 'angkut-worker' AND datname = current_database()"
        ).fetchall()
        conn.commit()
        assert len(killed) == 1
        before = len(job.runs)
        wait_until(lambda: len(job.runs) > before + 1, what="a run after the break")


def test_metrics_and_health_tell_of_a_job_that_fails_and_of_one_that_is_behind(
    database: str,
) -> None:
    def fail(_runs: int) -> bool:
        raise ValueError("a job's own fault")

    failing, busy = Counter(fail), Counter(lambda _: True)
    port = ports.choose(0)
    jobs = PeriodicJob("failing", 3600, failing), PeriodicJob("busy", 3600, busy)
    with working(database, *jobs, port=port):
        wait_until(lambda: failing.runs and len(busy.runs) > 2, what="both jobs to run")
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'angkut_worker_job_failures_total{job="failing"} 1.0' in shown
        assert 'angkut_worker_job_behind{job="busy"} 1.0' in shown
        assert 'angkut_worker_job_done_timestamp_seconds{job="busy"} 1.7723232e+09' in shown
        assert "angkut_worker_database_connected 1.0" in shown
        ready = httpx.get(f"http://127.0.0.1:{port}/health/ready")
        assert ready.status_code == 503
        assert ready.json()["troubles"] == {"job failing": NOW.isoformat()}
        assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200


def test_a_worker_without_its_database_is_alive_but_not_ready() -> None:
    port = ports.choose(0)
    with working("postgresql://127.0.0.1:1/none", port=port):
        wait_until(lambda: answers(port), what="the worker's health")
        ready = httpx.get(f"http://127.0.0.1:{port}/health/ready")
        assert (ready.status_code, list(ready.json()["troubles"])) == (503, ["database"])
        assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").is_success
    except httpx.ConnectError:
        return False
