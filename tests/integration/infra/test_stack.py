import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from angkut_backend.db import CREDENTIALS_CHANNEL
from angkut_backend.settings import LoadedSettings, Settings
from angkut_broker.credentials import BadUsernameError, verifiers
from angkut_broker.session import ingest_client_id
from angkut_infra.stack import ports
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.lock import FolderInUseError
from angkut_infra.stack.log import Log
from angkut_infra.stack.stack import EmbeddedStack
from integration.infra.mqtt_client import Client, RefusedError
from integration.infra.processes import AS_ORDINARY_USER, alive, descendants, log_of
from parts.waiting import wait_until

SCRIPT = Path(__file__).with_name("run_stack.py")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a parent's death")

_DISTRICT = """
    INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source)
    VALUES ('32.75.01', 'bekasi', 'Kota Bekasi', 'Bekasi Timur', '{}', 'Asia/Jakarta', 'test')
"""
_DEVICE = """
    INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)
    SELECT %s, district_id, %s, %s FROM district
"""


def loaded(**values: object) -> LoadedSettings:
    """Settings as a command would load them; ports that nobody uses, unless given."""
    usual: dict[str, object] = {"mqtt_port": ports.choose(0), "api_port": ports.choose(0)}
    return LoadedSettings(Settings.model_validate(usual | values), {})


def stack(folder: Path, settings: LoadedSettings | None = None, **options: object) -> EmbeddedStack:
    """A stack without services, unless given: database and broker."""
    usual: dict[str, object] = {
        "services": (),
        "log": Log(io.StringIO()),
        "randomness": random.Random(1),  # noqa: S311 - spreads restarts
    }
    return EmbeddedStack(folder, loaded=settings or loaded(), **(usual | options))  # type: ignore[arg-type]


def add_device(dsn: str, name: str) -> None:
    own = verifiers("secret")
    with psycopg.connect(dsn) as conn:
        conn.execute(_DISTRICT + "ON CONFLICT DO NOTHING")
        conn.execute(_DEVICE, [name, own.pbkdf2_sha512, own.bcrypt])
        conn.execute("SELECT pg_notify(%s, '')", [CREDENTIALS_CHANNEL])


def accepted(port: int, name: str) -> bool:
    try:
        with Client(port, name, "secret"):
            return True
    except RefusedError:
        return False


