"""MQTT 3.1.1 on the wire, as much of it as a consumer needs: bytes in, bytes out, no socket.

Chapter and packet names are those of the OASIS standard "MQTT Version 3.1.1".
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from angkut_broker.errors import AngkutError

#: A topic, a payload, the packet identifier to acknowledge (0: QoS 0, wants no answer), and whether
#: the broker has sent it before (DUP, 3.3.1.1).
Delivery = tuple[bytes, bytes, int, bool]

#: A larger message is cut to this length: its head tells enough to refuse it by the contract,
#: whose payloads are smaller, and to acknowledge it, or the broker would bring it forever.
KEPT_BYTES = 256 * 1024
_PUBLISH = 0x30
_PUBACK_HEAD = 0x4002


class MalformedPacketError(AngkutError):
    """The broker sent what is not MQTT 3.1.1."""


class Kind(IntEnum):
    """Control packets that a broker sends to a consumer."""

    CONNACK = 0x20
    PUBACK = 0x40
    SUBACK = 0x90
    PINGRESP = 0xD0


@dataclass(frozen=True, slots=True)
class Control:
    """A packet that is no message."""

    kind: Kind
    body: bytes

    def number(self) -> int:
        """Return the packet identifier of a PUBACK or SUBACK."""
        return int.from_bytes(self.body[:2], "big")


#: Length of the bodies that have one; a SUBACK has two bytes and one for each filter.
_BODY_BYTES = {Kind.CONNACK: 2, Kind.PUBACK: 2, Kind.PINGRESP: 0}


class Parser:
    """Cuts a stream into packets, however it is split into pieces."""

    def __init__(self) -> None:
        self._rest = b""
        #: Bytes still to come, and to be dropped, of a message that is too long.
        self._skip = 0

    def feed(self, data: bytes) -> tuple[list[Delivery], list[Control]]:
        """Return the messages and the other packets that are complete now.

        Raises
        ------
        MalformedPacketError
            The stream cannot be understood from here on.
        """
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        data = self._rest + data if self._rest else data
        deliveries: list[Delivery] = []
        controls: list[Control] = []
        start, end = 0, len(data)
        while end - start >= 2:
            first, length, body = data[start], data[start + 1], start + 2
            if length & 0x80:
                length, body = _remaining_length(data, start + 1)
                if length < 0:
                    break
            stop = body + length
            if stop <= end and first & 0xF0 == _PUBLISH and length <= KEPT_BYTES:
                deliveries.append(_message(data, first, body, stop))
                start = stop
                continue
            kept = min(length, KEPT_BYTES)
            if body + kept > end:
                break
            if first & 0xF0 == _PUBLISH:
                deliveries.append(_message(data, first, body, body + kept))
                start = min(body + length, end)
                self._skip = body + length - start
            else:
                controls.append(_control(first, data[body : body + kept]))
                start = body + length
        self._rest = data[start:]
        return deliveries, controls


def _remaining_length(data: bytes, at: int) -> tuple[int, int]:
    """Return a length (2.2.3) and where the body begins; a length of -1: bytes are missing."""
    if len(data) > at + 1 and data[at + 1] < 0x80:  # most messages
        return data[at] & 0x7F | data[at + 1] << 7, at + 2
    length = shift = 0
    for byte in data[at : at + 4]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length, at + shift // 7
    if len(data) >= at + 4:
        raise MalformedPacketError("a length of more than four bytes")
    return -1, at


def _message(data: bytes, first: int, body: int, stop: int) -> Delivery:
    """Read a PUBLISH (3.3), whose body reaches from `body` to `stop`."""
    topic = body + 2
    if topic > stop:
        raise MalformedPacketError("a PUBLISH without a head")
    topic_end = topic + (data[body] << 8 | data[body + 1])
    payload = topic_end + 2 if first & 0x06 else topic_end
    if payload > stop:
        raise MalformedPacketError("a PUBLISH that ends within its head")
    number = 0
    if first & 0x06:
        number = data[topic_end] << 8 | data[topic_end + 1]
        if number == 0 or first & 0x04:
            raise MalformedPacketError(_bad_publish(first))
    return data[topic:topic_end], data[payload:stop], number, first & 0x08 != 0


def _bad_publish(first: int) -> str:
    if first & 0x04:
        return f"a PUBLISH with QoS {first >> 1 & 3}, which was not asked for"
    return "a PUBLISH without an identifier"


def _control(first: int, body: bytes) -> Control:
    try:
        kind = Kind(first)
    except ValueError:
        raise MalformedPacketError(f"a packet that begins with {first:#04x}") from None
    expected = _BODY_BYTES.get(kind)
    if len(body) != expected if expected is not None else len(body) < 3:
        raise MalformedPacketError(f"a {kind.name} with {len(body)} bytes")
    return Control(kind, body)


def connect(*, client_id: str, username: str, password: str, keepalive_s: int) -> bytes:
    """Return a CONNECT that asks for a lasting session."""
    # User name and password given, clean session not set (3.1.2).
    head = _text("MQTT") + bytes([4, 0b1100_0000]) + keepalive_s.to_bytes(2, "big")
    return _packet(0x10, head + _text(client_id) + _text(username) + _text(password))


def subscribe(number: int, filters: Iterable[tuple[str, int]]) -> bytes:
    """Return a SUBSCRIBE to filters with their QoS."""
    body = b"".join(_text(topic) + bytes([qos]) for topic, qos in filters)
    return _packet(0x82, number.to_bytes(2, "big") + body)


def publish(number: int, topic: str, payload: bytes, *, again: bool) -> bytes:
    """Return a PUBLISH with QoS 1; `again` marks one that was sent before."""
    first = _PUBLISH | 0x02 | (0x08 if again else 0)
    return _packet(first, _text(topic) + number.to_bytes(2, "big") + payload)


def pubacks(numbers: Sequence[int]) -> bytes:
    """Return one PUBACK for each packet identifier, in this order."""
    words = [_PUBACK_HEAD] * (2 * len(numbers))
    words[1::2] = numbers
    return struct.pack(f"!{len(words)}H", *words)


def pingreq() -> bytes:
    """Return a PINGREQ."""
    return b"\xc0\x00"


def disconnect() -> bytes:
    """Return a DISCONNECT."""
    return b"\xe0\x00"


def _packet(first: int, body: bytes) -> bytes:
    length = bytearray([first])
    left = len(body)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return bytes(length) + body


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded
