"""What is known of one connection: where the stream stands, and which answers are awaited."""

import time
from collections.abc import Callable

from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_packets import Control, Delivery, Kind
from angkut_backend.ingest.mqtt_wire import Wire

KEEPALIVE_S = 30
#: Silence in either direction after which a PINGREQ asks whether the other side is there.
_PING_AFTER_S = KEEPALIVE_S / 2
#: How long the broker may take for any answer: CONNACK, SUBACK, PINGRESP.
_ANSWER_S = 15.0


class Talk:
    """A conversation over one wire."""

    def __init__(self, wire: Wire, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.wire = wire
        self._monotonic = monotonic
        #: The broker has accepted us.
        self.accepted = False
        self._parser = packets.Parser()
        #: Answer to the latest time at which it must have come, monotonic seconds.
        self._awaited: dict[Kind, float] = {}
        self._sent_s = self._heard_s = self._monotonic()

    def send(self, data: bytes, *, expect: Kind | None = None) -> None:
        """Send packets, the last of which may want an answer."""
        if not data:
            return
        self.wire.send(data)
        self._sent_s = self._monotonic()
        if expect:
            self._awaited[expect] = self._sent_s + _ANSWER_S

    def receive(self) -> tuple[list[Delivery], list[Control]]:
        """Return what has arrived.

        Raises
        ------
        OSError
            The connection is over.
        MalformedPacketError
            The broker does not speak MQTT 3.1.1.
        """
        data = self.wire.receive()
        if data:
            self._heard_s = self._monotonic()
        deliveries, controls = self._parser.feed(data)
        for control in controls:
            self._awaited.pop(control.kind, None)
        return deliveries, controls

    def keep_alive(self, *, reading: bool) -> None:
        """Ask whether the other side is there; notice when it is not.

        Raises
        ------
        TimeoutError
            An answer is overdue.
        """
        now_s = self._monotonic()
        if not reading:
            # The answer may lie among what is not read at the moment.
            self._awaited = dict.fromkeys(self._awaited, now_s + _ANSWER_S)
        for kind, until_s in self._awaited.items():
            # While messages come, the answer may be behind them.
            if now_s > max(until_s, self._heard_s + _ANSWER_S):
                raise TimeoutError(f"no {kind.name} for {_ANSWER_S:g} s")
        quiet_s = now_s - min(self._sent_s, self._heard_s)
        if self.accepted and Kind.PINGRESP not in self._awaited and quiet_s > _PING_AFTER_S:
            self.send(packets.pingreq(), expect=Kind.PINGRESP)
