"""How the hot queries are answered: by which index, from which chunks. Not how fast."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import ClientCursor

from angkut_backend.db import Connection, Row, connect, load_queries
from angkut_backend.readings.maintenance import Edition, edition, refresh
from angkut_backend.readings.maintenance.statements import SQL
from angkut_backend.readings.service import bins_query
from parts.databases import Databases
from parts.registry import add_registry

QUERIES = load_queries("angkut_backend.readings")
NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
DAY = timedelta(days=1)
BINS = 400
#: Sparse and long: many chunks in few rows.
DAYS = 364

Explain = Callable[[str, dict[str, Any]], "list[Scan]"]


@dataclass(frozen=True, slots=True)
class Scan:
    """One access to the rows of a table or a chunk."""

    relation: str
    #: The index that names the rows; empty: all are read.
    index: str
    #: What the index is asked.
    condition: str


@pytest.fixture(scope="module", params=["embedded", "timescaledb"])
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A year of readings, one a day of each bin, and their roll-ups."""
    databases: Databases = request.getfixturevalue(request.param)
    with databases.fresh() as dsn, connect(dsn) as conn:
        add_registry(conn)
        fill(conn)
        while refresh(conn, None, NOW):
            pass
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE")
        yield conn


def fill(conn: Connection) -> None:
    conn.execute("DELETE FROM mounting")
    conn.execute("DELETE FROM bin")
    conn.execute(
        "WITH s AS (SELECT site_id FROM site) INSERT INTO bin"
        " (code, site_id, container, volume_l, access, service_s, lon, lat, source)"
        " SELECT 'B-' || n, site_id, 'wheelie_660', 660, 'road', 120, 107, -6, 'test'"
        " FROM s, generate_series(1, %s) AS n",
        [BINS],
    )
    conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)"
        " SELECT 'd-' || bin_id, district_id, 'x', 'x' FROM bin, district"
    )
    since = NOW - DAYS * DAY
    conn.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)"
        " SELECT bin_id, device_id, %s, 1200, 200"
        " FROM bin JOIN device ON external_id = 'd-' || bin_id",
        [since],
    )
    conn.execute(
        "INSERT INTO readings"
        " (device_id, observed_at, received_at, seq, bin_id, fill_pct, flags, score)"
        " SELECT device_id, at, at, 1, bin_id, 50, 0, 1"
        " FROM generate_series(%s, %s, interval '1 day') AS day, mounting,"
        " LATERAL (SELECT day + bin_id %% 24 * interval '1 hour' AS at) AS spread",
        [since, NOW - DAY],
    )
    conn.execute(
        "INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, trusted_at, fill_pct)"
        " SELECT bin_id, device_id, %s, 0, %s, 50 FROM mounting",
        [NOW, NOW],
    )
    conn.execute("INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, observed_at FROM readings")
    conn.commit()


@pytest.fixture(params=["for these values", "for any values"])
def explain(request: pytest.FixtureRequest, conn: Connection) -> Iterator[Explain]:
    """What is done for the values at hand, and what a connection does that has asked often.

    After some five times PostgreSQL may plan once for all values.
    """
    if request.param == "for these values":
        yield lambda query, values: scans(conn, query, values)
        return
    conn.execute("SET plan_cache_mode = force_generic_plan")
    yield lambda query, values: prepared_scans(conn, query, values)
    conn.execute("RESET plan_cache_mode")


def scans(conn: Connection, query: str, values: dict[str, Any]) -> list[Scan]:
    found = conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", values)
    return of_plan(found.fetchone())


def prepared_scans(conn: Connection, query: str, values: dict[str, Any]) -> list[Scan]:
    types = {str: "text", int: "int4", timedelta: "interval", datetime: "timestamptz"}
    numbers = {name: f"${n}" for n, name in enumerate(values, 1)}
    text = query.replace("%(", "{").replace(")s", "}").format_map(numbers)
    kinds = ", ".join(types.get(type(value), "int4[]") for value in values.values())
    places = ", ".join(["%s"] * len(values))
    conn.execute(f"PREPARE hot ({kinds}) AS {text}")
    try:
        found = ClientCursor(conn).execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE hot ({places})", list(values.values())
        )
        return of_plan(found.fetchone())
    finally:
        conn.execute("DEALLOCATE hot")


