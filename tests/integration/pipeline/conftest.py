"""The whole line on real parts: broker, database, ingest and API in one small stack."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from angkut_backend.db import connect
from angkut_backend.settings import load_settings
from angkut_broker.credentials import verifiers
from angkut_broker.session import BrokerAddress, wait_until_accepted
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log
from angkut_infra.stack.stack import EmbeddedStack
from integration.pipeline.line import PASSWORD, Line
from parts import registry


@pytest.fixture(params=["mosquitto", "nats"])
def broker_kind(request: pytest.FixtureRequest) -> KindName:
    """Each broker that can be embedded, in turn."""
    request.getfixturevalue(request.param)
    return cast("KindName", request.param)


@pytest.fixture
def services() -> tuple[str, ...]:
    """What runs beside broker and database."""
    return ("ingest",)


@pytest.fixture
def line(broker_kind: KindName, services: tuple[str, ...], tmp_path: Path) -> Iterator[Line]:
    loaded = load_settings({"ANGKUT_DATA_DIR": str(tmp_path / "data"), "ANGKUT_API_PORT": "0"})
    stack = EmbeddedStack(
        tmp_path / "data",
        loaded=loaded,
        log=Log(io.StringIO()),
        services=services,
        broker_kind=broker_kind,
    )
    with stack:
        with connect(stack.dsn) as conn:
            registry.add_registry(conn)
            own = verifiers(PASSWORD)
            conn.execute(
                "UPDATE device SET secret_pbkdf2_sha512 = %s, secret_bcrypt = %s",
                [own.pbkdf2_sha512, own.bcrypt],
            )
            conn.execute("SELECT pg_notify('angkut_credentials', '')")
        sensor = BrokerAddress(stack.broker.host, stack.broker.port, registry.DEVICE, PASSWORD)
        running = Line(stack, sensor)
        running.until(lambda: wait_until_accepted(sensor, timeout_s=0), "the broker to let it in")
        yield running
