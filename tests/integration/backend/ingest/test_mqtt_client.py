"""The client that ingest listens with, on real brokers and on what no broker should say."""

import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from angkut_backend.ingest.mqtt_client import MqttClient
from angkut_backend.ingest.mqtt_packets import Delivery
from angkut_broker.session import BrokerAddress
from angkut_broker.topics import Channel, topic_filter
from chaos.proxy import Link, to_port
from integration.infra.mqtt_client import Client
from parts.certificates import self_signed
from parts.sim import PASSWORD, RunningBroker, fleet_of, free_port, running_broker, topic_of
from parts.waiting import wait_until

FLEET = fleet_of(1)
DEVICE = FLEET.devices[0].id
TELEMETRY = topic_of(DEVICE, Channel.TELEMETRY)
STORED = topic_of(DEVICE, Channel.STORED)
MESSAGES = 3000


class AtOnce(random.Random):
    """Dice that let nobody wait."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 - as of Random
        return 0.0


class Taken:
    """What a client received."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[Delivery, int]] = []
        self.is_full = False

    def take(self, deliveries: Sequence[Delivery], generation: int) -> None:
        self.deliveries += [(delivery, generation) for delivery in deliveries]

    def has(self, count: int) -> Callable[[], bool]:
        """Tell whether so many messages arrived, when asked."""
        return lambda: len(self.deliveries) == count

    @property
    def payloads(self) -> list[bytes]:
        """What arrived, in order."""
        return [payload for (_, payload, _, _), _ in self.deliveries]


@contextmanager
def listening(
    port: int, *, password: str = PASSWORD, ca_file: Path | None = None
) -> Iterator[tuple[MqttClient, Taken]]:
    """Be an ingest worker; the session stays at the broker."""
    taken = Taken()
    client = MqttClient(
        BrokerAddress(
            "127.0.0.1", port, "ingest", password, tls=ca_file is not None, ca_file=ca_file
        ),
        client_id="angkut-ingest-test",
        filters=[(topic_filter(Channel.TELEMETRY), 1), (topic_filter(Channel.EVENT), 1)],
        receive=taken.take,
        is_full=lambda: taken.is_full,
        clock=lambda: datetime.now(UTC),
        rng=AtOnce(),
    )
    client.start()
    try:
        yield client, taken
    finally:
        client.stop()
    assert not client.alive


def acknowledge_until_all_came(client: MqttClient, taken: Taken, payloads: list[bytes]) -> None:
    """Acknowledge what comes; before that a broker keeps some back, and repeats what it sent."""
    done = 0
    while not set(payloads) <= set(taken.payloads[:done]):
        wait_until(lambda: len(taken.deliveries) > done, what="more messages")  # noqa: B023 - used at once
        waiting = taken.deliveries[done:]
        done += len(waiting)
        for (_, _, number, _), generation in waiting:
            client.acknowledge([number], generation)


def connected(client: MqttClient) -> Callable[[], bool]:
    return lambda: client.away_since is None


def sensor(broker: RunningBroker) -> Client:
    return Client(broker.port, DEVICE, PASSWORD)


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    program: Path = request.getfixturevalue(request.param)
    with running_broker(request.param, program, tmp_path, FLEET) as running:
        yield running


@pytest.fixture
def mosquitto_broker(mosquitto: Path, tmp_path: Path) -> Iterator[RunningBroker]:
    with running_broker("mosquitto", mosquitto, tmp_path, FLEET) as running:
        yield running


def test_every_message_is_read_whole_and_what_is_acknowledged_is_done_with(
    broker: RunningBroker,
) -> None:
    # Of many lengths, so that they lie across the borders of reads in every way.
    payloads = [b"%d:" % number + b"x" * (number * 37 % 2000) for number in range(MESSAGES)]
    with listening(broker.port) as (client, taken):
        wait_until(connected(client), what="the subscription")
        with sensor(broker) as device:
            for payload in payloads:
                device.send(TELEMETRY, payload)
            acknowledge_until_all_came(client, taken, payloads)
        assert taken.payloads == payloads
        assert {topic for (topic, _, _, _), _ in taken.deliveries} == {TELEMETRY.encode()}
    with listening(broker.port) as (client, taken), sensor(broker) as device:
        device.publish(TELEMETRY, b"the next one")
        wait_until(lambda: taken.deliveries, what="the next message")
        assert taken.payloads == [b"the next one"]


