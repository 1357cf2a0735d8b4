"""What decoding gives."""

from collections.abc import Sequence

from msgspec import Struct

from angkut_broker.errors import Reason, Refusal
from angkut_broker.messages import Event, Message, Status
from angkut_broker.reading import Reading
from angkut_broker.topics import Topic


# A Struct, because one is made a message: a frozen dataclass costs a microsecond more.
class Decoded(Struct, frozen=True):
    """What one MQTT message holds: something to store, something refused, or both."""

    topic: Topic | None
    #: Usable readings of a telemetry message, in the order sent.
    readings: Sequence[Reading] = ()
    #: The message of any other channel.
    message: Message | Status | None = None
    #: Set when the message, or a part of a batch, cannot be used.
    refusal: Refusal | None = None
    #: Readings or the event that the refusal speaks of, where they could be read: their sender
    #: need not send them again.
    refused: Sequence[Reading | Event] = ()
    #: Unknown fields, and unknown codes in `faults`, that were ignored.
    ignored: int = 0


def refused(topic: Topic, reason: Reason, detail: str) -> Decoded:
    """Return what comes of a message of which nothing can be used."""
    return Decoded(topic, refusal=Refusal(reason, detail))
