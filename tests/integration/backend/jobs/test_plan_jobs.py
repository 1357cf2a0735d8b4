"""From asking for a plan to its record, through a worker that is a process of its own."""

from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from angkut_backend.db import Connection
from parts.jobs import Start, until

pytestmark = pytest.mark.usefixtures("town")


def today() -> str:
    return str(datetime.now(ZoneInfo("Asia/Jakarta")).date())


def test_a_plan_is_made_by_a_worker_and_the_first_one_is_kept_beside_it(
    town: Connection, dispatcher: httpx.Client, start: Start
) -> None:
    answer = dispatcher.post("/api/plans", json={"day": today(), "iterations": 20, "seed": 7})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    waiting = dispatcher.get(f"/api/jobs/{job_id}").json()
    assert (waiting["state"], waiting["phase"], waiting["kind"]) == ("waiting", "no_worker", "plan")

    start("planning")
    done = until(dispatcher, job_id, "done", "failed")

    assert (done["state"], done["progress"], done["phase"]) == ("done", 1, "check"), done
    assert done["author"] == "account:dispatcher"
    assert done["created_at"] <= done["started_at"] <= done["ended_at"]
    first = dispatcher.get(f"/api/plans/{done['first_plan_id']}").json()
    plan = dispatcher.get(f"/api/plans/{done['plan_id']}").json()
    assert first["plan"]["provenance"]["stage"] == "greedy"
    assert plan["plan"]["provenance"]["stage"] == "search"
    assert plan["plan"]["provenance"]["seed"] == 7
    assert plan["budget"] == {"iterations": 20}
    assert plan["plan"]["totals"]["objective_rp"] <= first["plan"]["totals"]["objective_rp"]
    assert (
        first["plan"]["provenance"]["problem_sha256"]
        == (plan["plan"]["provenance"]["problem_sha256"])
    )
    row = town.execute("SELECT status FROM procrastinate_jobs").fetchall()
    assert [one["status"] for one in row] == ["succeeded"]
