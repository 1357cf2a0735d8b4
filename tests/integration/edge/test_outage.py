"""A gateway without upstream: what it has stays, whatever happens to it."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from angkut_backend.db import connect
from angkut_infra.stack.log import Log
from chaos.proxy import Link, to_port
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts import uplinks
from parts.edge import GatewayProcess, register_devices, running_gateway, write_settings

DEVICES = uplinks.names(200)
#: Their network server tells no time: if one of their uplinks were taken twice, two readings
#: would be there.
TIMELESS = set(DEVICES[::5])
WAITING = "angkut_edge_queued"


@pytest.fixture
def network(upstream: Line) -> Iterator[Link]:
    """What lies between the gateway and upstream."""
    with Link(to_port(upstream.stack.broker.port)) as link:
        yield link


@pytest.fixture
def gateway(
    upstream: Line, downstream: int, network: Link, tmp_path: Path, log: Log
) -> Iterator[GatewayProcess]:
    """A gateway that is connected on both sides and knows `DEVICES`."""
    with connect(upstream.stack.dsn) as conn:
        register_devices(conn, DEVICES)
    file = tmp_path / "angkut-edge.toml"
    sources = [{"name": "ns", "port": downstream, "envelope": "chirpstack"}]
    port = write_settings(file, upstream_port=network.port, sources=sources)
    with running_gateway(file, port, log) as process:
        upstream.until(process.is_ready, "the gateway to be ready")
        yield process


def waiting(gateway: GatewayProcess) -> float:
    """Return how many readings wait in the spool."""
    return gateway.metric(f'{WAITING}{{kind="reading"}}')


def cut(network: Link) -> None:
    """End the connection; new ones lead nowhere."""
    network.swallow()
    network.cut()


def restart(upstream: Line, gateway: GatewayProcess) -> None:
    """Kill it, and start it again."""
    gateway.kill()
    gateway.child.start()
    upstream.until(lambda: gateway.health().get("status"), "the gateway to run again")


def test_a_day_without_network_and_two_kills_lose_and_double_nothing(
    upstream: Line,
    downstream: int,
    network: Link,
    gateway: GatewayProcess,
    capsys: pytest.CaptureFixture[str],
) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    day = list(uplinks.day(DEVICES, TIMELESS, end))
    cut(network)
    with Client(downstream, None) as server:
        for number, (topic, payload) in enumerate(day):
            server.send(topic, payload)
            if number in {len(day) // 3, 2 * len(day) // 3}:
                restart(upstream, gateway)
        upstream.until(server.nothing_waits, "the network server's broker to have the day")
    upstream.until(lambda: waiting(gateway) == len(day), "all of the day to be in the spool")
    assert upstream.value("SELECT count(*) FROM readings") == 0

    network.restore()
    upstream.until(
        lambda: gateway.metric('angkut_edge_settled_total{outcome="stored"}') >= len(day),
        "all of the day to be confirmed",
    )
    elapsed_s = upstream.value(
        "SELECT extract(epoch FROM max(stored_at) - min(stored_at))::float FROM readings"
    )
    with capsys.disabled():
        print(f"\n{len(day)} readings caught up in {elapsed_s:.1f} s: {len(day) / elapsed_s:.0f}/s")
    upstream.until(lambda: waiting(gateway) == 0, "the spool to be empty")

    with connect(upstream.stack.dsn) as conn:
        rows = conn.execute(
            "SELECT external_id, seq, distance_mm, received_at FROM readings "
            "JOIN device USING (device_id) ORDER BY external_id, seq"
        ).fetchall()
    found = [(row["external_id"], row["seq"]) for row in rows]
    assert found == [(device, seq) for device in DEVICES for seq in range(uplinks.PER_DAY)]
    assert all(
        row["distance_mm"] == uplinks.distance_mm(row["external_id"], row["seq"]) for row in rows
    )
    assert upstream.value("SELECT count(*) FROM dead_letter") == 0
    # No reading of a device came before an earlier one.
    for earlier, later in pairwise(rows):
        if earlier["external_id"] == later["external_id"]:
            assert earlier["received_at"] <= later["received_at"]


def test_what_ingest_has_not_stored_is_not_forgotten_when_upstreams_broker_is_killed(
    upstream: Line, downstream: int, gateway: GatewayProcess
) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    day = list(uplinks.day(DEVICES[:20], set(), end))
    upstream.kill("ingest")
    with Client(downstream, None) as server:
        for topic, payload in day:
            server.send(topic, payload)
        upstream.until(server.nothing_waits, "the network server's broker to have them")
    upstream.until(
        lambda: gateway.metric("angkut_edge_sent_total") > 0, "something to be on its way"
    )
    upstream.kill("broker")
    upstream.until(
        lambda: upstream.value("SELECT count(*) FROM readings") == len(day), "all to be stored"
    )
    upstream.until(lambda: waiting(gateway) == 0, "the spool to be empty")


def test_sigterm_ends_the_gateway_with_all_it_has_on_disk(
    upstream: Line, downstream: int, network: Link, gateway: GatewayProcess
) -> None:
    cut(network)
    end = datetime.now(UTC).replace(microsecond=0)
    day = list(uplinks.day(DEVICES[:5], set(), end))
    with Client(downstream, None) as server:
        for topic, payload in day:
            server.publish(topic, payload)
    upstream.until(lambda: waiting(gateway) == len(day), "all to be in the spool")
    pid = gateway.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    upstream.until(lambda: not gateway.child.running, "the gateway to end by itself")
    assert "ended with status 0" in gateway.child.death()
    network.restore()
    gateway.child.start()
    upstream.until(
        lambda: upstream.value("SELECT count(*) FROM readings") == len(day), "all to be stored"
    )
    assert upstream.value(
        "SELECT online FROM device WHERE kind = 'gateway' AND status_at IS NOT NULL"
    )
