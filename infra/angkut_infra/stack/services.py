"""Angkut's own processes as children of the stack, and whatever a demo adds."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from angkut_backend.settings import Settings
from angkut_broker.errors import AngkutError
from angkut_infra.stack import leftover, ports
from angkut_infra.stack.log import Log
from angkut_infra.stack.process import Child

#: What runs beside broker and database unless told otherwise.
SERVICES = ("ingest", "api", "worker")
#: Those that serve metrics and health on a port of their own; the API does on its own one.
_MONITORED = {"ingest", "worker"}
#: Where the ports for metrics are looked for unless `metrics_port` is set.
_METRICS_PORT = 9464
READY_TIMEOUT_S = 120.0
#: Long enough for a full batch to be committed, short enough for a person at the keyboard.
STOP_TIMEOUT_S = 15.0
_POLL_S = 0.1
_LONGEST_POLL_S = 1.0


class ServiceStartError(AngkutError):
    """A service of the stack does not start."""


class MetricsPorts:
    """Gives each service that wants one a port for metrics and health."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._host = settings.metrics_host
        self._next = settings.metrics_port or _METRICS_PORT
        self._log = log

    def environment(self, name: str) -> dict[str, str]:
        """Return what tells a service its port; nothing where it has none."""
        port = ports.first_free(self._next, self._host) if name in _MONITORED else None
        if port is None:
            return {}
        self._next = port + 1
        self._log.say(f"metrics and health of {name} on http://{self._host}:{port}/metrics")
        return {"ANGKUT_METRICS_PORT": str(port)}


def make(
    name: str, arguments: Sequence[str], *, folder: Path, env: Mapping[str, str], log: Log
) -> Child:
    """Return the child that runs `angkut ARGUMENTS`; end one left over from an earlier run.

    `env` is added to our own environment.
    """
    command = ["-m", "angkut_infra", *arguments]
    folder.mkdir(mode=0o700, exist_ok=True)
    pid_file = folder / f"{name}.pid"
    stopped = leftover.stop(pid_file, mark=" ".join(command))
    if stopped:
        log.say(f"stopped {name} left over from an earlier run ({stopped})")
    return Child(
        name,
        [sys.executable, *command],
        log=log,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        pid_file=pid_file,
    )


def wait_until_ready(url: str, child: Child) -> None:
    """Wait until the API says that it is ready.

    Raises
    ------
    ServiceStartError
        With the last lines of the API if it died, else with its last answer.

    """
    deadline = time.monotonic() + READY_TIMEOUT_S
    pause_s = _POLL_S
    while True:
        answer = _ask(f"{url}/api/health/ready")
        if not child.running:
            raise ServiceStartError(child.death())
        if answer is None:
            return
        if time.monotonic() > deadline:
            raise ServiceStartError(f"{url} is not ready after {READY_TIMEOUT_S:g} s: {answer}")
        time.sleep(pause_s)
        # Each question is a line in the log of the API.
        pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)


def _ask(url: str) -> str | None:
    """Return None if the answer is 200, else what was answered."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own http address
            return None
    except urllib.error.HTTPError as exc:
        with exc:
            return f"{exc.code} {exc.read(500).decode(errors='replace')}"
    except OSError as exc:
        return str(exc)
