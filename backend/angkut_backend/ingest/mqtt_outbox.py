"""What goes out to the broker: acknowledgements in order, and publications with a window."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from angkut_backend.ingest import mqtt_packets as packets

#: Publications that may wait for their PUBACK, and that may wait to be sent; more are dropped.
_WINDOW = 100
_WAITING_BOUND = 5_000
#: Packet identifiers of publications: 1 to this one.
LAST_NUMBER = 0xFFFE


class Outbox:
    """Filled by any thread, emptied by the one that holds the connection.

    An acknowledgement is good for the connection over which its message came: packet identifiers
    are used again on the next one, where a late one could confirm a message that was never
    stored. Connections are told apart by their number, the generation.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._lock = threading.Lock()
        self._acks: list[int] = []
        #: What came over this connection and is not acknowledged yet.
        self._open: set[int] = set()
        self._waiting: deque[tuple[str, bytes]] = deque()
        #: Sent, no PUBACK yet; only the connection's thread looks here.
        self._in_flight: dict[int, tuple[str, bytes]] = {}
        self._last_number = 0

    def acknowledge(self, numbers: Sequence[int], generation: int) -> None:
        """Line up PUBACKs, in this order, unless the connection is another one by now."""
        with self._lock:
            if generation == self.generation:
                self._acks += numbers
                self._open.difference_update(numbers)

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Line up publications, as long as there is room; what is dropped is asked for again."""
        with self._lock:
            for message in messages:
                if len(self._waiting) < _WAITING_BOUND:
                    self._waiting.append(message)

    def received(self, numbers: Sequence[int]) -> Sequence[int]:
        """Note what arrived; return the positions of what is here for the second time.

        A broker may bring a message again over the same connection (NATS does so). Acknowledging
        it twice could confirm another message, to which the identifier was given in between.
        """
        with self._lock:
            if len(set(numbers)) == len(numbers) and self._open.isdisjoint(numbers):
                self._open.update(numbers)
                self._open.discard(0)  # QoS 0
                return ()
            again = []
            for position, number in enumerate(numbers):
                if number in self._open:
                    again.append(position)
                elif number:  # 0: QoS 0
                    self._open.add(number)
            return again

    def lose(self) -> None:
        """The connection is gone: what was to be acknowledged over it will come again."""
        with self._lock:
            self.generation += 1
            self._acks.clear()
            self._open.clear()

    def take(self) -> bytes:
        """Return the packets that can be sent now."""
        with self._lock:
            acks, self._acks = self._acks, []
            room = min(_WINDOW - len(self._in_flight), len(self._waiting))
            messages = [self._waiting.popleft() for _ in range(room)]
        out = [packets.pubacks(acks)]
        for topic, payload in messages:
            number = self._next_number()
            self._in_flight[number] = topic, payload
            out.append(packets.publish(number, topic, payload, again=False))
        return b"".join(out)

    def take_again(self, *, session_kept: bool) -> bytes:
        """Return the publications that the last connection left without an answer (4.4)."""
        return b"".join(
            packets.publish(number, topic, payload, again=session_kept)
            for number, (topic, payload) in self._in_flight.items()
        )

    def arrived(self, number: int) -> None:
        """The broker has a publication."""
        self._in_flight.pop(number, None)

    def _next_number(self) -> int:
        while True:
            self._last_number = self._last_number % LAST_NUMBER + 1
            if self._last_number not in self._in_flight:
                return self._last_number
