"""Two writers at once, on the same devices, with copies of each other's readings."""

import random
import threading
from datetime import UTC, datetime, timedelta

import pytest

from angkut_backend.db import Connection, connect
from angkut_backend.ingest.batch import Received
from angkut_backend.ingest.known import KnownDevices
from angkut_backend.ingest.store import store
from angkut_broker.reading import Reading
from parts.readings_in import batch_of
from parts.registry import BIN, DEVICE, TOPIC, add_registry

pytestmark = pytest.mark.usefixtures("way")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICES = 40


def test_two_writers_neither_block_each_other_for_good_nor_store_anything_twice(
    storage_conn: Connection, storage_database: str
) -> None:
    add_registry(storage_conn)
    _add_devices(storage_conn)
    readings = [
        Reading(v=1, id=f"device-{n:02d}", seq=m, t=NOW + timedelta(minutes=m), d_mm=[300 + 9 * m])
        for n in range(DEVICES)
        for m in range(60)
    ]
    stored: list[int] = []
    failures: list[Exception] = []

    def write(seed: int) -> None:
        # Each has all readings, in an order and in batches of its own.
        rng, mine = random.Random(seed), list(readings)  # noqa: S311
        rng.shuffle(mine)
        devices = KnownDevices()
        try:
            # A deadlock is found after a second and ends one of the two with an error.
            with connect(storage_database) as conn:
                while mine:
                    some = [mine.pop() for _ in range(min(len(mine), rng.randrange(1, 150)))]
                    batch = batch_of((_arriving(reading), reading) for reading in some)
                    stored.append(store(conn, batch, devices).stored)
        except Exception as exc:  # noqa: BLE001 - told below, not in a thread
            failures.append(exc)

    writers = [threading.Thread(target=write, args=[seed]) for seed in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failures
    assert sum(stored) == len(readings)
    rows = storage_conn.execute("SELECT device_id, observed_at FROM readings").fetchall()
    assert len(rows) == len(readings)
    latest = storage_conn.execute("SELECT seen_at, trusted_at FROM bin_latest").fetchall()
    last = NOW + timedelta(minutes=59)
    assert [(row["seen_at"], row["trusted_at"]) for row in latest] == [(last, last)] * DEVICES


def _arriving(reading: Reading) -> Received:
    return Received(0, 1, f"{TOPIC.replace(DEVICE, reading.id)}/telemetry", b"", reading.t)


def _add_devices(conn: Connection) -> None:
    """Mount each in a bin of its own, the numbers of bins against those of devices."""
    conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt)"
        " SELECT 'device-' || lpad(n::text, 2, '0'), district_id, 'x', 'x'"
        " FROM district, generate_series(0, %s - 1) AS n ORDER BY n",
        [DEVICES],
    )
    conn.execute(
        "INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)"
        " SELECT 'device-' || lpad(n::text, 2, '0'), site_id, container, volume_l, access,"
        " service_s, lon, lat, source FROM bin, generate_series(0, %s - 1) AS n"
        " WHERE code = %s ORDER BY n DESC",
        [DEVICES, BIN],
    )
    conn.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm)"
        " SELECT bin_id, device_id, '2026-01-01Z', 1200, 200 FROM bin"
        " JOIN device ON external_id = code"
    )
    conn.commit()
