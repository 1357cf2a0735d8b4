"""A process that hangs is ended, and its job says so."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from angkut_backend.db import Connection
from angkut_backend.jobs import children, records, service
from angkut_backend.jobs.attempts import Attempts
from angkut_backend.jobs.children import Children
from angkut_backend.jobs.metrics import JobMetrics
from angkut_backend.jobs.service import NewJob
from angkut_backend.jobs.store import Store
from angkut_backend.settings import Settings
from parts.works import works

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def workers_children(database: str) -> Iterator[Children]:
    made = Children(Settings(database_dsn=SecretStr(database)), works)
    yield made
    made.close()


def test_a_process_that_says_nothing_any_more_is_ended_and_its_job_can_be_tried_again(
    database: str,
    conn: Connection,
    workers_children: Children,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    conn.autocommit = True
    registry = CollectorRegistry()
    attempts = Attempts(workers_children, lambda: NOW, JobMetrics(registry, ["easy", "hard"]))

    def do(kind: str, body: dict[str, Any]) -> UUID:
        job_id = service.add(conn, NewJob(kind, "planning", body), author="test", now=NOW)
        row = conn.execute("SELECT queue_id FROM job WHERE job_id = %s", [job_id]).fetchone()
        assert row

        async def make() -> None:
            async with AsyncConnectionPool(database, open=False) as pool:
                await attempts.make(Store(pool), row["queue_id"], job_id)

        asyncio.run(make())
        return job_id

    # Its process stays, and is loaded when the other one comes.
    easy = records.get(conn, do("easy", {}))
    assert (easy.message, easy.result) == (None, {"well": True})
    began_s = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(children, "SILENT_S", 3.0)
        job_id = do("hard", {"talk_s": 4.0})

    # As long as it talks it is left alone.
    assert time.monotonic() - began_s >= 4.0 + 3.0
    ended = records.get(conn, job_id)
    assert (ended.state, ended.code, ended.phase) == ("failed", "process_silent", "search")
    assert ended.message
    assert "see in the log of the worker what it was at" in ended.message
    assert "in talk_then_hang" in capfd.readouterr().err
    count = {"kind": "hard", "state": "failed"}
    assert registry.get_sample_value("angkut_jobs_ended_total", count) == 1
    again = service.retry(conn, job_id, actor="test", now=NOW)
    assert records.get(conn, again).retry_of == job_id
    assert records.get(conn, do("easy", {})).state == "done"
