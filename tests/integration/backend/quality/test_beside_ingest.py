"""Judging while ingest writes, and by which way it finds what it reads."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from angkut_backend.db import Connection, connect, load_queries
from angkut_backend.ingest.batch import Batch
from angkut_backend.ingest.store import store
from angkut_backend.quality.service import judge_new_readings
from parts.history import NOW, arriving, flags, history, judge_all, latest, put
from parts.waiting import wait_until

QUERIES = load_queries("angkut_backend.quality")


def test_the_map_keeps_a_level_that_ingest_commits_while_a_spike_is_judged(
    registry: Connection, storage_database: str
) -> None:
    readings = history([50, 51, 95, None, 52])
    put(registry, readings)
    registry.commit()
    newer = history([50] * 5 + [60])[5]

    def judge() -> None:
        with connect(storage_database, application="judge") as conn:
            judge_new_readings(conn, NOW)

    with connect(storage_database) as ingest, ingest.transaction():
        # Written but not committed: ingest holds the bin's row.
        store(ingest, Batch.of([arriving(newer, newer.t)]))
        judging = threading.Thread(target=judge)
        judging.start()
        wait_until(lambda: _is_waiting(registry, "judge"), what="the judge to wait")
    judging.join()
    judge_all(registry)
    assert flags(registry)[2]
    assert latest(registry)["trusted_at"] == newer.t


def test_two_judges_at_once_do_no_harm(registry: Connection, storage_database: str) -> None:
    put(registry, history([50, 51, 95, 52, 1, 2]))
    registry.commit()
    with connect(storage_database) as other:
        judge_new_readings(registry, NOW)
        judge_new_readings(other, NOW)
    rows = registry.execute("SELECT FROM collection").fetchall()
    assert len(rows) == 1


@pytest.mark.parametrize("name", ["readings_before", "readings_since"])
def test_the_neighbourhood_is_read_by_the_key_and_no_further_than_needed(
    registry: Connection, name: str
) -> None:
    # Two years, one reading a day: a hundred chunks.
    registry.execute(
        "INSERT INTO readings (device_id, observed_at, received_at, seq, flags, score)"
        " SELECT device_id, at, at, 1, 16, 0 FROM device,"
        " generate_series(%s, %s, interval '1 day') AS at",
        [NOW - timedelta(days=700), NOW],
    )
    registry.commit()
    registry.autocommit = True
    registry.execute("VACUUM ANALYZE readings")
    device = registry.execute("SELECT device_id FROM device").fetchone()
    assert device
    values = {"device_id": [device["device_id"]], "since": [NOW - timedelta(days=3)], "limit": 12}
    row = registry.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {QUERIES[name]}", values).fetchone()
    assert row
    plan = row["QUERY PLAN"]
    scans = list(_scans((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    assert 1 <= len(scans) <= 3
    for scan in scans:
        assert scan["Index Name"].endswith("readings_pkey")
        assert "device_id" in scan["Index Cond"]
        assert scan["Actual Rows"] <= 12


def _is_waiting(conn: Connection, application: str) -> bool:
    conn.rollback()  # within a transaction the activity is seen as it was
    return bool(
        conn.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND application_name = %s",
            [application],
        ).fetchall()
    )


def _scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = [node] if "Index Name" in node and node["Actual Loops"] else []
    return found + [scan for child in node.get("Plans", []) for scan in _scans(child)]
