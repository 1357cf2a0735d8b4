"""Brokers and stacks for the tests of the embedded parts."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from angkut_broker.credentials import BrokerUser, Role, verifiers
from angkut_infra.stack import ports
from angkut_infra.stack.broker import EmbeddedBroker
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log

INGEST = "angkut-ingest"
WORKER = "angkut-worker"
PASSWORD = "secret"


def broker_user(name: str, role: Role = "device", password: str = PASSWORD) -> BrokerUser:
    own = verifiers(password)
    return BrokerUser(name, role, own.pbkdf2_sha512, own.bcrypt)


@pytest.fixture
def log() -> Log:
    return Log(io.StringIO())


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose parents everyone may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="angkut-test-") as name:
        yield Path(name)


@pytest.fixture(params=["mosquitto", "nats"])
def kind(request: pytest.FixtureRequest) -> KindName:
    """Each broker that can be embedded, in turn."""
    request.getfixturevalue(request.param)  # skips or fails where it is not installed
    return cast("KindName", request.param)


@pytest.fixture
def users() -> list[BrokerUser]:
    """Ingest, the worker and two devices, `a1` and `b2`."""
    return [
        broker_user(INGEST, "ingest"),
        broker_user(WORKER, "worker"),
        broker_user("a1"),
        broker_user("b2"),
    ]


@pytest.fixture
def idle_broker(kind: KindName, tmp_path: Path, log: Log) -> Iterator[EmbeddedBroker]:
    """A broker that is not started yet."""
    embedded = EmbeddedBroker(
        tmp_path / "my broker",
        port=ports.choose(0),
        username=INGEST,
        password=PASSWORD,
        log=log,
        kind=kind,
    )
    yield embedded
    embedded.stop()


@pytest.fixture
def broker(idle_broker: EmbeddedBroker, users: list[BrokerUser]) -> EmbeddedBroker:
    """A running broker that knows `users`."""
    idle_broker.start(users)
    return idle_broker


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return ports.choose(0)
