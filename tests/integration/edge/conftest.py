"""A gateway between a network server's broker and a whole small stack."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from angkut_backend.db import connect
from angkut_backend.settings import load_settings
from angkut_broker.session import BrokerAddress, wait_until_accepted
from angkut_infra.stack import ports
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log
from angkut_infra.stack.stack import EmbeddedStack
from integration.pipeline.line import Line
from parts import registry
from parts.edge import GATEWAY, PASSWORD, network_server, register_gateway


@pytest.fixture
def log() -> Log:
    """The log of all processes, shown when a test fails."""
    return Log(io.StringIO())


@pytest.fixture
def broker_kind(mosquitto: Path) -> KindName:  # noqa: ARG001 - skips where it is not
    """Which broker upstream is."""
    return "mosquitto"


@pytest.fixture
def services() -> tuple[str, ...]:
    """What runs upstream beside broker and database."""
    return ("ingest",)


@pytest.fixture
def upstream(
    broker_kind: KindName, services: tuple[str, ...], tmp_path: Path, log: Log
) -> Iterator[Line]:
    """A stack that knows the gateway and the device of `parts.registry`."""
    loaded = load_settings({"ANGKUT_DATA_DIR": str(tmp_path / "data"), "ANGKUT_API_PORT": "0"})
    stack = EmbeddedStack(
        tmp_path / "data", loaded=loaded, log=log, services=services, broker_kind=broker_kind
    )
    with stack:
        with connect(stack.dsn) as conn:
            registry.add_registry(conn)
            register_gateway(conn)
        address = BrokerAddress(stack.broker.host, stack.broker.port, GATEWAY, PASSWORD)
        line = Line(stack, address)
        line.until(lambda: wait_until_accepted(address, timeout_s=0), "the gateway to be let in")
        yield line


@pytest.fixture
def downstream(mosquitto: Path, tmp_path: Path) -> Iterator[int]:
    """Port of the network server's broker."""
    with network_server(mosquitto, tmp_path / "ns", port=ports.choose(0)) as port:
        yield port
