"""`angkut jobs` and `angkut plan watch`: what a worker does for somebody at a keyboard."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import Result

from angkut_backend.db import Connection


@contextmanager
def working(database: str) -> Iterator[None]:
    env = {**os.environ, "ANGKUT_DATABASE_DSN": database}
    command = [sys.executable, "-m", "angkut_infra", "worker", "--queue", "planning"]
    with subprocess.Popen(command, env=env) as worker:
        try:
            yield
        finally:
            worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0


@pytest.mark.usefixtures("town")
def test_a_plan_is_left_to_a_worker_and_watched(run: Callable[..., Result], database: str) -> None:
    assert "angkut plan make --worker" in run("jobs", "list").output
    job_id = run("plan", "make", "--worker", "--iterations", "5").output.strip()
    assert re.fullmatch(r"[0-9a-f-]{36}", job_id)
    assert re.search(rf"{job_id}.* plan +waiting", run("jobs", "list", "--kind", "plan").output)
    shown = run("jobs", "show", job_id).output
    assert "start one with `angkut worker`" in shown
    assert "'iterations': 5" in shown

    assert "is cancelled" in run("jobs", "cancel", job_id).output
    refused = run("jobs", "cancel", job_id, fails=True)
    assert "is cancelled already" in str(refused.exception)
    ended = run("plan", "watch", job_id, fails=True)
    assert "is cancelled and made no plan" in str(ended.exception)
    again = run("jobs", "retry", job_id).output.strip()

    with working(database):
        watched = run("plan", "watch", again).output
    found = re.search(r"([0-9a-f-]{36})  integrated  made", watched)
    assert found
    assert found.group(1) in run("plan", "list").output
    assert found.group(1) in run("jobs", "watch", again).output
    assert f"retry of   {job_id}" in run("jobs", "show", again).output


def test_why_a_job_failed_is_said_by_who_watches_it(
    run: Callable[..., Result], database: str, town: Connection
) -> None:
    town.execute("DELETE FROM vehicle")
    town.commit()
    job_id = run("plan", "make", "--worker").output.strip()
    with working(database):
        failed = run("plan", "watch", job_id, fails=True)
    assert "has no vehicle: load a site pack with one" in str(failed.exception)
