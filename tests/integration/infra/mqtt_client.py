"""A plain MQTT client for tests: connects, publishes, collects."""

import threading
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from parts.waiting import PATIENCE_S, wait_until


class RefusedError(Exception):
    """The broker refused the connection."""


class Client:
    """One connection; leaves the broker at the end of its block."""

    def __init__(
        self,
        port: int,
        username: str | None,
        password: str = "",
        *,
        client_id: str = "",
        clean_session: bool = True,
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.connections = 0
        self.disconnections = 0
        self._sent: list[mqtt.MQTTMessageInfo] = []
        self._answered = threading.Event()
        self._refusal: str | None = None
        self._subscribed = threading.Event()
        self._paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean_session
        )
        self._port = port
        if username is not None:
            self._paho.username_pw_set(username, password)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message
        self._paho.on_subscribe = self._on_subscribe

    def __enter__(self) -> Self:
        self._paho.connect("127.0.0.1", self._port)
        self._paho.loop_start()
        answered = self._answered.wait(PATIENCE_S)
        if self._refusal or not answered:
            self.__exit__(None, None, None)
            raise RefusedError(self._refusal or "no answer")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()
        # Not left to the garbage collector, which warns of open sockets.
        self._paho._reset_sockets()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the broker's acknowledgement."""
        info = self._paho.publish(topic, payload, qos=1, retain=retain)
        wait_until(info.is_published, what=f"the acknowledgement of {topic}")

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 without waiting."""
        self._sent.append(self._paho.publish(topic, payload, qos=1))

    def nothing_waits(self) -> bool:
        """Whether the broker acknowledged all that was sent."""
        return all(info.is_published() for info in self._sent)

    def subscribe(self, topic: str) -> None:
        """Subscribe and wait for the answer, whatever it is."""
        self._subscribed.clear()
        self._paho.subscribe(topic, qos=1)
        assert self._subscribed.wait(PATIENCE_S)

    def _on_connect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.connections += 1
        self._refusal = str(reason) if reason.is_failure else None
        self._answered.set()

    def _on_disconnect(self, *_: object) -> None:
        self.disconnections += 1

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscribed.set()
