"""Forecasts and reports of them as jobs; forecasts come round by themselves too."""

from typing import Any

import httpx
import pytest

from angkut_infra.stack import ports
from parts.jobs import Start, until
from parts.waiting import wait_until


@pytest.mark.usefixtures("town")
def test_forecasts_come_round_and_are_made_and_scored_when_asked_for(
    dispatcher: httpx.Client, start: Start
) -> None:
    port = ports.choose(0)
    start("periodic", "forecasts", ANGKUT_METRICS_PORT=str(port))

    def scheduled() -> dict[str, Any]:
        jobs = dispatcher.get("/api/jobs?kind=forecast").json()["jobs"]
        done = [one for one in jobs if one["state"] in {"done", "failed"}]
        return done[0] if done else {}

    first = wait_until(scheduled, what="a forecast that nobody asked for")
    assert (first["author"], first["state"]) == ("schedule", "done"), first
    assert first["result"] == {"districts": 1}
    issued_at = dispatcher.get("/api/bins/T-000/forecast").json()["issued_at"]

    asked = dispatcher.post("/api/forecast/run").json()["job_id"]
    scored = dispatcher.post("/api/forecast/backtest", json={"every_h": 72}).json()["job_id"]

    done = until(dispatcher, asked, "done", "failed")
    assert done["result"] == {"districts": 1}
    assert dispatcher.get("/api/bins/T-000/forecast").json()["issued_at"] > issued_at
    done = until(dispatcher, scored, "done", "failed")
    assert done["kind"] == "backtest"
    scores = done["result"]["scores"]["32.75.01"]
    assert [score["name"] for score in scores]
    assert all(score["count"] > 0 for score in scores)
    assert dispatcher.post("/api/forecast/backtest", json={"every_h": 0}).status_code == 422
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'angkut_jobs_ended_total{kind="forecast",state="done"} 2.0' in shown
    assert 'angkut_jobs_ended_total{kind="plan",state="failed"} 0.0' in shown
    assert 'angkut_jobs_open{kind="plan",state="waiting"} 0.0' in shown
    assert 'angkut_jobs_seconds_count{kind="backtest"} 1.0' in shown
    assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
