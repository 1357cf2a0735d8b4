"""One device's MQTT session: MQTT 3.1.1, QoS 1, a last will, and a queue of its own.

Nothing here waits and nothing is published from inside a paho callback: callbacks note what
happened, the fleet's loop acts on it.
"""

import logging
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from angkut_broker.codec import encode
from angkut_broker.messages import Meta, Status
from angkut_broker.topics import Channel, Kind, Topic
from angkut_sim.dice import Dice
from angkut_sim.fleet_file import BrokerAddress, FleetDevice, FleetFile

_LOG = logging.getLogger(__name__)

#: Messages sent and not yet acknowledged, at most.
MAX_IN_FLIGHT = 8
#: A connection that says nothing for this long is dead; also how long a CONNACK may take.
KEEP_ALIVE_S = 30
#: First and longest pause before connecting again, s; each is shortened by up to a half at random.
RETRY_FIRST_S = 0.5
RETRY_LONGEST_S = 30.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message that waits to be sent."""

    topic: str
    payload: bytes
    retain: bool
    #: How many readings it holds.
    readings: int


@dataclass(slots=True)
class Tally:
    """What the broker has acknowledged."""

    messages: int = 0
    readings: int = 0
    #: Connections that were accepted.
    connections: int = 0
    #: Messages that a full queue pushed out, unsent.
    dropped: int = 0
    #: Why a connection last failed or ended; empty when none did.
    last_trouble: str = ""


@dataclass(slots=True)
class SocketHooks:
    """How a session tells the loop about its socket (a file descriptor)."""

    opened: Callable[["Session", int], None]
    closed: Callable[[int], None]
    wants_write: Callable[["Session", int, bool], None]


@dataclass(eq=False)
class Session:
    """The connection of one device. Made with `Session.of`."""

    device: FleetDevice
    client: Client
    tally: Tally
    meta: Meta
    topics: dict[Channel, str]
    #: Messages kept while they cannot be sent; None keeps all.
    queue_limit: int | None
    dice: Dice
    connected: bool = False
    #: A connection is being opened and no CONNACK has come yet.
    connecting: bool = False
    #: When to connect next (the loop's monotonic clock).
    retry_at_s: float = 0.0
    failures: int = 0
    #: Set by a callback, taken by `take_trouble`.
    broken: bool = False
    _fresh: bool = False
    _queue: deque[Outgoing] = field(default_factory=deque)
    _in_flight: dict[int, Outgoing] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        fleet_file: FleetFile,
        device: FleetDevice,
        meta: Meta,
        *,
        broker: BrokerAddress,
        tls: ssl.SSLContext | None,
        tally: Tally,
        hooks: SocketHooks,
        queue_limit: int | None,
    ) -> "Session":
        """Return a session that is not connected yet."""
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=device.id,
            protocol=MQTTProtocolVersion.MQTTv311,
            # Without this paho answers a refusal by trying MQTT 3.1 and other client ids.
            reconnect_on_failure=False,
        )
        topics = {
            channel: str(Topic(fleet_file.city, fleet_file.area, Kind.BIN, device.id, channel))
            for channel in (Channel.TELEMETRY, Channel.EVENT, Channel.STATUS, Channel.META)
        }
        client.username_pw_set(device.id, device.password)
        client.max_inflight_messages_set(0)  # `pump` bounds it
        client.will_set(topics[Channel.STATUS], encode(Status.OFFLINE), qos=1, retain=True)
        if tls is not None:
            client.tls_set_context(tls)
        client.connect_async(broker.host, broker.port, keepalive=KEEP_ALIVE_S)
        session = cls(
            device, client, tally, meta, topics, queue_limit, Dice.seeded(device.id, "retry")
        )
        session._listen(hooks)
        return session

    def _listen(self, hooks: SocketHooks) -> None:
        client = self.client
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(
            refused=str(reason) if reason.is_failure else ""
        )
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: self._on_disconnect(str(reason))
        client.on_publish = lambda _c, _u, mid, _reason, _p: self._on_publish(mid)
        client.on_socket_open = lambda _c, _u, sock: hooks.opened(self, sock.fileno())
        client.on_socket_close = lambda _c, _u, sock: hooks.closed(sock.fileno())
        client.on_socket_register_write = lambda _c, _u, sock: hooks.wants_write(
            self, sock.fileno(), True
        )
        client.on_socket_unregister_write = lambda _c, _u, sock: hooks.wants_write(
            self, sock.fileno(), False
        )

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker has not acknowledged, sent or not."""
        return len(self._queue) + len(self._in_flight)

    def send(self, channel: Channel, payload: bytes, *, readings: int = 0) -> None:
        """Queue a message. A full queue loses its oldest, as a small device's memory would."""
        if self.queue_limit is not None and len(self._queue) >= self.queue_limit:
            self._queue.popleft()
            self.tally.dropped += 1
        self._queue.append(Outgoing(self.topics[channel], payload, channel.retain, readings))

    def connect(self) -> None:
        """Open the connection and send CONNECT; the answer comes through the loop.

        Raises
        ------
        OSError
            When there is no broker. Also TLS errors.

        """
        self.connecting = True
        self.broken = False
        self.client.reconnect()

    def pump(self) -> None:
        """Hand queued messages to paho as far as the window allows."""
        if not self.connected:
            return
        if self._fresh:
            self._fresh = False
            self._publish(self._own(Channel.STATUS, encode(Status.ONLINE)))
            self._publish(self._own(Channel.META, encode(self.meta)))
        while self._queue and len(self._in_flight) < MAX_IN_FLIGHT and self.connected:
            self._publish(self._queue.popleft())

    def abandon(self) -> None:
        """Close the socket without a word, as a crash does."""
        self.client.on_socket_close = None
        self.client.on_socket_unregister_write = None
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def say_goodbye(self) -> None:
        """Queue the retained `offline`: an orderly end suppresses the last will."""
        self._queue.append(self._own(Channel.STATUS, encode(Status.OFFLINE)))

    def take_trouble(self, now_s: float) -> bool:
        """After a failure, plan the next attempt; tell whether there was one."""
        if not self.broken:
            return False
        self.broken = self.connecting = self.connected = False
        pause_s = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(self.failures, 10))
        self.retry_at_s = now_s + pause_s * self.dice.uniform(0.5, 1.0)
        self.failures += 1
        return True

    def _own(self, channel: Channel, payload: bytes) -> Outgoing:
        return Outgoing(self.topics[channel], payload, channel.retain, readings=0)

    def _publish(self, message: Outgoing) -> None:
        info: MQTTMessageInfo = self.client.publish(
            message.topic, message.payload, qos=1, retain=message.retain
        )
        if info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            # paho keeps it and sends it again after a reconnect until PUBACK comes.
            self._in_flight[info.mid] = message
        else:
            self._queue.appendleft(message)

    def _on_connect(self, *, refused: str) -> None:
        if refused:
            self._note(f"refused: {refused}")
            return  # paho closes the connection and calls on_disconnect
        self.connecting = False
        self.connected = self._fresh = True
        self.failures = 0
        self.tally.connections += 1

    def _on_disconnect(self, reason: str) -> None:
        if self.connected:
            self._note(f"connection ended: {reason}")
        self.connected = self.connecting = False
        self.broken = True

    def _on_publish(self, mid: int) -> None:
        message = self._in_flight.pop(mid, None)
        if message is not None:
            self.tally.messages += 1
            self.tally.readings += message.readings

    def _note(self, trouble: str) -> None:
        self.tally.last_trouble = f"{self.device.id}: {trouble}"
        _LOG.debug("%s", self.tally.last_trouble)
