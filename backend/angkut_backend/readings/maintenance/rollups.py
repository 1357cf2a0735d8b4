"""Roll-ups follow the readings: whatever hour changed is computed again, however late."""

from collections.abc import Iterator
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
#: Ranges refreshed in one run, each a week at most.
_RANGES = 10
#: Stale hours no further apart become one range; the hours between are not computed again.
_GAP = timedelta(hours=3)
#: Any number: refresh and retention hold this advisory lock against each other.
_LOCK = 0x726F6C6C7570


@dataclass(frozen=True, slots=True, order=True)
class BinHour:
    """An hour of a bin; where days are meant, a day."""

    bucket: datetime
    bin_id: int


def refresh(conn: Connection, keep: timedelta | None, now: datetime) -> bool:
    """Compute stale roll-ups again, a bounded number; return whether more are stale.

    `keep` is how long readings are kept: older roll-ups are final. Commits.
    """
    aggregated = is_aggregated(conn)
    limit = _MARKS_AGGREGATED if aggregated else _MARKS
    with alone(conn):
        marks = {
            row["dirty_hour_id"]: BinHour(_hour_of(row["bucket"]), row["bin_id"])
            for row in conn.execute(SQL["dirty_hours"], {"limit": limit})
        }
        final_before = max(
            (at for at in (raw_from(conn), keep and cutoff(now, keep)) if at), default=None
        )
        stale = {
            hour for hour in marks.values() if final_before is None or hour.bucket >= final_before
        }
        left = set[BinHour]()
        if aggregated:
            conn.commit()
            left = _refresh_aggregates(conn, stale)
        else:
            _refresh_tables(conn, sorted(stale))
        done = [mark for mark, hour in marks.items() if hour not in left]
        conn.execute(SQL["forget_dirty_hours"], {"ids": done})
        conn.commit()
    return bool(left) or len(marks) == limit


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
        conn.execute(SQL["refresh_hours"], refresh_span(hours, HOUR))
        conn.execute(SQL["refresh_days"], refresh_span(days, DAY))


def refresh_span(buckets: list[BinHour], length: timedelta) -> dict[str, object]:
    """Return the values of `refresh_hours` or `refresh_days` for buckets in their order."""
    return {
        "bin_ids": [bucket.bin_id for bucket in buckets],
        "buckets": [bucket.bucket for bucket in buckets],
        "since": buckets[0].bucket,
        "until": buckets[-1].bucket + length,
    }


def _refresh_aggregates(conn: Connection, stale: set[BinHour]) -> set[BinHour]:
    """Refresh the newest ranges and return the hours of the others.

    Not in a transaction, which TimescaleDB does not allow.
    """
    ranges = _ranges(sorted({hour.bucket for hour in stale}))[-_RANGES:]
    conn.autocommit = True
    try:
        for since, until in ranges:
            _call(conn, "rollup_hourly", since, until)
            _call(conn, "rollup_daily", day_of(since), day_of(until - HOUR) + DAY)
    finally:
        if not conn.closed:
            conn.autocommit = False
    return {hour for hour in stale if ranges and hour.bucket < ranges[0][0]}


def _call(conn: Connection, name: str, since: datetime, until: datetime) -> None:
    conn.execute(
        "CALL refresh_continuous_aggregate(%s::regclass, %s::timestamptz, %s::timestamptz)",
        [name, since, until],
    )


def _ranges(hours: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Cover hours, in their order, by ranges of a week at most."""
    found: list[tuple[datetime, datetime]] = []
    for hour in hours:
        since, until = found[-1] if found else (hour, hour)
        if found and hour - until <= _GAP and hour - since < _WEEK:
            found[-1] = (since, hour + HOUR)
        else:
            found.append((hour, hour + HOUR))
    return found


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
