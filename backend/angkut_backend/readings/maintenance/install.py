"""Lay out the storage for the edition that is there."""

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance.edition import Edition, edition
from angkut_backend.readings.maintenance.rollups import is_aggregated, raw_from
from angkut_backend.readings.maintenance.statements import SQL


def install(conn: Connection) -> Edition:
    """Bring readings and roll-ups into the form that this edition offers; again and again.

    Readings become a hypertable where the extension is preloaded, roll-ups continuous
    aggregates where it is the Community edition.
    """
    preloaded = conn.execute(
        "SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%' AS yes"
    ).fetchone()
    if preloaded and preloaded["yes"]:
        conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    found = edition(conn)
    if found is Edition.PLAIN:
        conn.execute(
            "CREATE INDEX IF NOT EXISTS readings_observed_brin ON readings USING brin (observed_at)"
        )
    else:
        _make_hypertable(conn)
    if found is Edition.TIMESCALE and not _is_columnstore(conn):
        conn.execute(SQL["compress_columns"])
    # Aggregates could not tell again what readings that are gone once said.
    if found is Edition.TIMESCALE and not is_aggregated(conn) and not raw_from(conn):
        conn.execute(SQL["create_aggregates"])
    views = conn.execute("SELECT to_regclass('readings_daily') IS NOT NULL AS there").fetchone()
    if views is None or not views["there"]:
        conn.execute(SQL["create_views"])
    return found


def _make_hypertable(conn: Connection) -> None:
    conn.execute("DROP INDEX IF EXISTS readings_observed_brin")
    # 7 days: 10,000 bins at 10 minutes make an index of 330 MB a chunk, and the newest
    # chunk's should stay within a quarter of the memory (docs/storage.md).
    conn.execute(
        "SELECT create_hypertable('readings', by_range('observed_at', INTERVAL '7 days'), "
        "create_default_indexes => false, if_not_exists => true, migrate_data => true)"
    )


def _is_columnstore(conn: Connection) -> bool:
    row = conn.execute(SQL["columnstore"]).fetchone()
    return bool(row and row["compression_enabled"])
