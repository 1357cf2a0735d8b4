"""From asking for a plan to its record, through workers that are processes of their own."""

import signal
from typing import Any

import httpx
import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from parts.api import Api
from parts.jobs import Start, ask_for_plan, grow_old, until
from parts.live import stream
from parts.registry import add_vehicle
from parts.waiting import wait_until

pytestmark = pytest.mark.usefixtures("town")


def searching(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Wait until a job's search is on its way."""

    def there() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
        assert found["state"] in {"waiting", "running"}, found
        return found if found["phase"] == "search" and found["progress"] > 0 else {}

    return wait_until(there, what="the search")


def children(conn: Connection) -> int:
    """Count the processes that work on jobs, by their connections."""
    sql = "SELECT FROM pg_stat_activity WHERE application_name = 'angkut-job'"
    return len(conn.execute(sql).fetchall())


def queue(conn: Connection) -> list[str]:
    rows = conn.execute("SELECT status FROM procrastinate_jobs ORDER BY id").fetchall()
    return [row["status"] for row in rows]


def test_a_plan_is_made_by_a_worker_and_the_first_one_is_kept_beside_it(
    town: Connection, dispatcher: httpx.Client, api: Api, start: Start
) -> None:
    job_id = ask_for_plan(dispatcher, iterations=20, seed=7)
    waiting = dispatcher.get(f"/api/jobs/{job_id}").json()
    assert (waiting["state"], waiting["phase"], waiting["kind"]) == ("waiting", "no_worker", "plan")
    told: list[dict[str, Any]] = []
    with stream(dispatcher) as live:
        assert live.next_event()[0] == "state"
        start("planning")
        while not told or told[-1]["state"] != "done":
            name, data = live.next_event()
            assert name == "job"
            told.append(data)
    done = dispatcher.get(f"/api/jobs/{job_id}").json()

    assert told[-1] == done
    assert "running" in {one["state"] for one in told}
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
    listed = dispatcher.get("/api/plans").json()["plans"]
    assert [one["plan_id"] for one in listed] == [done["plan_id"]]
    dispatcher.post(f"/api/plans/{done['first_plan_id']}/accept").raise_for_status()
    assert len(dispatcher.get("/api/plans").json()["plans"]) == 2
    assert queue(town) == ["succeeded"]
    assert api.signed_in(Role.EVALUATOR).get(f"/api/jobs/{job_id}").status_code == 403

    changes = {"forbid": [plan["plan"]["served"][0]["bin"]]}
    path = f"/api/plans/{done['plan_id']}/replan"
    answer = dispatcher.post(path, json={"changes": changes, "iterations": 5})
    changed = until(dispatcher, answer.json()["job_id"], "done", "failed")
    assert changed["kind"] == "replan"
    served = dispatcher.get(f"/api/plans/{changed['plan_id']}").json()["plan"]["served"]
    assert served
    assert changes["forbid"][0] not in {one["bin"] for one in served}


def test_a_search_that_is_cancelled_keeps_its_best_and_one_that_waits_never_starts(
    town: Connection, dispatcher: httpx.Client, start: Start
) -> None:
    start("planning")
    job_id, next_id = (ask_for_plan(dispatcher, seconds=600, seed=seed) for seed in (1, 2))
    running = searching(dispatcher, job_id)
    first = dispatcher.get(f"/api/plans/{running['first_plan_id']}").json()
    assert first["plan"]["provenance"]["stage"] == "greedy"

    assert dispatcher.post(f"/api/jobs/{next_id}/cancel").json()["state"] == "cancelled"
    assert dispatcher.post(f"/api/jobs/{job_id}/cancel").json()["cancel_asked"] is True
    ended = until(dispatcher, job_id, "cancelled", "done", "failed")

    assert ended["state"] == "cancelled"
    assert 0 < ended["progress"] < 0.9
    best = dispatcher.get(f"/api/plans/{ended['plan_id']}").json()
    assert best["plan"]["provenance"]["stage"] == "search"
    assert best["plan"]["totals"]["objective_rp"] <= first["plan"]["totals"]["objective_rp"]
    wait_until(lambda: queue(town) == ["succeeded"] * 2, what="the queue to be empty")
    never = dispatcher.get(f"/api/jobs/{next_id}").json()
    assert (never["state"], never["started_at"], never["plan_id"]) == ("cancelled", None, None)
    assert dispatcher.post(f"/api/jobs/{next_id}/cancel").status_code == 409

    # What fails says why, and is tried again when that is mended.
    town.execute("DELETE FROM vehicle")
    failed = until(dispatcher, ask_for_plan(dispatcher, iterations=3), "failed", "done")
    assert failed["state"] == "failed"
    assert "has no vehicle: load a site pack with one" in failed["message"]
    assert failed["plan_id"] is None
    add_vehicle(town, "B 9002")
    answer = dispatcher.post(f"/api/jobs/{failed['job_id']}/retry")
    assert answer.status_code == 202
    again = until(dispatcher, answer.json()["job_id"], "done", "failed")
    assert (again["state"], again["retry_of"]) == ("done", failed["job_id"])
    assert dispatcher.post(f"/api/jobs/{again['job_id']}/retry").status_code == 409


def test_a_job_whose_worker_is_killed_is_done_by_another(
    town: Connection, dispatcher: httpx.Client, start: Start
) -> None:
    killed = start("planning")
    job_id = ask_for_plan(dispatcher, seconds=600)
    searching(dispatcher, job_id)
    assert children(town) > 0

    killed.send_signal(signal.SIGKILL)
    killed.wait()

    wait_until(lambda: children(town) == 0, what="the killed worker's process to end")
    grow_old(town)
    lost = dispatcher.get(f"/api/jobs/{job_id}").json()
    assert (lost["state"], lost["phase"]) == ("running", "worker_lost")
    other = start("planning")
    again = searching(dispatcher, job_id)
    assert again["state"] == "running"
    assert town.execute("SELECT attempt FROM job").fetchall() == [{"attempt": 2}]

    # A worker that is told to stop gives back what it cannot end at once.
    other.send_signal(signal.SIGTERM)
    assert other.wait() == 0
    given_back = dispatcher.get(f"/api/jobs/{job_id}").json()
    assert (given_back["state"], given_back["progress"]) == ("waiting", 0)
    assert queue(town) == ["todo"]
    assert children(town) == 0
    ended = dispatcher.post(f"/api/jobs/{job_id}/cancel").json()
    assert ended["state"] == "cancelled"
    assert ended["plan_id"] is not None
    assert ended["plan_id"] == again["first_plan_id"]


def test_a_database_that_breaks_all_connections_delays_a_plan_and_loses_none(
    town: Connection, dispatcher: httpx.Client, start: Start
) -> None:
    start("planning")
    job_id = ask_for_plan(dispatcher, seconds=4)
    searching(dispatcher, job_id)
    broken = town.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() "
        "AND application_name IN ('angkut-job', 'angkut-queue planning', 'angkut-idle')"
    ).fetchall()
    assert len(broken) >= 4
    done = until(dispatcher, job_id, "done", "failed")
    assert done["state"] == "done", done["message"]
    plan = dispatcher.get(f"/api/plans/{done['plan_id']}").json()
    assert plan["plan"]["provenance"]["stage"] == "search"
