import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection
from parts.api import Api
from parts.jobs import Start
from parts.levels_stored import add_measured_bins
from parts.registry import add_fleet, add_registry
from parts.waiting import PATIENCE_S


@pytest.fixture
def town(conn: Connection) -> Connection:
    """Forty-two bins, forty of them measured for 20 days, a truck, a landfill always open."""
    add_registry(conn)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    add_measured_bins(conn, days=20, until=hour)
    add_fleet(conn)
    conn.autocommit = True
    return conn


@pytest.fixture
def start(database: str, tmp_path: Path) -> Iterator[Start]:
    """Start worker processes; those that still run are told to stop at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def worker(*queues: str, **more: str) -> "subprocess.Popen[bytes]":
        env = {
            **os.environ,
            **more,
            "ANGKUT_DATABASE_DSN": database,
            "ANGKUT_DATA_DIR": str(tmp_path),
            "ANGKUT_CONFIG": os.devnull,
        }
        options = [word for queue in queues for word in ("--queue", queue)]
        command = [sys.executable, "-m", "angkut_infra", "worker", *options]
        started.append(subprocess.Popen(command, env=env))
        return started[-1]

    yield worker
    for one in started:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
            assert one.wait() == 0


@pytest.fixture
def dispatcher(api: Api) -> httpx.Client:
    """Somebody who may ask for plans."""
    client = api.signed_in(Role.DISPATCHER)
    # Of the stream too: on a busy machine it takes a process seconds to load the planner.
    client.timeout = httpx.Timeout(PATIENCE_S)
    return client
