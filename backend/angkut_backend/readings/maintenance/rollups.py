"""Roll-ups follow the readings: whatever hour changed is computed again, however late."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate

from angkut_backend.db import Connection
from angkut_backend.readings.maintenance.statements import DAY_ORIGIN, SQL

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
#: Marks taken in one run: about two seconds of work on plain tables.
_MARKS = 50_000
#: A continuous aggregate is refreshed by time, whatever the bins: many marks make few ranges.
_MARKS_AGGREGATED = 500_000
#: Ranges refreshed in one run, and their length together: 5 s of work for 2,000 bins.
_RANGES = 10
_HOURS = 7 * 24
#: Stale hours no further apart become one range; the hours between are not computed again.
_GAP = timedelta(hours=3)
#: Any number: refresh and retention hold this advisory lock against each other.
_LOCK = 0x726F6C6C7570


def refresh(conn: Connection, keep: timedelta | None, now: datetime) -> bool:
    """Compute stale roll-ups again, a bounded number; return whether more are stale.

    `keep` is how long readings are kept: older roll-ups are final. Commits.
    """
    with alone(conn):
        final_before = max(
            (at for at in (raw_from(conn), keep and cutoff(now, keep)) if at), default=None
        )
        if is_aggregated(conn):
            more = _refresh_aggregates(conn, final_before)
        else:
            more = _refresh_tables(conn, final_before)
        conn.commit()
    return more


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


def _refresh_tables(conn: Connection, final_before: datetime | None) -> bool:
    """Compute what the oldest marks name, and remove these, in one transaction."""
    values = {"limit": _MARKS, "final_before": final_before}
    weeks = conn.execute(SQL["take_dirty_hours"], values, binary=True).fetchall()
    for week in weeks:
        if week["since"] is not None:  # else nothing, or only what is final
            conn.execute(SQL["refresh_hours"], week)
            conn.execute(SQL["refresh_days"], week)
    return bool(weeks[0]["marks"] == _MARKS)


def _refresh_aggregates(conn: Connection, final_before: datetime | None) -> bool:
    """Refresh the newest stale ranges, and remove their marks when it is done.

    Not in a transaction, which TimescaleDB does not allow.
    """
    rows = conn.execute(SQL["dirty_hours"], {"limit": _MARKS_AGGREGATED}, binary=True)
    marks = {row["hour"]: row["ids"] for row in rows}
    conn.commit()
    stale = [hour for hour in marks if final_before is None or hour >= final_before]
    ranges = _newest(_ranges(stale))
    conn.autocommit = True
    try:
        for since, until in ranges:
            _call(conn, "rollup_hourly", since, until)
            _call(conn, "rollup_daily", day_of(since), day_of(until - HOUR) + DAY)
    finally:
        if not conn.closed:
            conn.autocommit = False
    left = {hour for hour in stale if hour < ranges[0][0]}
    done = [mark for hour, ids in marks.items() if hour not in left for mark in ids]
    conn.execute(SQL["forget_dirty_hours"], {"ids": done})
    return bool(left) or sum(map(len, marks.values())) == _MARKS_AGGREGATED


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


def _newest(ranges: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return as many of the last ranges as one run does, at least one."""
    ends = accumulate(until - since for since, until in reversed(ranges))
    n = sum(1 for end in ends if end <= _HOURS * HOUR)
    return ranges[-min(max(n, 1), _RANGES) :]
