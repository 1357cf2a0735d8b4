"""A day of many devices, in the words of a ChirpStack network server."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

#: Seconds between two readings of a device.
INTERVAL_S = 1800
PER_DAY = 86_400 // INTERVAL_S
_APPLICATION = "17c82e96-be03-4f38-aef3-f83d48582d97"


def names(n: int) -> list[str]:
    """Return ids of devices."""
    return [f"24e124713d{number:06x}" for number in range(n)]


def distance_mm(device: str, seq: int) -> int:
    """Return what a device measures, so that every reading can be told from the others."""
    return 250 + (int(device[-6:], 16) * 37 + seq * 11) % 900


def uplink(device: str, seq: int, t: datetime | None) -> tuple[str, bytes]:
    """Return topic and payload of one uplink; without `t` the server does not say when it came."""
    frame = bytes([0x01, 0x75, 92, 0x03, 0x82, *distance_mm(device, seq).to_bytes(2, "little")])
    body = {
        "deviceInfo": {"devEui": device, "deviceProfileName": "EM310-UDL"},
        "fCnt": seq,
        "fPort": 85,
        "data": base64.b64encode(frame).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -109, "snr": 4.5}],
    }
    if t is not None:
        body["time"] = t.isoformat()
    return f"application/{_APPLICATION}/device/{device}/event/up", json.dumps(body).encode()


def day(devices: list[str], timeless: set[str], end: datetime) -> Iterator[tuple[str, bytes]]:
    """Return all uplinks of the day before `end`, in the order in which they come."""
    for seq in range(PER_DAY):
        t = end - timedelta(seconds=INTERVAL_S * (PER_DAY - seq))
        for number, device in enumerate(devices):
            at = None if device in timeless else t + timedelta(seconds=number)
            yield uplink(device, seq, at)
