"""What brings messages from MQTT into the database: ours and the peer."""

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psycopg

from angkut_broker.session import BrokerAddress, ingest_client_id, provision
from angkut_broker.topics import Channel, topic_filter
from bench import places

#: The device whose readings' delays are measured.
WATCHED = "bench-00000"
_PEER = "mq-bridge==1.2.0"
_PROVISION_TIMEOUT_S = 30.0


class Bridge(ABC):
    """One of them; runs inside its block. Its session waits at the broker meanwhile."""

    name: str
    table: ClassVar[str]
    key: ClassVar[str]
    #: How the key calls the device of a name.
    device: ClassVar[str]

    def __init__(self, broker: BrokerAddress, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def commands(self) -> list[tuple[list[str], dict[str, str]]]:
        """Return the command of each process and its environment."""

    def __enter__(self) -> Self:
        for command, env in self.commands():
            with (self._folder / "bridge.log").open("ab") as log:
                process = subprocess.Popen(
                    command, env=os.environ | env, stdout=log, stderr=log, cwd=self._folder
                )
            self._processes.append(process)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.terminate()
        while self._processes:
            self._processes.pop().wait()
        if kind:
            log = (self._folder / "bridge.log").read_text()[-3000:]
            print(f"{self.name} wrote last:\n{log}", file=sys.stderr)

    def cpu_s(self) -> float:
        """Return the processor time of the bridge's processes, seconds."""
        return sum(places.cpu_s(process.pid) for process in self._processes)

    def count(self, conn: psycopg.Connection) -> int:
        """Count what is visible."""
        row = conn.execute(f"SELECT count(*) FROM {self.table}").fetchone()  # noqa: S608 - ours
        assert row is not None
        return int(row[0])

    def watched_since(self, conn: psycopg.Connection, at_s: float) -> list[float]:
        """Return the times of the watched device's readings after `at_s`, by the key's index."""
        rows = conn.execute(
            f"SELECT extract(epoch FROM observed_at)::float8 FROM {self.table} "  # noqa: S608 - ours
            f"WHERE {self.key} = ({self.device}) AND observed_at > %s ORDER BY observed_at",
            [WATCHED, datetime.fromtimestamp(at_s, UTC)],
        )
        return [float(row[0]) for row in rows]

    def holds(self, conn: psycopg.Connection, device: str, at_s: float) -> bool:
        """Tell whether a reading is visible, by the key's index."""
        found = conn.execute(
            f"SELECT FROM {self.table} WHERE {self.key} = ({self.device}) AND observed_at = %s",
            [device, datetime.fromtimestamp(at_s, UTC)],
        )
        return found.fetchone() is not None


class Angkut(Bridge):
    """`angkut ingest` as it is shipped."""

    name = "angkut ingest"
    table = "readings"
    key = "device_id"
    device = "SELECT device_id FROM device WHERE external_id = %s"

    def __init__(self, dsn: str, broker: BrokerAddress, folder: Path, workers: int = 1) -> None:
        super().__init__(broker, folder)
        if workers > 1:
            self.name = f"{self.name}, {workers} workers"
        self._workers = [str(number) for number in range(workers)]
        self._share_group = "bench" if workers > 1 else None
        self._dsn = dsn

    def __enter__(self) -> Self:
        # Else what is published before it connects would be dropped; a session that stays
        # forever would swallow the peer's messages.
        for worker in self._workers:
            provision(
                self._broker,
                client_id=ingest_client_id(worker),
                timeout_s=_PROVISION_TIMEOUT_S,
                share_group=self._share_group,
            )
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        for worker in self._workers:
            places.forget(self._broker, ingest_client_id(worker))

    def commands(self) -> list[tuple[list[str], dict[str, str]]]:
        """Return `angkut ingest` with its settings."""
        env = {
            "ANGKUT_DATABASE_DSN": self._dsn,
            "ANGKUT_MQTT_PORT": str(self._broker.port),
            "ANGKUT_MQTT_PASSWORD": "any",
            "ANGKUT_DATA_DIR": str(self._folder / "none"),
        }
        if self._share_group:
            env["ANGKUT_INGEST_SHARE_GROUP"] = self._share_group
        command = [sys.executable, "-m", "angkut_infra", "ingest"]
        return [(command, env | {"ANGKUT_INGEST_WORKER": worker}) for worker in self._workers]


class MqBridge(Bridge):
    """mq-bridge: acknowledges after the commit, drops copies by the key, in `tasks` tasks."""

    table = "peer_reading"
    key = "device"
    device = "SELECT %s"

    def __init__(self, dsn: str, broker: BrokerAddress, folder: Path, tasks: int) -> None:
        super().__init__(broker, folder)
        self.name = f"mq-bridge, {tasks} task{'s' if tasks > 1 else ''}"
        self._dsn = dsn
        self._client_id = f"peer-{tasks}"
        self._tasks = tasks
        self._python = folder / "peer" / "bin" / "python"
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(_PEER_TABLE)
        if not self._python.exists():
            _install(folder / "peer")

    def __enter__(self) -> Self:
        places.subscribe(self._broker, self._client_id, topic_filter(Channel.TELEMETRY))
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        places.forget(self._broker, self._client_id)

    def commands(self) -> list[tuple[list[str], dict[str, str]]]:
        """Return its route."""
        route = {
            "concurrency": self._tasks,
            "batch_size": 1000,
            "input": {
                "mqtt": {
                    "url": f"tcp://{self._broker.host}:{self._broker.port}",
                    "topic": topic_filter(Channel.TELEMETRY),
                    "client_id": self._client_id,
                    "protocol": "v3",
                    "qos": 1,
                    "clean_session": False,
                    # Above the broker's window, else it never gets ready when more waits there.
                    "queue_capacity": 10_000,
                    "max_inflight": 5000,
                }
            },
            "output": {
                "sqlx": {
                    "url": places.url(self._dsn),
                    "table": "peer_reading",
                    "insert_query": _PEER_INSERT,
                    "max_connections": max(5, self._tasks),
                }
            },
        }
        path = self._folder / f"route-{self._tasks}.json"
        path.write_text(json.dumps(route))
        return [([str(self._python), "-c", _PEER_PROGRAM, str(path)], {})]


#: It gives up when it is not connected within 5 s, which happens on a busy machine.
_PEER_PROGRAM = """
import json, sys, mq_bridge
route = json.loads(open(sys.argv[1]).read())
for _ in range(5):
    try:
        mq_bridge.Route.from_config(route).run()
        break
    except RuntimeError as exc:
        print(exc, flush=True)
"""
_PEER_TABLE = """
CREATE TABLE IF NOT EXISTS peer_reading (
    device text, observed_at timestamptz, seq bigint, battery_mv integer, temp_c real,
    rssi_dbm smallint, stored_at timestamptz DEFAULT now(), PRIMARY KEY (device, observed_at))
"""
_PEER_INSERT = (
    "INSERT INTO peer_reading (device, observed_at, seq, battery_mv, temp_c, rssi_dbm) "
    "VALUES (${payload:id}, ${payload:t}::timestamptz, ${payload:seq}::bigint, "
    "${payload:bat_mv}::integer, ${payload:temp_c}::real, ${payload:rssi_dbm}::smallint) "
    "ON CONFLICT DO NOTHING"
)


def _install(folder: Path) -> None:
    """Install the peer into its own environment, by uv where it is, else by venv and pip."""
    print(f"installing {_PEER} for the comparison", flush=True)
    python = str(folder / "bin" / "python")
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        subprocess.run([uv, "venv", "--quiet", folder], check=True)
        install = [str(uv), "pip", "install", "--quiet", "--python", python, _PEER]
    else:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", _PEER]
    subprocess.run(install, check=True)
