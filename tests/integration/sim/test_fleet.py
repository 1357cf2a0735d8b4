"""Sessions of a fleet at real brokers: commands, restarts, lost connections, many of them."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from angkut_broker.messages import Meta, Status
from angkut_broker.session import BrokerAddress, publish_all
from angkut_broker.topics import Channel
from angkut_sim.fleet import Fleet
from parts.sim import PASSWORD, RunningBroker, fleet_of, running_broker, subscriber, topic_of
from parts.waiting import wait_until

FLEET = fleet_of(20)
METAS = [Meta(v=1, id=device.id) for device in FLEET.devices]
DEVICE = FLEET.devices[3].id


def run_until(fleet: Fleet, is_so: Callable[[], bool], what: str) -> None:
    def turn() -> bool:
        fleet.run_once(0.05)
        return is_so()

    wait_until(turn, what=what)


def command(broker: RunningBroker, device_id: str, payload: bytes) -> None:
    """Publish as the server does."""
    server = BrokerAddress("127.0.0.1", broker.port, "worker", PASSWORD)
    topic = topic_of(device_id, Channel.CMD)
    assert publish_all(server, [(topic, payload)], timeout_s=30) == [True]


def test_a_command_reaches_its_device_and_no_other(broker: RunningBroker) -> None:
    with Fleet(FLEET, METAS, broker.address) as fleet:
        run_until(fleet, lambda: fleet.connected == 20 and not fleet.unacknowledged, "20 devices")
        command(broker, DEVICE, b"an order")
        came: list[tuple[str, bytes]] = []

        def heard() -> bool:
            came.extend((session.device.id, payload) for session, payload in fleet.commands())
            return bool(came)

        run_until(fleet, heard, "the command")
        run_until(fleet, lambda: not fleet.unacknowledged, "silence")
        assert came == [(DEVICE, b"an order")]
        assert not list(fleet.commands())


def test_a_restart_comes_after_all_is_acknowledged_and_ends_online(broker: RunningBroker) -> None:
    with (
        subscriber(broker) as seen,
        Fleet(FLEET, METAS, broker.address) as fleet,
    ):
        run_until(fleet, lambda: fleet.connected == 20, "20 devices")
        session = fleet.sessions[DEVICE]
        session.send(
            Channel.ACK, json.dumps({"v": 1, "id": DEVICE, "cmd_id": "c", "ok": True}).encode()
        )
        session.restarts = True
        fleet._stirred(session)
        run_until(fleet, lambda: fleet.tally.connections == 21, "the second connection")
        run_until(fleet, lambda: fleet.connected == 20 and not fleet.unacknowledged, "silence")
        online = [
            message
            for message in seen.of(Channel.STATUS)
            if message.topic and message.topic.device_id == DEVICE
        ]
        wait_until(lambda: len(seen.of(Channel.STATUS)) >= 21, what="the second online")
        assert {message.message for message in online} == {Status.ONLINE}


def test_a_dropped_connection_brings_the_last_will_and_comes_back(broker: RunningBroker) -> None:
    with subscriber(broker) as seen, Fleet(FLEET, METAS, broker.address) as fleet:
        run_until(fleet, lambda: fleet.connected == 20 and not fleet.unacknowledged, "20 devices")
        fleet.sessions[DEVICE].drop()
        fleet.sessions[DEVICE].send(Channel.TELEMETRY, b"{}", readings=1)

        def words() -> list[object]:
            return [
                message.message
                for message in seen.of(Channel.STATUS)
                if message.topic and message.topic.device_id == DEVICE
            ]

        run_until(fleet, lambda: len(words()) >= 3, "offline, and online again")
        assert words() == [Status.ONLINE, Status.OFFLINE, Status.ONLINE]
        run_until(fleet, lambda: not fleet.unacknowledged, "what was kept meanwhile")
        assert fleet.connected == 20


def test_the_counts_agree_with_the_sessions(broker: RunningBroker) -> None:
    with Fleet(FLEET, METAS, broker.address, queue_limit=5) as fleet:
        for session in fleet.sessions.values():
            for _ in range(9):
                session.send(Channel.TELEMETRY, b"{}")
        assert fleet.tally.dropped == 20 * 4
        assert fleet.unacknowledged == sum(s.unacknowledged for s in fleet.sessions.values()) == 100
        fleet.drain(stalled_after_s=30, on_progress=lambda: None)
        assert fleet.connected == sum(s.connected for s in fleet.sessions.values())
        # The readings, and what each says of itself after connecting.
        assert fleet.tally.messages == 100 + 2 * fleet.connected
        broker.stop()
        run_until(fleet, lambda: not fleet.connected, "all to notice")
        assert not any(s.connected for s in fleet.sessions.values())


def test_a_thousand_sessions_live_in_one_process(mosquitto: Path, tmp_path: Path) -> None:
    many = fleet_of(1000)
    metas = [Meta(v=1, id=device.id) for device in many.devices]
    with (
        running_broker("mosquitto", mosquitto, tmp_path, many) as broker,
        Fleet(many, metas, broker.address) as fleet,
    ):
        for session in fleet.sessions.values():
            session.send(Channel.TELEMETRY, b"{}", readings=1)
        fleet.drain(stalled_after_s=30, on_progress=lambda: None)
        assert fleet.connected == 1000
        assert fleet.tally.readings == 1000


def test_too_few_open_files_are_explained_before_anything_connects() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))\n"
        "from angkut_sim.errors import SimError\n"
        "from angkut_sim.sockets import allow_files\n"
        "allow_files(44)\n"
        "try:\n    allow_files(45)\n"
        "except SimError as error:\n    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "45 devices need 301 open files, and a process may have 300 here" in said
    assert "LimitNOFILE" in said


def test_the_soft_limit_is_raised_as_far_as_needed() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 900))\n"
        "from angkut_sim.sockets import allow_files\n"
        "allow_files(500)\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 900:
        pytest.skip("this machine allows fewer than 900 open files")
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["756", "900"]