def tending(running: EmbeddedStack, condition: Callable[[], object]) -> Callable[[], bool]:
    """`condition`, asked while the stack is looked after."""

    def ask() -> bool:
        running.tend()
        return bool(condition())

    return ask


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs a stack in a process of its own and waits until it is ready."""
    started: list[subprocess.Popen[str]] = []
    errors = tmp_path_factory.mktemp("stack") / "errors"

    def start(
        folder: Path, *services: str, kind: str = "nats", prefix: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        with errors.open("w") as file:
            process = subprocess.Popen(
                [*prefix, sys.executable, str(SCRIPT), str(folder), kind, *services],
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env={
                    **os.environ,
                    "ANGKUT_DATA_DIR": str(folder),
                    "ANGKUT_MQTT_PORT": str(ports.choose(0)),
                    "ANGKUT_API_PORT": str(ports.choose(0)),
                },
            )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n", errors.read_text()
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def test_the_whole_stack_starts_answers_and_leaves_nothing_running(
    tmp_path: Path, kind: KindName
) -> None:
    # The database servers of other tests are children of this process too.
    others = descendants(os.getpid())
    with stack(tmp_path / "data", services=("ingest", "api"), broker_kind=kind) as running:
        children = descendants(os.getpid()) - others
        assert len(children) >= 4
        with urllib.request.urlopen(f"{running.api_url}/api/health/ready") as answer:  # noqa: S310 - ours
            assert answer.status == 200
        addresses = tomllib.loads((tmp_path / "data" / "stack.toml").read_text())
        assert addresses == {
            "api_port": int(running.api_url.rpartition(":")[2]),
            "database_dsn": running.dsn,
            "mqtt_host": "127.0.0.1",
            "mqtt_port": running.broker.port,
            "mqtt_username": "angkut-ingest",
            "mqtt_password": running.broker.password,
            "mqtt_worker_password": addresses["mqtt_worker_password"],
        }
        for name in ("stack.toml", "secrets.toml"):
            assert (tmp_path / "data" / name).stat().st_mode & 0o777 == 0o600
    assert not any(alive(pid) for pid in children)
    assert not (tmp_path / "data" / "stack.toml").exists()


def test_a_restart_finds_data_password_and_waiting_messages(tmp_path: Path, kind: KindName) -> None:
    topic = "angkut/v1/bekasi/327501/bin/a1/telemetry"
    with stack(tmp_path, broker_kind=kind) as running:
        password = running.broker.password
        add_device(running.dsn, "a1")
        wait_until(tending(running, lambda: accepted(running.broker.port, "a1")), what="a1")
        with Client(running.broker.port, "a1", "secret") as device:
            device.publish(topic, b"waits")
    with stack(tmp_path, broker_kind=kind) as running:
        assert running.broker.password == password
        ingest = Client(
            running.broker.port,
            running.broker.username,
            password,
            client_id=ingest_client_id("0"),
            clean_session=False,
        )
        with ingest:
            wait_until(lambda: ingest.received, what="the message")
        assert ingest.received == [(topic, b"waits")]


def test_a_device_added_while_running_is_accepted_within_seconds(
    tmp_path: Path, kind: KindName
) -> None:
    with stack(tmp_path, broker_kind=kind) as running:
        running.tend()
        assert not accepted(running.broker.port, "a1")
        add_device(running.dsn, "a1")
        wait_until(
            tending(running, lambda: accepted(running.broker.port, "a1")),
            what="the new device",
            timeout_s=10,
        )


def test_a_second_stack_in_the_same_folder_is_refused_with_the_first_ones_number(
    tmp_path: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    first = run(tmp_path)
    with pytest.raises(FolderInUseError, match=rf"process {first.pid} .*ANGKUT_DATA_DIR"):
        stack(tmp_path).__enter__()
    assert first.poll() is None
    assert (tmp_path / "stack.toml").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(
    tmp_path: Path, run: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = run(tmp_path, "ingest", "api")
    children = descendants(process.pid)
    process.send_signal(number)
    process.wait()
    assert process.returncode == 0
    assert not any(alive(pid) for pid in children)
    assert not (tmp_path / "stack.toml").exists()
    assert "is killed" not in log_of(tmp_path)
    assert "database system is shut down" in log_of(tmp_path)


def test_ingest_and_worker_serve_metrics_on_ports_of_their_own(
    tmp_path: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    run(tmp_path, "ingest", "worker")
    found = dict(re.findall(r"health of (\w+) on (http://\S+)/metrics", log_of(tmp_path)))
    assert len(set(found.values())) == len(found) == 2
    for url in found.values():
        wait_until(partial(answers, f"{url}/health/ready"), what=f"{url} to be ready")
        assert answers(f"{url}/metrics")


def answers(url: str) -> bool:
    """Whether this address answers 200."""
    try:
        with urllib.request.urlopen(url):  # noqa: S310 - ours
            return True
    except OSError:
        return False


def test_a_signal_during_the_start_stops_what_has_started(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path), "nats", "ingest", "api"],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ANGKUT_MQTT_PORT": str(ports.choose(0)), "ANGKUT_API_PORT": "0"},
    ) as process:
        wait_until((tmp_path / "run" / "ingest.pid").exists, what="the first service")
        children = descendants(process.pid)
        process.terminate()
    assert not any(alive(pid) for pid in children)
    assert not (tmp_path / "stack.toml").exists()
    assert not (tmp_path / "postgres" / "cluster" / "postmaster.pid").exists()


@LINUX
def test_a_kill_of_the_parent_leaves_no_process_and_the_next_start_works(
    tmp_path: Path, run: Callable[..., subprocess.Popen[str]], kind: KindName
) -> None:
    process = run(tmp_path, "ingest", "api", kind=kind)
    children = descendants(process.pid)
    assert len(children) >= 4
    process.kill()
    process.wait()
    wait_until(lambda: not any(alive(pid) for pid in children), what="the end of its children")
    assert (tmp_path / "stack.toml").exists()
    again = run(tmp_path, "ingest", "api", kind=kind)
    assert again.poll() is None


@pytest.mark.parametrize("kind", ["mosquitto", "nats"], indirect=True)
def test_an_ordinary_user_runs_it_in_a_folder_with_spaces(
    tmp_path: Path, run: Callable[..., subprocess.Popen[str]], kind: KindName
) -> None:
    process = run(tmp_path / "my data", "ingest", "api", kind=kind, prefix=AS_ORDINARY_USER)
    process.terminate()
    process.wait()
    assert process.returncode == 0


def test_taken_ports_are_passed_over_and_named(tmp_path: Path) -> None:
    log = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("", 0)) as second:
        taken = [server.getsockname()[1] for server in (first, second)]
        settings = loaded(mqtt_port=taken[0], api_port=taken[1])
        with stack(tmp_path, settings, log=Log(log), services=("api",)) as running:
            assert running.broker.port not in taken
            assert int(running.api_url.rpartition(":")[2]) not in taken
    assert f"port {taken[0]} is taken: the broker listens on" in log.getvalue()
    assert f"port {taken[1]} is taken: the api listens on" in log.getvalue()


@LINUX
@pytest.mark.parametrize("name", ["postgres", "broker", "ingest", "api"])
def test_a_part_that_is_killed_comes_back(tmp_path: Path, name: str) -> None:
    with stack(tmp_path, services=("ingest", "api")) as running:
        running.tend()
        pid = running.part(name).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        wait_until(
            tending(running, lambda: f"{name} is back" in log_of(tmp_path)), what="its return"
        )
        add_device(running.dsn, "a1")
        wait_until(tending(running, lambda: accepted(running.broker.port, "a1")), what="a1")
    assert f"{name} was killed by signal 9" in log_of(tmp_path)


def test_a_configured_database_means_no_embedded_one(tmp_path: Path, database: str) -> None:
    with stack(tmp_path, loaded(database_dsn=database)) as running:
        assert running.dsn == database
        assert not (tmp_path / "postgres").exists()
        assert "database_dsn" not in (tmp_path / "stack.toml").read_text()


def test_a_broker_elsewhere_means_no_embedded_one(tmp_path: Path, database: str) -> None:
    settings = loaded(database_dsn=database, mqtt_host="broker.example", mqtt_password="theirs")
    with stack(tmp_path, settings) as running:
        assert (running.broker.host, running.broker.password) == ("broker.example", "theirs")
        assert not (tmp_path / "broker").exists()
        running.tend()


def test_the_addresses_of_a_killed_stack_are_not_taken_for_settings(tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    settings = LoadedSettings(
        loaded(database_dsn="postgresql://nowhere/x", mqtt_host="gone.example").settings,
        {"database_dsn": str(file), "mqtt_host": str(file), "mqtt_port": "default"},
    )
    with stack(tmp_path, settings) as running:
        assert (tmp_path / "postgres").exists()
        assert running.broker.host == "127.0.0.1"


def test_what_cannot_start_stops_what_did(tmp_path: Path) -> None:
    with pytest.raises(BadUsernameError, match="two words"):
        stack(tmp_path, loaded(mqtt_username="two words")).__enter__()
    assert (tmp_path / "postgres" / "cluster").exists()
    assert not (tmp_path / "postgres" / "cluster" / "postmaster.pid").exists()
    # The folder is free again.
    with stack(tmp_path):
        pass
