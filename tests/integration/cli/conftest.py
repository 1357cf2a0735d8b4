"""The command line on a real database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from angkut_backend.db import Connection
from angkut_broker.errors import AngkutError
from angkut_infra.cli import angkut
from angkut_infra.stack import ports
from parts.levels_stored import add_bins
from parts.registry import add_fleet, add_registry

#: Calls `angkut` with arguments; fails on anything but an orderly end.
Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in an empty folder against a fresh database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANGKUT_DATABASE_DSN", database)
    # No broker: not one that happens to run on this machine.
    monkeypatch.setenv("ANGKUT_MQTT_PORT", str(ports.choose(0)))

    def call(*arguments: str, fails: bool = False, **env: str) -> Result:
        result = CliRunner().invoke(angkut, arguments, env=env)
        if fails:
            orderly = isinstance(result.exception, (AngkutError, SystemExit))
            assert result.exit_code != 0
            assert orderly, result.exception
        else:
            assert result.exit_code == 0, (result.output, result.exception)
        return result

    return call


@pytest.fixture
def town(conn: Connection) -> Connection:
    """Bins of which nothing is known, a truck, a landfill."""
    add_registry(conn)
    add_bins(conn, 5)
    add_fleet(conn)
    return conn
