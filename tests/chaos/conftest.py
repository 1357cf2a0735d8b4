"""The stage of the fault suite, and its table at the end of the run."""

import io
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from angkut_backend.settings import load_settings
from angkut_infra.stack.broker_kinds import KindName
from angkut_infra.stack.log import Log
from angkut_infra.stack.stack import EmbeddedStack
from chaos.report import RESULTS, table
from chaos.settings import KILLS_VARIABLE, SEED_VARIABLE
from chaos.stage import Stage, staged


@pytest.fixture
def kills() -> int:
    """How many processes to kill."""
    return int(os.environ.get(KILLS_VARIABLE, "4"))


@pytest.fixture
def rng() -> random.Random:
    """Chooses victims and moments."""
    return random.Random(int(os.environ.get(SEED_VARIABLE, "1")))  # noqa: S311 - no secret


@pytest.fixture(params=["mosquitto", "nats"])
def broker_kind(request: pytest.FixtureRequest) -> KindName:
    """Each broker that can be embedded, in turn."""
    request.getfixturevalue(request.param)
    return cast("KindName", request.param)


@pytest.fixture
def worker_names() -> tuple[str, ...]:
    """One worker, whose session the stack has made."""
    return ("0",)


@pytest.fixture
def stage(broker_kind: KindName, worker_names: tuple[str, ...], tmp_path: Path) -> Iterator[Stage]:
    """Everything runs; the log of all parts is shown when a test fails."""
    loaded = load_settings({"ANGKUT_DATA_DIR": str(tmp_path / "data"), "ANGKUT_API_PORT": "0"})
    stack = EmbeddedStack(
        tmp_path / "data",
        loaded=loaded,
        log=Log(io.StringIO()),
        services=(),
        broker_kind=broker_kind,
    )
    with stack, staged(stack, broker_kind, worker_names=worker_names) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what happened."""
    if RESULTS:
        terminalreporter.section("faults")
        terminalreporter.write_line(table(RESULTS))
