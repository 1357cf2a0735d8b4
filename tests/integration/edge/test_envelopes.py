"""An uplink in a network server's own words comes out of the API as a fill level."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from angkut_backend.accounts.service import Role
from angkut_backend.db import Connection, connect
from angkut_edge.settings import envelope_kinds
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log
from integration.infra.mqtt_client import Client
from integration.pipeline.line import Line
from parts import envelopes
from parts.api import Api, running_api
from parts.edge import GatewayProcess, register_devices, running_gateway, write_settings
from parts.envelopes import Case
from parts.registry import MOUNTED_AT

STORED = 'angkut_edge_settled_total{outcome="stored"}'


@pytest.fixture(params=["mosquitto", "nats"])
def broker_kind(request: pytest.FixtureRequest) -> KindName:
    """Each broker that upstream may be, in turn."""
    request.getfixturevalue(request.param)
    return cast("KindName", request.param)


@pytest.fixture
def cases(upstream: Line) -> Mapping[str, Case]:
    """One case for each kind of envelope, whose device hangs in a bin of the same name."""
    found = envelopes.cases(envelopes.whole_second())
    with connect(upstream.stack.dsn) as conn:
        register_devices(conn, [case.device for case in found.values()])
        for kind, case in found.items():
            mount(conn, case.device, kind)
    return found


def mount(conn: Connection, device: str, code: str) -> None:
    conn.execute(
        "WITH b AS (INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon,"
        " lat, source) SELECT %(code)s, site_id, 'wheelie_660', 660, 'road', 120, lon, lat, 'test'"
        " FROM site RETURNING bin_id) "
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm) "
        "SELECT bin_id, device_id, %(at)s, %(empty)s, %(full)s FROM b, device "
        "WHERE external_id = %(device)s",
        {
            "code": code,
            "device": device,
            "at": MOUNTED_AT,
            "empty": envelopes.EMPTY_MM,
            "full": envelopes.FULL_MM,
        },
    )


@pytest.fixture
def gateway(
    upstream: Line, downstream: int, cases: Mapping[str, Case], tmp_path: Path, log: Log
) -> Iterator[GatewayProcess]:
    """A gateway with one source for each kind of envelope, all at one broker."""
    file = tmp_path / "angkut-edge.toml"
    port = write_settings(
        file,
        upstream_port=upstream.stack.broker.port,
        sources=[
            {"name": kind, "port": downstream, "envelope": case.envelope}
            for kind, case in cases.items()
        ],
        models={case.device: case.model for case in cases.values() if case.model},
    )
    with running_gateway(file, port, log) as process:
        upstream.until(process.is_ready, "the gateway to be ready")
        yield process


@pytest.fixture
def api(upstream: Line, tmp_path: Path) -> Iterator[Api]:
    with running_api(upstream.stack.dsn, tmp_path / "static") as found:
        yield found


def test_there_is_a_case_for_each_kind_of_envelope() -> None:
    assert set(envelopes.cases(envelopes.whole_second())) == set(envelope_kinds())


def test_an_uplink_of_each_kind_of_envelope_is_the_right_level_at_the_api(
    upstream: Line,
    downstream: int,
    cases: Mapping[str, Case],
    gateway: GatewayProcess,
    api: Api,
) -> None:
    with Client(downstream, None) as server:
        for case in cases.values():
            server.publish(case.topic, case.payload)
        upstream.until(lambda: gateway.metric(STORED) == len(cases), "all to be stored")
    client = api.signed_in(Role.DISPATCHER)
    levels = {
        kind: client.get(f"/api/bins/{kind}").json()["properties"]["fill_pct"] for kind in cases
    }
    assert levels == dict.fromkeys(cases, 50)
    assert upstream.value("SELECT count(*) FROM dead_letter") == 0
    assert upstream.value(
        "SELECT count(*) FROM device WHERE kind = 'bin' AND gateway_id IS NOT NULL"
    ) == len(cases)


def test_what_cannot_be_read_is_a_dead_letter_upstream_and_the_rest_goes_on(
    upstream: Line, downstream: int, cases: Mapping[str, Case], gateway: GatewayProcess
) -> None:
    case = cases["chirpstack"]
    unknown = case.payload.replace(b"EM310-UDL", b"EM999-XYZ")
    with Client(downstream, None) as server:
        server.publish(case.topic, b'{"deviceInfo":')
        server.publish(case.topic, unknown)
        server.publish(case.topic, case.payload)
        upstream.until(lambda: gateway.metric(STORED) == 3, "all three to be settled")
    with connect(upstream.stack.dsn) as conn:
        rows = conn.execute("SELECT reason, detail, device FROM dead_letter ORDER BY 1").fetchall()
    assert [row["reason"] for row in rows] == ["bad_frame", "unknown_model"]
    assert "EM999-XYZ" in rows[1]["detail"]
    assert upstream.value("SELECT count(*) FROM readings") == 1
