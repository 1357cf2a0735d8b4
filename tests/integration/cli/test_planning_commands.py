"""`angkut forecast` and `angkut plan` from the first forecast to a plan out of force."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from angkut_backend.db import Connection
from angkut_broker.errors import AngkutError
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
    printed = run("plan", "make", "--iterations", "5")
    plan_id = made(printed)
    assert "keeps its fixed round, and the day is not treated" in printed
    assert "approximate" in printed

    assert "+0.0 km" in run("plan", "compare", plan_id, plan_id)
    assert "accepted" in run("plan", "accept", plan_id)
    assert "published" in run("plan", "publish", plan_id)
    assert f"{plan_id}  integrated  published" in run("plan", "show", plan_id)
    assert "withdrawn" in run("plan", "withdraw", plan_id, "--note", "banjir")
    assert re.search(rf"{plan_id}.*withdrawn", run("plan", "list"))


def refused(*arguments: str) -> str:
    with pytest.raises(AngkutError) as caught:
        CliRunner().invoke(angkut, arguments, catch_exceptions=False)
    return str(caught.value)


def made(output: str) -> str:
    found = re.search(r"[0-9a-f-]{36}", output)
    assert found
    return found.group()


@pytest.mark.usefixtures("town")
def test_a_plan_is_changed_before_the_shift_and_in_it(tmp_path: Path) -> None:
    first = made(run("plan", "make", "--iterations", "5", "--policy", "fixed"))
    quick = ("--iterations", "5")

    changed = run(
        "plan", "replan", first, *quick,
        "--lock", "T-002=B 9001@1", "--forbid", "T-003", "--complaint", "T-004",
        "--hours", "T-001=07:00-10:00", "--queue", "TPA=20", "--fix", "B 9001=0",
    )  # fmt: skip
    second = made(changed)
    shown = run("plan", "show", second)

    assert f"from {first}" in changed
    assert re.search(r"added +T-004 +by B 9001", changed) or "T-004" in run("plan", "show", first)
    assert re.search(r"[+-]\d+\.\d km, [+-]\d+ min, \+", changed)
    stops = re.findall(r"stop +(\S+)", shown)
    assert stops[0] == "T-002"
    assert "T-003" not in stops
    file = tmp_path / "changes.json"
    file.write_text('{"unlock": ["T-003"]}')
    both = ("--changes", str(file), "--force", "T-003")
    assert "unlock: 'T-003' is also changed" in refused("plan", "replan", second, *quick, *both)


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--lock", "T-002"], "write BIN=VEHICLE"),
        (["--lock", "T-002=B 9001@x"], "'x' is not a whole number"),
        (["--lock", "T-002=B 9001@0"], "locks.0.position"),
        (["--force", "T-99"], "there is no bin 'T-99'"),
        (["--force", "T-002", "--forbid", "T-002"], "keep one of the two"),
        (["--without", "B 1"], "there is no vehicle 'B 1' in this plan: it has B 9001"),
        (["--truck", "B 9001=107,-6"], "say with --at"),
        (["--at", "06:00", "--truck", "B 9001=107"], "write VEHICLE=LON,LAT"),
        (["--at", "25:00"], "is not a time such as 09:30"),
        (["--at", "23:00"], "is outside"),
        (["--hours", "T-002=9"], "write BIN=FROM-TO"),
    ],
)
def test_a_change_that_cannot_be_read_or_made_says_why(options: list[str], word: str) -> None:
    first = made(run("plan", "make", "--iterations", "1", "--policy", "fixed"))

    assert word in refused("plan", "replan", first, "--iterations", "1", *options)
