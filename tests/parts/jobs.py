"""Jobs as those who asked for them follow them."""

import subprocess
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from angkut_backend.db import Connection
from parts.waiting import wait_until

#: Starts `angkut worker` with these queues.
Start = Callable[..., "subprocess.Popen[bytes]"]


def tomorrow() -> date:
    """Return the day of a shift that has not begun, whatever the hour."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).date() + timedelta(days=1)


def ask_for_plan(client: httpx.Client, **order: object) -> str:
    """Ask for a plan of tomorrow; return the id of the job."""
    answer = client.post("/api/plans", json={"day": str(tomorrow())} | order)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


def grow_old(conn: Connection) -> None:
    """Have a minute passed since any worker said that it lives."""
    conn.execute("UPDATE job SET beat_at = beat_at - interval '1 minute'")
    conn.execute(
        "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
    )


def until(client: httpx.Client, job_id: str, *states: str) -> dict[str, Any]:
    """Ask for a job until it is in one of these states."""

    def there() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
        return found if found["state"] in states else {}

    return wait_until(there, what=f"job {job_id} to be {' or '.join(states)}")
