"""How long the hot queries take over 20 million readings.

    .venv/bin/python tests/bench/bench_storage.py --readings 20000000 --storage embedded
    .venv/bin/python tests/bench/bench_storage.py --readings 20000000 --storage timescaledb

2,000 bins over 70 days; the readings are synthetic and loaded in SQL, the roll-ups are made by the
code that makes them in life. What is timed is what the API asks, answers read whole.
"""

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from angkut_backend.db import Connection, connect, load_queries
from angkut_backend.readings.figures import daily_figures, hourly_levels
from angkut_backend.readings.maintenance import Edition, edition, refresh, waiting
from angkut_backend.readings.service import TimeRange, level_history, list_bins
from bench import places

#: End of an operational day, so that the last day is whole.
NOW = datetime(2026, 10, 1, 21, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 70


@dataclass(frozen=True, slots=True)
class Query:
    """One hot query and what it may take."""

    name: str
    bound_ms: float
    #: Asks once; the number makes each time another question where there are several.
    ask: Callable[[Connection, int], object]


def main() -> None:
    """Load, measure, print the table."""
    options = _options()
    queries = _queries(options.bins)
    with places.database(options.storage) as dsn:
        places.add_registry(dsn, options.bins)
        with connect(dsn) as conn:
            kind = edition(conn)
            load_s = _load(conn, options.readings, options.bins)
            roll_up_s = _roll_up(conn)
            if options.compress and kind is Edition.TIMESCALE:
                _compress(conn)
            conn.autocommit = True
            conn.execute("VACUUM ANALYZE")
            sizes = _sizes(conn, kind)
        with connect(dsn) as conn:
            conn.autocommit = True
            times = {query.name: _times_ms(conn, query, options.repeats) for query in queries}
    print()
    print(
        f"{kind}, {options.readings:,} readings of {options.bins:,} bins over {DAYS} days, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"loaded in {load_s:.0f} s, rolled up in {roll_up_s:.0f} s; {sizes}")
    for line in _table(queries, times):
        print(line)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--readings", type=int, default=20_000_000)
    parser.add_argument("--bins", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--storage", default="embedded", help="embedded, timescaledb or a DSN")
    parser.add_argument(
        "--compress", action="store_true", help="convert chunks of more than 7 days (Community)"
    )
    return parser.parse_args()


def _queries(bins: int) -> list[Query]:
    sql = load_queries("angkut_backend.readings")

    def latest(conn: Connection, _: int) -> object:
        values = {"now": NOW, "bin_ids": None, "code": None}
        return conn.execute(sql["list_bins"], values).fetchall()

    def week(conn: Connection, number: int) -> object:
        code = f"BENCH-{number * 37 % bins:05}"
        until = NOW - number % 50 * DAY
        return level_history(conn, code, TimeRange(until - 7 * DAY, until))

    def hours(conn: Connection, number: int) -> object:
        until = NOW - number % 50 * DAY
        return hourly_levels(conn, TimeRange(until - DAY, until))

    def days(conn: Connection, number: int) -> object:
        until = NOW - number % 10 * DAY
        return daily_figures(conn, TimeRange(until - 60 * DAY, until))

    return [
        Query(f"latest level of all {bins:,} bins", 20, latest),
        Query("the same as the API's objects", math.inf, lambda conn, _: list_bins(conn, NOW)),
        Query("one bin's week", 20, week),
        Query("hourly means of all bins for a day", 100, hours),
        Query("60 days of daily figures", 200, days),
    ]


def _load(conn: Connection, readings: int, bins: int) -> float:
    """Insert day by day, as it happens in life; each bin fills in two days."""
    began_s = time.monotonic()
    step = timedelta(seconds=DAYS * 86_400 * bins / readings)
    first = NOW - DAYS * DAY
    done = 0
    for day in range(DAYS):
        since = first + day * DAY
        # The grid of times goes on over the day's border.
        skipped = -(-(since - first) // step)
        found = conn.execute(
            _READINGS,
            {"since": first + skipped * step, "until": since + DAY, "step": step},
        )
        done += found.rowcount
        conn.commit()
        _progress("loaded", done, readings, began_s)
    conn.execute(
        "INSERT INTO dirty_hour (bin_id, bucket) SELECT bin_id, bucket FROM mounting, "
        "generate_series(%s, %s, interval '1 hour') AS bucket ORDER BY bucket, bin_id",
        [first, NOW - timedelta(hours=1)],
    )
    conn.execute(_LATEST)
    conn.commit()
    print()
    return time.monotonic() - began_s


_READINGS = """
INSERT INTO readings (device_id, observed_at, received_at, stored_at, seq, distances_mm,
    distance_mm, battery_mv, temp_c, rssi_dbm, snr_db, bin_id, fill_pct, flags, score)
SELECT device_id, at, at + interval '2 seconds', at + interval '2 seconds', n, ARRAY[mm::int],
       mm, 3600 - n::int %% 400, 27 + n %% 10, -100 - n::int %% 20, 5, bin_id,
       (1200 - mm) / 10, 0, 1
FROM (
    SELECT device_id, bin_id, at,
           extract(epoch FROM at)::bigint / 60 AS n,
           (1200 - 10 * ((extract(epoch FROM at) / 1728 + device_id * 7)::int %% 100))::real AS mm
    FROM mounting, generate_series(
        %(since)s::timestamptz, %(until)s::timestamptz - interval '1 microsecond', %(step)s
    ) AS at
) AS made
ORDER BY device_id, at
"""
_LATEST = """
INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, battery_mv, trusted_at, fill_pct)
SELECT m.bin_id, m.device_id, r.observed_at, r.flags, r.battery_mv, r.observed_at, r.fill_pct
FROM mounting AS m, LATERAL (
    SELECT * FROM readings AS r WHERE r.device_id = m.device_id ORDER BY observed_at DESC LIMIT 1
) AS r
"""


def _roll_up(conn: Connection) -> float:
    began_s = time.monotonic()
    total = waiting(conn)
    conn.execute("ANALYZE")
    conn.commit()
    rounds = 0
    more = True
    while more:
        more = refresh(conn, None, NOW)
        rounds += 1
        if rounds % 20 == 0:
            # Marks that are gone slow down those that are left, until they are vacuumed.
            conn.commit()
            _progress("rolled up", total - waiting(conn), total, began_s)
    print()
    return time.monotonic() - began_s


def _compress(conn: Connection) -> None:
    conn.commit()
    conn.autocommit = True
    for row in conn.execute(
        "SELECT c::text AS name FROM show_chunks('readings', older_than => %s) AS c",
        [NOW - 7 * DAY],
    ).fetchall():
        conn.execute(
            "CALL convert_to_columnstore(%s::regclass, if_not_columnstore => true)", [row["name"]]
        )
    conn.autocommit = False


def _sizes(conn: Connection, kind: Edition) -> str:
    size = "pg_total_relation_size" if kind is Edition.PLAIN else "hypertable_size"
    rows = conn.execute(
        f"SELECT {size}('readings') AS readings, "  # noqa: S608 - one of our two words
        f"(SELECT count(*) FROM readings) AS n, pg_database_size(current_database()) AS everything"
    ).fetchone()
    assert rows is not None
    return (
        f"readings {rows['readings'] / 1e9:.2f} GB "
        f"({rows['readings'] / rows['n']:.0f} bytes each with the index), "
        f"database {rows['everything'] / 1e9:.2f} GB"
    )


def _times_ms(conn: Connection, query: Query, repeats: int) -> list[float]:
    times = []
    for number in range(repeats + 3):
        began_s = time.perf_counter()
        query.ask(conn, number)
        times.append((time.perf_counter() - began_s) * 1000)
    return times[3:]  # the first ones plan and fill caches


def _table(queries: Sequence[Query], times: dict[str, list[float]]) -> Iterator[str]:
    yield "| query | p50 ms | p95 ms | bound | holds |"
    yield "| --- | --- | --- | --- | --- |"
    for query in queries:
        cuts = statistics.quantiles(times[query.name], n=20)
        holds = "yes" if cuts[18] < query.bound_ms else "no"
        yield (f"| {query.name} | {cuts[9]:.1f} | {cuts[18]:.1f} | {query.bound_ms:g} | {holds} |")


def _progress(what: str, done: int, total: int, began_s: float) -> None:
    elapsed_s = time.monotonic() - began_s
    print(
        f"\r{what} {done:,} of {total:,} ({done / total:.0%}), {done / elapsed_s:,.0f}/s   ",
        end="",
        flush=True,
    )


if __name__ == "__main__":
    main()
