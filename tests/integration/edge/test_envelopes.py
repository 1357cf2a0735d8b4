"""An uplink in a network server's own words comes out of the API as a fill level."""

from pathlib import Path

import pytest

from angkut_backend.accounts.service import Role
from angkut_infra.stack.log import Log
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts.api import running_api
from parts.edge import running_gateway, write_settings
from parts.envelopes import KINDS
from parts.envelopes import case as made
from parts.registry import BIN, DEVICE

#: 700 mm to the surface: half of the way from 1,200 mm (empty) to 200 mm (full).
EXPECTED_PCT = 50


@pytest.mark.parametrize("kind", KINDS)
def test_an_uplink_of_each_kind_of_envelope_is_the_right_level_at_the_api(
    kind: str, upstream: Line, downstream: int, tmp_path: Path, log: Log
) -> None:
    case = made(kind)
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
