"""What is said of jobs that cannot be done: a word for the page, a sentence for people."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from angkut_backend.db import Connection
from angkut_backend.jobs import service
from angkut_backend.jobs.service import NewJob
from parts.jobs import Start, until


def test_each_failure_has_a_code_and_says_what_to_do(
    town: Connection, dispatcher: httpx.Client, start: Start
) -> None:
    now = datetime.now(UTC)
    orders = {
        "bad_shift": NewJob("plan", "planning", {"day": "2020-01-01"}),
        "not_found": NewJob("replan", "planning", {"plan_id": str(uuid4())}),
        "other_version": NewJob("tomorrow", "planning", {}),
        "program_fault": NewJob("plan", "planning", {"day": "no day"}),
    }
    says = {
        "bad_shift": "is over since",
        "not_found": "there is no plan",
        "other_version": "start workers of the same version as the API",
        "program_fault": "report it with the log of the worker",
    }
    asked = {
        code: service.add(town, order, author="test", now=now) for code, order in orders.items()
    }
    start("planning")
    for code, job_id in asked.items():
        failed = until(dispatcher, str(job_id), "failed", "done")
        assert (failed["state"], failed["code"]) == ("failed", code)
        assert says[code] in failed["message"]
        assert failed["result"] is None


@pytest.mark.usefixtures("town")
def test_a_job_that_has_not_failed_has_no_code(dispatcher: httpx.Client) -> None:
    job_id = dispatcher.post("/api/forecast/run").json()["job_id"]
    found = dispatcher.get(f"/api/jobs/{job_id}").json()
    assert (found["code"], found["message"]) == (None, None)
