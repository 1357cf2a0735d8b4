"""Jobs as those who asked for them follow them."""

import subprocess
from collections.abc import Callable
from typing import Any

import httpx

from parts.waiting import wait_until

#: Starts `angkut worker` with these queues.
Start = Callable[..., "subprocess.Popen[bytes]"]


def until(client: httpx.Client, job_id: str, *states: str) -> dict[str, Any]:
    """Ask for a job until it is in one of these states."""

    def there() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
        return found if found["state"] in states else {}

    return wait_until(there, what=f"job {job_id} to be {' or '.join(states)}")
