"""Brokers, fleets and a subscriber for the simulator's tests."""

import getpass
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from angkut_broker import mosquitto, nats
from angkut_broker.codec import decode
from angkut_broker.credentials import BrokerUser, Role, Verifiers, verifiers
from angkut_broker.decoded import Decoded
from angkut_broker.reading import Reading
from angkut_broker.topics import INGEST_CHANNELS, Channel, topic_filter
from angkut_sim.fleet_file import BrokerAddress, FleetDevice, FleetFile
from parts.waiting import wait_until

PASSWORD = "rahasia"


def fleet_of(devices: int) -> FleetFile:
    """Return a fleet of 660-litre bins."""
    return FleetFile(
        city="bekasi",
        area="327501",
        devices=tuple(
            FleetDevice(
                id=f"sim-{index:04d}",
                password=PASSWORD,
                bin_code=f"BKS-BT-{index:04d}",
                volume_l=660,
                d_empty_mm=1050,
                d_full_mm=150,
                interval_s=1800,
            )
            for index in range(1, devices + 1)
        ),
    )


def topic_of(device_id: str, channel: Channel) -> str:
    """Return the topic of a device of `fleet_of`."""
    return f"angkut/v1/bekasi/327501/bin/{device_id}/{channel}"


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class RunningBroker:
    """A real broker of the production configuration, for one fleet and an ingest account."""

    command: list[str]
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> BrokerAddress:
        """Where devices connect."""
        return BrokerAddress("127.0.0.1", self.port)

    def start(self) -> None:
        """Start, and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._listens, what="the broker to listen")

    def stop(self) -> None:
        """Stop in order, so that what the broker acknowledged is on disk."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_broker(
    kind: str, program: Path, folder: Path, fleet: FleetFile
) -> Iterator[RunningBroker]:
    """Run a broker (`mosquitto` or `nats`) that knows the fleet."""
    port = free_port()
    users = [_user(device.id, "device") for device in fleet.devices] + [
        _user("ingest", "ingest"),
        _user("worker", "worker"),
    ]
    (folder / "data").mkdir()
    if kind == "mosquitto":
        files = {
            mosquitto.CONFIGURATION_FILE: mosquitto.configuration(port=port) + _account(),
            mosquitto.ACCESS_FILE: mosquitto.access_list(users),
            mosquitto.PASSWORD_FILE: mosquitto.password_file(users),
        }
    else:
        files = {nats.CONFIGURATION_FILE: nats.configuration(users, port=port)}
    for name, text in files.items():
        (folder / name).write_text(text)
    broker = RunningBroker([str(program), "-c", next(iter(files))], folder, port)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _account() -> str:
    # Only root changes its account, and then Mosquitto's own could not read the test's folder.
    return f"user {getpass.getuser()}\n" if os.geteuid() == 0 else ""


@cache
def _verifier() -> Verifiers:
    # Slow on purpose, and a fleet of thousands has one password here.
    return verifiers(PASSWORD)


def _user(name: str, role: Role) -> BrokerUser:
    verifier = _verifier()
    return BrokerUser(name, role, verifier.pbkdf2_sha512, verifier.bcrypt)


@dataclass
class Subscriber:
    """Who listens as ingest does: a durable session, everything decoded and counted."""

    messages: list[Decoded] = field(default_factory=list)
    subscribed: threading.Event = field(default_factory=threading.Event)

    @property
    def readings(self) -> list[Reading]:
        """All readings, in order of arrival, copies too."""
        return [reading for message in list(self.messages) for reading in message.readings]

    @property
    def distinct(self) -> set[tuple[str, datetime]]:
        """Readings without their copies, by the server's key."""
        return {(reading.id, reading.t) for reading in self.readings}

    def of(self, channel: Channel) -> list[Decoded]:
        """Messages of one channel."""
        return [
            message
            for message in list(self.messages)
            if message.topic is not None and message.topic.channel is channel
        ]


@contextmanager
def subscriber(broker: RunningBroker) -> Iterator[Subscriber]:
    """Listen to all devices until the block ends."""
    seen = Subscriber()
    client = Client(CallbackAPIVersion.VERSION2, client_id="ingest-test", clean_session=False)
    client.username_pw_set("ingest", PASSWORD)
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    filters = [(topic_filter(channel), channel.qos) for channel in INGEST_CHANNELS]

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        seen.messages.append(decode(message.topic, bytes(message.payload), now=datetime.now(UTC)))

    def on_connect(*_: object) -> None:
        client.subscribe(filters)

    def on_subscribe(*_: object) -> None:
        seen.subscribed.set()

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect(broker.address.host, broker.address.port)
    client.loop_start()
    try:
        assert seen.subscribed.wait(30)
        yield seen
    finally:
        client.disconnect()
        client.loop_stop()
