"""One lasting MQTT session, held by a thread of its own: reads, acknowledges, comes back."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime

from angkut_backend.ingest import mqtt_packets as packets
from angkut_backend.ingest.mqtt_outbox import LAST_NUMBER, Outbox
from angkut_backend.ingest.mqtt_packets import Control, Delivery, Kind, MalformedPacketError
from angkut_backend.ingest.mqtt_talk import KEEPALIVE_S, Talk
from angkut_backend.ingest.mqtt_wire import Bell, Wire, open_socket
from angkut_broker.errors import AngkutError
from angkut_broker.session import BrokerAddress

log = logging.getLogger("angkut.ingest")

#: The longest wait before the broker is tried again, seconds.
_RETRY_MAX_S = 30
#: A connection that lasted so long was a good one: the next try comes soon.
_LASTED_S = 5.0
#: No wait is longer, whoever forgot to ring the bell.
_TICK_S = 1.0
#: After a read that found little the network rests so long, so that the next one finds many
#: messages: under load a wake-up costs as much as some ten messages.
_PAUSE_S = 0.001
_SUBSCRIBE_NUMBER = LAST_NUMBER + 1
#: How long `stop` waits for the broker to have heard all acknowledgements, seconds.
_FAREWELL_S = 2.0

#: CONNACK's return codes (3.2.2.3) and what to do about them.
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1: check mqtt_host and mqtt_port",
    2: "it does not take the client id: check ingest_worker",
    3: "it is not available at the moment",
    4: "wrong user name or password: check mqtt_username and mqtt_password",
    5: "this user is not allowed: check mqtt_username, mqtt_password and the broker's access list",
}


class RefusedError(AngkutError):
    """The broker refuses ingest."""


class MqttClient:
    """Holds the session of `client_id` at a broker.

    What arrives goes to `receive`, in the network thread, with the number of the connection it
    came over, which an acknowledgement must name.
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
        self._outbox = Outbox()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
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

    def acknowledge(self, numbers: Sequence[int], generation: int) -> None:
        """Send PUBACKs, in this order, if the connection is still the one they came over."""
        self._outbox.acknowledge(numbers, generation)
        # Also when there is nothing to send: there may be room to read again.
        self._bell.ring()

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send with QoS 1, as long as there is room; what is dropped must be asked for again."""
        self._outbox.publish(messages)
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
            self._outbox.lose()
            self.away_since = self.away_since or self._clock()
            failures = 1 if time.monotonic() - began_s > _LASTED_S else failures + 1
            # Jittered, so that workers that lost the broker together spread their return.
            delay_s = min(_RETRY_MAX_S, 0.5 * 2 ** min(failures, 10))
            self._stopping.wait(self._rng.uniform(0.5, 1) * delay_s)

    def _hold_connection(self) -> None:
        with closing(Wire(open_socket(self._broker), self._bell)) as wire:
            talk = Talk(wire)
            talk.send(
                packets.connect(
                    client_id=self._client_id,
                    username=self._broker.username,
                    password=self._broker.password,
                    keepalive_s=KEEPALIVE_S,
                ),
                expect=Kind.CONNACK,
            )
            while not self._stopping.is_set():
                if talk.accepted:
                    talk.send(self._outbox.take())
                self._exchange(talk)
            self._take_leave(talk)

    def _exchange(self, talk: Talk) -> None:
        """Wait for something to happen and handle it."""
        reading = not self._is_full()
        talk.keep_alive(reading=reading)
        if not talk.wire.wait(_TICK_S, reading=reading):
            return
        deliveries, controls = talk.receive()
        for control in controls:
            self._handle(control, talk)
        if deliveries:
            if not talk.accepted:
                raise MalformedPacketError("a message before the CONNACK")
            self._take_in(deliveries)
            if talk.wire.found_little:
                time.sleep(_PAUSE_S)

    def _take_in(self, deliveries: list[Delivery]) -> None:
        for position in self._outbox.received([delivery[2] for delivery in deliveries]):
            topic, payload, _, again = deliveries[position]
            # Stored like all, but the acknowledgement of the first one serves both.
            deliveries[position] = topic, payload, 0, again
        self._receive(deliveries, self._outbox.generation)

    def _handle(self, control: Control, talk: Talk) -> None:
        match control.kind:
            case Kind.CONNACK:
                self._greet(control, talk)
            case Kind.SUBACK:
                self._subscribed(control)
            case Kind.PUBACK:
                self._outbox.arrived(control.number())
            case Kind.PINGRESP:
                pass

    def _greet(self, connack: Control, talk: Talk) -> None:
        flags, code = connack.body
        if code:
            raise RefusedError(_REFUSALS.get(code, f"CONNACK with return code {code}"))
        if talk.accepted:
            raise MalformedPacketError("a second CONNACK")
        talk.accepted = True
        kept = bool(flags & 1)
        log.info("connected to %s (%s session)", self._broker, "kept" if kept else "new")
        # Always, not only without a session: subscribing twice is harmless, and a broker that
        # forgot the session would otherwise drop everything from here on.
        talk.send(packets.subscribe(_SUBSCRIBE_NUMBER, self._filters), expect=Kind.SUBACK)
        talk.send(self._outbox.take_again(session_kept=kept))

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

    def _take_leave(self, talk: Talk) -> None:
        """Send what is left to be acknowledged, say goodbye, wait until the broker hangs up.

        It does so when it has read all of that. Of one whose connection was just closed it may let
        the next one with this client id in before, and then not hear of the acknowledgements.
        """
        if talk.accepted:
            talk.send(self._outbox.take())
        talk.send(packets.disconnect())
        deadline_s = time.monotonic() + _FAREWELL_S
        with suppress(OSError):
            while (left_s := deadline_s - time.monotonic()) > 0:
                if talk.wire.wait(left_s, reading=True):
                    # What comes now is not acknowledged, and comes again.
                    talk.wire.receive()
