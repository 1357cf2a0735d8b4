-- name: dirty_devices
-- What waits, oldest first; copies of a device are merged.
SELECT device_id, min(since) AS since, array_agg(dirty_device_id) AS ids
FROM (SELECT * FROM dirty_device ORDER BY dirty_device_id LIMIT %(rows)s) AS waiting
GROUP BY device_id
ORDER BY device_id

-- name: forget_devices
DELETE FROM dirty_device WHERE dirty_device_id = ANY(%(ids)b)

-- name: mark_devices
INSERT INTO dirty_device (device_id, since)
SELECT * FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[])

-- name: readings_before
-- The newest readings of each device before a time of its own.
SELECT r.device_id, r.observed_at, r.received_at, r.seq, r.distances_mm, r.distance_mm,
       r.reported_fill_pct, r.battery_mv, r.temp_c, r.bin_id, r.fill_pct, r.flags,
       coalesce(r.reported_flags, 0) AS reported_flags
FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[]) AS d (device_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM readings
    WHERE device_id = d.device_id AND observed_at < d.since
    ORDER BY observed_at DESC LIMIT %(limit)s
) AS r
ORDER BY r.device_id, r.observed_at

-- name: readings_since
SELECT r.device_id, r.observed_at, r.received_at, r.seq, r.distances_mm, r.distance_mm,
       r.reported_fill_pct, r.battery_mv, r.temp_c, r.bin_id, r.fill_pct, r.flags,
       coalesce(r.reported_flags, 0) AS reported_flags
FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[]) AS d (device_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM readings
    WHERE device_id = d.device_id AND observed_at >= d.since
    ORDER BY observed_at LIMIT %(limit)s
) AS r
ORDER BY r.device_id, r.observed_at

-- name: set_flags
-- A row that was derived again meanwhile is left: its device is marked and comes again.
WITH changed AS (
    UPDATE readings AS r SET flags = u.flags, score = u.score
    FROM unnest(%(device_id)b::int4[], %(observed_at)b::timestamptz[], %(old)b::int4[],
                %(flags)b::int4[], %(score)b::float4[], %(rescored)b::bool[])
        AS u (device_id, observed_at, old, flags, score, rescored)
    WHERE r.device_id = u.device_id AND r.observed_at = u.observed_at AND r.flags = u.old
      -- The bounds let TimescaleDB leave other chunks alone.
      AND r.observed_at BETWEEN %(first)s AND %(last)s
    RETURNING r.bin_id, r.observed_at, u.rescored
), roll_up AS (
    -- Roll-ups know of scores and not of flags.
    INSERT INTO dirty_hour (bin_id, bucket)
    SELECT DISTINCT bin_id, date_trunc('hour', observed_at, 'UTC') FROM changed
    WHERE bin_id IS NOT NULL AND rescored
)
SELECT count(*) AS n FROM changed

-- name: store_emptyings
-- Make the emptyings of each device's window those that were found.
WITH found AS (
    SELECT * FROM unnest(
        %(device_id)b::int4[], %(bin_id)b::int4[], %(before_at)b::timestamptz[],
        %(after_at)b::timestamptz[], %(before_pct)b::float8[], %(after_pct)b::float8[],
        %(confidence)b::float8[]
    ) AS u (device_id, bin_id, before_at, after_at, before_pct, after_pct, confidence)
), gone AS (
    DELETE FROM collection AS c
    USING unnest(%(window_device)b::int4[], %(window_from)b::timestamptz[],
                 %(window_to)b::timestamptz[]) AS w (device_id, after, upto)
    WHERE c.source = 'level' AND c.device_id = w.device_id
      AND c.after_at > w.after AND c.after_at <= w.upto
      AND NOT EXISTS (SELECT FROM found AS f
                      WHERE f.device_id = c.device_id AND f.after_at = c.after_at)
)
INSERT INTO collection AS c (source, device_id, bin_id, before_at, after_at, before_pct,
                             after_pct, confidence)
SELECT 'level', device_id, bin_id, before_at, after_at, before_pct, after_pct, confidence
FROM found
ON CONFLICT (device_id, after_at) WHERE source = 'level' DO UPDATE SET
    bin_id = excluded.bin_id, before_at = excluded.before_at, before_pct = excluded.before_pct,
    after_pct = excluded.after_pct, confidence = excluded.confidence
WHERE (c.bin_id, c.before_at, c.before_pct, c.after_pct, c.confidence) IS DISTINCT FROM
      (excluded.bin_id, excluded.before_at, excluded.before_pct, excluded.after_pct,
       excluded.confidence)

-- name: list_collections
SELECT b.code AS bin_code, c.source, c.before_at, c.after_at, c.before_pct, c.after_pct,
       c.confidence
