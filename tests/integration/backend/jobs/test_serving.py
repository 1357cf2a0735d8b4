"""Which queues have a worker, as jobs and the doctor tell it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from angkut_backend.db import Connection, connect
from angkut_backend.jobs import records, service
from angkut_backend.jobs.service import NewJob
from angkut_backend.jobs.serving import queue_states
from angkut_backend.settings import Settings
from angkut_backend.work import QUEUES
from angkut_infra.cli import run
from angkut_infra.doctor import Finding, Verdict, examine
from parts.jobs import Start
from parts.waiting import wait_until


@pytest.fixture
def doctor(database: str, tmp_path: Path) -> Callable[[str], Finding]:
    """Return what the doctor finds of a subject, half an hour from now."""
    settings = Settings.model_validate(
        # No broker: port 1 refuses at once.
        {"database_dsn": database, "data_dir": tmp_path, "mqtt_port": 1}
    )

    def ask(subject: str) -> Finding:
        findings = examine(settings, now=lambda: datetime.now(UTC) + timedelta(minutes=30))
        return next(one for one in findings if one.subject == subject)

    return ask


def test_a_worker_of_another_queue_is_nobody_for_a_plan_and_keeps_no_roll_ups(
    database: str, start: Start, doctor: Callable[[str], Finding]
) -> None:
    with connect(database) as conn:
        plan, forecast = (
            service.add(conn, NewJob(kind, queue, {}), author="test", now=datetime.now(UTC))
            for kind, queue in (("plan", "planning"), ("unknown", "forecasts"))
        )
        conn.commit()
        assert records.get(conn, plan).phase == records.get(conn, forecast).phase == "no_worker"
        assert doctor("jobs").verdict is Verdict.WARN

    worker = start("forecasts")

    def served() -> dict[str, bool]:
        with connect(database) as conn:
            states = {one.queue: one.is_served for one in queue_states(conn, run.JOB_QUEUES)}
        return states if any(states.values()) else {}

    assert wait_until(served, what="the worker") == {"planning": False, "forecasts": True}
    with connect(database) as conn:
        assert records.get(conn, plan).phase == "no_worker"
    jobs = doctor("jobs")
    assert jobs.verdict is Verdict.WARN
    assert re.search(
        r"planning: 1 waiting, the oldest for 0:3\d:\d\d, no worker takes them: "
        r"run `angkut worker` \(or `angkut worker --queue planning`\)",
        jobs.text,
    )
    assert doctor("roll-ups").verdict is Verdict.WARN

    worker.kill()
    assert worker.wait() != 0
    wait_until(lambda: not served(), what="the end of its connections")


def test_a_plan_is_queued_as_soon_as_a_worker_of_its_queue_is_connected(
    conn: Connection, database: str, doctor: Callable[[str], Finding]
) -> None:
    now = datetime.now(UTC)
    job_id = service.add(conn, NewJob("plan", "planning", {}), author="test", now=now)
    conn.commit()
    with connect(database, application="angkut-queue forecasts planning"):
        assert records.get(conn, job_id).phase == "queued"
        assert doctor("jobs").verdict is Verdict.OK


def test_the_command_line_knows_the_queues() -> None:
    assert run.QUEUES == QUEUES
