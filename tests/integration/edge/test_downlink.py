"""A command from the API reaches a device behind a gateway, and its answer comes back."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from angkut_backend.accounts.service import Role
from angkut_infra.stack.log import Log
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts import uplinks
from parts.api import running_api
from parts.edge import GatewayProcess, running_gateway, write_settings
from parts.registry import DEVICE

PATH = f"/api/devices/{DEVICE}/commands"
UP, _ = uplinks.uplink(DEVICE, 1, None)
DOWN = UP.replace("event/up", "command/down")


@pytest.fixture
def services() -> tuple[str, ...]:
    """The worker sends commands."""
    return ("ingest", "worker")


@pytest.fixture
def gateway(upstream: Line, downstream: int, tmp_path: Path, log: Log) -> Iterator[GatewayProcess]:
    file = tmp_path / "angkut-edge.toml"
    sources = [{"name": "ns", "port": downstream, "envelope": "chirpstack"}]
    port = write_settings(file, upstream_port=upstream.stack.broker.port, sources=sources)
    with running_gateway(file, port, log) as process:
        upstream.until(process.is_ready, "the gateway to be ready")
        yield process


@pytest.fixture
def server(downstream: int) -> Iterator[Client]:
    """The network server, which takes downlinks."""
    with Client(downstream, None) as client:
        client.subscribe("application/+/device/+/command/down")
        yield client


@pytest.fixture
def dispatcher(upstream: Line, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(upstream.stack.dsn, tmp_path / "static") as api:
        yield api.signed_in(Role.DISPATCHER)


def heard(upstream: Line, server: Client) -> None:
    """Let the device report, so that the way to it is known."""
    server.publish(*uplinks.uplink(DEVICE, 1, datetime.now(UTC)))
    upstream.until(
        lambda: upstream.value("SELECT count(*) FROM device WHERE gateway_id IS NOT NULL"),
        "upstream to know the gateway of the device",
    )


def ask(dispatcher: httpx.Client, cmd: str, **args: object) -> str:
    asked = dispatcher.post(PATH, json={"cmd": cmd, "args": args})
    assert asked.status_code == 201, asked.text
    command_id: str = asked.json()["command_id"]
    return command_id


def state(dispatcher: httpx.Client) -> str:
    newest: str = dispatcher.get(PATH).json()["commands"][0]["state"]
    return newest


def downlink(server: Client) -> dict[str, Any]:
    [(topic, payload)] = server.received
    assert topic == DOWN
    found: dict[str, Any] = json.loads(payload)
    return found


def network_server_says(server: Client, event: str, command_id: str, **fields: object) -> None:
    body = {"deviceInfo": {"devEui": DEVICE}, "queueItemId": command_id, **fields}
    server.publish(UP.replace("event/up", f"event/{event}"), json.dumps(body).encode())


@pytest.mark.usefixtures("gateway")
def test_a_command_becomes_the_makers_bytes_and_ends_when_the_device_confirms(
    upstream: Line, server: Client, dispatcher: httpx.Client
) -> None:
    heard(upstream, server)
    command_id = ask(dispatcher, "interval", seconds=600)
    upstream.until(lambda: server.received, "the downlink at the network server")
    found = downlink(server)
    # Milesight: FF 03, then seconds, little endian.
    assert base64.b64decode(found["data"]) == bytes.fromhex("FF035802")
    assert (found["id"], found["fPort"], found["confirmed"]) == (command_id, 85, True)
    upstream.until(lambda: state(dispatcher) == "delivered", "the network server to have it")
    network_server_says(server, "txack", command_id)
    network_server_says(server, "ack", command_id, acknowledged=True)
    upstream.until(lambda: state(dispatcher) == "done", "the device's confirmation")
    assert upstream.value("SELECT interval_s FROM device WHERE kind = 'bin'") == 600
    assert len(server.received) == 1


@pytest.mark.usefixtures("gateway")
def test_a_frame_that_the_device_does_not_confirm_fails_the_command(
    upstream: Line, server: Client, dispatcher: httpx.Client
) -> None:
    heard(upstream, server)
    command_id = ask(dispatcher, "interval", seconds=600)
    upstream.until(lambda: server.received, "the downlink at the network server")
    network_server_says(server, "ack", command_id, acknowledged=False)
    upstream.until(lambda: state(dispatcher) == "failed", "the command to have failed")


@pytest.mark.usefixtures("gateway")
def test_what_a_model_does_not_know_fails_at_once_with_the_reason(
    upstream: Line, server: Client, dispatcher: httpx.Client
) -> None:
    heard(upstream, server)
    ask(dispatcher, "update", fw="9.9")
    upstream.until(lambda: state(dispatcher) == "failed", "the command to have failed")
    [command] = dispatcher.get(PATH).json()["commands"]
    assert "update" in command["detail"]
    assert server.received == []


def test_a_gateway_that_was_killed_knows_what_it_handed_over(
    upstream: Line, server: Client, dispatcher: httpx.Client, gateway: GatewayProcess
) -> None:
    heard(upstream, server)
    command_id = ask(dispatcher, "interval", seconds=600)
    upstream.until(lambda: state(dispatcher) == "delivered", "the network server to have it")
    gateway.kill()
    network_server_says(server, "ack", command_id, acknowledged=True)
    gateway.child.start()
    upstream.until(lambda: state(dispatcher) == "done", "the device's confirmation")
    assert len(server.received) == 1
