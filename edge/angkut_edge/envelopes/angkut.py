"""Angkut's own messages: devices that speak the wire contract to a local broker."""

from datetime import datetime
from typing import Literal

from msgspec.structs import asdict

from angkut_broker.codec import decode
from angkut_broker.messages import Ack, Event, Meta, Telemetry
from angkut_broker.topics import Channel, Topic, topic_filter
from angkut_edge.envelopes.base import Envelope
from angkut_edge.uplink import Answer, Downlink, Opened, Stage


class Angkut(Envelope):
    """A local broker with devices that need no decoding."""

    kind: Literal["angkut"] = "angkut"

    @property
    def filters(self) -> tuple[str, ...]:
        channels = (Channel.TELEMETRY, Channel.EVENT, Channel.META, Channel.STATUS, Channel.ACK)
        return tuple(topic_filter(channel) for channel in channels)

    def open(self, topic: str, payload: bytes, *, now: datetime) -> Opened:
        decoded = decode(topic, payload, now=now)
        refusals = (decoded.refusal,) if decoded.refusal else ()
        name = decoded.topic
        if name is None:
            return Opened(refusals=refusals)
        message = decoded.message
        return Opened(
            readings=tuple(Telemetry.model_validate(asdict(one)) for one in decoded.readings),
            events=(message,) if isinstance(message, Event) else (),
            metas=(message,) if isinstance(message, Meta) else (),
            answers=(_answer(message),) if isinstance(message, Ack) else (),
            refusals=refusals,
            device=name.device_id,
            route=str(Topic(name.city, name.area, name.kind, name.device_id, Channel.CMD)),
            ignored="status" if name.channel is Channel.STATUS else None,
        )

    def downlink(self, route: str, device: str, downlink: Downlink, ref: str) -> tuple[str, bytes]:  # noqa: ARG002 - the command names itself
        """Return the command as it is: `downlink.payload` is a `Command` of the wire contract."""
        return route, downlink.payload


def _answer(ack: Ack) -> Answer:
    return Answer(ack.cmd_id, ack.id, Stage.DELIVERED if ack.ok else Stage.FAILED, ack.detail)
