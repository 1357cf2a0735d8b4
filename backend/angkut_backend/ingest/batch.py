"""Messages as they came from the broker, decoded and lined up for one transaction."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from angkut_broker.codec import Decoded, decode
from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Ack, Event, Health, Meta, Refused, Status
from angkut_broker.reading import Reading
from angkut_broker.topics import Topic

log = logging.getLogger("angkut.ingest")


# A Struct, because one is made a message: a frozen dataclass costs a microsecond more.
class Received(Struct, frozen=True):
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


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    sources: list[Received] = field(default_factory=list)
    readings: list[tuple[Received, Reading]] = field(default_factory=list)
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
        self.readings += [(source, reading) for reading in decoded.readings]
        self.refused += [(source, thing) for thing in decoded.refused]
        # Asked first: what kind of message it is costs more than reading telemetry.
        if decoded.message is not None:
            self._add_message(source, decoded)

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
        self.readings += later.readings
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
        return max(len(self.readings), len(self.sources))

    def refuse_all(self, detail: str) -> None:
        """Give up on the content: keep every message aside as rejected by the database."""
        self.readings, self.events, self.statuses, self.metas = [], [], {}, {}
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
