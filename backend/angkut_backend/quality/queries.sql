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
       r.reported_fill_pct, r.battery_mv, r.temp_c, r.bin_id, r.fill_pct, r.flags
FROM unnest(%(device_id)b::int4[], %(since)b::timestamptz[]) AS d (device_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM readings
    WHERE device_id = d.device_id AND observed_at < d.since
    ORDER BY observed_at DESC LIMIT %(limit)s
) AS r
ORDER BY r.device_id, r.observed_at

-- name: readings_since
SELECT r.device_id, r.observed_at, r.received_at, r.seq, r.distances_mm, r.distance_mm,
       r.reported_fill_pct, r.battery_mv, r.temp_c, r.bin_id, r.fill_pct, r.flags
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
                %(flags)b::int4[], %(score)b::float4[])
        AS u (device_id, observed_at, old, flags, score)
    WHERE r.device_id = u.device_id AND r.observed_at = u.observed_at AND r.flags = u.old
      -- The bounds let TimescaleDB leave other chunks alone.
      AND r.observed_at BETWEEN %(first)s AND %(last)s
    RETURNING r.bin_id, r.observed_at
), roll_up AS (
    INSERT INTO dirty_hour (bin_id, bucket)
    SELECT DISTINCT bin_id, date_trunc('hour', observed_at, 'UTC') FROM changed
    WHERE bin_id IS NOT NULL
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
