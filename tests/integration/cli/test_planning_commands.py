"""`angkut forecast` and `angkut plan` from the first forecast to a plan out of force."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from angkut_backend.db import Connection
from angkut_infra.cli import angkut
from parts.levels_stored import add_bins
from parts.registry import BIN, add_registry


@pytest.fixture
def town(conn: Connection, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Bins of which nothing is known, a truck, a landfill; the commands' database."""
    monkeypatch.setenv("ANGKUT_DATABASE_DSN", database)
    monkeypatch.setenv("ANGKUT_DATA_DIR", str(tmp_path))
    add_registry(conn)
    add_bins(conn, 5)
    conn.execute(
        "INSERT INTO depot (district_id, code, name, lon, lat, source) "
        "SELECT district_id, 'POOL', 'Pool', 107.0, -6.24, 'test' FROM district"
    )
    conn.execute(
        "INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at, "
        "tipping_min, queue_min, source) SELECT district_id, 'TPA', 'TPA', 107.0, -6.34, '00:00', "
        "'00:00', 10, array_fill(30::real, ARRAY[24]), 'test' FROM district"
    )
    conn.execute(
        "INSERT INTO vehicle (code, depot_id, kind, volume_l, payload_kg, access, source) "
        "SELECT 'B 9001', depot_id, 'compactor', 10000, 5000, 'road', 'test' FROM depot"
    )
    conn.commit()


def run(*arguments: str) -> str:
    answer = CliRunner().invoke(angkut, arguments, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.mark.usefixtures("town")
def test_a_forecast_is_made_and_shown() -> None:
    assert "32.75.01: 7 bins" in run("forecast", "run", "--learn")
    shown = run("forecast", "show", BIN)
    assert "no level in a week" in shown
    assert len(re.findall(r"\d\d:\d\dZ +\d+ +\d+", shown)) == 7
    assert "nothing to score" in run("forecast", "backtest", "--every", "168")


@pytest.mark.usefixtures("town")
def test_a_plan_goes_from_nothing_into_force_and_out() -> None:
    assert "angkut plan make" in run("plan", "list")
    made = run("plan", "make", "--iterations", "5")
    found = re.search(r"[0-9a-f-]{36}", made)
    assert found
    plan_id = found.group()
    assert "keeps its fixed round, and the day is not treated" in made
    assert "approximate" in made

    assert "+0.0 km" in run("plan", "compare", plan_id, plan_id)
    assert "accepted" in run("plan", "accept", plan_id)
    assert "published" in run("plan", "publish", plan_id)
    assert f"{plan_id}  integrated  published" in run("plan", "show", plan_id)
    assert "withdrawn" in run("plan", "withdraw", plan_id, "--note", "banjir")
    assert re.search(rf"{plan_id}.*withdrawn", run("plan", "list"))
