"""One lasting MQTT session, held by a thread of its own: reads, acknowledges, comes back."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import datetime

from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_packets import Control, Delivery, Kind, MalformedPacketError
from angkut_backend.ingest.mqtt_wire import Bell, Wire, open_socket
from angkut_broker.errors import AngkutError
from angkut_broker.session import BrokerAddress

log = logging.getLogger("angkut.ingest")

_KEEPALIVE_S = 30
#: Silence in either direction after which a PINGREQ asks whether the other side is there.
_PING_AFTER_S = _KEEPALIVE_S / 2
#: How long the broker may take for any answer: CONNACK, SUBACK, PINGRESP.
_ANSWER_S = 15.0
#: The longest wait before the broker is tried again, seconds.
_RETRY_MAX_S = 30
#: A connection that lasted so long was a good one: the next try comes soon.
_LASTED_S = 5.0
#: No wait is longer, whoever forgot to ring the bell.
_TICK_S = 1.0
#: Under load the next look at the network comes so much later, and finds many messages at once:
#: a wake-up costs as much as some ten messages.
_PAUSE_S = 0.001
#: Publications that may wait for their PUBACK, and that may wait to be sent; more are dropped.
_WINDOW = 100
_WAITING_BOUND = 5_000
_SUBSCRIBE_NUMBER = 0xFFFF
#: How long `stop` waits for acknowledgements to leave, seconds.
_FAREWELL_S = 2.0

#: CONNACK's return codes (3.2.2.3) and what to do about them.
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1: check mqtt_host and mqtt_port",
    2: "it does not take the client id: check ingest_worker",
    3: "it is not available at the moment",
    4: "wrong user name or password: check mqtt_username and mqtt_password",
    5: "this user is not allowed: check mqtt_username and the broker's access list",
}


class RefusedError(AngkutError):
    """The broker refuses ingest."""


class MqttClient:
    """Holds the session of `client_id` at a broker.

    What arrives goes to `receive`, in the network thread, with the number of the connection it
    came over. An acknowledgement is good for that connection only: packet identifiers are used
    again on the next one, where a late one could confirm a message that was never stored.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        *,
        client_id: str,
        filters: Sequence[tuple[str, int]],
        receive: Callable[[Sequence[Delivery], int], None],
        is_full: Callable[[], bool],
        clock: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._filters = filters
        self._receive = receive
        #: While it says so nothing is read: the network and then the broker hold the rest.
        self._is_full = is_full
        self._clock = clock
        self._rng = rng
        self._bell = Bell()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._lock = threading.Lock()
        self._generation = 0
        self._acks: list[int] = []
        self._waiting: deque[tuple[str, bytes]] = deque()
        #: Sent, not yet acknowledged; only the network thread looks here.
        self._in_flight: dict[int, tuple[str, bytes]] = {}
        self._last_number = 0
        #: Since when the session is down; `None` while messages can arrive.
        self.away_since: datetime | None = clock()

    @property
    def alive(self) -> bool:
        """Whether somebody looks after the connection."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Connect in the background; keeps trying until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the broker; the session stays there and collects what comes meanwhile."""
        self._stopping.set()
        self._bell.ring()
        self._thread.join()
        self._bell.close()

    def acknowledge(self, numbers: Iterable[int], generation: int) -> None:
        """Send PUBACKs, in this order, if the connection is still the one they came over."""
        with self._lock:
            if generation == self._generation:
                self._acks += numbers
        # Also when there is nothing to send: there may be room to read again.
        self._bell.ring()

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send with QoS 1, as long as there is room; what is dropped must be asked for again."""
        with self._lock:
            for message in messages:
                if len(self._waiting) < _WAITING_BOUND:
                    self._waiting.append(message)
        self._bell.ring()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began_s = time.monotonic()
            try:
                self._hold_connection()
            except RefusedError as exc:
                log.error("%s refuses ingest: %s", self._broker, exc)  # noqa: TRY400 - no trace
            except (OSError, MalformedPacketError) as exc:
                log.warning("%s: %s; trying again", self._broker, exc)
            except Exception:
                # A thread that dies here would leave a process that looks well and does nothing.
                log.exception("the reader of %s failed; trying again", self._broker)
            self._lose()
            failures = 1 if time.monotonic() - began_s > _LASTED_S else failures + 1
            # Jittered, so that workers that lost the broker together spread their return.
            delay_s = min(_RETRY_MAX_S, 0.5 * 2 ** min(failures, 10))
            self._stopping.wait(self._rng.uniform(0.5, 1) * delay_s)

    def _lose(self) -> None:
        with self._lock:
            self._generation += 1
            self._acks.clear()
        self.away_since = self.away_since or self._clock()

    def _hold_connection(self) -> None:
        with closing(Wire(open_socket(self._broker), self._bell)) as wire:
            talk = _Talk(wire)
            wire.send(
                packets.connect(
                    client_id=self._client_id,
                    username=self._broker.username,
                    password=self._broker.password,
                    keepalive_s=_KEEPALIVE_S,
                )
            )
            talk.expect(Kind.CONNACK)
            while not self._stopping.is_set():
                self._send_what_waits(talk)
                self._exchange(talk)
            self._take_leave(talk)

    def _exchange(self, talk: "_Talk") -> None:
        """Wait for something to happen and handle it."""
        reading = not self._is_full()
        talk.keep_alive(reading=reading)
        if not talk.wire.wait(_TICK_S, reading=reading):
            return
        deliveries, controls = talk.receive()
        for control in controls:
            self._handle(control, talk)
        if deliveries:
            if not talk.open:
                raise MalformedPacketError("a message before the CONNACK")
            self._receive(deliveries, self._generation)
            time.sleep(_PAUSE_S)

    def _handle(self, control: Control, talk: "_Talk") -> None:
        talk.answered(control.kind)
        match control.kind:
            case Kind.CONNACK:
                self._greet(control, talk)
            case Kind.SUBACK:
                self._subscribed(control)
            case Kind.PUBACK:
                self._in_flight.pop(control.number(), None)
            case Kind.PINGRESP:
                pass

    def _greet(self, connack: Control, talk: "_Talk") -> None:
        flags, code = connack.body
        if code:
            raise RefusedError(_REFUSALS.get(code, f"CONNACK with return code {code}"))
        if talk.open:
            raise MalformedPacketError("a second CONNACK")
        talk.open = True
        kept = bool(flags & 1)
        log.info("connected to %s (%s session)", self._broker, "kept" if kept else "new")
        # Always, not only without a session: subscribing twice is harmless, and a broker that
        # forgot the session would otherwise drop everything from here on.
        talk.wire.send(packets.subscribe(_SUBSCRIBE_NUMBER, self._filters))
        talk.expect(Kind.SUBACK)
        for number, (topic, payload) in self._in_flight.items():
            talk.wire.send(packets.publish(number, topic, payload, again=kept))

    def _subscribed(self, suback: Control) -> None:
        codes = suback.body[2:]
        if len(codes) != len(self._filters):
            raise MalformedPacketError(f"a SUBACK of {len(codes)} for {len(self._filters)} filters")
        refused = [
            topic for (topic, _), code in zip(self._filters, codes, strict=True) if code & 0x80
        ]
        if refused:
            raise RefusedError(
                f"user {self._broker.username!r} may not subscribe to {', '.join(refused)}: "
                "check the broker's access list"
            )
        self.away_since = None

    def _send_what_waits(self, talk: "_Talk") -> None:
        if not talk.open:
            return
        with self._lock:
            acks, self._acks = self._acks, []
            room = max(0, _WINDOW - len(self._in_flight))
            messages = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        out = [packets.pubacks(acks)] if acks else []
        for topic, payload in messages:
            number = self._next_number()
            self._in_flight[number] = topic, payload
            out.append(packets.publish(number, topic, payload, again=False))
        if out:
            talk.send(b"".join(out))

    def _next_number(self) -> int:
        number = self._last_number
        while True:
            number = number % (_SUBSCRIBE_NUMBER - 1) + 1
            if number not in self._in_flight:
                self._last_number = number
                return number

    def _take_leave(self, talk: "_Talk") -> None:
        """Send what is left to be acknowledged and say goodbye."""
        self._send_what_waits(talk)
        talk.send(packets.disconnect())
        deadline_s = time.monotonic() + _FAREWELL_S
        while talk.wire.unsent_bytes and time.monotonic() < deadline_s:
            talk.wire.wait(deadline_s - time.monotonic(), reading=False)


class _Talk:
    """What is known of one connection: the parser's state, and answers that are awaited."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        #: The broker has accepted us.
        self.open = False
        self._parser = packets.Parser()
        #: Answer to the latest time at which it must have come, monotonic seconds.
        self._awaited: dict[Kind, float] = {}
        self._sent_s = self._heard_s = time.monotonic()

    def send(self, data: bytes) -> None:
        self.wire.send(data)
        self._sent_s = time.monotonic()

    def receive(self) -> tuple[list[Delivery], list[Control]]:
        data = self.wire.receive()
        self._heard_s = time.monotonic()
        return self._parser.feed(data)

    def expect(self, answer: Kind) -> None:
        self._awaited[answer] = time.monotonic() + _ANSWER_S

    def answered(self, answer: Kind) -> None:
        self._awaited.pop(answer, None)

    def keep_alive(self, *, reading: bool) -> None:
        """Ask whether the other side is there; notice when it is not.

        Raises
        ------
        TimeoutError
            An answer is overdue.
        """
        now_s = time.monotonic()
        if not reading:
            # An answer may lie among what is not read now.
            self._awaited = dict.fromkeys(self._awaited, now_s + _ANSWER_S)
        late = [kind.name for kind, until_s in self._awaited.items() if now_s > until_s]
        if late and now_s - self._heard_s > _ANSWER_S:
            raise TimeoutError(f"no {late[0]} for {_ANSWER_S:g} s")
        if (
            self.open
            and Kind.PINGRESP not in self._awaited
            and now_s - min(self._sent_s, self._heard_s) > _PING_AFTER_S
        ):
            self.send(packets.pingreq())
            self.expect(Kind.PINGRESP)
