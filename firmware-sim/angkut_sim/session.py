"""One device's MQTT session: MQTT 3.1.1, QoS 1, a last will, and a queue of its own.

Nothing here waits and nothing is published from inside a paho callback: callbacks note what
happened, the fleet's loop acts on it.
"""

import logging
import socket
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from angkut_broker.codec import encode
from angkut_broker.messages import Meta, Status
from angkut_broker.topics import Channel, Kind, Topic
from angkut_sim.dice import Dice
from angkut_sim.fleet_file import BrokerAddress, FleetDevice, FleetFile
from angkut_sim.session_parts import LoopHooks, Outgoing, Tally

_LOG = logging.getLogger(__name__)

#: Messages sent and not yet acknowledged, at most.
MAX_IN_FLIGHT = 8
#: A connection that says nothing for this long is dead; also how long a CONNACK may take.
KEEP_ALIVE_S = 60
#: First and longest pause before connecting again, s; each is shortened by up to a half at random.
RETRY_FIRST_S = 0.5
RETRY_LONGEST_S = 30.0
#: Commands that a device keeps until it looks at them; a later one pushes the oldest out.
MAX_COMMANDS = 16


@dataclass(eq=False, slots=True)
class Session:
    """The connection of one device. Made with `Session.of`."""

    device: FleetDevice
    client: Client
    tally: Tally
    meta: Meta
    hooks: LoopHooks
    #: Its topics but for the channel.
    prefix: str
    #: Messages kept while they cannot be sent; None keeps all.
    queue_limit: int | None
    dice: Dice
    connected: bool = False
    #: A connection is being opened and no CONNACK has come yet.
    connecting: bool = False
    #: When to connect next (the loop's monotonic clock).
    retry_at_s: float = 0.0
    failures: int = 0
    #: The radio has no cell until then (the loop's monotonic clock).
    away_until_s: float = 0.0
    #: Set by a callback, taken by `take_trouble`.
    broken: bool = False
    #: Connect anew as soon as all is acknowledged: the device restarts.
    restarts: bool = False
    #: Payloads of commands that nobody looked at yet.
    commands: deque[bytes] = field(default_factory=lambda: deque(maxlen=MAX_COMMANDS))
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
        hooks: LoopHooks,
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
        status = str(Topic(fleet_file.city, fleet_file.area, Kind.BIN, device.id, Channel.STATUS))
        client.username_pw_set(device.id, device.password)
        client.max_inflight_messages_set(0)  # `pump` bounds it
        client.will_set(status, encode(Status.OFFLINE), qos=1, retain=True)
        if tls is not None:
            client.tls_set_context(tls)
        client.connect_async(broker.host, broker.port, keepalive=KEEP_ALIVE_S)
        prefix = status.removesuffix(Channel.STATUS)
        dice = Dice.seeded(device.id, "retry")
        session = cls(device, client, tally, meta, hooks, prefix, queue_limit, dice)
        session._listen()
        return session

    def _listen(self) -> None:
        client, hooks = self.client, self.hooks
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(
            refused=str(reason) if reason.is_failure else ""
        )
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: self._on_disconnect(str(reason))
        client.on_publish = lambda _c, _u, mid, _reason, _p: self._on_publish(mid)
        client.on_message = lambda _c, _u, message: self._on_message(message)
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
            self.tally.waiting -= 1
        self._queue.append(self._outgoing(channel, payload, readings))
        self.tally.waiting += 1
        self.hooks.stirred(self)

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
            self.client.subscribe(self.prefix + Channel.CMD, 1)
            for channel, payload in (
                (Channel.STATUS, encode(Status.ONLINE)),
                (Channel.META, encode(self.meta)),
            ):
                self.tally.waiting += 1
                self._publish(self._outgoing(channel, payload))
        while self._queue and len(self._in_flight) < MAX_IN_FLIGHT and self.connected:
            self._publish(self._queue.popleft())
        if self.restarts and not self.unacknowledged:
            self.restarts = False
            self.client.disconnect()

    def abandon(self) -> None:
        """Close the socket without a word, as a crash does."""
        self.client.on_socket_close = None
        self.client.on_socket_unregister_write = None
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def drop(self, until_s: float = 0.0) -> None:
        """Lose the connection as a radio does until then; the broker publishes the last will."""
        self.away_until_s = until_s
        sock = self.client.socket()
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def say_goodbye(self) -> None:
        """Queue the retained `offline`: an orderly end suppresses the last will."""
        self._queue.append(self._outgoing(Channel.STATUS, encode(Status.OFFLINE)))
        self.tally.waiting += 1
        self.hooks.stirred(self)

    def take_trouble(self, now_s: float) -> bool:
        """After a failure, plan the next attempt; tell whether there was one."""
        if not self.broken:
            return False
        self.broken = self.connecting = False
        pause_s = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(self.failures, 10))
        soon_s = now_s + pause_s * self.dice.uniform(0.5, 1.0)
        self.retry_at_s = max(soon_s, self.away_until_s)
        self.failures += 1
        return True

    def _outgoing(self, channel: Channel, payload: bytes, readings: int = 0) -> Outgoing:
        return Outgoing(self.prefix + channel, payload, channel.retain, readings)

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
        self.tally.connected += 1
        self.hooks.stirred(self)

    def _on_disconnect(self, reason: str) -> None:
        if self.connected:
            self._note(f"connection ended: {reason}")
            self.tally.connected -= 1
        self.connected = self.connecting = False
        self.broken = True
        self.hooks.stirred(self)

    def _on_publish(self, mid: int) -> None:
        message = self._in_flight.pop(mid, None)
        if message is not None:
            self.tally.messages += 1
            self.tally.readings += message.readings
            self.tally.waiting -= 1
        if self._queue or self.restarts:
            self.hooks.stirred(self)

    def _on_message(self, message: MQTTMessage) -> None:
        # Retained: an old order, for nobody.
        if not message.retain:
            self.commands.append(bytes(message.payload))
            self.hooks.told(self)

    def _note(self, trouble: str) -> None:
        self.tally.last_trouble = f"{self.device.id}: {trouble}"
        _LOG.debug("%s", self.tally.last_trouble)
