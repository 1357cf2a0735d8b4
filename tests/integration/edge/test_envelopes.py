"""An uplink in a network server's own words comes out of the API as a fill level."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from angkut_backend.accounts.service import Role
from angkut_infra.stack.log import Log
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts.api import running_api
from parts.edge import running_gateway, write_settings
from parts.registry import BIN, DEVICE

#: 700 mm to the surface: half of the way from 1,200 mm (empty) to 200 mm (full).
EXPECTED_PCT = 50
#: Milesight EM310-UDL: battery 92 %, distance 0x02BC = 700 mm, upright.
EM310 = bytes.fromhex("01755C0382BC02040000")


@dataclass(frozen=True)
class Case:
    """One way in which an uplink arrives."""

    envelope: Mapping[str, object]
    topic: str
    payload: bytes
    model: str | None = None


def chirpstack() -> Case:
    body = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": datetime.now(UTC).isoformat(),
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


CASES = {"chirpstack": chirpstack}


@pytest.mark.parametrize("kind", CASES)
def test_an_uplink_of_each_kind_of_envelope_is_the_right_level_at_the_api(
    kind: str, upstream: Line, downstream: int, tmp_path: Path, log: Log
) -> None:
    case = CASES[kind]()
    file = tmp_path / "angkut-edge.toml"
    metrics_port = write_settings(
        file,
        upstream_port=upstream.stack.broker.port,
        sources=[{"name": "ns", "port": downstream, "envelope": case.envelope}],
        models={DEVICE: case.model} if case.model else {},
    )
    with (
        running_gateway(file, metrics_port, log) as gateway,
        running_api(upstream.stack.dsn, tmp_path / "static") as api,
        Client(downstream, None) as server,
    ):
        upstream.until(gateway.is_ready, "the gateway to be ready")
        server.publish(case.topic, case.payload)
        upstream.until(lambda: upstream.value("SELECT count(*) FROM readings"), "the reading")
        answer = api.signed_in(Role.DISPATCHER).get(f"/api/bins/{BIN}")
        upstream.until(
            lambda: gateway.metric('angkut_edge_settled_total{outcome="stored"}') == 1,
            "the confirmation",
        )
    assert upstream.value("SELECT count(*) FROM dead_letter") == 0
    assert answer.json()["properties"]["fill_pct"] == pytest.approx(EXPECTED_PCT, abs=0.5)
