"""Stored hours of bins, for benches that read what ingest and roll-ups left."""

from datetime import datetime

from angkut_backend.db import Connection


def add_hours(conn: Connection, since: datetime, until: datetime) -> None:
    """Write hours in which bins fill at their own pace and are emptied every two days or so."""
    span = {"since": since, "until": until}
    conn.execute(_HOURS, span)
    conn.execute(_EMPTYINGS, span)


_HOURS = """
INSERT INTO rollup_hourly (bin_id, bucket, n, trusted_n, score_sum, latency_sum_s, latency_max_s,
                           fill_sum, known_s, over_75_s, over_90_s, over_100_s)
SELECT bin_id, at, 3, 3, 3, 3, 1,
       3 * ((hour + 7 * bin_id) %% (40 + bin_id %% 17) * (0.4 + bin_id %% 23 / 20.0)
            + 4 * random()), 3600, 0, 0, 0
FROM bin, generate_series(%(since)s, %(until)s::timestamptz - interval '1 hour', '1 hour')
     WITH ORDINALITY AS g (at, hour)
ORDER BY at, bin_id
"""
_EMPTYINGS = """
INSERT INTO collection (bin_id, source, before_at, after_at, confidence)
SELECT bin_id, 'crew', at, at + interval '20 minutes', 1
FROM bin, generate_series(%(since)s, %(until)s::timestamptz - interval '1 hour', '1 hour')
     WITH ORDINALITY AS g (at, hour)
WHERE (hour + 7 * bin_id) %% (40 + bin_id %% 17) = 0
"""
