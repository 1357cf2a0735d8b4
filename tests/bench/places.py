"""Where a bench runs: a database, a broker, a registry, and what processes cost."""

import io
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from angkut_backend import db
from angkut_backend.migrate import migrate
from angkut_broker import mosquitto
from angkut_broker.session import BrokerAddress, BrokerUnreachableError, check
from angkut_infra.stack import ports
from angkut_infra.stack.log import Log
from angkut_infra.stack.postgres import EmbeddedPostgres
from angkut_infra.stack.postgres_files import SUPERUSER, ensure_cluster
from angkut_infra.stack.privileges import for_servers
from parts import programs
from parts.postgres import running
from parts.requirement import MissingPartError
from parts.timescaledb import CACHE
from parts.trixie import trixie_server
from parts.waiting import wait_until

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def database(storage: str, keep: Path | None = None) -> Iterator[str]:
    """Give the address of a migrated database of its own.

    `storage` is `embedded` (PostgreSQL of the wheel), `timescaledb` (Debian's packages), the
    folder of the programs of a PostgreSQL that has TimescaleDB, or the address of a server; all
    write safely to the disk, unlike in tests. In `keep` the server's data stay for the next run.
    """
    with (
        _folder(keep) as folder,
        _server(storage, folder) as server,
    ):
        name = "angkut_bench" if keep else f"angkut_bench_{uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as admin:
            found = admin.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                admin.execute(f"CREATE DATABASE {name}")
        dsn = make_conninfo(server, dbname=name)
        try:
            with db.connect(dsn) as conn:
                _, edition = migrate(conn)
                row = conn.execute("SELECT version() AS v").fetchone()
                print(f"database: {edition}, {row and row['v'].split(' on ')[0]}", flush=True)
            yield dsn
        finally:
            if keep is None:
                with psycopg.connect(server, autocommit=True) as admin:
                    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="angkut-bench-") as folder:
            yield Path(folder)
    else:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()


@contextmanager
def _server(storage: str, folder: Path) -> Iterator[str]:
    if storage == "embedded":
        postgres = EmbeddedPostgres(folder, log=Log(io.StringIO()))
        postgres.start()
        try:
            yield postgres.dsn
        finally:
            postgres.stop()
    elif storage == "timescaledb":
        try:
            with trixie_server(CACHE, folder, safe=True) as server:
                yield server.dsn
        except MissingPartError as missing:
            raise SystemExit(f"no TimescaleDB here: {missing}") from missing
    elif "://" not in storage and (Path(storage) / "postgres").exists():
        yield from _programs_server(Path(storage), folder)
    else:
        yield storage


def _programs_server(bin_folder: Path, folder: Path) -> Iterator[str]:
    privileges = for_servers()
    data = folder / "data"
    ensure_cluster(data, bin_folder, privileges)
    command = [*privileges.prefix, str(bin_folder / "postgres"), "-D", str(data)]
    command += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
    command += ["-c", "shared_preload_libraries=timescaledb", "-c", "timezone=UTC"]
    dsn = f"postgresql://{SUPERUSER}@/postgres?host={quote(str(folder), safe='')}"
    with running(command, dsn=dsn, data=data, log=folder / "log"):
        yield dsn


