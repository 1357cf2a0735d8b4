"""Payload bytes to messages and back. Decoding never raises: what cannot be used is refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from angkut_broker.errors import Reason, Refusal, TopicError
from angkut_broker.messages import (
    MAX_BATCH,
    MAX_PAYLOAD_BYTES,
    Ack,
    Event,
    Fault,
    Health,
    Message,
    Meta,
    Refused,
    Status,
    Telemetry,
)
from angkut_broker.reading import Reading, read_quickly
from angkut_broker.topics import Channel, Kind, Topic, is_id

#: No Angkut device reported before this; an earlier time is a clock that was never set.
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
#: A device clock may run ahead by this much (DESIGN: trusted bounds of the observed time).
MAX_AHEAD = timedelta(minutes=5)

_MODELS: dict[Channel, type[Message]] = {
    Channel.EVENT: Event,
    Channel.META: Meta,
    Channel.ACK: Ack,
    Channel.REFUSED: Refused,
    Channel.HEALTH: Health,
}
#: Only a gateway speaks on these, and only of itself.
_OF_GATEWAYS = frozenset({Channel.REFUSED, Channel.HEALTH})
_FAULTS = frozenset(Fault)
_READING = TypeAdapter(Telemetry)
_BATCH = TypeAdapter(list[Telemetry])
_ITEMS = TypeAdapter(list[object])


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
        return _refused(
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
            return _refused(parsed, Reason.BAD_TOPIC, detail)
        case _:
            return _decode_single(parsed, payload, now)


def _decode_single(topic: Topic, payload: bytes, now: datetime) -> Decoded:
    if topic.channel in _OF_GATEWAYS and topic.kind is not Kind.GATEWAY:
        detail = f"{topic.channel} is for gateways; this is a {topic.kind}"
        return _refused(topic, Reason.BAD_TOPIC, detail)
    try:
        message = _MODELS[topic.channel].model_validate_json(payload)
    except ValidationError as exc:
        return Decoded(topic, refusal=_explain(exc, payload))
    refusal = _check_claims(topic, message, now)
    ignored = len(message.model_extra or ())
    if refusal:
        refused = (message,) if isinstance(message, Event) else ()
        return Decoded(topic, refusal=refusal, refused=refused, ignored=ignored)
    return Decoded(topic, message=message, ignored=ignored)


def _decode_status(topic: Topic, payload: bytes) -> Decoded:
    text = payload.decode(errors="replace")
    if text in set(Status):
        return Decoded(topic, message=Status(text))
    return _refused(
        topic,
        Reason.INVALID_FIELD,
        f"status is {text[:40]!r}; it must be the bare word online or offline",
    )


def _decode_telemetry(topic: Topic, payload: bytes, now: datetime) -> Decoded:
    is_batch = not payload.startswith(b"{") and payload.lstrip().startswith(b"[")
    readings = read_quickly(payload, is_batch=is_batch)
    if readings is None:
        return _decode_fully(topic, payload, now, is_batch=is_batch)
    latest = now + MAX_AHEAD
    own = None if topic.kind is Kind.GATEWAY else topic.device_id
    for one in readings:
        # As `_check_claims`, which explains.
        may_speak = one.id == own if own else is_id(one.id)
        if not (may_speak and EARLIEST <= one.t <= latest):
            return _decode_fully(topic, payload, now, is_batch=is_batch)
    return Decoded(topic, readings)


def _decode_fully(topic: Topic, payload: bytes, now: datetime, *, is_batch: bool) -> Decoded:
    """Read telemetry with an explanation of whatever is wrong."""
    refusal: Refusal | None = None
    try:
        readings = _BATCH.validate_json(payload) if is_batch else [_READING.validate_json(payload)]
    except ValidationError as exc:
        if not is_batch:
            return Decoded(topic, refusal=_explain(exc, payload))
        readings, refusal = _salvage(payload, exc)
    if is_batch and not readings and refusal is None:
        return _refused(topic, Reason.EMPTY_BATCH, "the array holds no reading")
    if len(readings) > MAX_BATCH:
        return _refused(
            topic,
            Reason.INVALID_FIELD,
            f"{len(readings)} readings in one batch; the limit is {MAX_BATCH}",
        )
    usable, refused = [], []
    for index, reading in enumerate(readings):
        wrong = _check_claims(topic, reading, now)
        if wrong is None:
            usable.append(_as_reading(reading))
            continue
        refused.append(_as_reading(reading))
        if refusal is None:
            where = f"[{index}] " if is_batch else ""
            refusal = Refusal(wrong.reason, where + wrong.detail)
    ignored = sum(map(_ignored, readings))
    return Decoded(topic, readings=usable, refusal=refusal, refused=refused, ignored=ignored)


def _as_reading(telemetry: Telemetry) -> Reading:
    return Reading(**{name: getattr(telemetry, name) for name in Reading.__struct_fields__})


def _ignored(reading: Telemetry) -> int:
    unknown = sum(fault not in _FAULTS for fault in reading.faults or ())
    return unknown + len(reading.model_extra or ())


def _salvage(payload: bytes, error: ValidationError) -> tuple[list[Telemetry], Refusal]:
    """Keep the good readings of a batch; the refusal names the first bad one."""
    refusal = _explain(error, payload)
    try:
        items = _ITEMS.validate_json(payload)
    except ValidationError:
        return [], refusal
    # Positions from the error list, and not item by item: strict JSON rules differ from
    # strict Python rules, so a parsed item cannot be validated again as it is.
    bad = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    good = [item for index, item in enumerate(items) if index not in bad]
    try:
        return _BATCH.validate_json(_ITEMS.dump_json(good)), refusal
    except ValidationError:
        return [], refusal


def _check_claims(topic: Topic, message: Message, now: datetime) -> Refusal | None:
    """Refuse a foreign id and a time that no working clock can give."""
    device_id: str | None = getattr(message, "id", None)
    for_others = topic.kind is Kind.GATEWAY and topic.channel not in _OF_GATEWAYS
    if not for_others and device_id != topic.device_id:
        return Refusal(
            Reason.ID_MISMATCH,
            f"id is {device_id!r} but the topic says {topic.device_id!r}; "
            "a device may speak only for itself",
        )
    # An unknown field may be called `t` too. What a gateway says of itself is kept whatever its
    # clock shows: that is worth knowing.
    if not isinstance(message, Telemetry | Event):
        return None
    observed = message.t
    if observed < EARLIEST:
        return Refusal(
            Reason.TIME_TOO_OLD,
            f"t is {observed.isoformat()}, before {EARLIEST.date()}: set the device's clock",
        )
    if observed > now + MAX_AHEAD:
        return Refusal(
            Reason.TIME_IN_FUTURE,
            f"t is {observed.isoformat()}, {observed - now} ahead of its arrival; "
            f"at most {MAX_AHEAD} is allowed: check the device's clock and time zone",
        )
    return None


#: pydantic's error types that have a reason of their own; all others are `invalid_field`.
_REASONS = {
    "json_invalid": Reason.NOT_JSON,
    "missing": Reason.MISSING_FIELD,
    "finite_number": Reason.NOT_FINITE,
}


def _explain(error: ValidationError, payload: bytes) -> Refusal:
    details = error.errors(include_url=False, include_context=False)
    first = details[0]
    reason = _reason(first, payload)
    where = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return Refusal(reason, f"{where or 'payload'}: {first['msg']}{more}"[:500])


def _reason(detail: ErrorDetails, payload: bytes) -> Reason:
    if detail["type"] == "json_invalid":
        try:
            payload.decode()
        except UnicodeDecodeError:
            return Reason.NOT_UTF8
        return Reason.NOT_JSON
    if detail["type"] != "missing" and detail["loc"][-1:] == ("v",):
        return Reason.WRONG_VERSION
    if isinstance(detail["input"], float) and detail["input"] - detail["input"] != 0:
        return Reason.NOT_FINITE
    return _REASONS.get(detail["type"], Reason.INVALID_FIELD)


def _refused(topic: Topic, reason: Reason, detail: str) -> Decoded:
    return Decoded(topic, refusal=Refusal(reason, detail))
