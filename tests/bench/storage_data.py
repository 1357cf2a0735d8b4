"""What the storage bench reads: readings as a fleet sends them, their roll-ups, and their sizes.

Each step is noted in the database, so that an interrupted load goes on where it stopped and a
kept database is measured again without any.
"""

import time
from datetime import UTC, datetime, timedelta

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance import Edition, refresh, waiting

#: End of an operational day, so that the last day is whole.
NOW = datetime(2026, 10, 1, 21, tzinfo=UTC)
DAY = timedelta(days=1)
#: Between two readings of a device.
STEP = timedelta(minutes=20)


def first_reading(readings: int, bins: int) -> datetime:
    """Return when so many readings begin that end at `NOW`."""
    return NOW - -(-readings // bins) * STEP


def prepare(conn: Connection, kind: Edition, readings: int, bins: int) -> None:
    """Load, roll up and, on the Community edition, compress; whatever of it is not done yet.

    Raises
    ------
    SystemExit
        The database was loaded with other numbers.

    """
    conn.execute(_NOTES)
    conn.execute(
        "INSERT INTO bench_note (what, value) VALUES ('readings', %s), ('bins', %s)"
        " ON CONFLICT DO NOTHING",
        [str(readings), str(bins)],
    )
    conn.commit()
    loaded = (notes(conn)["readings"], notes(conn)["bins"])
    if loaded != (str(readings), str(bins)):
        raise SystemExit(
            f"this database holds {loaded[0]} readings of {loaded[1]} bins: ask with "
            "--readings and --bins for these, or give another folder"
        )
    _load(conn, readings, bins)
    if "rolled up in s" not in notes(conn):
        _note(conn, "bytes a reading", _bytes_each(conn, kind, "readings"))
        took_s = _roll_up(conn)
        _check(conn)
        _note(conn, "rolled up in s", f"{took_s:.0f}")
    if kind is Edition.TIMESCALE and "bytes a reading, compressed" not in notes(conn):
        _compress(conn)
        _note(conn, "bytes a reading, compressed", _bytes_each(conn, kind, "readings"))
    if "bytes an hour of a bin" not in notes(conn):
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE")
        conn.autocommit = False
        _note(conn, "bytes an hour of a bin", _bytes_each(conn, kind, "rollup_hourly"))
        _note(conn, "bytes a day of a bin", _bytes_each(conn, kind, "rollup_daily"))


_NOTES = "CREATE TABLE IF NOT EXISTS bench_note (what text PRIMARY KEY, value text NOT NULL)"


def notes(conn: Connection) -> dict[str, str]:
    """Return what was noted while the database was made."""
    rows = conn.execute("SELECT what, value FROM bench_note ORDER BY ctid").fetchall()
    return {row["what"]: row["value"] for row in rows}


def _note(conn: Connection, what: str, value: str) -> None:
    conn.execute(
        "INSERT INTO bench_note (what, value) VALUES (%s, %s)"
        " ON CONFLICT (what) DO UPDATE SET value = excluded.value",
        [what, value],
    )
    conn.commit()


def _load(conn: Connection, readings: int, bins: int) -> None:
    """Insert by time, as readings arrive in life, a day in each transaction."""
    first = first_reading(readings, bins)
    noted = notes(conn)
    at = datetime.fromisoformat(noted.get("loaded up to", first.isoformat()))
    spent_s = float(noted.get("loaded in s", "0"))
    if at == NOW:
        return
    began_s = time.monotonic()
    done = before = (at - first) // STEP * bins
    while at < NOW:
        until = min(at + DAY, NOW)
        values = {"since": at, "until": until, "step": STEP}
        done += conn.execute(_READINGS, values).rowcount
        at = until
        if at == NOW:
            conn.execute(_LATEST)
            conn.execute(_MARKS, [first, NOW - timedelta(hours=1)])
        _note(conn, "loaded in s", f"{spent_s + time.monotonic() - began_s:.0f}")
        _note(conn, "loaded up to", at.isoformat())
        show("loaded", done, readings, began_s, before)
    print()


#: Four echoes and noise in every field, which compress worse than a real bin; it fills in two days.
_READINGS = """
INSERT INTO readings (device_id, observed_at, received_at, stored_at, seq, distances_mm,
    distance_mm, battery_mv, temp_c, rssi_dbm, snr_db, bin_id, fill_pct, flags, score)
SELECT device_id, at, at + random() * interval '4 seconds', at + interval '5 seconds', n,
       ARRAY[mm, mm + (random() * 40)::int, mm - (random() * 30)::int, mm + (random() * 9)::int],
       mm, 3600 - n::int %% 400 + (random() * 20)::int, (27 + 6 * random())::numeric(5, 1),
       -100 - (random() * 20)::int, (random() * 8)::numeric(5, 1), bin_id,
       (1200 - mm) / 10.0, 0, 1
FROM (
    SELECT device_id, bin_id, at, extract(epoch FROM at)::bigint / 1200 AS n,
           (1200 - 10 * ((extract(epoch FROM at) / 1728 + device_id * 7)::int %% 100)
            - random() * 9)::int AS mm
    FROM mounting, generate_series(
        %(since)s::timestamptz, %(until)s::timestamptz - interval '1 microsecond', %(step)s
    ) AS at
) AS made
ORDER BY at, random()
"""
_LATEST = """
INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, battery_mv, trusted_at, fill_pct)
SELECT m.bin_id, m.device_id, r.observed_at, r.flags, r.battery_mv, r.observed_at, r.fill_pct
FROM mounting AS m, LATERAL (
    SELECT * FROM readings AS r WHERE r.device_id = m.device_id ORDER BY observed_at DESC LIMIT 1
) AS r
"""
_MARKS = """
INSERT INTO dirty_hour (bin_id, bucket)
SELECT bin_id, bucket
FROM mounting, generate_series(date_trunc('hour', %s::timestamptz), %s, '1 hour') AS bucket
ORDER BY bucket, bin_id
"""


def _roll_up(conn: Connection) -> float:
    """Run the worker's job until nothing is left; return how long it took, seconds."""
    conn.commit()
    conn.autocommit = True
    conn.execute("ANALYZE")
    conn.autocommit = False
    total = waiting(conn)
    conn.commit()
    began_s = time.monotonic()
    shown_s = began_s
    while refresh(conn, None, NOW):
        if time.monotonic() - shown_s > 5:
            shown_s = time.monotonic()
            show("rolled up", total - waiting(conn), total, began_s)
            conn.commit()
    took_s = time.monotonic() - began_s
    show("rolled up", total, total, began_s)
    print()
    return took_s


def _check(conn: Connection) -> None:
    """Refuse to measure roll-ups that are quick and wrong."""
    row = conn.execute("SELECT sum(n) AS n, sum(fill_sum) AS fill FROM rollup_daily").fetchone()
    raw = conn.execute(
        "SELECT count(*) AS n, sum(fill_pct::float8) AS fill FROM readings"
    ).fetchone()
    assert row is not None
    assert raw is not None
    if row["n"] != raw["n"] or abs(row["fill"] / raw["fill"] - 1) > 1e-9:
        raise SystemExit(f"the days say {row} and the readings {raw}")


def _compress(conn: Connection) -> None:
    """Convert what the policy would: chunks of more than 14 days."""
    conn.commit()
    conn.autocommit = True
    names = conn.execute(
        "SELECT c::text AS name FROM show_chunks('readings', older_than => %s) AS c",
        [NOW - 14 * DAY],
    ).fetchall()
    began_s = time.monotonic()
    for number, row in enumerate(names, 1):
        conn.execute(
            "CALL convert_to_columnstore(%s::regclass, if_not_columnstore => true)", [row["name"]]
        )
        show("chunks compressed", number, len(names), began_s)
    print()
    conn.autocommit = False


def _bytes_each(conn: Connection, kind: Edition, relation: str) -> str:
    """Return the bytes of a row with its keys; of compressed readings only those that are."""
    size = "pg_total_relation_size" if kind is Edition.PLAIN else "hypertable_size"
    if kind is Edition.APACHE and relation != "readings":
        size = "pg_total_relation_size"
    row = conn.execute(
        f"SELECT {size}('{relation}') AS bytes, count(*) AS n FROM {relation}"  # noqa: S608 - our own words
    ).fetchone()
    assert row is not None
    total, n = row["bytes"], row["n"]
    if kind is Edition.TIMESCALE and relation == "readings":
        packed = conn.execute(_COMPRESSED).fetchone()
        if packed and packed["bytes"]:
            total, n = packed["bytes"], packed["n"]
    return f"{total / n:.1f}"


_COMPRESSED = """
SELECT sum(c.total_bytes) AS bytes,
       (SELECT count(*) FROM readings WHERE observed_at < max(k.range_end)) AS n
FROM chunks_detailed_size('readings') AS c
JOIN timescaledb_information.chunks AS k USING (chunk_schema, chunk_name)
WHERE k.hypertable_name = 'readings' AND k.is_compressed
"""


def show(what: str, done: int, total: int, began_s: float, before: int = 0) -> None:
    """Print how far it is, over the line before."""
    rate = (done - before) / max(time.monotonic() - began_s, 1e-3)
    left_s = (total - done) / max(rate, 1e-3)
    print(
        f"\r{what} {done:,} of {total:,} ({done / total:.0%}), {rate:,.0f}/s, {left_s:.0f} s left ",
        end="",
        flush=True,
    )
