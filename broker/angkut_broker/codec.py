"""Payload bytes to messages and back. Decoding never raises: what cannot be used is refused."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from angkut_broker.claims import EARLIEST, MAX_AHEAD, OF_GATEWAYS, check_claims, explain
from angkut_broker.decoded import Decoded, refused
from angkut_broker.errors import Reason, Refusal, TopicError
from angkut_broker.messages import (
    MAX_PAYLOAD_BYTES,
    Ack,
    Event,
    Health,
    Message,
    Meta,
    Refused,
    Status,
    Telemetry,
)
from angkut_broker.reading import read_quickly
from angkut_broker.telemetry import decode_fully
from angkut_broker.topics import Channel, Kind, Topic, is_id

_MODELS: dict[Channel, type[Message]] = {
    Channel.EVENT: Event,
    Channel.META: Meta,
    Channel.ACK: Ack,
    Channel.REFUSED: Refused,
    Channel.HEALTH: Health,
}
_BATCH = TypeAdapter(list[Telemetry])


def encode(message: Message | Status | Sequence[Telemetry]) -> bytes:
    """Return the payload for a message or a batch of readings, without empty fields."""
    if isinstance(message, Status):
        return message.value.encode()
    if isinstance(message, Message):
        return message.model_dump_json(exclude_none=True).encode()
    return _BATCH.dump_json(list(message), exclude_none=True)


def decode(topic: str, payload: bytes, *, now: datetime) -> Decoded:
    """Read one MQTT message.

    Parameters
    ----------
    now
        Time of arrival, aware; bounds the times that a device may claim.

    """
    try:
        parsed = Topic.parse(topic)
    except TopicError as exc:
        return Decoded(None, refusal=Refusal(Reason.BAD_TOPIC, str(exc)))
    if len(payload) > MAX_PAYLOAD_BYTES:
        return refused(
            parsed,
            Reason.PAYLOAD_TOO_LARGE,
            f"{len(payload)} bytes; the limit is {MAX_PAYLOAD_BYTES}. Send smaller batches.",
        )
    channel = parsed.channel
    if channel is Channel.TELEMETRY:
        return _decode_telemetry(parsed, payload, now)
    match channel:
        case Channel.STATUS:
            return _decode_status(parsed, payload)
        case Channel.CMD | Channel.STORED:
            detail = f"{parsed.channel} is not published by a device"
            return refused(parsed, Reason.BAD_TOPIC, detail)
        case _:
            return _decode_single(parsed, payload, now)


def _decode_single(topic: Topic, payload: bytes, now: datetime) -> Decoded:
    if topic.channel in OF_GATEWAYS and topic.kind is not Kind.GATEWAY:
        detail = f"{topic.channel} is for gateways; this is a {topic.kind}"
        return refused(topic, Reason.BAD_TOPIC, detail)
    try:
        message = _MODELS[topic.channel].model_validate_json(payload)
    except ValidationError as exc:
        return Decoded(topic, refusal=explain(exc, payload))
    refusal = check_claims(topic, message, now)
    ignored = len(message.model_extra or ())
    if refusal:
        unusable = (message,) if isinstance(message, Event) else ()
        return Decoded(topic, refusal=refusal, refused=unusable, ignored=ignored)
    return Decoded(topic, message=message, ignored=ignored)


def _decode_status(topic: Topic, payload: bytes) -> Decoded:
    text = payload.decode(errors="replace")
    if text in set(Status):
        return Decoded(topic, message=Status(text))
    return refused(
        topic,
        Reason.INVALID_FIELD,
        f"status is {text[:40]!r}; it must be the bare word online or offline",
    )


def _decode_telemetry(topic: Topic, payload: bytes, now: datetime) -> Decoded:
    is_batch = not payload.startswith(b"{") and payload.lstrip().startswith(b"[")
    readings = read_quickly(payload, is_batch=is_batch)
    if readings is None:
        return decode_fully(topic, payload, now, is_batch=is_batch)
    latest = now + MAX_AHEAD
    own = None if topic.kind is Kind.GATEWAY else topic.device_id
    for one in readings:
        # As `check_claims`, which explains.
        may_speak = one.id == own if own else is_id(one.id)
        if not (may_speak and EARLIEST <= one.t <= latest):
            return decode_fully(topic, payload, now, is_batch=is_batch)
    return Decoded(topic, readings)
