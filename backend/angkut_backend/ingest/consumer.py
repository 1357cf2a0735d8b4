"""The MQTT side of ingest: a persistent session, manual acknowledgement, in order."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from angkut_backend.errors import NotConfiguredError
from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.fast_client import FastClient
from angkut_backend.settings import Settings
from angkut_broker.session import ingest_client_id, ingest_filters
from angkut_broker.topics import Channel

log = logging.getLogger("angkut.ingest")

#: Messages that may wait in memory. The broker's window of unacknowledged messages is smaller
#: (1,000 as we configure it), so the bound is met only behind a broker without a window;
#: then the network thread waits here, and the broker keeps the rest.
_QUEUE_BOUND = 20_000
_KEEPALIVE_S = 30
#: Confirmations that may wait for the broker; more are dropped and asked for again.
_CONFIRMATIONS_BOUND = 5_000


class Consumer:
    """Receives messages into `inbox` and acknowledges them when told.

    An acknowledgement belongs to the connection over which the message came: packet
    identifiers are used again on the next one, so a late acknowledgement there could confirm
    a message that was never stored. Such ones are dropped; the broker sends the message again.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime]) -> None:
        if settings.mqtt_password is None:
            raise NotConfiguredError(
                "no password for the broker: set ANGKUT_MQTT_PASSWORD or mqtt_password, "
                "or start the embedded stack with `angkut up`"
            )
        self.inbox: queue.Queue[Received] = queue.Queue(_QUEUE_BOUND)
        self._clock = clock
        #: Since when the session at the broker is down; `None` while it is up.
        self.away_since: datetime | None = clock()
        self._generation = 0
        self._lock = threading.Lock()
        self._filters = ingest_filters(settings.ingest_share_group)
        self._address = (settings.mqtt_host, settings.mqtt_port)
        self._client = FastClient(
            CallbackAPIVersion.VERSION2,
            client_id=ingest_client_id(settings.ingest_worker),
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._client.username_pw_set(
            settings.mqtt_username, settings.mqtt_password.get_secret_value()
        )
        if settings.mqtt_tls:
            self._client.tls_set(str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None)
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.max_queued_messages_set(_CONFIRMATIONS_BOUND)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect in the background; keeps trying until `stop`."""
        self._client.connect_async(*self._address, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave the broker; the session stays there and collects what comes meanwhile."""
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, messages: Iterable[Received]) -> None:
        """Confirm stored messages, in the order in which they came."""
        with self._lock:
            self._client.acknowledge(
                message.mid
                for message in messages
                # What came with QoS 0 has no identifier and wants no answer.
                if message.generation == self._generation and message.mid
            )

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send what senders want to hear. One that is lost is asked for again by its sender."""
        for topic, payload in messages:
            self._client.publish(topic, payload, qos=Channel.STORED.qos)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.error("broker refuses ingest: %s; check mqtt_username and mqtt_password", reason)
            return
        # Always, not only without a session: subscribing twice is harmless, and a broker that
        # forgot the session would otherwise drop everything from here on.
        client.subscribe(self._filters)
        self.away_since = None
        log.info(
            "connected to the broker at %s:%s (%s session)",
            *self._address,
            "kept" if flags.session_present else "new",
        )

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            self._generation += 1
        self.away_since = self.away_since or self._clock()
        if reason.is_failure:
            log.warning("lost the broker: %s; trying again", reason)

    def _on_message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # paho decodes the topic on access; a broker should never let such a one through.
            topic = message._topic.decode(errors="replace")  # noqa: SLF001 - no public access
        received = Received(
            self._generation, message.mid, topic, bytes(message.payload), self._clock()
        )
        if message.qos == 0:
            log.debug("QoS 0 on %s: stored, but a loss would not be noticed", topic)
        while client.is_connected():
            try:
                return self.inbox.put(received, timeout=1)
            except queue.Full:
                log.warning("ingest is behind by %s messages; waiting", _QUEUE_BOUND)
        return None