def test_what_was_not_acknowledged_comes_again(broker: RunningBroker) -> None:
    with listening(broker.port) as (client, taken):
        wait_until(connected(client), what="the subscription")
        with sensor(broker) as device:
            for number in range(3):
                device.publish(TELEMETRY, b"%d" % number)
        wait_until(taken.has(3), what="three messages")
        ((_, _, number, _), generation) = taken.deliveries[0]
        client.acknowledge([number], generation)
    with listening(broker.port) as (_, taken):
        wait_until(taken.has(2), what="the two others")
        assert taken.payloads == [b"1", b"2"]
        assert all(again for (_, _, _, again), _ in taken.deliveries)


def test_an_acknowledgement_for_a_lost_connection_confirms_nothing(
    mosquitto_broker: RunningBroker,
) -> None:
    with Link(to_port(mosquitto_broker.port)) as link:
        with listening(link.port) as (client, taken):
            wait_until(connected(client), what="the subscription")
            with sensor(mosquitto_broker) as device:
                device.publish(TELEMETRY, b"one")
            wait_until(lambda: taken.deliveries, what="the message")
            link.cut()
            wait_until(taken.has(2), what="the message again")
            (first, second) = taken.deliveries
            assert (first[1], second[1]) == (0, 1)
            assert first[0][2] == second[0][2]
            client.acknowledge([first[0][2]], first[1])
        with listening(link.port) as (_, taken):
            wait_until(lambda: taken.deliveries, what="the message once more")


def test_after_every_broker_restart_it_has_again_what_it_did_not_acknowledge_and_no_more(
    mosquitto_broker: RunningBroker,
) -> None:
    with listening(mosquitto_broker.port) as (client, taken):
        for number in range(3):
            wait_until(connected(client), what="the connection")
            with sensor(mosquitto_broker) as device:
                device.subscribe(STORED)
                device.publish(TELEMETRY, b"%d" % number)
                device.publish(TELEMETRY, b"%d, to be open" % number)
                wait_until(taken.has(3 * number + 2), what="the messages")
                generation = taken.deliveries[-1][1]
                *done, _ = [mid for (_, _, mid, _), over in taken.deliveries if over == generation]
                client.acknowledge(done, generation)
                # A broker that stops may not read any more what was sent to it, and QoS 1 lets it
                # bring that again. It reads in order: who has this knows that it read the others.
                client.publish([(STORED, b"heard")])
                wait_until(lambda: device.received, what="the broker to hear of it")
            mosquitto_broker.stop()
            wait_until(lambda: client.away_since, what="the loss to be noticed")
            mosquitto_broker.start()
        wait_until(taken.has(9), what="what was open at last")
    assert [(payload.decode(), again) for (_, payload, _, again), _ in taken.deliveries] == [
        (f"{number}{rest}", again)
        for number in range(3)
        for rest, again in (("", False), (", to be open", False), (", to be open", True))
    ]


def test_what_is_published_while_the_broker_is_away_arrives_when_it_is_back(
    broker: RunningBroker,
) -> None:
    with listening(broker.port) as (client, _):
        wait_until(connected(client), what="the subscription")
        broker.stop()
        client.publish([(STORED, b"%d" % number) for number in range(300)])
        broker.start()
        with sensor(broker) as device:
            device.subscribe(STORED)
            client.publish([(STORED, b"last")])
            wait_until(lambda: (STORED, b"last") in device.received, what="the last one")


def test_while_there_is_no_room_nothing_is_read_and_then_everything(
    broker: RunningBroker,
) -> None:
    with listening(broker.port) as (client, taken), sensor(broker) as device:
        wait_until(connected(client), what="the subscription")
        taken.is_full = True
        client.acknowledge([], 0)
        payloads = [b"%d" % number for number in range(201)]
        for payload in payloads:
            device.publish(TELEMETRY, payload)
        # At most what was on its way when the room was gone.
        assert len(taken.deliveries) <= 1
        taken.is_full = False
        client.acknowledge([], 0)
        acknowledge_until_all_came(client, taken, payloads)


