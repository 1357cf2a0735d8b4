"""The faster paho keeps paho's promises, on both brokers. Fails when a new paho moves its parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from angkut_backend.ingest.fast_client import FastClient
from angkut_broker.topics import Channel, topic_filter
from integration.infra.mqtt_client import Client
from integration.pipeline.line import PASSWORD, Line
from parts.registry import DEVICE, TOPIC
from parts.waiting import wait_until

MESSAGES = 3000


@pytest.fixture
def services() -> tuple[str, ...]:
    """Nobody else takes the messages."""
    return ()


@contextmanager
def consumer(line: Line) -> Iterator[tuple[FastClient, list[MQTTMessage]]]:
    """Be an ingest worker of another name; the session stays at the broker."""
    received: list[MQTTMessage] = []
    subscribed: list[object] = []
    client = FastClient(
        CallbackAPIVersion.VERSION2,
        client_id="angkut-ingest-test",
        clean_session=False,
        protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
    )
    client.username_pw_set(line.stack.broker.username, line.stack.broker.password)
    client.on_message = lambda _client, _data, message: received.append(message)
    client.on_subscribe = lambda *arguments: subscribed.append(arguments)
    client.connect(line.stack.broker.host, line.stack.broker.port)
    client.loop_start()
    try:
        client.subscribe(topic_filter(Channel.TELEMETRY), qos=1)
        wait_until(lambda: subscribed, what="the subscription")
        yield client, received
    finally:
        client.disconnect()
        client.loop_stop()


def test_every_message_is_read_whole_and_a_joined_acknowledgement_counts_for_each(
    line: Line,
) -> None:
    # Of many lengths, so that they lie across the borders of the buffer in every way.
    payloads = [b"%d:" % number + b"x" * (number * 37 % 2000) for number in range(MESSAGES)]
    with consumer(line) as (client, received), Client(line.sensor.port, DEVICE, PASSWORD) as sensor:
        acknowledged = 0
        for payload in payloads:
            sensor.send(f"{TOPIC}/telemetry", payload)
        while acknowledged < MESSAGES:
            before = acknowledged
            wait_until(partial(_grown, received, before), what="more messages")
            waiting = received[acknowledged:]
            acknowledged += len(waiting)
            client.acknowledge(message.mid for message in waiting)
        assert [message.payload for message in received] == payloads
        wait_until(lambda: not client.want_write(), what="the acknowledgements to be written")
    with consumer(line) as (_, received), Client(line.sensor.port, DEVICE, PASSWORD) as sensor:
        sensor.publish(f"{TOPIC}/telemetry", b"the next one")
        wait_until(lambda: received, what="the next message")
        assert [message.payload for message in received] == [b"the next one"]


def _grown(received: list[MQTTMessage], size: int) -> bool:
    return len(received) > size
