"""Two ingest workers share one Mosquitto by a shared subscription."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from angkut_broker.session import ingest_client_id, provision
from angkut_infra.stack.broker_kinds import KindName
from integration.infra.mqtt_client import Client
from integration.pipeline.line import PASSWORD, Line
from integration.pipeline.test_ingest import batch
from parts.registry import DEVICE, TOPIC

GROUP = "pair"
MESSAGES = 200
PER_MESSAGE = 25


@pytest.fixture
def broker_kind(mosquitto: Path) -> KindName:  # noqa: ARG001 - skips where it is not installed
    """NATS accepts a shared subscription and delivers nothing."""
    return "mosquitto"


@pytest.fixture
def services() -> tuple[str, ...]:
    """The workers are started here."""
    return ()


class Workers:
    """Worker processes by their stable names."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a worker under its name."""
        env = os.environ | {
            "ANGKUT_DATA_DIR": str(self._line.stack.data_dir),
            "ANGKUT_INGEST_WORKER": name,
            "ANGKUT_INGEST_SHARE_GROUP": GROUP,
        }
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", "angkut_infra", "ingest"], env=env
        )

    def end(self, name: str, how: signal.Signals) -> None:
        """Signal a worker and wait until it is gone."""
        process = self._running.pop(name)
        process.send_signal(how)
        process.wait()

    def close(self) -> None:
        """End all of them in order."""
        for name in list(self._running):
            self.end(name, signal.SIGTERM)


@pytest.fixture
def workers(line: Line) -> Iterator[Workers]:
    """Two workers, whose sessions were made before the first message."""
    with closing(Workers(line)) as both:
        for name in ("a", "b"):
            client_id = ingest_client_id(name)
            provision(line.stack.broker, client_id=client_id, timeout_s=30, share_group=GROUP)
            both.start(name)
        yield both


def test_a_killed_worker_that_comes_back_under_its_name_loses_and_doubles_nothing(
    line: Line, workers: Workers
) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    with Client(line.sensor.port, DEVICE, PASSWORD) as sensor:
        for number in range(MESSAGES):
            sensor.publish(f"{TOPIC}/telemetry", batch(number, end))
            if number == MESSAGES // 2:
                workers.end("a", signal.SIGKILL)
        # Its share waits for it: a worker must come back under its own name.
        workers.start("a")
        line.until(
            lambda: line.has_more_readings(MESSAGES * PER_MESSAGE - 1), "all readings to be stored"
        )
    assert line.value("SELECT count(*) FROM readings") == MESSAGES * PER_MESSAGE
    assert line.value("SELECT count(DISTINCT seq) FROM readings") == MESSAGES * PER_MESSAGE
    assert line.value("SELECT count(*) FROM dead_letter") == 0
