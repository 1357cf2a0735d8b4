"""Old readings go, their roll-ups stay, on every edition."""

from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance import Edition, edition, refresh, retain, retention
from angkut_backend.readings.maintenance.statements import SQL
from parts.registry import add_registry

#: 04:00 WIB: an operational day begins.
NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
KEEP = timedelta(days=60)
#: Days before NOW; the last two are kept by all, whole chunks lie before the first ones.
AGES = (100, 80, 59, 0)


@pytest.fixture
def conn(storage_conn: Connection) -> Connection:
    add_registry(storage_conn)
    for age in AGES:
        add_reading(storage_conn, NOW - timedelta(days=age))
    return storage_conn


def add_reading(conn: Connection, at: datetime) -> None:
    conn.execute(
        "WITH r AS (INSERT INTO readings"
        " (device_id, observed_at, received_at, seq, bin_id, fill_pct, flags, score)"
        " SELECT device_id, %(at)s, %(at)s, 1, bin_id, 50, 0, 1 FROM mounting"
        " RETURNING bin_id, observed_at)"
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT * FROM r",
        {"at": at},
    )
    conn.execute("UPDATE mounting SET valid_from = %s", [NOW - timedelta(days=200)])
    conn.commit()


def ages(conn: Connection, relation: str, column: str) -> list[int]:
    found = conn.execute(
        f"SELECT extract(day FROM %s - {column})::int AS age FROM {relation} ORDER BY 1 DESC",  # noqa: S608
        [NOW],
    )
    return [row["age"] for row in found]


def test_old_readings_are_removed_and_their_roll_ups_stay(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_ROWS", 1)
    refresh(conn, KEEP * 2, NOW)
    while retain(conn, KEEP, NOW):
        pass
    if edition(conn) is Edition.TIMESCALE:
        # What the policy does, by this test's clock.
        conn.execute(SQL["drop_chunks"], {"before": NOW - KEEP})
    assert ages(conn, "readings", "observed_at") == [59, 0]
    # A late reading of a time that is gone changes nothing in the roll-ups.
    add_reading(conn, NOW - timedelta(days=80) + timedelta(minutes=1))
    refresh(conn, KEEP, NOW)
    refresh(conn, None, NOW)
    assert ages(conn, "readings_hourly", "bucket") == [100, 80, 59, 0]
    rows = conn.execute("SELECT n FROM readings_daily").fetchall()
    assert [row["n"] for row in rows] == [1, 1, 1, 1]


def test_nothing_is_removed_before_it_is_rolled_up(conn: Connection) -> None:
    assert not retain(conn, KEEP, NOW)
    assert ages(conn, "readings", "observed_at") == list(AGES)
    assert not conn.execute("SELECT FROM readings_horizon").fetchall()


def test_without_a_limit_nothing_is_removed(conn: Connection) -> None:
    refresh(conn, None, NOW)
    assert not retain(conn, None, NOW)
    assert ages(conn, "readings", "observed_at") == list(AGES)


def test_readings_that_are_all_young_leave_every_roll_up_open(conn: Connection) -> None:
    if edition(conn) is Edition.TIMESCALE:
        pytest.skip("its policy removes by its own clock, so the limit holds at once")
    refresh(conn, None, NOW)
    retain(conn, 2 * KEEP, NOW)
    assert not conn.execute("SELECT FROM readings_horizon").fetchall()
