"""Roll-ups, on every edition: on the Community edition they are continuous aggregates."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from angkut_backend.db import Connection, Row
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.readings.figures import daily_figures, hourly_levels
from angkut_backend.readings.maintenance import refresh, rollups
from angkut_backend.readings.service import TimeRange
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts.registry import BIN, DEVICE, FREE_BIN, MOUNTED_AT, TOPIC, add_registry

#: 04:00 WIB of 2 March: an operational day begins.
DAY = datetime(2026, 3, 1, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOW = DAY + timedelta(days=2)
_numbers = count(1)


@pytest.fixture
def conn(storage_conn: Connection) -> Connection:
    add_registry(storage_conn)
    storage_conn.execute("UPDATE device SET interval_s = 600")
    storage_conn.commit()
    return storage_conn


def level(at: datetime, fill_pct: float, **fields: float) -> Telemetry:
    """A reading of that level: 1,200 mm to the bottom, 200 mm to the full line."""
    values = {"v": 1, "id": DEVICE, "seq": next(_numbers), "t": at, "d_mm": [1200 - 10 * fill_pct]}
    return Telemetry.model_validate(values | fields)


def arrive(conn: Connection, readings: Sequence[Telemetry], after: timedelta = MINUTE) -> None:
    store(
        conn,
        Batch.of(
            Received(0, next(_numbers), f"{TOPIC}/telemetry", encode(reading), reading.t + after)
            for reading in readings
        ),
    )


def roll_up(conn: Connection, now: datetime = NOW, keep: timedelta | None = None) -> None:
    while refresh(conn, keep, now):
        pass


def rows(conn: Connection, view: str, columns: str = "*") -> list[Row]:
    found = conn.execute(f"SELECT {columns} FROM {view} ORDER BY bin_id, bucket")  # noqa: S608 - names of our own
    return found.fetchall()


def test_an_hour_says_what_its_readings_say(conn: Connection) -> None:
    readings = [
        level(DAY, 20, bat_mv=3500, temp_c=31),
        level(DAY + 10 * MINUTE, 80, bat_mv=3400),
        level(DAY + 20 * MINUTE, 100, temp_c=35),
        level(DAY + 30 * MINUTE, -50, bat_mv=3300),  # out of range: a reading, not a level
    ]
    arrive(conn, readings)
    roll_up(conn)
    [hour] = rows(conn, "readings_hourly JOIN bin USING (bin_id)")
    assert (hour["code"], hour["bucket"]) == (BIN, DAY)
    assert (hour["n"], hour["trusted_n"], hour["expected_n"]) == (4, 3, 6)
    assert (hour["fill_sum"], hour["fill_min"], hour["fill_max"]) == (200, 20, 100)
    # Three trusted readings stand for ten minutes each.
    assert [hour[name] for name in ("known_s", "over_75_s", "over_90_s", "over_100_s")] == [
        1800,
        1200,
        600,
        600,
    ]
    assert (hour["battery_min_mv"], hour["temp_max_c"]) == (3300, 35)
    assert (hour["score_sum"], hour["latency_sum_s"], hour["latency_max_s"]) == (3, 240, 60)


def test_readings_closer_than_the_interval_share_the_hour(conn: Connection) -> None:
    arrive(conn, [level(DAY + n * MINUTE, 95 if n < 15 else 10) for n in range(60)])
    roll_up(conn)
    [hour] = rows(conn, "readings_hourly")
    assert (hour["known_s"], hour["over_90_s"]) == (3600, pytest.approx(900))


def test_a_day_begins_at_four_in_the_morning_and_is_the_sum_of_its_hours(conn: Connection) -> None:
    arrive(conn, [level(DAY + n * HOUR, 10 + n) for n in range(-1, 25)])
    roll_up(conn)
    before, day, after = rows(conn, "readings_daily")
    assert [str(row["day"]) for row in (before, day, after)] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]
    assert (before["n"], day["n"], after["n"]) == (1, 24, 1)
    assert (day["bucket"], day["known_s"], day["expected_n"]) == (DAY, 24 * 600, 144)
    assert (day["fill_sum"], day["fill_min"], day["fill_max"]) == (sum(range(10, 34)), 10, 33)


def test_silence_has_no_row_and_the_expectation_counts_only_mounted_time(conn: Connection) -> None:
    arrive(conn, [level(MOUNTED_AT + 90 * MINUTE, 10), level(MOUNTED_AT + 3 * HOUR, 20)])
    conn.execute("UPDATE mounting SET valid_from = valid_from + interval '75 minutes'")
    roll_up(conn)
    assert [(row["bucket"], row["expected_n"]) for row in rows(conn, "readings_hourly")] == [
        (MOUNTED_AT + HOUR, 4.5),
        (MOUNTED_AT + 3 * HOUR, 6),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_batches_of_arrival_matter(conn: Connection, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a shuffle
    times = [DAY - 12 * HOUR + n * 10 * MINUTE for n in range(6 * 48)]
    readings = [level(at, n % 120) for n, at in enumerate(times)]
    rng.shuffle(readings)
    for start in range(0, len(readings), 60):
        arrive(conn, readings[start : start + 60])
        if rng.random() < 0.5:
            roll_up(conn)
    roll_up(conn)
    assert figures(rows(conn, "readings_hourly")) == counted(conn, "1 hour")
    assert figures(rows(conn, "readings_daily")) == counted(conn, "1 day")


def figures(found: list[Row]) -> list[tuple[Any, ...]]:
    return [
        (row["bucket"], row["n"], row["trusted_n"], round(row["fill_sum"], 3), row["over_90_s"])
        for row in found
    ]


def counted(conn: Connection, bucket: str) -> list[tuple[Any, ...]]:
    """The same figures, by a count over all readings; six readings fill an hour."""
    found = conn.execute(
        "SELECT date_bin(%s, observed_at, '2000-01-01 21:00+00') AS bucket, count(*) AS n,"
        " count(fill_pct) AS trusted_n, coalesce(sum(fill_pct::float8), 0) AS fill_sum,"
        " 600.0 * count(*) FILTER (WHERE fill_pct >= 90) AS over_90_s"
        " FROM readings GROUP BY 1 ORDER BY 1",
        [bucket],
    )
    return figures(found.fetchall())


def test_late_readings_refresh_the_hours_that_they_touch_and_no_other(conn: Connection) -> None:
    arrive(conn, [level(DAY - timedelta(days=9), 10), level(DAY, 30), level(DAY + 5 * HOUR, 50)])
    roll_up(conn)
    arrive(conn, [level(DAY - timedelta(days=9) + MINUTE, 20)], after=timedelta(days=10))
    stale = rows(conn, "dirty_hour", "bucket")
    assert [row["bucket"] for row in stale] == [DAY - timedelta(days=9)]
    roll_up(conn)
    assert not rows(conn, "dirty_hour")
    found = [(row["bucket"], row["n"], row["fill_sum"]) for row in rows(conn, "readings_hourly")]
    assert found == [(DAY - timedelta(days=9), 2, 30), (DAY, 1, 30), (DAY + 5 * HOUR, 1, 50)]
    assert [row["n"] for row in rows(conn, "readings_daily")] == [2, 2]


def test_readings_that_turn_out_to_be_of_another_bin_move_there(conn: Connection) -> None:
    arrive(conn, [level(DAY, 40)])
    roll_up(conn)
    conn.execute(
        "WITH other AS (SELECT bin_id FROM bin WHERE code = %s),"
        " moved AS (UPDATE mounting SET bin_id = (SELECT bin_id FROM other)),"
        " derived AS (UPDATE readings SET bin_id = (SELECT bin_id FROM other)) "
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, %s FROM bin",
        [FREE_BIN, DAY],
    )
    conn.commit()
    roll_up(conn)
    for view in ("readings_hourly", "readings_daily"):
        [row] = rows(conn, f"{view} JOIN bin USING (bin_id)")
        assert (row["code"], row["n"]) == (FREE_BIN, 1)


def test_roll_ups_from_before_the_kept_readings_are_final(conn: Connection) -> None:
    arrive(conn, [level(DAY, 40), level(DAY + timedelta(days=1), 40)])
    roll_up(conn)
    conn.execute("TRUNCATE readings")
    conn.execute(
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, bucket FROM readings_hourly"
    )
    conn.commit()
    roll_up(conn, now=DAY + timedelta(days=10), keep=timedelta(days=9))
    assert not rows(conn, "dirty_hour")
    assert [row["bucket"] for row in rows(conn, "readings_hourly")] == [DAY]
    assert [row["bucket"] for row in rows(conn, "readings_daily")] == [DAY]


def test_a_run_takes_a_bounded_number_of_marks(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "_MARKS", 2)
    monkeypatch.setattr(rollups, "_MARKS_AGGREGATED", 2)
    arrive(conn, [level(DAY + n * HOUR, 40) for n in range(3)])
    assert refresh(conn, None, NOW)
    assert len(rows(conn, "readings_hourly")) == 2
    assert not refresh(conn, None, NOW)
    assert len(rows(conn, "readings_hourly")) == 3


def test_hours_between_stale_ones_are_left_alone(conn: Connection) -> None:
    """On tables of our own; an aggregate finds by itself what changed."""
    if rollups.is_aggregated(conn):
        pytest.skip("TimescaleDB knows itself which hours changed")
    arrive(conn, [level(DAY + n * HOUR, 40) for n in range(8)])
    roll_up(conn)
    # Nobody says so, hence nobody looks.
    conn.execute("UPDATE readings SET fill_pct = 90")
    conn.execute(
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, bucket + i * interval '7 minutes'"
        " FROM readings_hourly, generate_series(0, 2) AS i WHERE bucket = ANY (%s)",
        [[DAY + HOUR, DAY + 2 * HOUR, DAY + 5 * HOUR]],
    )
    conn.commit()
    roll_up(conn)
    assert [row["fill_max"] for row in rows(conn, "readings_hourly")] == [
        *(40, 90, 90, 40, 40, 90, 40, 40),
    ]


def test_hours_without_readings_any_more_lose_their_rows_amid_others(conn: Connection) -> None:
    arrive(conn, [level(DAY + n * HOUR, 40) for n in range(30)])
    roll_up(conn)
    gone = [DAY + n * HOUR for n in (3, 4, *range(24, 30))]
    conn.execute("DELETE FROM readings WHERE observed_at = ANY (%s)", [gone])
    conn.execute(
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, bucket FROM readings_hourly"
    )
    conn.commit()
    roll_up(conn)
    kept = [DAY + n * HOUR for n in range(30) if DAY + n * HOUR not in gone]
    assert [row["bucket"] for row in rows(conn, "readings_hourly")] == kept
    assert [(row["bucket"], row["n"]) for row in rows(conn, "readings_daily")] == [(DAY, 22)]


def test_marks_of_final_hours_do_not_hide_the_others(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "_MARKS", 2)
    monkeypatch.setattr(rollups, "_MARKS_AGGREGATED", 2)
    arrive(conn, [level(DAY + n * HOUR, 40) for n in range(2)])
    arrive(conn, [level(DAY + timedelta(days=9), 40)])
    roll_up(conn, now=DAY + timedelta(days=9), keep=timedelta(days=1))
    assert [row["bucket"] for row in rows(conn, "readings_hourly")] == [DAY + timedelta(days=9)]
    assert rollups.waiting(conn) == 0


def test_the_fleet_is_told_by_hour_and_by_day(conn: Connection) -> None:
    arrive(conn, [level(DAY, 20), level(DAY + MINUTE, 40), level(DAY + HOUR, 95)])
    arrive(conn, [level(DAY + 2 * HOUR, -50)])  # out of range: no level
    roll_up(conn)
    row = conn.execute("SELECT bin_id FROM bin WHERE code = %s", [BIN]).fetchone()
    assert row
    span = TimeRange(DAY, DAY + timedelta(days=1))
    assert [(hour.bucket, hour.bin_ids, hour.mean_pct) for hour in hourly_levels(conn, span)] == [
        (DAY, [row["bin_id"]], [30]),
        (DAY + HOUR, [row["bin_id"]], [95]),
    ]
    [day] = daily_figures(conn, span)
    assert (str(day.day), day.bins, day.n, day.trusted_n) == ("2026-03-02", 1, 4, 3)
    assert day.mean_pct == pytest.approx(155 / 3)
    assert (day.known_s, day.over_90_s, day.over_100_s) == (1800, 600, 0)
