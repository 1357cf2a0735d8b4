"""paho-mqtt with fewer system calls: buffered reads, and many acknowledgements in one packet.

paho reads a message with five `recv` and one `select`, and sends each PUBACK by itself. A socket
that answers from a buffer and a read that goes on while the buffer holds data triple what one
process takes in. Two private names of paho are used (`_create_socket`, `_packet_queue`);
`tests/integration/backend/ingest/test_fast_client.py` fails when a new paho changes them.
"""

import socket
import struct
from collections.abc import Iterable
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

_BUFFER_BYTES = 64 * 1024
_PUBACK = 0x40


class _BufferedSocket:
    """A socket that reads ahead. paho asks `pending` before it waits for more."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = memoryview(b"")

    def recv(self, size: int) -> bytes:
        if not self._buffer:
            self._buffer = memoryview(self._sock.recv(_BUFFER_BYTES))
        taken = bytes(self._buffer[:size])
        self._buffer = self._buffer[size:]
        return taken

    def pending(self) -> int:
        below = getattr(self._sock, "pending", None)  # TLS reads ahead too
        return len(self._buffer) + (below() if below else 0)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the socket's
        return getattr(self._sock, name)


class FastClient(Client):
    """A paho client for a consumer of many small messages."""

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle every message that is already here."""
        result = super().loop_read(max_packets)
        while result == MQTTErrorCode.MQTT_ERR_SUCCESS and self._has_more():
            result = super().loop_read(max_packets)
        return result

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Confirm messages of QoS 1 in this order, with one write."""
        packets = b"".join(struct.pack("!BBH", _PUBACK, 2, mid) for mid in mids)
        if packets:
            self._packet_queue(_PUBACK, packets, 0, 1)

    def _has_more(self) -> bool:
        pending = getattr(self._sock, "pending", None)  # no socket: disconnected meanwhile
        return pending is not None and pending() > 0

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho wants what acts like a socket
        return _BufferedSocket(super()._create_socket())  # type: ignore[arg-type]
