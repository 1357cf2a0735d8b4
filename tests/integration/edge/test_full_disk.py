"""A full disk: nothing is lost, the state is clear, and it ends by itself."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from angkut_backend.db import connect
from angkut_infra.stack.log import Log
from chaos.proxy import Link, to_port
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts import uplinks
from parts.edge import GatewayProcess, gateway_on_small_disk, register_devices, write_settings
from parts.requirement import MissingPartError, absent

DEVICES = uplinks.names(20)
MEGABYTES = 12


@pytest.fixture
def network(upstream: Line) -> Iterator[Link]:
    """What lies between the gateway and upstream."""
    with Link(to_port(upstream.stack.broker.port)) as link:
        yield link


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where the gateway's small disk is, for the gateway."""
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.fixture
def gateway(
    upstream: Line, downstream: int, network: Link, disk: Path, tmp_path: Path, log: Log
) -> Iterator[GatewayProcess]:
    with connect(upstream.stack.dsn) as conn:
        register_devices(conn, DEVICES)
    file = tmp_path / "angkut-edge.toml"
    sources = [{"name": "ns", "port": downstream, "envelope": "chirpstack"}]
    spool = {"path": str(disk / "spool.sqlite")}
    port = write_settings(file, upstream_port=network.port, sources=sources, spool=spool)
    try:
        with gateway_on_small_disk(file, port, log, disk=disk, megabytes=MEGABYTES) as process:
            upstream.until(process.is_ready, "the gateway to be ready")
            yield process
    except MissingPartError as missing:
        absent("mount", str(missing), os.environ)


def inside(gateway: GatewayProcess, disk: Path) -> Path:
    """Return the disk as we see it."""
    return Path(f"/proc/{gateway.child.pid}/root{disk}")


def fill(folder: Path) -> None:
    """Leave not a byte."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                if file.write(bytes(size)) < size:
                    size //= 2
            except OSError:
                size //= 2


def test_a_full_disk_stops_the_intake_until_it_has_room_and_nothing_is_lost(
    upstream: Line, downstream: int, network: Link, gateway: GatewayProcess, disk: Path
) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    day = list(uplinks.day(DEVICES, set(DEVICES[:5]), end))
    half = len(day) // 2
    network.swallow()
    network.cut()
    with Client(downstream, None) as server:
        for topic, payload in day[:half]:
            server.send(topic, payload)
        upstream.until(
            lambda: gateway.metric('angkut_edge_queued{kind="reading"}') == half,
            "the first half to be in the spool",
        )
        fill(inside(gateway, disk))
        for topic, payload in day[half:]:
            server.send(topic, payload)
        upstream.until(server.nothing_waits, "the network server's broker to have all")
    upstream.until(lambda: "disk full" in gateway.health()["troubles"], "the gateway to notice")
    upstream.until(lambda: gateway.metric("angkut_edge_disk_full") == 1, "the metric to tell")
    assert gateway.child.running

    # What is confirmed is forgotten on a full disk, too; nothing else is taken for it.
    network.restore()
    upstream.until(
        lambda: upstream.value("SELECT count(*) FROM readings") >= half, "the first half upstream"
    )
    upstream.until(
        lambda: upstream.value("SELECT troubles FROM gateway_health").keys() == {"disk full"},
        "upstream to hear of it",
    )
    (inside(gateway, disk) / "ballast").unlink()
    upstream.until(
        lambda: upstream.value("SELECT count(*) FROM readings") == len(day), "all to be stored"
    )
    upstream.until(gateway.is_ready, "the gateway to be well")
    assert upstream.value("SELECT count(DISTINCT (device_id, seq)) FROM readings") == len(day)
    upstream.until(
        lambda: upstream.value("SELECT troubles FROM gateway_health") == {},
        "upstream to hear that it is over",
    )
