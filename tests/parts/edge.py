"""A gateway between two real brokers: the network server's, and ours with all behind it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from angkut_backend.db import Connection
from angkut_broker.credentials import verifiers
from angkut_infra.stack import ports, services
from angkut_infra.stack.log import Log
from angkut_infra.stack.process import Child
from integration.infra.mqtt_client import Client
from parts.requirement import MissingPartError
from parts.waiting import wait_until

GATEWAY = "gw-0001"
PASSWORD = "rahasia"


@contextmanager
def network_server(program: Path, folder: Path, *, port: int) -> Iterator[int]:
    """Run a Mosquitto that lets everybody in, as beside a network server; give its port."""
    folder.mkdir(exist_ok=True)
    file = folder / "mosquitto.conf"
    file.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        # As root it would else become somebody who may not read the folder.
        f"user root\npersistence true\npersistence_location {folder}/\n"
    )
    with subprocess.Popen(
        [str(program), "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: _accepts(port), what="the network server's broker")
            yield port
        finally:
            process.terminate()


def _accepts(port: int) -> bool:
    try:
        with Client(port, None):
            return True
    except OSError:
        return False


def register_gateway(conn: Connection, name: str = GATEWAY, password: str = PASSWORD) -> None:
    """Put a gateway into the registry and tell the broker."""
    own = verifiers(password)
    conn.execute(
        "INSERT INTO device (external_id, district_id, kind, secret_pbkdf2_sha512, secret_bcrypt) "
        "SELECT %s, district_id, 'gateway', %s, %s FROM district",
        [name, own.pbkdf2_sha512, own.bcrypt],
    )
    conn.execute("SELECT pg_notify('angkut_credentials', '')")


def register_devices(conn: Connection, names: Sequence[str]) -> None:
    """Put devices into the registry that stand behind a gateway, in no bin."""
    conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt) "
        "SELECT one, district_id, 'x', 'x' FROM district, unnest(%s::text[]) AS one",
        [list(names)],
    )


@dataclass
class GatewayProcess:
    """`angkut edge` as a process."""

    child: Child
    metrics_port: int

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.child.pid is not None
        os.kill(self.child.pid, signal.SIGKILL)
        wait_until(lambda: not self.child.running, what="the gateway to be dead")

    def health(self) -> dict[str, Any]:
        """Return what `/health/ready` says; empty while it does not answer."""
        url = f"http://127.0.0.1:{self.metrics_port}/health/ready"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                body: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as exc:
            with exc:
                body = json.load(exc)
        except OSError:
            return {}
        return body

    def is_ready(self) -> bool:
        """Tell whether nothing keeps it from its work."""
        assert self.child.running, self.child.death()
        return self.health().get("status") == "ok"

    def metric(self, name: str) -> float:
        """Return a metric by name and labels, as it is written; 0 while there is none."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return 0
        found = [line for line in lines if line.startswith(f"{name} ")]
        return float(found[0].split()[-1]) if found else 0


def write_settings(
    file: Path,
    *,
    upstream_port: int,
    sources: Sequence[Mapping[str, object]],
    models: Mapping[str, str] | None = None,
    spool: Mapping[str, object] | None = None,
) -> int:
    """Write a gateway's settings; return the port of its metrics."""
    metrics_port = ports.choose(0)
    lines = [
        f'gateway = "{GATEWAY}"\ncity = "bekasi"\narea = "327501"\nlog_level = "debug"',
        f'[upstream]\nport = {upstream_port}\npassword = "{PASSWORD}"',
        f"[metrics]\nport = {metrics_port}",
        "[spool]",
        *(f"{name} = {json.dumps(value)}" for name, value in (spool or {}).items()),
        "[models]",
        *(f'"{device}" = "{model}"' for device, model in (models or {}).items()),
    ]
    for source in sources:
        lines += ["[[sources]]", *(f"{name} = {_toml(value)}" for name, value in source.items())]
    file.write_text("\n".join(lines) + "\n")
    return metrics_port


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value)


@contextmanager
def gateway_on_small_disk(
    file: Path, metrics_port: int, log: Log, *, disk: Path, megabytes: int
) -> Iterator[GatewayProcess]:
    """Run `angkut edge` with `disk` on a file system of its own, which only it sees.

    Raises
    ------
    MissingPartError
        This machine makes no such file system for us.

    """
    namespace = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs {shlex.quote(str(disk))}"
    if subprocess.run([*namespace, "sh", "-c", mount], capture_output=True, check=False).returncode:
        raise MissingPartError("a file system in memory, by unshare and mount")
    run = shlex.join([sys.executable, "-m", "angkut_infra", "edge", "--config", str(file)])
    child = Child("edge", [*namespace, "sh", "-c", f"{mount} && exec {run}"], log=log)
    child.start()
    try:
        yield GatewayProcess(child, metrics_port)
    finally:
        child.stop(timeout_s=services.STOP_TIMEOUT_S)


@contextmanager
def running_gateway(file: Path, metrics_port: int, log: Log) -> Iterator[GatewayProcess]:
    """Run `angkut edge` on settings that are written."""
    child = services.make(
        "edge", ["edge", "--config", str(file)], folder=file.parent / "run", env={}, log=log
    )
    child.start()
    try:
        yield GatewayProcess(child, metrics_port)
    finally:
        child.stop(timeout_s=services.STOP_TIMEOUT_S)
