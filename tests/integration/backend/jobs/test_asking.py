"""Who may ask for what, and how much of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from angkut_backend.accounts.service import Role, disable_account
from angkut_backend.db import Connection
from angkut_backend.jobs import service
from angkut_backend.jobs.service import NewJob, TooManyJobsError
from parts.api import Api
from parts.jobs import tomorrow

pytestmark = pytest.mark.usefixtures("town")


def order(**more: object) -> dict[str, object]:
    return {"day": str(tomorrow())} | more


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 601},
        {"seconds": -1},
        {"seconds": "NaN"},
        {"iterations": 1_000_001},
        {"seconds": 10, "iterations": 10},
        {"seed": -1},
        {"seed": 2**31},
        {"policy": "best"},
        {"day": "tomorrow"},
        {"parameters": {"must_probability": 1.5}},
        {"parameters": {"overflow_rp": "Infinity"}},
        {"parameters": {"colour": 1}},
        {"district": "x" * 65},
        {"unknown": 1},
    ],
    ids=str,
)
def test_an_order_out_of_bounds_is_refused_by_its_field(
    dispatcher: httpx.Client, wrong: dict[str, object]
) -> None:
    answer = dispatcher.post("/api/plans", json=order(**wrong))
    assert answer.status_code == 422, answer.text
    if len(wrong) == 1:
        assert next(iter(wrong)) in answer.json()["detail"]
    assert dispatcher.get("/api/jobs").json()["jobs"] == []


def test_a_day_that_cannot_be_planned_is_refused_at_once(dispatcher: httpx.Client) -> None:
    for day, why in (("2020-01-01", "is over"), ("9999-12-31", "forecasts do not reach")):
        answer = dispatcher.post("/api/plans", json=order(day=day))
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_shift")
        assert why in answer.json()["detail"]
    answer = dispatcher.post("/api/plans", json=order(district="nowhere"))
    assert answer.status_code == 404
    assert "there is 32.75.01" in answer.json()["detail"]


def test_only_dispatchers_and_admins_ask_and_see(api: Api) -> None:
    for role in (Role.VIEWER, Role.DRIVER, Role.EVALUATOR, Role.TECHNICIAN):
        client = api.signed_in(role)
        for method, path in (
            ("POST", "/api/plans"),
            ("POST", f"/api/plans/{uuid4()}/replan"),
            ("POST", "/api/forecast/run"),
            ("POST", "/api/forecast/backtest"),
            ("GET", "/api/jobs"),
            ("GET", f"/api/jobs/{uuid4()}"),
            ("POST", f"/api/jobs/{uuid4()}/cancel"),
            ("POST", f"/api/jobs/{uuid4()}/retry"),
        ):
            assert client.request(method, path, json={}).status_code == 403, (role, path)
    admin = api.signed_in(Role.ADMIN)
    assert admin.post("/api/plans", json=order()).status_code == 202
    assert admin.get(f"/api/jobs/{uuid4()}").status_code == 404
    assert admin.post(f"/api/jobs/{uuid4()}/cancel").status_code == 404
    assert admin.post(f"/api/plans/{uuid4()}/replan", json={}).status_code == 404


def test_a_person_has_only_so_many_jobs_open(
    town: Connection, dispatcher: httpx.Client, api: Api
) -> None:
    ids = [
        dispatcher.post("/api/plans", json=order(seed=seed)).json()["job_id"]
        for seed in range(service.MAX_OPEN)
    ]
    refused = dispatcher.post("/api/plans", json=order(seed=service.MAX_OPEN))
    assert (refused.status_code, refused.json()["error"]) == (429, "too_many_jobs")
    assert api.signed_in(Role.ADMIN).post("/api/plans", json=order()).status_code == 202

    dispatcher.post(f"/api/jobs/{ids[0]}/cancel").raise_for_status()
    again = dispatcher.post(f"/api/jobs/{ids[0]}/retry")
    assert again.status_code == 202
    listed = dispatcher.get("/api/jobs").json()["jobs"]
    assert listed[0]["job_id"] == again.json()["job_id"]
    assert listed[0]["retry_of"] == ids[0]
    assert len(dispatcher.get("/api/jobs?limit=2").json()["jobs"]) == 2
    assert dispatcher.get("/api/jobs?kind=replan").json()["jobs"] == []
    done = town.execute(
        "SELECT actor, action FROM audit_log WHERE subject = %s ORDER BY audit_id", [ids[0]]
    ).fetchall()
    assert [(row["actor"], row["action"]) for row in done] == [
        ("account:dispatcher", "job.add"),
        ("account:dispatcher", "job.cancel"),
    ]


def test_ten_clicks_are_one_job_until_its_data_may_be_old(
    town: Connection, api: Api, dispatcher: httpx.Client
) -> None:
    def click(client: httpx.Client = dispatcher, path: str = "/api/plans") -> str:
        answer = client.post(path, json=order())
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    first = click()
    with ThreadPoolExecutor() as threads:
        assert set(threads.map(lambda _: click(), range(10))) == {first}
    added = town.execute("SELECT FROM audit_log WHERE action = 'job.add'").fetchall()
    assert len(added) == len(town.execute("SELECT FROM procrastinate_jobs").fetchall()) == 1
    assert click(api.signed_in(Role.ADMIN)) != first

    # However long this machine takes for a request.
    just_now = api.clock() + timedelta(minutes=5)
    begun = "UPDATE job SET state = 'running', created_at = %s WHERE job_id = %s"
    town.execute(begun, [just_now, first])
    assert click() == first
    api.clock.ahead = timedelta(minutes=5) + service.IMPATIENCE
    second = click()
    assert second != first
    assert click() == second

    # One that is to end is no answer, and one that ended is tried again once.
    town.execute("UPDATE job SET state = 'running' WHERE job_id = %s", [second])
    dispatcher.post(f"/api/jobs/{second}/cancel").raise_for_status()
    third = click()
    assert third not in {first, second}
    dispatcher.post(f"/api/jobs/{third}/cancel").raise_for_status()
    again = {click(path=f"/api/jobs/{third}/retry") for _ in range(3)}
    assert len(again) == 1
    assert not again & {first, second, third}


def test_an_order_stays_when_the_account_of_its_author_is_disabled(
    town: Connection, api: Api, dispatcher: httpx.Client
) -> None:
    job_id = dispatcher.post("/api/plans", json=order()).json()["job_id"]
    disable_account(town, username="dispatcher", actor="test")
    assert dispatcher.get(f"/api/jobs/{job_id}").status_code == 401
    assert dispatcher.post(f"/api/jobs/{job_id}/cancel").status_code == 401

    other = api.signed_in(Role.ADMIN)
    found = other.get(f"/api/jobs/{job_id}").json()
    assert (found["state"], found["author"]) == ("waiting", "account:dispatcher")
    assert other.post(f"/api/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    again = other.post(f"/api/jobs/{job_id}/retry").json()["job_id"]
    assert other.get(f"/api/jobs/{again}").json()["author"] == "account:admin"


def test_a_thousand_orders_are_a_hundred_jobs(town: Connection) -> None:
    now = datetime.now(UTC)
    refused = 0
    for number in range(1000):
        try:
            service.add(
                town,
                NewJob("plan", "planning", {"seed": number}),
                author=f"account:{number % 50}",
                now=now,
            )
        except TooManyJobsError:
            refused += 1
    assert refused == 1000 - service.MAX_OPEN_ALL
    for table in ("job", "procrastinate_jobs"):
        assert len(town.execute(f"SELECT FROM {table}").fetchall()) == service.MAX_OPEN_ALL


def test_an_order_that_is_not_committed_is_in_no_queue(town: Connection) -> None:
    now = datetime.now(UTC)
    with town.transaction(force_rollback=True):
        service.add(town, NewJob("plan", "planning", {}), author="test", now=now)
        assert town.execute("SELECT FROM procrastinate_jobs").fetchall()
    assert not town.execute("SELECT FROM procrastinate_jobs").fetchall()
    assert not town.execute("SELECT FROM job").fetchall()


def test_jobs_that_ended_long_ago_are_removed_with_what_the_queue_knew(town: Connection) -> None:
    now = datetime.now(UTC)
    old, new, waits = (
        service.add(town, NewJob("plan", "planning", {"seed": seed}), author="test", now=now)
        for seed in range(3)
    )
    for job_id in (old, new):
        service.cancel(town, job_id, actor="test", now=now)
    town.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id <= 2")
    long_ago = now - service.KEEP - timedelta(days=1)
    town.execute("UPDATE job SET ended_at = %s WHERE job_id = %s", [long_ago, old])

    service.prune(town, now)

    left = town.execute("SELECT job_id FROM job ORDER BY queue_id").fetchall()
    assert [row["job_id"] for row in left] == [new, waits]
    assert len(town.execute("SELECT FROM procrastinate_jobs").fetchall()) == 2
    known = "SELECT FROM procrastinate_events WHERE job_id = 1"
    assert not town.execute(known).fetchall()


def test_what_the_queue_knows_of_jobs_that_are_gone_goes_too(town: Connection) -> None:
    now = datetime.now(UTC)
    cancelled = service.add(town, NewJob("plan", "planning", {}), author="test", now=now)
    service.cancel(town, cancelled, actor="test", now=now)
    later = now + service.KEEP + timedelta(days=1)
    # No worker of that queue ever came for it.
    assert town.execute("SELECT status FROM procrastinate_jobs").fetchall() == [{"status": "todo"}]
    service.prune(town, later)
    for table in ("job", "procrastinate_jobs", "procrastinate_events"):
        assert not town.execute(f"SELECT FROM {table}").fetchall()
