"""Roll-ups follow the readings: whatever hour changed is computed again, however late."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance.statements import DAY_ORIGIN, SQL

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: As long as a chunk: a statement over no more touches two chunks at most.
_WEEK = timedelta(days=7)
#: Marks taken in one run: well under a second on plain tables.
_MARKS = 5000
#: A continuous aggregate is refreshed by time, whatever the bins: many marks make few ranges.
_MARKS_AGGREGATED = 50_000
#: Stale hours no further apart become one range; the hours between are not computed again.
_GAP = timedelta(hours=3)
#: Any number: refresh and retention hold this advisory lock against each other.
_LOCK = 0x726F6C6C7570


@dataclass(frozen=True, slots=True, order=True)
class BinHour:
    """An hour of a bin."""

    bucket: datetime
    bin_id: int


def refresh(conn: Connection, keep: timedelta | None, now: datetime) -> bool:
    """Compute stale roll-ups again, a bounded number; return whether more are stale.

    `keep` is how long readings are kept: older roll-ups are final. Commits.
    """
    aggregated = is_aggregated(conn)
    limit = _MARKS_AGGREGATED if aggregated else _MARKS
    with alone(conn):
        rows = conn.execute(SQL["dirty_hours"], {"limit": limit}).fetchall()
        final_before = max(
            (at for at in (raw_from(conn), keep and cutoff(now, keep)) if at), default=None
        )
        stale = {
            BinHour(row["bucket"].replace(minute=0, second=0, microsecond=0), row["bin_id"])
            for row in rows
            if final_before is None or row["bucket"] >= final_before
        }
        if aggregated:
            conn.commit()
            _refresh_aggregates(conn, {hour.bucket for hour in stale})
        else:
            _refresh_tables(conn, sorted(stale))
        conn.execute(SQL["forget_dirty_hours"], {"ids": [row["dirty_hour_id"] for row in rows]})
        conn.commit()
    return len(rows) == limit


def waiting(conn: Connection) -> int:
    """Count the marks of stale hours; one hour may be marked more than once."""
    row = conn.execute(SQL["count_dirty_hours"]).fetchone()
    return row["n"] if row else 0


def is_aggregated(conn: Connection) -> bool:
    """Tell whether the roll-ups are continuous aggregates or tables of our own."""
    row = conn.execute(SQL["rollup_kind"]).fetchone()
    return bool(row and row["aggregated"])


def raw_from(conn: Connection) -> datetime | None:
    """Return since when all readings are kept; None if none was ever removed."""
    row = conn.execute(SQL["raw_from"]).fetchone()
    at: datetime | None = row["raw_from"] if row else None
    return at


def cutoff(now: datetime, keep: timedelta) -> datetime:
    """Return the start of the oldest operational day whose readings are kept."""
    return day_of(now - keep)


def day_of(at: datetime) -> datetime:
    """Return the start of the operational day of a time."""
    return DAY_ORIGIN + (at - DAY_ORIGIN) // DAY * DAY


@contextmanager
def alone(conn: Connection) -> Iterator[None]:
    """Keep refresh and retention apart: an hour is not computed while its readings go."""
    conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        if not conn.closed:
            conn.rollback()
            conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
            conn.commit()


def _refresh_tables(conn: Connection, stale: list[BinHour]) -> None:
    for _, group in groupby(stale, key=lambda hour: (hour.bucket - DAY_ORIGIN) // _WEEK):
        hours = list(group)
        days = sorted({BinHour(day_of(hour.bucket), hour.bin_id) for hour in hours})
        conn.execute(SQL["refresh_hours"], refresh_span(hours))
        conn.execute(SQL["refresh_days"], _arrays(days))


def refresh_span(hours: list[BinHour]) -> dict[str, object]:
    """Return the values of `refresh_hours` for hours in their order."""
    return _arrays(hours) | {"since": hours[0].bucket, "until": hours[-1].bucket + HOUR}


def _arrays(buckets: Iterable[BinHour]) -> dict[str, object]:
    pairs = [(bucket.bin_id, bucket.bucket) for bucket in buckets]
    return {"bin_ids": [bin_id for bin_id, _ in pairs], "buckets": [at for _, at in pairs]}


def _refresh_aggregates(conn: Connection, hours: set[datetime]) -> None:
    """Refresh the ranges; not in a transaction, which TimescaleDB does not allow."""
    ranges = list(_ranges(sorted(hours)))
    conn.autocommit = True
    try:
        for since, until in ranges:
            _call(conn, "rollup_hourly", since, until)
        for since, until in ranges:
            _call(conn, "rollup_daily", day_of(since), day_of(until - HOUR) + DAY)
    finally:
        if not conn.closed:
            conn.autocommit = False


def _call(conn: Connection, name: str, since: datetime, until: datetime) -> None:
    conn.execute(
        "CALL refresh_continuous_aggregate(%s::regclass, %s::timestamptz, %s::timestamptz)",
        [name, since, until],
    )


def _ranges(hours: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    since: datetime | None = None
    until = DAY_ORIGIN
    for hour in hours:
        if since is not None and hour - until > _GAP:
            yield since, until
            since = None
        since, until = since or hour, hour + HOUR
    if since is not None:
        yield since, until
