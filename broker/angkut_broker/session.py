"""Short visits to a broker, and the lasting session of an ingest worker."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from angkut_broker.errors import AngkutError
from angkut_broker.topics import INGEST_CHANNELS, topic_filter

#: How long one answer of a broker may take, seconds.
_ANSWER_S = 5.0


class BrokerUnreachableError(AngkutError):
    """The MQTT broker does not answer."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens and who we are there."""

    host: str
    port: int
    username: str
    password: str
    #: Speak TLS; `ca_file` names the broker's authority unless a public one signed it.
    tls: bool = False
    ca_file: Path | None = None
    #: Certificate and key of ours, where the broker asks for them.
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        return f"MQTT broker at {self.host}:{self.port}"


def ingest_client_id(worker: str) -> str:
    """Return the client id of an ingest worker; the broker keeps its queue under this name."""
    return f"angkut-ingest-{worker}"


def ingest_filters(share_group: str | None = None) -> list[tuple[str, int]]:
    """Return what ingest subscribes to, with QoS.

    Workers of one `share_group` share the messages: each goes to one of them.
    """
    prefix = f"$share/{share_group}/" if share_group else ""
    return [(prefix + topic_filter(channel), channel.qos) for channel in INGEST_CHANNELS]


def check(broker: BrokerAddress, *, timeout_s: float) -> None:
    """Connect once, without leaving anything behind.

    Raises
    ------
    BrokerUnreachableError
        No broker there, or it refuses this user.

    """
    _visit(broker, client_id=f"angkut-check-{uuid.uuid4().hex[:12]}", timeout_s=timeout_s)


def wait_until_accepted(broker: BrokerAddress, *, timeout_s: float) -> bool:
    """Tell whether the broker lets this user in before the time is over; it may just learn it.

    It is asked at least once, and each answer is waited for.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            check(broker, timeout_s=_ANSWER_S)
        except BrokerUnreachableError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        else:
            return True


def provision(
    broker: BrokerAddress, *, client_id: str, timeout_s: float, share_group: str | None = None
) -> None:
    """Make the lasting session of an ingest worker, so that messages wait for it.

    A broker drops what nobody has subscribed to: without this, whatever devices publish
    between the start of the broker and the first connection of ingest would be gone.
    While the worker is connected, the broker throws it out once; it comes back by itself.

    Raises
    ------
    BrokerUnreachableError
        No broker there, or it refuses this user or the subscription.

    """
    filters = ingest_filters(share_group)
    _visit(broker, client_id=client_id, timeout_s=timeout_s, filters=filters)


def publish_all(
    broker: BrokerAddress, messages: Sequence[tuple[str, bytes]], *, timeout_s: float
) -> list[bool]:
    """Publish topics and payloads with QoS 1 in one visit; return which the broker acknowledged.

    Raises
    ------
    BrokerUnreachableError
        No broker there, or it refuses this user.

    """
    waiting: dict[int, int] = {}
    accepted = [False] * len(messages)
    refusal: list[ReasonCode] = []

    def on_connect(
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            refusal.append(reason)
            return
        for position, (topic, payload) in enumerate(messages):
            waiting[client.publish(topic, payload, qos=1).mid] = position

    def on_publish(
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        _reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        accepted[waiting[mid]] = True

    client = _client(broker, client_id=f"angkut-send-{uuid.uuid4().hex[:12]}", clean_session=True)
    client.on_connect = on_connect
    client.on_publish = on_publish
    try:
        _converse(client, broker, until=lambda: bool(refusal) or all(accepted), timeout_s=timeout_s)
    except OSError as exc:
        raise BrokerUnreachableError(f"{broker}: {exc}") from exc
    if refusal:
        raise BrokerUnreachableError(f"{broker} refuses {broker.username}: {refusal[0]}")
    if not any(accepted):
        raise BrokerUnreachableError(f"{broker} did not answer within {timeout_s:g} s")
    return accepted


def _visit(
    broker: BrokerAddress,
    *,
    client_id: str,
    timeout_s: float,
    filters: list[tuple[str, int]] | None = None,
) -> None:
    answers: list[ReasonCode] = []

    def on_connect(
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if filters and not reason.is_failure:
            client.subscribe(filters)
        else:
            answers.append(reason)

    def on_subscribe(
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        answers.extend(reasons)

    client = _client(broker, client_id=client_id, clean_session=not filters)
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    try:
        _converse(client, broker, until=lambda: bool(answers), timeout_s=timeout_s)
    except OSError as exc:
        raise BrokerUnreachableError(f"{broker}: {exc}") from exc
    refusals = sorted({str(reason) for reason in answers if reason.is_failure})
    if refusals:
        raise BrokerUnreachableError(f"{broker} refuses {broker.username}: {', '.join(refusals)}")
    if not answers:
        raise BrokerUnreachableError(f"{broker} did not answer within {timeout_s:g} s")


def _client(broker: BrokerAddress, *, client_id: str, clean_session: bool) -> mqtt.Client:
    # Manual acknowledgement: what already waits must stay for the worker.
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=clean_session,
        protocol=mqtt.MQTTv311,
        manual_ack=True,
    )
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        ca, cert, key = (
            str(path) if path else None
            for path in (broker.ca_file, broker.cert_file, broker.key_file)
        )
        client.tls_set(ca, cert, key)
    return client


def _converse(
    client: mqtt.Client, broker: BrokerAddress, *, until: Callable[[], bool], timeout_s: float
) -> None:
    deadline = time.monotonic() + timeout_s
    try:
        client.connect(broker.host, broker.port)
        while not until() and time.monotonic() < deadline:
            if client.loop(timeout=0.1) != mqtt.MQTT_ERR_SUCCESS:
                break
        client.disconnect()
    finally:
        # paho leaves the socket of a refused connection open.
        if (left := client.socket()) is not None:
            left.close()
