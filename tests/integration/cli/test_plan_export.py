"""`angkut plan export` and `angkut site rounds`: what is kept, as files and lists."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from angkut_backend.db import Connection
from angkut_backend.planning.exports.service import Format
from angkut_infra.cli import angkut
from parts.levels_stored import add_bins
from parts.registry import add_registry


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


def run(*arguments: str) -> Result:
    return CliRunner().invoke(angkut, arguments, catch_exceptions=False)


def some_plan() -> str:
    made = run("plan", "make", "--iterations", "2")
    assert made.exit_code == 0, made.output
    found = re.search(r"^[0-9a-f-]{36}", made.stdout, re.MULTILINE)
    assert found
    return found.group()


@pytest.mark.usefixtures("town")
def test_a_plan_is_written_in_every_form(tmp_path: Path) -> None:
    plan_id = some_plan()
    for form in get_args(Format):
        name = form.partition(".")[0]
        by_name, by_ending = tmp_path / f"{name}-file", tmp_path / f"plan.{form}"
        assert run("plan", "export", plan_id, "--format", name, "-o", str(by_name)).exit_code == 0
        assert run("plan", "export", plan_id, "--out", str(by_ending)).exit_code == 0
        assert by_name.read_bytes() == by_ending.read_bytes()
    assert (tmp_path / "plan.pdf").read_bytes().startswith(b"%PDF-")
    written = run("plan", "export", plan_id, "--format", "vroom", "-o", "-")
    assert json.loads(written.stdout)["angkut"]["plan_id"] == plan_id


@pytest.mark.usefixtures("town")
def test_an_export_that_cannot_be_says_why(tmp_path: Path) -> None:
    plan_id = some_plan()
    answer = run("plan", "export", plan_id, "-o", str(tmp_path / "plan.xlsx"))
    assert (answer.exit_code, "give --format" in answer.output) == (2, True)
    answer = CliRunner().invoke(
        angkut, ["plan", "export", plan_id, "-o", str(tmp_path / "no" / "plan.csv")]
    )
    assert answer.exit_code == 1
    assert "cannot be written" in str(answer.exception)


@pytest.mark.usefixtures("town")
def test_rounds_are_listed_and_a_plan_says_that_it_invented_them(conn: Connection) -> None:
    assert "write rounds.csv" in run("site", "rounds").output
    shown = run("plan", "show", some_plan()).output
    assert "the fixed rounds are invented" in shown
    conn.execute(
        "INSERT INTO collection_round (district_id, code, site_id, weekdays, valid_from, source, "
        "invented) SELECT district_id, 'x', site_id, '{1,4}', '2026-01-01', 'test', '{weekdays}' "
        "FROM site JOIN area USING (area_id)"
    )
    conn.commit()
    listed = run("site", "rounds").output
    assert "TPS-01           site  from 2026-01-01  Mon Thu" in listed
    assert "(invented)" in listed
    assert "the fixed rounds are invented" not in run("plan", "show", some_plan()).output
