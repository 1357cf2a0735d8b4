"""A registry small enough to read: one district, two bins, one device on the first."""

from datetime import UTC, datetime

from angkut_backend.db import Connection

DEVICE = "70b3d57ed0001234"
BIN = "BKS-BT-0001"
FREE_BIN = "BKS-BT-0002"
TRUCK = "B 9001"
MOUNTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = f"angkut/v1/bekasi/327501/bin/{DEVICE}"

_SQL = """
WITH d AS (
    INSERT INTO district (code, city_slug, city_name, name, boundary, timezone, source)
    VALUES ('32.75.01', 'bekasi', 'Kota Bekasi', 'Bekasi Timur',
            '{"type":"Polygon","coordinates":[[[107.0,-6.25],[107.04,-6.25],[107.04,-6.22],
              [107.0,-6.22],[107.0,-6.25]]]}', 'Asia/Jakarta', 'test')
    RETURNING district_id
), a AS (
    INSERT INTO area (district_id, code, name, common_name, boundary, source)
    SELECT district_id, '32.75.01.1001', 'Bekasijaya', 'Bekasi Jaya',
           '{"type":"Polygon","coordinates":[[[107.0,-6.25],[107.04,-6.25],[107.04,-6.22],
             [107.0,-6.22],[107.0,-6.25]]]}', 'test' FROM d
    RETURNING area_id
), s AS (
    INSERT INTO site (area_id, code, name, kind, lon, lat, source)
    SELECT area_id, 'TPS-01', 'TPS Satu', 'tps', 107.01, -6.23, 'test' FROM a
    RETURNING site_id
)
INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source)
SELECT code, site_id, 'wheelie_660', 660, 'road', 120, 107.01, -6.23, 'test'
FROM s, unnest(ARRAY['BKS-BT-0001', 'BKS-BT-0002']) AS code
"""


def add_registry(conn: Connection) -> None:
    """Insert it: 1,200 mm from the sensor to the bottom, 200 mm to the full line."""
    conn.execute(_SQL)
    conn.execute(
        "INSERT INTO device (external_id, district_id, secret_pbkdf2_sha512, secret_bcrypt) "
        "SELECT %s, district_id, 'x', 'x' FROM district",
        [DEVICE],
    )
    conn.execute(
        "INSERT INTO mounting (bin_id, device_id, valid_from, d_empty_mm, d_full_mm) "
        "SELECT bin_id, device_id, %s, 1200, 200 FROM bin, device WHERE code = %s",
        [MOUNTED_AT, BIN],
    )
    conn.commit()


def add_fleet(conn: Connection, *, opens: str = "00:00", closes: str = "00:00") -> None:
    """Insert a depot, a landfill, always open unless told when, and a truck, beside the bins."""
    conn.execute(
        "INSERT INTO depot (district_id, code, name, lon, lat, source) "
        "SELECT district_id, 'POOL', 'Pool', 107.0, -6.24, 'test' FROM district"
    )
    conn.execute(
        "INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at, "
        "tipping_min, queue_min, source) SELECT district_id, 'TPA', 'TPA', 107.0, -6.34, %s, %s, "
        "10, array_fill(30::real, ARRAY[24]), 'test' FROM district",
        [opens, closes],
    )
    add_vehicle(conn, TRUCK)
    conn.commit()


def add_vehicle(conn: Connection, code: str) -> None:
    """Insert a truck at the depot of `add_fleet`."""
    conn.execute(
        "INSERT INTO vehicle (code, depot_id, kind, volume_l, payload_kg, access, source) "
        "SELECT %s, depot_id, 'compactor', 10000, 5000, 'road', 'test' FROM depot",
        [code],
    )
