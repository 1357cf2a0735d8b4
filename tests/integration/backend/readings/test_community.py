"""What only the Community edition of TimescaleDB does; run against one: docs/storage.md."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, connect
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.readings.maintenance import (
    Edition,
    edition,
    install,
    refresh,
    retain,
    rollups,
)
from angkut_backend.readings.maintenance.retention import COMPRESS_AFTER
from angkut_backend.readings.maintenance.rollups import is_aggregated
from angkut_backend.readings.maintenance.statements import SQL
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts.databases import Databases
from parts.registry import DEVICE, TOPIC, add_registry

NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
OLD = NOW - timedelta(days=40)


@pytest.fixture
def conn(timescaledb: Databases) -> Iterator[Connection]:
    with timescaledb.fresh() as dsn, connect(dsn) as conn:
        if edition(conn) is not Edition.TIMESCALE:
            pytest.skip("this TimescaleDB is the Apache edition")
        add_registry(conn)
        yield conn


def arrive(conn: Connection, *levels: tuple[datetime, int]) -> int:
    """Store readings as ingest does; return how many were new."""
    readings = [
        Telemetry(v=1, id=DEVICE, seq=1, t=at, d_mm=[1200 - 10 * fill_pct])
        for at, fill_pct in levels
    ]
    messages = [
        Received(0, n, f"{TOPIC}/telemetry", encode(reading), NOW)
        for n, reading in enumerate(readings)
    ]
    return store(conn, Batch.of(messages)).stored


def hours(conn: Connection) -> list[tuple[int, int]]:
    found = conn.execute("SELECT n, trusted_n FROM readings_hourly ORDER BY bucket")
    return [(row["n"], row["trusted_n"]) for row in found]


def test_roll_ups_are_continuous_aggregates_that_are_not_real_time(conn: Connection) -> None:
    assert is_aggregated(conn)
    found = conn.execute(
        "SELECT view_name, materialized_only FROM timescaledb_information.continuous_aggregates"
    ).fetchall()
    assert {row["view_name"]: row["materialized_only"] for row in found} == {
        "rollup_hourly": True,
        "rollup_daily": True,
    }


def test_a_database_with_roll_ups_of_its_own_gets_aggregates_that_say_the_same(
    conn: Connection,
) -> None:
    arrive(conn, (OLD, 50), (NOW, 70))
    refresh(conn, None, NOW)
    said = conn.execute("SELECT * FROM readings_hourly ORDER BY bucket").fetchall()
    # As it is on another edition: tables, filled.
    conn.execute("CREATE TABLE hours AS SELECT * FROM rollup_hourly")
    conn.execute("DROP VIEW readings_hourly, readings_daily")
    conn.execute("DROP MATERIALIZED VIEW rollup_daily")
    conn.execute("DROP MATERIALIZED VIEW rollup_hourly")
    conn.execute("ALTER TABLE hours RENAME TO rollup_hourly")
    conn.execute("CREATE TABLE rollup_daily (LIKE rollup_hourly)")
    conn.commit()
    install(conn)
    conn.commit()
    assert is_aggregated(conn)
    refresh(conn, None, NOW)
    assert conn.execute("SELECT * FROM readings_hourly ORDER BY bucket").fetchall() == said


@pytest.mark.parametrize("what", ["_RANGES", "_HOURS"])
def test_far_apart_hours_are_refreshed_a_bounded_number_a_run_newest_first(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(rollups, what, 1)
    arrive(conn, (OLD, 50), (OLD + timedelta(days=8), 50), (NOW, 50), (NOW, 60))
    seen = []
    while refresh(conn, None, NOW):
        seen.append(len(hours(conn)))
    assert [*seen, len(hours(conn))] == [1, 2, 3]
    assert rollups.waiting(conn) == 0


def test_policies_follow_the_setting(conn: Connection) -> None:
    keep = timedelta(days=60)
    for kept in (keep, 2 * keep, None, None):
        retain(conn, kept, NOW)
        expected = {"policy_compression": COMPRESS_AFTER}
        if kept:
            expected["policy_retention"] = kept + timedelta(days=1)
        found = conn.execute(SQL["policies"])
        assert {row["proc_name"]: row["age"] for row in found} == expected


def test_late_readings_copies_and_judgements_reach_compressed_chunks(conn: Connection) -> None:
    arrive(conn, (OLD, 50), (NOW, 50))
    refresh(conn, None, NOW)
    conn.execute("SELECT compress_chunk(c) FROM show_chunks('readings') AS c")
    conn.commit()
    assert arrive(conn, (OLD, 50), (OLD + timedelta(minutes=10), 60)) == 1
    conn.execute("UPDATE readings SET score = 0, flags = 32 WHERE observed_at = %s", [OLD])
    refresh(conn, None, NOW)
    assert hours(conn) == [(2, 1), (1, 1)]


def test_the_policies_run(conn: Connection) -> None:
    arrive(conn, (OLD, 50))
    refresh(conn, None, NOW)
    retain(conn, timedelta(days=10_000), NOW)
    conn.autocommit = True
    for row in conn.execute(
        "SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'readings'"
    ).fetchall():
        conn.execute("CALL run_job(%s)", [row["job_id"]])
    compressed = conn.execute(
        "SELECT is_compressed FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'readings'"
    ).fetchall()
    assert [row["is_compressed"] for row in compressed] == [True]
    assert hours(conn) == [(1, 1)]
