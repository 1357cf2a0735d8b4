"""A small MQTT 3.1.1 publisher for load: QoS 1, a window, packets made before the clock starts.

Run as a process of its own: `python publisher.py` with a JSON job on standard input. It prints
`ready` when everything is prepared, starts at a line on its standard input, and prints the
seconds from the first packet to the last acknowledgement.
"""

import json
import socket
import struct
import sys
import time
from datetime import UTC, datetime

_PUBACK = 0x40
_IDS = 65_000  # packet identifiers are used again after so many messages


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    with socket.create_connection((job["host"], job["port"])) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(_connect(job["client_id"]))
        answer = sock.recv(4)
        if answer != b"\x20\x02\x00\x00":
            raise SystemExit(f"the broker refuses: {answer!r}")
        if job["per_s"]:
            print("ready", flush=True)
            sys.stdin.readline()
            began_s = time.monotonic()
            _pace(sock, job)
        else:
            packets = [
                _publish(number, _topic(job, number), _batch(job, number))
                for number in range(job["first"], job["first"] + job["messages"])
            ]
            print("ready", flush=True)
            sys.stdin.readline()
            began_s = time.monotonic()
            _flood(sock, packets, job["window"])
        print(time.monotonic() - began_s, flush=True)
        sock.sendall(b"\xe0\x00")


def device(job: dict[str, int], number: int) -> int:
    """Return the number of the device that sends this message."""
    if job["probe_every"]:
        # Device 0 is watched; the others are the load.
        return 0 if number % job["probe_every"] == 0 else 1 + number % (job["devices"] - 1)
    return number % job["devices"]


def _topic(job: dict[str, int], number: int) -> bytes:
    return b"angkut/v1/bekasi/327501/bin/bench-%05d/telemetry" % device(job, number)


def _batch(job: dict[str, int], number: int) -> bytes:
    size = job["readings"]
    # Each time of a device is used once; the newest is some minutes old.
    first_s = job["base_s"] + (number // job["devices"]) * size
    if size == 1:
        return _reading(job, number, number, first_s)
    parts = (_reading(job, number, number * size + index, first_s + index) for index in range(size))
    return b"[" + b",".join(parts) + b"]"


def _reading(job: dict[str, int], number: int, seq: int, at_s: float) -> bytes:
    at = datetime.fromtimestamp(at_s, UTC).isoformat().encode()
    return (
        b'{"v":1,"id":"bench-%05d","seq":%d,"t":"%s","d_mm":[%d],"bat_mv":%d,"temp_c":%.1f,'
        b'"rssi_dbm":-109}'
        % (device(job, number), seq, at, 300 + seq % 800, 3400 + seq % 200, 25 + seq % 100 / 10)
    )


def _flood(sock: socket.socket, packets: list[bytes], window: int) -> None:
    sent = acknowledged = 0
    while acknowledged < len(packets):
        until = min(len(packets), acknowledged + window)
        if sent < until:
            sock.sendall(b"".join(packets[sent:until]))
            sent = until
        acknowledged += _acknowledgements(sock)


def _pace(sock: socket.socket, job: dict[str, int]) -> None:
    """Send at a rate; the time in a reading is the time at which it leaves."""
    began_s = time.monotonic()
    acknowledged = 0
    sock.settimeout(0)
    for index in range(job["messages"]):
        number = job["first"] + index
        wait_s = began_s + index / job["per_s"] - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        payload = _reading(job, number, number, time.time())
        sock.settimeout(None)
        sock.sendall(_publish(number, _topic(job, number), payload))
        sock.settimeout(0)
        try:
            acknowledged += _acknowledgements(sock)
        except BlockingIOError:
            continue
    sock.settimeout(None)
    while acknowledged < job["messages"]:
        acknowledged += _acknowledgements(sock)


_rest = b""


def _acknowledgements(sock: socket.socket) -> int:
    """Count the PUBACKs that are here; wait for the first one."""
    global _rest  # noqa: PLW0603 - one connection a process
    piece = sock.recv(65_536)
    if not piece:
        raise SystemExit("the broker closed the connection")
    _rest += piece
    whole = len(_rest) // 4
    if any(byte != _PUBACK for byte in _rest[: whole * 4 : 4]):
        raise SystemExit("the broker sent something else than PUBACK")
    _rest = _rest[whole * 4 :]
    return whole


def _connect(client_id: str) -> bytes:
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(name)) + name
    return b"\x10" + _length(len(body)) + body


def _publish(number: int, topic: bytes, payload: bytes) -> bytes:
    head = struct.pack("!H", len(topic)) + topic + struct.pack("!H", 1 + number % _IDS)
    return b"\x32" + _length(len(head) + len(payload)) + head + payload


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | 0x80 if value else low)
        if not value:
            return bytes(out)


if __name__ == "__main__":
    main()