@contextmanager
def broker(folder: Path) -> Iterator[tuple[BrokerAddress, int]]:
    """Run Mosquitto as shipped, but everybody may publish: the load has no credentials.

    Give its address and its process.
    """
    program = programs.find("mosquitto")
    port = ports.choose(0)
    lines = [
        line.replace("allow_anonymous false", "allow_anonymous true")
        for line in mosquitto.configuration(port=port).splitlines()
        if not line.startswith(("password_file", "acl_file"))
    ]
    (folder / mosquitto.DATA_FOLDER).mkdir()
    (folder / "mosquitto.conf").write_text("\n".join([*lines, f"user {_user()}", ""]))
    address = BrokerAddress("127.0.0.1", port, "", "")
    with (
        (folder / "mosquitto.log").open("wb") as log,
        subprocess.Popen(
            [program, "-c", "mosquitto.conf"], cwd=folder, stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _answers(address), what="Mosquitto")
            yield address, process.pid
        finally:
            process.terminate()


def _user() -> str:
    return "root" if os.geteuid() == 0 else "mosquitto"


def _answers(address: BrokerAddress) -> bool:
    try:
        check(address, timeout_s=1)
    except BrokerUnreachableError:
        return False
    return True


def add_registry(dsn: str, devices: int) -> None:
    """Insert bins with one device each: `bench-00000` and so on, mounted since 2020."""
    with db.connect(dsn) as conn:
        add_area(conn)
        conn.execute(_REGISTRY, {"devices": devices})
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("ANALYZE")


def add_area(conn: db.Connection) -> None:
    """Insert a district of one area."""
    conn.execute(
        "INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source) "
        "VALUES ('32.75.01', 'bekasi', 'Kota Bekasi', 'Bekasi Timur', '{}', 'Asia/Jakarta', "
        "'bench')"
    )
    conn.execute(
        "INSERT INTO area (district_id, code, name, common_name, boundary, source) SELECT "
        "district_id, '32.75.01.1001', 'Bekasijaya', 'Bekasi Jaya', '{}', 'bench' FROM district"
    )


_REGISTRY = """
WITH s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT area_id, 'BENCH', 'Bench', 'tps', 107.01, -6.23, 'bench' FROM area
    RETURNING site_id
), n AS (
    SELECT generate_series(0, %(devices)s - 1) AS n
), b AS (
    INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
    SELECT 'BENCH-' || lpad(n::text, 5, '0'), site_id, 'wheelie_660', 660, 'road', 120, 107.01,
           -6.23, 'bench' FROM s, n ORDER BY n
    RETURNING bin_id, code
), v AS (
    INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)
    SELECT 'bench-' || lpad(n::text, 5, '0'), district_id, 'x', 'x' FROM district, n ORDER BY n
    RETURNING device_id, external_id
)
INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)
SELECT bin_id, device_id, '2020-01-01', 1200, 200
FROM b JOIN v ON lower(b.code) = v.external_id
"""


def cpu_s(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended, seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICKS_PER_S


def family_cpu_s(pid: int, *, but: set[int]) -> float:
    """Return the processor time of a process and its children, without some of them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_s(pid) + sum(cpu_s(int(child)) for child in children if int(child) not in but)


def server_pid(backend: int) -> int | None:
    """Find a server process here by the number that the server gives; `None`: it runs elsewhere."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        # The last number is the one inside its own namespace, if it has one.
        inner = fields.get("NSpid", "").split()
        if inner and int(inner[-1]) == backend and fields["Name"].startswith("postgres"):
            return int(status.parent.name)
    return None


def subscribe(broker: BrokerAddress, client_id: str, topic: str) -> None:
    """Make a lasting session, so that nothing published from now on is dropped."""
    _visit(broker, client_id, clean=False, topic=topic)


def forget(broker: BrokerAddress, client_id: str) -> None:
    """Remove a session and what waits in it."""
    _visit(broker, client_id, clean=True, topic=None)


def _visit(broker: BrokerAddress, client_id: str, *, clean: bool, topic: str | None) -> None:
    done = threading.Event()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=clean,
        protocol=mqtt.MQTTv311,
        manual_ack=True,
    )
    client.on_connect = lambda client, *_: client.subscribe(topic, 1) if topic else done.set()
    client.on_subscribe = lambda *_: done.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    done.wait(30)
    client.disconnect()
    client.loop_stop()


def url(dsn: str) -> str:
    """Return the address as a URL that Rust's sqlx understands."""
    parts = conninfo_to_dict(dsn)
    host, port = quote(str(parts["host"]), safe=""), parts.get("port", "5432")
    query = f"?host={host}&port={port}" if str(parts["host"]).startswith("/") else ""
    place = "localhost" if query else f"{host}:{port}"
    password = f":{quote(str(parts['password']), safe='')}" if "password" in parts else ""
    return f"postgres://{parts['user']}{password}@{place}/{parts['dbname']}{query}"
