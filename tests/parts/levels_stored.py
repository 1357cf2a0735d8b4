"""Levels by the hour and emptyings, as roll-ups and detection would have stored them."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from angkut_backend.db import Connection
from instances.filling import filling

#: Hours of a history end here: 08:00 WIB.
NOW = datetime(2026, 3, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def add_bins(conn: Connection, count: int) -> list[int]:
    """Add bins `T-000` and so on at the site of `add_registry`, some hundred metres apart."""
    rows = conn.execute(
        "INSERT INTO bin (code, site_id, container, volume_l, access, service_s, lon, lat, source) "
        "SELECT 'T-' || lpad(n::text, 3, '0'), site_id, 'wheelie_660', 660, 'road', 120, "
        "107.002 + 0.0009 * (n %% 40), -6.225 - 0.0009 * (n / 40), 'test' "
        "FROM site, generate_series(0, %s) AS n RETURNING bin_id",
        [count - 1],
    ).fetchall()
    return [row["bin_id"] for row in rows]


def add_measured_bins(conn: Connection, *, days: int, until: datetime) -> None:
    """Add forty bins that were measured and emptied for so many days."""
    history = filling(40, days, seed=5).history
    # Levels of hours in which the bin was emptied are a mean of before and after.
    level = np.where(history.emptied, np.nan, history.level_pct)
    put_levels(conn, add_bins(conn, 40), level, history.emptied, until=until)


def put_levels(
    conn: Connection,
    bin_ids: list[int],
    level_pct: NDArray[np.float64],
    emptied: NDArray[np.bool_],
    *,
    until: datetime,
) -> None:
    """Store levels [b, t] whose last hour ends at `until`; NaN: no trusted reading."""
    since = until - level_pct.shape[1] * HOUR
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "COPY rollup_hourly (bin_id, bucket, n, trusted_n, score_sum, latency_sum_s, "
            "latency_max_s, fill_sum, known_s, over_75_s, over_90_s, over_100_s) FROM STDIN"
        ) as copy,
    ):
        for row, hour in np.argwhere(~np.isnan(level_pct)):
            level = float(level_pct[row, hour])
            copy.write_row(
                (bin_ids[row], since + int(hour) * HOUR, 2, 2, 2, 2, 1, 2 * level, 3600, 0, 0, 0)
            )
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "COPY collection (bin_id, source, before_at, after_at, confidence) FROM STDIN"
        ) as copy,
    ):
        for row, hour in np.argwhere(emptied):
            at = since + int(hour) * HOUR
            copy.write_row((bin_ids[row], "crew", at, at + HOUR / 2, 0.9))
