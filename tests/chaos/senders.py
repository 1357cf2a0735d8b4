"""Senders under fault: with memory and end-to-end confirmation, and plain ones."""

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from angkut_broker.codec import encode
from angkut_broker.messages import Meta, Stored, Telemetry
from angkut_broker.session import BrokerAddress

#: A reading: its device and the device's counter.
Name = tuple[str, int]
#: In the registry of the tests every device but this one exists.
STRANGER = "stranger"
#: Each so manieth message cannot be stored and must end as a dead letter.
BAD_EVERY = 20
_FIRST_AT = datetime(2026, 2, 1, tzinfo=UTC)


def reading(device: str, seq: int) -> Telemetry:
    """Return a reading whose time and distance follow from its number."""
    return Telemetry(
        v=1,
        id=device,
        seq=seq,
        t=_FIRST_AT + timedelta(seconds=seq),
        d_mm=[distance_mm(seq)],
        bat_mv=3600,
    )


def distance_mm(seq: int) -> int:
    """Return the distance that the reading of this number says."""
    return 300 + seq % 800


@dataclass
class Tally:
    """What a sender sent, and what should become of it."""

    #: Readings that must be stored.
    to_store: set[Name] = field(default_factory=set)
    #: Payloads that must be kept aside.
    to_refuse: set[bytes] = field(default_factory=set)
    #: Messages that were sent once more because nobody confirmed them in time.
    sent_again: int = 0


class _Thread(ABC):
    """A sender's connection and thread."""

    def __init__(self, broker: BrokerAddress, topic: str, *, per_s: float) -> None:
        self.tally = Tally()
        self.topic = topic
        self._broker = broker
        self._pause_s = 1 / per_s
        self._finishing = threading.Event()
        self._leaving = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"sender-{broker.username}")
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311, client_id=f"test-{broker.username}"
        )
        self._client.username_pw_set(broker.username, broker.password)
        self._client.max_inflight_messages_set(200)
        self._client.reconnect_delay_set(1, 1)

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def finish(self) -> None:
        """Send nothing new from now on."""
        self._finishing.set()

    def _run(self) -> None:
        number = 0
        try:
            while not self._leaving.wait(self._pause_s):
                if not self._finishing.is_set() and self._may_go_on():
                    number += 1
                    self._send_new(number)
                self._look_back()
        except Exception as exc:  # noqa: BLE001 - the main thread reports it
            self.failure = exc

    def _may_go_on(self) -> bool:
        return True

    @abstractmethod
    def _send_new(self, number: int) -> None:
        """Send the message of this number."""

    @abstractmethod
    def _look_back(self) -> None:
        """Send again what is due."""


class PlainSender(_Thread):
    """A sensor without memory: it trusts the broker's PUBACK."""

    def __init__(self, broker: BrokerAddress, topic: str, *, per_s: float) -> None:
        super().__init__(broker, topic, per_s=per_s)
        #: Messages handed to the network.
        self.sent = 0
        self._acknowledged = 0
        self._client.on_publish = self._on_publish

    @property
    def waiting(self) -> int:
        """How many messages the broker has not acknowledged; paho sends them again."""
        return self.sent - self._acknowledged

    def _on_publish(self, *_: object) -> None:
        self._acknowledged += 1

    def _send_new(self, number: int) -> None:
        device = self._broker.username
        if number % BAD_EVERY == 0:
            payload = json.dumps({"v": 1, "id": device, "number": number}).encode()
            self.tally.to_refuse.add(payload)
        else:
            payload = encode(reading(device, number))
            self.tally.to_store.add((device, number))
        self.sent += 1
        self._client.publish(self.topic, payload, qos=1)

    def _look_back(self) -> None:
        """Leave it to paho."""


@dataclass(slots=True)
class _Held:
    payload: bytes
    again_at: float
    names: set[Name]


class ConfirmedSender(_Thread):
    """A gateway or a device with memory: it forgets only what `stored` names."""

    def __init__(
        self,
        broker: BrokerAddress,
        topic: str,
        *,
        devices: Sequence[str],
        per_s: float,
        readings_per_message: int,
        patience_s: float = 3,
        memory: int = 2000,
    ) -> None:
        super().__init__(broker, topic, per_s=per_s)
        self._devices = devices
        self._per_message = readings_per_message
        self._patience_s = patience_s
        self._memory = memory
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}
        self._where: dict[Name, int] = {}
        #: Readings that a confirmation called stored, and refused.
        self.called_stored: set[Name] = set()
        self.called_refused: set[Name] = set()
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    @property
    def waiting(self) -> int:
        """How many messages hold a reading that nobody confirmed."""
        with self._lock:
            return len(self._held)

    def ask_for_confirmation(self) -> None:
        """Say once in `meta` what a device says that wants to be told; gateways are told anyway."""
        meta = Meta(v=1, id=self._broker.username, confirm=True)
        self._client.publish(
            self.topic.replace("/telemetry", "/meta"), encode(meta), 1, retain=True
        )

    def _may_go_on(self) -> bool:
        return self.waiting < self._memory

    def _send_new(self, number: int) -> None:
        readings = self._readings(number)
        names = {(one.id, one.seq) for one in readings}
        payload = encode(readings if len(readings) > 1 else readings[0])
        if readings[0].id == STRANGER:
            self.tally.to_refuse.add(payload)
        else:
            self.tally.to_store |= names
        with self._lock:
            self._held[number] = _Held(payload, time.monotonic() + self._patience_s, names)
            self._where |= dict.fromkeys(names, number)
        self._client.publish(self.topic, payload, qos=1)

    def _readings(self, number: int) -> list[Telemetry]:
        if len(self._devices) > 1 and number % BAD_EVERY == 0:
            return [reading(STRANGER, number)]
        device = self._devices[number % len(self._devices)]
        first = number * self._per_message
        return [reading(device, first + index) for index in range(self._per_message)]

    def _look_back(self) -> None:
        if not self._client.is_connected():
            return
        now = time.monotonic()
        with self._lock:
            due = [held for held in self._held.values() if held.again_at < now]
            for held in due:
                held.again_at = now + self._patience_s
        for held in due:
            self.tally.sent_again += 1
            self._client.publish(self.topic, held.payload, qos=1)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(self.topic.replace("/telemetry", "/stored"), qos=1)

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        said = Stored.model_validate_json(message.payload)
        stored = {(name.id, name.seq) for name in said.stored}
        refused = {(name.id, name.seq) for name in said.refused}
        with self._lock:
            self.called_stored |= stored
            self.called_refused |= refused
            for name in stored | refused:
                number = self._where.pop(name, None)
                if number is None:
                    continue  # named before: a copy
                self._held[number].names.discard(name)
                if not self._held[number].names:
                    del self._held[number]
