"""The part of protobuf's wire form that a Sparkplug B payload needs, and that payload.

Written here and not generated: five field types of one small, frozen message are less than the
runtime library that generated code asks for. Field numbers by the Sparkplug specification,
chapter 6 (Payloads), section "Google Protocol Buffer Schema".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from angkut_edge.uplink import EnvelopeError

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_MAX_METRICS = 5_000

#: Types whose value is a number of so many bits with a sign, sent as one without.
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
#: Value of the property `Quality`, if it is not good.
GOOD, STALE = 192, 500


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; None is "not said"."""

    name: str | None = None
    alias: int | None = None
    #: Milliseconds since 1970.
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_null: bool = False
    value: int | float | bool | str | None = None
    quality: int = GOOD


@dataclass(frozen=True, slots=True)
class Payload:
    """One message."""

    timestamp_ms: int | None
    metrics: tuple[Metric, ...]


def payload(data: bytes) -> Payload:
    """Return the message in these bytes.

    Raises
    ------
    EnvelopeError
        When they are no protobuf, or of another message.

    """
    timestamp_ms, metrics = None, []
    for number, value in _fields(data):
        if number == 1:
            timestamp_ms = _integer(value)
        elif number == 2:
            metrics.append(_metric(_raw(value)))
            if len(metrics) > _MAX_METRICS:
                raise EnvelopeError(f"the payload has more than {_MAX_METRICS} metrics")
    return Payload(timestamp_ms, tuple(metrics))


def with_sign(value: int, datatype: int | None) -> int:
    """Return a number as its type means it: 0xffffffff is -1 as Int32."""
    bits = _SIGNED_BITS.get(datatype or 0)
    if bits is None:
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def rebirth(timestamp_ms: int) -> bytes:
    """Return the command `Node Control/Rebirth` = true."""
    name = b"Node Control/Rebirth"
    metric = b"\x0a" + _varint_bytes(len(name)) + name
    metric += b"\x18" + _varint_bytes(timestamp_ms) + b"\x20\x0b" + b"\x70\x01"
    return b"\x08" + _varint_bytes(timestamp_ms) + b"\x12" + _varint_bytes(len(metric)) + metric


_Value = int | bytes


def _metric(data: bytes) -> Metric:
    found: dict[int, _Value] = dict(_fields(data))
    datatype = _optional(found, 4)
    value: int | float | bool | str | None = None
    if 10 in found or 11 in found:
        raw = _integer(found[10] if 10 in found else found[11])
        value = with_sign(raw, datatype)
    elif 12 in found:
        (value,) = struct.unpack("<f", _raw(found[12], 4))
    elif 13 in found:
        (value,) = struct.unpack("<d", _raw(found[13], 8))
    elif 14 in found:
        value = bool(_integer(found[14]))
    elif 15 in found:
        value = _text(found[15])
    return Metric(
        name=_text(found[1]) if 1 in found else None,
        alias=_optional(found, 2),
        timestamp_ms=_optional(found, 3),
        datatype=datatype,
        is_historical=bool(_optional(found, 5)),
        is_null=bool(_optional(found, 7)),
        value=value,
        quality=_quality(_raw(found[9])) if 9 in found else GOOD,
    )


def _quality(data: bytes) -> int:
    """Return the property `Quality` of a property set: keys and values, side by side."""
    keys: list[str] = []
    values: list[dict[int, _Value]] = []
    for number, value in _fields(data):
        if number == 1:
            keys.append(_text(value))
        elif number == 2:
            values.append(dict(_fields(_raw(value))))
    for key, fields in zip(keys, values, strict=False):
        if key.lower() == "quality" and 3 in fields:
            return _integer(fields[3])
    return GOOD


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FOUR, _EIGHT}:
            size = 4 if wire == _FOUR else 8
        else:
            raise EnvelopeError(f"field {number} has wire type {wire}: this is no protobuf")
        if size > len(data) - at:
            raise EnvelopeError(f"field {number} ends after the end of the payload")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise EnvelopeError("a number has no end: this is no protobuf")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _varint_bytes(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _optional(found: dict[int, _Value], number: int) -> int | None:
    return _integer(found[number]) if number in found else None


def _integer(value: _Value) -> int:
    if isinstance(value, int):
        return value
    raise EnvelopeError("a number is written as bytes: this is not a Sparkplug payload")


def _raw(value: _Value, size: int | None = None) -> bytes:
    if isinstance(value, bytes) and size in {None, len(value)}:
        return value
    raise EnvelopeError("bytes are written as a number: this is not a Sparkplug payload")


def _text(value: _Value) -> str:
    return _raw(value).decode("utf-8", "replace")