FROM collection AS c JOIN bin AS b USING (bin_id)
WHERE (%(code)s::text IS NULL OR b.code = %(code)s)
  AND c.after_at >= %(since)s AND c.after_at < %(until)s
  AND c.confidence >= %(confidence)s
ORDER BY c.after_at, b.code

-- name: is_bin
SELECT FROM bin WHERE code = %(code)s

-- name: lock_latest
-- Until the commit ingest waits with these bins, so that nothing newer is overwritten.
SELECT bin_id FROM bin_latest WHERE bin_id = ANY(%(bins)s) ORDER BY bin_id FOR UPDATE

-- name: refresh_latest
-- The newest reading, and the newest with a trusted level, of each bin through its mountings.
UPDATE bin_latest AS l SET
    device_id = coalesce(seen.device_id, l.device_id),
    seen_at = coalesce(seen.observed_at, l.seen_at),
    flags = coalesce(seen.flags, l.flags),
    trusted_at = trusted.observed_at,
    fill_pct = trusted.fill_pct
FROM unnest(%(bins)s::int4[]) AS b (bin_id)
LEFT JOIN LATERAL (
    SELECT r.* FROM mounting AS m
    CROSS JOIN LATERAL (
        SELECT device_id, observed_at, flags FROM readings
        WHERE device_id = m.device_id AND observed_at >= m.valid_from
          AND observed_at < coalesce(m.valid_to, 'infinity')
        ORDER BY observed_at DESC LIMIT 1
    ) AS r
    WHERE m.bin_id = b.bin_id ORDER BY r.observed_at DESC LIMIT 1
) AS seen ON true
LEFT JOIN LATERAL (
    SELECT r.* FROM mounting AS m
    CROSS JOIN LATERAL (
        SELECT observed_at, fill_pct FROM readings
        WHERE device_id = m.device_id AND observed_at >= m.valid_from
          AND observed_at < coalesce(m.valid_to, 'infinity')
          AND fill_pct IS NOT NULL AND flags & %(distrust)s = 0
        ORDER BY observed_at DESC LIMIT 1
    ) AS r
    WHERE m.bin_id = b.bin_id ORDER BY r.observed_at DESC LIMIT 1
) AS trusted ON true
WHERE l.bin_id = b.bin_id
  AND (l.seen_at, l.flags, l.trusted_at, l.fill_pct) IS DISTINCT FROM
      (seen.observed_at, seen.flags, trusted.observed_at, trusted.fill_pct)
RETURNING l.bin_id

-- name: notify_bins
SELECT pg_notify(%(channel)s, %(bins)s)

-- name: allow_compressed
-- The readings of a day may lie in chunks that are compressed; without the setting TimescaleDB
-- refuses to change many. Does nothing elsewhere.
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'

-- name: wait_for_job
-- The lock that the worker holds while the job runs; ours until the commit.
SELECT pg_advisory_xact_lock(hashtextextended('angkut job ' || %(job)s, 0))

-- name: hold_job
SELECT pg_advisory_lock(hashtextextended('angkut job ' || %(job)s, 0))

-- name: release_job
SELECT pg_advisory_unlock(hashtextextended('angkut job ' || %(job)s, 0))

-- name: mounted_in
SELECT m.device_id FROM mounting AS m JOIN bin AS b USING (bin_id)
WHERE b.code = %(code)s LIMIT 1

-- name: derivable
-- First and last reading of each device in question.
SELECT d.device_id, first.observed_at AS first, last.observed_at AS last
FROM device AS d
CROSS JOIN LATERAL (
    SELECT observed_at FROM readings
    WHERE device_id = d.device_id AND (%(since)s::timestamptz IS NULL OR observed_at >= %(since)s)
    ORDER BY observed_at LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT observed_at FROM readings WHERE device_id = d.device_id
    ORDER BY observed_at DESC LIMIT 1
) AS last
WHERE %(code)s::text IS NULL OR EXISTS (
    SELECT FROM mounting AS m JOIN bin AS b USING (bin_id)
    WHERE m.device_id = d.device_id AND b.code = %(code)s)
ORDER BY d.device_id