def test_a_refusal_says_what_to_do(broker: RunningBroker, caplog: pytest.LogCaptureFixture) -> None:
    with listening(broker.port, password="guess") as (client, _):
        wait_until(lambda: "mqtt_password" in caplog.text, what="the reason in the log")
        assert client.away_since


@pytest.fixture
def tls(mosquitto_broker: RunningBroker, openssl: Path, tmp_path: Path) -> tuple[int, Path]:
    """Port and authority of a listener with TLS."""
    authority = self_signed(openssl, tmp_path, "broker")
    mosquitto_broker.stop()
    port = free_port()
    with (tmp_path / "mosquitto.conf").open("a") as file:
        file.write(f"listener {port} 127.0.0.1\ncertfile broker.pem\nkeyfile broker.key\n")
    mosquitto_broker.start()
    return port, authority


def test_messages_and_acknowledgements_travel_over_tls(
    mosquitto_broker: RunningBroker, tls: tuple[int, Path]
) -> None:
    port, authority = tls
    payloads = [b"%d:" % number + b"x" * (number * 61 % 5000) for number in range(MESSAGES)]
    with listening(port, ca_file=authority) as (client, taken):
        wait_until(connected(client), what="the subscription")
        with sensor(mosquitto_broker) as device:
            for payload in payloads:
                device.send(TELEMETRY, payload)
            wait_until(taken.has(MESSAGES), what="all messages")
        assert taken.payloads == payloads
        client.acknowledge([number for (_, _, number, _), _ in taken.deliveries], 0)
    with listening(port, ca_file=authority) as (client, taken), sensor(mosquitto_broker) as device:
        device.publish(TELEMETRY, b"the next one")
        wait_until(lambda: taken.deliveries, what="the next message")
        assert taken.payloads == [b"the next one"]


def test_a_broker_of_another_authority_is_not_believed(
    tls: tuple[int, Path], openssl: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    port, authority = tls
    with listening(port, ca_file=self_signed(openssl, tmp_path, "other")) as (client, _):
        wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text, what="the reason")
        assert client.away_since
    authority.unlink()
    with listening(port, ca_file=authority):
        wait_until(lambda: "broker.pem" in caplog.text, what="the missing file's name")


ACCEPTED = b"\x20\x02\x00\x00"
SUBSCRIBED = b"\x90\x04\xff\xff\x01\x01"
#: What a broker says before it hangs up.
MISCHIEF = (
    b"",
    b"\x20\x02",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x20\x02\x00\x03",
    b"\x20\x02\x00\x77",
    b"\x32\x05\x00\x01a\x00\x01",
    ACCEPTED + ACCEPTED,
    ACCEPTED + b"\x90\x03\xff\xff\x01",
    ACCEPTED + b"\x90\x04\xff\xff\x01\x80",
    ACCEPTED + SUBSCRIBED + b"\x32\x20\x00\x05angkut",
    ACCEPTED + SUBSCRIBED + b"\x30\xff\xff\xff\xff\xff",
    ACCEPTED + SUBSCRIBED + b"\x34\x05\x00\x01a\x00\x01",
    bytes(range(256)) * 20,
)


@contextmanager
def mischievous() -> Iterator[int]:
    """Say each of `MISCHIEF` to one caller, then be gone."""

    def answer() -> None:
        for words in MISCHIEF:
            caller, _ = listener.accept()
            with caller, suppress(OSError):
                caller.recv(1000)
                caller.sendall(words)
                caller.shutdown(socket.SHUT_WR)
                while caller.recv(1000):
                    pass
        listener.close()

    listener = socket.create_server(("127.0.0.1", 0))
    talker = threading.Thread(target=answer)
    talker.start()
    yield listener.getsockname()[1]
    talker.join()


def test_a_broker_that_misbehaves_in_any_way_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with mischievous() as port, listening(port) as (client, taken):
        wait_until(
            lambda: len(caplog.messages) > len(MISCHIEF) and "refused" in caplog.messages[-1],
            what="each trick to be seen through",
        )
        assert client.alive
        assert client.away_since
        assert not taken.deliveries
    assert "the reader of" not in caplog.text  # which would be a fault of ours
