"""One lasting MQTT session: what arrives goes to an inbox, and is acknowledged when told."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from angkut_broker.session import BrokerAddress

log = logging.getLogger("angkut.edge")

_KEEPALIVE_S = 30


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message, not yet acknowledged."""

    link: "Link"
    #: Connection it came over: packet identifiers are used again on the next one.
    generation: int
    mid: int
    #: The broker says that it may have brought this message before.
    again: bool
    topic: str
    payload: bytes
    at: datetime


class Inbox:
    """Messages that wait for the gateway's loop, which hears a bell when one comes."""

    #: The brokers keep the rest.
    BOUND = 1000

    def __init__(self, bell: threading.Event) -> None:
        self._bell = bell
        self._queue: queue.Queue[Arrived] = queue.Queue(self.BOUND)

    def put(self, arrived: Arrived) -> bool:
        """Add a message; tell whether there was room within a second."""
        try:
            self._queue.put(arrived, timeout=1)
        except queue.Full:
            return False
        self._bell.set()
        return True

    def drain(self, limit: int) -> list[Arrived]:
        """Take what waits, up to a number; the bell rings again when more is left."""
        taken: list[Arrived] = []
        with suppress(queue.Empty):
            while len(taken) < limit:
                taken.append(self._queue.get_nowait())
        if len(taken) == limit:
            self._bell.set()
        return taken


class Link:
    """A session at one broker, kept up in the background until `stop`.

    An acknowledgement is good for the connection over which the message came only; a late one
    is dropped, and the broker brings the message again.
    """

    def __init__(
        self,
        name: str,
        address: BrokerAddress,
        *,
        client_id: str,
        filters: Sequence[tuple[str, int]],
        inbox: Inbox,
        clock: Callable[[], datetime],
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.name = name
        self.address = address
        #: Since when the session is down; `None` while it is up.
        self.away_since: datetime | None = clock()
        #: How often the session came up.
        self.connections = 0
        self._filters = list(filters)
        self._inbox = inbox
        self._clock = clock
        self._generation = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            manual_ack=True,
        )
        if address.username:
            self._client.username_pw_set(address.username, address.password)
        if address.tls:
            ca, cert, key = (
                str(path) if path else None
                for path in (address.ca_file, address.cert_file, address.key_file)
            )
            self._client.tls_set(ca, cert, key)
        if will:
            topic, payload = will
            self._client.will_set(topic, payload, qos=1, retain=True)
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    @property
    def is_up(self) -> bool:
        """Whether the session is up."""
        return self.away_since is None

    def start(self) -> None:
        """Connect in the background; keeps trying until `stop`."""
        self._client.connect_async(self.address.host, self.address.port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def stop(self, *, farewell: tuple[str, bytes] | None = None) -> None:
        """Leave the broker; the session stays there and collects what comes meanwhile."""
        if farewell and self.is_up:
            topic, payload = farewell
            # Before the DISCONNECT, and so in order; whoever loses it has the status `online`
            # replaced by the next start.
            self._client.publish(topic, payload, qos=1, retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to the client, which sends it until the broker acknowledges."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def acknowledge(self, messages: Sequence[Arrived]) -> None:
        """Acknowledge messages of this link, in the order in which they came."""
        for message in messages:
            # What came with QoS 0 has no identifier.
            if message.generation == self._generation and message.mid:
                self._client.ack(message.mid, 1)

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.error("%s: %s refuses: %s", self.name, self.address, reason)
            return
        # Always: a broker that forgot the session would otherwise bring nothing from here on.
        client.subscribe(self._filters)
        self.away_since = None
        self.connections += 1
        log.info("%s: connected to the %s", self.name, self.address)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._generation += 1
        self.away_since = self.away_since or self._clock()
        if reason.is_failure:
            log.warning("%s: lost the broker: %s; trying again", self.name, reason)

    def _on_message(
        self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # paho decodes the topic on access; a broker should never let such a one through.
            topic = message._topic.decode(errors="replace")  # noqa: SLF001 - no public access
        arrived = Arrived(
            self,
            self._generation,
            message.mid,
            message.dup,
            topic,
            bytes(message.payload),
            self._clock(),
        )
        # Waiting here keeps the broker from sending more.
        while client.is_connected() and not self._inbox.put(arrived):
            pass
