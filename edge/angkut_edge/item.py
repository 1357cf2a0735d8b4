"""What is spooled, and what upstream calls it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from angkut_broker.messages import Event, ReadingName, Refused, Telemetry

#: Devices are spread over so many lanes; a lane waits for its confirmation before it goes on.
LANES = 4
#: What a gateway could not read goes by a way of its own and delays no reading.
REFUSED_LANE = LANES


class ItemKind(StrEnum):
    """What is spooled."""

    READING = "reading"
    EVENT = "event"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on its way upstream."""

    item_id: int
    kind: ItemKind
    name: "Name"
    payload: bytes


@dataclass(frozen=True, slots=True)
class Name:
    """What upstream calls it when it is stored."""

    kind: ItemKind
    device: str
    #: Microseconds since 1970.
    t_us: int
    seq: int
    event: str = ""

    @classmethod
    def of(cls, thing: Telemetry | Event | Refused) -> "Name":
        """Return the name of what is to be spooled."""
        match thing:
            case Event():
                kind, event = ItemKind.EVENT, thing.kind.value
            case Refused():
                kind, event = ItemKind.REFUSED, ""
            case _:
                kind, event = ItemKind.READING, ""
        return cls(kind, thing.id, microseconds(thing.t), thing.seq, event)

    @classmethod
    def confirmed(cls, name: ReadingName, *, gateway: str) -> "Name":
        """Return what a name on the `stored` channel means to this gateway."""
        if name.kind is not None:
            kind, event = ItemKind.EVENT, name.kind.value
        else:
            # A gateway measures nothing itself.
            kind = ItemKind.REFUSED if name.id == gateway else ItemKind.READING
            event = ""
        return cls(kind, name.id, microseconds(name.t), name.seq, event)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits."""

    #: By kind.
    counts: Mapping[ItemKind, int]
    oldest: datetime | None
    used_bytes: int

    @property
    def total(self) -> int:
        """All that waits."""
        return sum(self.counts.values())


def lane_of(name: Name) -> int:
    """Return the lane of a thing: always the same for all readings and events of a device."""
    # Not `hash`: that of a text differs from run to run.
    return REFUSED_LANE if name.kind is ItemKind.REFUSED else sum(name.device.encode()) % LANES


def microseconds(t: datetime) -> int:
    """Return a time as whole microseconds since 1970."""
    since = t - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
