"""Topics of the wire contract: `angkut/v1/{city}/{area}/{kind}/{device_id}/{channel}`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self

from angkut_broker.errors import TopicError

ROOT = "angkut"
VERSION = "v1"

#: Lower case, no separator of MQTT (`/ + #`) or of NATS (`. * >`), so that one name is one
#: topic level on every broker. 64 characters hold an EUI-64, an IMEI and a printed bin code.
ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_AREA = re.compile(r"[0-9]{4,10}")
_ID = re.compile(ID_PATTERN.strip("^$"))


@lru_cache(maxsize=65_536)
def is_id(text: str) -> bool:
    """Tell whether this can be the id of a device."""
    return _ID.fullmatch(text) is not None


class Kind(StrEnum):
    """What a device hangs on."""

    BIN = "bin"
    TRUCK = "truck"
    GATEWAY = "gateway"


class Channel(StrEnum):
    """What a topic carries, and how it must be published."""

    TELEMETRY = "telemetry"
    EVENT = "event"
    STATUS = "status"
    META = "meta"
    CMD = "cmd"
    ACK = "ack"
    STORED = "stored"
    REFUSED = "refused"
    HEALTH = "health"

    @property
    def qos(self) -> int:
        """Every channel is delivered at least once."""
        return 1

    @property
    def retain(self) -> bool:
        """Whether a late subscriber must see the last message."""
        return self in {Channel.STATUS, Channel.META}

    @property
    def from_device(self) -> bool:
        """Whether the device publishes it; the others are published by the server side."""
        return self not in {Channel.CMD, Channel.STORED}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. Making one checks it, so a `Topic` is always valid.

    Raises
    ------
    TopicError
        Names the level that is wrong and what it must look like.

    """

    #: City as one word: `bekasi`.
    city: str
    #: Kemendagri code without dots: `327501`.
    area: str
    kind: Kind
    device_id: str
    channel: Channel

    def __post_init__(self) -> None:
        for level, pattern, remedy in (
            ("city", _SLUG, "lower-case letters, digits and hyphens, 32 at most"),
            ("area", _AREA, "a Kemendagri code without dots, such as 327501"),
            ("device_id", _ID, "lower-case letters, digits, - and _, 64 at most"),
        ):
            value = getattr(self, level)
            if not pattern.fullmatch(value):
                raise TopicError(f"{level} is {value!r}; it must be {remedy}")

    @classmethod
    # A fleet publishes on the same few thousand topics all day; strangers' topics push each
    # other out.
    @lru_cache(maxsize=65_536)
    def parse(cls, text: str) -> Self:
        """Read a topic as it came from the broker."""
        levels = text.split("/")
        if len(levels) != 7 or levels[0] != ROOT or levels[1] != VERSION:
            raise TopicError(
                f"{text[:200]!r} is not {ROOT}/{VERSION}/{{city}}/{{area}}/{{kind}}"
                "/{device_id}/{channel}"
            )
        _, _, city, area, kind, device_id, channel = levels
        if kind not in set(Kind):
            raise TopicError(f"kind is {kind!r}; it must be one of {', '.join(Kind)}")
        if channel not in set(Channel):
            raise TopicError(f"channel is {channel!r}; it must be one of {', '.join(Channel)}")
        return cls(city, area, Kind(kind), device_id, Channel(channel))

    def __str__(self) -> str:
        return (
            f"{ROOT}/{VERSION}/{self.city}/{self.area}/{self.kind}/{self.device_id}/{self.channel}"
        )


def topic_filter(channel: Channel, *, device_id: str = "+") -> str:
    """Return the MQTT filter for a channel of one device, or of all of them.

    `device_id` may be a broker's own place-holder, such as Mosquitto's `%u`.
    """
    return f"{ROOT}/{VERSION}/+/+/+/{device_id}/{channel}"


#: What ingest listens to.
INGEST_CHANNELS = tuple(channel for channel in Channel if channel.from_device)