-- name: derive
-- As ingest does it. What changes is marked for the judging of neighbours and for the roll-ups of
-- the bin that it left and of the one that it came to.
WITH derived AS (
    SELECT r.device_id, r.observed_at, r.bin_id AS old_bin_id, m.bin_id, q.fill_pct, q.flags,
           q.score
    FROM readings AS r
    LEFT JOIN mounting AS m ON m.device_id = r.device_id AND m.valid_from <= r.observed_at
        AND (m.valid_to IS NULL OR r.observed_at < m.valid_to)
    CROSS JOIN LATERAL derive_reading(
        r.distances_mm, r.distance_mm, r.reported_fill_pct, r.reported_flags,
        m.d_empty_mm, m.d_full_mm, m.offset_mm, m.angle_deg
    ) AS q
    WHERE r.device_id = ANY(%(devices)s)
      AND r.observed_at >= %(since)s AND r.observed_at < %(until)s
      AND (r.bin_id, r.fill_pct, r.flags & %(own)s)
          IS DISTINCT FROM (m.bin_id, q.fill_pct, q.flags & %(own)s)
), changed AS (
    UPDATE readings AS r
    SET bin_id = d.bin_id, fill_pct = d.fill_pct, flags = d.flags, score = d.score
    FROM derived AS d
    WHERE r.device_id = d.device_id AND r.observed_at = d.observed_at
      AND r.observed_at >= %(since)s AND r.observed_at < %(until)s
    RETURNING r.device_id, r.observed_at, r.bin_id, d.old_bin_id
), judge AS (
    INSERT INTO dirty_device (device_id, since)
    SELECT device_id, min(observed_at) FROM changed GROUP BY device_id
), both_bins AS (
    SELECT bin_id, observed_at FROM changed WHERE bin_id IS NOT NULL
    UNION ALL
    SELECT old_bin_id, observed_at FROM changed WHERE old_bin_id IS NOT NULL
), roll_up AS (
    INSERT INTO dirty_hour (bin_id, bucket)
    SELECT DISTINCT bin_id, date_trunc('hour', observed_at, 'UTC') FROM both_bins
)
SELECT (SELECT count(*) FROM changed) AS n,
       ARRAY(SELECT DISTINCT bin_id FROM both_bins) AS bins

-- name: daily_quality
-- One bin's operational days; a silent one owes readings too, the one in progress up to now.
SELECT day.first AS since,
       expected_readings(b.bin_id, day.first, least(day.first + interval '1 day', %(now)s))
           AS expected_n,
       coalesce(d.n, 0) AS n, coalesce(d.trusted_n, 0) AS trusted_n,
       d.latency_sum_s / d.n AS latency_mean_s, d.latency_max_s
FROM bin AS b
CROSS JOIN generate_series(%(first)s::timestamptz, %(now)s, interval '1 day') AS day (first)
LEFT JOIN readings_daily AS d ON d.bin_id = b.bin_id AND d.bucket = day.first
WHERE b.code = %(code)s
ORDER BY day.first

-- name: derivation_due
-- Devices whose mountings changed: since when, and their first and last reading from then on.
SELECT due.device_id, due.ids, first.observed_at AS first, last.observed_at AS last
FROM (
    SELECT device_id, min(since) AS since, array_agg(derivation_due_id) AS ids
    FROM derivation_due GROUP BY device_id ORDER BY min(derivation_due_id) LIMIT %(devices)s
) AS due
LEFT JOIN LATERAL (
    SELECT observed_at FROM readings
    WHERE device_id = due.device_id AND observed_at >= due.since
    ORDER BY observed_at LIMIT 1
) AS first ON true
LEFT JOIN LATERAL (
    SELECT observed_at FROM readings WHERE device_id = due.device_id
    ORDER BY observed_at DESC LIMIT 1
) AS last ON true

-- name: put_off_derivation
UPDATE derivation_due SET since = greatest(since, %(since)s)
WHERE derivation_due_id = ANY(%(ids)s)

-- name: forget_derivation
DELETE FROM derivation_due WHERE derivation_due_id = ANY(%(ids)s)

-- name: add_latest
-- A bin that readings came to by a change of mountings may never have had any.
INSERT INTO bin_latest (bin_id, device_id, seen_at, flags, battery_mv)
SELECT b.bin_id, r.device_id, r.observed_at, r.flags, r.battery_mv
FROM unnest(%(bins)s::int4[]) AS b (bin_id)
CROSS JOIN LATERAL (
    SELECT r.* FROM mounting AS m
    CROSS JOIN LATERAL (
        SELECT device_id, observed_at, flags, battery_mv FROM readings
        WHERE device_id = m.device_id AND observed_at >= m.valid_from
          AND observed_at < coalesce(m.valid_to, 'infinity')
        ORDER BY observed_at DESC LIMIT 1
    ) AS r
    WHERE m.bin_id = b.bin_id ORDER BY r.observed_at DESC LIMIT 1
) AS r
WHERE NOT EXISTS (SELECT FROM bin_latest AS l WHERE l.bin_id = b.bin_id)
ORDER BY b.bin_id
ON CONFLICT DO NOTHING
