"""One reading of 700 mm in each of the ways in which it may reach a gateway."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import cbor2

from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts import sparkplug
from parts.registry import DEVICE, TOPIC

DISTANCE_MM = 700
#: Milesight EM310-UDL: battery 92 %, distance 0x02BC = 700 mm, upright.
EM310 = bytes.fromhex("01755C0382BC02040000")
#: Dragino DDS75-LB: 2885 mV, 700 mm, 26.1 °C, probe found.
DDS75 = bytes.fromhex("0B4502BC00010501")


@dataclass(frozen=True)
class Case:
    """One way in which an uplink arrives."""

    envelope: Mapping[str, object]
    topic: str
    payload: bytes
    model: str | None = None


def chirpstack(now: datetime) -> Case:
    body = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": now.isoformat(),
        "deviceInfo": {
            "tenantName": "Bekasi",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "deviceProfileName": "Milesight EM310-UDL",
            "deviceName": "TPS 12",
            "devEui": DEVICE,
            "tags": {},
        },
        "devAddr": "00189440",
        "dr": 1,
        "fCnt": 1842,
        "fPort": 85,
        "data": base64.b64encode(EM310).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -109, "snr": 4.5}],
    }
    topic = f"application/17c82e96-be03-4f38-aef3-f83d48582d97/device/{DEVICE}/event/up"
    return Case({"kind": "chirpstack"}, topic, json.dumps(body).encode())


def tts(now: datetime) -> Case:
    body = {
        "end_device_ids": {
            "device_id": "tps-12",
            "application_ids": {"application_id": "bins"},
            "dev_eui": DEVICE.upper(),
        },
        "correlation_ids": ["as:up:01E0WZGT6Y7657CPFPE5WEYDSQ"],
        "received_at": now.isoformat(),
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 7,
            "frm_payload": base64.b64encode(DDS75).decode(),
            "rx_metadata": [{"rssi": -109, "snr": 4.5}],
        },
    }
    return Case(
        {"kind": "tts"}, "v3/bins@ttn/devices/tps-12/up", json.dumps(body).encode(), "dds75-lb"
    )


def milesight_gateway(now: datetime) -> Case:
    body = {
        "applicationID": "1",
        "applicationName": "cloud",
        "deviceName": "EM310-UDL",
        "devEUI": DEVICE,
        "time": now.isoformat(),
        "rxInfo": [{"mac": "24e124fffef54092", "rssi": -51, "loRaSNR": 13.8}],
        "fCnt": 128,
        "fPort": 85,
        "data": base64.b64encode(EM310).decode(),
    }
    envelope = {"kind": "milesight-gateway", "topics": ["milesight/up"]}
    return Case(envelope, "milesight/up", json.dumps(body).encode())


def maker_json(now: datetime) -> Case:
    body = {
        "IMEI": DEVICE,
        "Model": "DDS75-NB",
        "distance": DISTANCE_MM,
        "battery": 3.28,
        "signal": 14,
        "time": f"{now:%Y/%m/%d %H:%M:%S}",
    }
    envelope = {"kind": "json", "preset": "dragino-nb", "topic": "dragino/+/up"}
    return Case(envelope, "dragino/x/up", json.dumps(body).encode())


def raw(now: datetime) -> Case:  # noqa: ARG001 - the bytes carry no time
    envelope = {"kind": "raw", "topic": "nb/+/up", "device_level": 1, "encoding": "hex"}
    return Case(envelope, f"nb/{DEVICE}/up", EM310.hex().encode(), "em310-udl")


def senml(now: datetime) -> Case:
    pack = [
        {"bn": f"urn:dev:mac:{DEVICE}:", "bt": now.timestamp(), "bu": "m"},
        {"n": "distance", "v": DISTANCE_MM / 1000},
        {"n": "battery", "u": "V", "v": 3.6},
    ]
    return Case({"kind": "senml", "topic": "senml/+"}, "senml/x", json.dumps(pack).encode())


def senml_cbor(now: datetime) -> Case:
    pack = [
        {-2: f"urn:dev:mac:{DEVICE}:", -3: now.timestamp(), -4: "m"},
        {0: "distance", 2: DISTANCE_MM / 1000},
    ]
    envelope = {"kind": "senml", "topic": "senml/+", "encoding": "cbor"}
    return Case(envelope, "senml/x", cbor2.dumps(pack))


def sparkplug_b(now: datetime) -> Case:
    birth = sparkplug.payload(
        now,
        sparkplug.metric("Distance_mm", alias=1, datatype=7, integer=DISTANCE_MM, at=now),
        sparkplug.metric("Battery_V", alias=2, datatype=9, real=3.6, at=now),
    )
    return Case({"kind": "sparkplug"}, f"spBv1.0/bekasi/DBIRTH/tps-12/{DEVICE}", birth)


def angkut(now: datetime) -> Case:
    reading = Telemetry(v=1, id=DEVICE, seq=3, t=now, d_mm=[DISTANCE_MM], bat_mv=3600)
    return Case({"kind": "angkut"}, f"{TOPIC}/telemetry", encode(reading))


_CASES: dict[str, Callable[[datetime], Case]] = {
    "chirpstack": chirpstack,
    "tts": tts,
    "milesight-gateway": milesight_gateway,
    "json": maker_json,
    "raw": raw,
    "senml": senml,
    "senml-cbor": senml_cbor,
    "sparkplug": sparkplug_b,
    "angkut": angkut,
}
KINDS = tuple(_CASES)


def case(kind: str) -> Case:
    """Return the reading of just now in this kind of envelope."""
    return _CASES[kind](datetime.now(UTC).replace(microsecond=0))