def of_plan(row: Row | None) -> list[Scan]:
    assert row
    plan = row["QUERY PLAN"]
    return list(walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def walk(node: dict[str, Any]) -> Iterator[Scan]:
    # What was left out at the start is no access.
    if "Relation Name" in node and node.get("Actual Loops", 1) and not is_frame(node):
        of_bitmap = [child for child in node.get("Plans", []) if "Index Name" in child]
        by = of_bitmap[0] if of_bitmap else node
        yield Scan(node["Relation Name"], by.get("Index Name", ""), by.get("Index Cond", ""))
    for child in node.get("Plans", []):
        yield from walk(child)


def is_frame(node: dict[str, Any]) -> bool:
    """Tell a node that holds chunks together, or writes what its children found."""
    return "ChunkAppend" in node.get("Custom Plan Provider", "") or (
        node["Node Type"] == "ModifyTable"
    )


def of_readings(found: list[Scan]) -> list[Scan]:
    return [s for s in found if s.relation == "readings" or s.relation.startswith("_hyper_1_")]


def of_rollups(found: list[Scan]) -> list[Scan]:
    return [s for s in found if s.relation.startswith(("rollup_", "_hyper_"))]


def one_bin(conn: Connection, back: timedelta, bucket_s: int) -> dict[str, Any]:
    row = conn.execute("SELECT bin_id FROM bin WHERE code = 'B-7'").fetchone()
    assert row
    return {
        "bin_id": row["bin_id"],
        "since": NOW - back,
        "until": NOW,
        "bucket": timedelta(seconds=bucket_s),
        "distrust": 1,
    }


def test_the_latest_of_all_bins_is_read_in_one_go_and_not_from_the_readings(
    explain: Explain,
) -> None:
    found = explain(bins_query("all_bins"), {"now": NOW})
    read = {scan.relation: scan.condition for scan in found}
    assert "bin_latest" in read
    assert not of_readings(found)
    # Bin by bin would be an index lookup by each bin's id.
    for table in ("bin", "bin_latest", "mounting", "device"):
        assert not read[table], found


@pytest.mark.parametrize(
    ("which", "value"), [("bins_of_ids", {"bin_ids": [7, 8]}), ("bin_of_code", {"code": "B-7"})]
)
def test_the_latest_of_some_bins_is_read_by_their_keys(
    explain: Explain, which: str, value: dict[str, Any]
) -> None:
    found = explain(bins_query(which), {"now": NOW} | value)
    assert not of_readings(found)
    [of_bin] = [scan for scan in found if scan.relation == "bin"]
    assert of_bin.condition


def test_a_bins_week_is_read_by_the_key_from_the_chunks_of_that_week(
    conn: Connection, explain: Explain
) -> None:
    found = of_readings(explain(QUERIES["trusted_levels"], one_bin(conn, 7 * DAY, 900)))
    assert found
    for scan in found:
        assert scan.index.endswith("readings_pkey"), scan
        assert "device_id" in scan.condition
        assert "observed_at" in scan.condition
    # A week may begin within a chunk and end within the next.
    assert len(found) <= (1 if edition(conn) is Edition.PLAIN else 2)


def test_a_bins_long_curve_is_read_from_its_hours_by_index(
    conn: Connection, explain: Explain
) -> None:
    values = one_bin(conn, 60 * DAY, 7200)
    del values["distrust"]
    found = explain(QUERIES["rolled_up_levels"], values)
    assert not of_readings(found)
    hours = of_rollups(found)
    assert hours
    for scan in hours:
        assert "bin_id" in scan.condition, scan
        assert "bucket" in scan.condition, scan


@pytest.mark.parametrize(("query", "days"), [("hourly_levels", 1), ("daily_figures", 60)])
def test_all_bins_over_a_time_are_read_from_the_roll_ups_by_that_time(
    explain: Explain, query: str, days: int
) -> None:
    found = explain(QUERIES[query], {"since": NOW - days * DAY, "until": NOW})
    assert not of_readings(found)
    touched = of_rollups(found)
    assert touched
    # A continuous aggregate's chunk is 70 days long, and may as well be read as a whole.
    for scan in touched:
        assert "bucket" in scan.condition or "_hyper_" in scan.relation, scan
    assert len(touched) <= (2 if "_hyper_" in touched[0].relation else 1)


def test_a_refresh_reads_and_writes_only_what_it_names(conn: Connection) -> None:
    if edition(conn) is Edition.TIMESCALE:
        pytest.skip("TimescaleDB refreshes its aggregates itself")
    row = conn.execute("SELECT min(bin_id) AS bin_id FROM bin").fetchone()
    assert row
    since, between, until = NOW - timedelta(hours=36), NOW - timedelta(hours=9), NOW
    values = {
        "bin_ids": 2 * [row["bin_id"]],
        "sinces": [since, between],
        "untils": [since + 5 * timedelta(hours=1), until],
        "since": since,
        "until": until,
    }
    with conn.transaction(force_rollback=True):
        of_hours = scans(conn, SQL["refresh_hours"], values)
        of_days = scans(conn, SQL["refresh_days"], values)
    assert len(of_readings(of_hours)) in {1, 2}
    for scan in of_readings(of_hours):
        assert scan.index.endswith("readings_pkey"), scan
        assert "device_id" in scan.condition
        assert "observed_at" in scan.condition
    assert not of_readings(of_days)
    touched = [s for s in of_hours + of_days if s.relation.startswith("rollup_")]
    assert {scan.relation for scan in touched} == {"rollup_hourly", "rollup_daily"}
    for scan in touched:
        assert "bucket" in scan.condition, scan
