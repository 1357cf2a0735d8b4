"""One uplink in each of the ways in which a gateway is told of it: 700 mm to the surface."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from parts import sparkplug

#: Sensor to the bottom, to the full line, and to the surface, mm: half full.
EMPTY_MM, FULL_MM, SURFACE_MM = 1200, 200, 700
#: Milesight EM310-UDL: battery 92 %, distance 0x02BC, upright.
_EM310 = bytes.fromhex("01755C0382BC02040000")
#: Dragino LDDS75: 3,331 mV, 0x02BC mm, no interrupt, no temperature probe, ultrasonic sensor there.
_LDDS75 = bytes.fromhex("0D0302BC00000001")


@dataclass(frozen=True)
class Case:
    """One way: the source's settings, and the message in it."""

    device: str
    envelope: Mapping[str, object]
    topic: str
    payload: bytes
    #: The device's model, where nothing in the message tells it.
    model: str | None = None


def cases(now: datetime) -> dict[str, Case]:
    """Return one case for each kind of envelope, by its name."""
    return {
        "angkut": _angkut(now),
        "chirpstack": _chirpstack(now),
        "json": _json(now),
        "milesight-gateway": _milesight_gateway(now),
        "raw": Case(
            "868508064807350",
            {"kind": "raw", "topic": "milesight/+/up", "device_level": 1, "encoding": "hex"},
            "milesight/868508064807350/up",
            _EM310.hex().encode(),
            model="em310-udl",
        ),
        "senml": _senml(now),
        "sparkplug": _sparkplug(now),
        "tts": _tts(now),
    }


def _body(values: Mapping[str, object] | Sequence[object]) -> bytes:
    return json.dumps(values).encode()


def _angkut(now: datetime) -> Case:
    device = "70b3d57ed0000001"
    reading = {"v": 1, "id": device, "seq": 5, "t": now.isoformat(), "d_mm": [SURFACE_MM]}
    topic = f"angkut/v1/bekasi/327501/bin/{device}/telemetry"
    return Case(device, {"kind": "angkut"}, topic, _body(reading))


def _chirpstack(now: datetime) -> Case:
    device = "24e124713d000001"
    application = "17c82e96-be03-4f38-aef3-f83d48582d97"
    body = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": now.isoformat(),
        "deviceInfo": {
            "tenantName": "ChirpStack",
            "applicationId": application,
            "deviceProfileName": "Milesight EM310-UDL",
            "deviceName": "TPS 12",
            "devEui": device,
            "tags": {},
        },
        "devAddr": "00189440",
        "adr": True,
        "dr": 1,
        "fCnt": 4,
        "fPort": 85,
        "confirmed": False,
        "data": base64.b64encode(_EM310).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -36}],
        "txInfo": {"frequency": 923200000},
    }
    topic = f"application/{application}/device/{device}/event/up"
    return Case(device, {"kind": "chirpstack"}, topic, _body(body))


def _tts(now: datetime) -> Case:
    device = "a84041000181c061"
    # A real one has no f_port when its codec wants none, and three clocks.
    body = {
        "end_device_ids": {
            "device_id": "bin-7",
            "application_ids": {"application_id": "bins"},
            "dev_eui": device.upper(),
        },
        "correlation_ids": ["as:up:01E0WZGT6Y7657CPFPE5WEYDSQ"],
        "received_at": (now + timedelta(seconds=1)).isoformat(),
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 9,
            "frm_payload": base64.b64encode(_LDDS75).decode(),
            "rx_metadata": [{"rssi": -103, "snr": 5}],
            "settings": {"time": now.isoformat()},
            "received_at": now.isoformat(),
            "version_ids": {"brand_id": "dragino", "model_id": "ldds75"},
        },
    }
    return Case(device, {"kind": "tts"}, "v3/bins@ttn/devices/bin-7/up", _body(body))


def _milesight_gateway(now: datetime) -> Case:
    device = "24e124713d000002"
    body = {
        "applicationID": 1,
        "applicationName": "bins",
        "deviceName": "EM310-UDL",
        "devEUI": device,
        "time": now.isoformat(),
        "rxInfo": [{"mac": "24e124fffef12345", "time": now.isoformat(), "rssi": -57}],
        "fCnt": 3,
        "fPort": 85,
        "data": base64.b64encode(_EM310).decode(),
    }
    envelope = {"kind": "milesight-gateway", "topics": ["ug67/+/uplink"]}
    return Case(device, envelope, f"ug67/{device}/uplink", _body(body))


def _json(now: datetime) -> Case:
    device = "863663062798914"
    body = {
        "IMEI": device,
        "IMSI": "460083513507314",
        "Model": "DDS75-NB",
        "distance": SURFACE_MM,
        "interrupt": 0,
        "battery": 3.28,
        "signal": 14,
        "time": f"{now:%Y/%m/%d %H:%M:%S}",
    }
    envelope = {"kind": "json", "preset": "dragino-nb", "topic": "dragino/+/up"}
    return Case(device, envelope, f"dragino/{device}/up", _body(body))


def _senml(now: datetime) -> Case:
    device = "24e124535b316056"
    pack = [
        {"bn": f"urn:dev:mac:{device}:", "bt": now.timestamp(), "bu": "m"},
        {"n": "distance", "v": SURFACE_MM / 1000},
        {"n": "temperature", "u": "Cel", "v": 31.2},
    ]
    return Case(device, {"kind": "senml", "topic": "senml/+"}, "senml/7", _body(pack))


def _sparkplug(now: datetime) -> Case:
    device = "bks-bt-0241"
    birth = sparkplug.payload(
        now, sparkplug.metric("Distance (mm)", at=now, datatype=9, real=float(SURFACE_MM))
    )
    topic = f"spBv1.0/bekasi/DBIRTH/tps-1/{device.upper()}"
    envelope = {"kind": "sparkplug", "metrics": {"Distance (mm)": "distance"}}
    envelope |= {"units": {"Distance (mm)": "mm"}}
    return Case(device, envelope, topic, birth)


def whole_second() -> datetime:
    """Return this second: some makers tell no more."""
    return datetime.now(UTC).replace(microsecond=0)
