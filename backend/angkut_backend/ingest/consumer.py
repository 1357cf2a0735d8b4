"""The MQTT side of ingest: a persistent session, manual acknowledgement, in order."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from angkut_backend.errors import NotConfiguredError
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.intake import Intake
from angkut_backend.ingest.mqtt_client import MqttClient
from angkut_backend.ingest.mqtt_packets import Delivery
from angkut_backend.settings import Settings
from angkut_broker.session import BrokerAddress, ingest_client_id, ingest_filters

#: From so many readings on, making columns of them costs hardly more than the readings do.
_MANY = 300


class Consumer:
    """Decodes what arrives into `intake`, in a thread of its own, and acknowledges when told."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        if settings.mqtt_password is None:
            raise NotConfiguredError(
                "no password for the broker: set ANGKUT_MQTT_PASSWORD or mqtt_password, "
                "or start the embedded stack with `angkut up`"
            )
        self.intake = Intake(
            batch_rows=settings.ingest_batch_size, wait_s=settings.ingest_batch_wait_ms / 1000
        )
        self._clock = clock
        self._client = MqttClient(
            BrokerAddress(
                settings.mqtt_host,
                settings.mqtt_port,
                settings.mqtt_username,
                settings.mqtt_password.get_secret_value(),
                tls=settings.mqtt_tls,
                ca_file=settings.mqtt_ca_file,
            ),
            client_id=ingest_client_id(settings.ingest_worker),
            filters=ingest_filters(settings.ingest_share_group),
            receive=self._receive,
            is_full=lambda: self.intake.is_full,
            clock=clock,
            rng=rng,
        )

    @property
    def away_since(self) -> datetime | None:
        """Since when the session at the broker is down; `None` while it is up."""
        return self._client.away_since

    @property
    def alive(self) -> bool:
        """Whether somebody looks after the connection."""
        return self._client.alive

    def start(self) -> None:
        """Connect in the background; keeps trying until `stop`."""
        self._client.start()

    def stop(self) -> None:
        """Leave the broker; the session stays there and collects what comes meanwhile."""
        self._client.stop()

    def acknowledge(self, messages: Iterable[Received]) -> None:
        """Confirm stored messages, in the order in which they came."""
        for generation, of_connection in groupby(messages, key=attrgetter("generation")):
            # What came with QoS 0 has no identifier and wants no answer.
            numbers = [message.mid for message in of_connection if message.mid]
            self._client.acknowledge(numbers, generation)

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send what senders want to hear. One that is lost is asked for again by its sender."""
        self._client.publish(messages)

    def _receive(self, deliveries: Sequence[Delivery], generation: int) -> None:
        now = self._clock()
        part = Batch.of(
            Received(generation, mid, topic.decode(errors="replace"), payload, now, again)
            for topic, payload, mid, again in deliveries
        )
        # Here it is done while the database works; few are made columns with others, later.
        if part.readings_n >= _MANY:
            part.settle()
        self.intake.put(part)
