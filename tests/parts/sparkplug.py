"""Sparkplug B payloads, byte by byte: what a real edge node would send."""

import struct
from datetime import datetime


def payload(at: datetime, *metrics: bytes) -> bytes:
    """Return a payload of that time."""
    return number(1, milliseconds(at)) + b"".join(metrics) + number(3, 1)


def metric(
    name: str | None = None,
    *,
    alias: int | None = None,
    at: datetime | None = None,
    datatype: int | None = None,
    integer: int | None = None,
    real: float | None = None,
    more: bytes = b"",
) -> bytes:
    """Return one metric, without what is not given."""
    out = b"" if name is None else block(1, name.encode())
    out += b"" if alias is None else number(2, alias)
    out += b"" if at is None else number(3, milliseconds(at))
    out += b"" if datatype is None else number(4, datatype)
    out += more
    out += b"" if integer is None else number(10, integer)
    out += b"" if real is None else varint(12 << 3 | 5) + struct.pack("<f", real)
    return block(2, out)


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(name: int, value: int) -> bytes:
    return varint(name << 3) + varint(value)


def block(name: int, value: bytes) -> bytes:
    return varint(name << 3 | 2) + varint(len(value)) + value
