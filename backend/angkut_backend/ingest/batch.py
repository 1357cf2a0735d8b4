"""Messages as they came from the broker, decoded and lined up for one transaction."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from angkut_backend.ingest.ready import Ready
from angkut_backend.ingest.told import Told
from angkut_broker.codec import decode
from angkut_broker.decoded import Decoded
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Ack, Event, Health, Meta, Refused, Status
from angkut_broker.reading import Reading
from angkut_broker.topics import Kind, Topic

log = logging.getLogger("angkut.ingest")


# A Struct, because one is made a message: a frozen dataclass costs a microsecond more. Nothing in
# it can lead back to it, so the collector of cycles need not look at it.
class Received(Struct, frozen=True, gc=False):
    """One MQTT message, not yet acknowledged."""

    #: Connection it came over: an acknowledgement is good for that connection only.
    generation: int
    #: Packet identifier to acknowledge.
    mid: int
    topic: str
    payload: bytes
    received_at: datetime
    #: The broker has sent it before, and heard no acknowledgement.
    again: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is kept aside, with the reason."""

    source: Received
    refusal: Refusal


#: Readings of one device that came together in one message.
Run = tuple[Received, str, Sequence[Reading]]


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    sources: list[Received] = field(default_factory=list)
    #: Readings as columns, and those that came after them as they were decoded: runs of one
    #: device and message.
    told: list[Told] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    #: How many readings these are.
    readings_n: int = 0
    #: The same as they are copied, if somebody had the time.
    ready: Ready | None = None
    events: list[tuple[Received, Event]] = field(default_factory=list)
    #: Last word of each device.
    statuses: dict[str, tuple[Received, Status]] = field(default_factory=dict)
    metas: dict[str, tuple[Received, Meta]] = field(default_factory=dict)
    acks: list[tuple[Received, Ack]] = field(default_factory=list)
    #: Last word of each gateway.
    healths: dict[str, tuple[Received, Health]] = field(default_factory=dict)
    #: What gateways could not read, each once however often it was sent.
    unread: dict[bytes, tuple[Received, Refused]] = field(default_factory=dict)
    #: Readings and events that could be read, but are among the dead letters.
    refused: list[tuple[Received, Reading | Event]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    ignored_fields: int = 0
    payload_bytes: int = 0

    @classmethod
    def of(cls, sources: Iterable[Received]) -> "Batch":
        """Decode some messages into one batch."""
        batch = cls()
        for source in sources:
            batch.add(source)
        return batch

    def add(self, source: Received) -> None:
        """Decode one message and line up what it holds."""
        decoded = _decoded(source)
        self.sources.append(source)
        self.payload_bytes += len(source.payload)
        self.ignored_fields += decoded.ignored
        if decoded.refusal is not None:
            self.dead_letters.append(DeadLetter(source, decoded.refusal))
        # Asked one by one: most messages are telemetry, and of it this is all that is done.
        if decoded.readings and decoded.topic is not None:
            self.add_readings(source, decoded.topic, decoded.readings)
        if decoded.refused:
            self.refused += [(source, thing) for thing in decoded.refused]
        if decoded.message is not None:
            self._add_message(source, decoded)

    def add_readings(self, source: Received, topic: Topic, readings: Sequence[Reading]) -> None:
        """Line up the readings of one message."""
        self.readings_n += len(readings)
        if topic.kind is Kind.GATEWAY:
            self.runs += [(source, reading.id, (reading,)) for reading in readings]
        else:  # a device speaks only for itself
            self.runs.append((source, topic.device_id, readings))

    def settle(self) -> None:
        """Turn the readings that came last into columns, too."""
        if self.runs:
            self.told.append(Told.of(self.runs))
            self.runs = []

    def readings(self) -> Told:
        """Return all readings as columns."""
        self.settle()
        if len(self.told) != 1:
            self.told = [Told.joined(self.told)]
        return self.told[0]

    def _add_message(self, source: Received, decoded: Decoded) -> None:
        match decoded.message:
            case Event() as event:
                self.events.append((source, event))
            case Status() as status if decoded.topic is not None:
                self.statuses[decoded.topic.device_id] = (source, status)
            case Meta() as meta:
                self.metas[meta.id] = (source, meta)
            case Ack() as ack:
                self.acks.append((source, ack))
            case Health() as health:
                self.healths[health.id] = (source, health)
            case Refused() as refused:
                self._add_unread(source, refused)
            case _:
                pass

    def _add_unread(self, source: Received, refused: Refused) -> None:
        if source.payload in self.unread:
            return
        self.unread[source.payload] = (source, refused)
        is_known = refused.reason in set(Reason)
        reason = Reason(refused.reason) if is_known else Reason.INVALID_FIELD
        self.dead_letters.append(DeadLetter(source, Refusal(reason, refused.detail)))

    def routes(self) -> dict[str, str | None]:
        """Return which gateway described each device; `None`: it did so itself."""
        topics = {device: Topic.parse(source.topic) for device, (source, _) in self.metas.items()}
        return {
            device: topic.device_id if topic.device_id != device else None
            for device, topic in topics.items()
        }

    def extend(self, later: "Batch") -> None:
        """Add what came later."""
        self.sources += later.sources
        if later.told:
            self.settle()  # first what came first
        self.told += later.told
        self.runs += later.runs
        self.readings_n += later.readings_n
        self.events += later.events
        self.statuses |= later.statuses
        self.metas |= later.metas
        self.acks += later.acks
        self.healths |= later.healths
        known = {id(later.unread[payload][0]) for payload in self.unread.keys() & later.unread}
        self.dead_letters += [one for one in later.dead_letters if id(one.source) not in known]
        self.unread = later.unread | self.unread
        self.refused += later.refused
        self.ignored_fields += later.ignored_fields
        self.payload_bytes += later.payload_bytes

    def rows(self) -> int:
        """Return a measure of the work: rows that the database will see."""
        return max(self.readings_n, len(self.sources))

    def refuse_all(self, detail: str) -> None:
        """Give up on the content: keep every message aside as rejected by the database."""
        self.told, self.runs, self.readings_n, self.ready = [], [], 0, None
        self.events, self.statuses, self.metas = [], {}, {}
        self.acks, self.healths, self.unread, self.refused = [], {}, {}, []
        self.dead_letters = [
            DeadLetter(source, Refusal(Reason.REJECTED_BY_DATABASE, detail))
            for source in self.sources
        ]


def _decoded(source: Received) -> Decoded:
    try:
        return decode(source.topic, source.payload, now=source.received_at)
    except Exception as exc:
        # A fault of ours. Without this one message would keep all others from the database: it
        # would come again after every restart.
        log.exception("cannot decode a message on %r", source.topic)
        detail = f"Angkut failed on this message, please report it: {exc!r}"
        return Decoded(None, refusal=Refusal(Reason.INVALID_FIELD, detail))


def as_float(value: float | None) -> float | None:
    """Make a whole number a float."""
    # psycopg refuses a list that mixes int and float.
    return None if value is None else float(value)
