"""A device's history, delivered and judged."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from angkut_backend.db import Connection, Row
from angkut_backend.ingest.batch import Batch, Received
from angkut_backend.ingest.store import store
from angkut_backend.quality.rules import Flag
from angkut_backend.quality.service import judge_new_readings
from angkut_broker.codec import encode
from angkut_broker.messages import Telemetry
from parts.registry import DEVICE, TOPIC

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def history(levels: Sequence[float | None], *, every_min: float = 30) -> list[Telemetry]:
    """Return readings of the device that `add_registry` mounts over 1,000 mm."""
    return [
        Telemetry(
            v=1,
            id=DEVICE,
            seq=number + 1,
            t=NOW + timedelta(minutes=every_min * number),
            d_mm=[] if level is None else [round(1200 - 10 * level)],
            temp_c=30,
        )
        for number, level in enumerate(levels)
    ]


def put(conn: Connection, readings: Sequence[Telemetry]) -> None:
    # As punctual as a sensor is, whenever the test delivers it.
    for reading in readings:
        store(conn, Batch.of([arriving(reading, reading.t)]))


def arriving(reading: Telemetry, at: datetime) -> Received:
    return Received(0, 1, f"{TOPIC}/telemetry", encode(reading), at)


def judge_all(conn: Connection) -> None:
    while judge_new_readings(conn, NOW):
        pass


def stored(conn: Connection) -> list[Row]:
    return conn.execute("SELECT * FROM readings ORDER BY observed_at").fetchall()


def flags(conn: Connection) -> list[Flag]:
    return [Flag(row["flags"]) for row in stored(conn)]


def collections(conn: Connection) -> list[Row]:
    return conn.execute(
        "SELECT bin_id, before_at, after_at, before_pct, after_pct, confidence, source, device_id "
        "FROM collection ORDER BY after_at"
    ).fetchall()


def latest(conn: Connection) -> Row:
    row = conn.execute("SELECT * FROM bin_latest").fetchone()
    assert row
    return row


#: All that the rules know.
LEVELS = [
    *[30 + n / 2 for n in range(20)],  # fills
    *[95, 40, None, 41, 2, 2, 42],  # a spike, silence of the echo, an impossible fall
    *[50 + n / 2 for n in range(80)],
    *[0, 1, 2, 3],  # emptied
    *[88.0] * 60,  # stuck for more than a day
    *[10 + n for n in range(20)],
    *[12, 13, 14],  # emptied in part
]
